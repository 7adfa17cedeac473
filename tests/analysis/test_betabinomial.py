"""The beta-binomial's tails and quantiles against hand-worked values and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from cemlib.analysis.betabinomial import beta_shape, estimate_overdispersion, quantile, tail_parts


def test_uniform_share_makes_every_count_equally_likely():
    # rate 1/2 and rho 1/3 give a = b = 1, the uniform share: each of the 5 counts of 4 trials has 1/5
    below, equal = tail_parts([0, 1, 2, 3, 4], 4, 0.5, 1 / 3)
    assert equal == pytest.approx([0.2] * 5)
    assert below == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])


def test_no_overdispersion_is_the_binomial():
    # 3 of 3 at .97: .97^3 = .912673; below it 1 - .912673
    below, equal = tail_parts([3], [3], 0.97, 0.0)
    assert equal[0] == pytest.approx(0.912673, abs=1e-5)
    assert below[0] == pytest.approx(0.087327, abs=1e-5)


@settings(max_examples=60)
@given(den=st.integers(1, 400), share=st.floats(0, 1), rate=st.floats(0.02, 0.98), rho=st.floats(0.0005, 0.3))
# few counts of a wide and skewed distribution, and one near a steep end
@example(den=349, share=1 / 349, rate=0.36686, rho=0.0833)
@example(den=400, share=5 / 400, rate=0.39, rho=0.06784)
@example(den=377, share=307 / 377, rate=0.774, rho=0.06582)
def test_tails_agree_with_scipy(den, share, rate, rho):
    num = round(den * share)
    a, b = beta_shape(rate, rho)
    below, equal = tail_parts([num], [den], rate, rho)
    # from a standard deviation of 40 counts on it is integrated
    assert (below + equal)[0] == pytest.approx(betabinom.cdf(num, den, a, b), rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("num", [18800, 19063, 19400, 19700])
def test_wide_distributions_agree_with_scipy(num):
    # 20,000 trials at .97 and rho .002: sd 154, integrated instead of summed
    a, b = beta_shape(0.97, 0.002)
    assert sum(tail_parts([num], [20000], 0.97, 0.002))[0] == pytest.approx(betabinom.cdf(num, 20000, a, b), rel=1e-6)


@settings(max_examples=40)
@given(den=st.integers(1, 300), rate=st.floats(0.05, 0.95), rho=st.floats(0.0005, 0.04), q=st.floats(0.01, 0.99))
def test_quantile_is_the_first_count_that_reaches_the_probability(den, rate, rho, q):
    count = quantile(q, [den], rate, rho)
    below, equal = tail_parts(count, [den], rate, rho)
    assert below[0] - 1e-9 < q <= (below + equal)[0] + 1e-9


def test_far_tail_keeps_its_digits():
    assert sum(tail_parts([80], [100], 0.97, 0.0))[0] == pytest.approx(binom.cdf(80, 100, 0.97), rel=0.02)


def test_overdispersion_of_planted_bins_is_found():
    rng = np.random.default_rng(4)
    num = rng.binomial(1000, rng.beta(*beta_shape(0.97, 0.002), size=2000))
    rho, error = estimate_overdispersion(num, np.full(2000, 1000), 0.97)
    assert abs(rho - 0.002) < 3 * error
    assert error < 0.0002


def test_bins_of_one_trial_say_nothing_of_overdispersion():
    assert estimate_overdispersion(np.ones(5), np.ones(5), 0.5) == (0.0, np.inf)
