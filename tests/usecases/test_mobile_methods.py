"""Clumping, expectation, period and filters of the mobile view, on tables small enough to be worked out by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemlib.errors import ParameterError
from cemlib.usecases.mobile.answers import FACTORS, Clumps, complaints_of, judge_cells, judge_levels
from cemlib.usecases.mobile.clumping import effective_count, measure_agreement, share_interval
from cemlib.usecases.mobile.expectation import expected_share, split_shift
from cemlib.usecases.mobile.scope import scope_of
from cemlib.usecases.mobile.selection import chosen_value
from cemlib.usecases.period import read_period


def counted(rows: list[dict]) -> pd.DataFrame:
    """Counted answers with what a test does not name filled in."""
    usual = {"operator": "A", "technology": "4g", "place": "indoor", "state": "X", "category": "satisfactory", "grain": "exact",
             "day": pd.Timestamp("2026-03-01"), "latitude_deg": 1.0, "longitude_deg": 1.0, "subscriber_key": None, "clump": None, "n": 1}
    frame = pd.DataFrame([{**usual, **row} for row in rows])
    frame["subscriber_key"] = frame["subscriber_key"].astype(object)
    frame["bad"] = frame["n"].where(frame["score"] <= 2, 0)
    return frame


def test_answers_that_do_not_agree_are_worth_what_they_are():
    # two answers a clump, one bad and one good each, half expected: residuals +.5 and -.5, product -.25, clipped to 0
    clumps = pd.DataFrame({"clump": list("abc"), "n": [2, 2, 2], "bad": [1, 1, 1], "expected": [0.5] * 3})
    assert measure_agreement(clumps) == 0.0
    assert measure_agreement(pd.DataFrame({"clump": ["a", "b"], "n": [1, 1], "bad": [1, 0], "expected": [0.5, 0.5]})) == 0.0


def test_half_agreement():
    # clumps of 2, expected 1/2: pairs ++ ++ -- +-: products .25 .25 .25 -.25, mean .125, over the variance .25: .5
    clumps = pd.DataFrame({"clump": list("abcd"), "n": [2] * 4, "bad": [2, 2, 0, 1], "expected": [0.5] * 4})
    assert measure_agreement(clumps) == pytest.approx(0.5)


@given(n=st.integers(1, 10_000), size=st.integers(1, 50), agreement=st.floats(0, 1))
def test_answers_are_worth_at_most_their_number_and_at_least_their_clumps(n, size, agreement):
    total = n * size
    worth = effective_count(pd.Series([total]), pd.Series([total]), pd.Series([n * size**2]), agreement)[0]
    assert n * (1 - 1e-9) <= worth <= total * (1 + 1e-9)


def test_an_interval_of_separate_answers_is_wilsons():
    # 85 of 100: Wilson 0.7672 – 0.9069 (golden/wilson_csat_top2box.csv)
    low, high = share_interval(pd.Series([0.85]), pd.Series([100.0]))
    assert (round(low[0], 4), round(high[0], 4)) == (0.7672, 0.9069)


def test_the_expected_number_is_the_observed_one_and_factors_add_up():
    groups = pd.DataFrame({"operator": list("AABB"), "place": ["in", "out"] * 2, "n": [4000, 1000, 1000, 4000], "bad": [400, 250, 200, 1600]})
    expected = expected_share(groups, ["operator", "place"])
    assert (expected * groups["n"]).sum() == pytest.approx(groups["bad"].sum(), abs=1e-6)
    # with every combination of one factor alone, the expectation is its share: 600 / 5000 and 1850 / 5000
    assert expected_share(groups, ["place"]).round(3).tolist() == [0.12, 0.37, 0.12, 0.37]


def test_a_level_with_nothing_but_bad_answers_stays_finite():
    groups = pd.DataFrame({"operator": ["A", "B"], "n": [1000, 3], "bad": [200, 3]})
    expected = expected_share(groups, ["operator"])
    assert 0.2 < expected[1] < 1
    assert expected_share(groups.assign(bad=0), ["operator"]).tolist() == [0.0, 0.0]


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("xyz"), st.integers(1, 200), st.floats(0, 1)), min_size=2, max_size=12))
def test_mix_and_rate_add_up_exactly(rows):
    groups = pd.DataFrame([(one, two, n, round(n * share)) for one, two, n, share in rows], columns=["operator", "place", "n", "bad"])
    shift = split_shift(groups, "operator", ["operator", "place"])
    by = groups.groupby("operator")[["n", "bad"]].sum()
    gap = by["bad"] / by["n"] - groups["bad"].sum() / groups["n"].sum()
    np.testing.assert_allclose((shift["mix_point"] + shift["rate_point"]).reindex(gap.index), gap, atol=1e-9)


def test_one_eager_phone_does_not_make_the_worst_place():
    """State X: 600 bad answers, all from one square; state Y: 60 of 80 bad from 80 customers. Y is named, X is not judged."""
    rows = [{"state": "X", "score": 1, "n": 600, "clump": "phone"}, {"state": "X", "score": 5, "n": 5, "clump": "other"}]
    rows += [{"state": "Y", "score": 1 if one < 60 else 5, "clump": f"y{one}"} for one in range(80)]
    rows += [{"state": "Z", "score": 1 if one % 10 == 0 else 5, "clump": f"z{one // 2}"} for one in range(3000)]
    frame = counted(rows)
    clumps = Clumps(frame)
    # within the pairs of Z at most one is bad, but the phone's 600 answers are all pairs of one another
    assert clumps.agreement > 0.5
    cells = judge_cells(frame, clumps, expected_share(frame, ["operator", "technology", "place"])).set_index("state")
    assert cells.index[0] == "Y"
    assert cells.loc["Y", "verdict"] == "above"
    assert cells.loc["X", ["state_code", "verdict"]].tolist() == ["few_givers", "not_judged"]
    assert cells.loc["Y", ["n", "bad"]].tolist() == [80, 60]


def test_too_few_and_not_stated():
    rows = [{"state": "X", "score": 1, "n": 29, "clump": "x"}, {"state": "unknown", "score": 5, "n": 500, "clump": "u"}]
    levels = judge_levels(counted(rows), "state", Clumps(counted(rows)))
    # what is not stated stands last, and is no cell
    assert levels["state"].tolist() == ["X", "unknown"]
    assert levels.loc[0, "state_code"] == "too_few"
    assert judge_cells(counted(rows), Clumps(counted(rows)), pd.Series([0.1, 0.1]))["state"].tolist() == ["X"]


def test_a_manager_does_not_see_a_group_of_nine_customers():
    rows = [{"operator": "A", "score": 1, "subscriber_key": f"a{one}", "clump": f"a{one}", "n": 5} for one in range(9)]
    rows += [{"operator": "B", "score": 5, "subscriber_key": f"b{one}", "clump": f"b{one}"} for one in range(200)]
    rows += [{"operator": "C", "score": 5, "subscriber_key": f"c{one}", "clump": f"c{one}"} for one in range(60)]
    frame = counted(rows)
    shown = judge_levels(frame, "operator", Clumps(frame, "manager")).set_index("operator")
    # A alone could be worked out from the total: C, the next smallest, is hidden too
    assert shown["state_code"].to_dict() == {"A": "suppressed", "B": "ok", "C": "suppressed"}
    assert shown.loc["A", ["n", "bad", "bad_ratio"]].isna().all()
    assert judge_levels(frame, "operator", Clumps(frame, "analyst")).set_index("operator").loc["A", "n"] == 45


def test_complaints_are_spread_over_the_ratings():
    rows = [{"category": "poor_voice", "score": 1, "n": 3}, {"category": "poor_voice", "score": 3, "n": 1}, {"category": "satisfactory", "score": 5, "n": 6}]
    spread = complaints_of(counted(rows)).set_index("category")
    assert spread.loc["poor_voice", [f"rating_{score}" for score in range(1, 6)]].tolist() == [3, 0, 1, 0, 0]
    # (3 x 1 + 3) / 4
    assert spread.loc["poor_voice", ["score_mean", "bad_share_ratio"]].tolist() == [1.5, 1.0]


@pytest.mark.parametrize(("text", "first", "last"), [
    ("all", None, None), ("2024-02", "2024-02-01", "2024-02-29"), ("2026-03-21", "2026-03-21", "2026-03-21"),
    ("2026-03-01/2026-03-15", "2026-03-01", "2026-03-15"), ("2026-03-01/", "2026-03-01", None), ("/2026-03", None, "2026-03-31")])
def test_periods(text, first, last):
    period = read_period(text)
    assert (period.first and period.first.isoformat(), period.last and period.last.isoformat()) == (first, last)


@pytest.mark.parametrize("text", ["soon", "2026-13", "2026-03-01/2026-02-01", "1/2/3", "/", "2026-3"])
def test_periods_that_are_none(text):
    with pytest.raises(ParameterError):
        read_period(text)


def test_a_month_does_not_pretend_to_days():
    days = pd.to_datetime(["2019-09-01", "2019-10-01", "2019-10-03", "2019-10-20", "2019-10-03"])
    frame = pd.DataFrame({"grain": ["month", "month", "exact", "exact", "unknown"], "day": days, "n": [10, 20, 3, 4, 5]})
    whole = scope_of(frame, read_period("2019-09/2019-10"))
    assert whole.mask.tolist() == [True, True, True, True, False]
    assert (whole.undated, whole.partly, whole.grains) == (5, 0, ("exact", "month"))
    part = scope_of(frame, read_period("2019-09-01/2019-10-10"))
    # October reaches beyond the 10th; the 3rd of October is known exactly, so days count and months do not
    assert part.mask.tolist() == [False, False, True, False, False]
    assert part.partly == 30
    assert part.grains == ("exact",)
    late = scope_of(frame, read_period("2019-09-15/2019-09-30"))
    assert late.mask.sum() == 0
    assert late.partly == 10
    months = frame[frame["grain"] == "month"]
    # nothing but months: September stays, and the condition for the lake ends before October
    only = scope_of(months, read_period("2019-09-01/2019-10-10"))
    assert only.mask.tolist() == [True, False]
    assert only.until == dt.date(2019, 10, 1)
    assert scope_of(frame, read_period("all")).mask.all()


def test_filters_know_their_levels():
    assert chosen_value("state", "PUNJAB", ["Punjab", "Goa"]) == "Punjab"
    assert chosen_value("state", "", ["Punjab"]) == "all"
    with pytest.raises(ParameterError, match="no state 'Punjap'") as caught:
        chosen_value("state", "Punjap", ["Punjab", "Goa"])
    assert "Did you mean 'Punjab'" in caught.value.todo
    with pytest.raises(ParameterError) as caught:
        chosen_value("state", "Atlantis", [])
    assert "Nothing is loaded yet" in caught.value.todo


def test_factors_are_the_filters():
    assert FACTORS == ("operator", "technology", "place", "state")
