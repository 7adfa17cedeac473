"""Rules of a small tree: what they say, of whom they keep silent, and that the figures are those of customers not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.analysis.rule_tree import SILENT, grow_tree
from cemlib.analysis.tree_rules import read_rules


def test_the_tree_looks_past_a_greedy_first_cut():
    # a chessboard of two by two: no single cut is better than chance, three cuts are right
    rng = np.random.default_rng(1)
    X = rng.uniform(-1, 1, (600, 2))
    labels = ((X[:, 0] > 0) ^ (X[:, 1] > 0)).astype(int)
    assert np.mean(grow_tree(X, labels, leaves=4).predict(X) == labels) > 0.97


def test_a_leaf_speaks_when_it_is_right_often_enough():
    # below 0 all are of one group, above six of ten
    X = np.r_[np.full(100, -1.0), np.full(100, 1.0)][:, None]
    labels = np.r_[np.zeros(100, int), np.tile([1, 1, 1, 0, 0], 20)]
    assert grow_tree(X, labels, wrong=1.0).predict(np.array([[-1.0], [1.0]])).tolist() == [0, 1]
    # six right ones do not pay for four that cost two each
    assert grow_tree(X, labels, wrong=2.0).predict(np.array([[-1.0], [1.0]])).tolist() == [0, SILENT]


@pytest.fixture(scope="module")
def aslant():
    """Two groups parted by a slanting line, of which no eight steps follow it."""
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(3000, 4)), columns=list("abcd"))
    return X, assign(X)


def assign(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(np.where(rows[list("abcd")].sum(axis=1) > 0, "rich", "poor"), index=rows.index)


def test_rules_keep_silent_until_enough_of_them_are_right(aslant):
    X, labels = aslant
    forced, found = (read_rules(X, labels, wanted=wanted, assign=assign) for wanted in (0.01, 0.9))
    assert forced.coverage > 0.98
    assert forced.fidelity < 0.87
    # the wanted share, less what a thousand customers not seen may be off by chance
    assert found.fidelity > 0.9 - 2 * np.sqrt(0.9 * 0.1 / 1000)
    assert 0.4 < found.coverage < 0.9
    assert found.fidelity_of_all == pytest.approx(found.fidelity * found.coverage)
    assert len(found.table) <= 8


def test_figures_are_of_customers_that_the_tree_did_not_see():
    # groups that are drawn by lot: no rule is right more often than by chance
    rng = np.random.default_rng(7)
    X = pd.DataFrame(rng.normal(size=(900, 5)), columns=list("abcde"))
    found = read_rules(X, pd.Series(rng.choice(["x", "y"], 900)), wanted=0.01)
    assert found.fidelity == pytest.approx(0.5, abs=0.08)


def test_a_group_without_a_rule_is_named():
    rng = np.random.default_rng(3)
    X = pd.DataFrame({"a": rng.uniform(size=600)})
    # a tenth of all, found among the others everywhere
    labels = pd.Series(np.where(rng.uniform(size=600) < 0.1, "rare", np.where(X["a"] > 0.5, "high", "low")))
    table = read_rules(X, labels, wanted=0.8).table.set_index("segment")
    assert (table.at["rare", "rule"], table.at["rare", "n"], table.at["rare", "coverage"]) == ("no rule in few words", 0, 0.0)
    assert table.at["high", "rule"].startswith("a above 0.5")


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), groups=st.integers(2, 4))
def test_counts_of_the_table_are_those_of_the_figures(seed, groups):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.integers(0, 6, (240, 3)), columns=list("abc"))
    labels = pd.Series((X["a"] + X["b"] + rng.integers(0, 2, 240)) % groups).astype(str)
    found = read_rules(X, labels)
    held = 80
    assert found.table["n"].sum() == round(found.coverage * held)
    hits = (found.table["precision"] * found.table["n"]).fillna(0).sum()
    assert hits == pytest.approx(found.fidelity_of_all * held)
    assert set(found.table["segment"]) <= set(labels)
