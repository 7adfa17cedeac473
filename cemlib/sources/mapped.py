"""The connector that a mapping drives: reads CSV, gzip or Parquet, judges each record, and fills the canonical tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.ahead import ahead
from cemlib.errors import SourceError
from cemlib.schema import fields, table
from cemlib.sources.base import Batch, Source, rejected_records
from cemlib.sources.cells import CellReader
from cemlib.sources.columnar import is_parquet, read_columnar
from cemlib.sources.delimited import RawBatch, read_delimited
from cemlib.sources.derived import derive_columns, rows_by_table, seconds_between
from cemlib.sources.door import Door
from cemlib.sources.event_time import as_instant
from cemlib.sources.mapping import Mapping, load_mapping
from cemlib.sources.record_id import RecordHash, RecordsSeen
from cemlib.sources.verdicts import Verdicts

__all__ = ["MappedSource", "seconds_between"]

_TIMESTAMP = pa.timestamp("us", tz="UTC")
#: A record cannot be exported before it happened; clocks of two systems may differ by this much.
_CLOCK_SKEW = pa.scalar(dt.timedelta(hours=1), pa.duration("us"))


class MappedSource(Source):
    """A connector whose file layout is a mapping.

    Parameters
    ----------
    *paths : str or Path
        A file, a folder, or several.
    mapping : str, Path or Mapping, optional
        Another mapping than the connector's own: a built-in one by name, a YAML file, or a :class:`Mapping`.
    event_time : str, date or datetime, optional
        The event time of records that have none, in place of what the mapping declares.
    """

    mapping_name: ClassVar[str]

    def __init__(self, *paths: str | Path, mapping: str | Path | Mapping | None = None,
                 event_time: str | dt.date | dt.datetime | None = None) -> None:
        super().__init__(*paths)
        self.mapping = load_mapping(self.mapping_name if mapping is None else mapping)
        foreign = [one for one in self.mapping.tables if one not in self.default_tables]
        if foreign:
            raise SourceError(f"The mapping {self.mapping.code} does not fit {type(self).__name__}.",
                              wanted="tables " + ", ".join(self.default_tables), came=", ".join(foreign))
        if event_time is not None and self.mapping.event_time is None:
            raise SourceError("event_time is for records without a time of their own.", where=f"mapping {self.mapping.code}",
                              todo="Leave it out: the mapping reads the time from a column.")
        # these hide the class's: a foreign mapping is a source of its own, with its own file names
        self.code, self.title = self.mapping.code, self.mapping.title  # type: ignore[misc]
        self.file_patterns = tuple(self.mapping.files)  # type: ignore[misc]
        self._event_time = None if event_time is None else as_instant(event_time)

    def read(self, path: Path, door: Door) -> Iterator[Batch]:
        """Read one file batch by batch; see :meth:`Source.read`."""
        path = Path(path)
        if not path.is_file():
            raise SourceError("This is a folder, not a file." if path.is_dir() else "There is no such file.", where=str(path))
        header, batches = read_columnar(path) if is_parquet(path) else read_delimited(path, self.mapping)
        self.mapping.check_header(header, path)
        reading = _Reading(self, path, door)
        try:
            # lines are cut and hashed one batch ahead of the judging
            for raw, ids in ahead(reading.hashed(batches)):
                yield reading.batch(raw, ids)
        finally:
            reading.cells.close()

    def complete(self, found: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """Add the columns that the mapping derives; a connector with others than a mapping can say overrides this."""
        return derive_columns(self.mapping, found)

    def rows(self, found: dict[str, pa.Array]) -> dict[str, dict[str, pa.Array]]:
        """The columns per table; a connector whose records feed tables in numbers of their own overrides this."""
        return rows_by_table(self.mapping, found)


class _Reading:
    """One file on its way through."""

    def __init__(self, source: MappedSource, path: Path, door: Door) -> None:
        self.source, self.mapping = source, source.mapping
        self.cells = CellReader(source.mapping, door)
        self.received = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        declared = self.mapping.event_time
        self.event_time = source._event_time or (declared.of_file(path) if declared else None)
        # records without a time are told apart from those of another month by the time that was declared for them
        told = self.event_time.isoformat() if self.event_time else ""
        first, *later = door.record_keys
        self.hash = RecordHash("\x1f".join((first, self.mapping.code, told, "")), tuple(later))
        self.seen = RecordsSeen()

    def hashed(self, batches: Iterator[RawBatch]) -> Iterator[tuple[RawBatch, pa.Array]]:
        """Each batch with the ids of its records."""
        for raw in batches:
            yield raw, self.hash.ids(raw.cells)

    def batch(self, raw: RawBatch, ids: pa.Array) -> Batch:
        """Judge the records of a batch and make their tables."""
        count = len(raw.lines)
        verdicts = Verdicts(count)
        found = self.cells.columns(raw.cells, verdicts)
        found = self._common(found, count, verdicts)
        again = self.seen.count(ids)
        if self.mapping.repeated_lines == "reject":
            verdicts.refuse(again > 0, "", "duplicate", "the same record stands in the file before")
        elif again.any():
            # the first keeps the id of its content, the nth is named by it and n
            rows = np.flatnonzero(again)
            told = [f"{one}#{nth}" for one, nth in zip(ids.take(pa.array(rows)).to_pylist(), again[rows].tolist())]
            ids = pc.replace_with_mask(ids, pa.array(again > 0), self.hash.ids(pa.table({"id": told})))
        found["record_id"] = self.hash.again(ids)
        good = pa.array(verdicts.good)
        if not verdicts.good.all():
            found = {name: one.filter(good) for name, one in found.items()}
        found = self.source.complete(found)
        tables = {name: self._table(name, columns) for name, columns in self.source.rows(found).items()}
        bad = np.flatnonzero(~verdicts.good)
        told = [(line, *verdicts.of(row), text) for line, row, text in zip(raw.lines[bad].tolist(), bad, raw.raw(bad))]
        repaired = 0 if raw.repaired is None else int((raw.repaired & verdicts.good).sum())
        return Batch(records=count + len(raw.malformed), tables=tables, accepted=count - len(bad),
                     rejected=rejected_records([*raw.malformed, *told]),
                     repaired={"broken_bytes": repaired} if repaired else {})

    def _common(self, found: dict[str, pa.Array], count: int, verdicts: Verdicts) -> dict[str, pa.Array]:
        """Add constants, event time and the time of receipt."""
        for name, value in self.mapping.constants.items():
            constant = as_instant(value) if isinstance(value, dt.date) else value
            found[name] = pa.repeat(pa.scalar(constant, fields()[name].arrow_type), count)
        main = table(self.mapping.tables[0])
        has_export = "received_at" in found
        if not has_export:
            found["received_at"] = pa.repeat(pa.scalar(self.received, _TIMESTAMP), count)
        if self.event_time is not None:
            found[main.event_at] = pa.repeat(pa.scalar(self.event_time, _TIMESTAMP), count)
            found["time_grain_code"] = pa.repeat(pa.scalar(self.mapping.event_time.grain), count)
        if has_export and main.event_at:
            early = pc.less(pc.add(found["received_at"], _CLOCK_SKEW), found[main.event_at])
            column = self.cells.theirs("received_at")
            verdicts.refuse(pc.fill_null(early, False).to_numpy(zero_copy_only=False), column, "bad_order",
                            "exported more than an hour before it happened")
        return found

    def _table(self, name: str, columns: dict[str, pa.Array]) -> pa.Table:
        """The canonical table of some records: every declared column in order."""
        declared = table(name)
        count = len(next(iter(columns.values())))
        known = {**columns, "source_code": pa.repeat(pa.scalar(self.mapping.code), count),
                 "observation_code": pa.repeat(pa.scalar(self.mapping.observation), count)}
        if declared.event_at:
            known["event_date"] = columns[declared.event_at].cast(pa.date32())
        arrays = [known.get(one.name) for one in declared.fields()]
        arrays = [pa.nulls(count, field.arrow_type) if one is None else one for one, field in zip(arrays, declared.fields())]
        return pa.Table.from_arrays(arrays, schema=declared.arrow_schema())
