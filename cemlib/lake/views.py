"""What readers see of a table: its canonical columns with naive UTC times, and the time buckets of its event time.

narwhals truncates by one unit only and converts no time zone, so the buckets are made here, in the engine's own SQL, and KPI
functions group by them. Those of the views are of UTC, where no day has 23 or 25 hours; :func:`bucket_sql` gives those of a time zone.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from cemlib.lake.engine import quoted
from cemlib.lake.zones import local_time_sql, truncated_sql
from cemlib.schema import Field, Table

if TYPE_CHECKING:
    import duckdb

    from cemlib.lake.delta import StoredTable

__all__ = ["BUCKETS", "bucket_sql", "make_view"]

#: The bucket columns of every fact, with the SQL of each; {at} is the event time as a TIMESTAMP without zone, {day} its DATE.
BUCKETS = {
    "minute5_at": "time_bucket(INTERVAL 5 MINUTE, {at})",
    "minute15_at": "time_bucket(INTERVAL 15 MINUTE, {at})",
    # not date_trunc, which gives Spark's hour a time zone
    "hour_at": "time_bucket(INTERVAL 1 HOUR, {at})",
    "day_date": "{day}",
    "week_date": "CAST(date_trunc('week', {day}) AS DATE)",
    "month_date": "CAST(date_trunc('month', {day}) AS DATE)",
    "weekday_hour": "CAST((isodow({at}) - 1) * 24 + hour({at}) AS BIGINT)",
}
# the buckets that are instants, and their seconds
_INSTANTS = {"minute5_at": 300, "minute15_at": 900, "hour_at": 3600}


def bucket_sql(at: str, changes: tuple[tuple[dt.datetime | None, int], ...] | None = None) -> dict[str, str]:
    """The SQL of the bucket columns of an event time, in UTC or in the local time of a zone.

    Parameters
    ----------
    at : str
        SQL of the event time, a TIMESTAMP in UTC.
    changes : tuple, optional
        When the clocks of the zone change (:func:`cemlib.lake.zones.find_changes`). Then ``minute5_at, minute15_at, hour_at`` are the UTC
        instants at which the local buckets begin, the others are local, and ``local_date`` is the local day.
    """
    if changes is None:
        return {name: sql.format(at=at, day=f"CAST({at} AS DATE)") for name, sql in BUCKETS.items()}
    local = local_time_sql(at, changes)
    found = {name: truncated_sql(at, changes, sql, _INSTANTS[name]) if name in _INSTANTS else sql.format(at=f"({local})", day=f"CAST({local} AS DATE)")
             for name, sql in BUCKETS.items()}
    return found | {"local_date": f"CAST({local} AS DATE)"}


def _naive(name: str) -> str:
    # five times faster than a cast or timezone(), which ask the calendar for each value
    return f"make_timestamp(epoch_us({quoted(name)}))"


def _column(field: Field, missing: frozenset[str]) -> str:
    shown = "TIMESTAMP" if field.type == "timestamp" else field.duckdb_type
    if field.name in missing:
        source = f"CAST(NULL AS {shown})"
    elif field.type == "timestamp":
        source = _naive(field.name)
    elif field.type == "date":
        source = f"CAST({quoted(field.name)} AS DATE)"
    else:
        source = quoted(field.name)
    return f"{source} AS {quoted(field.name)}"


def make_view(connection: duckdb.DuckDBPyConnection, declared: Table, stored: StoredTable | None, name: str = "") -> None:
    """Make or replace the view of a table; without data it is empty and has the same columns and types.

    Parameters
    ----------
    connection : DuckDB connection
    declared : Table
    stored : StoredTable or None
        The version to read.
    name : str
        Of the view; the table's by default.
    """
    held = stored.relation(connection) if stored is not None else None
    missing = stored.missing if stored is not None and held is not None else frozenset()
    if held is None:
        nulls = ", ".join(f"CAST(NULL AS {one.duckdb_type}) AS {quoted(one.name)}" for one in declared.fields())
        held = connection.sql(f"SELECT {nulls} WHERE false")
    shown = [_column(one, missing) for one in declared.fields()]
    if declared.kind == "fact":
        at = _naive(declared.event_at)
        # the day is the partition's own column, so that a filter on it spares the other days' files
        day = 'CAST("event_date" AS DATE)'
        shown += [f"{expression.format(at=at, day=day)} AS {quoted(name)}" for name, expression in BUCKETS.items()]
    held.project(", ".join(shown)).create_view(name or declared.name, replace=True)
