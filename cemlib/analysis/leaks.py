"""Features that know the answer already."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

__all__ = ["find_leaks", "find_suspects"]

#: Scales on which people answer: lowest and highest mark.
_SCALES = ((1, 5), (0, 10), (1, 10), (1, 7))
#: A feature on a scale of answers that goes so far with the outcome was answered with it. A judgement: single technical measures reach .3 or so.
_ANSWERED = 0.4


def find_leaks(X: pd.DataFrame, y: pd.Series, *, known_before: Collection[str] = (), pure_share: float = 0.3, rank: float = 0.95, least: int = 50) -> pd.DataFrame:
    """Find features that tell the outcome too well to have been known before it.

    Three signs: the outcome is the same for all rows in values of the feature that hold at least ``least`` rows each and together more than
    ``pure_share`` of all rows, though over all rows no outcome has more than 95 %; the rank correlation reaches ``rank``; or the feature holds
    marks of a scale of answers (whole numbers from 1 to 5, or on the outcome's own scale) and goes with an outcome of three or more values by a
    rank correlation of .4: it was asked together with the rating.

    Parameters
    ----------
    X : pandas.DataFrame
    y : pandas.Series
    known_before : collection of str
        Features that were surely known before the answer, such as a 1 to 5 display of signal strength: the third sign is not looked for.
    pure_share, rank, least : float, float, int

    Returns
    -------
    pandas.DataFrame
        ``feature``, ``sign``.

    Examples
    --------
    >>> score = pd.Series([1, 3, 5] * 100)
    >>> find_leaks(pd.DataFrame({"score": score}), (score < 2).astype(float))["feature"].tolist()
    ['score']
    """
    found = []
    varied = y.value_counts(normalize=True).iloc[0] <= 0.95
    for name in X:
        values = X[name]
        if values.nunique() < 2:
            continue
        bins = values if values.nunique() <= 20 else values.rank(method="average", pct=True).mul(20).pipe(np.ceil)
        by = y.groupby(bins).agg(["nunique", "size"])
        pure = by.loc[(by["nunique"] == 1) & (by["size"] >= least), "size"].sum() / len(y)
        rho = values.corr(y, method="spearman")
        if varied and pure > pure_share:
            found.append({"feature": name, "sign": f"{pure:.0%} of the rows have values with one outcome only"})
        elif abs(rho) >= rank:
            found.append({"feature": name, "sign": f"rank correlation with the outcome {rho:.2f}"})
        elif name not in known_before and _answered_together(values, y, rho):
            found.append({"feature": name, "sign": f"marks on a scale of answers that go with the rating (rank correlation {rho:.2f}): asked together with it"})
    return pd.DataFrame(found, columns=["feature", "sign"])


def _answered_together(values: pd.Series, y: pd.Series, rho: float) -> bool:
    marks = values.dropna()
    if y.nunique() < 3 or not (marks == marks.round()).all() or marks.nunique() < 4:
        return False
    span = (marks.min(), marks.max())
    if span == (y.min(), y.max()):
        return abs(rho) >= _ANSWERED
    # counts of what goes wrong are whole numbers too, but more of them is worse
    return span in _SCALES and rho >= _ANSWERED


def find_suspects(X: pd.DataFrame, y: pd.Series) -> pd.DataFrame:
    """Find features that may know the answer, but may also just matter: each alone tells more than all others together.

    Returns
    -------
    pandas.DataFrame
        ``feature``, ``sign``: its rank correlation is at least .6, and its square above the share of the variance of ranks that the others explain.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"stalls": rng.normal(size=500), "mood_meter": rng.normal(size=500)})
    >>> find_suspects(X, X["mood_meter"] - 0.3 * X["stalls"] + rng.normal(0, 0.8, 500))["feature"].tolist()
    ['mood_meter']
    """
    ranks = X.rank().fillna(X.rank().mean()).to_numpy()
    ranks = (ranks - ranks.mean(axis=0)) / np.where(ranks.std(axis=0) > 0, ranks.std(axis=0), 1)
    wanted = y.rank().to_numpy()
    wanted = (wanted - wanted.mean()) / wanted.std()
    found = []
    for number, name in enumerate(X.columns):
        rho = float(ranks[:, number] @ wanted / len(wanted))
        if abs(rho) < 0.6 or X.shape[1] < 2:
            continue
        others = np.delete(ranks, number, axis=1)
        explained = 1 - float(np.mean((wanted - others @ np.linalg.lstsq(others, wanted, rcond=None)[0]) ** 2))
        if rho**2 > explained:
            found.append({"feature": name, "sign": f"rank correlation {rho:.2f}; the others together {np.sqrt(max(explained, 0)):.2f}"})
    return pd.DataFrame(found, columns=["feature", "sign"])
