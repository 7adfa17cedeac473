"""What readers see of a table: its canonical columns with naive UTC times, and the time buckets of its event time.

narwhals truncates by one unit only and converts no time zone, so the buckets are made here, in the engine's own SQL, and KPI
functions group by them. Buckets are of UTC: no day has 23 or 25 hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cemlib.lake.engine import quoted
from cemlib.schema import Field, Table

if TYPE_CHECKING:
    import duckdb

    from cemlib.lake.delta import StoredTable

__all__ = ["BUCKETS", "make_view"]

#: The bucket columns of every fact, with the SQL of each; {at} is the event time as a naive UTC TIMESTAMP.
BUCKETS = {
    "minute5_at": "time_bucket(INTERVAL 5 MINUTE, {at})",
    "minute15_at": "time_bucket(INTERVAL 15 MINUTE, {at})",
    "hour_at": "date_trunc('hour', {at})",
    # the same column as the partition, so that a filter on the day spares the other days' files
    "day_date": 'CAST("event_date" AS DATE)',
    "month_date": "CAST(date_trunc('month', CAST(\"event_date\" AS DATE)) AS DATE)",
    "weekday_hour": "CAST((isodow({at}) - 1) * 24 + hour({at}) AS BIGINT)",
}


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


def make_view(connection: duckdb.DuckDBPyConnection, declared: Table, stored: StoredTable | None) -> None:
    """Make or replace the view of a table; without data it is empty and has the same columns and types.

    Parameters
    ----------
    connection : DuckDB connection
    declared : Table
    stored : StoredTable or None
        The version to read.
    """
    held = stored.relation(connection) if stored is not None else None
    missing = stored.missing if stored is not None and held is not None else frozenset()
    if held is None:
        nulls = ", ".join(f"CAST(NULL AS {one.duckdb_type}) AS {quoted(one.name)}" for one in declared.fields())
        held = connection.sql(f"SELECT {nulls} WHERE false")
    shown = [_column(one, missing) for one in declared.fields()]
    if declared.kind == "fact":
        at = _naive(declared.event_at)
        shown += [f"{expression.format(at=at)} AS {quoted(name)}" for name, expression in BUCKETS.items()]
    held.project(", ".join(shown)).create_view(declared.name, replace=True)
