"""The null of whole-day shifts: what the largest correlation of a pair looks like when one series is another day's.

A shift by whole days keeps hour and shape of the day and breaks every link. The shifts of a pair say how wide its own correlations are and which
hour and weekday of lag is usual; so standardised, the shifts of all pairs are pooled, since a pair alone has few of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemlib.analysis.lagged.scan import circular_scan, tail_p

__all__ = ["Rotated", "rotate", "rotation_p", "rotations"]

#: Shifts from which the tail of the pool may be extended.
ENOUGH = 500


@dataclass(frozen=True)
class Rotated:
    """Pairs against their own shifts.

    Attributes
    ----------
    value : ndarray (pairs,)
        The largest correlation at any lag, in standard deviations of the pair's shifts.
    lag : ndarray of int (pairs,)
    null : ndarray (pairs, shifts)
        The same of each shift.
    """

    value: np.ndarray
    lag: np.ndarray
    null: np.ndarray


def rotations(days: int, bins_a_day: int, side: int) -> np.ndarray:
    """The whole-day shifts whose lags do not overlap the lags that are tested (but for their end).

    Examples
    --------
    >>> rotations(42, 24, 24)[[0, -1]].tolist(), rotations(10, 24, 240).tolist()
    ([2, 40], [])
    """
    near = -(-2 * side // bins_a_day)
    return np.arange(max(near, 1), days - max(near, 1) + 1)


def rotate(left: np.ndarray, right: np.ndarray, pairs: tuple[np.ndarray, np.ndarray], side: int, bins_a_day: int, workers: int = 1) -> Rotated:
    """Scan the lags ``-side … side`` of pairs, and of all their whole-day shifts.

    Parameters
    ----------
    left, right : ndarray (bins, series)
        Rests; NaN is missing.
    pairs : tuple of ndarray
    side, bins_a_day : int
    workers : int
    """
    days = len(left) // bins_a_day
    bins = days * bins_a_day
    shifts = np.concatenate([[0], rotations(days, bins_a_day, side)])
    lags = np.arange(-side, side + 1)
    places = ((shifts * bins_a_day)[:, None] + lags) % bins
    count = len(shifts) - 1
    value, lag, null = np.empty(len(pairs[0]), np.float32), np.empty(len(pairs[0]), int), np.empty((len(pairs[0]), count), np.float32)
    for part, found in circular_scan(left, right, pairs, bins, workers):
        windows = found[:, places]
        for weekday in range(7):
            # whole weeks keep the shape of the week too: what a pair shows at all of them is season, and no link
            members = np.flatnonzero(shifts[1:] % 7 == weekday) + 1
            total, others = windows[:, members].sum(axis=1, keepdims=True), len(members) - 1
            if weekday == 0:
                windows[:, :1] = (windows[:, :1] - total / (others + 1)) / np.sqrt(1 + 1 / (others + 1))
            # a shift is held against the others of its weekday, as the tested lags are
            windows[:, members] = (windows[:, members] - (total - windows[:, members]) / others) / np.sqrt(1 + 1 / others)
        width = np.sqrt((windows[:, 1:] ** 2).mean(axis=(1, 2)))
        np.abs(windows, out=windows)
        width = np.where(width > 0, width, np.inf)
        null[part] = windows[:, 1:].max(axis=2) / width[:, None]
        best = windows[:, 0].argmax(axis=1)
        lag[part] = lags[best]
        value[part] = np.take_along_axis(windows[:, 0], best[:, None], axis=1)[:, 0] / width
    return Rotated(value, lag, null)


def rotation_p(value: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Probability of the values by the pool of all shifts.

    Between two neighbours of the pool it is interpolated, so that one pair with few shifts is not held to their steps; beyond the largest one it is
    only told where the pool is large enough to know its tail.

    Examples
    --------
    >>> rotation_p(np.array([5.0, 2.0]), np.array([1.0, 2.0, 3.0])).tolist()
    [0.25, 0.5]
    """
    pool = np.sort(null.ravel().astype(float))
    if pool.size >= ENOUGH:
        return tail_p(value, pool, share=min(0.05, max(0.01, 500 / pool.size)))
    ranks = (pool.size - np.arange(pool.size)) / (pool.size + 1)
    # log-linear between the values; below the smallest towards 1
    return np.exp(np.interp(value, np.concatenate([[0.0], pool]), np.log(np.concatenate([[1.0], ranks]))))
