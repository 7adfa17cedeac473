"""Every KPI of the catalogue gives the same figures and the same records on DuckDB and on a Spark cluster with two executors.

A new KPI is found here by being in the catalogue.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

from cemlib.enrich import enriched_schema
from cemlib.kpi import catalogue, evaluate

KPIS = sorted(catalogue())
TABLES = sorted({catalogue()[code].table for code in KPIS})
# what the figures are grouped by: nulls among the keys, and a bucket of time
BY = {"survey_answer": ["operator_name", "hour"], "probe_test": ["service", "visited_plmn", "day"], "roamer_day": ["partner", "day"],
      "registration": ["partner", "rat", "hour"], "media_session": ["rat", "service"], "iot_report": ["fleet", "day"], "line_measurement": ["resource", "day"],
      "counter": ["resource", "minute15"], "alarm": ["severity", "hour"], "outage": ["severity", "hour"], "ticket": ["channel", "hour"],
      "interaction": ["category", "hour"], "social_post": ["operator", "hour"], "subscriber_month": ["plan", "subscriber_kind"]}
EXACT = ("wilson", "poisson", "none")


def by_of(table):
    return BY.get(table, ["partner", "minute15"])


@pytest.fixture(scope="module")
def figures(duck, cluster):
    """The figures of all KPIs of a table on both engines, computed once."""

    @functools.cache
    def compute(table):
        codes = [code for code in KPIS if catalogue()[code].table == table]
        people = "subscriber_key" in enriched_schema(table)
        return [evaluate(duck, codes, by=by_of(table), subscribers=people, engine=engine) for engine in (None, cluster.url)]

    return compute


@pytest.mark.parametrize("code", KPIS)
def test_a_kpi_is_the_same_on_both_engines(figures, code):
    kpi = catalogue()[code]
    left, right = (one.frame[one.frame["kpi_code"] == code].reset_index(drop=True) for one in figures(kpi.table))
    # the comparison says something: there are cells, records in them, and a figure
    assert len(left) > 1
    assert left["den"].sum() > 0
    assert left["value"].notna().any()
    assert left.dtypes.to_dict() == right.dtypes.to_dict()
    whole = [*by_of(kpi.table), "den", "state", *(["subscribers"] if "subscribers" in left else []), *(["num"] if kpi.part.interval in EXACT else [])]
    pd.testing.assert_frame_equal(left[whole], right[whole], check_exact=True)
    for name in ("num", "value", "low", "high"):
        np.testing.assert_allclose(left[name], right[name], rtol=1e-9, atol=0)


@pytest.mark.parametrize("table", TABLES)
def test_the_records_behind_a_figure_are_the_same(figures, table):
    left, right = figures(table)
    code = next(code for code in KPIS if catalogue()[code].table == table)
    cells = left.frame[(left.frame["kpi_code"] == code) & (left.frame["den"] > 0)]
    first = by_of(table)[0]
    missing = cells[cells[first].isna()]
    cell = {first: None if len(missing) else cells[first].iloc[0]}
    one, other = left.rows(kpi=code, **cell), right.rows(kpi=code, **cell)
    assert len(one)
    # the same records, columns, types and order
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    pd.testing.assert_series_equal(left.recompute(one, kpi=code), right.recompute(other, kpi=code))


@pytest.mark.parametrize("table", [table for table in TABLES if table not in ("survey_answer", "counter", "alarm", "interaction", "subscriber_month")])
def test_the_cell_of_the_missing_key_is_compared(figures, table):
    left, _ = figures(table)
    assert left.frame[by_of(table)].isna().any(axis=None)


def test_conditions_and_a_window_mean_the_same(duck, cluster):
    # the hour in which Central Europe's clocks go forward
    asked = {"kpis": ["roaming_registration_reject_share", "roaming_registration_setup_mean"], "by": ["cause", "is_steering_reject"],
             "where": {"direction": ["outbound", "home"], "setup_s": (">", 0.1), "visited_plmn": ("!=", "99902")},
             "since": "2026-03-29T01:00+01:00", "until": "2026-03-29T03:00+02:00"}
    left, right = (evaluate(duck, engine=engine, **asked).frame for engine in (None, cluster.url))
    assert len(left) > 2
    pd.testing.assert_frame_equal(left, right, rtol=1e-9)


def test_what_was_made_to_differ_is_there(duck):
    figure = {code: evaluate(duck, code, where={"subscriber_key": ["steered", "refused"]}).value() for code in
              ("roaming_registration_steering_ratio", "roaming_registration_episode_count")}
    # one of three tries is inferred steering; two tries of one subscriber are one episode
    assert figure == {"roaming_registration_steering_ratio": pytest.approx(1 / 3), "roaming_registration_episode_count": 2}
    assert evaluate(duck, "roaming_silent_ratio", where={"subscriber_key": "silent"}).frame["den"].iloc[0] == 2


def test_both_executors_took_tasks(figures, spark):
    figures("registration")
    status = spark.relation("registration").sparkSession.sparkContext._jsc.sc().statusStore().executorList(False)
    done = {status.apply(place).id(): status.apply(place).completedTasks() for place in range(status.size())}
    workers = {name: tasks for name, tasks in done.items() if name != "driver"}
    assert len(workers) == 2
    assert all(tasks > 0 for tasks in workers.values())
    assert done.get("driver", 0) == 0
