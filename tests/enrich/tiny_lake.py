"""A lake of a few hand-written records: the real lake's views and queries over tables in memory."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import pyarrow as pa

from cemlib.lake import Lake
from cemlib.schema import table

DAY = dt.datetime(2026, 3, 10, tzinfo=dt.UTC)

# what a test does not say about a record
_USUAL = {
    "registration": {"subscriber_key": "anna", "direction_code": "outbound", "procedure_code": "update_location",
                     "protocol_code": "diameter_3gpp", "cause_code": "0", "visited_plmn_code": "99901", "rat_code": "4g"},
    "attachment": {"subscriber_key": "anna", "direction_code": "outbound", "visited_plmn_code": "99901"},
    "data_session": {"subscriber_key": "anna", "direction_code": "outbound", "visited_plmn_code": "99901", "service_code": "web",
                     "protocol_code": "gtpv2", "cause_code": "0"},
    "voice_call": {"leg_code": "a", "subscriber_key": "anna", "direction_code": "outbound", "visited_plmn_code": "99901",
                   "protocol_code": "sip", "cause_code": "0", "mos_method_code": "g107_nb"},
    "message": {"subscriber_key": "anna", "direction_code": "outbound", "visited_plmn_code": "99901", "service_code": "sms",
                "protocol_code": "sms", "cause_code": "0"},
    "probe_test": {"step_code": "attach", "service_code": "registration", "observation_code": "active"},
    "survey_answer": {"question_code": "call_rating_5", "observation_code": "active"},
    "network": {"country_code": "IT"},
    "identity": {"identifier_type_code": "imsi"},
    "steering_target": {"basis_code": "registrations"},
}


def at(clock: str, day: int = 10) -> dt.datetime:
    """A time of March 2026, UTC: ``at("10:00:30", 12)``."""
    parts = [int(part) for part in clock.split(":")] + [0] * 2
    return dt.datetime(2026, 3, day, *parts[:3], tzinfo=dt.UTC)


class _Held:
    missing = frozenset()

    def __init__(self, rows: pa.Table) -> None:
        self.rows, self.records = rows, rows.num_rows
        self.days = frozenset(rows["event_date"].to_pylist()) if "event_date" in rows.column_names else frozenset()

    def relation(self, connection):
        return connection.from_arrow(self.rows)


class TinyLake(Lake):
    """The real lake, its tables in memory."""

    def __init__(self, **tables: list[dict]) -> None:
        self._held = {name: _Held(_filled(name, rows)) for name, rows in tables.items()}
        super().__init__(Path("no-such-folder"))

    def _stored_tables(self):
        return self._held


def _filled(name: str, rows: list[dict]) -> pa.Table:
    declared, number = table(name), itertools.count(1)
    whole = []
    for row in rows:
        one = dict.fromkeys(declared.columns) | _USUAL.get(name, {}) | row
        if declared.kind == "fact":
            event = one[declared.event_at] = one[declared.event_at] or DAY
            defaults = {"record_id": f"r{next(number):04d}", "source_code": "test", "observation_code": "passive",
                        "received_at": event + dt.timedelta(seconds=60), "event_date": event.astimezone(dt.UTC).date()}
            one |= {key: value for key, value in defaults.items() if one[key] is None}
            one |= {"call_id": one["record_id"]} if name == "voice_call" and one["call_id"] is None else {}
            one |= {"test_id": one["record_id"]} if name == "probe_test" and one["test_id"] is None else {}
        else:
            one["valid_from_at"] = one["valid_from_at"] or dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        whole.append(one)
    return pa.Table.from_pylist(whole, schema=declared.arrow_schema())


#: Two partners in Italy (the first has two PLMNs, and one of them two TADIGs), one in Spain.
NETWORK = [
    {"plmn_code": "99901", "tadig_code": "ITA01", "partner_code": "ALFA", "partner_name": "Alfa", "hub_code": "hub1"},
    {"plmn_code": "99901", "tadig_code": "ITA02", "partner_code": "ALFA", "partner_name": "Alfa", "hub_code": "hub1"},
    {"plmn_code": "99902", "tadig_code": "ITA03", "partner_code": "ALFA", "partner_name": "Alfa", "hub_code": "hub1"},
    {"plmn_code": "99903", "tadig_code": "ITA04", "partner_code": "BETA", "partner_name": "Beta", "hub_code": "hub2"},
    {"plmn_code": "99911", "tadig_code": "ESP01", "partner_code": "GAMA", "partner_name": "Gama", "hub_code": "hub2",
     "country_code": "ES"},
]
