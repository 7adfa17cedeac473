"""Reference tables made ready to be joined: for each key, intervals that do not overlap.

A reference row holds from valid_from_at to valid_to_at, and rows of one key may overlap (a PLMN with two TADIGs, a correction
that began before its predecessor ended). A fact must never find two. So each reference table is cut at every instant at which
something changes, and of the rows that hold in a piece one is kept: the one that began last. Joining a fact to the pieces by
key and time is then many-to-one by construction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["device_pieces", "identity_pieces", "network_pieces", "steering_pieces"]

# {table}, {key}, {values}, {picked}, {first} are names of the declared schema, put in by _pieces alone
_PIECES = """
WITH held AS (SELECT * FROM {table} WHERE {key} IS NOT NULL),
cuts AS (
    SELECT {key} AS piece_key, valid_from_at AS cut_at FROM held
    UNION SELECT {key}, valid_to_at FROM held WHERE valid_to_at IS NOT NULL
),
found AS (
    SELECT cuts.piece_key, cuts.cut_at, {picked}, row_number() OVER (PARTITION BY cuts.piece_key, cuts.cut_at ORDER BY {first}) AS place
    FROM cuts LEFT JOIN held
      ON held.{key} = cuts.piece_key AND held.valid_from_at <= cuts.cut_at
     AND (held.valid_to_at IS NULL OR held.valid_to_at > cuts.cut_at)
)
SELECT piece_key, cut_at AS from_at,
       coalesce(lead(cut_at) OVER (PARTITION BY piece_key ORDER BY cut_at), TIMESTAMP '9999-01-01 00:00:00') AS until_at,
       {values}
FROM found WHERE place = 1
"""


def _pieces(table: str, key: str, values: tuple[str, ...], first: str) -> str:
    return _PIECES.format(table=table, key=key, values=", ".join(values), picked=", ".join(f"held.{one}" for one in values),
                          first=first)


def identity_pieces(lake: Lake) -> str:
    """identifier_key x time -> subscriber_key; one piece for each key and instant. Returns the relation's name."""
    name = "enrich_identity"
    if not lake.is_materialized(name):
        lake.materialize(name, _pieces("identity", "identifier_key", ("subscriber_key",),
                                       "held.valid_from_at DESC NULLS LAST, held.subscriber_key NULLS LAST"))
    return name


def network_pieces(lake: Lake) -> str:
    """plmn_code x time -> partner, hub, country; one piece for each PLMN and instant, whatever TADIGs it has."""
    name = "enrich_network"
    if not lake.is_materialized(name):
        lake.materialize(name, _pieces("network", "plmn_code", ("partner_code", "partner_name", "hub_code", "country_code"),
                                       "held.valid_from_at DESC NULLS LAST, held.tadig_code NULLS LAST, held.partner_code NULLS LAST"))
    return name


def device_pieces(lake: Lake) -> str:
    """tac_code x time -> vendor, model, VoLTE roaming; one piece for each TAC and instant."""
    name = "enrich_device"
    if not lake.is_materialized(name):
        lake.materialize(name, _pieces("device_model", "tac_code", ("vendor_name", "model_name", "has_volte_roaming"),
                                       "held.valid_from_at DESC NULLS LAST, held.vendor_name NULLS LAST, held.model_name NULLS LAST"))
    return name


def steering_pieces(lake: Lake) -> str:
    """country_code x time -> the preferred PLMN (the highest target share of registrations) and its target.

    First each PLMN's own plan is cut (a later plan replaces the earlier one), then the countries'.
    """
    name, plans = "enrich_steering", "enrich_steering_plan"
    if not lake.is_materialized(name):
        plan = _pieces("(SELECT * FROM steering_target WHERE basis_code = 'registrations')", "plmn_code",
                       ("country_code", "target_ratio"), "held.valid_from_at DESC NULLS LAST, held.target_ratio DESC NULLS LAST")
        lake.materialize(plans, "SELECT piece_key AS plmn_code, country_code, target_ratio, from_at AS valid_from_at, "
                         "until_at AS valid_to_at FROM (" + plan + ") WHERE target_ratio IS NOT NULL")
        lake.materialize(name, _pieces(plans, "country_code", ("plmn_code", "target_ratio"),
                                       "held.target_ratio DESC NULLS LAST, held.plmn_code NULLS LAST"))
    return name
