"""The mean rating and its interval, where customers give several ratings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, t

from cemlib.analysis.cluster_mean import interval_of_means
from cemlib.errors import ParameterError

RATINGS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 6), st.integers(0, 2)), min_size=1, max_size=40)


def test_one_rating_each_is_students_interval():
    values = np.array([2.0, 3, 3, 4, 5, 1, 4, 4])
    mean, low, high = (float(one[0]) for one in interval_of_means(values, np.arange(8), (1, 5)))
    wanted = t.interval(0.9, 7, loc=values.mean(), scale=values.std(ddof=1) / np.sqrt(8))
    assert (mean, low, high) == pytest.approx((values.mean(), *wanted))


def test_customers_with_more_ratings_count_more_by_hand():
    # 5, 5, 5 of one, 2 of another, 3 of a third: mean 4; off by 3, -2, -1; error = sqrt(3 / 2 * 14) / 5
    mean, low, high = (float(one[0]) for one in interval_of_means(np.array([5.0, 5, 5, 2, 3]), np.array(list("aaabc")), (0, 10)))
    half = t.ppf(0.95, 2) * np.sqrt(21) / 5
    assert (mean, low, high) == pytest.approx((4, 4 - half, 4 + half))


def test_where_all_rate_the_same_others_are_still_possible():
    _, low, high = interval_of_means(np.full(60, 5.0), np.arange(60) // 2, (1, 5))
    # of 30 customers a share of 9.5 % goes unseen in one case of twenty: at most four points each
    assert (float(low[0]), float(high[0])) == (pytest.approx(5 - 4 * (1 - 0.05 ** (1 / 30))), 5)
    one, low, high = interval_of_means(np.array([4.0, 5]), np.array([7, 7]), (1, 5))
    assert (float(one[0]), bool(np.isnan(low[0])), bool(np.isnan(high[0]))) == (4.5, True, True)


@settings(max_examples=50, deadline=None)
@given(RATINGS)
def test_the_interval_is_on_the_scale_holds_the_mean_and_knows_no_more_by_repeated_ratings(rows):
    values, who, by = (np.array(one) for one in zip(*rows, strict=True))
    told = np.array(interval_of_means(values.astype(float), who, (1, 5), by))
    mean, low, high = told[:, ~np.isnan(told[1])]
    assert ((low >= 1) & (low <= mean + 1e-9) & (mean <= high + 1e-9) & (high <= 5)).all()
    twice = np.array(interval_of_means(np.repeat(values, 3).astype(float), np.repeat(who, 3), (1, 5), np.repeat(by, 3)))
    np.testing.assert_allclose(told, twice, atol=1e-9)
    for number in np.unique(by):
        alone = [float(one[0]) for one in interval_of_means(values[by == number].astype(float), who[by == number], (1, 5))]
        np.testing.assert_allclose(told[:, number], alone, atol=1e-9)


def test_the_interval_holds_the_mean_of_all_in_nine_worlds_of_ten():
    covered = 0
    for number in range(400):
        rng = np.random.default_rng([8, number])
        who = np.repeat(np.arange(40), rng.geometric(0.4, 40))
        values = np.clip(3.5 + rng.normal(0, 0.6, 40)[who] + rng.normal(0, 0.8, len(who)), 0, 7)
        _, low, high = interval_of_means(values, who, (0, 7))
        covered += bool(low[0] <= 3.5 <= high[0])
    assert 0.86 <= covered / 400 <= 0.94


def test_a_bootstrap_of_customers_says_the_same():
    rng = np.random.default_rng(2)
    who = np.repeat(np.arange(150), rng.integers(1, 5, 150))
    values = np.clip(3 + rng.normal(0, 0.7, 150)[who] + rng.normal(0, 0.5, len(who)), 1, 5)
    sums, sizes = np.bincount(who, values), np.bincount(who)
    drawn = bootstrap((sums, sizes), lambda a, b, axis: a.sum(axis) / b.sum(axis), paired=True, confidence_level=0.9, n_resamples=2000, method="percentile", rng=rng).confidence_interval
    _, low, high = (float(one[0]) for one in interval_of_means(values, who, (1, 5)))
    assert (low, high) == pytest.approx((drawn.low, drawn.high), abs=0.015)


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(ParameterError, match="do not belong together") as told:
        interval_of_means(np.ones(3), np.ones(2), (1, 5))
    assert told.value.came == "3, 2, 3"
