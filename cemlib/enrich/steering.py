"""Which rejects were sent on purpose, where the source does not say: a pattern over time.

The home network steers a roamer by refusing the registration on a network that it does not prefer; the device then goes to
another network of the country. Such a reject is not a failure. The same cause without a success elsewhere is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["TRIES", "infer_steering"]

#: What of the registrations is looked at.
TRIES = ("record_id", "subscriber_key", "country_code", "visited_plmn_code", "preferred_plmn_code", "direction_code", "attempted_at",
         "protocol_code", "cause_vendor_code", "cause_code", "is_success", "is_steering")

_INFERRED = """
WITH tries AS (SELECT * FROM ({tries}) AS t WHERE direction_code = 'outbound' AND country_code IS NOT NULL),
refused AS (
    SELECT record_id, subscriber_key, country_code, visited_plmn_code, attempted_at FROM tries
    WHERE is_steering IS NULL
      AND ((protocol_code = 'diameter_3gpp' AND cause_code = '5004' AND coalesce(cause_vendor_code, '') <> '0')
        OR (protocol_code = 'map_update_location' AND cause_code = '8'))
      AND preferred_plmn_code IS DISTINCT FROM visited_plmn_code
)
SELECT DISTINCT refused.record_id
FROM refused JOIN tries AS later
  ON later.subscriber_key = refused.subscriber_key AND later.country_code = refused.country_code
 AND later.is_success AND later.visited_plmn_code <> refused.visited_plmn_code
 AND later.attempted_at > refused.attempted_at
 AND later.attempted_at <= refused.attempted_at + to_minutes($minutes)
"""


def infer_steering(lake: Lake, minutes: int, find_tries: Callable[[], str]) -> str:
    """The record_id of every registration that looks like steering; each once. Returns the relation's name.

    A reject of an outbound roamer whose source leaves ``is_steering`` open, with a roaming-not-allowed cause (5004 of vendor
    10415, MAP 8), on a PLMN that is not the country's preferred one, followed within ``minutes`` by a success of the same
    subscriber on another PLMN of the same country. ``find_tries`` gives the SQL of the registrations with the columns of :data:`TRIES`.
    """
    name = f"enrich_steering_{minutes}"
    if not lake.is_materialized(name):
        lake.materialize(name, _INFERRED.format(tries=find_tries()), {"minutes": minutes})
    return name
