"""What share of dissatisfied answers one would expect from who answered: an additive logit on a few factors.

The expectation says what a group would look like if each factor acted alike everywhere. What remains between it and what
was answered is the group's own ("rate"); what lies between it and the overall share is due to its composition ("mix").
It is an association, not a cause.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["expected_share", "split_shift"]

#: Pulls the effect of a level with hardly any answers to 0 (as half an answer would), so that it stays finite.
_RIDGE = 0.5
_STEPS = 40


def expected_share(groups: pd.DataFrame, factors: Sequence[str], n: str = "n", bad: str = "bad") -> pd.Series:
    """Fit the additive logit and return the expected share of each row.

    Parameters
    ----------
    groups : DataFrame
        One row a group: the factors, the number of answers and of dissatisfied ones.
    factors : sequence of str
        The columns whose effects are added.
    n, bad : str
        The columns of the counts.

    Returns
    -------
    Series
        Share between 0 and 1, on the index of ``groups``. Over all answers the expected number is the observed one.

    Examples
    --------
    Indoor 20 %, outdoor 40 %, whatever the operator: with the place as the one factor that is what is expected.

    >>> groups = pd.DataFrame({"place": ["indoor", "outdoor"], "n": [1000, 1000], "bad": [200, 400]})
    >>> expected_share(groups, ["place"]).round(2).tolist()
    [0.2, 0.4]
    """
    total = groups[n].sum()
    if total == 0:
        return pd.Series(np.nan, index=groups.index)
    overall = groups[bad].sum() / total
    if not factors or overall in (0.0, 1.0):
        return pd.Series(overall, index=groups.index, dtype=float)
    # groups that differ in none of the factors are one row of the fit: a fact of many states then costs no more than few
    codes = groups.groupby(list(factors), sort=False, dropna=False).ngroup().to_numpy()
    merged = groups.assign(_row=codes).groupby("_row").agg({**dict.fromkeys(factors, "first"), n: "sum", bad: "sum"})
    trials, hits = merged[n].to_numpy(float), merged[bad].to_numpy(float)
    rate = _fit(_level_numbers(merged, factors), trials, hits, overall)
    return pd.Series(rate[codes], index=groups.index)


def _level_numbers(groups: pd.DataFrame, factors: Sequence[str]) -> np.ndarray:
    """For each group the numbers of its effects: 0 is the level of all, then one number for each level of each factor."""
    columns, used = [np.zeros(len(groups), dtype=np.int64)], 1
    for one in factors:
        number, levels = pd.factorize(groups[one].astype("str"), sort=True)
        columns.append(number + used)
        used += len(levels)
    return np.stack(columns, axis=1)


def _fit(effects: np.ndarray, trials: np.ndarray, hits: np.ndarray, overall: float) -> np.ndarray:
    """Newton's method on the penalised likelihood. Each group has one effect a factor, so the sums are made by counting: no
    product of matrices, which on small ones costs more in waking the other cores than in work."""
    count = int(effects.max()) + 1
    penalty = np.full(count, _RIDGE)
    penalty[0] = 1e-9
    beta = np.zeros(count)
    beta[0] = np.log(overall / (1 - overall))
    pairs = [(effects[:, one] * count + effects[:, two]) for one in range(effects.shape[1]) for two in range(effects.shape[1])]
    for _ in range(_STEPS):
        rate = 1 / (1 + np.exp(-beta[effects].sum(axis=1)))
        over, weight = hits - trials * rate, trials * rate * (1 - rate)
        slope = sum(np.bincount(column, over, count) for column in effects.T) - penalty * beta
        bend = sum(np.bincount(pair, weight, count * count) for pair in pairs).reshape(count, count) + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        # a long step overshoots where a level is all or nothing
        beta += step / max(1.0, np.abs(step).max() / 2)
        if np.abs(step).max() < 1e-9:
            break
    return 1 / (1 + np.exp(-beta[effects].sum(axis=1)))


def split_shift(groups: pd.DataFrame, dimension: str, factors: Sequence[str], n: str = "n", bad: str = "bad") -> pd.DataFrame:
    """Split how far each level lies from the overall share into what its mix explains and what is its own.

    Parameters
    ----------
    groups : DataFrame
        As in :func:`expected_share`.
    dimension : str
        The column whose levels are compared.
    factors : sequence of str
        All factors; the expectation uses the others.

    Returns
    -------
    DataFrame
        By level: ``expected_ratio``, ``mix_point`` (expected minus overall), ``rate_point`` (observed minus expected); the
        two add up to the level's share minus the overall one, exactly.

    Examples
    --------
    B has more answers from outdoors, where everyone is less satisfied; its own part is nothing.

    >>> groups = pd.DataFrame({"operator": ["A", "A", "B", "B"], "place": ["in", "out", "in", "out"],
    ...                        "n": [9000, 1000, 1000, 9000], "bad": [900, 400, 100, 3600]})
    >>> split_shift(groups, "operator", ["operator", "place"]).round(2).to_dict("index")["B"]
    {'expected_ratio': 0.37, 'mix_point': 0.12, 'rate_point': 0.0}
    """
    others = [one for one in factors if one != dimension]
    overall = groups[bad].sum() / groups[n].sum()
    work = groups.assign(_expected=expected_share(groups, others, n, bad) * groups[n])
    by_level = work.groupby(dimension, sort=False)[[n, bad, "_expected"]].sum()
    expected = by_level["_expected"] / by_level[n]
    return pd.DataFrame({"expected_ratio": expected, "mix_point": expected - overall,
                         "rate_point": by_level[bad] / by_level[n] - expected})
