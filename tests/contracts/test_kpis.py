"""What every KPI of the catalogue must be: documented, additive where it says so, traceable to its records, and the same on
the lake's engine and on a DataFrame. A new KPI is found here by being in the catalogue.
"""

import datetime as dt
import doctest
import importlib
import importlib.util
import random
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.enrich import enriched, event_columns
from cemlib.kpi import catalogue, evaluate, evaluate_frame
from cemlib.kpi.columns import read_columns
from cemlib.kpi.describe import formula_words
from cemlib.kpi.lineage import find_lineage
from cemlib.kpi.statement import kpi_sql
from cemlib.schema import table as schema_table
from cemlib.units import UNITS

_spec = importlib.util.spec_from_file_location("tiny_lake", Path(__file__).parents[1] / "enrich" / "tiny_lake.py")
tiny_lake = sys.modules.get("tiny_lake") or importlib.util.module_from_spec(_spec)
if "tiny_lake" not in sys.modules:
    sys.modules["tiny_lake"] = tiny_lake
    _spec.loader.exec_module(tiny_lake)

KPIS = sorted(catalogue())
TABLES = sorted({one.table for one in catalogue().values()})
RECORDS = 240
COUNTERS = {"RRC.ConnEstabAtt": 300, "RRC.ConnEstabSucc": 250, "S1SIG.ConnEstabAtt": 300, "S1SIG.ConnEstabSucc": 250, "ERAB.EstabInitAttNbr": 300,
            "ERAB.EstabInitSuccNbr": 250, "HO.ExeAtt": 300, "HO.ExeSucc": 250, "ERAB.RelActNbr": 9, "ERAB.SessionTimeUE": 9000,
            "RRU.CellUnavailableTime": 900, "RRU.PrbTotDl": 100}
PROCEDURES = ["attach", "attach", "tau", "update_location", "service_request", "handover", "session", "registration"]
CAUSES = {
    "registration": [("diameter_3gpp", "10415", "5004"), ("diameter_3gpp", "10415", "5420"), ("any", None, "no_answer"), ("emm", None, "22")],
    "data_session": [("gtpv2", None, "73"), ("gtpv2", None, "18")],
    "voice_call": [("sip", None, "486"), ("sip", None, "503"), ("map_call", None, "27")],
    "message": [("sms", None, "27"), ("sms", None, "34")],
}


@cache
def lake():
    """Random records of every table that a KPI reads, the same at each run."""
    draw = random.Random(20260310)

    def some(value, share=0.9):
        return value if draw.random() < share else None

    def number(low, high, step):
        return some(round(draw.randrange(int(low / step), int(high / step)) * step, 6))

    def common(table):
        moment = tiny_lake.DAY + dt.timedelta(seconds=draw.randrange(3 * 86_400))
        inbound = draw.random() < 0.3
        row = {event_columns(table)[0]: moment, "subscriber_key": f"s{draw.randrange(40)}",
               "direction_code": "inbound" if inbound else draw.choice(["outbound", "outbound", "home"]),
               "visited_plmn_code": "99970" if inbound else draw.choice(["99901", "99902", "99903", "99911", "99999"]),
               "home_plmn_code": draw.choice(["99901", "99911"]) if inbound else "99970", "rat_code": some(draw.choice(["3g", "4g", "5g", "nbiot"]))}
        if table in CAUSES:
            protocol, vendor, code = draw.choice(CAUSES[table]) if draw.random() < 0.3 else (None, None, "0")
            row |= {"cause_code": code} | ({"protocol_code": protocol, "cause_vendor_code": vendor} if protocol else {})
            if table != "registration":
                row.pop("cause_vendor_code", None)
        return row, moment

    tables = {name: [] for name in ("registration", "attachment", "data_session", "voice_call", "message", "probe_test", "survey_answer", "media_session", "iot_report",
                                     "line_measurement", "counter", "alarm", "outage", "ticket", "interaction", "social_post")}
    for _ in range(RECORDS):
        for table, rows in tables.items():
            row, moment = common(table)
            good = row.get("cause_code") == "0"
            if table == "registration":
                row |= {"setup_s": number(0.1, 20, 0.001), "is_steering": some(draw.random() < 0.3, 0.5), "procedure_code": draw.choice(PROCEDURES)}
            elif table == "attachment":
                row |= {"ended_at": some(moment + dt.timedelta(hours=draw.randrange(1, 40)), 0.8)}
            elif table == "data_session":
                row |= {"setup_s": number(0.1, 2, 0.001), "dns_ms": number(5, 200, 0.1), "rtt_ms": number(20, 400, 0.1),
                        "throughput_down_mbps": number(0.1, 80, 0.001), "is_dropped": some(draw.random() < 0.1) if good else None,
                        "retransmission_ratio": number(0, 0.1, 0.000001)}
            elif table == "voice_call":
                row |= {"setup_s": number(1, 12, 0.001), "mos_value": number(1, 4.5, 0.01) if good else None,
                        "mos_method_code": draw.choice(["g107_nb", "p863_fb"]), "is_dropped": some(draw.random() < 0.1) if good else None,
                        "alerting_at": some(moment + dt.timedelta(seconds=3), 0.95 if good else 0.2),
                        "answered_at": moment + dt.timedelta(seconds=5) if good else None, "released_at": some(moment + dt.timedelta(seconds=draw.randrange(6, 90))),
                        "trunk_in_id": some("in", 0.6), "trunk_out_id": some("out", 0.6), "cli_status_code": some(draw.choice(["ok", "ok", "changed", "missing"]))}
                row |= {"rat_code": draw.choice([row["rat_code"], "wifi"])} | ({"protocol_code": "q850", "cause_code": draw.choice(["17", "34"])} if row["cause_code"] == "27" else {})
            elif table == "message":
                row |= {"delivered_at": moment + dt.timedelta(milliseconds=draw.randrange(500, 90_000)) if good else None}
            elif table == "probe_test":
                row |= {"observation_code": draw.choice(["active", "device"]), "service_code": draw.choice(["speed", "voice"]),
                        "protocol_code": "sip", "cause_code": draw.choice(["0", "0", "503", None]), "setup_s": number(0.1, 9, 0.001), "rtt_ms": number(5, 100, 0.1),
                        "throughput_down_mbps": number(1, 300, 0.001), "throughput_up_mbps": number(1, 50, 0.001)}
            elif table == "media_session":
                row |= {"service_code": draw.choice(["web", "video", "messaging", "iptv"]), "result_code": draw.choice(["success"] * 4 + ["failure", "timeout"]),
                        "setup_s": number(0.1, 20, 0.001), "stall_s": some(draw.choice([0.0, 0.0, 1.234, 7.5])),
                        "ended_at": some(moment + dt.timedelta(milliseconds=draw.randrange(9_000, 900_000)))}
            elif table == "iot_report":
                row |= {"delivered_at": some(moment + dt.timedelta(milliseconds=draw.randrange(100, 20_000))), "fleet_code": draw.choice(["a", "b"]),
                        "coverage_level_code": some(draw.choice("012")), "rsrp_dbm": number(-130, -80, 0.1)}
            elif table == "line_measurement":
                row |= {"line_key": row["subscriber_key"], "period_s": draw.choice([900, 900, 86_400]), "sync_down_kbps": some(draw.randrange(5000, 100_000)),
                        "attainable_down_kbps": some(draw.randrange(5000, 120_000)), "noise_margin_db": number(3, 15, 0.1), "errored_s": some(draw.randrange(90)),
                        "retrain_count": some(draw.randrange(3)), "optical_receive_dbm": number(-30, -10, 0.001), "wifi_rssi_dbm": number(-90, -40, 0.1),
                        "wifi_link_mbps": number(10, 900, 0.1), "resource_id": draw.choice(["x", "y"])}
            elif table == "counter":
                code = draw.choice(list(COUNTERS))
                row |= {"resource_id": draw.choice(["x", "y"]), "counter_code": code, "counter_value": some(float(draw.randrange(COUNTERS[code]))), "period_s": 900,
                        "is_suspect": some(draw.random() < 0.1)}
            elif table in ("alarm", "outage", "ticket"):
                row |= {"resource_id": draw.choice(["x", "y"]), "severity_code": some(draw.choice(["critical", "minor"])), "category_code": draw.choice(["bill", "coverage"]),
                        "ticket_id": str(len(rows)), "closed_at": some(moment + dt.timedelta(milliseconds=draw.randrange(60_000, 200_000_000)))}
            elif table in ("interaction", "social_post"):
                row |= {"channel_code": draw.choice(["phone", "chat"]), "category_code": draw.choice(["bill", "coverage"]), "sentiment_value": number(-1, 1, 0.01)}
            else:
                row = {"occurred_at": moment, "question_code": draw.choice(["call_rating_5", "call_rating_5", "nps_11", "csat_5", "ces_7"]),
                       "score_value": float(draw.randrange(1, 6)), "operator_name": draw.choice(["A", "B"])}
            rows.append({name: value for name, value in row.items() if name in schema_table(table).columns})
    steering = [{"country_code": "IT", "plmn_code": "99901", "target_ratio": 0.8}, {"country_code": "ES", "plmn_code": "99911", "target_ratio": 0.6}]
    subscribers = [{"subscriber_key": f"s{number}", "subscriber_kind_code": draw.choice(["mobile", "fixed"]), "status_code": "active"} for number in range(40)]
    return tiny_lake.TinyLake(network=tiny_lake.NETWORK, steering_target=steering, subscriber=subscribers, **tables)


@cache
def records(table):
    """The enriched records of a table as pandas."""
    return enriched(lake(), table).collect(backend="pandas").to_native()


def cell_name(table):
    return {"survey_answer": "operator_name", "probe_test": "service_code", "media_session": "rat_code", "iot_report": "fleet_code", "line_measurement": "resource_id",
            "counter": "resource_id", "alarm": "resource_id", "outage": "resource_id", "ticket": "severity_code", "interaction": "channel_code",
            "social_post": "channel_code", "subscriber_month": "subscriber_kind_code"}.get(table, "partner_code")


def codes_of(table):
    return [code for code in KPIS if catalogue()[code].table == table]


@cache
def figures(table, *by, source="lake"):
    """The figures of all KPIs of a table, by KPI: from the lake or from the records in memory."""
    people = "subscriber_key" in records(table).columns and table != "probe_test"
    if source == "lake":
        found = evaluate(lake(), codes_of(table), by=list(by), subscribers=people).frame
    else:
        found = evaluate_frame(records(table), codes_of(table), by=list(by), subscribers=people)
    return {code: found[found["kpi_code"] == code].reset_index(drop=True) for code in codes_of(table)}


def same(left, right):
    return (pd.isna(left) and pd.isna(right)) or left == pytest.approx(right, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("code", KPIS)
def test_it_is_documented(code):
    kpi = catalogue()[code]
    assert kpi.unit in UNITS
    assert kpi.title
    assert kpi.grain
    assert kpi.standard
    assert kpi.version
    assert kpi.better in ("higher", "lower", None)
    assert kpi.doc.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    function = getattr(importlib.import_module(f"cemlib.kpi.{kpi.service}"), code)
    for said in (f"Unit: {kpi.unit}.", f"Better: {kpi.better or 'neither'}.", f"One record: {kpi.grain}.", f"Standard: {kpi.standard}."):
        assert said in function.__doc__
    # ETSI, ITU and GSMA texts were not read: whoever names one says so
    if any(text in kpi.standard for text in ("TS 102 250", "IR.42", "TR 103 559", "28.554", "E.411", "E.437", "G.984", "G.109")):
        assert "unverified" in kpi.standard or "not read" in kpi.standard


@pytest.mark.parametrize("code", KPIS)
def test_its_worked_example_runs(code):
    module = importlib.import_module(f"cemlib.kpi.{catalogue()[code].service}")
    function = getattr(module, code)
    (found,) = doctest.DocTestFinder(recurse=False).find(function, code, module=module, globs=dict(vars(module)))
    examples = [one for one in found.examples if "work_example" in one.source]
    assert examples
    assert doctest.DocTestRunner(verbose=False).run(found).failed == 0


@pytest.mark.parametrize("code", KPIS)
def test_the_sample_has_something_to_count(code):
    # a contract that is kept by empty cells is not kept
    (row,) = figures(catalogue()[code].table)[code].to_dict("records")
    assert row["den"] > 0
    assert np.isfinite(row["value"])


@pytest.mark.parametrize("table", [table for table in TABLES if any(catalogue()[code].part.additive for code in codes_of(table))])
@settings(max_examples=3)
@given(seed=st.integers(0, 10_000))
def test_the_parts_of_a_union_are_the_sums(table, seed):
    codes = [code for code in codes_of(table) if catalogue()[code].part.additive]
    whole = records(table)[sorted({event_columns(table)[0]}.union(*(read_columns(catalogue()[code]) for code in codes)))]
    side = np.random.default_rng(seed).random(len(whole)) < 0.4
    one, other, both = (evaluate_frame(part, codes).set_index("kpi_code") for part in (whole[side], whole[~side], whole))
    assert list(both.index) == codes
    for code in codes:
        # a sum of seconds is shown in whole ones
        assert both["den"][code] == pytest.approx(one["den"][code] + other["den"][code], abs=0 if catalogue()[code].part.counts_records else 1), code
        assert both["num"][code] == pytest.approx(one["num"][code] + other["num"][code], rel=1e-12, abs=1e-9), code


@pytest.mark.parametrize("code", [code for code in KPIS if not catalogue()[code].part.additive])
def test_what_is_not_additive_says_so(code):
    assert catalogue()[code].part.interval in ("none", "order_statistics")


@pytest.mark.parametrize("code", KPIS)
def test_its_records_give_its_figure(code):
    # a month begins before the days of the sample
    since = "2026-03-01" if catalogue()[code].table == "subscriber_month" else "2026-03-10T06:00"
    result = evaluate(lake(), code, by=cell_name(catalogue()[code].table), since=since, until="2026-03-12")
    assert len(result.frame) > 1
    for row in result.frame.head(2).to_dict("records"):
        behind = result.rows(**{result.by[0]: row[result.by[0]]})
        again = result.recompute(behind)
        if catalogue()[code].part.interval not in ("poisson", "none") and catalogue()[code].part.counts_records:
            assert len(behind) == row["den"]
            assert again["den"] == row["den"]
        assert all(same(again[name], row[name]) for name in ("num", "value", "low", "high")) or row["den"] == 0


@pytest.mark.parametrize("code", KPIS)
def test_it_is_the_same_on_the_lake_and_on_a_data_frame(code):
    table = catalogue()[code].table
    by = [cell_name(table), "day_date"]
    left, right = (figures(table, *by, source=source)[code] for source in ("lake", "memory"))
    assert len(left) == len(right) > 1
    key = [left[name].astype(str).str[:10].tolist() for name in by]
    assert key == [right[name].astype(str).str[:10].tolist() for name in by]
    assert left["state"].tolist() == right["state"].tolist()
    for name in ("num", "den", "value", "low", "high", *(["subscribers"] if "subscribers" in left else [])):
        assert all(same(one, other) for one, other in zip(left[name], right[name])), name


@pytest.mark.parametrize("code", KPIS)
def test_it_reads_the_columns_that_it_says_and_each_of_them(code):
    kpi = catalogue()[code]
    whole, columns = records(kpi.table), read_columns(kpi)
    # the event time only keeps the number of records where no column is read
    narrow = whole[[name for name in whole.columns if name in {*columns, event_columns(kpi.table)[0]}]]
    pd.testing.assert_frame_equal(evaluate_frame(narrow, code), evaluate_frame(whole, code))
    for name in columns - {event_columns(kpi.table)[0]}:
        with pytest.raises(Exception, match=name):
            evaluate_frame(narrow.drop(columns=name), code)


@pytest.mark.parametrize("code", KPIS)
def test_a_figure_lies_in_its_interval(code):
    table = catalogue()[code].table
    frame = figures(table, cell_name(table))[code].dropna(subset=["low", "high", "value"])
    assert (frame["low"] <= frame["value"] + 1e-12).all()
    assert (frame["value"] <= frame["high"] + 1e-12).all()


@pytest.mark.parametrize("code", KPIS)
def test_the_sql_that_is_shown_gives_its_figures(code):
    table = catalogue()[code].table
    told, found = kpi_sql(catalogue()[code], [cell_name(table)], lake()), figures(table, cell_name(table))[code]
    sums = lake().query(told["sums"]).df().sort_values("_by0", na_position="last", key=lambda one: one.astype(str).where(one.notna(), "~"))
    steps = sums["den"].sum() / found["den"].sum()
    assert steps == 1 or not catalogue()[code].part.counts_records
    assert (sums["den"] / steps).tolist() == pytest.approx(found["den"].tolist(), abs=1)
    if catalogue()[code].part.interval in ("wilson", "poisson"):
        assert sums["num"].tolist() == found["num"].tolist()
    assert all(len(lake().query(sql).df()) for sql in told.values())


@pytest.mark.parametrize("code", KPIS)
def test_it_can_be_described(code):
    kpi = catalogue()[code]
    lineage = find_lineage(kpi)
    assert "\n" not in formula_words(kpi)
    # somebody fills it, or says how (a mapping of the user's own)
    assert lineage.connectors
    assert all(one.connectors or not one.read_from for one in lineage.columns), [one.name for one in lineage.columns if not one.connectors]
