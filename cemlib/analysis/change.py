"""When did a ratio or a level change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from cemlib.analysis.betabinomial import estimate_overdispersion
from cemlib.errors import ParameterError

__all__ = ["ChangePoint", "find_change", "find_level_change"]


@dataclass(frozen=True)
class ChangePoint:
    """Where a ratio or a level changed.

    Attributes
    ----------
    at : object
        The time of the first bin after the change, as it was given.
    before_rate, after_rate : float
        Ratio of sums (of a level: weighted mean) on both sides.
    p : float
        Probability of so strong a change somewhere in the series when nothing changed (all places looked at are paid for).
    n : int
        Bins with trials.
    rho : float
        Overdispersion between bins that was allowed for (of a level: standard deviation of a bin of weight 1).
    method : str
    parameters : dict
    claim : str
        ``"association"``: something changed at that time; why is not said.
    """

    at: Any
    before_rate: float
    after_rate: float
    p: float
    n: int
    rho: float
    method: str = "binomial likelihood ratio with overdispersion, maximum over all places (Miller and Siegmund 1982)"
    parameters: dict = field(default_factory=dict)
    claim: str = "association"


def _checked(times, num, den) -> tuple[pd.Index, np.ndarray, np.ndarray]:
    times = pd.Index(times)
    num, den = np.asarray(num, float), np.asarray(den, float)
    if not (len(times) == num.size == den.size):
        raise ParameterError("Times, numerators and denominators differ in length.", came=f"{len(times)}, {num.size}, {den.size}")
    if times.hasnans or times.has_duplicates:
        raise ParameterError("A series of bins needs one time per bin.", came="missing times" if times.hasnans else "the same time twice")
    num, den = np.nan_to_num(num), np.nan_to_num(den)
    if np.any(num < 0) or np.any(den < num):
        raise ParameterError("A numerator lies outside 0 … denominator.", wanted="0 <= num <= den in every bin")
    order = np.argsort(times)
    keep = order[den[order] > 0]
    return times[keep], num[keep], den[keep]


def _log_likelihood(success: np.ndarray, trials: np.ndarray) -> np.ndarray:
    rate = np.clip(success / np.maximum(trials, 1e-300), 1e-12, 1 - 1e-12)
    return success * np.log(rate) + (trials - success) * np.log1p(-rate)


def _maximum_p(peak: float, first: float, last: float) -> float:
    """P(max |Z| >= peak) of a standardised Brownian bridge between the shares ``first`` and ``last`` of the information."""
    if peak < 1.5:  # the approximation is one of the tail
        return 1.0
    span = np.log(last * (1 - first) / ((1 - last) * first))
    return float(np.clip(norm.pdf(peak) * ((peak - 1 / peak) * span + 4 / peak), 0, 1))


def _best_split(num: np.ndarray, den: np.ndarray, edge: int) -> tuple[int, float, np.ndarray]:
    before_num, before_den = np.cumsum(num)[:-1], np.cumsum(den)[:-1]
    gain = (_log_likelihood(before_num, before_den) + _log_likelihood(num.sum() - before_num, den.sum() - before_den)
            - _log_likelihood(num.sum(), den.sum()))
    places = np.arange(1, num.size)
    gain[(places < edge) | (num.size - places < edge)] = -np.inf
    place = int(np.argmax(gain))
    return place + 1, float(np.sqrt(max(2 * gain[place], 0))), before_den / den.sum()


def find_change(times, num, den, *, alpha: float = 1e-3, edge: int = 2, rho: float | None = None) -> ChangePoint | None:
    """Find the time at which a ratio changed most, if it did.

    Parameters
    ----------
    times : sequence
        One per bin, in any order; bins without trials are left out.
    num, den : sequence of whole numbers
        Successes and trials of each bin.
    alpha : float
        Largest ``p`` at which a change is reported.
    edge : int
        A change is looked for no nearer to an end than this many bins.
    rho : float, optional
        Overdispersion between bins; by default it is estimated from the two sides of the best split, so that the change
        itself does not count as noise.

    Returns
    -------
    ChangePoint or None
        None when nothing changed, or when there are too few bins to say.

    Raises
    ------
    ParameterError
        For series of different length, repeated times, or a numerator outside 0 … denominator.

    Notes
    -----
    A bin of n trials counts as ``n / (1 + (n - 1) rho)`` independent ones. Bins are taken to be independent of each other
    beyond that; a slow drift is reported as a change too, near its middle.

    Examples
    --------
    Thirty hours at 98 of 100, then thirty at 88 of 100.

    >>> found = find_change(range(60), [98] * 30 + [88] * 30, [100] * 60)
    >>> found.at, found.before_rate, found.after_rate, found.p < 1e-6
    (30, 0.98, 0.88, True)
    >>> find_change(range(60), [98] * 60, [100] * 60) is None
    True
    """
    times, num, den = _checked(times, num, den)
    if num.size < 2 * edge + 1:
        return None
    if rho is None:
        place, _, _ = _best_split(num, den, edge)
        rho = _rho_beside(num, den, place)
        # once more with the bins weighted by what they can say: an overdispersed large bin may have led to a wrong place
        weight = 1 / (1 + (den - 1) * rho)
        place, _, _ = _best_split(num * weight, den * weight, edge)
        rho = _rho_beside(num, den, place)
    weight = 1 / (1 + np.maximum(den - 1, 0) * rho)
    place, peak, share = _best_split(num * weight, den * weight, edge)
    if peak == 0:
        return None
    reach = np.clip(share[[edge - 1, num.size - edge - 1]], 1e-6, 1 - 1e-6)
    p = _maximum_p(peak, reach[0], max(reach[1], reach[0] + 1e-9))
    if p > alpha:
        return None
    return ChangePoint(at=times[place], before_rate=float(num[:place].sum() / den[:place].sum()),
                       after_rate=float(num[place:].sum() / den[place:].sum()), p=p, n=num.size, rho=float(rho),
                       parameters={"alpha": alpha, "edge": edge})


def _rho_beside(num: np.ndarray, den: np.ndarray, place: int) -> float:
    parts = []
    for side in (slice(None, place), slice(place, None)):
        rate = float(np.clip(num[side].sum() / den[side].sum(), 1e-9, 1 - 1e-9))
        rho, error = estimate_overdispersion(num[side], den[side], rate, clip=9.0)
        if np.isfinite(error) and error > 0:
            parts.append((rho, 1 / error**2))
    if not parts:
        return 0.0
    return float(max(0.0, np.average([rho for rho, _ in parts], weights=[weight for _, weight in parts])))


def find_level_change(times, values, weights=None, *, alpha: float = 1e-3, edge: int = 2) -> ChangePoint | None:
    """Find the time at which the level of a series changed most, if it did.

    Parameters
    ----------
    times, values : sequence
        One value per bin (the logarithm of a median, say); missing values are left out.
    weights : sequence, optional
        How much each value counts (its number of records): its variance is taken to be inverse to it.
    alpha, edge
        As in :func:`find_change`.

    Returns
    -------
    ChangePoint or None

    Notes
    -----
    The noise is measured by the median absolute difference of neighbours, which a step does not touch. Neighbours that go
    together (a daily season) make it too small: choose bins of whole days then.

    Examples
    --------
    >>> found = find_level_change(range(20), [8.0, 8.2, 7.9, 8.1, 8.0] * 2 + [3.0, 3.2, 2.9, 3.1, 3.0] * 2)
    >>> found.at, round(found.before_rate, 2), round(found.after_rate, 2)
    (10, 8.04, 3.04)
    """
    times = pd.Index(times)
    values = np.asarray(values, float)
    weights = np.ones_like(values) if weights is None else np.asarray(weights, float)
    if not (len(times) == values.size == weights.size):
        raise ParameterError("Times, values and weights differ in length.", came=f"{len(times)}, {values.size}, {weights.size}")
    if times.hasnans or times.has_duplicates:
        raise ParameterError("A series of bins needs one time per bin.", came="missing times" if times.hasnans else "the same time twice")
    order = np.argsort(times)
    keep = order[np.isfinite(values[order]) & (weights[order] > 0)]
    times, values, weights = times[keep], values[keep], weights[keep]
    if values.size < max(2 * edge + 1, 6):
        return None
    step = np.diff(values) / np.sqrt(1 / weights[1:] + 1 / weights[:-1])
    noise = 1.4826 * float(np.median(np.abs(step)))
    if noise == 0:
        return None
    before = np.cumsum(weights)[:-1]
    after = weights.sum() - before
    sums = np.cumsum(values * weights)
    left, right = sums[:-1] / before, (sums[-1] - sums[:-1]) / after
    score = np.abs(left - right) / (noise * np.sqrt(1 / before + 1 / after))
    places = np.arange(1, values.size)
    score[(places < edge) | (values.size - places < edge)] = 0
    place = int(np.argmax(score))
    share = np.clip(before[[edge - 1, values.size - edge - 1]] / weights.sum(), 1e-6, 1 - 1e-6)
    p = _maximum_p(float(score[place]), share[0], max(share[1], share[0] + 1e-9))
    if p > alpha:
        return None
    return ChangePoint(at=times[place + 1], before_rate=float(left[place]), after_rate=float(right[place]), p=p, n=values.size, rho=noise,
                       method="weighted difference of means, maximum over all places (Miller and Siegmund 1982)",
                       parameters={"alpha": alpha, "edge": edge})
