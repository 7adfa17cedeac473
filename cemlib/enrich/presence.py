"""Use and presence of roamers: what they did, and on which days they were there without doing anything."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from cemlib.enrich.facts import Added, Joins, described_columns, fact_columns, fact_sql, select_sql

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["USES", "roamer_day_columns", "roamer_day_sql", "use_columns", "use_sql"]

#: The feeds of use: what is used, its table, and its event time.
USES = {"data": ("data_session", "started_at"), "voice": ("voice_call", "started_at"), "sms": ("message", "submitted_at")}

# the columns of every use that are the same in each of the three facts
_SHARED = ("record_id", "received_at", "subscriber_key", "direction_code", "home_plmn_code", "imsi_range_code", "visited_plmn_code", "rat_code",
           "tac_code", "is_success", "partner_plmn_code", "partner_code", "partner_name", "hub_code", "country_code", "event_date",
           "minute5_at", "minute15_at", "hour_at", "day_date", "week_date", "month_date", "weekday_hour")

# A feed is judged up to the last record that came, less the delay that 95 % of its records keep; the slowest feed decides.
_HORIZON = """
SELECT max(received_at) - to_microseconds(
           CAST(round(greatest(percentile_cont(0.95) WITHIN GROUP (ORDER BY epoch_us(received_at) - epoch_us({at})), 0)) AS BIGINT)) AS judged_until_at
FROM {table} HAVING count(*) > 0
"""

_DAYS = """
WITH uses AS ({uses}),
horizon AS (SELECT min(judged_until_at) AS judged_until_at FROM ({horizon})),
stays AS (
    SELECT subscriber_key, direction_code, visited_plmn_code, home_plmn_code, CAST(started_at AS DATE) AS first_day,
           -- an interval that ends at midnight was not there on the new day; one that goes on was seen until the last receipt
           CAST(greatest(started_at, coalesce(ended_at - INTERVAL 1 MICROSECOND, max(received_at) OVER ())) AS DATE) AS last_day
    FROM ({attachment}) AS a
),
spans AS (SELECT *, days_between(first_day, last_day) AS days FROM stays),
seen AS (
    SELECT subscriber_key, direction_code, visited_plmn_code, home_plmn_code, day_date, true AS is_registered, false AS is_used
    FROM ({registration}) AS r WHERE is_success
    UNION ALL
    SELECT subscriber_key, direction_code, visited_plmn_code, home_plmn_code, explode(days), true, false FROM spans
    UNION ALL
    SELECT subscriber_key, direction_code, visited_plmn_code, home_plmn_code, day_date, false, true FROM uses
),
days AS (
    SELECT subscriber_key, direction_code, visited_plmn_code, day_date, min(home_plmn_code) AS home_plmn_code,
           bool_or(is_registered) AS is_registered, bool_or(is_used) AS is_used
    FROM seen GROUP BY subscriber_key, direction_code, visited_plmn_code, day_date
)
SELECT f.*, coalesce(f.day_date + INTERVAL 1 DAY <= h.judged_until_at, false) AS is_judged,
       CAST(f.day_date AS TIMESTAMP) AS day_at, f.day_date AS event_date, CAST(date_trunc('week', f.day_date) AS DATE) AS week_date,
       CAST(date_trunc('month', f.day_date) AS DATE) AS month_date
FROM days AS f CROSS JOIN horizon AS h
"""
_USED = """SELECT subscriber_key, direction_code, visited_plmn_code, home_plmn_code, day_date FROM ({fact}) AS u
WHERE is_success AND subscriber_key IS NOT NULL AND visited_plmn_code IS NOT NULL"""
_WHO = ("subscriber_key", "direction_code", "visited_plmn_code", "home_plmn_code")
_DAY_COLUMNS = {"subscriber_key": "string", "direction_code": "string", "visited_plmn_code": "string", "day_date": "date",
                "home_plmn_code": "string", "is_registered": "bool", "is_used": "bool", "is_judged": "bool", "day_at": "timestamp",
                "event_date": "date", "week_date": "date", "month_date": "date"}


def use_columns() -> dict[str, str]:
    """Every column of a use and its type."""
    types = fact_columns("data_session")
    return {"record_id": "string", "use_code": "string", "used_at": "timestamp"} | {name: types[name] for name in _SHARED}


def roamer_day_columns() -> dict[str, str]:
    """Every column of a roamer's day and its type."""
    return _DAY_COLUMNS | {name: one.type for name, one in _described().items()}


def _described() -> dict[str, Added]:
    return described_columns(has_device=False, has_cause=False)


def use_sql(lake: Lake, steering_min: int, columns: Collection[str] | None = None, time_zone: str | None = None) -> str:
    """The SQL of every use: data sessions, call legs and messages one below the other; each record once."""
    asked = list(use_columns() if columns is None else columns)
    parts = []
    for use, (name, at) in USES.items():
        own = dict.fromkeys([at, *(one for one in asked if one in (*_SHARED, "local_date"))])
        shown = ", ".join({"use_code": f"'{use}' AS use_code", "used_at": f"{at} AS used_at"}.get(one, one) for one in asked)
        parts.append(f"SELECT {shown} FROM ({fact_sql(lake, name, steering_min, own, time_zone)}) AS u")
    return " UNION ALL ".join(parts)


def roamer_day_sql(lake: Lake, steering_min: int, columns: Collection[str] | None = None) -> str:
    """The SQL of subscriber x day x visited PLMN with presence and use, found once for each snapshot.

    ``is_registered``: a registration succeeded, or an attachment touched the day. ``is_used``: a data session, call or message
    succeeded. ``is_judged``: the day ended before the use feeds' last receipt less their own p95 delay; of a later day a missing
    use may still be on its way. Cardinality of the join to network: many-to-one.
    """
    name = "enrich_roamer_day"
    if not lake.is_materialized(name):
        was_there = (*_WHO, "day_date", "is_success")
        facts = {table: fact_sql(lake, table, steering_min, was_there) for table in ("registration", *(table for table, _ in USES.values()))}
        uses = " UNION ALL ".join(_USED.format(fact=facts[table]) for table, _ in USES.values())
        horizon = " UNION ALL ".join(_HORIZON.format(table=table, at=at) for table, at in USES.values())
        attachment = fact_sql(lake, "attachment", steering_min, (*_WHO, "started_at", "ended_at", "received_at"))
        lake.materialize(name, _DAYS.format(uses=uses, horizon=horizon, registration=facts["registration"], attachment=attachment))
    joins = Joins(lake, "day_at", _DAY_COLUMNS)
    return select_sql(name, list(roamer_day_columns() if columns is None else columns), _described(), joins)
