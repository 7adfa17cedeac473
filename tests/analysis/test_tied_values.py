"""Steps of counts and grades are no groups of customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemlib.analysis.segment import Segmenter
from cemlib.analysis.tied_values import spread_ties


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60), st.integers(0, 5))
def test_each_stays_nearest_to_its_own_value_and_in_order(values, seed):
    frame = pd.DataFrame({"calls": np.array(values, dtype=float) / 4})
    spread = spread_ties(frame, seed)["calls"].to_numpy()
    steps = np.unique(frame["calls"])
    np.testing.assert_array_equal(steps[np.abs(spread[:, None] - steps).argmin(axis=1)], frame["calls"])
    times = frame["calls"].map(frame["calls"].value_counts())
    alone = (times == 1).to_numpy() | (len(steps) == 1)
    np.testing.assert_array_equal(spread[alone], frame["calls"][alone])


def test_the_seed_says_how_they_are_spread():
    frame = pd.DataFrame({"calls": [0.0, 0, 1, 1, 2]}, index=list("vwxyz"))
    pd.testing.assert_frame_equal(spread_ties(frame, 3), spread_ties(frame, 3))
    assert (spread_ties(frame, 3) != spread_ties(frame, 4))["calls"].tolist() == [True, True, True, True, False]


def _active(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    active = rng.lognormal(0, 0.5, 1500)
    return pd.DataFrame({name: rng.poisson(mean * active) for name, mean in (("calls", 1), ("messages", 2), ("sessions", 5), ("logins", 10))} | {"rate": rng.normal(size=1500)})


def _yes_or_no(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(1500, 4)), columns=list("abcd")).assign(roams=rng.random(1500) < 0.3, pays=rng.random(1500) < 0.15)


@pytest.mark.parametrize("make", [_active, _yes_or_no])
def test_one_crowd_that_is_counted_is_one_segment(make):
    # without the spreading the counts of this crowd are 5 segments, and yes and no are 3
    frame = make(100)
    names = list(frame)
    assert Segmenter({"behaviour": names[:3], "expectation": names[3:]}).fit(frame).k_ == 1


def test_planted_groups_are_found_in_coarse_values():
    # groups 4 standard deviations apart, told in steps of two
    rng = np.random.default_rng(1)
    group = rng.integers(0, 4, 1500)
    values = rng.normal(size=(1500, 6)) + 4 * np.eye(6)[group] * (group < 3)[:, None]
    frame = pd.DataFrame(2 * np.round(values / 2), columns=list("abcdef"))
    found = Segmenter({"behaviour": list("abc"), "expectation": list("def")}).fit(frame)
    assert found.k_ == 4
    # each is mostly of one planted group
    assert (pd.crosstab(found.labels_, group).max(axis=1) / found.labels_.value_counts().sort_index()).min() > 0.75
