"""The lake as its users see it: open, ingest, read a snapshot, and ask how fresh it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from cemlib.errors import CallError, LakeError
from cemlib.lake.delta import DeltaFolder, StoredTable
from cemlib.lake.engines import make_engine
from cemlib.lake.history import find_state
from cemlib.lake.ingest import IngestRun, SourceLike
from cemlib.lake.manifest import Ledger, Manifest, Snapshot, State, read_manifest
from cemlib.lake.results import IngestSummary
from cemlib.lake.standing import LakeStanding
from cemlib.lake.timeline import read_timeline
from cemlib.lake.upkeep import LakeUpkeep
from cemlib.lake.views import bucket_sql, make_view
from cemlib.lake.zones import find_changes, find_zone
from cemlib.schema import table, tables
from cemlib.settings import settings

if TYPE_CHECKING:
    import duckdb
    from pyspark.sql import DataFrame as SparkFrame

    from cemlib.lake.engines import Engine

__all__ = ["Lake", "add_ingest_hook", "open_lake", "set_door_factory"]

_door_factory: Callable[[Lake], Any] | None = None
_ingest_hooks: list[Callable[[Lake], None]] = []


def set_door_factory(factory: Callable[[Lake], Any] | None) -> None:
    """Say how the door of an ingest is made when the caller hands none over: it is called with the lake.

    The lake does not import the connectors, so the package that knows both registers the door here.
    """
    global _door_factory
    _door_factory = factory


def add_ingest_hook(hook: Callable[[Lake], None]) -> None:
    """Have something done after each ingest that took files in, with the lake at its new state; the same hook is added once.

    For what is derived from the tables and may be made again: a hook must not raise, the ingest is done when it is called.
    """
    if hook not in _ingest_hooks:
        _ingest_hooks.append(hook)


def open_lake(path: str | Path | None = None, at: Snapshot | datetime | str | None = None, engine: str | None = None) -> Lake:
    """Open a lake for reading and ingest; where there is none yet, it is empty and the first ingest makes it.

    Parameters
    ----------
    path : str or Path, optional
        The folder; the settings' by default.
    at : Snapshot, datetime or str, optional
        Read the past: a snapshot, its id, or an instant (UTC where no time zone is given). Such a lake is read-only.
    engine : str, optional
        DuckDB in this process by default; ``"spark://host:7077"`` for a Spark cluster whose workers see the lake under the same
        path, ``"local[2]"`` for Spark in this process. Figures are the same on each.

    Raises
    ------
    LakeError
        When it cannot be read, was written by a newer version, or never was in the state asked for; when Spark, Java or the
        cluster is not there.
    CallError
        When there is no such engine.

    Examples
    --------
    >>> import tempfile
    >>> lake = open_lake(tempfile.gettempdir() + "/no-lake-here-yet")
    >>> lake.has("registration"), len(lake.relation("registration").fetchall())
    (False, 0)
    """
    place = Path(settings().lake_path if path is None else path).absolute()
    if set("[]") & set(str(place)):
        raise CallError("A lake's path cannot have square brackets: the Delta library takes them for a network address.", came=str(place))
    return Lake(place, at, engine)


class Lake(LakeUpkeep, LakeStanding):
    """A lake at one snapshot; made by :func:`open_lake`.

    The views are named like the canonical tables. Times are naive TIMESTAMPs in UTC; a fact also has the bucket columns minute5_at,
    minute15_at, hour_at, day_date, week_date (its Monday), month_date and weekday_hour (0 is Monday 0 h UTC) of its event time.
    A filter on ``day_date`` spares the files of the other days.
    """

    def __init__(self, path: Path, at: Snapshot | datetime | str | None = None, engine: str | None = None) -> None:
        self.path = path
        self._at = at
        self._engine = make_engine(engine)
        self._others: dict[str, Lake] = {}
        self._delta = DeltaFolder(path / "tables")
        self._ledger = Ledger(path)
        self._stored: dict[str, StoredTable] = {}
        self._derived: set[str] = set()
        self._insight: dict[str, pd.DataFrame] = {}
        manifest = self._manifest = read_manifest(path) or Manifest()
        self._state = State(manifest.tables, manifest.ledger_bytes, manifest.written_at)
        if at is not None:
            self._state = find_state(self._ledger.read(manifest.ledger_bytes), at, str(path))

    def __repr__(self) -> str:
        return f"Lake({str(self.path)!r}, snapshot {self.snapshot().id}, {len(self.tables())} tables, engine {self.engine})"

    def __enter__(self) -> Lake:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the engine's memory; the lake can be used again afterwards."""
        self._close_others()
        self._engine.close()
        self._stored, self._derived, self._insight = {}, set(), {}

    @property
    def engine(self) -> str:
        """The name of the engine: duckdb, local[2], spark://host:7077 …"""
        return self._engine.name

    def on(self, engine: str | None) -> Lake:
        """The same state of the same lake on another engine; made once, and gone when this lake moves on or is closed.

        Raises
        ------
        CallError, LakeError
            As :func:`open_lake`.
        """
        wanted = engine or "duckdb"
        if wanted == self.engine:
            return self
        if wanted not in self._others:
            self._others[wanted] = Lake(self.path, self.snapshot(), wanted)
        return self._others[wanted]

    def _close_others(self) -> None:
        for other in self._others.values():
            other.close()
        self._others = {}

    # --- writing

    def ingest(self, source: SourceLike, *, door: Any = None, dry_run: bool = False,
               progress: Callable[[dict], None] | None = None, wait_s: float = 60.0, retry: bool = False) -> IngestSummary:
        """Take the files of a connector in: each wholly or not at all, and once.

        Parameters
        ----------
        source : Source
            A connector with its files, as ``cem.sources.RoamingSignalling("incoming/")``.
        door : Door, optional
            Replaces identifiers by pseudonyms; by default made anew with the PLMNs that the lake knows.
        dry_run : bool
            Read and check everything, write nothing.
        progress : callable, optional
            Called with a dict per step: event, file, index, files, records.
        wait_s : float
            How long to wait for another writer.
        retry : bool
            After a mapping was mended: read files again that were taken with rejects, add what is accepted now, and keep in the
            quarantine what is still rejected. A file whose accepted records would be read otherwise is refused.

        Returns
        -------
        IngestSummary
            Per file and in sum: records, accepted, rejected by reason, rows that are new or were known.

        Raises
        ------
        LakeError
            When the lake cannot be written, or another writer does not finish in time. A file that is bad does not raise:
            its result has the status failed and says why.
        CallError
            For a lake that was opened in the past, or when no door is known.
        """
        if self._at is not None:
            raise CallError("A lake that was opened in the past cannot be written.", where=str(self.path),
                            todo="Open it without at=.")
        if door is None:
            if _door_factory is None:
                raise CallError("No door is known through which identifiers become pseudonyms.",
                                todo="Import cemlib as a whole, or hand over door=.")
            door = _door_factory(self)
        try:
            summary = IngestRun(self.path, source, door, dry_run=dry_run, progress=progress, wait_s=wait_s, retry=retry).run()
        finally:
            if not dry_run:
                self.refresh()
        if not dry_run and any(one.status in ("ingested", "retried") for one in summary.files):
            # what is derived is made by DuckDB, whichever engine reads
            written = self if self.engine == "duckdb" else Lake(self.path)
            for hook in _ingest_hooks:
                hook(written)
        return summary

    # --- which state

    def snapshot(self) -> Snapshot:
        """The table versions that this lake reads; keep it with a result to read the same again."""
        return self._state.snapshot()

    def refresh(self) -> bool:
        """Go to the newest state; returns whether anything changed. Derived relations of the older state are dropped."""
        if self._at is not None:
            return False
        manifest = read_manifest(self.path) or Manifest()
        if manifest == self._manifest:
            return False
        self._manifest = manifest
        self._state = State(manifest.tables, manifest.ledger_bytes, manifest.written_at)
        self._insight = {}
        self._close_others()
        if self._engine.is_open:
            for name in self._derived:
                self._engine.drop(name)
            self._engine.show(self._stored_tables())
        self._derived = set()
        return True

    def tables(self) -> list[str]:
        """The canonical tables that hold data, in the order of the schema."""
        stored = self._stored_tables()
        return [name for name in tables() if name in stored and stored[name].records]

    def has(self, name: str) -> bool:
        """Whether a canonical table holds data.

        Raises
        ------
        UnknownNameError
            When there is no such table.
        """
        found = self._stored_tables().get(table(name).name)
        return found is not None and found.records > 0

    def records(self, name: str) -> int:
        """How many records a canonical table holds.

        Raises
        ------
        UnknownNameError
            When there is no such table.
        """
        found = self._stored_tables().get(table(name).name)
        return found.records if found is not None else 0

    @property
    def is_past(self) -> bool:
        """Whether it was opened in the past, and is read-only."""
        return self._at is not None

    def data_files(self, name: str) -> dict[date, frozenset[str]]:
        """The files of a fact by UTC day, named within the table's folder. Files never change: the same names are the same records."""
        found: dict[date, set[str]] = {}
        stored = self._stored_tables().get(table(name).name)
        for one in stored.files if stored is not None else ():
            if one.day is not None:
                found.setdefault(one.day, set()).add("/".join(Path(one.path).parts[-2:]))
        return {day: frozenset(names) for day, names in sorted(found.items())}

    def show_part(self, name: str, files: Collection[str]) -> str:
        """Make a view of some of a fact's files (as :meth:`data_files` names them), with the columns of the fact's view; its name."""
        stored, wanted = self._stored_tables()[table(name).name], set(files)
        part = replace(stored, files=tuple(one for one in stored.files if "/".join(Path(one.path).parts[-2:]) in wanted))
        make_view(self.connection, table(name), part, f"part_{name}")
        return f"part_{name}"

    def parquet_sql(self, path: Path) -> str:
        """The SQL, in this lake's engine, of a Parquet file as a relation."""
        return "read_parquet('" + str(path).replace("'", "''") + "')"

    # --- reading

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB of this lake, with a view per canonical table; opened on first use.

        Raises
        ------
        CallError
            On Spark, which has no such thing.
        """
        if self.engine != "duckdb":
            raise CallError("A lake on Spark has no DuckDB connection.", came=f"engine {self.engine}",
                            todo='Use lake.query(sql) or lake.frame(name), or lake.on("duckdb").connection.')
        return self._opened().connection

    def _opened(self) -> Engine:
        if not self._engine.is_open:
            self._engine.open(self._stored_tables())
        return self._engine

    def relation(self, name: str) -> duckdb.DuckDBPyRelation | SparkFrame:
        """A canonical table, or a derived one made by :meth:`materialize`, in the engine's own type: a DuckDB relation or a
        Spark DataFrame.

        Raises
        ------
        UnknownNameError
            When there is neither.
        """
        if name not in self._derived:
            table(name)
        return self._opened().relation(name)

    def frame(self, name: str) -> nw.LazyFrame:
        """The same as a narwhals LazyFrame, for KPI expressions."""
        return nw.from_native(self.relation(name))

    def event_days(self) -> tuple[date, date] | None:
        """The first and the last UTC day of any event; None in a lake without facts."""
        days = [day for name, one in self._stored_tables().items() if table(name).kind == "fact" for day in one.days]
        return (min(days), max(days)) if days else None

    def bucket_sql(self, at: str, time_zone: str | None = None) -> dict[str, str]:
        """The SQL, in this lake's engine, of the bucket columns of an event time: of UTC, or of a time zone's local time.

        Parameters
        ----------
        at : str
            SQL of an event time of this lake's facts, a TIMESTAMP in UTC.
        time_zone : str, optional
            An IANA name. Then minute5_at, minute15_at and hour_at are the UTC instants at which the local buckets begin, the other buckets
            are local, and local_date is the local day.

        Raises
        ------
        UnknownNameError
            When there is no such time zone.
        """
        if time_zone is None:
            return bucket_sql(at)
        first, last = self.event_days() or (date(1970, 1, 1), date(1970, 1, 1))
        return bucket_sql(at, find_changes(find_zone(time_zone), first, last))

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> duckdb.DuckDBPyRelation | SparkFrame:
        """Run SQL over the views; values are bound as parameters (``?`` or ``$name``), never written into the text.

        The SQL is the engine's own; what to heed so that it runs on either is said in :mod:`cemlib.lake.engines`.
        """
        return self._opened().query(sql, params)

    def timeline(self, subscriber_key: str, since: datetime | date | str | None = None, until: datetime | date | str | None = None, *,
                 tables: Sequence[str] | None = None) -> pd.DataFrame:
        """All that the lake knows of one subscriber, in the order in which it happened; quick in days that ``optimize`` has ordered.

        Parameters
        ----------
        subscriber_key : str
            The pseudonym.
        since, until : datetime, date or str, optional
            From this instant on, and before this one; UTC where no time zone is given.
        tables : sequence of str, optional
            Of these facts alone.

        Returns
        -------
        DataFrame
            ``event_at`` (naive UTC) and ``table_name``, then the columns of the tables that hold anything; the rows of one instant are
            ordered by table and record_id.

        Raises
        ------
        CallError
            When the key is no pseudonym, an instant is none, or a table names no subscriber.

        Examples
        --------
        >>> import tempfile
        >>> with open_lake(tempfile.gettempdir() + "/no-lake-here-yet") as lake:
        ...     len(lake.timeline("0123456789abcdef0123456789abcdef"))
        0
        """
        return read_timeline(self.connection, self._stored_tables(), subscriber_key, since, until, tables)

    def is_materialized(self, name: str) -> bool:
        """Whether a derived relation of this name was made in this snapshot."""
        return name in self._derived

    def materialize(
        self, name: str, relation: Any, params: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> duckdb.DuckDBPyRelation | SparkFrame:
        """Compute a derived relation once per snapshot and keep it: a temporary table of DuckDB, a persisted DataFrame of Spark.

        Parameters
        ----------
        name : str
            Lower-case letters, digits and underscores; not the name of a canonical table.
        relation : str, relation of the engine, narwhals LazyFrame, pyarrow.Table or DataFrame
            What to keep; not looked at when the name was made in this snapshot before.
        params : optional
            Parameters of a SQL text.

        Raises
        ------
        CallError
            When the name is not one, or is a canonical table's.
        """
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in tables():
            raise CallError("A derived relation cannot have this name.", came=repr(name),
                            wanted="lower-case letters, digits, underscores; not a canonical table")
        if name not in self._derived:
            self._opened().keep(name, relation, params)
            self._derived.add(name)
        return self.relation(name)

    # --- what it is made of

    def _ledger_lines(self) -> list[dict]:
        lines = self._ledger.read(self._manifest.ledger_bytes)
        if self._at is None:
            return lines
        return [line for line in lines if self._state.written_at and line["at"] <= self._state.written_at]

    def _stored_tables(self) -> dict[str, StoredTable]:
        """The tables at this snapshot; what did not change since the last one is not read again."""
        for name, held in self._state.tables.items():
            if name not in tables():
                raise LakeError("The lake holds a table that this version of the workbench does not know.", came=name,
                                where=str(self.path), todo="Update the workbench.")
            known = self._stored.get(name)
            if known is None or (known.version, known.evolved) != (held["version"], held["evolved"]):
                self._stored[name] = self._delta.at(table(name), held["version"], held["evolved"])
        for name in [name for name in self._stored if name not in self._state.tables]:
            del self._stored[name]
        return self._stored
