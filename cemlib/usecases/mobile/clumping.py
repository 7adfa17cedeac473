"""Answers that come in clumps: how many separate answers a heap of answers is worth.

Ratings that customers send of their own accord are not independent: one phone at one desk may send six hundred of them.
An interval that counts each as a new customer is far too narrow. Answers are therefore grouped by who gave them (the
subscriber where known, else operator and a square of about 1 km), the agreement within such a group is measured once over
all answers, and each figure's interval uses the number of separate answers that the answers are worth.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t

from cemlib.kpi.interval import bound_ratio

__all__ = ["effective_count", "mean_interval", "measure_agreement", "share_interval"]


def measure_agreement(clumps: pd.DataFrame) -> float:
    """Intra-class correlation of answers of one clump, beyond what is expected of them (0 independent, 1 all alike).

    It is the mean product of the residuals of two answers of one clump over the variance of one answer: each clump weighs
    by its pairs, as it does in the variance of a share.

    Parameters
    ----------
    clumps : DataFrame
        One row a clump and expected share: ``clump`` (its name), ``n``, ``bad``, ``expected`` (share, 0..1).

    Returns
    -------
    float
        Between 0 and 1; 0 when no clump has two answers.

    Examples
    --------
    Two clumps of ten answers that agree wholly, one all dissatisfied and one not at all, where half was expected:

    >>> measure_agreement(pd.DataFrame({"clump": ["a", "b"], "n": [10, 10], "bad": [10, 0], "expected": [.5, .5]}))
    1.0
    """
    e = clumps["expected"]
    spread = clumps["n"] * e * (1 - e)
    # sum of squared residuals of single answers: bad answers lie 1 - e above, the others e below
    single = clumps["bad"] * (1 - e) ** 2 + (clumps["n"] - clumps["bad"]) * e**2
    parts = pd.DataFrame({"n": clumps["n"], "residual": clumps["bad"] - clumps["n"] * e, "single": single})
    by_clump = parts.groupby(clumps["clump"].to_numpy()).sum()
    pairs = (by_clump["n"] * (by_clump["n"] - 1)).sum()
    if pairs == 0 or spread.sum() == 0:
        return 0.0
    together = (by_clump["residual"] ** 2 - by_clump["single"]).sum() / pairs
    return float(np.clip(together / (spread.sum() / clumps["n"].sum()), 0, 1))


def effective_count(n: pd.Series, clumped: pd.Series, squares: pd.Series, agreement: float) -> pd.Series:
    """How many separate answers ``n`` answers are worth.

    Parameters
    ----------
    n : Series
        All answers.
    clumped : Series
        Those of them whose clump is known.
    squares : Series
        Sum over the clumps of the squared number of answers.
    agreement : float
        From :func:`measure_agreement`.

    Returns
    -------
    Series
        At most n. Answers of unknown clump are taken to come together as the known ones do; where none is known, n.

    Examples
    --------
    100 answers from 10 places of 10 each, that agree wholly, are worth 10:

    >>> effective_count(pd.Series([100]), pd.Series([100]), pd.Series([1000]), 1.0).tolist()
    [10.0]
    """
    size = (squares / clumped.where(clumped > 0)).fillna(1.0)
    return n / (1 + (size - 1).clip(lower=0) * agreement)


def share_interval(share: pd.Series, count: pd.Series, level: float = 0.95) -> tuple[pd.Series, pd.Series]:
    """Wilson interval of a share of ``count`` separate answers (any number above 0, not only whole ones).

    Examples
    --------
    >>> low, high = share_interval(pd.Series([0.5]), pd.Series([100.0]))
    >>> round(low[0], 4), round(high[0], 4)
    (np.float64(0.4038), np.float64(0.5962))
    """
    low, high = bound_ratio(share * count, count, level)
    return pd.Series(low, index=share.index), pd.Series(high, index=share.index)


def mean_interval(mean: pd.Series, spread: pd.Series, count: pd.Series, bounds: tuple[float, float],
                  level: float = 0.95) -> tuple[pd.Series, pd.Series]:
    """Student's interval of a mean of ``count`` separate answers, kept within the scale.

    Parameters
    ----------
    mean, spread : Series
        Mean and standard deviation of single answers.
    count : Series
        Separate answers; fewer than two give no interval.
    bounds : (float, float)
        The ends of the scale.
    """
    count = count.where(count >= 2)
    half = t.ppf(0.5 + level / 2, count - 1) * spread / np.sqrt(count)
    return (mean - half).clip(lower=bounds[0]), (mean + half).clip(upper=bounds[1])
