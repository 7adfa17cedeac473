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


@dataclass(frozen=True)
class WrittenFile:
    """One file: where it is (relative to the incoming folder), its records, and how many must be refused, by reason."""

    path: str
    feed: str
    records: int
    bytes: int
    bad: dict[str, int] = field(default_factory=dict)


def _texts(table: pa.Table) -> pa.Array:
    """The lines of a table; instants in ISO 8601 UTC with milliseconds and Z, nothing where there is no value."""
    columns = []
    for column in table.columns:
        column = column.combine_chunks()
        if pa.types.is_timestamp(column.type):
            text = column.cast(pa.timestamp("ms")).cast(pa.string())
            column = pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")
        columns.append(column.cast(pa.string()))
    return pc.binary_join_element_wise(*columns, ",", null_handling="replace", null_replacement="")


def _put(path: Path, content: bytes) -> None:
    # beside the file first, so that a reader never meets half a file
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def _write(path: Path, relative: str, feed: Feed, streams: Streams, bad_rate: float) -> WrittenFile:
    if path.suffix == ".parquet":
        table, bad = soil_table(feed, streams, bad_rate)
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd", compression_level=1, use_dictionary=["direction", "rat", "apn", "service", "protocol", "cause", "vplmn", "imei", "imsi"])
        records, content = table.num_rows, sink.getvalue()
    else:
        lines, bad = soil_lines(feed, _texts(feed.table).to_pylist(), streams, bad_rate)
        content = "\n".join([",".join(feed.table.column_names), *lines, ""]).encode()
        if path.suffix == ".gz":
            content = gzip.compress(content, 3, mtime=0)
        records = len(lines)
    _put(path, content)
    return WrittenFile(relative, feed.name, records, len(content), {reason: bad[reason] for reason in sorted(bad)})


def write_feed(folder: Path, feed: Feed, streams: Streams, *, bad_rate: float, days: int) -> tuple[list[WrittenFile], int]:
    """Write a feed's files: one a day on which records were written, or one.

    Returns
    -------
    files, not_arrived
        The files; and how many records were still on their way when the period ended.
    """
    place = folder / feed.name
    place.mkdir(parents=True, exist_ok=True)
    if feed.written_at is None:
        name = LAYOUT[feed.name]
        return [_write(place / name, f"{feed.name}/{name}", feed, streams, bad_rate)], 0
    order = np.lexsort((feed.ids, feed.written_at))
    edges = np.searchsorted(feed.written_at[order], np.arange(days + 1) * DAY_MS)
    feed, files = feed.take(order), []
    for day in range(days):
        stamp = f"{PERIOD_START.tz_localize(None) + np.timedelta64(day, 'D'):%Y%m%d}"
        name = LAYOUT[feed.name].format(day=stamp)
        part = feed.take(np.arange(edges[day], edges[day + 1]))
        files.append(_write(place / name, f"{feed.name}/{name}", part, streams, bad_rate))
    return files, int(len(order) - edges[-1])


def remove_stale(folder: Path, files: list[WrittenFile]) -> None:
    """Remove the files of an earlier, longer run: only names that this module writes, only in its own folders."""
    written = {file.path for file in files}
    for feed, name in LAYOUT.items():
        for path in sorted((folder / feed).glob(name.format(day="2026[01][0-9][0-3][0-9]"))):
            if f"{feed}/{path.name}" not in written:
                path.unlink()
