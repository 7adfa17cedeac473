"""The rows of a fact in Parquet files by UTC day, as the lake keeps them.

What a file brings is written once, where the file is staged. Where every row is new the files are moved into the table as they are; else they are
what the merge reads. A closed day that is put in order is written in a form of its own.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cemlib.schema import Table

__all__ = ["CLOSED", "FRESH", "ORDERED", "DayFile", "DayFiles", "FileForm"]

_MB = 1024 * 1024
#: A longer text bounds nothing that a reader asks for.
_LONGEST_BOUND = 100


@dataclass(frozen=True)
class FileForm:
    """How the files are made.

    Attributes
    ----------
    group_rows : int
        Rows of a row group.
    file_bytes : int
        A file of so many bytes is ended. A changed record of an old day rewrites no more than this.
    compression : str
    level : int or None
        Of ``zstd``.
    is_repeating : bool
        Whether cells repeat within a row group, so that figures and keys are worth a dictionary too.
    """

    group_rows: int
    file_bytes: int
    compression: str
    level: int | None = None
    is_repeating: bool = False


#: What an ingest writes.
FRESH = FileForm(122_880, 256 * _MB, "zstd", 1)
#: A closed day whose records name no subscriber.
CLOSED = FileForm(122_880, 256 * _MB, "zstd", 3, True)
#: A closed day by subscriber. A customer's timeline reads one row group of it, every column, and goes through the statistics of all row groups of the file: an
#: eighth of the rows cost a quarter less, the other files of a large day are left out by Delta's statistics, and LZ4 is unpacked in three quarters of the time of
#: zstd, by a scan too, for a fifth more on the disk (measured; record ids, which nobody scans, stay with zstd: they would be half of that).
ORDERED = FileForm(15_360, 64 * _MB, "lz4", is_repeating=True)
_RECORD_LEVEL = 3


@dataclass(frozen=True)
class DayFile:
    """A finished file.

    Attributes
    ----------
    path : Path
    day : date
    records, size : int
    stats : str
        Delta's statistics: records, least and greatest value and nulls of each column, as JSON.
    """

    path: Path
    day: date
    records: int
    size: int
    stats: str


class DayFiles:
    """Writes the rows of one fact.

    Parameters
    ----------
    declared : Table
    folder : Path
        Gets a folder ``event_date=…`` for each day.
    memory_bytes : int
        Rows are held back until a row group is full; of all days together no more than this.
    form : FileForm
    columns : collection of str, optional
        Of these columns alone; all that are declared by default.
    """

    def __init__(self, declared: Table, folder: Path, memory_bytes: int, form: FileForm = FRESH, columns: Collection[str] | None = None) -> None:
        self._folder, self._memory_bytes, self._form = folder, memory_bytes, form
        # the day is told by the folder
        self._schema = pa.schema([field for field in declared.arrow_schema() if field.name != "event_date" and (columns is None or field.name in columns)])
        few = {field.name for field in declared.fields() if field.name.endswith("_code") or field.type == "bool"}
        self._dictionaries = [name for name in self._schema.names if name in few or (form.is_repeating and name != "record_id")]
        self._held: dict[date, list[pa.Table]] = {}
        self._writers: dict[date, tuple[pq.ParquetWriter, Path]] = {}
        self._done: list[tuple[date, Path]] = []

    def add(self, rows: pa.Table) -> None:
        """Take some rows; full row groups are written."""
        for day, part in _by_day(rows):
            held = self._held.setdefault(day, [])
            held.append(part.select(self._schema.names))
            if (count := sum(map(len, held))) >= self._form.group_rows:
                together, whole = pa.concat_tables(held), count - count % self._form.group_rows
                self._write(day, together.slice(0, whole))
                self._held[day] = [together.slice(whole)] if whole < count else []
        if sum(one.nbytes for held in self._held.values() for one in held) > self._memory_bytes:
            self._write_held()

    def finish(self) -> None:
        """Write what is held and end the files: nothing can be added any more."""
        self._write_held()
        self.close()

    def close(self) -> None:
        """Close the files, also after an error."""
        for writer, _ in self._writers.values():
            writer.close()
        self._writers = {}

    def paths(self) -> list[str]:
        """The finished files, for a reader with ``hive_partitioning``."""
        return [str(path) for _, path in self._done]

    def files(self) -> list[DayFile]:
        """The finished files with what Delta must know of them."""
        told = []
        for day, path in self._done:
            metadata = pq.read_metadata(path)
            told.append(DayFile(path, day, metadata.num_rows, path.stat().st_size, json.dumps(_statistics(metadata), allow_nan=False)))
        return told

    def _write_held(self) -> None:
        for day, held in self._held.items():
            if held:
                self._write(day, pa.concat_tables(held))
        self._held = {}

    def _write(self, day: date, rows: pa.Table) -> None:
        if day not in self._writers:
            folder = self._folder / f"event_date={day.isoformat()}"
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"part-00000-{uuid.uuid4()}-c000.{self._form.compression}.parquet"
            self._done.append((day, path))
            # texts and figures that hardly repeat are not put into dictionaries that are given up half way
            self._writers[day] = pq.ParquetWriter(path, self._schema, use_dictionary=self._dictionaries, **self._packing()), path
        writer, path = self._writers[day]
        writer.write_table(rows, row_group_size=self._form.group_rows)
        if path.stat().st_size >= self._form.file_bytes:
            writer.close()
            del self._writers[day]


    def _packing(self) -> dict[str, Any]:
        """Compression and level of each column."""
        form = self._form
        kind = {name: "zstd" if name == "record_id" else form.compression for name in self._schema.names}
        return {"compression": kind, "compression_level": {name: form.level or _RECORD_LEVEL for name, one in kind.items() if one == "zstd"}}


def _by_day(rows: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    """The rows of each day."""
    days = rows.column("event_date")
    distinct = pc.unique(days)
    if len(distinct) == 1:
        yield distinct[0].as_py(), rows
        return
    rows = rows.take(pc.sort_indices(rows, [("event_date", "ascending")]))
    at = 0
    for one in sorted(pc.value_counts(days).to_pylist(), key=lambda told: told["values"]):
        yield one["values"], rows.slice(at, one["counts"])
        at += one["counts"]


def _statistics(metadata: pq.FileMetaData) -> dict[str, Any]:
    """Of a file's row groups together; a bound that is not known for each of them is left out."""
    least: dict[str, Any] = {}
    greatest: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    for at in range(metadata.num_columns):
        name = metadata.schema.column(at).path
        told = [metadata.row_group(group).column(at).statistics for group in range(metadata.num_row_groups)]
        if any(one is None or not one.has_null_count for one in told):
            continue
        nulls[name] = sum(one.null_count for one in told)
        bounded = [one for one in told if one.has_min_max]
        if not bounded or any(not one.has_min_max and one.num_values for one in told):
            continue
        low, high = min(one.min for one in bounded), max(one.max for one in bounded)
        if _is_bound(low) and _is_bound(high):
            least[name], greatest[name] = _told(low), _told(high)
    return {"numRecords": metadata.num_rows, "minValues": least, "maxValues": greatest, "nullCount": nulls}


def _is_bound(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, str) or len(value) <= _LONGEST_BOUND


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value.isoformat() if isinstance(value, date) else value
