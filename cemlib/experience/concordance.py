"""How well a score ranks who turns out unhappy: areas under the curve with their intervals, of two scores on the same customers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata

__all__ = ["AucPair", "compare_auc", "correlate_ranks"]

_Z = 1.959964


@dataclass(frozen=True)
class AucPair:
    """Two areas under the curve and their difference, each with its 95 % interval; p is that of no difference.

    Attributes
    ----------
    auc, low, high : float
    other, other_low, other_high : float
    difference, difference_low, difference_high, p : float
    """

    auc: float
    low: float
    high: float
    other: float
    other_low: float
    other_high: float
    difference: float
    difference_low: float
    difference_high: float
    p: float


def compare_auc(event: np.ndarray, risk: np.ndarray, other: np.ndarray) -> AucPair:
    """The areas of two risks for the same events (DeLong, DeLong, Clarke-Pearson 1988; ranks as in Sun and Xu 2014).

    Parameters
    ----------
    event : ndarray of bool
        Both must occur.
    risk, other : ndarray
        More means that the event is more likely.

    Notes
    -----
    The interval of an area is taken on the logit scale, so that it stays within 0 and 1.

    Examples
    --------
    >>> found = compare_auc(np.array([0, 0, 1, 1], bool), np.array([1.0, 3, 2, 4]), np.array([1.0, 2, 3, 4]))
    >>> found.auc, found.other
    (0.75, 1.0)
    """
    event = np.asarray(event, dtype=bool)
    n1, n0 = int(event.sum()), int((~event).sum())
    areas, of_events, of_others = [], [], []
    for values in (np.asarray(risk, float), np.asarray(other, float)):
        ranks = rankdata(values)
        areas.append((ranks[event].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
        of_events.append((ranks[event] - rankdata(values[event])) / n0)
        of_others.append(1 - (ranks[~event] - rankdata(values[~event])) / n1)
    covariance = np.atleast_2d(np.cov(of_events)) / n1 + np.atleast_2d(np.cov(of_others)) / n0
    difference = areas[0] - areas[1]
    error = math.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0.0))
    p = float(2 * norm.sf(abs(difference) / error)) if error > 0 else 1.0
    bounds = [_bound(area, covariance[place, place]) for place, area in enumerate(areas)]
    return AucPair(float(areas[0]), *bounds[0], float(areas[1]), *bounds[1], float(difference), float(difference - _Z * error), float(difference + _Z * error), p)


def _bound(area: float, variance: float) -> tuple[float, float]:
    if not 0 < area < 1:
        return float(area), float(area)
    logit, half = math.log(area / (1 - area)), _Z * math.sqrt(variance) / (area * (1 - area))
    return 1 / (1 + math.exp(-(logit - half))), 1 / (1 + math.exp(-(logit + half)))


def correlate_ranks(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    """Spearman's correlation and its 95 % interval (Fisher's z with the variance of Bonett and Wright 2000); NaN where one does not vary.

    Examples
    --------
    >>> rho, low, high = correlate_ranks(np.arange(20.0), np.arange(20.0) ** 3)
    >>> round(rho, 6), bool(low <= rho <= high)
    (1.0, True)
    """
    n = len(a)
    ranks = [rankdata(one) for one in (a, b)]
    if n < 4 or any(one.std() == 0 for one in ranks):
        return math.nan, math.nan, math.nan
    rho = float(np.clip(np.corrcoef(*ranks)[0, 1], -1, 1))
    held = min(max(rho, -1 + 1e-12), 1 - 1e-12)
    half = _Z * math.sqrt((1 + rho * rho / 2) / (n - 3))
    return rho, min(math.tanh(math.atanh(held) - half), rho), max(math.tanh(math.atanh(held) + half), rho)
