"""Whether a feature on a scale of answers was answered with the rating, or is a measurement that is shown in marks."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import betainc

from cemlib.analysis.resampling import customer_weights, draw_customers

__all__ = ["STRONG", "WEAK", "chance_of_direction", "judge_answers", "looks_like_answers", "says_answer"]

#: Scales on which people answer: lowest and highest mark.
_SCALES = ((1, 5), (0, 10), (1, 10), (1, 7))
#: Rank correlation below which an answer is not refused unless its name says what it is. A judgement: single technical measures reach .3 or so.
STRONG = 0.4
#: Rank correlation, and what no KPI tells of it, below which an answer is not even warned of. A judgement.
WEAK = 0.25
_OWN_OF_DOUBT = 0.15
#: What only an answer is called. "Rate", "score" and "quality" are measurements as often.
_CALLED = re.compile(r"(?:^|[^a-z])(?:dis|un)?satisf|(?:^|[^a-z])(?:un)?happ(?:y|iness)|(?:^|[^a-z])(?:csat|nps|opinions?|feedback|questionnaire|surveys?|answers?|liking|recommend\w*|would_recommend)(?:[^a-z]|$)")
#: What a feature must surely know of the rating that no KPI tells (partial rank correlation). A judgement.
_OWN = 0.3
_OWN_OF_FEW = 0.45
#: KPIs that go with a measurement go with it in the rating's proportions by chance alone as often as this.
_BY_CHANCE = 0.05
#: Of fewer independent KPIs proportions say too little: then they may tell nothing of the feature beyond the rating (partial rank correlation).
_FEW, _NOTHING = 3, 0.05
#: Of the interval of every figure: 90 %.
_QUANTILE = 1.645
_DRAWS, _MOST_ROWS = 100, 6000
_STATES = ("answer", "doubtful", "measured")


def says_answer(name: str) -> bool:
    """Whether a column is called what only an answer is.

    Examples
    --------
    >>> [says_answer(one) for one in ("satisfaction_app", "NPS 2026", "signal_bars", "drop_rate", "q7", "surveyor_visits")]
    [True, True, False, False, False, False]
    """
    return bool(_CALLED.search(str(name).lower()))


def looks_like_answers(values: pd.Series, y: pd.Series, strong: float = STRONG) -> bool:
    """Whether a feature holds marks as of a survey (whole numbers from 1 to 5, or on the rating's own scale) and goes with a rating of three or more values
    by a rank correlation of ``strong`` or more.

    Examples
    --------
    >>> rating = pd.Series([1, 2, 3, 4, 5] * 20)
    >>> looks_like_answers(rating, rating), looks_like_answers(rating / 3, rating), looks_like_answers(rating, rating > 2)
    (True, False, False)
    """
    marks = values.dropna()
    if y.nunique() < 3 or marks.nunique() < 4 or not (marks == marks.round()).all():
        return False
    span, rho = (marks.min(), marks.max()), values.corr(y, method="spearman")
    # counts of what goes wrong are whole numbers too, but more of them is worse
    if span == (y.min(), y.max()):
        return bool(abs(rho) >= strong)
    # the worst mark may have been given by nobody; six marks or more are then needed to see the scale
    is_part = marks.nunique() >= 6 and any(low <= span[0] <= low + 2 and span[1] == high for low, high in _SCALES)
    return (span in _SCALES or is_part) and bool(rho >= strong)


def chance_of_direction(cosine: float, count: float) -> float:
    """How often a direction drawn at random among ``count`` independent KPIs lies as near to a given one: the share of the sphere in that cap.

    Examples
    --------
    Of two KPIs 60 degrees to either side are a third of the circle; of three the cap is (1 - cosine) / 2 of the sphere.

    >>> round(chance_of_direction(0.5, 2), 3), round(chance_of_direction(0.9, 3), 3)
    (0.333, 0.05)
    """
    if cosine <= 0 or count < 2:
        return 1.0
    return float(0.5 * betainc((count - 1) / 2, 0.5, max(1 - cosine**2, 0.0)))


def judge_answers(X: pd.DataFrame, y: pd.Series, customers: pd.Series | None, names: Sequence[str], beside: Sequence[str] = (), *, seed: int = 0) -> pd.DataFrame:
    """Tell answers that were given with the rating from measurements that are shown in marks, such as bars of signal or a grade of the device.

    An answer is a second measure of what the rating measures. So it knows of the rating what no KPI tells, since mood and taste are in both; and the
    KPIs act on it in the proportions in which they act on the rating (one factor: Spearman's (1904) vanishing tetrads, the regression of both on the
    KPIs has rank one: Anderson 1951). A measurement that has a KPI behind it fails the first, one that acts on the rating beside the KPIs the second:
    they go with it in their own proportions, or not at all. What is the same in all ratings of a customer was not answered with each of them.

    Parameters
    ----------
    X, y : DataFrame, Series
    customers : Series, optional
        Whose rating it is; each its own by default. Intervals are over customers (cluster bootstrap, 90 %).
    names : sequence of str
        The features to be judged; see :func:`looks_like_answers`.
    beside : sequence of str
        Features that are no KPIs, since they leak the rating otherwise.

    Returns
    -------
    pandas.DataFrame
        ``feature``, ``rho`` (rank correlation with the rating), ``own`` (the same with what the KPIs tell of both taken out), ``chance`` (that a
        measurement goes with the KPIs in such proportions), ``state``: "answer", "doubtful" (it may be one, but too little speaks for it),
        "measured"; ``sign``: in words.

    Notes
    -----
    An answer about one aspect has proportions of its own, and so has a measurement of what no other KPI measures: of both the same covariances are expected
    (one factor beside the KPIs, loadings free), so no test of these data tells them apart, and both are "doubtful". What a column is called may then
    decide (:func:`says_answer`).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> kpis, mood = pd.DataFrame(rng.normal(size=(900, 4)), columns=list("abcd")), rng.normal(size=900)
    >>> felt = kpis @ [0.5, -0.4, 0.3, 0.2] + 0.6 * mood
    >>> asked, bars = ((3 + one + rng.normal(0, 0.4, 900)).round().clip(1, 5) for one in (felt, kpis["a"]))
    >>> rating = (3 + felt + rng.normal(0, 0.4, 900)).round().clip(1, 5)
    >>> judge_answers(kpis.assign(asked=asked, bars=bars), rating, None, ["asked", "bars"])["state"].tolist()
    ['answer', 'measured']
    """
    who = pd.Series(np.arange(len(X)), index=X.index) if customers is None else customers
    kept = draw_customers(who, _MOST_ROWS, seed)
    X, y, who = X[kept], y[kept], who[kept]
    kpis = [name for name in X if name not in names and name not in beside and X[name].nunique() > 1]
    ranks, rating = _standard(X), _standard(y.to_frame())
    rows = [{"feature": name, **_judge(name, ranks, rating, who, kpis, seed)} for name in names]
    # where one answer is sure the questionnaire is in the table: others on its scale came with it
    scales = {(X[one["feature"]].min(), X[one["feature"]].max()) for one in rows if one["state"] == "answer"}
    for one in rows:
        could, named = one.pop("could"), says_answer(one["feature"])
        if one["state"] == "doubtful" and (named or (could and (X[one["feature"]].min(), X[one["feature"]].max()) in scales)):
            one["state"] = "answer"
        one["sign"] = _words(one)
    return pd.DataFrame(rows, columns=["feature", "rho", "own", "chance", "state", "sign"])


def _words(one: dict) -> str:
    told = f"rank correlation {one['rho']:.2f}, {one['own']:.2f} beyond what the KPIs tell"
    return {"answer": f"marks on a scale of answers that go with the rating as only answers do ({told}): asked together with it",
            "doubtful": f"marks on a scale of answers ({told}) that may have been asked together with the rating", "measured": f"marks of a measurement ({told})"}[one["state"]]


def _standard(values: pd.DataFrame) -> pd.DataFrame:
    ranks = values.rank()
    ranks = ranks.fillna(ranks.mean()) - ranks.mean()
    return ranks / ranks.std(ddof=0).where(lambda one: one > 0, 1.0)


def _judge(name: str, ranks: pd.DataFrame, rating: pd.DataFrame, who: pd.Series, kpis: list[str], seed: int) -> dict:
    values = ranks[name]
    sign = -1 if values @ rating.iloc[:, 0] < 0 else 1
    # the same figure under another name is no KPI
    kpis = [one for one in kpis if abs(values @ ranks[one]) / len(values) < 0.98]
    data = np.column_stack([ranks[kpis], sign * values, rating])
    draws = []
    for weight in customer_weights(who, _DRAWS, seed):
        centred = data - np.average(data, axis=0, weights=weight)
        draws.append(_one_factor((centred * weight[:, None]).T @ centred / weight.sum()))
    found = dict(zip(("rho", "own", "beyond", "through", "cosine"), draws[0], strict=True))
    spread = dict(zip(found, _QUANTILE * np.std(draws[1:], axis=0), strict=True))
    # so many independent ones as all the KPIs are worth
    weights = np.linalg.eigvalsh(np.corrcoef(data[:, :-2].T)) if len(kpis) > 1 else np.ones(len(kpis))
    count = weights.sum() ** 2 / (weights**2).sum() if len(kpis) else 0.0
    chance = chance_of_direction(found["cosine"], count)
    # the KPIs that move the rating move it too, and no less than they would through the rating
    could = found["own"] - spread["own"] > _OWN and found["through"] - spread["through"] > 0 and found["beyond"] + spread["beyond"] > 0
    few = abs(found["beyond"]) < _NOTHING and found["own"] - spread["own"] > _OWN_OF_FEW
    sure = could and found["rho"] - spread["rho"] >= STRONG and (chance < _BY_CHANCE or (count < _FEW and few))
    state = "answer" if sure else "doubtful" if found["own"] - spread["own"] > _OWN_OF_DOUBT else "measured"
    if _is_of_the_customer(values, who):
        state, could = "measured", False
    return {"rho": sign * found["rho"], "own": sign * found["own"], "chance": chance, "state": state, "could": could}


def _is_of_the_customer(values: pd.Series, who: pd.Series) -> bool:
    """Whether it is the same in all ratings of a customer, where there are customers with several."""
    several = who.duplicated(keep=False)
    return bool(who[several].nunique() >= 30 and values[several].groupby(who[several]).nunique().max() == 1)


def _one_factor(moments: np.ndarray) -> tuple[float, float, float, float, float]:
    """Of a feature and the rating (the last two columns) and the KPIs before them: their correlation; the same without what the KPIs tell; the correlation
    of the feature with what the KPIs tell of the rating, without the rating and with it; and how alike the KPIs' parts in both are (cosine)."""
    inside, beside = moments[:-2, :-2], moments[:-2, -2:]
    told = beside.T @ np.linalg.lstsq(inside, beside, rcond=1e-8)[0] if len(inside) else np.zeros((2, 2))
    of_feature, of_rating, both = moments[-2, -2], moments[-1, -1], moments[-2, -1]
    rho = both / np.sqrt(of_feature * of_rating)
    own = (both - told[0, 1]) / np.sqrt(max((of_feature - told[0, 0]) * (of_rating - told[1, 1]), 1e-12))
    through = told[0, 1] / np.sqrt(max(of_feature * told[1, 1], 1e-12))
    share = np.sqrt(max(told[1, 1], 0.0) / of_rating)
    beyond = (through - rho * share) / np.sqrt(max((1 - rho**2) * (1 - share**2), 1e-12))
    return rho, own, beyond, through, told[0, 1] / np.sqrt(max(told[0, 0] * told[1, 1], 1e-12))
