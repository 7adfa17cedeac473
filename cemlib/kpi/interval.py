"""Intervals of a figure: how far it may be from what would be seen if the same thing were counted again and again.

Every function is vectorised over cells, works in float64, and gives NaN where no interval can be stated. Formulas:
Wilson (1927) for a share; adjusted Wald for a difference of two shares of one sample (net promoter score); the exact (Garwood 1936) limits for a count; Student's t for a mean; the order statistics whose
ranks a binomial brackets for a quantile (Conover 1999, section 3.2). They assume that records are independent; where they
are not (one roamer tries ten times), the truth is wider.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtrik, betainc, gammaincinv, ndtri, stdtrit

__all__ = ["bound_count", "bound_mean", "bound_net_share", "bound_quantile_ranks", "bound_ratio", "bound_sum_ratio", "find_net_share_error"]


def bound_ratio(num: ArrayLike, den: ArrayLike, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """The Wilson score interval of a share.

    Parameters
    ----------
    num, den : array-like
        Counts, ``0 <= num <= den``.
    level : float
        Confidence level.

    Returns
    -------
    low, high : ndarray
        Within 0 and 1; NaN where ``den`` is 0.

    Examples
    --------
    >>> low, high = bound_ratio([85], [100])
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.7672, 0.9069)
    """
    num, den = np.asarray(num, dtype=np.float64), np.asarray(den, dtype=np.float64)
    z = ndtri(0.5 + level / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(den > 0, num / den, np.nan)
        centre = (share + z * z / (2 * den)) / (1 + z * z / den)
        half = z / (1 + z * z / den) * np.sqrt(share * (1 - share) / den + z * z / (4 * den * den))
        # at 0 and at den the limit is the share itself; the formula gives it but for the last bits
        low = np.where(num == 0, 0.0, centre - half)
        high = np.where(num == den, 1.0, centre + half)
    empty = ~(den > 0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def bound_count(count: ArrayLike, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """The exact interval of the mean of a Poisson count.

    Examples
    --------
    >>> low, high = bound_count([0, 10])
    >>> [round(float(one), 3) for one in (*low, *high)]
    [0.0, 4.795, 3.689, 18.39]
    """
    count = np.asarray(count, dtype=np.float64)
    tail = (1 - level) / 2
    known = np.isfinite(count)
    safe = np.where(known, count, 1.0)
    # thousands of cells have few different counts, and the quantile of chi-square takes long
    distinct, place = np.unique(safe, return_inverse=True)
    low = np.where(distinct > 0, gammaincinv(np.maximum(distinct, 1e-300), tail), 0.0)[place]
    high = (gammaincinv(distinct + 1, 1 - tail))[place]
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def bound_mean(
    total: ArrayLike, squares: ArrayLike, n: ArrayLike, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """The t interval of a mean, from the additive parts sum, sum of squares and number.

    Parameters
    ----------
    total, squares, n : array-like
        Sum of the values, sum of their squares, number of values. Exact when they are sums of integers.

    Returns
    -------
    low, high : ndarray
        NaN where ``n`` is below 2: one value says nothing about spread.

    Examples
    --------
    >>> low, high = bound_mean([6.0], [14.0], [3])       # 1, 2, 3
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (-0.484, 4.484)
    """
    total, squares, n = (np.asarray(one, dtype=np.float64) for one in (total, squares, n))
    enough = n >= 2
    size = np.where(enough, n, 2.0)
    mean = total / size
    variance = np.maximum(squares - total * mean, 0.0) / (size - 1)
    distinct, place = np.unique(size, return_inverse=True)
    half = stdtrit(distinct - 1, 0.5 + level / 2)[place] * np.sqrt(variance / size)
    return np.where(enough, mean - half, np.nan), np.where(enough, mean + half, np.nan)


def bound_sum_ratio(
    num: ArrayLike, den: ArrayLike, squares: tuple[ArrayLike, ArrayLike, ArrayLike], n: ArrayLike, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """The t interval of a ratio of two sums over the same records, by linearisation (ratio estimator, Cochran 1977, section 2.11).

    Parameters
    ----------
    num, den : array-like
        Sums of the two columns.
    squares : tuple of array-like
        Sums of the squares of the first, of the squares of the second, and of their products.
    n : array-like
        Number of records.

    Returns
    -------
    low, high : ndarray
        NaN where ``n`` is below 2 or ``den`` is 0.

    Examples
    --------
    Stalls of 0, 1 and 2 s in sessions of 10, 20 and 30 s: the ratio is 3 / 60.

    >>> low, high = bound_sum_ratio([3], [60], ([5], [1400], [80]), [3])
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (-0.0121, 0.1121)
    """
    num, den, n = (np.asarray(one, dtype=np.float64) for one in (num, den, n))
    first, second, cross = (np.asarray(one, dtype=np.float64) for one in squares)
    known = (n >= 2) & (den > 0)
    size, total = np.where(known, n, 2.0), np.where(known, den, 1.0)
    ratio = num / total
    residual = np.maximum(first - 2 * ratio * cross + ratio * ratio * second, 0.0)
    error = np.sqrt(size * residual / (size - 1)) / total
    distinct, place = np.unique(size, return_inverse=True)
    half = stdtrit(distinct - 1, 0.5 + level / 2)[place] * error
    return np.where(known, ratio - half, np.nan), np.where(known, ratio + half, np.nan)


def bound_quantile_ranks(n: ArrayLike, q: float, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """The ranks (1 is the smallest) of the values that bound a quantile.

    Returns
    -------
    low, high : ndarray of float
        Ranks; NaN where the sample is too small to bound that side.

    Notes
    -----
    The number of values below the true quantile is binomial(n, q); the limits are the order statistics whose ranks hold
    ``level`` of it between them.

    Examples
    --------
    >>> low, high = bound_quantile_ranks([100, 5], 0.5)
    >>> low.tolist(), high.tolist()
    ([40.0, nan], [61.0, nan])
    """
    n = np.asarray(n, dtype=np.float64)
    size = np.where(n >= 1, n, 1.0)
    tail = (1 - level) / 2
    # the largest rank r with P(X < r) < tail, X ~ binomial(n, q): the value at r lies above the quantile less often than that
    low = _find_count(tail, size, q)
    high = _find_count(1 - tail, size, q) + 1
    inside = n >= 1
    return np.where(inside & (low >= 1), low, np.nan), np.where(inside & (high <= n), high, np.nan)


def _find_count(share: float, n: np.ndarray, q: float) -> np.ndarray:
    """The smallest count to which a binomial(n, q) leaves at least this share."""
    # from the special functions: scipy.stats takes a second to load, which every command would wait for
    count = np.ceil(bdtrik(share, n, q))
    below = np.maximum(count - 1, 0)
    # the binomial's distribution function is a regularised incomplete beta function
    return np.where(betainc(n - below, below + 1, 1 - q) >= share, below, count)


def find_net_share_error(up: ArrayLike, down: ArrayLike, n: ArrayLike, adjust: bool = True) -> np.ndarray:
    """The standard error of a difference of two shares of one sample: ``sqrt((p + d - (p - d)^2) / n)``.

    Parameters
    ----------
    up, down, n : array-like
        Promoters, detractors, and all who answered.
    adjust : bool
        Add three answers beforehand (3/4 to promoters, 3/2 to passives, 3/4 to detractors; adjusted Wald, the numbers from
        memory, unverified). Without it a unanimous panel of ten would have no error at all.

    Returns
    -------
    ndarray
        NaN where ``n`` is 0, or where the counts contradict each other.

    Examples
    --------
    >>> find_net_share_error([50, 0], [20, 10], [100, 10]).round(4).tolist()
    [0.0769, 0.1501]
    >>> find_net_share_error([50, 0], [20, 10], [100, 10], adjust=False).round(4).tolist()
    [0.0781, 0.0]
    """
    up, down, n = (np.asarray(one, dtype=np.float64) for one in (up, down, n))
    known = (n > 0) & (up >= 0) & (down >= 0) & (up + down <= n)
    if adjust:
        up, down, n = up + 0.75, down + 0.75, n + 3
    size = np.where(known, n, 1.0)
    p, d = up / size, down / size
    return np.where(known, np.sqrt(np.maximum(p + d - (p - d) ** 2, 0) / size), np.nan)


def bound_net_share(
    up: ArrayLike, down: ArrayLike, n: ArrayLike, level: float = 0.95, adjust: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """The interval of a difference of two shares of one sample, as the net promoter score is one.

    Parameters
    ----------
    up, down, n : array-like
        Promoters, detractors, and all who answered.
    level : float
        Confidence level.
    adjust : bool
        Adjusted Wald (see :func:`find_net_share_error`), about the adjusted difference; else plain Wald.

    Returns
    -------
    low, high : ndarray
        Within -1 and 1; NaN where no interval can be stated. The adjusted one is widened to hold the plain difference
        where all answered alike.

    Examples
    --------
    >>> low, high = bound_net_share([50], [20], [100])
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.141, 0.442)
    """
    error = find_net_share_error(up, down, n, adjust)
    up, down, n = (np.asarray(one, dtype=np.float64) for one in (up, down, n))
    size = np.where(n > 0, n, 1.0)
    net = (up - down) / size
    centre = (up - down) / (size + 3) if adjust else net
    half = ndtri(0.5 + level / 2) * error
    # where the counts contradict each other half is NaN, and so are both limits
    return np.clip(np.minimum(centre - half, net), -1, 1), np.clip(np.maximum(centre + half, net), -1, 1)
