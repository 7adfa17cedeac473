"""Features that know the answer already."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from cemlib.analysis.answers import STRONG, WEAK, judge_answers, looks_like_answers, says_answer

__all__ = ["find_leaks", "find_suspects"]


def find_leaks(X: pd.DataFrame, y: pd.Series, customers: pd.Series | None = None, *, known_before: Collection[str] = (), pure_share: float = 0.3, rank: float = 0.95,
               least: int = 50) -> pd.DataFrame:
    """Find features that tell the outcome too well to have been known before it.

    Three signs: the outcome is the same for all rows in values of the feature that hold at least ``least`` rows each and together more than
    ``pure_share`` of all rows, though over all rows no outcome has more than 95 %; the rank correlation reaches ``rank``; or the feature holds
    marks of a scale of answers and goes with the rating, and with the KPIs, as only an answer to a question asked together with it does
    (:func:`cemlib.analysis.answers.judge_answers`).

    Parameters
    ----------
    X : pandas.DataFrame
    y : pandas.Series
    customers : pandas.Series, optional
        Whose row it is; each its own by default. The intervals behind the third sign are over customers.
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
    told = [one["feature"] for one in found]
    judged = _judged(X, y, customers, known_before, told)
    found += judged.loc[judged["state"] == "answer", ["feature", "sign"]].to_dict("records")
    order = {name: number for number, name in enumerate(X)}
    return pd.DataFrame(sorted(found, key=lambda one: order[one["feature"]]), columns=["feature", "sign"])


def _judged(X: pd.DataFrame, y: pd.Series, customers: pd.Series | None, known_before: Collection[str], told: Sequence[str], strong: float = STRONG) -> pd.DataFrame:
    names = [name for name in X if name not in known_before and name not in told and looks_like_answers(X[name], y, WEAK if says_answer(name) else strong)]
    return judge_answers(X, y, customers, names, told)


def find_suspects(X: pd.DataFrame, y: pd.Series, customers: pd.Series | None = None, *, known_before: Collection[str] = ()) -> pd.DataFrame:
    """Find features that may know the answer, but may also just matter.

    Parameters
    ----------
    X, y, customers, known_before
        As for :func:`find_leaks`.

    Returns
    -------
    pandas.DataFrame
        ``feature``, ``sign``: alone it tells more than all others together (its rank correlation is at least .6, and its square above the share of the
        variance of ranks that the others explain), or it holds marks that may have been asked together with the rating.

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
            found.append({"feature": name, "sign": f"it tells more than all others together (rank correlation {rho:.2f}; the others together {np.sqrt(max(explained, 0)):.2f})"})
    judged = _judged(X, y, customers, known_before, [one["feature"] for one in found], WEAK)
    found += judged.loc[judged["state"] != "measured", ["feature", "sign"]].to_dict("records")
    return pd.DataFrame(found, columns=["feature", "sign"])
