"""The effect of a change, with all that has to be known of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

__all__ = ["WhatIfResult", "tied_words"]


def tied_words(name: str, other: str, wider: float) -> str:
    """Why the interval of a change is wide.

    Examples
    --------
    >>> tied_words("price", "tier", 2.13)
    'price goes with tier: few ratings tell what it does alone, which makes the interval 2.1 times as wide.'
    """
    return f"{name} goes with {other}: few ratings tell what it does alone, which makes the interval {wider:.1f} times as wide."


@dataclass(frozen=True)
class WhatIfResult:
    """The effect of a change on the mean rating.

    Attributes
    ----------
    effect, low, high : float
        Difference of mean expected ratings with the interval of ``level``.
    now, then : float
        Mean rating of the chosen, and with the effect.
    now_low, now_high, then_low, then_high : float
        Their intervals of ``level``: what is known of the mean of all such customers.
    claim : str
        ``"association"``, ``"adjusted association (tier, price)"`` or ``"causal under stated graph"``.
    adjustment_set : list of str
    extrapolation_share : float
        Share of the chosen whom the change moves to where no customer was observed.
    past : dict of str to float
        By changed variable: share of the chosen moved past all values observed of it.
    tied : dict of str to (str, float)
        By changed variable that nearly goes with the others: the one it goes with most, and how many times wider that makes the interval (the root of the
        variance inflation factor: Marquardt 1970).
    n, n_customers, n_moved : int
        Ratings and customers chosen, ratings whose variables change at all.
    missing_share : float
        Share of the chosen ratings that miss a variable and are left out.
    cost : float or None
        Of all chosen customers.
    warnings : list of str
    level : float
    expected, gains : pandas.Series
        Expected rating of each chosen one now, and its change.
    draws : ndarray
        The effect in each draw of the bootstrap.
    method : str
    parameters : dict
    """

    effect: float
    low: float
    high: float
    now: float
    now_low: float
    now_high: float
    then: float
    then_low: float
    then_high: float
    claim: str
    adjustment_set: list[str]
    extrapolation_share: float
    past: dict[str, float]
    tied: dict[str, tuple[str, float]]
    n: int
    n_customers: int
    n_moved: int
    missing_share: float
    cost: float | None
    warnings: list[str]
    level: float
    expected: pd.Series = field(repr=False, compare=False)
    gains: pd.Series = field(repr=False, compare=False)
    draws: np.ndarray = field(repr=False, compare=False)
    method: str = "standardisation over a regression with splines, cluster bootstrap"
    parameters: dict = field(default_factory=dict)
