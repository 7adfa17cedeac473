"""The mean rating with its interval, where customers give several ratings."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from cemlib.errors import ParameterError

__all__ = ["interval_of_means"]


def interval_of_means(values: np.ndarray, customers: np.ndarray, scale: tuple[float, float], by: np.ndarray | None = None, *, level: float = 0.9) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of the ratings of each group, and the interval in which the mean of all such customers lies.

    Every rating counts the same, so customers with many count more. The ratings of a customer go together, so the error is that of a ratio of two sums over
    customers (linearised: Cochran 1977, 6.4), with Student's t of one less than there are customers.

    Parameters
    ----------
    values : ndarray
        Ratings, without missing ones.
    customers : ndarray
        Whose rating each is.
    scale : tuple of float
        Lowest and highest rating that can be given; the interval stays on it.
    by : ndarray of int, optional
        Number of the group of each rating, from 0 on; all are one group by default.
    level : float

    Returns
    -------
    mean, low, high : ndarray
        One for each group. Where all rate the same, the interval allows for so many others that so many customers would all the same have shown none with
        the chance ``1 - level`` to either side. Of one customer nothing is known but the mean: the ends are NaN.

    Raises
    ------
    ParameterError
        Arrays of different lengths, or no rating.

    Examples
    --------
    Two customers give 2 and 4, twice each: as much is known as from one rating each.

    >>> twice, once = ([float(one[0].round(2)) for one in interval_of_means(np.array(values), np.array(who), (0, 9))]
    ...                for values, who in (([2.0, 2, 4, 4], [0, 0, 1, 1]), ([2.0, 4], [0, 1])))
    >>> twice == once, once
    (True, [3.0, 0.0, 9.0])
    """
    groups = np.zeros(len(values), int) if by is None else by
    if not len(values) or not len(values) == len(customers) == len(groups):
        raise ParameterError("Ratings, customers and groups do not belong together.", wanted="as many of each, one at least", came=f"{len(values)}, {len(customers)}, {len(groups)}")
    count = int(groups.max()) + 1
    sizes = np.bincount(groups, minlength=count)
    mean = np.bincount(groups, values, count) / np.maximum(sizes, 1)
    pair, first = _pairs(groups, customers)
    off, group = np.bincount(pair, values - mean[groups]), groups[first]
    people = np.bincount(group, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(people / (people - 1) * np.bincount(group, off**2, count)) / sizes
        half = np.where(people > 1, stdtrit(np.maximum(people - 1, 1), (1 + level) / 2), np.nan) * error
        seldom = 1 - ((1 - level) / 2) ** (1 / people)
    same = (people > 1) & (error <= 1e-9)
    low, high = np.where(same, mean - seldom * (mean - scale[0]), mean - half), np.where(same, mean + seldom * (scale[1] - mean), mean + half)
    mean = np.where(sizes > 0, mean, np.nan)
    return mean, np.clip(low, *scale), np.clip(high, *scale)


def _pairs(groups: np.ndarray, customers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number of the pair of group and customer of each rating, and the first rating of each pair."""
    codes, who = pd.factorize(customers)
    pair, known = pd.factorize(groups.astype(np.int64) * len(who) + codes)
    first = np.zeros(len(known), int)
    first[pair[::-1]] = np.arange(len(pair))[::-1]
    return pair, first
