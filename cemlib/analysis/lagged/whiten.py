"""Take out of a series what its season, its confounders and its own past explain.

What is left is uncorrelated in time, so that the correlation of two such rests at each lag is that of independent draws when nothing links them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import f as f_distribution

from cemlib.analysis.lagged.season import Season

__all__ = ["Whitened", "burg", "whiten"]

_GATE = 0.01  # probability at which a season is taken to be there


@dataclass(frozen=True)
class Whitened:
    """The rests of series.

    Attributes
    ----------
    rest : ndarray (bins, series)
        Mean 0, variance 1; NaN where the series or a value of its past that is needed is missing.
    level : ndarray (bins, series)
        The series without season and confounders, its own course kept.
    used : ndarray of int
        Coefficients of the season and the confounders that were fitted to each series.
    order : ndarray of int
        Of the autoregression.
    is_seasonal : ndarray of bool
        Whether a season was seen.
    """

    rest: np.ndarray
    level: np.ndarray
    used: np.ndarray
    order: np.ndarray
    is_seasonal: np.ndarray


def burg(values: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Autoregressions of many series at once, their orders by BIC.

    Parameters
    ----------
    values : ndarray (bins, series)
        Mean 0; NaN is missing.
    most : int
        Largest order.

    Returns
    -------
    filters : ndarray (most + 1, series)
        ``rest[t] = sum over j of filters[j] * values[t - j]``.
    order : ndarray of int

    Notes
    -----
    Burg's method with the sums taken over the stretches without gaps (de Waele and Broersen 2000, "The Burg algorithm for segments").

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> series = np.zeros((2000, 1))
    >>> for t in range(1, 2000):
    ...     series[t] = 0.8 * series[t - 1] + rng.normal()
    >>> filters, order = burg(series, 10)
    >>> int(order[0]), round(float(filters[1, 0]), 1)
    (1, -0.8)
    """
    known = np.isfinite(values)
    forward = np.where(known, values, 0.0)
    backward = forward
    count = np.maximum(known.sum(axis=0), 2)
    filters = np.zeros((most + 1, values.shape[1]))
    filters[0] = 1.0
    best, order, lowest, price = filters.copy(), np.zeros(values.shape[1], int), np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for step in range(1, most + 1):
        ahead, behind, both = forward[1:], backward[:-1], known[1:] & known[:-1]
        ahead, behind = ahead * both, behind * both
        scale = (ahead**2).sum(axis=0) + (behind**2).sum(axis=0)
        mirror = -2 * (ahead * behind).sum(axis=0) / np.where(scale > 0, scale, 1.0)
        filters[1:step + 1] += mirror * filters[step - 1::-1][:step]
        forward, backward, known = ahead + mirror * behind, behind + mirror * ahead, both
        # what a step gains is counted over the stretches that are long enough for it: gaps must not make long pasts look good
        price = price + both.sum(axis=0) * np.log(np.maximum(1 - mirror**2, 1e-12)) + np.log(count)
        better = price < lowest
        lowest, order = np.where(better, price, lowest), np.where(better, step, order)
        best[:, better] = filters[:, better]
    return best, order


def _filtered(columns: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """A filter over columns; the first rows, which lack a past, are NaN."""
    order = taps.size - 1
    out = np.full(columns.shape, np.nan)
    out[order:] = sum(taps[j] * columns[order - j:len(columns) - j] for j in range(order + 1))
    return out


def _fit(columns: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    # by the products of the columns, brought to one scale: far quicker than by the columns, and these are nowhere near to dependent
    scale = np.sqrt((columns**2).sum(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    columns = columns / scale
    beta = np.linalg.lstsq(columns.T @ columns, columns.T @ target, rcond=1e-9)[0]
    return beta / scale, float(((target - columns @ beta) ** 2).sum())


def _is_there(columns: np.ndarray, kept: int, target: np.ndarray) -> bool:
    """F test whether the columns behind the first ``kept`` explain more than chance."""
    more, left = columns.shape[1] - kept, len(target) - columns.shape[1]
    if more < 1 or left < 5 * columns.shape[1]:
        return False
    small, large = _fit(columns[:, :kept], target)[1], _fit(columns, target)[1]
    return bool(large > 0 and f_distribution.sf((small - large) / more / (large / left), more, left) < _GATE)


def whiten(values: np.ndarray, season: Season, given: np.ndarray) -> Whitened:
    """The rests of each series after season, confounders and its own past.

    Parameters
    ----------
    values : ndarray (bins, series)
    season : Season
        Terms are kept for the series in which an F test after whitening sees them.
    given : ndarray (bins, columns)
        Confounders, with their lags; always kept.

    Notes
    -----
    Generalised least squares after Cochrane and Orcutt (1949): the autoregression of the first rests filters series and terms alike, or a slow series
    would look seasonal. Fourier terms are smooth, weekends begin at midnight: where a season was seen, what is left at each hour of the week (of the day in
    less than two weeks) is taken out as well. That spends as many coefficients as a week has bins, and they are counted in ``used``: not counted, they make the
    correlation of two seasonal series too large.
    """
    bins, count = values.shape
    level, used, is_seasonal = np.full(values.shape, np.nan), np.zeros(count, int), np.zeros(count, bool)
    always = np.column_stack([np.ones(bins), np.linspace(-1, 1, bins), given])
    everything = np.column_stack([always, season.base])
    most = int(min(10 * np.log10(max(bins, 10)), max(bins // 10, 1)))
    first = np.full(values.shape, np.nan)
    for one in range(count):
        rows = np.isfinite(values[:, one]) & np.isfinite(always).all(axis=1)
        if rows.sum() > 3 * everything.shape[1]:
            first[rows, one] = values[rows, one] - everything[rows] @ _fit(everything[rows], values[rows, one])[0]
    taps, orders = burg(first, most)
    full = np.column_stack([everything, season.crossed])
    for one in range(count):
        if not np.isfinite(first[:, one]).any():
            continue
        chosen, target = _choose(values[:, one], full, (always.shape[1], everything.shape[1]), taps[:orders[one] + 1, one])
        rows = np.isfinite(target) & np.isfinite(chosen).all(axis=1)
        beta = _fit(chosen[rows], target[rows])[0]
        level[:, one] = values[:, one] - full[:, :chosen.shape[1]] @ beta
        used[one], is_seasonal[one] = chosen.shape[1] - 1, chosen.shape[1] > always.shape[1]
        if is_seasonal[one] and season.cells is not None:
            used[one] = _take_means_out(level[:, one], season.cells) + given.shape[1]
    level -= _mean(level)
    taps, orders = burg(level, most)
    rest = np.column_stack([_filtered(level[:, one], taps[:orders[one] + 1, one]) for one in range(count)])
    return Whitened(_evened(rest, season.spread), level, used, orders, is_seasonal)


def _choose(series: np.ndarray, full: np.ndarray, ends: tuple[int, int], taps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The filtered terms that a series has, and the filtered series."""
    columns, target = _filtered(full, taps), _filtered(series, taps)
    rows = np.isfinite(target) & np.isfinite(columns).all(axis=1)
    always, base = ends
    end = always
    if _is_there(columns[rows][:, :base], always, target[rows]):
        end = base
        if _is_there(columns[rows], base, target[rows]):
            end = full.shape[1]
    return columns[:, :end], target


def _take_means_out(level: np.ndarray, cells: np.ndarray) -> int:
    """Subtract in place the mean of each bin of the week; how many there were."""
    known = np.isfinite(level)
    count = np.bincount(cells[known], minlength=cells.max() + 1)
    level[known] -= (np.bincount(cells[known], level[known], minlength=cells.max() + 1) / np.maximum(count, 1))[cells[known]]
    return int((count > 0).sum())


def _mean(columns: np.ndarray) -> np.ndarray:
    count = np.isfinite(columns).sum(axis=0)
    return np.nansum(columns, axis=0) / np.maximum(count, 1)


def _evened(rest: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Divide by the standard deviation of the hour: two series that are both restless by day would seem linked."""
    out = np.full(rest.shape, np.nan)
    for one in range(rest.shape[1]):
        rows = np.isfinite(rest[:, one])
        if rows.sum() < 10:
            continue
        values = rest[rows, one] - rest[rows, one].mean()
        scale = values.std()
        if not scale > 0:
            continue
        values = values / scale
        if spread.shape[1]:
            columns, target = np.column_stack([np.ones(len(values)), spread[rows]]), np.log(values**2 + 1e-3)
            if _is_there(columns, 1, target):
                values = values / np.exp((columns @ _fit(columns, target)[0]) / 2)
        out[rows, one] = (values - values.mean()) / values.std()
    return out
