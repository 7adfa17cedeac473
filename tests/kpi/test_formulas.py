"""Net promoter interval, availability and carrier figures against the golden vectors and by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import multinomial

from cemlib.errors import ParameterError
from cemlib.kpi import evaluate_frame
from cemlib.kpi.availability import (
    find_availability,
    find_downtime,
    find_parallel_availability,
    find_series_availability,
    measure_availability,
)
from cemlib.kpi.carrier import measure_carrier
from cemlib.kpi.interval import bound_mean, bound_net_share, bound_sum_ratio, find_net_share_error


@pytest.fixture(scope="module")
def golden(shared_vectors):
    return lambda name: pd.read_csv(shared_vectors / f"{name}.csv")


def test_the_net_promoter_score(golden):
    rows = golden("nps")
    assert len(rows) == 7
    up, down, n = rows["promoters"], rows["detractors"], rows[["promoters", "passives", "detractors"]].sum(axis=1)
    assert (100 * (up - down) / n).to_numpy() == pytest.approx(rows["NPS"].to_numpy())
    assert 100 * find_net_share_error(up, down, n, adjust=False) == pytest.approx(rows["SE"].to_numpy(), abs=5.1e-7)
    assert 100 * find_net_share_error(up, down, n) == pytest.approx(rows["SE_adj_wald"].to_numpy(), abs=5.1e-7)
    low, high = bound_net_share(up, down, n, adjust=False)
    assert 100 * low == pytest.approx(rows["lo95"].to_numpy(), abs=5.1e-7)
    assert 100 * high == pytest.approx(rows["hi95"].to_numpy(), abs=5.1e-7)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
@example(1, 0, 0)
@example(0, 0, 1)
def test_a_net_share_lies_in_its_interval(up, passive, down):
    n = up + passive + down
    low, high = bound_net_share([up], [down], [n])
    if n:
        assert -1 <= low[0] <= (up - down) / n <= high[0] <= 1
        assert high[0] - low[0] > 0  # unanimous or not
    else:
        assert np.isnan([low[0], high[0]]).all()


def test_the_adjusted_interval_covers_where_the_plain_one_does_not():
    # exact coverage over all outcomes of a panel of 15 with p = .85, d = .02
    n, p, d = 15, 0.85, 0.02
    outcomes = np.array([(u, w, n - u - w) for u in range(n + 1) for w in range(n + 1 - u)])
    mass = multinomial.pmf(outcomes, n, [p, d, 1 - p - d])
    cover = {}
    for adjust in (True, False):
        low, high = bound_net_share(outcomes[:, 0], outcomes[:, 1], np.full(len(outcomes), n), adjust=adjust)
        cover[adjust] = mass[(low <= p - d) & (p - d <= high)].sum()
    assert cover[True] > 0.93
    assert cover[False] < 0.92


def test_answers_that_contradict_each_other_have_no_interval():
    low, high = bound_net_share([8, -1, 1], [5, 1, 1], [10, 10, np.nan])
    assert np.isnan([low, high]).all()


def test_customer_effort_is_a_mean_with_students_interval():
    # 2, 3, 4, 7 of 7: mean 4, s = 2.1602, t(3) = 3.1824
    low, high = bound_mean([16], [78], [4])
    assert (float(low[0]), float(high[0])) == pytest.approx((4 - 3.1824 * 2.1602 / 2, 4 + 3.1824 * 2.1602 / 2), abs=1e-3)


def test_downtime(golden):
    rows = golden("availability")
    assert len(rows) == 6
    assert find_downtime(rows["availability_pct"] / 100) == pytest.approx(rows["downtime_min_year"].to_numpy())
    assert find_downtime(rows["availability_pct"] / 100, 30 * 24 * 60) == pytest.approx(rows["downtime_min_30d"].to_numpy())


def test_parts_put_together():
    assert find_series_availability([[0.9, 0.8], [1.0, 0.5]]).tolist() == pytest.approx([0.72, 0.5])
    assert find_parallel_availability([[0.9, 0.8], [1.0, 0.5]]).tolist() == pytest.approx([0.98, 1.0])
    assert np.isnan(find_series_availability([0.9, 1.1]))
    assert np.isnan(find_parallel_availability([0.9, -0.1]))
    assert np.isnan(find_availability([0, np.inf, -1], [0, 1, 2])).all()


def test_an_agreement_with_exclusions_by_hand():
    # outages 0-10 and 5-20 (reported twice), 90-120; maintenance 15-30; period 0-100
    outages, excluded = [(5, 20), (0, 10), (90, 120)], [(15, 30)]
    # down: 0-15 and 90-100 = 25; agreed: 100 - 15
    assert measure_availability(outages, 0, 100, excluded) == pytest.approx((1 - 25 / 85, 25, 85))
    assert measure_availability(outages, 0, 100, excluded, excluded_counts_as="up") == pytest.approx((0.75, 25, 100))
    assert measure_availability([], 0, 100) == (1, 0, 100)
    availability, down, agreed = measure_availability([(0, 5)], 0, 100, [(0, 100)])
    assert np.isnan(availability)
    assert (down, agreed) == (0, 0)


spans = st.lists(st.tuples(st.integers(-20, 120), st.integers(0, 60)).map(lambda one: (one[0], one[0] + one[1])), max_size=6)


@given(spans, spans)
def test_an_agreement_counts_second_by_second(outages, excluded):
    def seconds(some):
        return {second for begin, end in some for second in range(max(begin, 0), min(end, 100))}

    down, out = seconds(outages), seconds(excluded)
    availability, downtime, agreed = measure_availability(outages, 0, 100, excluded)
    assert (downtime, agreed) == (len(down - out), 100 - len(out))
    if agreed:
        assert availability == pytest.approx(1 - len(down - out) / (100 - len(out)))


@pytest.mark.parametrize("call", [
    lambda: measure_availability([(5, 1)], 0, 10), lambda: measure_availability([(5, float("nan"))], 0, 10), lambda: measure_availability([], 10, 10),
    lambda: measure_availability([], 0, 10, excluded_counts_as="down"),
])
def test_spans_that_cannot_be_are_refused(call):
    with pytest.raises(ParameterError):
        call()


def test_carriers(golden):
    rows = golden("idd_asr_ner_acd")
    assert len(rows) == 3
    figures = measure_carrier(*(rows[name] for name in ("seizures", "answered", "user_busy", "ring_no_answer", "terminal_reject", "conv_seconds")))
    assert 100 * figures.asr_ratio == pytest.approx(rows["ASR_pct"].to_numpy())
    assert 100 * figures.ner_ratio == pytest.approx(rows["NER_pct"].to_numpy())
    assert figures.acd_s == pytest.approx(rows["ACD_s"].to_numpy())
    assert figures.minutes == pytest.approx(rows["minutes"].to_numpy())
    assert np.isnan(figures.abr_ratio).all()
    assert figures.impossible == 0


def test_bids_are_another_denominator():
    figures = measure_carrier([1000, 1000, 1000], 620, 150, 120, 30, 186000, bids=[1240, 900, None])
    assert figures.abr_ratio == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)
    # fewer bids than seizures cannot be; unknown bids take only ABR away
    assert figures.impossible == 1
    assert figures.asr_ratio == pytest.approx([0.62, np.nan, 0.62], nan_ok=True)


@pytest.mark.parametrize("row", [(10, 11, 0, 0, 0, 60), (10, 5, 6, 0, 0, 60), (10, -1, 0, 0, 0, 0), (10, 0, 0, 0, 0, 60), (10, 5, 0, 0, 0, -60), (np.inf, 5, 0, 0, 0, 60)])
def test_counters_that_contradict_each_other_give_nothing(row):
    figures = measure_carrier(*([one] for one in row))
    assert figures.impossible == 1
    assert np.isnan([figures.asr_ratio, figures.ner_ratio, figures.acd_s, figures.minutes]).all()


def figure(code, **columns):
    return evaluate_frame(columns, code).iloc[0]


def test_the_score_of_the_catalogue_is_that_of_the_vectors(golden):
    for row in golden("nps").to_dict("records"):
        up, passive, down = (int(row[name]) for name in ("promoters", "passives", "detractors"))
        found = figure("survey_nps_score", question_code=["nps_11"] * (up + passive + down), score_value=[10.0] * up + [8.0] * passive + [0.0] * down)
        assert 100 * found["value"] == pytest.approx(row["NPS"])
        # the adjusted interval is about the adjusted difference: three answers more
        half = 1.959964 * row["SE_adj_wald"]
        centre = 100 * (up - down) / (up + passive + down + 3)
        assert 100 * found["low"] == pytest.approx(max(min(centre - half, row["NPS"]), -100), abs=1e-5)
        assert 100 * found["high"] == pytest.approx(min(max(centre + half, row["NPS"]), 100), abs=1e-5)
        assert found["state"] == ("too_few" if up + passive + down < 30 or found["high"] - found["low"] > 0.4 else "ok")


def test_the_satisfied_of_the_catalogue_are_those_of_the_vectors(golden):
    for row in golden("wilson_csat_top2box").to_dict("records"):
        good, n = int(row["k"]), int(row["n"])
        found = figure("survey_csat_ratio", question_code=["csat_5"] * n, score_value=[5.0] * good + [1.0] * (n - good))
        assert (found["value"], found["low"], found["high"]) == pytest.approx((row["p"], row["wilson_lo"], row["wilson_hi"]), abs=1e-7)


def test_single_calls_give_the_carrier_figures_of_the_vectors(golden):
    for row in golden("idd_asr_ner_acd").to_dict("records"):
        ended = [("16", int(row["answered"])), ("17", int(row["user_busy"])), ("19", int(row["ring_no_answer"])), ("21", int(row["terminal_reject"]))]
        rest = int(row["seizures"]) - sum(number for _, number in ended)
        causes = [cause for cause, number in [*ended, ("34", rest)] for _ in range(number)]
        # 40 bids more that never seized a circuit
        calls = {"cause_code": [*causes, *["34"] * 40], "trunk_in_id": ["in"] * (len(causes) + 40), "trunk_out_id": [*["out"] * len(causes), *[None] * 40]}
        answered = [cause == "16" for cause in causes] + [False] * 40
        calls["answered_at"] = ["2026-03-01T10:00:00" if one else None for one in answered]
        calls["conversation_s"] = [row["conv_seconds"] / row["answered"] if one else None for one in answered]
        assert 100 * figure("transit_call_asr_ratio", **calls)["value"] == pytest.approx(row["ASR_pct"])
        assert 100 * figure("transit_call_ner_ratio", **calls)["value"] == pytest.approx(row["NER_pct"])
        acd = figure("transit_call_acd_mean", **calls)
        assert acd["value"] == pytest.approx(row["ACD_s"])
        assert acd["num"] / 60 == pytest.approx(row["minutes"])
        assert figure("transit_call_abr_ratio", **calls)["value"] == pytest.approx(row["answered"] / (row["seizures"] + 40))


def test_the_availability_of_the_catalogue_is_that_of_the_vectors(golden):
    for row in golden("availability").to_dict("records"):
        # thirty days of one cell, down once
        down = [row["downtime_min_30d"] * 60] + [0.0] * 29
        found = figure("network_cell_availability_ratio", counter_code=["RRU.CellUnavailableTime"] * 30, counter_value=down, period_s=[86_400] * 30,
                       is_suspect=[False] * 30)
        assert 100 * found["value"] == pytest.approx(row["availability_pct"])
        assert found["low"] < found["value"] < found["high"]


def test_a_ratio_of_sums_of_equal_denominators_is_a_mean():
    # then the linearised interval is Student's of the ratios: 0, 0.1, 0.2 and 0.5 of 10 each
    values = np.array([0.0, 1.0, 2.0, 5.0])
    low, high = bound_sum_ratio([values.sum()], [40.0], ([(values**2).sum()], [400.0], [10 * values.sum()]), [4])
    mean_low, mean_high = bound_mean([values.sum() / 10], [(values**2).sum() / 100], [4])
    assert (low[0], high[0]) == pytest.approx((mean_low[0], mean_high[0]))
    assert np.isnan(bound_sum_ratio([1.0], [2.0], ([1.0], [4.0], [2.0]), [1])).all()
    assert np.isnan(bound_sum_ratio([0.0], [0.0], ([0.0], [0.0], [0.0]), [5])).all()


def test_more_successes_than_attempts_are_no_share():
    counters = {"counter_code": ["HO.ExeAtt", "HO.ExeSucc"], "counter_value": [100.0, 104.0], "is_suspect": [False, False]}
    found = figure("network_handover_execution_ratio", **counters)
    assert found["value"] == pytest.approx(1.04)
    assert np.isnan([found["low"], found["high"]]).all()
    # an interval that cannot be stated is no narrow one
    assert found["state"] == "too_few"


def test_rates_of_events_have_the_exact_interval():
    # 0 releases in 100 h: the upper limit is 3.689 / 100 per hour
    found = figure("network_erab_release_rate", counter_code=["ERAB.RelActNbr", "ERAB.SessionTimeUE"], counter_value=[0.0, 360_000.0], is_suspect=[None, None])
    assert (found["value"], found["low"]) == (0, 0)
    assert found["high"] == pytest.approx(3.6889 / 100, abs=1e-6)
