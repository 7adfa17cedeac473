"""Segments: planted ones are found, none are invented, names stay, bad input is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from cemlib.analysis import Segmenter
from cemlib.analysis.drift import compare_shares, population_stability
from cemlib.errors import ParameterError, UnknownNameError

BLOCKS = {"behaviour": ["a", "b"], "expectation": ["c"]}


def planted(seed: int, n: int = 600) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n, p=[0.4, 0.35, 0.25])
    centres = np.array([[0, 0, 0], [8, 0, 0], [0, 8, 4]], float)
    return pd.DataFrame(centres[truth] + rng.normal(size=(n, 3)), columns=["a", "b", "c"]), truth


@pytest.fixture(scope="module")
def found():
    X, truth = planted(1)
    return X, truth, Segmenter(BLOCKS, k_max=4).fit(X)


def test_planted_segments_are_found_and_told_in_words(found):
    _, truth, fit = found
    assert fit.k_ == 3
    assert fit.is_stable_
    assert adjusted_rand_score(truth, fit.labels_) > 0.97
    assert fit.fidelity_ > 0.95
    assert len(fit.rules_) <= 8
    assert sorted(fit.sizes_) == sorted(np.bincount(truth).tolist())


def test_correlated_customers_without_groups_are_one_segment():
    rng = np.random.default_rng(2)
    X = pd.DataFrame(rng.multivariate_normal([0, 0, 0], [[1, 0.7, 0.5], [0.7, 1, 0.6], [0.5, 0.6, 1]], 600), columns=["a", "b", "c"])
    fit = Segmenter(BLOCKS, k_max=4).fit(X)
    assert (fit.k_, fit.is_stable_, fit.names_) == (1, False, ["all customers"])
    assert fit.message_.startswith("No stable segments")


def test_names_survive_a_refit_on_other_customers(found):
    _, _, fit = found
    X, _ = planted(9)
    again = Segmenter(BLOCKS, k_max=4, seed=5).fit(X, previous=fit)
    assert set(again.names_) == set(fit.names_)
    assert (again.labels_ == fit.predict(X)).mean() > 0.97


def test_nobody_moves_between_equal_months_and_drift_is_nothing(found):
    X, _, fit = found
    moved = fit.migration(X, X)
    assert np.trace(moved.to_numpy()) == len(X)
    drift = fit.drift(X)
    assert drift["jsd"] == pytest.approx(0)
    assert drift["features"].max() == pytest.approx(0, abs=1e-9)
    assert fit.drift(X.assign(a=X["a"] + 3))["features"]["a"] > 0.25


def test_a_block_that_counts_little_divides_nobody():
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.normal(size=(600, 3)), columns=["a", "b", "c"])
    X["c"] += 4 * (np.arange(600) % 2)
    assert Segmenter(BLOCKS, k_max=3).fit(X).k_ == 2
    assert Segmenter(BLOCKS, k_max=3, weights={"expectation": 0.02}).fit(X).k_ == 1


def test_a_customer_with_a_gap_has_no_segment(found):
    X, _, fit = found
    gap = X.copy()
    gap.loc[5, "b"] = np.nan
    assert fit.predict(gap).isna().sum() == 1


def test_a_small_group_far_away_is_odd():
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(3000, 3)), columns=["a", "b", "c"])
    for many, grouped in ((12, 0), (30, 12)):
        X.loc[: many - 1] = np.random.default_rng(0).normal(14, 0.3, size=(many, 3))
        fit = Segmenter(BLOCKS, k=1, smallest=12).fit(X)
        # all of them are odd; too few for a group of their own, or enough; of the others hardly anybody is odd
        assert fit.odd_.iloc[:many].notna().all()
        assert (fit.odd_ == "odd group 1").sum() >= grouped
        assert grouped or not (fit.odd_ == "odd group 1").any()
        assert fit.odd_.iloc[many:].isna().mean() > 0.999


def test_bad_input_is_told(found):
    X, _, _ = found
    with pytest.raises(ParameterError, match="Too few customers"):
        Segmenter(BLOCKS).fit(X.head(3))
    with pytest.raises(UnknownNameError, match="no column named 'd'"):
        Segmenter({"x": ["d"]}).fit(X)
    with pytest.raises(ParameterError, match="holds text"):
        Segmenter({"x": ["a"]}).fit(X.astype(object).assign(a="1, 3"))
    with pytest.raises(ParameterError, match="same for all"):
        Segmenter(BLOCKS).fit(X.assign(c=1.0))
    with pytest.raises(ParameterError, match="neither"):
        Segmenter(BLOCKS, k="stabel")


def test_a_customer_or_a_column_that_stands_there_twice_is_told(found):
    frame = pd.DataFrame({"gb": np.arange(200.0), "price": np.arange(200.0)[::-1] ** 2})
    twice = frame.rename(index={7: 8})
    with pytest.raises(ParameterError, match=r"twice.*\n.*came: 8"):
        Segmenter({"all": ["gb", "price"]}).fit(twice)
    with pytest.raises(ParameterError, match="'gb' stands in the table 2 times"):
        Segmenter({"all": ["gb", "price"]}).fit(pd.concat([frame, frame[["gb"]]], axis=1))


def test_divergences_by_hand():
    # shares .5/.5 against 1/0: middle .75/.25; (.5 log2 .5/.75 + .5 log2 .5/.25 + log2 1/.75)/2 = (-.29248+.5+.41504)/2
    assert compare_shares(pd.Series({"a": 0.5, "b": 0.5}), pd.Series({"a": 1.0}))[1] == pytest.approx(0.31128, abs=1e-5)
    assert np.isnan(population_stability(pd.Series([1.0]), pd.Series([], dtype=float)))


@pytest.mark.parametrize("blocks", [["gb"], {"behaviour": "gb"}])
def test_blocks_of_another_shape_are_told(blocks):
    with pytest.raises(ParameterError, match="Blocks are not told as wanted"):
        Segmenter(blocks)
