"""Draws of customers with replacement: all rows of a customer come together or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtrit

__all__ = ["MIN_CUSTOMERS", "customer_weights", "draw_customers", "read_interval"]

#: Of fewer customers nothing is said.
MIN_CUSTOMERS = 30


def customer_weights(groups: pd.Series, draws: int, seed: int) -> Iterator[np.ndarray]:
    """How often each row counts in each draw (cluster bootstrap); the first draw is the data as they are.

    Parameters
    ----------
    groups : pandas.Series
        Customer of each row.
    draws : int
    seed : int

    Examples
    --------
    >>> first, second = customer_weights(pd.Series(["a", "a", "b"]), 1, seed=0)
    >>> first.tolist(), bool(second[0] == second[1])
    ([1.0, 1.0, 1.0], True)
    """
    codes, who = pd.factorize(groups)
    rng = np.random.default_rng(seed)
    yield np.ones(len(codes))
    for _ in range(draws):
        yield np.bincount(rng.integers(0, len(who), len(who)), minlength=len(who))[codes].astype(float)


def draw_customers(groups: pd.Series, most: int, seed: int) -> np.ndarray:
    """Which rows to take so that there are at most so many: all, or those of customers drawn at random, each with all of its rows.

    Examples
    --------
    >>> draw_customers(pd.Series(["a", "a", "b"]), 3, seed=0).tolist()
    [True, True, True]
    >>> draw_customers(pd.Series(["a", "a", "b", "b", "c", "c"]), 4, seed=0).sum().item()
    4
    """
    if len(groups) <= most:
        return np.ones(len(groups), bool)
    codes = pd.factorize(groups)[0]
    order = np.random.default_rng(seed).permutation(codes.max() + 1)
    sizes = np.cumsum(np.bincount(codes)[order])
    # one customer at least, however many ratings it gave
    return np.isin(codes, order[: max(int(np.searchsorted(sizes, most, side="right")), 1)])


def read_interval(draws: np.ndarray, level: float, customers: int) -> tuple[np.ndarray, np.ndarray]:
    """The interval of a figure from its draws, taken as far out as Student's t is from the normal distribution (expanded percentiles; Hesterberg 2015).

    Plain percentiles are short twice: of so many draws the smallest is not the quantile 0, and draws of few customers differ less than samples do.

    Parameters
    ----------
    draws : ndarray
        Draw, or draw x figure.
    level : float
    customers : int
        Of whom was drawn.

    Returns
    -------
    low, high : ndarray
        One for each figure.

    Examples
    --------
    >>> [float(one.round(2)) for one in read_interval(np.arange(1.0, 200), 0.9, 10_000)]
    [10.0, 190.0]
    """
    tail = ndtr(np.sqrt(customers / (customers - 1)) * stdtrit(customers - 1, (1 - level) / 2))
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0, method="weibull")
    return low, high
