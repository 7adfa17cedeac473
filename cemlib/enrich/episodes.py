"""Registration episodes: did the roamer get in at all, on whichever network of the country?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cemlib.enrich.facts import PARTNER_PLMN, described_joins, find_pieces
from cemlib.enrich.steering import infer_steering

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["episode_sql"]

# One episode = tries of one subscriber in one country and direction with no gap above the setting. Where the country is not
# known, the PLMN stands for it. The try that speaks for the episode: the last success; else the last failure that is not
# steering; else the last try.
_EPISODES = """
WITH tries AS (
    SELECT f.rowid AS try_row, f.subscriber_key, f.direction_code, coalesce(n.country_code, {partner}, f.visited_plmn_code) AS place,
           f.attempted_at, f.record_id, f.is_success,
           coalesce(f.is_steering, e.try_row IS NOT NULL) AND NOT f.is_success AS is_steering_reject
    FROM enrich_registration AS f
    LEFT JOIN enrich_network AS n ON n.piece_id = f.network_piece
    LEFT JOIN {steering} AS e ON e.try_row = f.rowid
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
           bool_or(is_success) AS is_success, arg_max(try_row, place_order) AS last_row, arg_max(try_row, weight) AS speaker
    FROM numbered GROUP BY ALL
)
SELECT e.subscriber_key, e.direction_code, e.place, e.first_attempted_at, e.last_attempted_at, e.attempts, e.rejects,
       e.steering_rejects, e.is_success, NOT e.is_success AND e.rejects = e.steering_rejects AS is_only_steering,
       last.visited_plmn_code AS last_plmn, t.visited_plmn_code, t.home_plmn_code, t.imsi_range_code, t.rat_code, t.tac_code,
       t.procedure_code, t.protocol_code, t.cause_vendor_code, t.cause_code, t.network_piece, t.device_piece, t.cause_piece
FROM episodes AS e
JOIN enrich_registration AS t ON t.rowid = e.speaker
JOIN enrich_registration AS last ON last.rowid = e.last_row
"""

_PIECES = ["network_piece", "device_piece", "cause_piece"]
_SHOWN = [
    "md5(concat_ws('|', f.subscriber_key, f.direction_code, f.place, epoch_us(f.first_attempted_at))) AS episode_id",
    "f.* EXCLUDE (place, network_piece, device_piece, cause_piece)",
    f"{PARTNER_PLMN} AS partner_plmn_code",
    "CAST(f.first_attempted_at AS DATE) AS event_date",
    "time_bucket(INTERVAL 5 MINUTE, f.first_attempted_at) AS minute5_at",
    "time_bucket(INTERVAL 15 MINUTE, f.first_attempted_at) AS minute15_at",
    "date_trunc('hour', f.first_attempted_at) AS hour_at",
    "CAST(f.first_attempted_at AS DATE) AS day_date",
    "CAST(date_trunc('month', f.first_attempted_at) AS DATE) AS month_date",
    "CAST((isodow(f.first_attempted_at) - 1) * 24 + hour(f.first_attempted_at) AS BIGINT) AS weekday_hour",
]


def episode_sql(lake: Lake, gap_min: int, steering_min: int) -> str:
    """The SQL of the episodes, found once for each snapshot and setting.

    Cardinality: many tries to one episode; each episode has exactly one try that speaks for it. An episode that ends in
    steering rejects alone, with no success elsewhere, is a failed one (``is_only_steering``). Columns: episode_id,
    subscriber_key, direction_code, first_attempted_at, last_attempted_at, attempts, rejects, steering_rejects, is_success,
    last_plmn, the buckets of the first try, and the partner, device and cause of the try that speaks for the episode.
    """
    name = f"enrich_episode_{steering_min}_{gap_min}"
    if not lake.is_materialized(name):
        find_pieces(lake, "registration")
        sql = _EPISODES.format(partner=PARTNER_PLMN, steering=infer_steering(lake, steering_min))
        lake.materialize(name, sql, {"gap": gap_min})
    described, joins = described_joins(_PIECES, "registration")
    return "SELECT " + ", ".join([*_SHOWN, *described]) + f" FROM {name} AS f " + " ".join(joins)
