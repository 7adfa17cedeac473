"""Registration episodes: did the roamer get in at all, on whichever network of the country?"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from cemlib.enrich.facts import BUCKET_TYPES, PARTNER_PLMN, Added, Joins, described_columns, fact_sql, select_sql

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["episode_columns", "episode_sql"]

# One episode = tries of one subscriber in one country and direction with no gap above the setting. Where the country is not
# known, the PLMN stands for it. The try that speaks for the episode: the last success; else the last failure that is not
# steering; else the last try.
_EPISODES = """
WITH tries AS (
    SELECT *, coalesce(country_code, {partner}, visited_plmn_code) AS place FROM ({tries}) AS f
),
marked AS (
    SELECT *, row_number() OVER place_time AS place_order,
           CASE WHEN attempted_at - lag(attempted_at) OVER place_time <= to_minutes($gap) THEN 0 ELSE 1 END AS starts
    FROM tries
    WINDOW place_time AS (PARTITION BY subscriber_key, direction_code, place ORDER BY attempted_at, record_id)
),
numbered AS (
    SELECT *, sum(starts) OVER (PARTITION BY subscriber_key, direction_code, place ORDER BY place_order
                                ROWS UNBOUNDED PRECEDING) AS number,
           CASE WHEN is_success THEN 2 WHEN is_steering_reject THEN 0 ELSE 1 END * 1000000000 + place_order AS weight
    FROM marked
),
episodes AS (
    SELECT subscriber_key, direction_code, place, number,
           min(attempted_at) AS first_attempted_at, max(attempted_at) AS last_attempted_at, count(*) AS attempts,
           count(*) FILTER (WHERE NOT is_success) AS rejects, count(*) FILTER (WHERE is_steering_reject) AS steering_rejects,
           bool_or(is_success) AS is_success, max(place_order) AS last_order, max(weight) AS speaker
    FROM numbered GROUP BY subscriber_key, direction_code, place, number
)
SELECT e.subscriber_key, e.direction_code, e.place, e.first_attempted_at, e.last_attempted_at, e.attempts, e.rejects,
       e.steering_rejects, e.is_success, NOT e.is_success AND e.rejects = e.steering_rejects AS is_only_steering,
       last.visited_plmn_code AS last_plmn, t.visited_plmn_code, t.home_plmn_code, t.imsi_range_code, t.rat_code, t.tac_code,
       t.procedure_code, t.protocol_code, t.cause_vendor_code, t.cause_code, t.attempted_at AS spoken_at
FROM episodes AS e
JOIN numbered AS t ON t.subscriber_key = e.subscriber_key AND t.direction_code = e.direction_code
 AND t.place IS NOT DISTINCT FROM e.place AND t.number = e.number AND t.weight = e.speaker
JOIN numbered AS last ON last.subscriber_key = e.subscriber_key AND last.direction_code = e.direction_code
 AND last.place IS NOT DISTINCT FROM e.place AND last.number = e.number AND last.place_order = e.last_order
"""

_TRIES = ("record_id", "subscriber_key", "direction_code", "country_code", "visited_plmn_code", "home_plmn_code", "imsi_range_code", "rat_code",
          "tac_code", "procedure_code", "protocol_code", "cause_vendor_code", "cause_code", "attempted_at", "is_success", "is_steering_reject")
# the columns of the episodes that are kept, and their types; place and spoken_at serve the joins alone
_KEPT = {"subscriber_key": "string", "direction_code": "string", "first_attempted_at": "timestamp", "last_attempted_at": "timestamp",
         "attempts": "int64", "rejects": "int64", "steering_rejects": "int64", "is_success": "bool", "is_only_steering": "bool",
         "last_plmn": "string", "visited_plmn_code": "string", "home_plmn_code": "string", "imsi_range_code": "string", "rat_code": "string",
         "tac_code": "string", "procedure_code": "string", "protocol_code": "string", "cause_vendor_code": "string", "cause_code": "string"}


def _added() -> dict[str, Added]:
    name = "md5(concat_ws('|', f.subscriber_key, f.direction_code, f.place, epoch_us(f.first_attempted_at)))"
    return {"episode_id": Added(name, "string"), "event_date": Added("CAST(f.first_attempted_at AS DATE)", "date"),
            **described_columns(has_device=True, has_cause=True)}


def episode_columns() -> dict[str, str]:
    """Every column of the episodes and its type."""
    return {"episode_id": "string"} | _KEPT | BUCKET_TYPES | {name: one.type for name, one in _added().items()}


def episode_sql(lake: Lake, gap_min: int, steering_min: int, columns: Collection[str] | None = None,
                time_zone: str | None = None) -> str:
    """The SQL of the episodes, found once for each snapshot and setting; by default with all columns.

    Cardinality: many tries to one episode; each episode has exactly one try that speaks for it. An episode that ends in
    steering rejects alone, with no success elsewhere, is a failed one (``is_only_steering``). Columns: episode_id,
    subscriber_key, direction_code, first_attempted_at, last_attempted_at, attempts, rejects, steering_rejects, is_success,
    last_plmn, the buckets of the first try, and the partner, device and cause of the try that speaks for the episode.
    """
    name = f"enrich_episode_{steering_min}_{gap_min}"
    if not lake.is_materialized(name):
        tries = fact_sql(lake, "registration", steering_min, _TRIES)
        lake.materialize(name, _EPISODES.format(partner=PARTNER_PLMN, tries=tries), {"gap": gap_min})
    joins, at = Joins(lake, "spoken_at", _KEPT, "registration"), "f.first_attempted_at"
    buckets = {bucket: Added(text, BUCKET_TYPES.get(bucket, "date")) for bucket, text in lake.bucket_sql(at, time_zone).items()}
    return select_sql(name, list(episode_columns() if columns is None else columns), _added() | buckets, joins)
