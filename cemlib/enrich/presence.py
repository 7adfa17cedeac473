"""Use and presence of roamers: what they did, and on which days they were there without doing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cemlib.enrich.facts import PARTNER_PLMN, described_joins, fact_sql, find_pieces
from cemlib.enrich.reference import network_pieces

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["USES", "roamer_day_sql", "use_sql"]

#: The feeds of use: what is used, its table, and its event time.
USES = {"data": ("data_session", "started_at"), "voice": ("voice_call", "started_at"), "sms": ("message", "submitted_at")}

_USE = """
SELECT record_id, '{use}' AS use_code, {at} AS used_at, received_at, subscriber_key, direction_code, home_plmn_code, imsi_range_code,
       visited_plmn_code, rat_code, tac_code, is_success, partner_plmn_code, partner_code, partner_name, hub_code, country_code,
       event_date, minute5_at, minute15_at, hour_at, day_date, month_date, weekday_hour
FROM ({fact})
"""

# A feed is judged up to the last record that came, less the delay that 95 % of its records keep; the slowest feed decides.
_HORIZON = """
SELECT max(received_at) - to_microseconds(
           CAST(greatest(quantile_cont(epoch_us(received_at) - epoch_us({at}), 0.95), 0) AS BIGINT)) AS judged_until_at
FROM enrich_{table} HAVING count(*) > 0
"""

_DAYS = """
WITH uses AS ({uses}),
horizon AS (SELECT min(judged_until_at) AS judged_until_at FROM ({horizon})),
stays AS (
    SELECT subscriber_key, direction_code, visited_plmn_code, home_plmn_code, CAST(started_at AS DATE) AS first_day,
           -- an interval that ends at midnight was not there on the new day; one that goes on was seen until the last receipt
           CAST(greatest(started_at, coalesce(ended_at - INTERVAL 1 MICROSECOND, max(received_at) OVER ())) AS DATE) AS last_day
    FROM enrich_attachment
),
seen AS (
    SELECT subscriber_key, direction_code, visited_plmn_code, home_plmn_code, day_date, true AS is_registered, false AS is_used
    FROM enrich_registration WHERE is_success
    UNION ALL
    SELECT subscriber_key, direction_code, visited_plmn_code, home_plmn_code,
           CAST(unnest(generate_series(first_day, last_day, INTERVAL 1 DAY)) AS DATE), true, false
    FROM stays
    UNION ALL
    SELECT subscriber_key, direction_code, visited_plmn_code, home_plmn_code, day_date, false, true FROM uses
),
days AS (
    SELECT subscriber_key, direction_code, visited_plmn_code, day_date, min(home_plmn_code) AS home_plmn_code,
           bool_or(is_registered) AS is_registered, bool_or(is_used) AS is_used
    FROM seen GROUP BY ALL
)
SELECT f.*, f.day_date + INTERVAL 1 DAY <= h.judged_until_at IS TRUE AS is_judged, n.piece_id AS network_piece,
       CAST(f.day_date AS TIMESTAMP) AS day_at, f.day_date AS event_date, CAST(date_trunc('month', f.day_date) AS DATE) AS month_date
FROM days AS f CROSS JOIN horizon AS h
LEFT JOIN enrich_network AS n ON n.piece_key = {partner} AND f.day_date >= n.from_at AND f.day_date < n.until_at
"""
_USED = """SELECT subscriber_key, direction_code, visited_plmn_code, home_plmn_code, day_date FROM enrich_{table}
WHERE is_success AND subscriber_key IS NOT NULL AND visited_plmn_code IS NOT NULL"""


def use_sql(lake: Lake, steering_min: int) -> str:
    """The SQL of every use: data sessions, call legs and messages one below the other; each record once."""
    return " UNION ALL ".join(_USE.format(use=use, at=at, fact=fact_sql(lake, table, steering_min)) for use, (table, at) in USES.items())


def roamer_day_sql(lake: Lake) -> str:
    """The SQL of subscriber x day x visited PLMN with presence and use, found once for each snapshot.

    ``is_registered``: a registration succeeded, or an attachment touched the day. ``is_used``: a data session, call or message
    succeeded. ``is_judged``: the day ended before the use feeds' last receipt less their own p95 delay; of a later day a missing
    use may still be on its way. Cardinality of the join to network: many-to-one.
    """
    name = "enrich_roamer_day"
    if not lake.is_materialized(name):
        for table in ("registration", "attachment", *(table for table, _ in USES.values())):
            find_pieces(lake, table)
        network_pieces(lake)
        uses = " UNION ALL ".join(_USED.format(table=table) for table, _ in USES.values())
        horizon = " UNION ALL ".join(_HORIZON.format(table=table, at=at) for table, at in USES.values())
        lake.materialize(name, _DAYS.format(uses=uses, horizon=horizon, partner=PARTNER_PLMN))
    described, joins = described_joins(["network_piece"], "")
    shown = ["f.* EXCLUDE (network_piece)", f"{PARTNER_PLMN} AS partner_plmn_code", *described]
    return "SELECT " + ", ".join(shown) + f" FROM {name} AS f " + " ".join(joins)
