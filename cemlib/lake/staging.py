"""What a file brings, checked and held until it is committed: in memory while it is small, in Parquet files when it is not."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cemlib.errors import ContractError, IngestError, LakeError
from cemlib.lake.day_files import DayFile, DayFiles
from cemlib.schema import Table, check_contract, table

if TYPE_CHECKING:
    import duckdb

    from cemlib.lake.quarantine import QuarantineWriter

__all__ = ["ROW", "BatchLike", "StagedFile", "staging_place"]

#: Held in memory before it is written to disk.
_MEMORY_BYTES = 32 * 1024 * 1024
#: The place of a row in its file: of two reference rows with the same natural key the later one holds.
ROW = "row_in_file"
#: A reason is a sentence of a connector; a connector that writes a different one per record would fill the ledger.
_REASONS_KEPT = 200


@contextlib.contextmanager
def staging_place(lake_folder: Path) -> Iterator[Path]:
    """A folder of this process's own on the lake's disk; of one that dies the next writer removes it.

    Raises
    ------
    LakeError
        When the lake cannot be written.
    """
    try:
        (lake_folder / "staging").mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f"{socket.gethostname()}+{os.getpid()}+", dir=lake_folder / "staging"))
    except OSError as error:
        raise LakeError("The lake cannot be written.", came=error.strerror or str(error), where=str(lake_folder),
                        todo="Check who owns the folder and whether the disk is full.") from None
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


class BatchLike(Protocol):
    """What the lake asks of a batch of a connector."""

    records: int
    accepted: int
    tables: dict[str, pa.Table]
    rejected: pa.Table


class StagedFile:
    """The batches of one file.

    Parameters
    ----------
    where : str
        The file's name, for messages.
    folder : Path
        Where large files are held until they are committed.
    quarantine : QuarantineWriter or None
        Takes the rejected records; None in a dry run.
    memory_bytes : int
        Held in memory before it is written to disk.
    """

    def __init__(self, where: str, folder: Path, quarantine: QuarantineWriter | None, memory_bytes: int = _MEMORY_BYTES) -> None:
        self._where, self._folder, self._quarantine, self._memory_bytes = where, folder, quarantine, memory_bytes
        self.records = self.accepted = self.rejected = 0
        self.reasons: Counter[tuple[str, str, str]] = Counter()
        self.repaired: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        self._held: dict[str, list[pa.Table]] = {}
        self._held_bytes = 0
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._days: dict[str, DayFiles] = {}

    def add(self, batch: BatchLike) -> None:
        """Check a batch and hold it.

        Raises
        ------
        IngestError
            When the batch does not account for each of its records.
        ContractError
            When rows break the contract of their table.
        """
        if batch.accepted < 0 or batch.accepted + batch.rejected.num_rows != batch.records:
            raise IngestError("The connector does not account for every record of the file.",
                              wanted=f"accepted + rejected = {batch.records} records",
                              came=f"{batch.accepted} + {batch.rejected.num_rows}", where=self._where)
        for name, rows in batch.tables.items():
            declared = table(name)
            check_contract(name, rows)
            if declared.kind == "fact":
                _check_day(declared, rows)
            if rows.num_rows:
                self._hold(declared, rows)
        self.records += batch.records
        self.accepted += batch.accepted
        self.rejected += batch.rejected.num_rows
        self.repaired.update(getattr(batch, "repaired", None) or {})
        if batch.rejected.num_rows:
            self._count_reasons(batch.rejected)
            if self._quarantine is not None:
                self._quarantine.add(batch.rejected)

    def _count_reasons(self, rejected: pa.Table) -> None:
        counted = rejected.group_by(["column", "reason_code", "reason"]).aggregate([([], "count_all")]).to_pylist()
        for one in counted:
            key = (one["column"] or "", one["reason_code"], one["reason"] or "")
            if key not in self.reasons and len(self.reasons) >= _REASONS_KEPT:
                key = (key[0], key[1], "")
            self.reasons[key] += one["count_all"]

    def _hold(self, declared: Table, rows: pa.Table) -> None:
        if declared.kind == "reference":
            first = self.rows[declared.name]
            rows = rows.append_column(ROW, pa.array(range(first, first + rows.num_rows), pa.int64()))
        self.rows[declared.name] += rows.num_rows
        self._held.setdefault(declared.name, []).append(rows)
        self._held_bytes += rows.nbytes
        if self._held_bytes > self._memory_bytes:
            self._spill()

    def _spill(self) -> None:
        for name, parts in self._held.items():
            if table(name).kind == "fact":
                if name not in self._days:
                    self._days[name] = DayFiles(table(name), self._folder / name, self._memory_bytes)
                self._days[name].add(pa.concat_tables(parts))
                continue
            if name not in self._writers:
                self._writers[name] = pq.ParquetWriter(self._folder / f"{name}.parquet", parts[0].schema, compression="lz4")
            for part in parts:
                self._writers[name].write_table(part, row_group_size=122_880)
        self._held, self._held_bytes = {}, 0

    def by_code(self) -> dict[str, int]:
        """Rejected records by reason code."""
        counted: Counter[str] = Counter()
        for (_, code, _), count in self.reasons.items():
            counted[code] += count
        return dict(sorted(counted.items()))

    def finish(self) -> None:
        """End the file: nothing can be added any more."""
        if self._writers or self._days:
            self._spill()
            for days in self._days.values():
                days.finish()
            self.close()

    def close(self) -> None:
        """Close the files on disk, also after an error."""
        for writer in (*self._writers.values(), *self._days.values()):
            writer.close()

    def tables(self) -> list[str]:
        """The tables that got rows, in the order in which they came."""
        return list(self.rows)

    def relation(self, name: str, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """The held rows of a table."""
        if name in self._days:
            return connection.read_parquet(self._days[name].paths(), hive_partitioning=True)
        if name in self._writers:
            return connection.read_parquet(str(self._folder / f"{name}.parquet"), hive_partitioning=False)
        return connection.from_arrow(pa.concat_tables(self._held[name]))

    def day_files(self, name: str) -> list[DayFile]:
        """The rows of a fact as files that a table can take as they are; none while they are held in memory."""
        return self._days[name].files() if name in self._days else []


def _check_day(declared: Table, rows: pa.Table) -> None:
    """A fact lies in the partition of its own UTC day, else a query by day would miss it."""
    days = pc.cast(rows.column(declared.event_at), pa.date32())
    wrong = pc.index(pc.not_equal(days, rows.column("event_date")), True).as_py()
    if wrong >= 0:
        raise ContractError(f"event_date is not the UTC day of {declared.event_at}.",
                            where=f"table {declared.name}, column event_date, row {wrong + 1} of the batch",
                            todo="Mend the connector: it must take the day from the UTC instant.")
