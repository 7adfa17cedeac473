"""Links between series: what is planted is found at its lag, what only looks linked is not, and bad tables are refused with words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.analysis import LaggedCorrelation
from cemlib.analysis.lagged.align import align
from cemlib.analysis.lagged.interval import effective_bins
from cemlib.analysis.lagged.rotation import rotation_p
from cemlib.analysis.lagged.scan import correlations_at_lags, maximum_p, spiky_p
from cemlib.analysis.lagged.season import fourier_season
from cemlib.analysis.lagged.whiten import burg, whiten
from cemlib.errors import ParameterError, UnknownNameError
from cemlib.twin.grade.linked import autoregressive, draw_nulls, draw_planted, hourly, weekly_shape

HOURS = pd.date_range("2026-01-05", periods=700, freq="h", tz="UTC")


def table(**columns) -> pd.DataFrame:
    return pd.DataFrame({"at": HOURS[:len(next(iter(columns.values())))], **columns})


# --- what is found


def test_a_planted_link_is_found_at_its_lag_and_the_decoy_is_not():
    rng = np.random.default_rng(20)
    shape, load = weekly_shape(rng, 700), rng.normal(size=700)
    left = table(load=load + shape, cabinet=rng.normal(size=700) + shape)
    right = table(tickets=np.roll(load, 5) + rng.normal(size=700) + shape)
    result = LaggedCorrelation().fit(left, right)
    link = result.found.iloc[0]
    assert len(result.found) == 1
    # load is half of the variance of what is left: r = sqrt(1/2)
    assert (link["left"], link["right"], link["lag_bins"], link["lag"]) == ("load", "tickets", 5, pd.Timedelta("5h"))
    assert link["low"] < np.sqrt(0.5) < link["high"]
    assert link["high"] - link["low"] < 0.25
    decoy = result.links[result.links["left"] == "cabinet"].iloc[0]
    assert (decoy["verdict"], decoy["why"]) == ("decoy", "shared season")
    assert abs(decoy["plain"]) > 0.5
    assert result.claim == "association"
    assert result.precedes("load", "tickets").verdict == "left precedes right"
    lags = result.lags("load", "tickets").set_index("lag_bins")
    assert lags["r"].idxmax() == 5
    assert lags.loc[5, "r"] == pytest.approx(link["effect"])
    assert (lags["r"].drop(5).abs() > lags["limit"].drop(5)).sum() <= 3
    assert "1 links found among 2 pairs" in result.summary()
    assert "shared season" in result.summary()


def test_a_negative_lag_is_told_as_such():
    rng = np.random.default_rng(8)
    tests = rng.normal(size=700)
    link = LaggedCorrelation(null="sidak").fit(table(failed=np.roll(tests, 4) + rng.normal(size=700)), table(tickets=tests)).links.iloc[0]
    # the left one follows: the tickets came four hours before
    assert (link["lag_bins"], link["verdict"]) == (-4, "found")


def test_a_confounder_explains_a_link():
    rng = np.random.default_rng(11)
    load = autoregressive(rng, 0.6, 700, 1)[:, 0]
    left = table(cabinet=np.roll(load, 1) + rng.normal(size=700), load=load, own=rng.normal(size=700))
    right = table(failures=np.roll(load, 2) + rng.normal(size=700))
    alone = LaggedCorrelation().fit(left.drop(columns="load"), right)
    assert alone.found["left"].tolist() == ["cabinet"]
    given = LaggedCorrelation(conditioning=["load"]).fit(left, right)
    assert given.claim == "adjusted association (given load)"
    row = given.links[given.links["left"] == "cabinet"].iloc[0]
    assert (row["verdict"], row["why"]) == ("decoy", "explained by load")
    assert "load" not in set(given.links["left"])


def test_slow_series_are_not_linked_by_their_slowness():
    rng = np.random.default_rng(2)
    walks = autoregressive(rng, 1, 700, 6)
    links = LaggedCorrelation().fit(hourly(walks[:, :3], "x"), hourly(walks[:, 3:], "y")).links
    assert (links["plain"].abs() > 0.3).any()
    assert set(links.loc[links["verdict"] == "decoy", "why"]) == {"slow swings"}
    assert (links["n_eff"] < 100).all()


def test_false_positives_hold_in_every_null_and_at_both_nulls():
    # a few tables of each kind; the benchmark draws many
    for kind in ("AR(1), rho .97", "shared season, 6 weeks"):
        rates = [(LaggedCorrelation(fdr=None, draws=50).fit(*draw_nulls(np.random.default_rng(seed), kind)).links["p"] <= 0.05).mean() for seed in range(4)]
        assert 0.015 < np.mean(rates) < 0.09, kind


def test_weak_links_are_found_among_many_pairs_and_few_others():
    left, right, lags = draw_planted(np.random.default_rng(4), r=0.4, bins=700, series=10, planted=4, season=True)
    found = LaggedCorrelation().fit(left, right).found
    assert {(one.left, one.right, one.lag_bins) for one in found.itertuples()} == {(f"x{one:03d}", f"y{one:03d}", lag) for one, lag in lags.items()}


def test_order_of_rows_and_columns_and_scale_change_nothing():
    left, right, _ = draw_planted(np.random.default_rng(9), r=0.3, bins=400, series=3, planted=2)
    one = LaggedCorrelation(draws=50).fit(left, right).links.set_index(["left", "right"]).sort_index()
    turned = left.sample(frac=1, random_state=1)[["x002", "at", "x000", "x001"]].assign(x000=lambda frame: 1e6 + 1000 * frame["x000"])
    other = LaggedCorrelation(draws=50).fit(turned, right).links.set_index(["left", "right"]).sort_index()
    assert one["p"].to_numpy() == pytest.approx(other["p"].to_numpy(), rel=1e-5)
    assert one["lag_bins"].tolist() == other["lag_bins"].tolist()
    swapped = LaggedCorrelation(draws=50).fit(right, left).links.set_index(["right", "left"]).sort_index()
    assert one["p"].to_numpy() == pytest.approx(swapped["p"].to_numpy(), rel=1e-6)
    assert one["lag_bins"].tolist() == (-swapped["lag_bins"]).tolist()


def test_the_same_call_gives_the_same_figures():
    left, right, _ = draw_planted(np.random.default_rng(9), r=0.3, bins=400, series=2, planted=1)
    pd.testing.assert_frame_equal(LaggedCorrelation(seed=4).fit(left, right).links, LaggedCorrelation(seed=4).fit(left, right).links)


def test_the_placebo_measures_the_rate_on_the_data_with_links_in_them():
    left, right, _ = draw_planted(np.random.default_rng(6), r=0.6, bins=700, series=8, planted=8, season=True)
    result = LaggedCorrelation(fdr=None, draws=50).fit(left, right)
    assert len(result.found) >= 8
    placebo = result.placebo(150)
    assert placebo.n >= 150
    assert placebo.rate < 0.15
    assert placebo.low <= placebo.rate <= placebo.high
    assert all(one % 168 == 0 for one in placebo.shifts)


def test_series_of_one_table_meet_once_and_entities_stay_apart():
    rng = np.random.default_rng(3)
    load = rng.normal(size=(300, 2))
    parts = [table(load=load[:, one], fails=np.roll(load[:, one], 2) + 0.3 * rng.normal(size=300)).assign(cell=f"C{one}") for one in (0, 1)]
    links = LaggedCorrelation(draws=50).fit(pd.concat(parts), by="cell").links
    assert links[["left", "right", "entity"]].sort_values("entity").values.tolist() == [["load", "fails", "C0"], ["load", "fails", "C1"]]
    assert links["lag_bins"].tolist() == [2, 2]
    nation = table(tickets=np.roll(load[:, 1], 3) + 0.3 * rng.normal(size=300))
    mixed = LaggedCorrelation(draws=50).fit(pd.concat(parts), nation, by="cell")
    assert len(mixed.links) == 4
    assert set(mixed.found["entity"]) == {"C1"}
    assert mixed.lags("load", "tickets", "C1").set_index("lag_bins")["r"].idxmax() == 3
    with pytest.raises(ParameterError, match="not looked at"):
        mixed.lags("load", "tickets", "C9")


def test_names_truth_values_and_grades_are_series_too():
    rng = np.random.default_rng(1)
    storm = rng.random(400) < 0.2
    left = table(storm=storm, weather=np.where(storm, "storm", np.where(rng.random(400) < 0.5, "rain", "sun")),
                 alarm=pd.Categorical(np.where(storm, "major", "none"), ["none", "major"], ordered=True))
    right = table(faults=np.roll(storm, 1) * 2.0 + rng.normal(size=400))
    links = LaggedCorrelation(draws=50).fit(left, right).links.set_index("left")
    assert sorted(links.index) == ["alarm", "storm", "weather=rain", "weather=storm", "weather=sun"]
    assert links.loc[["alarm", "storm", "weather=storm"], "verdict"].tolist() == ["found"] * 3
    assert links.loc["weather=storm", "lag_bins"] == 1


def test_gaps_stay_gaps():
    rng = np.random.default_rng(7)
    load = rng.normal(size=700)
    tickets = np.roll(load, 3) + rng.normal(size=700)
    tickets[rng.random(700) < 0.15] = np.nan
    right = table(tickets=tickets).drop(index=range(200, 230))
    row = LaggedCorrelation().fit(table(load=load), right).links.iloc[0]
    assert (row["verdict"], row["lag_bins"]) == ("found", 3)
    missing = 1 - (len(right) - right["tickets"].isna().sum()) / 700
    assert row["missing_share"] == pytest.approx(missing)
    assert row["n"] < 700 * (1 - missing) + 1


def test_few_spikes_that_meet_by_chance_are_no_link():
    x, y = np.zeros(600), np.zeros(600)
    x[::60], y[::60] = 1, 1
    y[60::60] = 0
    y[np.array([13, 77, 150, 201, 333, 402, 480, 555, 590])] = 1
    # one of ten alarms falls on one of ten tickets: at one of 49 lags two or three do
    row = LaggedCorrelation(fdr=None).fit(table(alarms=x), table(tickets=y)).links.iloc[0]
    assert row["p"] > 0.05


# --- what is refused


@pytest.mark.parametrize(("change", "words"), [
    (lambda left, right: (left, right.assign(at=right["at"].dt.tz_localize(None))), "the other does not"),
    (lambda left, right: (left, pd.concat([right, right.tail(3)])), "comes twice"),
    (lambda left, right: (left, right.assign(at=right["at"] + pd.Timedelta("400D"))), "no time in common"),
    (lambda left, right: (left, right.assign(at=right["at"] + pd.Timedelta("7min"))), "begin at different moments"),
    (lambda left, right: (left, right.iloc[::2]), "different width"),
    (lambda left, right: (left.head(60), right), "Too few bins"),
    (lambda left, right: (left, right.assign(at=None)), "cannot be read|several zones|without a time"),
    (lambda left, right: (left.assign(at=left["at"].where(left.index != 5)), right), "without a time"),
    (lambda left, right: (left.assign(name=[f"n{one}" for one in range(len(left))]), right), "too many different names"),
    (lambda left, right: (left[["at"]], right), "no series"),
    (lambda left, right: (left.iloc[:0], right), "no rows"),
], ids=["zone", "twice", "apart", "offset", "grain", "few", "none", "missing", "text", "empty", "rows"])
def test_a_table_that_cannot_be_aligned_is_refused(change, words):
    rng = np.random.default_rng(0)
    left, right = change(table(a=rng.normal(size=200)), table(b=rng.normal(size=200)))
    with pytest.raises(ParameterError, match=words):
        LaggedCorrelation().fit(left, right)


def test_a_bin_that_is_off_the_clock_is_refused():
    left = table(a=np.arange(200.0))
    left.loc[50, "at"] += pd.Timedelta("11min")
    with pytest.raises(ParameterError, match="not of one width"):
        LaggedCorrelation().fit(left, table(b=np.arange(200.0)))


def test_clocks_of_two_zones_are_brought_together():
    rng = np.random.default_rng(0)
    load = rng.normal(size=300)
    right = table(tickets=np.roll(load, 2) + 0.5 * rng.normal(size=300))
    right["at"] = right["at"].dt.tz_convert("Europe/Warsaw")
    assert LaggedCorrelation().fit(table(load=load), right).links["lag_bins"].tolist() == [2]


def test_a_change_of_the_clocks_links_nothing():
    rng = np.random.default_rng(4)
    times = pd.date_range("2026-03-01", periods=720, freq="h", tz="UTC")
    hour = times.tz_convert("Europe/Paris").hour
    day = 6 * np.sin(2 * np.pi * (hour - 6) / 24) + 3 * np.cos(4 * np.pi * hour / 24)
    left, right = (pd.DataFrame({"at": times, name: day + rng.normal(size=720)}) for name in ("calls", "sessions"))
    # two of thirty days are an hour early in UTC, in both
    assert LaggedCorrelation().fit(left, right).links["verdict"].tolist() == ["found"]
    row = LaggedCorrelation(time_zone="Europe/Paris").fit(left, right).links.iloc[0]
    assert (row["verdict"], row["why"]) == ("decoy", "shared season")


def test_series_that_say_nothing_are_not_judged_and_say_why():
    rng = np.random.default_rng(0)
    left = table(same=np.full(200, 3.0), never=np.full(200, np.nan), rare=np.r_[np.ones(3), np.zeros(197)], good=rng.normal(size=200),
                 short=np.r_[rng.normal(size=50), np.full(150, np.nan)])
    result = LaggedCorrelation().fit(left, table(b=rng.normal(size=200)))
    links = result.links.set_index("left")
    assert links.loc["same", "why"] == "same: always the same value"
    assert links.loc["never", "why"] == "never: no value in the common period"
    assert "hardly ever moves (3 bins" in links.loc["rare", "why"]
    assert links.loc["short", "why"] == "fewer than 96 bins in common"
    assert links["verdict"].drop("good").eq("not judged").all()
    assert links[["effect", "p", "q"]].drop("good").isna().all().all()
    assert np.isfinite(links.loc["good", "p"])
    assert "cannot be judged" in " ".join(result.messages)


def test_limits_are_stated():
    times = pd.date_range("2026-01-05", periods=150, freq="h", tz="UTC")
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(150, 800)), columns=[f"c{one}" for one in range(800)]).assign(at=times)
    with pytest.raises(ParameterError, match="500,000"):
        LaggedCorrelation().fit(wide, wide.rename(columns=lambda name: name if name == "at" else f"d{name}"))
    many = pd.DataFrame({"at": np.tile(times[:3], 100_000), "cell": np.repeat(np.arange(100_000), 3), "load": 1.0})
    clock = pd.DataFrame({"at": pd.date_range("2026-01-05", periods=2000, freq="h", tz="UTC"), "cell": 0, "load": 1.0})
    with pytest.raises(ParameterError, match="40,000,000"):
        LaggedCorrelation().fit(pd.concat([clock, many.assign(cell=many["cell"] + 1)]), by="cell")


def test_a_null_that_is_too_coarse_is_told():
    rng = np.random.default_rng(0)
    left, right = (hourly(rng.normal(size=(6 * 168, 3)), side) for side in "xy")
    coarse = LaggedCorrelation(draws=50).fit(left, right)
    assert coarse.parameters["null"] == "dayshift"
    # nine pairs with some forty shifts each
    assert 1 / coarse.resolution == pytest.approx(9 * 39 + 1, abs=10)
    assert "too few to tell a p below" in coarse.messages[0]
    assert LaggedCorrelation(null="sidak", draws=50).fit(left, right).resolution == 0
    with pytest.raises(ParameterError, match="too short for whole-day shifts"):
        LaggedCorrelation(null="dayshift").fit(left.head(500), right)


@pytest.mark.parametrize("wrong", [{"max_lag": "soon"}, {"max_lag": "-3h"}, {"null": "dayshft"}, {"fdr": "none"}, {"deseason": "means"}, {"alpha": 0.9}, {"draws": 3}],
                         ids=lambda wrong: next(iter(wrong)) + str(next(iter(wrong.values()))))
def test_a_wrong_parameter_is_refused(wrong):
    with pytest.raises(ParameterError):
        LaggedCorrelation(**wrong)


def test_names_that_do_not_exist_are_refused():
    rng = np.random.default_rng(0)
    left, right = table(load=rng.normal(size=200)), table(b=rng.normal(size=200))
    with pytest.raises(UnknownNameError, match="laod"):
        LaggedCorrelation(conditioning=["laod"]).fit(left, right)
    with pytest.raises(UnknownNameError, match="Europe/Pari"):
        LaggedCorrelation(time_zone="Europe/Pari")
    with pytest.raises(UnknownNameError, match="time"):
        LaggedCorrelation().fit(left, right, on="time")
    with pytest.raises(ParameterError, match="'cell'"):
        LaggedCorrelation().fit(left, right, by="cell")
    with pytest.raises(UnknownNameError, match="lod"):
        LaggedCorrelation().fit(left, right).lags("lod", "b")


# --- the steps, by hand


def test_correlation_at_lags_is_that_of_numpy():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 2)), rng.normal(size=(80, 3))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    gapped = y.copy()
    gapped[10:20, 1] = np.nan
    whole, n = correlations_at_lags(x, y, np.array([-3, 0, 4]))
    for number, lag in enumerate((-3, 0, 4)):
        for one in range(2):
            for other in range(3):
                pairs = [(x[t, one], y[t + lag, other]) for t in range(80) if 0 <= t + lag < 80]
                a, b = np.array(pairs).T
                assert whole[number, one, other] == pytest.approx((a @ b) / np.sqrt((a @ a) * (b @ b)))
                assert n[number, one, other] == len(pairs)
    some, count = correlations_at_lags(x, gapped, np.array([0]))
    kept = np.isfinite(gapped[:, 1])
    a, b = x[kept, 0], gapped[kept, 1]
    assert some[0, 0, 1] == pytest.approx((a @ b) / np.sqrt((a @ a) * (b @ b)))
    assert count[0, 0].tolist() == [80, 70, 80]


def test_probabilities_by_hand():
    # z = atanh(.1) * 10 = 1.00335 with 103 bins; two-sided .31568; of two lags 1 - .68432 ** 2
    assert float(maximum_p(np.array(0.1), np.array(103), 1)) == pytest.approx(0.31568, abs=1e-4)
    assert float(maximum_p(np.array(0.1), np.array(103), 2)) == pytest.approx(1 - 0.68432**2, abs=1e-4)
    # three of nineteen shifts are as large
    assert float(rotation_p(np.array([17.0]), np.arange(1.0, 20))[0]) == pytest.approx(3 / 20)
    assert float(rotation_p(np.array([99.0]), np.arange(1.0, 20))[0]) == pytest.approx(1 / 20)
    noise = np.random.default_rng(0).normal(size=500)
    # without spikes the bound lies a few times above the normal tail
    assert 1 < spiky_p(noise, noise[::-1], 0.2, 500, 1) / float(maximum_p(np.array(0.2), np.array(500), 1)) < 20


def test_burg_finds_an_autoregression_over_gaps():
    rng = np.random.default_rng(0)
    series = np.zeros(3000)
    for bin_ in range(2, 3000):
        series[bin_] = 0.5 * series[bin_ - 1] + 0.3 * series[bin_ - 2] + rng.normal()
    gapped = series.copy()
    gapped[rng.random(3000) < 0.03] = np.nan
    filters, order = burg(np.column_stack([series, gapped]), 12)
    assert order.tolist() == [2, 2]
    assert filters[1:3] == pytest.approx(np.array([[-0.5, -0.5], [-0.3, -0.3]]), abs=0.06)


def test_a_season_is_taken_out_only_where_it_is():
    rng = np.random.default_rng(0)
    times = pd.date_range("2026-01-05", periods=1008, freq="h")
    plain, seasonal = rng.normal(size=1008), rng.normal(size=1008) + weekly_shape(rng, 1008)
    found = whiten(np.column_stack([plain, seasonal]), fourier_season(times, pd.Timedelta("1h")), np.zeros((1008, 0)))
    # a mean and a slope; the bins of a week
    assert found.used.tolist() == [1, 168]
    assert found.is_seasonal.tolist() == [False, True]
    hour = found.level[:, 1].reshape(-1, 24).mean(axis=0)
    assert np.abs(hour).max() < 0.4
    assert np.nanstd(found.rest, axis=0) == pytest.approx([1, 1])


def test_effective_bins_of_an_autoregression():
    x = autoregressive(np.random.default_rng(0), 0.8, 20_000, 2)
    worth = effective_bins(x[:, :1], x[:, 1:], np.array([[20_000.0]]), 200)[0, 0]
    # n (1 - rho^2) / (1 + rho^2)
    assert worth == pytest.approx(20_000 * 0.36 / 1.64, rel=0.1)


def test_alignment_keeps_to_the_common_period():
    one, two = table(a=np.arange(10.0)), table(b=np.arange(10.0))
    two["at"] += pd.Timedelta("3h")
    found = align(one, two.iloc[[0, 1, 4, 5, 6]], on="at", by=None, given=())
    assert found.values[:, 0].tolist() == [3, 4, 5, 6, 7, 8, 9]
    assert np.nan_to_num(found.values[:, 1], nan=-1).tolist() == [0, 1, -1, -1, 4, 5, 6]


@settings(max_examples=10, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), gap=st.floats(0, 0.3), shift=st.floats(-1e6, 1e6), scale=st.floats(1e-3, 1e3))
def test_figures_stay_in_their_ranges(seed, gap, shift, scale):
    rng = np.random.default_rng(seed)
    values = autoregressive(rng, rng.uniform(0, 1), 150, 3) * scale + shift
    values[rng.random(values.shape) < gap] = np.nan
    links = LaggedCorrelation("6h", draws=50).fit(hourly(values[:, :2], "x"), hourly(values[:, 2:], "y")).links
    judged = links[links["verdict"] != "not judged"]
    assert (judged["effect"].abs() <= 1).all()
    assert judged["p"].between(0, 1).all()
    assert (judged["q"] >= judged["p"] - 1e-12).all()
    assert (judged["n"] <= 150).all()
    assert (judged["n_eff"] <= judged["n"]).all()
    assert ((judged["low"] <= judged["effect"] + 1e-9) & (judged["effect"] <= judged["high"] + 1e-9)).all()
