"""Facts with what the reference tables know about them: who, which partner, which device, what the cause means.

Every join is many-to-one: the facts on the left keep their number, whatever lies on the right (tests/traps proves it).

What is dear is done once for each snapshot: a fact finds its piece of each reference table and keeps the piece's number in a
temporary table. What the pieces say (names, meanings, actions) is looked up by number when a KPI asks for it: that costs a few
milliseconds, and text that would repeat a million times is stored once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cemlib.enrich.causes import cause_lookup
from cemlib.enrich.reference import device_pieces, identity_pieces, network_pieces, steering_pieces
from cemlib.enrich.steering import infer_steering
from cemlib.schema import Table, table

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["DESCRIBED", "MOBILE", "PARTNER_PLMN", "described_joins", "fact_sql", "find_pieces"]

#: The facts of roamers, which have a partner.
MOBILE = ("registration", "attachment", "data_session", "voice_call", "message", "probe_test")

#: Outbound the partner is who serves our SIM, inbound who sent us his; at home there is none.
PARTNER_PLMN = """CASE WHEN f.direction_code = 'inbound' THEN f.home_plmn_code
WHEN f.direction_code = 'home' THEN NULL ELSE f.visited_plmn_code END"""

# the cause table says home and visited; whose that is depends on who roams
_SIDE = """CASE WHEN c.cause_code IS NULL OR c.fault_side_code = '' THEN NULL
WHEN c.fault_side_code IS NULL THEN CASE WHEN NOT c.is_success THEN 'unknown' END
WHEN c.fault_side_code NOT IN ('home', 'visited') THEN c.fault_side_code
WHEN f.direction_code = 'home' THEN 'us'
WHEN (c.fault_side_code = 'home') = (f.direction_code IS DISTINCT FROM 'inbound') THEN 'us' ELSE 'partner' END"""

#: What the pieces say, by the column that holds the piece's number.
DESCRIBED = {
    "network_piece": ("enrich_network", "n", ("n.partner_code", "n.partner_name", "n.hub_code", "n.country_code")),
    "device_piece": ("enrich_device", "d", ("d.vendor_name", "d.model_name", "d.has_volte_roaming")),
    "cause_piece": ("enrich_cause_{table}", "c", (
        "CASE WHEN c.cause_code IS NOT NULL THEN coalesce(c.meaning, 'not in the cause table') END AS cause_meaning",
        "nullif(coalesce(c.area_code, CASE WHEN NOT c.is_success THEN 'unknown' END), '') AS area_code",
        f"{_SIDE} AS fault_side_code",
        "nullif(c.first_action, '') AS first_action",
    )),
    "steering_piece": ("enrich_steering", "s", ("s.plmn_code AS preferred_plmn_code", "s.target_ratio AS preferred_target_ratio",
                                                "s.plmn_code = f.visited_plmn_code AS is_preferred_plmn")),
}


def described_joins(pieces: list[str], table_name: str) -> tuple[list[str], list[str]]:
    """The columns and the joins that say what the pieces of a relation ``f`` mean; many-to-one by the piece's number."""
    shown: list[str] = []
    joins: list[str] = []
    for piece in pieces:
        relation, one, columns = DESCRIBED[piece]
        shown += columns
        joins.append(f"LEFT JOIN {relation.format(table=table_name)} AS {one} ON {one}.piece_id = f.{piece}")
    return shown, joins


def _pieces_of(fact: Table) -> list[str]:
    pieces = ["network_piece"]
    pieces += ["device_piece"] if "tac_code" in fact.columns else []
    pieces += ["cause_piece"] if "cause_code" in fact.columns else []
    return pieces + (["steering_piece"] if fact.name == "registration" else [])


def find_pieces(lake: Lake, name: str) -> str:
    """Materialise a fact table with its resolved subscriber and the numbers of its pieces; returns the relation's name.

    Cardinality of every join: many-to-one.

    * identity by identifier and time -> ``subscriber_key`` (a record that only knew the MSISDN finds the SIM; one that is not in
      the table keeps its key; null stays null)
    * network by partner PLMN and time; device_model by TAC and time
    * cause table by protocol, vendor, procedure and code; ``is_success`` (null where there is no cause)
    * steering target by country and time (outbound registrations)
    """
    known = f"enrich_{name}"
    if not lake.is_materialized(known):
        lake.materialize(known, _pieces_sql(lake, table(name)))
    return known


def _holds(relation: str, one: str, key: str, at: str) -> str:
    return f"LEFT JOIN {relation} AS {one} ON {one}.piece_key = {key} AND f.{at} >= {one}.from_at AND f.{at} < {one}.until_at"


def _pieces_sql(lake: Lake, fact: Table) -> str:
    at, columns = str(fact.event_at), fact.columns
    shown, joins = ["f.*"], [f"FROM {fact.name} AS f"]
    if "subscriber_key" in columns:
        shown = ["f.* REPLACE (coalesce(i.subscriber_key, f.subscriber_key) AS subscriber_key)"]
        joins.append(_holds(identity_pieces(lake), "i", "f.subscriber_key", at))
    if fact.name in MOBILE:
        pieces = _pieces_of(fact)
        shown.append("n.piece_id AS network_piece")
        joins.append(_holds(network_pieces(lake), "n", f"({PARTNER_PLMN})", at))
        if "device_piece" in pieces:
            shown.append("d.piece_id AS device_piece")
            joins.append(_holds(device_pieces(lake), "d", "f.tac_code", at))
        if "cause_piece" in pieces:
            shown += ["c.piece_id AS cause_piece", "c.is_success"]
            joins.append(f"LEFT JOIN {cause_lookup(lake, fact.name, columns)} AS c ON c.cause_code = f.cause_code")
            joins += [f"AND c.{one} IS NOT DISTINCT FROM f.{one}" for one in ("protocol_code", "cause_vendor_code", "procedure_code")
                      if one in columns]
        if "steering_piece" in pieces:
            shown.append("s.piece_id AS steering_piece")
            joins.append(_holds(steering_pieces(lake), "s", "n.country_code", at) + " AND f.direction_code = 'outbound'")
    return "SELECT " + ", ".join(shown) + " " + " ".join(joins)


def fact_sql(lake: Lake, name: str, steering_min: int) -> str:
    """The SQL of a fact with all added columns; each record once.

    Added to the facts of :data:`MOBILE`: ``partner_plmn_code, partner_code, partner_name, hub_code, country_code`` (of the partner);
    with a TAC ``vendor_name, model_name, has_volte_roaming``; with a cause ``is_success, cause_meaning, area_code,
    fault_side_code`` (us, partner, interconnect, device, user, by_design, unknown; null for a success) and ``first_action``;
    to registration ``is_steering_reject, preferred_plmn_code, preferred_target_ratio, is_preferred_plmn``; to message ``delivery_s``.
    """
    found, fact = find_pieces(lake, name), table(name)
    if name not in MOBILE:
        return f"SELECT * FROM {found}"
    pieces = _pieces_of(fact)
    described, joins = described_joins(pieces, name)
    shown = [f"f.* EXCLUDE ({', '.join(pieces)})", f"{PARTNER_PLMN} AS partner_plmn_code", *described]
    if name == "message":
        shown.append("round((epoch_us(f.delivered_at) - epoch_us(f.submitted_at)) / 1000.0) / 1000.0 AS delivery_s")
    if name == "registration":
        shown.append("coalesce(f.is_steering, e.try_row IS NOT NULL) AND NOT f.is_success AS is_steering_reject")
        joins.append(f"LEFT JOIN {infer_steering(lake, steering_min)} AS e ON e.try_row = f.rowid")
    return "SELECT " + ", ".join(shown) + f" FROM {found} AS f " + " ".join(joins)
