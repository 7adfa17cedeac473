"""A small count can't be worked out from what is shown: asked of a linear programme, which knows nothing of rings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from cemlib.usecases.cell_suppression import hide_cells


def _table(rows, columns="abcd"):
    return pd.DataFrame(rows, columns=list(columns)[: len(rows[0])], index=list("UVWXYZ")[: len(rows)])


def _most(cells: np.ndarray, hidden: np.ndarray, totals_hidden: np.ndarray, small_columns: np.ndarray, goal: np.ndarray) -> float:
    """The most that a reader who sees all but what is hidden can hold possible."""
    shape, names = cells.shape, np.arange(cells.size).reshape(cells.shape)
    known = [(names[at], cells[at]) for at in range(shape[0]) if not totals_hidden[at]] + [(names[:, at], cells[:, at]) for at in range(shape[1]) if not small_columns[at]]
    known += [(names, cells)] + [(names[at], cells[at]) for at in zip(*np.nonzero(~hidden))]
    wanted, sums = np.zeros((len(known), cells.size)), []
    for row, (which, values) in zip(wanted, known):
        row[np.ravel(which)] = 1
        sums.append(np.sum(values))
    return -linprog(-goal.ravel().astype(float), A_eq=wanted, b_eq=sums).fun


COUNTS = st.integers(0, 30) | st.integers(0, 3)
TABLES = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(COUNTS, min_size=width, max_size=width), min_size=1, max_size=4))


@settings(max_examples=60, deadline=None)
@given(TABLES, st.booleans(), st.sets(st.sampled_from("abcd")), st.booleans())
def test_ten_are_possible_wherever_there_are_few(rows, may_hide_totals, small, is_first_unshown):
    counts = _table(rows)
    cells, is_small = counts.to_numpy(), counts.columns.isin(sorted(small))
    unshown = counts.index[:1] if is_first_unshown else []
    hidden, totals = (one.to_numpy() for one in hide_cells(counts, small_columns=small, unshown_rows=unshown, may_hide_totals=may_hide_totals, k=10))
    assert may_hide_totals or not totals.any()
    all_hidden = np.ones(cells.shape, dtype=bool), np.full(len(cells), may_hide_totals), is_small
    for at in range(len(cells)):
        if is_first_unshown and at == 0:
            continue
        goals = [np.arange(cells.shape[1]) == column for column in range(cells.shape[1]) if 0 < cells[at, column] < 10]
        goals += [np.ones(cells.shape[1], dtype=bool)] if may_hide_totals and 0 < cells[at].sum() < 10 else []
        for of_row in goals:
            goal = np.zeros(cells.shape, dtype=bool)
            goal[at] = of_row
            possible = _most(cells, hidden, totals, is_small, goal)
            # where even a table without any cell tells of few, nothing can be done here
            assert possible >= min(10, _most(cells, *all_hidden, goal)) - 1e-6


@given(st.lists(st.lists(st.just(0) | st.integers(10, 50), min_size=3, max_size=3), min_size=1, max_size=3), st.booleans())
def test_nothing_is_hidden_where_nobody_is_few(rows, may_hide_totals):
    hidden, totals = hide_cells(_table(rows), may_hide_totals=may_hide_totals, k=10)
    assert not hidden.any(axis=None)
    assert not totals.any()


def test_the_cheapest_ring_is_hidden():
    # 3 of b in U may be ten when seven fewer are in a or c of U, and seven more there in V or W, and seven fewer b: c of U (20), c of V (12), b of V (15)
    hidden, _ = hide_cells(_table([[90, 3, 20], [70, 15, 12], [80, 40, 60]]), k=10)
    assert hidden.to_numpy().astype(int).tolist() == [[0, 1, 1], [0, 1, 1], [0, 0, 0]]


def test_a_ring_of_an_empty_cell_that_cannot_shrink_is_none():
    # the zero beside the 3 can't give what the 3 would gain; so the 90 does, and of V what gains from it
    hidden, _ = hide_cells(_table([[90, 3, 0], [70, 15, 11]]), k=10)
    assert hidden.to_numpy().astype(int).tolist() == [[1, 1, 0], [1, 1, 0]]


def test_the_total_of_a_row_goes_where_it_alone_would_tell():
    # V is only of c, and c is only in U and V: with the 10 of V, 11 - 10 tells the one of U
    counts = _table([[0, 0, 1], [0, 0, 10]])
    hidden, totals = hide_cells(counts, may_hide_totals=True, k=10)
    assert hidden.all(axis=None)
    assert totals.all()


def test_customers_of_no_row_may_be_those_of_a_hidden_column():
    # d is of three, who are in no square; b is hidden for its sake: its 30 are the 130 of U less a and c, unless d might be among them
    counts = _table([[60, 30, 40, 0], [20, 0, 25, 0], [0, 0, 0, 3]])
    hidden, totals = hide_cells(counts, small_columns={"b", "d"}, unshown_rows=["W"], may_hide_totals=True, k=10)
    assert hidden.to_numpy()[:2].astype(int).tolist() == [[0, 1, 0, 1], [0, 1, 0, 1]]
    assert not totals.any()


def test_a_table_that_its_totals_tell_is_hidden_as_a_whole():
    assert hide_cells(_table([[40, 3, 20]]), k=10)[0].all(axis=None)


@pytest.mark.parametrize("k", [1, 0])
def test_nobody_is_few_where_one_is_enough(k):
    assert not hide_cells(_table([[1, 2], [3, 4]]), k=k)[0].any(axis=None)
