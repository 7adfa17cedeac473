"""Alarms at the nominal rate, failures found, and a past that holds the failure itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cemlib.analysis import BetaBinomialBaseline
from cemlib.analysis.betabinomial import beta_shape, tail_parts
from cemlib.errors import ParameterError

RATE, RHO, ALPHA = 0.97, 0.002, 0.001


def draw(rng, rate, den, rho=RHO):
    return rng.binomial(den, rng.beta(*beta_shape(rate, rho), size=den.shape))


def past(rng, volume, days=28, entity="A"):
    den = np.full(days * 24, volume)
    return pd.DataFrame({"entity": entity, "at": pd.date_range("2026-02-20", periods=days * 24, freq="h", tz="UTC"), "num": draw(rng, RATE, den), "den": den})


def limit_of(base, volume, entity="A"):
    """The largest count that raises an alarm; its true probability is known because the truth was planted."""
    counts = np.arange(int(volume * 0.8), volume + 1) if volume < 5000 else np.arange(int(volume * 0.92), int(volume * 0.97))
    judged = base.judge(pd.DataFrame({"entity": entity, "num": counts, "den": volume}))
    return counts[(judged["verdict"] == "below").to_numpy()].max(initial=-1)


@pytest.mark.parametrize("volume", [5, 20, 100, 1000, 20000])
def test_alarms_stay_near_nominal_at_every_volume(volume):
    exact = []
    for seed in range(6):
        base = BetaBinomialBaseline(ALPHA).fit(past(np.random.default_rng(100 + seed), volume))
        exact.append(sum(tail_parts([max(limit_of(base, volume), 0)], [volume], RATE, RHO))[0])
    assert max(exact) <= 1.5 * ALPHA


def test_a_fall_to_90_is_seen_at_a_thousand_an_hour():
    rng = np.random.default_rng(11)
    base = BetaBinomialBaseline(ALPHA).fit(past(rng, 1000))
    failing = draw(rng, 0.90, np.full(2000, 1000))
    judged = base.judge(pd.DataFrame({"entity": "A", "num": failing, "den": 1000}))
    assert (judged["verdict"] == "below").mean() >= 0.95


@pytest.mark.parametrize("volume", [20, 300, 1000])
def test_a_failure_in_its_own_past_does_not_hide(volume):
    rng = np.random.default_rng(12)
    history = past(rng, volume, days=30)
    bad = history.index >= 20 * 24
    history.loc[bad, "num"] = draw(rng, 0.87, np.full(bad.sum(), volume))
    base = BetaBinomialBaseline(ALPHA).fit(history)
    learnt = base.expected_.iloc[0]
    assert abs(learnt["rate"] - RATE) < 0.005
    assert learnt["left_out"] >= 240
    week = base.judge(pd.DataFrame({"entity": ["A"], "num": [int(0.87 * volume * 168)], "den": [volume * 168], "den_squared": [volume**2 * 168]}))
    assert week["verdict"][0] == "below"


def test_scattered_bad_days_and_a_dead_hour_are_left_out_too():
    rng = np.random.default_rng(13)
    history = past(rng, 500, days=30)
    day = np.arange(len(history)) // 24
    for one in range(0, 30, 3):
        history.loc[day == one, "num"] = draw(rng, 0.88, np.full(24, 500))
    history.loc[100, "num"] = 0
    learnt = BetaBinomialBaseline().fit(history).expected_.iloc[0]
    assert abs(learnt["rate"] - RATE) < 0.003
    assert learnt["rho"] < 0.004


def test_order_and_names_of_entities_change_nothing():
    rng = np.random.default_rng(14)
    history = pd.concat([past(rng, volume, entity=name) for volume, name in ((30, "A"), (200, "B"), (9, "C"))])
    now = pd.DataFrame({"entity": ["A", "B", "C"], "num": [25, 190, 9], "den": [30, 200, 9]})
    base = BetaBinomialBaseline().fit(history)
    other = BetaBinomialBaseline().fit(history.sample(frac=1, random_state=1).replace({"entity": {"A": "z", "B": "y", "C": "x"}}))
    renamed = other.judge(now.replace({"entity": {"A": "z", "B": "y", "C": "x"}}))
    assert np.allclose(base.judge(now)[["p_low", "low", "high"]], renamed[["p_low", "low", "high"]])


def test_a_short_past_leans_on_the_others():
    rng = np.random.default_rng(15)
    many = [past(rng, 100, entity=f"P{i}") for i in range(8)]
    short = pd.DataFrame({"entity": "new", "at": pd.to_datetime(["2026-03-19"], utc=True), "num": [2], "den": [3]})
    base = BetaBinomialBaseline().fit(pd.concat([*many, short]))
    rate = base.expected_.set_index("entity")["rate"]["new"]
    # alone it would be 2.5/4 with half a success more; it is drawn to the others' 97 %, by at most its own standard error (.24)
    assert 0.625 + 0.2 < rate < 0.625 + 0.25


def test_small_counts_are_never_judged():
    base = BetaBinomialBaseline().fit(past(np.random.default_rng(16), 100))
    judged = base.judge(pd.DataFrame({"entity": "A", "num": [0, 0, 0], "den": [0, 1, 40]}))
    # one failure of one has 3 %, more than .001; forty of forty do not happen by chance
    assert judged["verdict"].tolist() == ["too_few", "too_few", "below"]
    assert np.isnan(judged["rate"][0])


def test_an_unknown_entity_is_judged_by_the_others():
    base = BetaBinomialBaseline().fit(pd.concat([past(np.random.default_rng(i), 100, entity=f"P{i}") for i in range(6)]))
    assert base.judge(pd.DataFrame({"entity": ["other"], "num": [50], "den": [100]}))["verdict"][0] == "below"


def test_a_sum_of_bins_has_a_narrower_band_than_one_bin_of_its_size():
    base = BetaBinomialBaseline().fit(past(np.random.default_rng(17), 1000))
    frame = pd.DataFrame({"entity": ["A", "A"], "den": [24000, 24000], "den_squared": [24 * 1000**2, 24000**2]})
    band = base.band(frame)
    # the overdispersion of 24 independent hours averages out to a 24th: sd .0019 against .0077
    width = (band["high"] - band["low"]).to_numpy()
    assert 3 < width[1] / width[0] < 5


def test_perfect_and_constant_pasts_work():
    history = pd.DataFrame({"entity": "A", "num": 50, "den": 50}, index=range(200))
    base = BetaBinomialBaseline().fit(history)
    assert base.judge(pd.DataFrame({"entity": ["A", "A"], "num": [50, 30], "den": [50, 50]}))["verdict"].tolist() == ["within", "below"]


@pytest.mark.parametrize(("frame", "words"), [
    (pd.DataFrame({"entity": ["A"], "num": [1]}), "column is missing"),
    (pd.DataFrame({"entity": ["A"], "num": [2], "den": [1]}), "outside"),
    (pd.DataFrame({"entity": ["A"], "num": [np.nan], "den": [1]}), "missing values"),
    (pd.DataFrame({"entity": ["A"], "num": [0], "den": [0]}), "no trials"),
])
def test_bad_input_is_named(frame, words):
    with pytest.raises(ParameterError, match=words):
        BetaBinomialBaseline().fit(frame)


def test_judging_before_fitting_says_so():
    with pytest.raises(ParameterError, match="not been fitted"):
        BetaBinomialBaseline().judge(pd.DataFrame({"entity": ["A"], "num": [1], "den": [1]}))
