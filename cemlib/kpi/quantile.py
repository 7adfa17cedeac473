"""Quantiles and their intervals by rank: written once, the same on every engine.

Equal values are counted together, a running sum gives each value its ranks in its cell, and only the values at the ranks that
matter leave the engine: about twenty a cell. What is then looked up is exact: type 7 interpolation for the quantile, order
statistics for its interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from cemlib.kpi.interval import bound_quantile_ranks
from cemlib.lake import collect_frame

__all__ = ["find_quantiles", "rank_values"]

_Z = 1.959964
# the binomial's quantile differs from its normal approximation by less than this many ranks
_MARGIN = 4


def find_quantiles(
    frame: nw.LazyFrame, column: str, quantiles: Sequence[float], keys: dict[str, str], cells: pd.DataFrame
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Quantiles of one column in each cell, and their intervals.

    Parameters
    ----------
    frame : narwhals.LazyFrame
        Records that count, none with a null in the column.
    column : str
    quantiles : sequence of float
        Each between 0 and 1.
    keys : dict
        Name of a key in ``cells`` to column of the frame; empty: one cell.
    cells : pandas.DataFrame
        The cells in the order of the answer.

    Returns
    -------
    list of (value, low, high)
        Arrays; NaN in a cell without values, and where the sample is too small to bound a side.
    """
    kept = collect_frame(rank_values(frame, column, quantiles, keys))
    return _look_up(kept, list(keys) or ["_all"], quantiles, cells if keys else pd.DataFrame({"_all": [1] * len(cells)}))


def rank_values(frame: nw.LazyFrame, column: str, quantiles: Sequence[float], keys: Mapping[str, str]) -> nw.LazyFrame:
    """The query for the values of a column near the ranks that quantiles need, not computed yet; see :func:`find_quantiles`."""
    names = list(keys) or ["_all"]
    chosen = [nw.col(one).alias(key) for key, one in keys.items()] or [nw.lit(1).alias("_all")]
    counted = frame.with_columns(*chosen, nw.col(column).alias("_value")).group_by(*names, "_value").agg(nw.len().alias("_count"))
    ranked = counted.with_columns(
        nw.col("_count").cum_sum().over(*names, order_by="_value").cast(nw.Float64).alias("_last"),
        nw.col("_count").sum().over(*names).cast(nw.Float64).alias("_n"))
    last, n = nw.col("_last"), nw.col("_n")
    first = last - nw.col("_count") + 1
    near = None
    for q in quantiles:
        spread = (n * (q * (1 - q))).sqrt() * _Z
        for middle, margin in (((n - 1) * q + 1, 1), (n * q - spread, _MARGIN), (n * q + spread, _MARGIN)):
            touches = (last >= middle - margin) & (first <= middle + margin)
            near = touches if near is None else near | touches
    return ranked.filter(near)


def _look_up(
    kept: pd.DataFrame, names: Sequence[str], quantiles: Sequence[float], cells: pd.DataFrame
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    both = pd.concat([cells[list(names)].astype(object), kept[list(names)].astype(object)], ignore_index=True)
    both = both.where(both.notna(), None)
    number = both.groupby(list(names), dropna=False, sort=False).ngroup().to_numpy()
    asked, found = number[: len(cells)], number[len(cells):]
    last, n, values = (kept[name].to_numpy(dtype=np.float64) for name in ("_last", "_n", "_value"))
    order = np.lexsort((last, found))
    found, last, values = found[order], last[order], values[order]
    size = pd.Series(n[order]).groupby(found).first().reindex(asked).to_numpy()
    # one sorted key for all cells; ranks stay below the step
    step = float(last.max(initial=0.0)) + 2
    key = found * step + last

    def at(rank: np.ndarray) -> np.ndarray:
        """The value that holds a rank: the first whose last rank is not below it."""
        known = np.isfinite(rank)
        place = np.searchsorted(key, np.where(known, asked * step + np.nan_to_num(rank), 0.0))
        return np.where(known, np.append(values, np.nan)[np.minimum(place, len(values))], np.nan)

    results = []
    for q in quantiles:
        position = (size - 1) * q + 1
        # the position is computed in floats: 0.9 * 10 must not become 8.999…
        position = np.where(np.abs(position - np.round(position)) < 1e-9, np.round(position), position)
        floor = np.floor(position)
        below, above = at(floor), at(np.minimum(floor + 1, size))
        value = np.where(position == floor, below, below + (position - floor) * (above - below))
        low_rank, high_rank = bound_quantile_ranks(np.where(np.isfinite(size), size, 0), q)
        results.append((value, at(low_rank), at(high_rank)))
    return results
