"""Writes feeds as files: CSV (plain or gzip) and Parquet, the same bytes for the same records, each file whole or not at all."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cemlib.twin.dirt import soil_lines, soil_table
from cemlib.twin.feed import Feed
from cemlib.twin.season import DAY_MS
from cemlib.twin.streams import Streams
from cemlib.twin.world import PERIOD_START

__all__ = ["LAYOUT", "WrittenFile", "remove_stale", "write_feed"]

#: Feed to the name of its files; {day} stands for the day on which the records were written.
LAYOUT = {
    "roaming_signalling": "signalling_{day}.csv.gz", "roaming_presence": "presence_{day}.csv.gz", "roaming_data": "data_{day}.parquet",
    "roaming_voice": "voice_{day}.csv.gz", "roaming_sms": "sms_{day}.csv.gz", "roaming_probe": "probe_{day}.csv",
    "partner_directory": "partners.csv", "steering_plan": "steering.csv", "device_catalogue": "devices.csv",
    "customer_base": "customers.csv.gz", "care_ticket": "tickets.csv", "rating": "ratings.csv", "speed_test": "tests.csv",
}


_REPEATED = frozenset({"direction", "rat", "apn", "service", "protocol", "cause", "vplmn", "imei", "imsi"})


@dataclass(frozen=True)
class WrittenFile:
    """One file: where it is (relative to the incoming folder), its records, and how many must be refused, by reason."""

    path: str
    feed: str
    records: int
    bytes: int
    bad: dict[str, int] = field(default_factory=dict)


def _texts(table: pa.Table, delimiter: str) -> pa.Array:
    """The lines of a table; instants in ISO 8601 UTC with milliseconds and Z, nothing where there is no value."""
    columns = []
    for column in table.columns:
        column = column.combine_chunks()
        if pa.types.is_timestamp(column.type):
            text = column.cast(pa.timestamp("ms")).cast(pa.string())
            column = pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")
        columns.append(column.cast(pa.string()))
    return pc.binary_join_element_wise(*columns, delimiter, null_handling="replace", null_replacement="")


def _put(path: Path, content: bytes) -> None:
    # beside the file first, so that a reader never meets half a file
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def _write(path: Path, relative: str, feed: Feed, streams: Streams, bad_rate: float) -> WrittenFile:
    if path.suffix == ".parquet":
        table, bad = soil_table(feed, streams, bad_rate)
        sink = io.BytesIO()
        names = [one.name for one in table.schema if pa.types.is_dictionary(one.type) or one.name in _REPEATED]
        pq.write_table(table, sink, compression="zstd", compression_level=1, use_dictionary=names)
        records, content = table.num_rows, sink.getvalue()
    else:
        lines, bad = soil_lines(feed, _texts(feed.table, feed.delimiter).to_pylist(), streams, bad_rate)
        content = "\n".join([feed.delimiter.join(feed.table.column_names), *lines, ""]).encode()
        if path.suffix == ".gz":
            content = gzip.compress(content, 3, mtime=0)
        records = len(lines)
    _put(path, content)
    return WrittenFile(relative, feed.name, records, len(content), {reason: bad[reason] for reason in sorted(bad)})


def write_feed(folder: Path, feed: Feed, streams: Streams, *, bad_rate: float, days: int, part: str = "", file_days: int = 1,
               parquet: bool = False) -> tuple[list[WrittenFile], int]:
    """Write a feed's files: one a day on which records were written, or one.

    Parameters
    ----------
    folder, feed, streams, bad_rate, days : Path, Feed, Streams, float, int
    part : str
        Ends the names of the files: the part of the customers that they hold.
    file_days : int
        Days that one file holds.
    parquet : bool
        Write Parquet where the feed is a text file otherwise.

    Returns
    -------
    files, not_arrived
        The files; and how many records were still on their way when the period ended.
    """
    place = folder / feed.name
    place.mkdir(parents=True, exist_ok=True)
    pattern = feed.file or LAYOUT[feed.name]
    stem, dot, kind = pattern.partition(".")
    if parquet and feed.written_at is not None and not feed.file:
        kind = "parquet"
    pattern = f"{stem}{'_' if part else ''}{part}{dot}{kind}"
    if feed.written_at is None:
        return [_write(place / pattern, f"{feed.name}/{pattern}", feed, streams, bad_rate)], 0
    if not feed.is_sorted:
        feed = feed.take(np.lexsort((feed.ids, feed.written_at)))
    starts = np.arange(0, days, file_days)
    edges = np.searchsorted(feed.written_at, np.append(starts, days) * DAY_MS)
    files = []
    for number, day in enumerate(starts.tolist()):
        stamp = f"{PERIOD_START.tz_localize(None) + np.timedelta64(day, 'D'):%Y%m%d}"
        name = pattern.format(day=stamp)
        files.append(_write(place / name, f"{feed.name}/{name}", feed.between(int(edges[number]), int(edges[number + 1])), streams, bad_rate))
    return files, int(len(feed.ids) - edges[-1])


def remove_stale(folder: Path, files: list[WrittenFile]) -> None:
    """Remove the files of an earlier, longer run: only names that this module writes, only in its own folders."""
    written = {file.path for file in files}
    for feed, name in LAYOUT.items():
        for path in sorted((folder / feed).glob(name.format(day="2026[01][0-9][0-3][0-9]"))):
            if f"{feed}/{path.name}" not in written:
                path.unlink()
