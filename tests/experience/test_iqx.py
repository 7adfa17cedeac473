"""The fitted curve finds known parameters again, states its uncertainty honestly, and refuses what cannot be fitted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cemlib.errors import ParameterError
from cemlib.experience import IqxCurve


@settings(max_examples=25)
@given(st.floats(0.5, 3.9), st.floats(0.01, 50), st.floats(1.0, 1.1))
def test_known_parameters_are_found_again(alpha, beta, gamma):
    # the disturbance covers the fall, whatever its unit
    x = np.linspace(0, 5, 40) / beta
    curve = IqxCurve(bounds={"gamma": (0.0, 5.0)}).fit(x, np.minimum(alpha * np.exp(-beta * x) + gamma, 5))
    assert (curve.alpha_, curve.beta_, curve.gamma_) == pytest.approx((alpha, beta, gamma), rel=1e-3)
    assert curve.rmse_ < 1e-5


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng, x, hits = np.random.default_rng(7), np.repeat(np.linspace(0, 20, 25), 4), []
    for _ in range(200):
        y = 3 * np.exp(-0.25 * x) + 1.4 + rng.normal(0, 0.1, x.size)
        curve = IqxCurve(bounds={"gamma": (0.0, 5.0)}).fit(x, y)
        low, high = curve.bound_curve(4.0)
        truth = 3 * np.exp(-1.0) + 1.4
        inside = curve.intervals_
        hits.append([low <= truth <= high, inside.low["alpha"] <= 3 <= inside.high["alpha"], inside.low["beta"] <= 0.25 <= inside.high["beta"],
                     inside.low["gamma"] <= 1.4 <= inside.high["gamma"]])
    # 200 draws at 95 %: between 90.5 and 98.5 % with a probability of about .99 each
    assert np.all(np.abs(np.mean(hits, axis=0) - 0.95) <= 0.045)


def test_residuals_and_predictions_keep_their_rows():
    x, y = pd.Series([0.0, 1, 2, np.nan, 4, -1, 8, 16]), pd.Series([4.5, 4.0, 3.4, 3.0, 2.8, 3.0, 2.0, 9.0])
    curve = IqxCurve().fit(x, y)
    assert curve.counts_ == {"rows": 8, "scored": 5, "missing": 1, "impossible": 2}
    assert np.isnan(curve.residuals_).tolist() == [False, False, False, True, False, True, False, True]
    assert np.nansum(curve.residuals_) == pytest.approx(0, abs=1e-6)
    score = curve.predict([0, 1, None, -3, 1e9])
    assert np.isnan(score.values).tolist() == [False, False, True, True, False]
    assert score.counts["impossible"] == 1
    assert score.values[4] == pytest.approx(max(curve.gamma_, 1))
    assert (score.method, score.unit) == ("iqx", "MOS")


@settings(max_examples=20)
@given(st.integers(0, 10_000))
# the data hardly determine how steep it is
@example(1547)
@example(5719)
def test_the_curve_never_rises_and_stays_on_the_scale(seed):
    rng = np.random.default_rng(seed)
    curve = IqxCurve().fit(rng.exponential(5, 30), rng.uniform(1, 5, 30))
    values = curve.predict(np.linspace(0, 100, 200)).values
    assert np.all(np.diff(values) <= 1e-9)
    assert values.min() >= 1
    assert values.max() <= 5
    inside = curve.intervals_.dropna()
    assert ((inside["low"] <= inside["value"]) & (inside["value"] <= inside["high"])).all()


def test_a_parameter_on_its_bound_has_no_interval():
    x = np.arange(10.0)
    rising = IqxCurve().fit(x, 2 + 0.2 * x)  # what the curve cannot do
    assert "alpha" in rising.at_bound_ or "beta" in rising.at_bound_
    for name in rising.at_bound_:
        assert np.isnan(rising.intervals_.loc[name, ["low", "high"]].to_numpy()).all()


@pytest.mark.parametrize(("x", "y", "message"), [
    ([1, 2, 3, 4], [4, 3, 2, 1], "Too few"), ([1, 1, 2, 2, 3, 3], [4, 4, 3, 3, 2, 2], "Too few"), ([3] * 9, [4, 3, 2] * 3, "disturbance is constant"),
    (range(9), [3] * 9, "All ratings are the same"), (range(3), range(4), "Each disturbance"), ([None] * 9, [3] * 9, "Too few"), (["a"] * 9, [3] * 9, "not a column"),
])
def test_what_cannot_be_fitted_is_refused(x, y, message):
    with pytest.raises(ParameterError, match=message):
        IqxCurve().fit(list(x), list(y))


def test_too_few_says_how_many_came():
    with pytest.raises(ParameterError) as caught:
        IqxCurve().fit([1, 2, None, -4], [4, 3, 2, 1])
    assert caught.value.came == "2 usable of 4 rows (1 missing, 1 impossible), 2 different disturbances"


@pytest.mark.parametrize("wrong", [{"scale": (5, 1)}, {"level": 1.0}, {"bounds": {"delta": (0, 1)}}, {"bounds": {"beta": (2, 1)}}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ParameterError):
        IqxCurve(**wrong)


def test_nothing_is_predicted_before_the_fit():
    with pytest.raises(ParameterError, match="not fitted"):
        IqxCurve().predict([1])
