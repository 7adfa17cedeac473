"""Optimize: small files become few, and a closed day is ordered by subscriber, so that one customer is read from few row groups.

A day is closed when it had no newcomers for a while. What is read from the table does not change: rows are counted and hashed, whatever
their order, before and after, and a difference undoes the change. The ledger remembers which files make up an ordered day; a late
record adds a file or replaces one, so the day is no longer ordered and the next run orders it again.

The work is done in portions, each a change of its own: a writer that waits gets its turn in between, and a crash costs one portion.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cemlib.errors import LakeError
from cemlib.lake.change import LakeChange, LakeChanges
from cemlib.lake.delta import DataFile, StoredTable
from cemlib.lake.engine import connect, quoted
from cemlib.lake.freshness import count_sources
from cemlib.schema import Table, table

if TYPE_CHECKING:
    import duckdb

__all__ = ["CLOSED_AFTER", "OptimizeRun", "OptimizeSummary", "Portion", "row_order"]

#: A day without newcomers for so long is closed.
CLOSED_AFTER = timedelta(hours=24)
#: So many small files of an open day, or of a reference table, are worth a rewriting.
_MANY_FILES = 8
_SMALL_BYTES = 32 * 1024 * 1024
#: Rows that one change rewrites, a single day excepted.
_PORTION_RECORDS = 4_000_000
_BATCH = 122_880


@dataclass(frozen=True)
class Portion:
    """A day of a fact, or a reference table (day None), that is worth rewriting.

    Attributes
    ----------
    table : str
    day : date or None
    reason : str
        ``order`` (a closed day that is not ordered) or ``compact`` (many small files).
    files, bytes, records : int
    """

    table: str
    day: date | None
    reason: str
    files: int
    bytes: int
    records: int
    paths: frozenset[str] = field(repr=False, compare=False, default=frozenset())


@dataclass
class OptimizeSummary:
    """What was done, or in a dry run would be.

    Attributes
    ----------
    portions : list of Portion
        What was found worth rewriting.
    open_days : int
        Days that are not ordered since they had newcomers of late.
    skipped : list of Portion
        What changed between the look and the turn.
    files_before, files_after, bytes_before, bytes_after, records : int
        Of what was rewritten.
    seconds : float
    dry_run : bool
    """

    portions: list[Portion] = field(default_factory=list)
    open_days: int = 0
    skipped: list[Portion] = field(default_factory=list)
    files_before: int = 0
    files_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    records: int = 0
    seconds: float = 0.0
    dry_run: bool = False

    def to_dict(self) -> dict:
        """The summary as plain data."""
        def told(one: Portion) -> dict:
            return {name: value for name, value in asdict(one).items() if name != "paths"}

        return {**asdict(self), "portions": [told(one) for one in self.portions], "skipped": [told(one) for one in self.skipped]}


def row_order(declared: Table) -> tuple[str, ...]:
    """The columns by which the rows of a day are ordered: the subscriber, or what the records are about, then the event time.

    Examples
    --------
    >>> row_order(table("registration"))
    ('subscriber_key', 'attempted_at', 'record_id')
    >>> row_order(table("counter"))
    ('resource_id', 'counter_code', 'period_start_at', 'record_id')
    """
    if declared.kind != "fact":
        return declared.natural_key
    first = ("subscriber_key",) if "subscriber_key" in declared.columns else tuple(
        name for name in declared.natural_key if name not in (declared.event_at, "record_id"))
    return (*first, declared.event_at, "record_id")


class OptimizeRun:
    """Optimizes a lake, portion by portion.

    Parameters
    ----------
    folder : Path
        The lake.
    closed_after : timedelta
        How long a day must have had no newcomers.
    progress : callable, optional
        Called with a dict: ``event`` (portion, waiting, done), ``done`` and ``total`` records, ``table``, ``days``, ``holder``.
    wait_s : float
        How long to wait for another writer, per portion.
    """

    def __init__(self, folder: Path, *, closed_after: timedelta = CLOSED_AFTER, progress: Callable[[dict], None] | None = None,
                 wait_s: float = 60.0) -> None:
        self._changes = LakeChanges(folder)
        self._closed_after, self._wait_s = closed_after, wait_s
        self._progress = progress or (lambda event: None)

    def run(self, stored: dict[str, StoredTable], lines: list[dict], *, dry_run: bool = False) -> OptimizeSummary:
        """Rewrite what is worth it in these tables.

        Raises
        ------
        LakeError
            When the lake cannot be written, or what is read after the rewriting is not what was read before: then it is undone.
        """
        started, summary = time.perf_counter(), OptimizeSummary(dry_run=dry_run)
        self._plan(stored, lines, summary)
        if not dry_run and summary.portions:
            connection = connect()
            try:
                done, total = 0, sum(one.records for one in summary.portions)
                for group in _groups(summary.portions):
                    told = {"table": group[0].table, "days": [str(one.day) for one in group if one.day], "total": total}
                    self._progress({"event": "portion", "done": done, **told})
                    with self._changes.locked(self._wait_s, lambda holder, told=told: self._progress({"event": "waiting", "holder": holder, **told})):
                        self._rewrite(group, connection, summary)
                    done += sum(one.records for one in group)
                    self._progress({"event": "done", "done": done, **told})
                    # the lock is not fair: who waits asks for it every 20 ms
                    time.sleep(0.05)
            finally:
                connection.close()
        summary.seconds = time.perf_counter() - started
        return summary

    def _plan(self, stored: dict[str, StoredTable], lines: list[dict], summary: OptimizeSummary) -> None:
        closed_ms = (datetime.now(UTC) - self._closed_after).timestamp() * 1000
        ordered = _ordered_files(lines)
        for name, one in stored.items():
            is_fact = one.declared.kind == "fact"
            by_day: dict[date | None, list[DataFile]] = {}
            for file in one.files:
                by_day.setdefault(file.day, []).append(file)
            for day, files in sorted(by_day.items(), key=lambda found: str(found[0])):
                paths = frozenset(_relative(file.path, self._changes) for file in files)
                if paths == ordered.get((name, str(day))):
                    continue
                is_closed = is_fact and max(file.written_ms for file in files) <= closed_ms
                small = [file for file in files if file.size < _SMALL_BYTES]
                if not is_closed and len(small) < _MANY_FILES:
                    summary.open_days += is_fact
                    continue
                summary.portions.append(Portion(name, day, "order" if is_closed else "compact", len(files), sum(file.size for file in files),
                                                sum(file.records for file in files), paths))

    def _rewrite(self, group: list[Portion], connection: duckdb.DuckDBPyConnection, summary: OptimizeSummary) -> None:
        name, manifest = group[0].table, self._changes.recovered()
        declared = table(name)
        head = self._changes.delta.head(declared)
        stored = self._changes.delta.stored(declared, head, manifest.tables[name]["evolved"])
        held = self._by_day(stored)
        current = [one for one in group if frozenset(held.get(one.day, {})) == one.paths]
        summary.skipped += [one for one in group if one not in current]
        if not current:
            return
        with self._changes.change("optimized", [name]) as change:
            fresh = self._reordered(stored, {one.day for one in current}, change, connection)
            change.reach("table")
            now = self._by_day(fresh)
            mixed = [file for one in current for file in now.get(one.day, {}).values() if declared.kind == "fact" and file.source_code is None]
            accounts = count_sources(connection, fresh, mixed)
            change.line.update(
                table=name, records=sum(one.records for one in current),
                ordered={name: {str(one.day): sorted(now.get(one.day, {})) for one in current}},
                accounts={_relative(path, self._changes): account for path, account in accounts.items()},
            )
        for one in current:
            summary.files_before, summary.bytes_before = summary.files_before + one.files, summary.bytes_before + one.bytes
            summary.files_after += len(now.get(one.day, {}))
            summary.bytes_after += sum(file.size for file in now.get(one.day, {}).values())
            summary.records += one.records

    def _reordered(self, stored: StoredTable, days: set[date | None], change: LakeChange, connection: duckdb.DuckDBPyConnection) -> StoredTable:
        """Rewrite these days of a table in order; the table as it is then, which holds the same records."""
        declared, delta = stored.declared, self._changes.delta
        columns = [name for name in declared.columns if name not in stored.missing]
        only = days if declared.kind == "fact" else None
        delta.keep_log(declared)
        before = _content(connection, stored, columns, only)
        stored.relation(connection, only).create_view("reordered", replace=True)
        order = [*(["event_date"] if only else []), *(name for name in row_order(declared) if name in columns)]
        # columns come from the declared schema
        rows = connection.sql(f"SELECT {_listed(columns)} FROM reordered ORDER BY {_listed(order)}")  # noqa: S608
        schema = pa.schema([declared.arrow_schema().field(name) for name in columns])
        batches = (batch.cast(schema) for batch in rows.to_arrow_reader(_BATCH))
        if only:
            delta.reorder(stored, batches, columns, change.transaction, only)
        else:
            delta.rewrite(declared, pa.RecordBatchReader.from_batches(schema, batches), change.transaction)
        change.reach("rewritten")
        fresh = delta.stored(declared, delta.head(declared), stored.evolved)
        after = _content(connection, fresh, columns, only)
        others = [{file.path for file in one.files if only and file.day not in only} for one in (stored, fresh)]
        if before != after or others[0] != others[1]:
            raise LakeError("What would be read after the rewriting is not what was read before: nothing of it counts.",
                            wanted=f"{before[0]} records, content {before[1]}", came=f"{after[0]} records, content {after[1]}",
                            where=f"table {declared.name}", todo="Keep the lake as it is and report this.")
        return fresh

    def _by_day(self, stored: StoredTable) -> dict[date | None, dict[str, DataFile]]:
        found: dict[date | None, dict[str, DataFile]] = {}
        for file in stored.files:
            found.setdefault(file.day, {})[_relative(file.path, self._changes)] = file
        return found


def _content(connection: duckdb.DuckDBPyConnection, stored: StoredTable, columns: list[str], days: set[Any] | None) -> tuple[int, int]:
    """The number of rows and a hash of their content that does not depend on their order."""
    held = stored.relation(connection, days)
    if held is None:
        return 0, 0
    held.create_view("content", replace=True)
    found = connection.sql(f"SELECT count(*), sum(CAST(hash({_listed(columns)}) AS HUGEINT)) FROM content").fetchall()  # noqa: S608
    return found[0][0], int(found[0][1] or 0)


def _listed(names: list[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _groups(portions: list[Portion]) -> Iterator[list[Portion]]:
    """Portions of one table that one change rewrites together."""
    group: list[Portion] = []
    for one in portions:
        if group and (group[0].table != one.table or sum(part.records for part in group) + one.records > _PORTION_RECORDS):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _relative(path: str, changes: LakeChanges) -> str:
    return str(Path(path).relative_to(changes.delta.folder))


def _ordered_files(lines: list[dict]) -> dict[tuple[str, str], frozenset[str]]:
    """The files that made up each ordered day when it was ordered."""
    found = {}
    for line in lines:
        for name, days in line.get("ordered", {}).items():
            for day, paths in days.items():
                found[name, day] = frozenset(paths)
    return found
