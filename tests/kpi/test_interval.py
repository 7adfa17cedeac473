"""Intervals against published values, independent formulas and their own coverage."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cemlib.kpi.interval import bound_count, bound_mean, bound_quantile_ranks, bound_ratio


def test_wilson_equals_the_golden_values(shared_vectors):
    with (shared_vectors / "wilson_csat_top2box.csv").open(newline="") as file:
        golden = list(csv.DictReader(file))
    assert len(golden) >= 4
    low, high = bound_ratio([int(row["k"]) for row in golden], [int(row["n"]) for row in golden])
    assert low == pytest.approx([float(row["wilson_lo"]) for row in golden], abs=1e-7)
    assert high == pytest.approx([float(row["wilson_hi"]) for row in golden], abs=1e-7)


def test_nothing_counted_has_no_interval():
    for low, high in (bound_ratio([0], [0]), bound_mean([0], [0], [0]), bound_quantile_ranks([0], 0.5), bound_count([np.nan])):
        assert np.isnan(low).all()
        assert np.isnan(high).all()


@given(st.integers(1, 10_000), st.data())
def test_a_share_lies_in_its_interval(den, data):
    num = data.draw(st.integers(0, den))
    low, high = bound_ratio([num], [den])
    assert 0 <= low[0] <= num / den <= high[0] <= 1


@given(st.integers(0, 100_000))
def test_poisson_limits_have_the_stated_tails(count):
    # Garwood: P(X >= count | low) = P(X <= count | high) = 2.5 %
    low, high = bound_count([count])
    assert stats.poisson.cdf(count, high[0]) == pytest.approx(0.025, abs=1e-6)
    if count:
        assert stats.poisson.sf(count - 1, low[0]) == pytest.approx(0.025, abs=1e-6)
    else:
        assert low[0] == 0


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=60))
def test_the_mean_of_integers_has_students_interval(values):
    low, high = bound_mean([sum(values)], [sum(one * one for one in values)], [len(values)])
    sample = np.array(values, dtype=float)
    half = stats.t.ppf(0.975, len(values) - 1) * sample.std(ddof=1) / np.sqrt(len(values))
    assert low[0] == pytest.approx(sample.mean() - half, abs=1e-6)
    assert high[0] == pytest.approx(sample.mean() + half, abs=1e-6)


def test_one_value_says_nothing_about_spread():
    low, high = bound_mean([5], [25], [1])
    assert np.isnan([low[0], high[0]]).all()


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("n", [6, 30, 101, 2000])
def test_the_ranks_of_a_quantile_hold_95_per_cent_of_the_binomial(n, q):
    (low,), (high,) = bound_quantile_ranks([n], q)
    below = stats.binom(n, q)
    # P(value at low > quantile) = P(fewer than low values lie below it), and the mirror image above
    if np.isfinite(low):
        assert below.cdf(low - 1) <= 0.025
    else:
        assert below.pmf(0) > 0.025
    if np.isfinite(high):
        assert below.sf(high - 1) <= 0.025
    else:
        assert below.pmf(n) > 0.025


@pytest.mark.parametrize("q", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("share", [0.025, 0.975])
def test_counts_left_by_a_binomial_are_those_of_scipy(share, q):
    from scipy.stats import binom

    from cemlib.kpi.interval import _find_count

    n = np.r_[1:200, 1_000, 99_999, 12_345_678].astype(float)
    assert _find_count(share, n, q).tolist() == binom.ppf(share, n, q).tolist()
