"""How far a distribution moved."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["compare_shares", "population_stability"]


def population_stability(then: pd.Series, now: pd.Series, bins: int = 10) -> float:
    """Population stability index over quantiles of the first sample; NaN when one is empty.

    Half a customer is added to each bin, so that an empty one does not make it infinite.

    Examples
    --------
    >>> round(population_stability(pd.Series(range(100)), pd.Series(range(100))), 6)
    0.0
    """
    then, now = then.dropna().to_numpy(float), now.dropna().to_numpy(float)
    if not len(then) or not len(now):
        return float("nan")
    edges = np.unique(np.quantile(then, np.linspace(0, 1, bins + 1)[1:-1]))
    counts = [np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1) + 0.5 for values in (then, now)]
    p, q = (count / count.sum() for count in counts)
    return float(np.sum((q - p) * np.log(q / p)))


def compare_shares(then: pd.Series, now: pd.Series) -> tuple[pd.DataFrame, float]:
    """Shares side by side, and their Jensen-Shannon divergence in bits (0 the same, 1 nothing in common).

    Examples
    --------
    >>> compare_shares(pd.Series({"a": 1.0}), pd.Series({"b": 1.0}))[1]
    1.0
    """
    both = pd.concat({"then": then, "now": now}, axis=1).fillna(0.0)
    middle = both.mean(axis=1)
    ratio = both.div(middle, axis=0).where(both > 0, 1.0)
    return both, float((both * np.log2(ratio)).sum().sum() / 2)
