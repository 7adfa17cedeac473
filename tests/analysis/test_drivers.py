"""Drivers, asymmetry, knees, price and expectation: what was planted comes back, and nothing where nothing was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.analysis import CausalGraph, SatisfactionModel, WhatIf, expect_quality, map_importance
from cemlib.analysis.asymmetry import find_knee, penalty_and_reward
from cemlib.analysis.drivers import group_collinear, shapley_shares, share_by_segment
from cemlib.analysis.expectation import weigh_price
from cemlib.analysis.leaks import find_leaks, find_suspects
from cemlib.errors import ParameterError, UnknownNameError

WHO = pd.Series(np.arange(2000) // 2)


def world(seed: int = 1):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"stalls": rng.normal(size=2000), "mbps": rng.normal(size=2000), "price": rng.normal(size=2000)})
    X["wait"] = X["stalls"] + rng.normal(0, 0.2, 2000)
    return X, rng.normal(0, 0.3, 1000)[WHO] + rng.normal(0, 0.5, 2000)


def test_shares_of_two_correlated_drivers_by_hand():
    # r12 = .5, r1y = .6, r2y = .5: R2 of both is (.36 + .25 - 2 * .5 * .6 * .5) / (1 - .25) = .41333; alone .36 and .25
    moments = np.array([[1, 0.5, 0.6], [0.5, 1, 0.5], [0.6, 0.5, 1]])
    both = 0.31 / 0.75
    by_hand = [(0.36 + both - 0.25) / 2, (0.25 + both - 0.36) / 2]
    assert shapley_shares(moments, [np.array([0]), np.array([1])], 10**9) == pytest.approx(by_hand)


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_shares_add_up_and_do_not_depend_on_the_order(seed, count):
    data = np.random.default_rng(seed).normal(size=(60, count + 1)).cumsum(axis=1)
    moments = np.cov(data.T)
    parts = [np.array([one]) for one in range(count)]
    shares = shapley_shares(moments, parts, 60)
    alone = shapley_shares(moments, [np.arange(count)], 60)
    assert shares.sum() == pytest.approx(alone[0])
    assert shapley_shares(moments, parts[::-1], 60)[::-1] == pytest.approx(shares)


def test_what_acts_on_nothing_has_no_share_though_customers_rate_often():
    # contract and mood are the customer's: of R2 chance makes two columns (a value and its square) over 100 customers, 2 %, times the mood's part of .8 and not
    # 2 in 600 ratings, as an adjustment by rows would have it
    told = []
    for number in range(15):
        rng = np.random.default_rng([3, number])
        who = pd.Series(np.arange(600) // 6)
        contract = pd.DataFrame({"contract": rng.normal(size=100)[who]})
        told.append(share_by_segment(contract, pd.Series(2 * rng.normal(size=100)[who] + rng.normal(size=600)), who, draws=40, seed=number).iloc[0])
    found = pd.DataFrame(told)
    assert abs(found["share"].mean()) < 0.006
    assert (found["low"] <= 0).sum() >= 14
    assert (found["high"] >= 0).all()


def test_a_share_is_that_of_the_square_of_the_correlation_and_its_interval_holds_it():
    X, noise = world()
    # .25 of .25 + .09 + .25; the two others nothing
    found = share_by_segment(X[["stalls", "mbps", "price"]], pd.Series(0.5 * X["stalls"] + noise), WHO, draws=40).set_index("driver")
    assert found.loc["stalls", "share"] == pytest.approx(0.25 / 0.59, abs=0.04)
    assert found.loc["stalls", "low"] < 0.25 / 0.59 < found.loc["stalls", "high"]
    assert (found.loc[["mbps", "price"], "low"] < 0).all()


def test_drivers_differ_between_segments_and_three_people_are_too_few():
    X, noise = world()
    segment = pd.Series(np.where(WHO < 500, "gamers", "callers")).mask(WHO >= 997, "three")
    y = pd.Series(3 + np.where(WHO < 500, -0.6 * X["stalls"], 0.6 * X["mbps"]) + noise)
    found = share_by_segment(X, y, WHO, segment, draws=30).set_index(["segment", "driver"])
    # stalls and waiting cannot be told apart, so they stand together; .36 of .36 + .34
    assert found.loc[("gamers", "stalls, wait"), "share"] == pytest.approx(0.51, abs=0.06)
    assert found.loc[("callers", "mbps"), "share"] == pytest.approx(0.51, abs=0.06)
    assert abs(found.loc[("gamers", "mbps"), "share"]) < 0.02
    assert found.loc["three", "state"].tolist() == ["too few"] * 3
    assert found.loc["three", "share"].isna().all()


def test_a_group_is_told_wrong():
    X, noise = world()
    with pytest.raises(UnknownNameError, match="stals"):
        share_by_segment(X, pd.Series(noise), WHO, groups={"video": ["stals"]})
    with pytest.raises(ParameterError, match="in two groups"):
        share_by_segment(X, pd.Series(noise), WHO, groups={"video": ["stalls"], "web": ["stalls"]})
    assert group_collinear(X)["stalls, wait"] == ["stalls", "wait"]


@pytest.mark.parametrize(("below", "above", "kano"), [(0.5, 0.0, "basic"), (0.0, 0.5, "excitement"), (0.55, 0.2, "performance"), (0.3, 0.3, "")])
def test_what_penalises_and_what_rewards(below, above, kano):
    X, noise = world()
    speed = X["mbps"].to_numpy()
    # ratings end at 5: that must not look like satisfaction that more speed cannot raise
    y = pd.Series(np.clip(4 + np.where(speed < 0, below * speed, above * speed) + noise, 1, 5).round())
    found = penalty_and_reward(X[["mbps", "price"]], y, WHO, better={"mbps": 1}, reference={"mbps": 0.0}).set_index("feature")
    assert found.loc["mbps", "kano"] == kano
    assert found.loc["price", "kano"] == ""
    if kano:
        assert found.loc["mbps", "asymmetry"] == ("penalty" if below > above else "reward")


def test_stalls_are_turned_round():
    X, noise = world()
    y = pd.Series(3 - 0.5 * X["stalls"].clip(lower=0) + noise)
    found = penalty_and_reward(X[["stalls", "price"]], y, WHO).set_index("feature")
    # more stalls than usual is the penalty side
    assert found.loc["stalls", "kano"] == "basic"
    assert found.loc["stalls", "penalty"] > 0.5


def test_long_tails_do_not_stretch_the_step_in_which_penalty_is_told():
    X, noise = world()
    y = pd.Series(3 + 0.4 * X["mbps"] + noise)
    usual = penalty_and_reward(X[["mbps", "price"]], y, WHO).set_index("feature").loc["mbps"]
    # a hundredth of the moments lie far out, where nothing changes any more
    wild = X.assign(mbps=X["mbps"].mask(X.index % 100 == 0, -500.0))
    told = penalty_and_reward(wild[["mbps", "price"]], y, WHO, better={"mbps": 1}).set_index("feature").loc["mbps"]
    assert told["reward"] == pytest.approx(usual["reward"], rel=0.6)


def test_a_knee_is_found_where_it_is_and_nowhere_else():
    X, noise = world()
    y = pd.Series(3 + 0.5 * X["mbps"].clip(upper=0.5) + noise)
    one = find_knee(X, y, WHO, "mbps", draws=40)
    assert one["knee"] == pytest.approx(0.5, abs=0.3)
    assert one["low"] <= 0.5 <= one["high"]
    assert one["slope_before"] == pytest.approx(0.5, abs=0.05)
    assert find_knee(X, pd.Series(3 + 0.5 * X["mbps"] + noise), WHO, "mbps", draws=40)["knee"] is None
    with pytest.raises(UnknownNameError, match="mpbs"):
        find_knee(X, y, WHO, "mpbs")


def test_price_makes_quality_count_more():
    X, noise = world()
    y = pd.Series(3 + 0.3 * X["mbps"] + 0.15 * X["mbps"] * X["price"] - 0.1 * X["price"] + noise)
    found = weigh_price(X[["mbps", "price"]], y, WHO, quality="mbps", price="price")
    assert found.interaction == pytest.approx(0.15, abs=0.04)
    assert found.low < 0.15 < found.high
    corner = found.corners.set_index(["quality", "price"])["expected"]
    # low quality at a low price is forgiven: 3 - .38 + .15 * 1.28 ** 2 + .13, at a high one not
    assert corner["low", "low"] == pytest.approx(3 - 1.28 * 0.3 + 0.15 * 1.28**2 + 0.128, abs=0.1)
    assert corner["low", "high"] < corner["low", "low"] - 0.5
    flat = weigh_price(X[["mbps", "price"]], pd.Series(3 + 0.3 * X["mbps"] + noise), WHO, quality="mbps", price="price")
    assert flat.verdict == "not told apart"
    with pytest.raises(ParameterError, match="Too little"):
        weigh_price(X[["mbps", "price"]].head(20), y, WHO, quality="mbps", price="price")


def test_expectation_uses_nothing_from_later():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"who": rng.integers(0, 20, 200), "at": rng.permutation(200), "q": rng.normal(size=200), "tariff": rng.integers(0, 2, 200)})
    told = expect_quality(rows, "q", customer="who", at="at", tariff="tariff")
    later = rows["at"] >= 120
    changed = rows.assign(q=rows["q"].where(~later, 99.0))
    again = expect_quality(changed, "q", customer="who", at="at", tariff="tariff")
    pd.testing.assert_series_equal(told[rows["at"] <= 120], again[rows["at"] <= 120])
    # by hand: own 4 then 8 a memory of 1 later: (8 + 4 / e + 2 * 6) / (1 + 1 / e + 2)
    hand = pd.DataFrame({"who": ["a"] * 3, "at": [1, 2, 3], "q": [4.0, 8.0, 0.0]})
    assert expect_quality(hand, "q", customer="who", at="at", memory=1)[2] == pytest.approx((8 + 4 / np.e + 12) / (1 + 1 / np.e + 2))


def test_a_copy_of_the_answer_is_noticed_and_a_count_of_faults_is_not():
    rng = np.random.default_rng(5)
    faults = pd.Series(rng.poisson(3, 1500).clip(0, 10))
    rating = pd.Series((5.5 - 0.5 * faults + rng.normal(0, 0.8, 1500)).round().clip(1, 5))
    copy = (rating + rng.normal(0, 1.0, 1500)).round().clip(1, 5)
    X = pd.DataFrame({"x1": copy, "x2": faults, "x3": copy * 2})
    assert find_leaks(X, rating)["feature"].tolist() == ["x1"]
    assert find_leaks(X, rating, known_before=["x1"]).empty
    # twice the copy is on no scale of answers: a suspect, since it tells more than all others
    assert find_suspects(X[["x3"]].assign(x2=rng.normal(size=1500)), rating)["feature"].tolist() == ["x3"]


def test_importance_is_what_there_is_to_gain():
    X, noise = world()
    poor = pd.Series(np.where(WHO < 500, "north", "south"))
    X["mbps"] -= np.where(WHO < 500, 1.0, 0.0)
    y = pd.Series((3.4 + 0.4 * X["mbps"] - 0.05 * X["stalls"] + noise).clip(1, 5))
    model = SatisfactionModel("gbm", monotone={"mbps": 1}).fit(X[["mbps", "stalls"]], y, WHO)
    found = map_importance(WhatIf(model, draws=40), by=poor).set_index(["segment", "driver"])
    north, south = found.loc[("north", "mbps")], found.loc[("south", "mbps")]
    # by hand: .4 times the mean lift to the upper quartile of all
    upper = X["mbps"].quantile(0.75)
    assert north["importance"] == pytest.approx(0.4 * (upper - X["mbps"][WHO < 500]).clip(lower=0).mean(), abs=0.05)
    assert north["importance"] > south["importance"] + 0.2
    # who has it already is good already
    assert north["performance"] == pytest.approx(100 * (X["mbps"][WHO < 500] >= upper).mean())
    assert south["performance"] == pytest.approx(100 * (X["mbps"][WHO >= 500] >= upper).mean())
    assert north["quadrant"] == "act first"
    assert north["changes"] == {"mbps": f">={upper:.12g}"}


def test_features_that_say_the_same_are_lifted_together_and_what_follows_is_left_to_follow():
    X, noise = world()
    y = pd.Series((4 - 0.3 * X["wait"] + noise).clip(1, 5))
    model = SatisfactionModel("gbm", monotone={"wait": -1, "stalls": -1}).fit(X, y, WHO)
    drivers = {"waiting": ["stalls", "wait"], "price": ["price"]}
    apart = map_importance(WhatIf(model, draws=40), drivers=drivers, targets={"price": 0.0}).set_index("driver")
    assert set(apart.loc["waiting", "changes"]) == {"stalls", "wait"}
    graph = CausalGraph([("stalls", "wait"), ("wait", "mos"), ("price", "mos")])
    led = map_importance(WhatIf(model, graph, outcome="mos", draws=40), drivers=drivers).set_index("driver")
    assert set(led.loc["waiting", "changes"]) == {"stalls"}
    # all of .3 for each unit of stalls goes through waiting
    wanted = 0.3 * (X["stalls"] - X["stalls"].quantile(0.25)).clip(lower=0).mean()
    assert led.loc["waiting", "importance"] == pytest.approx(wanted, abs=0.05)
    assert led.loc["waiting", "claim"] == "causal under stated graph"
    # a target instead of the best quarter; no effect, so no quadrant that asks for anything
    assert apart.loc["price", "changes"]["price"].endswith("=0")
    assert apart.loc["price", "performance"] == pytest.approx(50, abs=3)
    assert apart.loc["price", "quadrant"] in ("watch", "enough")
    with pytest.raises(UnknownNameError, match="stals"):
        map_importance(WhatIf(model, draws=40), drivers={"waiting": ["stals"]})


def test_where_all_are_good_there_is_nothing_to_gain_and_of_few_nothing_is_said():
    X, noise = world()
    y = pd.Series((3 + 0.4 * X["mbps"] + noise).clip(1, 5))
    model = SatisfactionModel("gbm").fit(X[["mbps", "price"]], y, WHO)
    group = pd.Series(np.where(X["mbps"] > 1, "fast", "slow")).mask(WHO >= 995, "three")
    found = map_importance(WhatIf(model, draws=40), drivers={"mbps": ["mbps"]}, by=group).set_index("segment")
    assert found.loc["fast", ["importance", "performance"]].tolist() == [0, 100]
    assert found.loc["three", "state"] == "too few"
    assert np.isnan(found.loc["three", "importance"])
    assert found.loc["three", "quadrant"] == ""


def test_of_a_lift_to_where_nobody_was_seen_no_gain_is_told():
    rng = np.random.default_rng(6)
    tier = rng.integers(0, 2, 2000)
    # of the dear tier nobody pays what the best quarter pays
    X = pd.DataFrame({"price": 10 + 30 * tier + rng.normal(0, 1, 2000), "stalls": rng.normal(size=2000), "tier": tier})
    y = pd.Series((3 - 0.02 * (X["price"] - 25) - 0.3 * X["stalls"] + rng.normal(0, 0.4, 2000)).clip(1, 5))
    whatif = WhatIf(SatisfactionModel("gbm", monotone={"price": -1, "stalls": -1}).fit(X, y), draws=40)
    by = pd.Series(np.where(tier, "dear", "cheap"))
    found = map_importance(whatif, drivers={"price": ["price"], "stalls": ["stalls"]}, by=by).set_index(["segment", "driver"])
    assert found.loc[("dear", "price"), "state"] == "not seen"
    assert np.isnan(found.loc[("dear", "price"), "importance"])
    assert found.loc[("dear", "price"), "performance"] == 0
    # what is much is measured against what is known
    assert found.loc[("dear", "stalls"), "quadrant"] == "act first"
    assert found.loc[("cheap", "price"), "state"] == "ok"
    first = whatif.frontier({"cheaper": {"price": "<=10"}, "fewer stalls": {"stalls": -0.5}}, {"cheaper": 0.1, "fewer stalls": 1}, [9999], by=by)
    assert first.ranking.set_index(["segment", "improvement"]).loc[("dear", "cheaper"), "state"] == "not seen"
    assert "cheaper for dear" not in first.budgets["chosen"][0]


def test_what_surely_harms_is_in_no_quadrant_of_gain():
    X, noise = world()
    y = pd.Series((3 + 0.4 * X["mbps"] - 0.4 * X["price"] + noise).clip(1, 5))
    whatif = WhatIf(SatisfactionModel("gbm").fit(X[["mbps", "price"]], y, WHO), draws=40)
    # a study that calls a high price good
    found = map_importance(whatif, better={"mbps": 1, "price": 1}).set_index("driver")
    assert found.loc["price", "high"] < 0
    assert found["quadrant"].to_dict() == {"mbps": "act first", "price": "harms"}
    # much is what much gain is, not what is left of it after the harm
    assert found.loc["mbps", "split"] == pytest.approx(found.loc["mbps", "importance"])


def test_a_knee_of_what_is_better_when_small_is_where_less_brings_nothing():
    X, noise = world()
    y = pd.Series(3 - 0.5 * X["stalls"].clip(lower=-0.5) + noise)
    one = find_knee(X[["stalls", "price"]], y, WHO, "stalls", better=-1, draws=40)
    assert one["knee"] == pytest.approx(-0.5, abs=0.3)
    assert one["low"] <= one["knee"] <= one["high"]
    assert one["slope_before"] == pytest.approx(0.5, abs=0.05)
    # that the worst harm no more is no reason to stop improving
    saturated = pd.Series(3 - 0.5 * X["stalls"].clip(upper=0.5) + noise)
    assert find_knee(X[["stalls", "price"]], saturated, WHO, "stalls", better=-1, draws=40)["knee"] is None
    assert SatisfactionModel("gbm", monotone={"stalls": -1}).fit(X[["stalls", "price"]], y.clip(1, 5), WHO).knee("stalls", draws=40)["knee"] == pytest.approx(-0.5, abs=0.3)
