"""Which cells of a table of counts are hidden so that no small one can be worked out from those that are shown.

Cell suppression, as statistical offices do it. With its margins the table is a network: lines are nodes, hidden cells are arcs, and what is shown leaves open what
can flow round in rings of hidden cells. A small count may stay hidden only where a ring lets it be as large as the minimum group, for all that the reader knows;
where there is none, the cells of the cheapest ring are hidden with it.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from cemlib.settings import settings

__all__ = ["hide_cells"]

#: What it costs to hide a cell: nearly nothing for one that is hidden, its customers for another, more than any of these for an empty one, most for a row's total.
_HIDDEN, _EMPTY, _TOTAL = 1e-9, 1e9, 1e12


def hide_cells(counts: pd.DataFrame, small_rows: Collection = (), small_columns: Collection = (), *, unshown_rows: Collection = (), may_hide_totals: bool = False,
               k: int | None = None) -> tuple[pd.DataFrame, pd.Series]:
    """Choose what is hidden of a table of counts whose margins are shown.

    Parameters
    ----------
    counts : DataFrame
        Customers by row and column, whole numbers.
    small_rows, small_columns : collection
        Rows and columns whose totals are hidden elsewhere: all their cells are hidden.
    unshown_rows : collection
        Rows that the reader does not see, though their customers are in the totals of the columns.
    may_hide_totals : bool
        Whether the total of a row can be hidden, and with it the whole row. Rows of few are then. The total of a column, and that of all, are always shown.
    k : int, optional
        The smallest count that is shown; the settings' (10) by default. Zero is shown.

    Returns
    -------
    DataFrame, Series
        Whether each cell is hidden, and whether the total of each row is.

    Notes
    -----
    For each hidden count below k the reader must hold k or more possible. Where that cannot be had, because the totals of the columns alone tell too much, the
    whole table is hidden.

    References
    ----------
    L. H. Cox, Suppression Methodology and Statistical Disclosure Control, Journal of the American Statistical Association 75 (1980) 377-385.
    A. Hundepool et al., Statistical Disclosure Control, Wiley 2012, chapter 4.

    Examples
    --------
    Of Y, 4 are few. Without the 12 beside it, 66 - 50 - 12 would tell it; without the 20 and the 15 below, the totals of b and of c would.

    >>> counts = pd.DataFrame({"a": [60, 50, 40], "b": [37, 4, 20], "c": [30, 12, 15]}, index=["X", "Y", "Z"])
    >>> hide_cells(counts, k=10)[0].to_numpy().astype(int).tolist()
    [[0, 0, 0], [0, 1, 1], [0, 1, 1]]
    """
    lines = [index.isin(list(some)) for index, some in ((counts.index, small_rows), (counts.columns, small_columns), (counts.index, unshown_rows))]
    hidden = _Table(counts.to_numpy(dtype=float), *lines, may_hide_totals, settings().minimum_group if k is None else k).close()
    return pd.DataFrame(hidden[:-1, :-1], index=counts.index, columns=counts.columns), pd.Series(hidden[:-1, -1], index=counts.index)


class _Table:
    """A table with a last column and a last row of totals, and what of it is hidden."""

    def __init__(self, cells: np.ndarray, small_rows: np.ndarray, small_columns: np.ndarray, unshown: np.ndarray, may_hide_totals: bool, k: int):
        self.k, self.may_hide_totals = k, may_hide_totals
        self.values = np.block([[cells, cells.sum(axis=1, keepdims=True)], [cells.sum(axis=0, keepdims=True), cells.sum()]])
        few = (self.values > 0) & (self.values < k)
        may_be_secret = np.zeros(few.shape, dtype=bool)
        may_be_secret[:-1] = ~unshown[:, None]
        may_be_secret[:-1, -1] &= may_hide_totals | small_rows
        may_be_secret[-1, :-1] = small_columns
        self.secret = few & may_be_secret
        self.hidden = self.secret.copy()
        self.hidden[:-1, :-1] |= small_rows[:, None] | small_columns | unshown[:, None]
        self.hidden[:-1, -1] |= small_rows
        self.hidden[-1, :-1] |= small_columns
        self._hide_rows()

    def close(self) -> np.ndarray:
        """Hide further cells until each secret one may be as large as the minimum group."""
        for row, column in np.argwhere(self.secret):
            if not self._add_a_ring(row, column):
                self.hidden[:-1, :-1] = True
                self.hidden[:-1, -1] |= self.may_hide_totals
                break
            self._hide_rows()
        return self.hidden

    def _hide_rows(self) -> None:
        """Nothing is shown of a row whose total is hidden because it is of few."""
        if self.may_hide_totals:
            self.hidden[self.hidden[:, -1], :-1] = True

    def _add_a_ring(self, row: int, column: int) -> bool:
        """Hide the cells of the cheapest ring through a cell that lets it grow up to k, and say whether there is one."""
        rows = len(self.values)
        start, end = row, rows + column
        if row == rows - 1 or column == self.values.shape[1] - 1:
            # a total stands for what its line lacks: it grows where a cell shrinks
            start, end = end, start
        cost, before = dijkstra(self._arcs(self.k - self.values[row, column], row, column), indices=start, return_predecessors=True)
        if not np.isfinite(cost[end]):
            return False
        while end != start:
            step = int(before[end])
            self.hidden[min(end, step), max(end, step) - rows] = True
            end = step
        return True

    def _arcs(self, growth: float, row: int, column: int) -> csr_array:
        """From a row to a column where the cell can shrink by the growth, from a column to a row where it can grow; what it costs to hide it."""
        costs = np.where(self.values > 0, self.values, _EMPTY)
        costs[:, -1] = _TOTAL + self.values[:, -1] if self.may_hide_totals else np.inf
        costs[-1, :] = np.inf
        costs[self.hidden] = _HIDDEN
        costs[row, column] = np.inf
        too_small = np.where(self.values < growth, np.inf, costs)
        shrinks, grows = too_small, costs.copy()
        shrinks[:, -1], grows[:, -1] = costs[:, -1], too_small[:, -1].copy()
        shrinks[-1], grows[-1] = costs[-1], too_small[-1].copy()
        return _graph(shrinks, grows)


def _graph(to_columns: np.ndarray, to_rows: np.ndarray) -> csr_array:
    """Rows and columns as nodes, and arcs of finite cost both ways."""
    count, size = len(to_columns), sum(to_columns.shape)
    there, back = np.nonzero(np.isfinite(to_columns)), np.nonzero(np.isfinite(to_rows))
    tails = np.concatenate([there[0], back[1] + count])
    heads = np.concatenate([there[1] + count, back[0]])
    return csr_array((np.concatenate([to_columns[there], to_rows[back]]), (tails, heads)), shape=(size, size))
