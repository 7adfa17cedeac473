"""The beta-binomial distribution for many rows at once: exact tails and quantiles, and its overdispersion.

A share of successes varies more from hour to hour than tossing a coin would, because the hours themselves differ. The
beta-binomial has one number for that, the overdispersion rho (intra-class correlation): the variance of a share of n trials
is ``p (1 - p) (1 + (n - 1) rho) / n``. With rho = 0 it is the binomial.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, gammaln

__all__ = ["RHO_FLOOR", "beta_shape", "estimate_overdispersion", "lower_tail", "quantile", "tail_parts"]

#: Below this overdispersion the beta-binomial is the binomial to seven digits; it keeps the shape parameters finite.
RHO_FLOOR = 1e-6
_NEGLIGIBLE = 1e-13
# Wider than so many counts, the mass is smooth enough to be integrated instead of summed (relative error below 1e-5 wherever the
# tail is above 1e-12), and a quantile is read off a beta distribution of the same moments.
_SMOOTH = 40.0
# a count so near to its end has few below it, between which the mass may rise many times over: there it is summed
_END = 64
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(256)


def beta_shape(rate: np.ndarray, rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two shape parameters of the beta distribution with this mean and overdispersion.

    Examples
    --------
    >>> [float(round(one, 3)) for one in beta_shape(0.97, 0.002)]
    [484.03, 14.97]
    """
    total = 1 / np.maximum(rho, RHO_FLOOR) - 1
    return rate * total, (1 - rate) * total


def _log_mass(k: np.ndarray, n: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    choose = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return choose + gammaln(k + a) + gammaln(n - k + b) - gammaln(n + a + b) - gammaln(a) - gammaln(b) + gammaln(a + b)


def _sum_away(k: np.ndarray, n: np.ndarray, a: np.ndarray, b: np.ndarray, first: np.ndarray) -> np.ndarray:
    """P(X < k), summed downwards from the mass ``first`` of k by the ratio of neighbours; exact to 1e-12."""
    total = np.zeros_like(first)
    live = np.flatnonzero((k > 0) & (first > 0))
    k, n, a, b, term = k[live].copy(), n[live], a[live], b[live], first[live].copy()
    part = np.zeros_like(term)
    while live.size:
        term *= k * (n - k + b) / ((n - k + 1) * (a + k - 1))
        part += term
        k -= 1
        on = (k > 0) & (term > _NEGLIGIBLE * part)
        if not on.all():
            total[live[~on]] = part[~on]
            live, k, n, a, b, term, part = live[on], k[on], n[on], a[on], b[on], term[on], part[on]
    return total


def _below(k: np.ndarray, n: np.ndarray, a: np.ndarray, b: np.ndarray, first: np.ndarray) -> np.ndarray:
    """P(X < k), summed or integrated."""
    share, rho = a / (a + b), 1 / (a + b + 1)
    sd = np.sqrt(n * share * (1 - share) * (1 + (n - 1) * rho))
    # with a shape below 3 the mass is steep or even grows towards that end: there it is summed
    wide = (sd > _SMOOTH) & (a > 3) & ((b > 3) | (n - k > 20)) & (k > _END) & (first > 0)
    out = np.zeros_like(first)
    narrow = ~wide
    out[narrow] = _sum_away(k[narrow], n[narrow], a[narrow], b[narrow], first[narrow])
    if wide.any():
        k, n, a, b, sd = (one[wide, None] for one in (k, n, a, b, sd))
        # sum over whole numbers below k = integral up to k - 1/2, less a 24th of the slope there (midpoint rule, Euler and Maclaurin)
        top, bottom = k - 0.5, np.maximum(-0.5, k - 0.5 - 25 * sd)
        at = (top + bottom) / 2 + (top - bottom) / 2 * _NODES
        slope = np.exp(_log_mass(top, n, a, b)) * np.log((n - k + 1) * (a + k - 1) / (k * (n - k + b)))
        out[wide] = ((top - bottom) / 2 * np.exp(_log_mass(at, n, a, b)) @ _WEIGHTS[:, None] - slope / 24).ravel()
    return out


def tail_parts(num: np.ndarray, den: np.ndarray, rate: np.ndarray, rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """P(X < num) and P(X = num) of the beta-binomial, row by row.

    Parameters
    ----------
    num, den : array of whole numbers
        Successes and trials.
    rate, rho : array or float
        Expected share and overdispersion.

    Returns
    -------
    below, equal : arrays
        ``below + equal`` is the lower tail, ``below + equal / 2`` the mid-p, ``1 - below`` the upper tail.

    Examples
    --------
    Two fair coins (rho = 0): no head with 1/4, one head with 1/2.

    >>> below, equal = tail_parts([1], [2], 0.5, 0.0)
    >>> float(below.round(4)[0]), float(equal.round(4)[0])
    (0.25, 0.5)
    """
    num, den, rate, rho = (np.asarray(one, float) for one in np.broadcast_arrays(num, den, rate, rho))
    rows = np.stack([num.ravel(), den.ravel(), rate.ravel(), rho.ravel()], axis=1)
    # the same count at the same entity comes up again and again: work each one out once
    distinct, place = np.unique(rows, axis=0, return_inverse=True)
    k, n = distinct[:, 0], distinct[:, 1]
    a, b = beta_shape(distinct[:, 2], distinct[:, 3])
    equal = np.exp(_log_mass(k, n, a, b))
    below = np.empty_like(equal)
    low = k <= n * distinct[:, 2]
    below[low] = _below(k[low], n[low], a[low], b[low], equal[low])
    high = ~low
    # above the mean the upper tail is the short way: the failures, counted from n - k
    above = _below((n - k)[high], n[high], b[high], a[high], equal[high])
    below[high] = np.clip(1 - above - equal[high], 0, 1)
    place = place.reshape(-1)
    return below[place].reshape(num.shape), equal[place].reshape(num.shape)


def lower_tail(num: np.ndarray, den: np.ndarray, rate: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """The probability of at most so many; 1 where it is clear without reckoning that it is not small, or where there are no trials.

    Examples
    --------
    >>> lower_tail(np.array([0.0, 4.0]), np.array([4.0, 4.0]), np.array([0.5, 0.5]), np.zeros(2)).round(4).tolist()
    [0.0625, 1.0]
    """
    out = np.ones(num.shape)
    a, b = beta_shape(rate, rho)
    sd = np.sqrt(np.maximum(den * rate * (1 - rate) * (1 + np.maximum(den - 1, 0) * rho), 1e-12))
    # a one-humped distribution has no small tail so near to its mean
    near = np.where(np.minimum(a, b) >= 3, 1.0, 0.0)
    look = (den > 0) & (num < den * rate - near * sd)
    below, equal = tail_parts(num[look], den[look], rate[look], rho[look])
    out[look] = below + equal
    return out


def quantile(q: float, den: np.ndarray, rate: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """The smallest count with at least the probability ``q`` at or below it.

    By bisection; where the distribution is wider than 40 counts, from a beta distribution of the same mean and variance.

    Examples
    --------
    >>> quantile(0.5, [10], 0.5, 0.0).tolist()
    [5.0]
    """
    den, rate, rho = (np.asarray(one, float) for one in np.broadcast_arrays(den, rate, rho))
    rho = np.maximum(rho, RHO_FLOOR)
    inflation = 1 + (den - 1) * rho
    wide = (np.sqrt(den * rate * (1 - rate) * inflation) > _SMOOTH) & (np.minimum(*beta_shape(rate, rho)) > 3)
    if wide.any():
        out = np.empty(den.shape)
        size = den[wide] / inflation[wide] - 1
        out[wide] = np.ceil(den[wide] * betaincinv(rate[wide] * size, (1 - rate[wide]) * size, q) - 0.5)
        if not wide.all():
            out[~wide] = quantile(q, den[~wide], rate[~wide], rho[~wide])
        return np.clip(out, 0, den)
    # nothing to be found far from the middle: begin the bisection within thirty standard deviations
    reach = 30 * np.sqrt(den * rate * (1 - rate) * inflation) + 1
    low, high = np.maximum(np.floor(den * rate - reach), -1.0), np.minimum(np.ceil(den * rate + reach), den)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        middle = np.where(high - low > 1, middle, high)
        below, equal = tail_parts(middle, den, rate, rho)
        enough = below + equal >= q
        high = np.where(enough, middle, high)
        low = np.where(enough, low, middle)
    return high


def estimate_overdispersion(num: np.ndarray, den: np.ndarray, rate: float, clip: float = np.inf) -> tuple[float, float]:
    """The overdispersion of bins by the method of moments, and its standard error.

    A bin's squared Pearson residual is ``1 + (n - 1) rho`` on average. The bins are weighted by how much they can say,
    so that small and large bins go together.

    Parameters
    ----------
    num, den : array
        Bins with ``den >= 2``; others say nothing about it and are left out.
    rate : float
    clip : float
        Largest squared residual that is believed, in units of its expectation (for a first, robust look).

    Returns
    -------
    rho, error : float
        ``rho`` may come out below 0, which means no overdispersion is seen; ``error`` is infinite without usable bins.
    """
    num, den = np.asarray(num, float), np.asarray(den, float)
    use = den >= 2
    num, den = num[use], den[use]
    spread = rate * (1 - rate)
    if num.size < 2 or spread <= 0:
        return 0.0, np.inf
    squared = (num - den * rate) ** 2 / (den * spread) * num.size / (num.size - 1)
    rho = 0.0
    for _ in range(8):
        expected = np.maximum(1 + (den - 1) * max(rho, 0.0), 1e-9)
        believed = np.minimum(squared, clip * expected)
        weight = (den - 1) / ((2 + 1 / (den * spread)) * expected**2)
        before, rho = rho, float(np.sum(weight * (believed - 1)) / np.sum(weight * (den - 1)))
        if abs(rho - before) < 1e-9:
            break
    rest = believed - 1 - (den - 1) * rho
    error = float(np.sqrt(np.sum((weight * rest) ** 2)) / np.sum(weight * (den - 1)))
    return min(rho, 0.9), error
