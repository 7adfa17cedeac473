"""Facts with what the reference tables know about them: who, which partner, which device, what the cause means.

Every join is many-to-one: the facts on the left keep their number, whatever lies on the right (tests/traps proves it).

A fact is read through the lake's plain view, and only the joins are made that the asked columns need: the engine then reads only
their bytes, and only the days of the window. Kept per snapshot are the small relations on the right (reference pieces, the few
distinct causes) and the one that is dear to find, inferred steering. The text of these queries is meant for every engine: natural
keys instead of row numbers, column lists instead of an engine's shorthand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cemlib.enrich.care import CONTACTS, previous_contact
from cemlib.enrich.causes import CAUSE_KEYS, cause_lookup, success_sql
from cemlib.enrich.nearby import nearest_relation
from cemlib.enrich.reference import device_pieces, identity_pieces, network_pieces, steering_pieces
from cemlib.enrich.steering import TRIES, infer_steering
from cemlib.schema import Table, table

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["BUCKET_TYPES", "MOBILE", "PARTNER_PLMN", "Added", "Joins", "added_columns", "described_columns", "fact_columns", "fact_sql", "local_buckets",
           "select_sql"]

#: The facts of roamers, which have a partner.
MOBILE = ("registration", "attachment", "data_session", "voice_call", "message", "probe_test")

#: Outbound the partner is who serves our SIM, inbound who sent us his; at home there is none.
PARTNER_PLMN = """CASE WHEN f.direction_code = 'inbound' THEN f.home_plmn_code
WHEN f.direction_code = 'home' THEN NULL ELSE f.visited_plmn_code END"""

#: The buckets that the lake's views give every fact, and their types.
BUCKET_TYPES = {"minute5_at": "timestamp", "minute15_at": "timestamp", "hour_at": "timestamp", "day_date": "date", "week_date": "date",
                "month_date": "date", "weekday_hour": "int64"}

# the cause table says home and visited; whose that is depends on who roams
_SIDE = """CASE WHEN c.cause_code IS NULL OR c.fault_side_code = '' THEN NULL
WHEN c.fault_side_code IS NULL THEN CASE WHEN NOT c.is_success THEN 'unknown' END
WHEN c.fault_side_code NOT IN ('home', 'visited') THEN c.fault_side_code
WHEN f.direction_code = 'home' THEN 'us'
WHEN (c.fault_side_code = 'home') = (f.direction_code IS DISTINCT FROM 'inbound') THEN 'us' ELSE 'partner' END"""


@dataclass(frozen=True)
class Added:
    """A column that is added to a relation ``f``: its SQL, its type, the joins that it needs, and what it means."""

    sql: str
    type: str
    joins: tuple[str, ...] = ()
    meaning: str = ""


def _seconds(first: str, last: str, meaning: str) -> Added:
    return Added(f"round((epoch_us(f.{last}) - epoch_us(f.{first})) / 1e3) / 1e3", "float64", (), meaning)


_NETWORK = {name: Added(f"n.{name}", "string", ("network",)) for name in ("partner_code", "partner_name", "hub_code", "country_code")}
_DEVICE = {"vendor_name": Added("d.vendor_name", "string", ("device",)), "model_name": Added("d.model_name", "string", ("device",)),
           "has_volte_roaming": Added("d.has_volte_roaming", "bool", ("device",))}
_CAUSE = {
    "cause_meaning": Added("CASE WHEN c.cause_code IS NOT NULL THEN coalesce(c.meaning, 'not in the cause table') END", "string", ("cause",)),
    "area_code": Added("nullif(coalesce(c.area_code, CASE WHEN NOT c.is_success THEN 'unknown' END), '')", "string", ("cause",)),
    "fault_side_code": Added(_SIDE, "string", ("cause",)),
    "first_action": Added("nullif(c.first_action, '')", "string", ("cause",)),
}
_STEERING = {
    "preferred_plmn_code": Added("s.plmn_code", "string", ("network", "steering")),
    "preferred_target_ratio": Added("s.target_ratio", "float64", ("network", "steering")),
    "is_preferred_plmn": Added("s.plmn_code = f.visited_plmn_code", "bool", ("network", "steering")),
}


# days are told in whole seconds, so that their squares can be summed in 64 bits
_OPEN = Added("round((epoch_us(f.closed_at) - epoch_us(f.opened_at)) / 1e6)", "float64", (), "from opened to closed, in whole seconds; null: still open")
# how long it took; what takes seconds or minutes to the millisecond
_SPANS = {
    "message": {"delivery_s": _seconds("submitted_at", "delivered_at", "from submission to delivery; null: never delivered")},
    "voice_call": {"conversation_s": _seconds("answered_at", "released_at", "from answer to release; null: never answered")},
    "media_session": {"duration_s": _seconds("started_at", "ended_at", "from begin to end; null: not known")},
    "iot_report": {"delivery_s": _seconds("expected_at", "delivered_at", "from when it was due to delivery; null: never delivered")},
    **{name: {"duration_s": _OPEN} for name in ("alarm", "outage", "ticket")},
}


def described_columns(has_device: bool, has_cause: bool) -> dict[str, Added]:
    """The columns that say which partner, which device and what the cause means."""
    return {"partner_plmn_code": Added(PARTNER_PLMN, "string")} | _NETWORK | (_DEVICE if has_device else {}) | (_CAUSE if has_cause else {})


def added_columns(fact: Table) -> dict[str, Added]:
    """The columns that are added to a fact."""
    columns, added = fact.columns, {}
    if "subscriber_key" in columns:
        added["subscriber_key"] = Added("coalesce(i.subscriber_key, f.subscriber_key)", "string", ("identity",))
    added |= _SPANS.get(fact.name, {})
    if fact.name in CONTACTS:
        added["since_previous_s"] = Added("p.since_previous_s", "float64", ("previous",),
                                          "seconds since the subscriber's last one of the same category; null: none before, or nobody known")
    if fact.name not in MOBILE:
        return added
    if "cause_code" in columns:
        success = success_sql(columns)
        added["is_success"] = Added(success, "bool")
    added |= described_columns("tac_code" in columns, "cause_code" in columns)
    if fact.name == "registration":
        added |= _STEERING
        added["is_steering_reject"] = Added(f"coalesce(f.is_steering, e.record_id IS NOT NULL) AND NOT ({success})", "bool", ("inferred",))
    return added


def local_buckets(lake: Lake, at: str, time_zone: str | None) -> dict[str, Added]:
    """The bucket columns of a time zone in place of those of UTC; none without a zone."""
    if time_zone is None:
        return {}
    return {name: Added(sql, BUCKET_TYPES.get(name, "date")) for name, sql in lake.bucket_sql(at, time_zone).items()}


def fact_columns(name: str) -> dict[str, str]:
    """Every column of an enriched fact and its type, as the schema names types; known without reading anything."""
    fact = table(name)
    own = {one.name: one.type for one in fact.fields()} | BUCKET_TYPES
    return own | {column: one.type for column, one in added_columns(fact).items()}


class Joins:
    """The joins to a relation ``f``, each made when a column asks for it.

    Cardinality of every join: many-to-one.

    * identity by identifier and time -> ``subscriber_key`` (a record that only knew the MSISDN finds the SIM; one that is not in
      the table keeps its key; null stays null)
    * network by partner PLMN and time; device_model by TAC and time
    * cause table by protocol, vendor, procedure and code
    * steering target by country and time (outbound registrations); inferred steering by record
    * the contact before by record (:mod:`cemlib.enrich.care`)

    Parameters
    ----------
    lake : Lake
    at : str
        The column of ``f`` at whose time a reference row must hold.
    columns : collection of str
        The columns of ``f``.
    causes : str
        The fact whose causes are looked up.
    find_inferred, find_previous : callable, optional
        Make the relation of inferred steering, and of the contacts before, and return its name.
    """

    def __init__(self, lake: Lake, at: str, columns: Collection[str], causes: str = "",
                 find_inferred: Callable[[], str] = lambda: "", find_previous: Callable[[], str] = lambda: "") -> None:
        self._lake, self._at, self._columns, self._causes, self._find_inferred = lake, at, columns, causes, find_inferred
        self._find_previous = find_previous

    def sql(self, name: str) -> str:
        """The text of one join."""
        return getattr(self, f"_{name}")()

    def _holds(self, relation: str, one: str, key: str) -> str:
        return f"LEFT JOIN {relation} AS {one} ON {one}.piece_key = {key} AND f.{self._at} >= {one}.from_at AND f.{self._at} < {one}.until_at"

    def _identity(self) -> str:
        return self._holds(identity_pieces(self._lake), "i", "f.subscriber_key")

    def _network(self) -> str:
        return self._holds(network_pieces(self._lake), "n", f"({PARTNER_PLMN})")

    def _device(self) -> str:
        return self._holds(device_pieces(self._lake), "d", "f.tac_code")

    def _cause(self) -> str:
        found = f"LEFT JOIN {cause_lookup(self._lake, self._causes, table(self._causes).columns)} AS c ON c.cause_code = f.cause_code"
        return " ".join([found, *(f"AND c.{one} IS NOT DISTINCT FROM f.{one}" for one in CAUSE_KEYS if one in self._columns)])

    def _steering(self) -> str:
        return self._holds(steering_pieces(self._lake), "s", "n.country_code") + " AND f.direction_code = 'outbound'"

    def _inferred(self) -> str:
        return f"LEFT JOIN {self._find_inferred()} AS e ON e.record_id = f.record_id"

    def _previous(self) -> str:
        return f"LEFT JOIN {self._find_previous()} AS p ON p.record_id = f.record_id"


def select_sql(relation: str, columns: Collection[str], added: Mapping[str, Added], joins: Joins) -> str:
    """The SQL of some columns of a relation ``f``, of its own or added, with the joins that they need and no other."""
    shown = [f"{added[name].sql} AS {name}" if name in added else f"f.{name}" for name in columns]
    wanted = dict.fromkeys(one for name in columns if name in added for one in added[name].joins)
    return " ".join([f"SELECT {', '.join(shown)} FROM {relation} AS f", *(joins.sql(one) for one in wanted)])


def fact_sql(lake: Lake, name: str, steering_min: int, columns: Collection[str] | None = None, time_zone: str | None = None,
             relation: str | None = None) -> str:
    """The SQL of a fact with the columns that are asked for, by default all; each record once.

    Added to the facts of :data:`MOBILE`: ``partner_plmn_code, partner_code, partner_name, hub_code, country_code`` (of the partner);
    with a TAC ``vendor_name, model_name, has_volte_roaming``; with a cause ``is_success`` (null where there is no cause),
    ``cause_meaning, area_code, fault_side_code`` (us, partner, interconnect, device, user, by_design, unknown; null for a success)
    and ``first_action``; to registration ``is_steering_reject, preferred_plmn_code, preferred_target_ratio, is_preferred_plmn``; to
    message ``delivery_s``. To tickets and contacts ``since_previous_s``; how long a call, session, report or outage took. With a time zone the buckets are its own, and ``local_date`` is there. ``relation`` is a view of some of the
    fact's records, by default all are read.
    """
    fact = table(name)

    def find_inferred() -> str:
        return infer_steering(lake, steering_min, lambda: fact_sql(lake, name, steering_min, TRIES))

    def find_previous() -> str:
        return previous_contact(lake, name, lambda: fact_sql(lake, name, steering_min, ("record_id", "subscriber_key", "category_code", str(fact.event_at))))

    joins = Joins(lake, str(fact.event_at), fact.columns, name, find_inferred, find_previous)
    return select_sql(relation or nearest_relation(lake, name), list(fact_columns(name) if columns is None else columns),
                      added_columns(fact) | local_buckets(lake, f"f.{fact.event_at}", time_zone), joins)
