"""Satisfaction and what-if: known effects come back, leaks and open backdoors are told."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import t as student

from cemlib.analysis import CausalGraph, SatisfactionModel, WhatIf
from cemlib.analysis.resampling import read_interval
from cemlib.analysis.satisfaction import read_ratings
from cemlib.analysis.spline import Spline
from cemlib.analysis.standardisation import leave_out_levels
from cemlib.errors import ParameterError, TooFewError, UnknownNameError

ARROWS = [("tier", "stalls"), ("tier", "mos"), ("stalls", "wait"), ("wait", "mos"), ("stalls", "mos"), ("price", "mos")]


@pytest.fixture(scope="module")
def data():
    return customers(3)


def customers(seed: int):
    """Three ratings of each of a thousand customers."""
    rng = np.random.default_rng(seed)
    n = 3000
    tier, price = rng.normal(size=n), rng.uniform(10, 30, n)
    stalls = 0.8 * tier + rng.normal(size=n)
    wait = 0.7 * stalls + rng.normal(0, 0.5, n)
    mos = (3 - 0.1 * stalls - 0.2 * wait + 0.3 * tier - 0.02 * (price - 20) + rng.normal(0, 0.3, n)).clip(1, 5)
    return pd.DataFrame({"stalls": stalls, "tier": tier, "wait": wait, "price": price}), mos, np.arange(n) // 3


@pytest.fixture(scope="module")
def model(data):
    return SatisfactionModel("gbm").fit(*data)


@pytest.fixture(scope="module")
def whatif(model):
    return WhatIf(model, CausalGraph(ARROWS), outcome="mos", draws=100)


def test_the_effect_of_a_change_comes_back_with_its_mediated_part(whatif):
    # -1 stall: .1 directly and .7 * .2 through waiting
    found = whatif.do({"stalls": -1})
    assert found.effect == pytest.approx(0.24, abs=0.03)
    assert found.low < found.effect < found.high
    # the price opens no backdoor, but acts on the rating: with it the effect is known better
    assert (found.claim, found.adjustment_set) == ("causal under stated graph", ["price", "tier"])


def test_zero_change_has_zero_effect(whatif):
    found = whatif.do({"stalls": 0, "price": "+0%"})
    assert (found.effect, found.low, found.high, found.extrapolation_share) == (0, 0, 0, 0)


def test_the_mean_rating_now_and_then_have_intervals_over_customers(whatif, model, data):
    found, _, still = whatif.do({"stalls": -1}), whatif.do({"price": 1}), whatif.do({"stalls": 0})
    # a thousand customers: Student's interval of their own means, as each rates three times
    of_each = model.y_.groupby(model.groups_).mean()
    half = student.ppf(0.95, 999) * of_each.std() / np.sqrt(1000)
    assert (found.now, found.now_low, found.now_high) == pytest.approx((of_each.mean(), of_each.mean() - half, of_each.mean() + half))
    assert found.then_low < found.then < found.then_high
    # nothing changed: then is now, and so is what is known of it, but for the luck of a hundred draws
    assert (still.then_low, still.then_high) == pytest.approx((still.now_low, still.now_high), abs=0.4 * half)
    by = pd.Series(np.where(data[2] < 500, "north", "south"), index=model.X_.index)
    north = whatif.compare({"stalls": -1}, by).set_index("segment").loc["north"]
    one = whatif.do({"stalls": -1}, by == "north")
    assert north[["now", "now_low", "now_high"]].tolist() == pytest.approx([one.now, one.now_low, one.now_high])


def test_what_a_customer_always_rates_higher_is_not_taken_for_noise_of_each_rating():
    # 40 customers of 20 ratings, whose own levels differ by more than ratings do: price varies within each, and there its effect is seen
    far = []
    for number in range(8):
        rng = np.random.default_rng([17, number])
        who = np.repeat(np.arange(40), 20)
        X = pd.DataFrame({"price": rng.normal(20, 4, 800), "stalls": rng.normal(size=800)})
        y = pd.Series((4 - 0.03 * (X["price"] - 20) - 0.2 * X["stalls"] + rng.normal(0, 1, 40)[who] + rng.normal(0, 0.4, 800)).clip(-9, 17))
        model = SimpleNamespace(learned_=True, X_=X, y_=y, groups_=pd.Series(who), features_=list(X), scale=(-9, 17))
        found = WhatIf(model, draws=100).do({"price": 1})
        far.append(abs(found.effect + 0.03))
        assert found.high - found.low < 0.025
    # with errors of 1.08 for each rating an effect would be off by .0096; with .4 it is by .0035, and .8 of that on average
    assert np.mean(far) < 0.0045


def test_customers_of_one_rating_are_fitted_by_least_squares(data):
    X, mos, _ = data
    terms, rating = np.column_stack([np.ones(len(X)), X]), np.asarray(mos)
    alone, each = leave_out_levels(terms, rating, np.arange(len(X)))
    assert alone is terms
    assert each is rating
    # by hand: levels are all there is, so each customer keeps but its own variation
    who = np.repeat([0, 1, 2], 3)
    line, level = leave_out_levels(np.ones((9, 1)), np.array([1.0, 1, 1, 4, 4, 4, 7, 7, 7]), who)
    assert level == pytest.approx(0, abs=1e-4)
    assert line == pytest.approx(0, abs=1e-4)


def test_a_variable_that_goes_with_another_says_why_its_interval_is_wide():
    rng = np.random.default_rng(4)
    tier, free = rng.normal(size=(2, 1500))
    # .36 of the price is its own: 1 / .36 the variance, 1.67 times the interval
    X = pd.DataFrame({"price": 20 + 3 * (0.8 * tier + 0.6 * free), "tier": tier, "stalls": rng.normal(size=1500)})
    y = pd.Series((3 - 0.05 * (X["price"] - 20) + 0.1 * tier + rng.normal(0, 0.4, 1500)).clip(1, 5))
    found = WhatIf(SatisfactionModel("gbm").fit(X, y), draws=40).do({"price": 1})
    assert found.tied == {"price": ("tier", pytest.approx(1 / 0.6, abs=0.1))}
    assert found.warnings[-1].startswith("price goes with tier: ")
    alone = WhatIf(SatisfactionModel("gbm").fit(X, y), draws=40).do({"stalls": 1})
    assert (alone.tied, len(alone.warnings)) == ({}, 1)


def test_a_change_in_the_unit_of_a_variable_is_read_and_one_in_another_is_refused(model):
    graph = CausalGraph(ARROWS)
    told = WhatIf(model, graph, outcome="mos", units={"price": "EUR"}, draws=20)
    plain = told.do({"price": 3})
    assert (told.do({"price": "+3EUR"}).effect, told.do({"price": "+3 EUR"}).effect) == (plain.effect, plain.effect)
    with pytest.raises(ParameterError, match="unit that it is not measured in") as refused:
        told.do({"price": "+3USD"})
    assert "in EUR" in str(refused.value)
    # of a variable whose unit nobody told it is not known whether dB is right
    with pytest.raises(ParameterError, match="units="):
        told.do({"stalls": "-1dB"})
    with pytest.raises(UnknownNameError, match="prise"):
        WhatIf(model, graph, outcome="mos", units={"prise": "EUR"}, draws=20)


def test_a_mediator_is_refused_and_an_open_backdoor_is_an_association(whatif, model):
    with pytest.raises(ParameterError, match="wait comes after"):
        whatif.do({"stalls": -1}, adjust=["tier", "wait"])
    hidden = CausalGraph([*ARROWS, ("mood", "stalls"), ("mood", "mos")], unobserved=["mood"])
    found = WhatIf(model, hidden, outcome="mos", draws=20).do({"stalls": -1})
    assert found.claim == "adjusted association (price, tier)"
    assert "mood" in found.warnings[0]
    assert WhatIf(model, draws=20).do({"stalls": -1}).claim == "adjusted association (price, tier, wait)"
    assert WhatIf(model, draws=20).do({"stalls": -1}, adjust=[]).claim == "association"


def test_a_change_past_the_data_is_told(whatif):
    found = whatif.do({"price": "+300%"}, cost={"price": 2.0})
    assert found.extrapolation_share > 0.9
    assert "guess" in found.warnings[0]
    assert found.cost == 2000  # 1,000 customers


def test_bad_calls_are_told(whatif, model):
    with pytest.raises(UnknownNameError, match="stals"):
        whatif.do({"stals": 1})
    with pytest.raises(ParameterError, match="Too few customers"):
        whatif.do({"stalls": 1}, where=pd.Series(model.X_.index < 9, index=model.X_.index))
    with pytest.raises(ParameterError, match="cannot be read"):
        whatif.do({"stalls": "much"})
    with pytest.raises(ParameterError, match="has a cycle"):
        CausalGraph([("a", "b"), ("b", "a")])
    with pytest.raises(ParameterError, match="acts on wait"):
        whatif.do({"stalls": 1, "wait": 1})


def test_of_those_who_have_all_variables_there_must_be_enough(data):
    X, mos, who = data
    north = pd.Series(who < 500, index=X.index)
    # in the north only twenty customers have a price
    sparse = X.assign(price=X["price"].mask(north & (who >= 20)))
    whatif = WhatIf(SatisfactionModel("gbm").fit(sparse, mos, who), CausalGraph(ARROWS), outcome="mos", draws=20)
    with pytest.raises(TooFewError, match="have all variables") as told:
        whatif.do({"stalls": -1}, north)
    assert told.value.came == "20"
    found = whatif.frontier({"fewer": {"stalls": -1}}, {"fewer": 1}, [9999], by=pd.Series(np.where(north, "north", "south"), index=X.index))
    assert found.ranking.set_index("segment")["state"].to_dict() == {"north": "too few", "south": "ok"}
    assert found.budgets["chosen"].tolist() == [["fewer for south"]]


def test_a_row_told_twice_is_refused(data):
    X, mos, who = data
    with pytest.raises(ParameterError, match="same index"):
        SatisfactionModel("gbm").fit(X.set_axis(who), mos, who)


def test_a_collider_is_not_adjusted_for():
    # a <- u -> m <- v -> b: with m the path from a to b would open
    graph = CausalGraph([("u", "a"), ("u", "m"), ("v", "m"), ("v", "b"), ("a", "b")], unobserved=["u", "v"])
    assert graph.adjustment_set(["a"], "b") == []


@pytest.mark.parametrize("answer", ["1, 3", "yes", 19])
def test_an_answer_that_is_no_rating_is_told(answer):
    with pytest.raises(ParameterError, match="no rating"):
        read_ratings(pd.Series([4, answer], dtype=object))


def test_an_ordinal_model_orders_customers(data):
    X, mos, who = (one[:600] for one in data)
    fit = SatisfactionModel("ordinal").fit(X[["stalls", "price"]], np.round(mos), who)
    # of two customers the one with more stalls and a higher price is less content
    few, many = fit.predict(pd.DataFrame({"stalls": [-2.0, 2.0], "price": [12.0, 28.0]}))
    assert 1 <= many < few <= 5


def test_intervals_cover_customers_not_seen(model):
    # other customers of the same kind, whom the model has not met
    features, ratings, _ = customers(17)
    told = model.predict_interval(features)
    assert ((told["low"] <= ratings) & (ratings <= told["high"])).mean() == pytest.approx(0.9, abs=0.025)
    # and they say something: half a point on either side, where the noise alone takes 0.3 * 1.64
    assert (told["high"] - told["low"]).median() == pytest.approx(2 * 0.3 * 1.64, rel=0.15)


def test_poqemon_by_user(shared_data):
    read = pd.read_csv(shared_data / "poqemon_qoe" / "pokemon.csv")
    X = read.select_dtypes("number").drop(columns=["id", "user_id", "MOS"])
    with pytest.raises(ParameterError, match="QoF_begin: asked together"):
        SatisfactionModel("gbm", answers=["QoF_*"]).fit(X, read["MOS"], read["user_id"])
    fit = SatisfactionModel("gbm").fit(X.loc[:, ~X.columns.str.startswith("QoF_")], read["MOS"], read["user_id"])
    assert np.corrcoef(fit.oof_, fit.y_)[0, 1] > 0.65


def test_the_satisfaction_score_of_the_churn_data_leaks(shared_data):
    read = pd.read_csv(shared_data / "ibm_telco_satisfaction" / "Telco_customer_churn_status.csv")
    with pytest.raises(ParameterError, match="leaks the outcome") as told:
        SatisfactionModel("gbm", scale=(0, 1)).fit(read[["Satisfaction Score", "CLTV"]], read["Churn Value"])
    assert told.value.came.startswith("Satisfaction Score")
    assert "CLTV" not in told.value.came


def test_lifting_to_a_level_moves_those_below_alone(whatif, model):
    found = whatif.do({"price": "<=20"})
    above = model.X_["price"] > 20
    assert found.n_moved == above.sum()
    assert (found.gains[~above] == 0).all()
    # .02 for each unit of price taken away
    assert found.effect == pytest.approx(0.02 * (model.X_["price"] - 20).clip(lower=0).mean(), abs=0.02)
    assert found.then == pytest.approx(model.y_.mean() + found.effect)


def test_a_slider_past_the_data_names_variable_and_range(whatif):
    found = whatif.do({"price": 15})
    # uniform from 10 to 30: three quarters end above 30
    assert found.past["price"] == pytest.approx(0.75, abs=0.03)
    assert any(one.startswith("price: 7") and "(10" in one for one in found.warnings)


def test_many_customers_get_the_interval_that_few_would():
    # one step from the estimate instead of a new fit: the same interval
    rng = np.random.default_rng(8)
    n = 5200
    X = pd.DataFrame({"stalls": rng.normal(size=n), "tier": rng.normal(size=n)})
    y = pd.Series((3 - 0.2 * X["stalls"] + 0.1 * X["tier"] + rng.normal(0, 0.5, n)).clip(1, 5))
    model = SatisfactionModel("gbm").fit(X, y)
    quick = WhatIf(model, draws=200).do({"stalls": -1})
    standard_error = 0.5 / np.sqrt(n)
    assert quick.high - quick.low == pytest.approx(2 * 1.645 * np.hypot(standard_error, 2 ** 0.5 * 0.5 * standard_error), rel=0.35)
    assert quick.low < 0.2 < quick.high


def test_the_frontier_takes_the_best_for_each_budget(whatif, model):
    half = pd.Series(np.where(model.groups_ < 500, "north", "south"), index=model.X_.index)
    half[model.groups_ >= 997] = "three people"
    found = whatif.frontier({"fewer stalls": {"stalls": -1}, "many fewer": {"stalls": -2}, "discount": {"price": "-10%"}, "dearer": {"price": 2}},
                            {"fewer stalls": 1.0, "many fewer": 2.5, "discount": 0.3, "dearer": 0.0}, [0, 150, 1000, 9999], by=half)
    chosen = found.budgets.set_index("budget")["chosen"]
    # a dearer price harms, even for nothing; three people are too few
    assert chosen[0] == []
    assert chosen[150] == ["discount for north"]
    # of two improvements of the same variable a segment gets one
    assert sorted(chosen[9999]) == ["discount for north", "discount for south", "many fewer for north", "many fewer for south"]
    assert (found.budgets["cost"] <= found.budgets["budget"]).all()
    assert found.budgets["gain"].is_monotonic_increasing
    states = found.ranking.set_index(["segment", "improvement"])["state"]
    assert states["north", "dearer"] == "harm"
    assert states["three people", "discount"] == "too few"
    assert found.claim == "causal under stated graph"
    with pytest.raises(ParameterError, match="no cost"):
        whatif.frontier({"discount": {"price": -1}}, {}, [100])


def test_customers_in_two_segments_count_once():
    # 450 customers, one rating under each operator: -1 stall is worth .5 for all of them
    rng = np.random.default_rng(5)
    who = np.arange(900) // 2
    X = pd.DataFrame({"stalls": rng.normal(size=900)})
    y = (3 - 0.5 * X["stalls"] + rng.normal(0, 0.2, 900)).clip(1, 5)
    whatif = WhatIf(SatisfactionModel("gbm").fit(X, y, who), draws=50)
    operator = pd.Series(np.where(np.arange(900) % 2, "A", "B"))
    whole = whatif.do({"stalls": -1}, cost={"stalls": 2})
    found = whatif.frontier({"fewer": {"stalls": -1}}, {"fewer": 2}, [9999], by=operator).budgets.iloc[0]
    assert len(found["chosen"]) == 2
    assert found["effect"] == pytest.approx(whole.effect) == pytest.approx(0.5, abs=0.03)
    assert (found["low"], found["high"]) == (pytest.approx(whole.low), pytest.approx(whole.high))
    assert found["cost"] == whole.cost == 900


def test_segments_weigh_as_many_ratings_as_have_all_variables():
    # the north answers three times as often, and misses the variable in half of its answers
    rng = np.random.default_rng(6)
    who = np.r_[np.repeat(np.arange(200), 6), np.arange(200, 400), np.arange(400, 402)]
    north = who < 200
    X = pd.DataFrame({"stalls": rng.exponential(size=len(who)) + 2 * ~north, "price": rng.normal(size=len(who))})
    y = (4 - 0.3 * X["stalls"] + rng.normal(0, 0.2, len(who))).clip(1, 5)
    X.loc[np.flatnonzero(north)[::2], "stalls"] = np.nan
    whatif = WhatIf(SatisfactionModel("gbm").fit(X, y, who), draws=50)
    region = pd.Series(np.where(north, "north", "south")).mask(who >= 400)
    found = whatif.frontier({"fewer": {"stalls": "<=1"}}, {"fewer": 1}, [9999], by=region)
    effects = found.ranking.set_index("segment")["effect"]
    assert found.budgets["effect"][0] == pytest.approx((600 * effects["north"] + 200 * effects["south"]) / 800)
    assert found.budgets["effect"][0] == pytest.approx(whatif.do({"stalls": "<=1"}, region.notna()).effect)


def test_a_segment_costs_what_its_own_customers_cost(whatif, model):
    north = pd.Series(model.groups_ < 500, index=model.X_.index)
    by = pd.Series(np.where(north, "north", "south"), index=model.X_.index)
    each = pd.Series(np.where(north, 0.5, 3.0), index=model.X_.index)
    # of every third customer of the north it is not known: counted as the others
    found = whatif.frontier({"fewer": {"stalls": -1}}, {"fewer": each.mask(north & (model.groups_ % 3 == 0))}, [300, 2000], by=by)
    assert found.ranking.set_index("segment")["cost"].to_dict() == {"north": 250, "south": 1500}
    assert found.budgets["chosen"].map(len).tolist() == [1, 2]
    unknown = whatif.frontier({"fewer": {"stalls": -1}}, {"fewer": each.mask(north)}, [9999], by=by)
    assert unknown.ranking.set_index("segment")["state"].to_dict() == {"north": "no cost", "south": "ok"}
    assert unknown.budgets["chosen"][0] == ["fewer for south"]
    with pytest.raises(ParameterError, match="negative"):
        whatif.frontier({"fewer": {"stalls": -1}}, {"fewer": -each}, [300])


def test_the_graph_is_drawn_with_roles():
    hidden = CausalGraph([*ARROWS, ("mood", "mos")], unobserved=["mood"])
    nodes, edges = hidden.layout(["stalls"], "mos", ["tier"])
    role = nodes.set_index("name")["role"].to_dict()
    assert role == {"tier": "adjusted", "price": "other", "mood": "unobserved", "stalls": "change", "wait": "mediator", "mos": "outcome"}
    place = nodes.set_index("name")
    # every arrow goes to the right, and no two stand at one place
    assert (place.loc[edges["cause"], "x"].to_numpy() < place.loc[edges["effect"], "x"].to_numpy()).all()
    assert not nodes[["x", "y"]].duplicated().any()
    assert edges.loc[edges["is_backdoor"], "cause"].unique().tolist() == ["tier"]


def test_segments_compared_at_once_are_those_asked_one_by_one(whatif, model):
    half = pd.Series(np.where(model.groups_ < 500, "north", "south"), index=model.X_.index)
    half[model.groups_ >= 997] = "three"
    changes = {"stalls": "<=0", "price": "<=20"}
    found = whatif.compare(changes, half).set_index("segment")
    for name in ("north", "south"):
        one = whatif.do(changes, half == name)
        assert found.loc[name, ["effect", "low", "high", "now"]].tolist() == pytest.approx([one.effect, one.low, one.high, one.now])
        assert found.loc[name, "n_customers"] == one.n_customers
        assert found.loc[name, "moved_ratio"] == pytest.approx(one.n_moved / one.n)
    assert found.loc["three", "state"] == "too few"
    assert np.isnan(found.loc["three", "effect"])


def test_lifting_the_slowest_alone_is_known_where_speed_acts_by_its_logarithm():
    # a parabola through all speeds says nearly nothing of the slowest tenth; the truth is worked out from the same customers
    rng = np.random.default_rng(5)
    n = 4000
    speed = pd.DataFrame({"mbps": rng.lognormal(3, 0.6, n)})
    rating = 3 + 0.4 * np.log(speed["mbps"] / 20) + pd.Series(rng.normal(0, 0.1, n))
    model = SatisfactionModel("gbm", fit_rows=1000).fit(speed, rating.clip(1, 5), np.arange(n) // 2)
    truth = 0.4 * float(np.log(np.maximum(speed["mbps"], 10) / speed["mbps"]).mean())
    found = WhatIf(model, CausalGraph([("mbps", "mos")]), outcome="mos").do({"mbps": ">=10"})
    assert found.effect == pytest.approx(truth, rel=0.15)


def test_an_interval_of_few_customers_is_wider_and_of_few_draws_not_shorter():
    # standard normal draws: 1.645 on either side; of 31 customers t(30) = 1.697, times the root of 31 / 30
    draws = norm.ppf((np.arange(1, 2000)) / 2000)
    assert read_interval(draws, 0.9, 1_000_000)[1] == pytest.approx(1.645, abs=0.005)
    assert read_interval(draws, 0.9, 31)[1] == pytest.approx(1.697 * np.sqrt(31 / 30), abs=0.005)
    # of 19 draws in order the first and the last are the 5 % and 95 % quantiles
    low, high = read_interval(np.column_stack([np.arange(19.0), np.zeros(19)]), 0.9, 10**9)
    assert low.tolist() == pytest.approx([0, 0], abs=1e-6)
    assert high.tolist() == pytest.approx([18, 0], abs=1e-6)


@settings(max_examples=25)
@given(knots=st.lists(st.integers(-50, 50), min_size=3, max_size=7, unique=True), slope=st.floats(-3, 3))
def test_a_spline_is_straight_beyond_its_knots_and_smooth_within(knots, slope):
    spline = Spline(np.sort(np.array(knots, float)))
    past = spline.knots[-1] + np.array([0.0, 7.0, 14.0])
    first, middle, last = spline.bends(past)
    assert middle - first == pytest.approx(last - middle, rel=1e-6, abs=1e-6)
    assert (spline.bends(spline.knots[0] - np.array([0.0, 9.0])) == 0).all()
    # no jump at a knot
    near = spline.bends(spline.knots) - spline.bends(spline.knots + 1e-7)
    assert np.abs(near).max() < 1e-4


def test_knots_of_a_variable_that_is_mostly_zero_stand_where_it_is_not():
    values = np.r_[np.zeros(900), np.linspace(1, 100, 100)]
    assert len(Spline.through(values, 5).knots) == 5
    assert Spline.through(np.array([0.0, 1.0] * 50), 5).bends(np.zeros(3)).shape == (3, 0)


def test_draws_lie_around_the_estimate_also_where_variables_say_nearly_the_same():
    """A stepwise generation and the speed that comes with it: their bends and products are all but dependent."""
    rng = np.random.default_rng(8)
    generation = rng.choice([2.0, 3.0, 4.0, 5.0], 9000, p=[0.03, 0.1, 0.6, 0.27])
    # speeds are medians of a region: few values, far apart, tied to the generation
    region = np.exp(0.05 * rng.normal(size=12))[rng.integers(0, 12, 9000)]
    speed = np.choose((generation - 2).astype(int), [10.5, 14.0, 26.0, 120.0]) * region
    mos = (2.5 + 0.2 * generation + 0.002 * speed + rng.normal(0, 1, 9000)).clip(1, 5)
    model = SatisfactionModel("gbm").fit(pd.DataFrame({"speed": speed, "generation": generation}), pd.Series(mos))
    found = WhatIf(model, draws=200).do({"speed": "+10%"})
    assert abs(found.draws.mean() - found.effect) < 0.2 * found.draws.std()
    assert found.low < found.effect < found.high


def test_what_is_of_another_shape_is_told(data, whatif):
    X, y, customers = data
    with pytest.raises(ParameterError, match="arrow"):
        CausalGraph(["tier -> stalls"])
    with pytest.raises(ParameterError, match="as many rows") as told:
        SatisfactionModel("gbm").fit(X, y[:-1], customers)
    assert "2999" in str(told.value)
    with pytest.raises(ParameterError, match="other rows"):
        whatif.do({"stalls": -1}, where=pd.Series(True, index=[f"row {number}" for number in range(3000)]))


@pytest.mark.parametrize("family", ["ordinal", "gbm"])
def test_what_is_no_feature_is_told(data, family):
    X, mos, who = (one[:600] for one in data)
    model = SatisfactionModel(family)
    with pytest.raises(ParameterError, match="'price' is known of no rating"):
        model.fit(X.assign(price=np.nan), np.round(mos), who)
    with pytest.raises(ParameterError, match="There is no feature"):
        model.fit(X[[]], np.round(mos), who)
    with pytest.raises(ParameterError, match="no table") as told:
        model.fit(X.to_numpy().tolist(), np.round(mos), who)
    assert told.value.came == "list"


def test_a_feature_that_one_customer_has_is_no_reason_to_fail(data):
    # the four fifths of the customers from whom the rating of that one is foretold do not have it at all
    X, mos, who = (one[:600] for one in data)
    with_it = SatisfactionModel("gbm").fit(X.assign(asked=np.where(who == 7, 1.0, np.nan)), mos, who)
    np.testing.assert_allclose(with_it.oof_, SatisfactionModel("gbm").fit(X, mos, who).oof_)


def test_the_same_said_twice_changes_no_ordinal_expectation(data):
    # the likelihood is flat along what says the same, and along what says nothing
    X, mos, who = (one[:600] for one in data)
    X, marks = X[["stalls", "price"]], np.round(mos)
    once = SatisfactionModel("ordinal").fit(X, marks, who).predict(X)
    twice = SatisfactionModel("ordinal").fit(X.assign(cents=100 * X["price"], country=1.0), marks, who)
    np.testing.assert_allclose(twice.predict(X.assign(cents=100 * X["price"], country=1.0)), once, atol=0.01)


def test_a_step_that_others_are_on_is_no_place_where_nobody_was_seen():
    # a fifth have roamed, by nothing else in the data: made a roamer, the others are where that fifth is; one more makes what nobody is of those who are
    rng = np.random.default_rng(8)
    roams = (np.arange(1000) % 5 == 0).astype(float)
    whatif = WhatIf(SatisfactionModel("gbm").fit(pd.DataFrame({"roams": roams}), (3 - roams + rng.normal(0, 0.5, 1000)).clip(1, 5)),
                    CausalGraph([("roams", "mos")]), outcome="mos", draws=20)
    assert whatif.do({"roams": ">=1"}).extrapolation_share == 0
    more = whatif.do({"roams": 1})
    assert more.extrapolation_share == pytest.approx(0.2)
    assert more.past == pytest.approx({"roams": 0.2})


def test_a_printed_minus_sign_is_one(whatif):
    assert whatif.do({"price": "\u22125%"}).effect == whatif.do({"price": "-5%"}).effect


def test_what_is_not_told_as_wanted_is_said(data, model, whatif):
    X = data[0]
    with pytest.raises(ParameterError, match="Changes are not told"):
        whatif.do("stalls")
    with pytest.raises(ParameterError, match="Costs are not told"):
        whatif.do({"stalls": -1}, cost=2)
    for edges in (None, [("a", 1)], {"a": ["b"]}):
        with pytest.raises(ParameterError, match="An arrow is not told"):
            CausalGraph(edges)
    with pytest.raises(ParameterError, match=r"A budget is no number[\s\S]*'much'"):
        whatif.frontier({"fewer": {"stalls": -1}}, {"fewer": 1}, ["much"])
    with pytest.raises(ParameterError, match="The cost of 'fewer' is no number"):
        whatif.frontier({"fewer": {"stalls": -1}}, {"fewer": "little"}, [1])
    assert model.drivers(by=pd.Series(np.nan, index=X.index)).empty
    assert model.predict(X.head(0)).empty
