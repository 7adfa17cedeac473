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
from cemlib.kpi import catalogue, describe, evaluate, evaluate_frame
from cemlib.kpi.columns import read_columns
from cemlib.units import UNITS

_spec = importlib.util.spec_from_file_location("tiny_lake", Path(__file__).parents[1] / "enrich" / "tiny_lake.py")
tiny_lake = sys.modules.get("tiny_lake") or importlib.util.module_from_spec(_spec)
if "tiny_lake" not in sys.modules:
    sys.modules["tiny_lake"] = tiny_lake
    _spec.loader.exec_module(tiny_lake)

KPIS = sorted(catalogue())
RECORDS = 240
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
        row = {event_columns(table)[0]: moment, "subscriber_key": f"s{draw.randrange(40)}", "direction_code": "inbound" if inbound else "outbound",
               "visited_plmn_code": "99970" if inbound else draw.choice(["99901", "99902", "99903", "99911", "99999"]),
               "home_plmn_code": draw.choice(["99901", "99911"]) if inbound else "99970", "rat_code": some(draw.choice(["3g", "4g"]))}
        if table in CAUSES:
            protocol, vendor, code = draw.choice(CAUSES[table]) if draw.random() < 0.3 else (None, None, "0")
            row |= {"cause_code": code} | ({"protocol_code": protocol, "cause_vendor_code": vendor} if protocol else {})
            if table != "registration":
                row.pop("cause_vendor_code", None)
        return row, moment

    tables = {name: [] for name in ("registration", "attachment", "data_session", "voice_call", "message", "probe_test", "survey_answer")}
    for _ in range(RECORDS):
        for table, rows in tables.items():
            row, moment = common(table)
            good = row.get("cause_code") == "0"
            if table == "registration":
                row |= {"setup_s": number(0.1, 20, 0.001), "is_steering": some(draw.random() < 0.3, 0.5)}
            elif table == "attachment":
                row |= {"ended_at": some(moment + dt.timedelta(hours=draw.randrange(1, 40)), 0.8)}
            elif table == "data_session":
                row |= {"setup_s": number(0.1, 2, 0.001), "dns_ms": number(5, 200, 0.1), "rtt_ms": number(20, 400, 0.1),
                        "throughput_down_mbps": number(0.1, 80, 0.001), "is_dropped": some(draw.random() < 0.1) if good else None}
            elif table == "voice_call":
                row |= {"setup_s": number(1, 12, 0.001), "mos_value": number(1, 4.5, 0.01) if good else None,
                        "mos_method_code": draw.choice(["g107_nb", "p863_fb"]), "is_dropped": some(draw.random() < 0.1) if good else None,
                        "alerting_at": some(moment + dt.timedelta(seconds=3), 0.95 if good else 0.2)}
            elif table == "message":
                row |= {"delivered_at": moment + dt.timedelta(milliseconds=draw.randrange(500, 90_000)) if good else None}
            elif table == "probe_test":
                row |= {"observation_code": draw.choice(["active", "device"]), "service_code": draw.choice(["speed", "voice"]),
                        "protocol_code": "sip", "cause_code": draw.choice(["0", "0", "503", None]), "rtt_ms": number(5, 100, 0.1),
                        "throughput_down_mbps": number(1, 300, 0.001), "throughput_up_mbps": number(1, 50, 0.001)}
            else:
                row = {"occurred_at": moment, "question_code": draw.choice(["call_rating_5", "call_rating_5", "nps_11", "csat_5", "ces_7"]),
                       "score_value": float(draw.randrange(1, 6)), "operator_name": draw.choice(["A", "B"])}
            rows.append(row)
    steering = [{"country_code": "IT", "plmn_code": "99901", "target_ratio": 0.8}, {"country_code": "ES", "plmn_code": "99911", "target_ratio": 0.6}]
    return tiny_lake.TinyLake(network=tiny_lake.NETWORK, steering_target=steering, **tables)


@cache
def records(table):
    """The enriched records of a table as pandas."""
    return enriched(lake(), table).collect(backend="pandas").to_native()


def cell_name(table):
    return {"survey_answer": "operator_name", "probe_test": "service_code"}.get(table, "partner_code")


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
    if "TS 102 250" in kpi.standard or "IR.42" in kpi.standard:
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
    (row,) = evaluate(lake(), code).frame.to_dict("records")
    assert row["den"] > 0
    assert np.isfinite(row["value"])


@pytest.mark.parametrize("code", [code for code in KPIS if catalogue()[code].part.additive])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_parts_of_a_union_are_the_sums(code, seed):
    whole = records(catalogue()[code].table)
    side = np.random.default_rng(seed).random(len(whole)) < 0.4
    one, other, both = (evaluate_frame(part, code).iloc[0] for part in (whole[side], whole[~side], whole))
    assert both["den"] == one["den"] + other["den"]
    assert both["num"] == pytest.approx(one["num"] + other["num"], abs=1e-9)


@pytest.mark.parametrize("code", [code for code in KPIS if not catalogue()[code].part.additive])
def test_what_is_not_additive_says_so(code):
    assert catalogue()[code].part.interval in ("none", "order_statistics")


@pytest.mark.parametrize("code", KPIS)
def test_its_records_give_its_figure(code):
    result = evaluate(lake(), code, by=cell_name(catalogue()[code].table), since="2026-03-10T06:00", until="2026-03-12")
    assert len(result.frame) > 1
    for row in result.frame.to_dict("records"):
        behind = result.rows(**{result.by[0]: row[result.by[0]]})
        again = result.recompute(behind)
        if catalogue()[code].part.interval not in ("poisson", "none"):
            assert len(behind) == row["den"]
            assert again["den"] == row["den"]
        assert all(same(again[name], row[name]) for name in ("num", "value", "low", "high")) or row["den"] == 0


@pytest.mark.parametrize("code", KPIS)
def test_it_is_the_same_on_the_lake_and_on_a_data_frame(code):
    kpi = catalogue()[code]
    by = [cell_name(kpi.table), "day_date"]
    left = evaluate(lake(), code, by=by, subscribers=kpi.table != "probe_test").frame
    right = evaluate_frame(records(kpi.table), code, by=by, subscribers=kpi.table != "probe_test")
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
    frame = evaluate(lake(), code, by=cell_name(catalogue()[code].table)).frame.dropna(subset=["low", "high", "value"])
    assert (frame["low"] <= frame["value"] + 1e-12).all()
    assert (frame["value"] <= frame["high"] + 1e-12).all()


@pytest.mark.parametrize("code", KPIS)
def test_the_sql_that_is_shown_gives_its_figures(code):
    told = describe(code, by=[cell_name(catalogue()[code].table)], lake=lake())
    figures = evaluate(lake(), code, by=cell_name(catalogue()[code].table)).frame
    sums = lake().query(told.sql["sums"]).df().sort_values("_by0", na_position="last", key=lambda one: one.astype(str).where(one.notna(), "~"))
    assert sums["den"].tolist() == figures["den"].tolist()
    if catalogue()[code].part.interval in ("wilson", "poisson"):
        assert sums["num"].tolist() == figures["num"].tolist()
    assert all(len(lake().query(sql).df()) for sql in told.sql.values())
    # what is shown of it
    assert told.formula
    assert told.lineage.connectors
    assert not set("\n").issubset(told.formula)
    assert told.example.den > 0 or told.example.value is None
