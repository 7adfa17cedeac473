"""The time of a change, and none where nothing changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cemlib.analysis import find_change
from cemlib.analysis.betabinomial import beta_shape
from cemlib.errors import ParameterError


def draw(rng, rate, den, rho=0.002):
    return rng.binomial(den, rng.beta(*beta_shape(rate, rho), size=den.shape))


def test_the_hour_of_a_fall_is_found_at_uneven_volumes():
    rng = np.random.default_rng(1)
    times = pd.date_range("2026-03-01", periods=720, freq="h", tz="UTC")
    den = rng.poisson(60 + 40 * np.sin(np.arange(720) / 24 * 2 * np.pi))
    num = np.where(np.arange(720) < 494, draw(rng, 0.97, den), draw(rng, 0.85, den))
    found = find_change(times, num, den)
    assert abs(found.at - times[494]) <= pd.Timedelta(hours=2)
    assert found.before_rate > 0.96
    assert found.after_rate < 0.88


def test_nothing_is_found_more_often_than_stated():
    rng = np.random.default_rng(2)
    den = np.full(400, 200)
    false = sum(find_change(range(400), draw(rng, 0.97, den), den, alpha=0.05) is not None for _ in range(200))
    # 10 expected of 200 at .05; 3 standard errors (9.2) above is still honest
    assert false <= 19


def test_order_does_not_matter_and_empty_bins_are_left_out():
    num, den = np.array([98] * 30 + [80] * 30), np.full(60, 100)
    num[10] = den[10] = 0
    order = np.random.default_rng(3).permutation(60)
    assert find_change(np.arange(60), num, den).at == find_change(np.arange(60)[order], num[order], den[order]).at == 30


@pytest.mark.parametrize("series", [([], []), ([1, 1], [1, 1]), ([0] * 50, [0] * 50), ([5] * 50, [5] * 50)])
def test_too_little_or_constant_is_no_change(series):
    num, den = series
    assert find_change(range(len(num)), num, den) is None


def test_bad_input_is_named():
    with pytest.raises(ParameterError, match="length"):
        find_change([1, 2], [1], [1])
    with pytest.raises(ParameterError, match="one time per bin"):
        find_change([1, 1], [1, 1], [1, 1])
    with pytest.raises(ParameterError, match="outside"):
        find_change([1, 2], [2, 1], [1, 1])
