"""The Delta tables of a lake: one per canonical table, appended and merged only, never with deletion vectors."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from cemlib.errors import LakeError
from cemlib.lake.day_files import CLOSED, ORDERED, DayFile, DayFiles
from cemlib.schema import Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["LOG_DAYS", "DataFile", "DeltaFolder", "StoredTable"]

#: Days for which the tables' logs know their versions: Delta's own default is 30, and a report must be replayable for longer.
LOG_DAYS = 400
_CONFIGURATION = {
    "delta.logRetentionDuration": f"interval {LOG_DAYS} days",
    "delta.deletedFileRetentionDuration": f"interval {LOG_DAYS} days",
    # who opens a table reads the last checkpoint and the commits behind it: 20 small files at the most, not 100
    "delta.checkpointInterval": "20",
}
# a day of a large lake in a few files, and a changed record of an old day rewrites no more than this
_FILE_BYTES = 256 * 1024 * 1024
_WRITER = WriterProperties(compression="ZSTD", compression_level=3, max_row_group_size=122_880)


@dataclass(frozen=True)
class DataFile:
    """A data file of one version of a table; what Delta's statistics do not tell is None.

    Attributes
    ----------
    path : str
    day : date or None
        The partition of a fact.
    records, size : int
    written_ms : int
        When it was written, in milliseconds since 1970.
    source_code : str or None
        The source of its records, where it is one.
    last_event_at, last_received_at : datetime or None
        Cut to milliseconds.
    first_subscriber, last_subscriber : str or None
        The least and the greatest ``subscriber_key``.
    """

    path: str
    day: date | None
    records: int
    size: int
    written_ms: int = 0
    source_code: str | None = None
    last_event_at: datetime | None = None
    last_received_at: datetime | None = None
    first_subscriber: str | None = None
    last_subscriber: str | None = None

    def can_hold(self, subscriber_key: str) -> bool:
        """Whether a record of a subscriber can be in it, by Delta's statistics; true where they do not tell."""
        if self.first_subscriber is None or self.last_subscriber is None:
            return True
        return self.first_subscriber <= subscriber_key <= self.last_subscriber


@dataclass(frozen=True)
class StoredTable:
    """A table at one version: what a reader needs to know of it."""

    declared: Table
    version: int
    files: tuple[DataFile, ...]
    missing: frozenset[str]
    evolved: bool

    @property
    def records(self) -> int:
        """Rows in all files."""
        return sum(one.records for one in self.files)

    @property
    def days(self) -> frozenset[date]:
        """The UTC days of a fact's files."""
        return frozenset(one.day for one in self.files if one.day is not None)

    def relation(self, connection: duckdb.DuckDBPyConnection, days: set[date] | None = None) -> duckdb.DuckDBPyRelation | None:
        """The stored columns of all files, or of those of some days; None when there are none."""
        paths = [one.path for one in self.files if days is None or one.day in days]
        if not paths:
            return None
        partitioned = self.declared.kind == "fact"
        return connection.read_parquet(paths, hive_partitioning=partitioned, union_by_name=self.evolved)


class DeltaFolder:
    """The folder with the Delta tables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, DeltaTable] = {}

    def path(self, name: str) -> Path:
        """Where a table lies."""
        return self.folder / name

    def head(self, declared: Table, *, create: bool = False) -> DeltaTable | None:
        """The newest version of a table, or None when there is no such table yet and it is not to be created."""
        name = declared.name
        if name in self._open:
            self._open[name].update_incremental()
            return self._open[name]
        try:
            found = DeltaTable(self.path(name))
        except TableNotFoundError:
            if not create:
                return None
            found = DeltaTable.create(
                self.path(name), declared.arrow_schema(), name=name, configuration=_CONFIGURATION,
                partition_by=["event_date"] if declared.kind == "fact" else None,
            )
        self._refuse_foreign(declared, found)
        self._open[name] = found
        return found

    def forget(self) -> None:
        """Drop the open handles: after an error their state is not trusted."""
        self._open.clear()

    def at(self, declared: Table, version: int, evolved: bool) -> StoredTable:
        """A table at one version.

        Raises
        ------
        LakeError
            When the version is gone, or the table is not one that this workbench wrote.
        """
        try:
            found = DeltaTable(self.path(declared.name), version=version)
        except Exception as error:
            raise LakeError("A version of a table that the manifest names cannot be read.", came=str(error).partition("\n")[0],
                            where=f"{self.path(declared.name)}, version {version}",
                            todo="It may have been removed by a vacuum; read a newer snapshot.") from None
        return self.stored(declared, found, evolved)

    def stored(self, declared: Table, found: DeltaTable, evolved: bool) -> StoredTable:
        """What a reader needs to know of an open table."""
        missing = self._refuse_foreign(declared, found)
        # file_uris() quotes blanks and umlauts for an address; the relative paths of the actions are plain
        actions = pa.table(found.get_add_actions(flatten=True)).sort_by("path")
        folder = str(self.path(declared.name))

        def column(name: str) -> list:
            return actions[name].to_pylist() if name in actions.column_names else [None] * len(actions)

        files = tuple(
            DataFile(f"{folder}/{path}", day, records, size, written, first if first == last else None, event, received, least, greatest)
            for path, day, records, size, written, first, last, event, received, least, greatest in zip(
                column("path"), column("partition.event_date"), column("num_records"), column("size_bytes"), column("modification_time"),
                column("min.source_code"), column("max.source_code"), column(f"max.{declared.event_at}"), column("max.received_at"),
                column("min.subscriber_key"), column("max.subscriber_key"), strict=True))
        return StoredTable(declared, found.version(), files, missing, evolved)

    def _refuse_foreign(self, declared: Table, found: DeltaTable) -> frozenset[str]:
        """Refuse a table that another tool made so that it would be read wrongly; returns the columns it does not have yet."""
        where = str(self.path(declared.name))
        protocol = found.protocol()
        if "deletionVectors" in {*(protocol.reader_features or ()), *(protocol.writer_features or ())}:
            raise LakeError("A Delta table has deletion vectors: its deleted rows would be read as if they were there.",
                            where=where, todo="Rewrite the table without deletion vectors, or ingest its files here.")
        held = {one.name: one.type for one in pa.schema(found.schema().to_arrow())}
        for one in declared.fields():
            if one.name in held and held[one.name] != one.arrow_type:
                raise LakeError("A stored column has another type than is declared.", wanted=str(one.arrow_type),
                                came=str(held[one.name]), where=f"{where}, column {one.name}")
        partitioned = list(found.metadata().partition_columns)
        if partitioned != (["event_date"] if declared.kind == "fact" else []):
            raise LakeError("A Delta table is partitioned otherwise than is declared.", came=", ".join(partitioned) or "not at all",
                            where=where, todo="This table was not written by the workbench; ingest its files here.")
        return frozenset(declared.columns) - frozenset(held)

    def append(self, declared: Table, rows: pa.Table | pa.RecordBatchReader, transaction: tuple[str, int]) -> None:
        """Append rows in one commit that carries the transaction (digest of the file, attempt)."""
        table = self._open[declared.name]
        write_deltalake(
            table, rows, mode="append", writer_properties=_WRITER, commit_properties=_commit(transaction),
            schema_mode="merge" if self._refuse_foreign(declared, table) else None,
        )

    def adopt(self, declared: Table, files: list[DayFile], transaction: tuple[str, int], instead_of: Iterable[DataFile] = ()) -> None:
        """Take files of a fact as they are, in one commit that carries the transaction; they must lie on the lake's disk.

        With ``instead_of``, files of the table that they stand for from now on.
        """
        folder = f"{self.path(declared.name)}/"
        actions: list[AddAction | RemoveAction] = [
            RemoveAction(one.path.removeprefix(folder), True, int(time.time() * 1000), one.size, {"event_date": one.day.isoformat()}) for one in instead_of if one.day]
        for one in files:
            place = self.path(declared.name) / one.path.parent.name
            place.mkdir(exist_ok=True)
            os.replace(one.path, place / one.path.name)
            actions.append(AddAction(f"{place.name}/{one.path.name}", one.size, {"event_date": one.day.isoformat()}, int(time.time() * 1000),
                                     True, one.stats))
        table = self._open[declared.name]
        table.create_write_transaction(actions, "append", table.schema(), ["event_date"], commit_properties=_commit(transaction))

    def merge(self, declared: Table, rows: pa.Table | pa.RecordBatchReader, transaction: tuple[str, int], days: set[date]) -> None:
        """Append rows, or replace those with the same natural key, in one commit that carries the transaction."""
        table = self._open[declared.name]
        same = [f'(held."{name}" IS NOT DISTINCT FROM fresh."{name}")' for name in declared.natural_key]
        if declared.kind == "fact":
            # days are dates, so nothing of a record's content gets into the text; they spare Delta the other partitions
            listed = ", ".join(f"CAST('{day.isoformat()}' AS DATE)" for day in sorted(days))
            same += ["(held.event_date = fresh.event_date)", f"(held.event_date IN ({listed}))"]
        merger = table.merge(
            rows, " AND ".join(same), source_alias="fresh", target_alias="held", writer_properties=_WRITER,
            commit_properties=_commit(transaction), merge_schema=bool(self._refuse_foreign(declared, table)),
        )
        merger.when_matched_update_all().when_not_matched_insert_all().execute()

    def exchange(self, declared: Table, rows: pa.Table, columns: list[str], transaction: tuple[str, int], days: set[date]) -> None:
        """Replace cells of rows that are there, in one commit; only files that hold such rows are written anew.

        Parameters
        ----------
        declared : Table
        rows : pyarrow.Table
            Per row its natural key as it stands, each column named ``old_…``, and the new cells of ``columns``. No value of a row gets
            into the commit's own text: that stays in the log for ever.
        columns : list of str
        transaction : tuple of str and int
        days : set of date
            The partitions of the rows of a fact.
        """
        same = [f'(held."{name}" IS NOT DISTINCT FROM fresh."old_{name}")' for name in declared.natural_key]
        if declared.kind == "fact":
            listed = ", ".join(f"CAST('{day.isoformat()}' AS DATE)" for day in sorted(days))
            same += ["(held.event_date = fresh.event_date)", f"(held.event_date IN ({listed}))"]
        merger = self._open[declared.name].merge(
            rows, " AND ".join(same), source_alias="fresh", target_alias="held", writer_properties=_WRITER,
            commit_properties=_commit(transaction),
        )
        merger.when_matched_update({f'"{name}"': f'fresh."{name}"' for name in columns}).execute()

    def rewrite(self, declared: Table, rows: pa.RecordBatchReader, transaction: tuple[str, int]) -> None:
        """Put these rows in the place of all rows of a table, in one commit."""
        write_deltalake(self._open[declared.name], rows, mode="overwrite", writer_properties=_WRITER, target_file_size=_FILE_BYTES,
                        commit_properties=_commit(transaction))

    def reorder(self, stored: StoredTable, rows: Iterable[pa.RecordBatch], columns: Collection[str], transaction: tuple[str, int], days: set[date]) -> None:
        """Put these rows, ordered by day, in the place of all rows of some days of a fact, in one commit; the files of other days stay."""
        # not written by Delta, whose writers take turns: the files of a large day would each hold customers of the whole range
        declared = stored.declared
        form = ORDERED if "subscriber_key" in declared.columns else CLOSED
        written = DayFiles(declared, self.path(declared.name), _FILE_BYTES, form, columns)
        try:
            for batch in rows:
                written.add(pa.Table.from_batches([batch]))
            written.finish()
        except BaseException:
            written.close()
            for path in written.paths():
                Path(path).unlink(missing_ok=True)
            raise
        self.adopt(declared, written.files(), transaction, [one for one in stored.files if one.day in days])

    def keep_log(self, declared: Table) -> bool:
        """Give a table that was made otherwise the properties of the lake's tables; returns whether it needed them."""
        table = self.head(declared)
        held = table.metadata().configuration
        if all(held.get(name) == value for name, value in _CONFIGURATION.items()):
            return False
        table.alter.set_table_properties(_CONFIGURATION)
        return True

    def restore(self, declared: Table, version: int) -> int:
        """Bring a table back to a version, as a new version; returns the version that it is at now."""
        table = self.head(declared)
        if table.version() > version:
            table.restore(version)
            self._open.pop(declared.name, None)
            table = self.head(declared)
        return table.version()


def _commit(transaction: tuple[str, int]) -> CommitProperties:
    digest, attempt = transaction
    return CommitProperties(app_transactions=[Transaction(digest, attempt)], custom_metadata={"cem_digest": digest})
