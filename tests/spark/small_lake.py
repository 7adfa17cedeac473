"""The lake that every KPI is computed from on both engines: a tiny demo operator, and records made to tell engines apart."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import tiny_lake

import cemlib as cem
from cemlib.lake import Lake
from cemlib.twin import write_operator

REJECTED = pa.schema([("line", pa.int64()), ("column", pa.string()), ("reason_code", pa.string()), ("reason", pa.string()), ("raw", pa.string())])
#: The days of the records that are made here; the clocks go forward on the 29th.
SINCE, UNTIL = dt.datetime(2026, 3, 28, tzinfo=dt.UTC), dt.datetime(2026, 3, 31, tzinfo=dt.UTC)
SUBSCRIBERS, DAYS = 120, 3
PROCEDURES = ("attach", "tau", "service_request", "handover", "session", "registration")
COUNTERS = ("RRC.ConnEstabAtt", "RRC.ConnEstabSucc", "S1SIG.ConnEstabAtt", "S1SIG.ConnEstabSucc", "ERAB.EstabInitAttNbr", "ERAB.EstabInitSuccNbr",
            "HO.ExeAtt", "HO.ExeSucc", "ERAB.RelActNbr", "ERAB.SessionTimeUE", "RRU.CellUnavailableTime", "RRU.PrbTotDl")


@dataclass
class Batch:
    records: int
    tables: dict[str, pa.Table]
    accepted: int
    rejected: pa.Table


class Rows:
    """A connector that hands over rows, so that they reach the lake's files in the way of all records."""

    code = "test"

    def __init__(self, place: Path, **tables: list[dict]) -> None:
        self.tables = {name: tiny_lake._filled(name, rows) for name, rows in tables.items()}
        self.path = place / "rows.txt"
        self.path.write_text(hashlib.sha256(repr(tables).encode()).hexdigest())

    def files(self) -> list[Path]:
        return [self.path]

    def read(self, path: Path, door: object) -> Iterator[Batch]:
        number = sum(one.num_rows for one in self.tables.values())
        yield Batch(number, self.tables, number, REJECTED.empty_table())


def made_records(number: int = 60) -> dict[str, list[dict]]:
    """Records with missing keys and values, ties in time and value, instants around the change of the clocks, and rejects that may be steering."""
    draw = random.Random(20260329)
    clock = itertools.cycle(dt.datetime(2026, 3, 29, hour, minute, tzinfo=dt.UTC) for hour in (0, 1, 2, 3) for minute in (0, 29, 30, 59))

    def some(value, share=0.85):
        return value if draw.random() < share else None

    def roamer() -> dict:
        return {"subscriber_key": f"s{draw.randrange(12)}", "direction_code": draw.choice(["outbound", "outbound", "inbound", "home"]),
                "visited_plmn_code": draw.choice(["99901", "99902", "99903", "99911", "99999"]), "home_plmn_code": some("99970"),
                "rat_code": some(draw.choice(["3g", "4g"])), "tac_code": some("35000001")}

    tables: dict[str, list[dict]] = {}

    def add(table: str, **row) -> None:
        # of a reject or an attachment the network is always known
        if table not in ("registration", "attachment", "survey_answer") and "visited_plmn_code" in row:
            row["visited_plmn_code"] = some(row["visited_plmn_code"])
        tables.setdefault(table, []).append(row)

    for _ in range(number):
        at, good = next(clock) + dt.timedelta(days=draw.choice([-1, 0, 0, 1])), draw.random() < 0.7
        cause = {"cause_code": "0"} if good else {"protocol_code": "diameter_3gpp", "cause_vendor_code": "10415", "cause_code": draw.choice(["5004", "5420"])}
        add("registration", attempted_at=at, setup_s=some(draw.randrange(1, 9) / 10), is_steering=some(draw.random() < 0.3, 0.5),
            procedure_code=draw.choice(PROCEDURES),
            **roamer() | {"rat_code": draw.choice(["3g", "4g", "4g", "5g", "5g", "nbiot", None])}, **cause)
        add("attachment", started_at=at, ended_at=some(at + dt.timedelta(hours=draw.randrange(1, 40)), 0.7), **roamer())
        add("data_session", started_at=at, setup_s=some(0.5), dns_ms=some(draw.randrange(5, 9) / 10), rtt_ms=some(draw.randrange(200, 230) / 10),
            throughput_down_mbps=some(draw.randrange(1, 12) / 8), is_dropped=some(draw.random() < 0.2), retransmission_ratio=some(draw.randrange(90) / 1e4),
            **roamer() | {"rat_code": draw.choice(["4g", "5g", None])}, cause_code="0" if good else draw.choice(["73", "18"]))
        add("voice_call", started_at=at, setup_s=some(draw.randrange(10, 99) / 10), mos_value=some(draw.randrange(10, 45) / 10), is_dropped=some(False),
            mos_method_code=draw.choice(["g107_nb", "p863_fb"]), alerting_at=some(at, 0.4), cause_code="0" if good else draw.choice(["486", "503", "17"]), answered_at=some(at, 0.6),
            released_at=some(at + dt.timedelta(microseconds=draw.randrange(1, 400_000_000))), trunk_in_id=some("in", 0.5), trunk_out_id=some("out", 0.6),
            cli_status_code=some(draw.choice(["ok", "changed"])), **roamer() | {"rat_code": draw.choice(["3g", "4g", "5g", "wifi", None])})
        add("message", submitted_at=at, delivered_at=at + dt.timedelta(microseconds=draw.randrange(500_000, 90_000_000)) if good else None,
            cause_code="0" if good else "27", **roamer())
        add("probe_test", started_at=at, observation_code=draw.choice(["active", "device"]), service_code=draw.choice(["speed", "voice"]),
            protocol_code="sip", cause_code=draw.choice(["0", "503", None]), setup_s=some(0.5), rtt_ms=some(draw.randrange(5, 99) / 10),
            throughput_down_mbps=some(draw.randrange(1, 40) / 8), throughput_up_mbps=some(draw.randrange(1, 5) / 8), visited_plmn_code="99901")
        add("survey_answer", occurred_at=at, question_code=draw.choice(["call_rating_5", "nps_11", "csat_5", "ces_7"]), score_value=float(draw.randrange(1, 6)),
            operator_name=some(draw.choice(["A", "Ä", "a"])), subscriber_key=some(f"s{draw.randrange(12)}"))
        other_records(draw, at, some, tables)
    return tables


def other_records(draw: random.Random, at: dt.datetime, some, tables: dict[str, list[dict]]) -> None:
    """A record each of what is no roaming: media, things, lines, counters, faults, contacts."""
    who, where = f"s{draw.randrange(12)}", some(draw.choice(["x", "Ä"]))
    later = some(at + dt.timedelta(microseconds=draw.randrange(90_000, 900_000_000)), 0.7)
    shared = {"subscriber_key": some(who), "category_code": draw.choice(["bill", "coverage"]), "channel_code": some(draw.choice(["phone", "chat"]))}
    made = {
        "media_session": {"subscriber_key": who, "started_at": at, "ended_at": later, "service_code": draw.choice(["web", "video", "messaging", "iptv"]),
                          "result_code": draw.choice(["success", "success", "timeout"]), "setup_s": some(draw.randrange(1, 160) / 8), "stall_s": some(draw.choice([0.0, 1.25])),
                          "rat_code": some(draw.choice(["4g", "5g"]))},
        "iot_report": {"subscriber_key": who, "expected_at": at, "delivered_at": later, "fleet_code": some("f"), "coverage_level_code": some(draw.choice("012")),
                       "rsrp_dbm": some(draw.randrange(-130, -90) / 1.0)},
        "line_measurement": {"line_key": who, "subscriber_key": some(who), "resource_id": where, "period_start_at": at, "period_s": draw.choice([900, 86_400]),
                             "sync_down_kbps": some(draw.randrange(5000, 99_000)), "attainable_down_kbps": some(draw.randrange(5000, 99_000)),
                             "noise_margin_db": some(draw.randrange(30, 120) / 10), "errored_s": some(draw.randrange(9)), "retrain_count": some(draw.randrange(3)),
                             "optical_receive_dbm": some(draw.randrange(-30_000, -9_000) / 1000), "wifi_rssi_dbm": some(draw.randrange(-90, -40) / 1.0),
                             "wifi_link_mbps": some(draw.randrange(100, 9000) / 10)},
        "alarm": {"resource_id": where or "x", "opened_at": at, "closed_at": later, "severity_code": draw.choice(["critical", "minor"])},
        "outage": {"resource_id": where or "x", "opened_at": at, "closed_at": later, "severity_code": some("minor")},
        "ticket": {"ticket_id": f"{len(tables.get('ticket', ()))}", "opened_at": at, "closed_at": later, "severity_code": some("minor"), **shared},
        "interaction": {"occurred_at": at, **shared, "channel_code": "phone"},
        "social_post": {"occurred_at": at, "channel_code": draw.choice(["forum", "blog"]), "sentiment_value": some(draw.randrange(-100, 100) / 100),
                        "operator_name": some("A")},
    }
    for table, row in made.items():
        tables.setdefault(table, []).append(row)
    for code in COUNTERS:
        tables.setdefault("counter", []).append({"resource_id": where or "x", "period_start_at": at, "period_s": 900, "counter_code": code,
                                                 "counter_value": some(float(draw.randrange(90))), "is_suspect": some(draw.random() < 0.2, 0.4)})


# refused on one network and let in by another of the country two minutes later, the source silent about steering; and refused for good
STEERED = [
    {"subscriber_key": "steered", "attempted_at": tiny_lake.at("00:59:00", 29), "visited_plmn_code": "99903", "cause_vendor_code": "10415", "cause_code": "5004"},
    {"subscriber_key": "steered", "attempted_at": tiny_lake.at("01:01:00", 29), "visited_plmn_code": "99901"},
    {"subscriber_key": "refused", "attempted_at": tiny_lake.at("00:59:00", 29), "visited_plmn_code": "99903", "cause_vendor_code": "10415", "cause_code": "5004"},
]
# there for two days and silent
SILENT = [{"subscriber_key": "silent", "started_at": tiny_lake.at("20:00:00", 28), "ended_at": tiny_lake.at("00:00:00", 30), "home_plmn_code": "99970"}]
# a change of plan in the month, and one who has gone
SUBSCRIBED = [
    {"subscriber_key": f"s{number}", "subscriber_kind_code": "mobile", "status_code": "active", "plan_code": plan, "valid_from_at": since, "valid_to_at": until}
    for number in range(12) for plan, since, until in ((None, tiny_lake.at("00:00", 1), tiny_lake.at("12:00", 29)), ("gold", tiny_lake.at("12:00", 29), None))
] + [{"subscriber_key": "gone", "subscriber_kind_code": "mobile", "status_code": "ended", "valid_from_at": tiny_lake.at("00:00", 1)}]
STEERING = [{"country_code": "IT", "plmn_code": "99901", "target_ratio": 0.8}, {"country_code": "ES", "plmn_code": "99911", "target_ratio": 0.6}]


def made_source(place: Path) -> Rows:
    """The made records with their reference tables."""
    tables = made_records()
    tables["registration"] += STEERED
    tables["attachment"] += SILENT
    return Rows(place, network=tiny_lake.NETWORK, steering_target=STEERING,
                device_model=[{"tac_code": "35000001", "vendor_name": "Vé", "model_name": "M"}], subscriber=SUBSCRIBED, **tables)


def build_lake(place: Path) -> Lake:
    """The lake, on DuckDB."""
    incoming = place / "incoming"
    write_operator(incoming, subscribers=SUBSCRIBERS, days=DAYS, seed=5, truth=place / "truth.json")
    lake = cem.open_lake(place / "lake")
    for code, source in cem.sources.catalogue().items():
        if (incoming / code).is_dir() and not code.startswith(("rating", "speed")):
            lake.ingest(source(incoming / code))
    lake.ingest(made_source(place), door=object())
    return lake
