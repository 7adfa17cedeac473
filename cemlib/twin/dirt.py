"""Bad records at a known rate, drawn by the record's id: what is planted is counted by the reason for which a reader must refuse it.

The reasons are the connectors' own reason codes, so that the rejects of an ingest can be held against the truth.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.twin.feed import Feed
from cemlib.twin.streams import Streams

__all__ = ["DIRT", "Dirt", "dirt_of", "soil_lines", "soil_table"]

_IMPOSSIBLE_TIMES = ("2026-02-30T12:00:00.000Z", "2026-03-11T25:61:00.000Z", "0000-00-00T00:00:00.000Z", "yesterday")
_LINE = {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2}


@dataclass(frozen=True)
class Dirt:
    """What can be wrong with the records of a feed.

    Attributes
    ----------
    kinds : dict
        Reason code to weight.
    columns : dict
        Reason code to the column that is spoilt; for bad_order the later and the earlier one.
    values : dict
        Reason code to what is put there; a few have a value of their own.
    """

    kinds: dict[str, float]
    columns: dict[str, str | tuple[str, str]] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


def _mobile(time: str, order: tuple[str, str] | None) -> Dirt:
    kinds = {**_LINE, "bad_time": 2, "bad_imsi": 1, "unknown_code": 1} | ({"bad_order": 1} if order else {})
    return Dirt(kinds, {"bad_time": time, "bad_imsi": "imsi", "unknown_code": "direction"} | ({"bad_order": order} if order else {}))


#: What is planted in each feed; a feed that is not named here stays clean.
DIRT: dict[str, Dirt] = {
    "roaming_signalling": _mobile("attempt_time", None),
    "roaming_presence": _mobile("start_time", ("end_time", "start_time")),
    "roaming_voice": _mobile("start_time", ("release_time", "start_time")),
    "roaming_sms": _mobile("submit_time", ("deliver_time", "submit_time")),
    "roaming_data": Dirt({"duplicate": 2, "missing_value": 2, "out_of_range": 1, "bad_order": 2, "bad_imsi": 1, "unknown_code": 1},
                         {"missing_value": "start_time", "out_of_range": "start_time", "bad_order": ("end_time", "start_time"),
                          "bad_imsi": "imsi", "unknown_code": "direction"}),
    "roaming_probe": Dirt({**_LINE, "bad_time": 2, "unknown_code": 1}, {"bad_time": "start_time", "unknown_code": "direction"}),
    "customer_base": Dirt({**_LINE, "bad_time": 1, "bad_imsi": 2}, {"bad_time": "valid_from", "bad_imsi": "imsi"}),
    "care_ticket": Dirt({**_LINE, "bad_time": 1, "bad_order": 2}, {"bad_time": "opened", "bad_order": ("closed", "opened")}),
    "rating": Dirt({**_LINE, "bad_time": 2, "out_of_range": 3}, {"bad_time": "answered", "out_of_range": "rating"}),
    "speed_test": Dirt({**_LINE, "bad_time": 2, "bad_number": 2}, {"bad_time": "tested", "bad_number": "dl_mbps"}),
}


def dirt_of(feed: Feed) -> Dirt | None:
    """What can be wrong with a feed's records."""
    return feed.dirt or (None if feed.file else DIRT.get(feed.name))


def _drawn(feed: Feed, streams: Streams, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """The rows that are spoilt, and the reason of each."""
    dirt = dirt_of(feed)
    if dirt is None or rate <= 0:
        return np.zeros(0, np.int64), np.zeros(0, "<U1")
    rows = np.flatnonzero(streams.uniform(f"dirt.{feed.name}", feed.ids) < rate)
    names = np.array(list(dirt.kinds))
    reasons = names[streams.pick(f"dirt.{feed.name}.kind", feed.ids[rows], list(dirt.kinds.values()))]
    if "bad_order" in dirt.columns:
        later = feed.table.column(dirt.columns["bad_order"][0]).take(pa.array(rows))
        open_end = (reasons == "bad_order") & pc.is_null(later).to_numpy()
        reasons[open_end] = "duplicate"
    return rows, reasons


def soil_lines(feed: Feed, lines: list[str], streams: Streams, rate: float) -> tuple[list[str], Counter]:
    """Spoil some lines of a text file.

    Parameters
    ----------
    feed : Feed
        The records of the file, in its order.
    lines : list of str
        Their lines, without line ends.
    streams : Streams
    rate : float
        Share of records that are spoilt.

    Returns
    -------
    lines, counts
        The lines of the file, longer by the duplicates; how many lines a reader must refuse, by reason.
    """
    rows, reasons = _drawn(feed, streams, rate)
    where = {name: place for place, name in enumerate(feed.table.column_names)}
    shape = streams.uniform(f"dirt.{feed.name}.shape", feed.ids[rows])
    spoilt, copies = {}, {}
    for row, reason, u in zip(rows.tolist(), reasons.tolist(), shape.tolist()):
        if reason == "duplicate":
            # the copy stands up to 40 lines below
            copies.setdefault(min(row + int(40 * u), len(lines) - 1), []).append(lines[row])
        else:
            spoilt[row] = _spoil(lines[row].split(feed.delimiter), reason, u, where, dirt_of(feed), feed.delimiter)
    if not spoilt and not copies:
        return lines, Counter()
    found = []
    for row, line in enumerate(lines):
        found.append(spoilt.get(row, line))
        found.extend(copies.get(row, ()))
    return found, Counter(reasons.tolist())


def _spoil(cells: list[str], reason: str, u: float, where: dict[str, int], dirt: Dirt, delimiter: str) -> str:
    if reason == "too_few_columns":
        kept = 1 + int(u * (len(cells) - 2))
        last = cells[kept]
        return delimiter.join([*cells[:kept], last[: len(last) // 2]])
    if reason == "too_many_columns":
        return delimiter.join([*cells[: int(u * len(cells))], "", *cells[int(u * len(cells)):]])
    column = dirt.columns[reason]
    if reason == "bad_order":
        later, earlier = column
        cells[where[later]] = str(int(cells[where[earlier]][:4]) - 1) + cells[where[earlier]][4:]
    elif reason == "bad_imsi":
        place, imsi = 5 + int(9 * u), cells[where[column]]
        cells[where[column]] = imsi[:place] + "OIlSB"[int(5 * u)] + imsi[place + 1:]
    else:
        cells[where[column]] = dirt.values[reason] if reason in dirt.values else {"bad_time": _IMPOSSIBLE_TIMES[int(u * len(_IMPOSSIBLE_TIMES))], "unknown_code": "SIDE",
                                "out_of_range": "7", "bad_number": "12.5.1"}[reason]
    return delimiter.join(cells)


def soil_table(feed: Feed, streams: Streams, rate: float) -> tuple[pa.Table, Counter]:
    """Spoil some records of a Parquet file; its columns are typed, so lines cannot be cut and times cannot be nonsense."""
    rows, reasons = _drawn(feed, streams, rate)
    if not len(rows):
        return feed.table, Counter()
    dirt, table = dirt_of(feed), feed.table
    # a columnar file has no lines to cut and no text where a time or number is
    reasons = np.where(np.isin(reasons, ["too_few_columns", "too_many_columns", "bad_time", "bad_number"]), "duplicate", reasons)

    def put(reason: str, column: str, value: pa.Scalar | pa.Array) -> None:
        nonlocal table
        mask = np.zeros(table.num_rows, bool)
        mask[rows[reasons == reason]] = True
        place = table.column_names.index(column)
        old = table.column(column)
        old = old.cast(pa.string()) if pa.types.is_dictionary(old.type) else old
        value = value if isinstance(value, pa.ChunkedArray | pa.Array) else pa.scalar(value).cast(old.type)
        new = pc.if_else(pa.array(mask), value, old)
        table = table.set_column(place, column, new.dictionary_encode() if pa.types.is_dictionary(table.column(column).type) else new)

    for reason in sorted(set(reasons.tolist()) - {"duplicate"}):
        column = dirt.columns[reason]
        if reason == "bad_order":
            later, earlier = column
            put(reason, later, pc.cast(pc.subtract(table.column(earlier).cast(pa.int64()), 3_600_000), table.schema.field(later).type))
        elif reason == "bad_imsi":
            put(reason, column, pc.replace_substring_regex(table.column(column).cast(pa.string()), r"^(\d{9})\d", r"\1O"))
        else:
            put(reason, column, dirt.values[reason] if reason in dirt.values else {"missing_value": None, "out_of_range": 0, "unknown_code": "SIDE"}[reason])
    order = np.sort(np.concatenate([np.arange(table.num_rows), rows[reasons == "duplicate"]]))
    return table.take(pa.array(order)), Counter(reasons.tolist())
