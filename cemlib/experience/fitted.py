"""A KQI learnt from ratings: the probability that a session is rated poor, from what the network and the player know.

Gradient boosting whose answer may only rise or only fall with a feature where the sign is known beforehand (more buffering
never makes a session better). It is judged on people whom it has never seen: every split is by person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.experience.inputs import read_values
from cemlib.experience.score import Score

__all__ = ["VIDEO_FEATURES", "FittedKqi", "KqiEvaluation"]

#: Technical features of a video session: in which direction each moves the probability of a poor rating (0: not known).
VIDEO_FEATURES = {
    "resolution_lines": 0, "video_kbps": -1, "framerate": 0, "dropped_frames": 1, "audio_kbps": 0, "audio_losses": 1,
    "buffering_count": 1, "buffering_ms": 1, "technology_rank": -1,
}

_WORTH_THREADS = 100_000


def _risk(model: HistGradientBoostingClassifier, table: np.ndarray) -> np.ndarray:
    with threadpool_limits(1 if len(table) < _WORTH_THREADS else None):
        return model.predict_proba(table)[:, 1]


@dataclass(frozen=True)
class KqiEvaluation:
    """How well a fitted KQI ranks sessions of people it was not fitted on.

    Attributes
    ----------
    auc, low, high : float
        Area under the curve, mean over the repetitions, and its interval by drawing people (not rows) anew.
    aucs : tuple of float
        Of each repetition of the split.
    baseline_auc : float
        Of the best single feature, taken by its known direction.
    baseline : str
        That feature.
    brier : float
        Mean squared error of the probability.
    base_ratio : float
        Share of poor ratings.
    rows, people, folds : int
    """

    auc: float
    low: float
    high: float
    aucs: tuple[float, ...]
    baseline_auc: float
    baseline: str
    brier: float
    base_ratio: float
    rows: int
    people: int
    folds: int


class FittedKqi:
    """The probability of a poor rating, fitted on rated sessions.

    Parameters
    ----------
    features : mapping
        Name to direction: 1 the probability rises with it, -1 it falls, 0 not known.
    poor : float
        A rating up to this is poor.
    seed : int

    Attributes
    ----------
    n_, people_ : int
        Rows and persons fitted on.
    counts_ : dict
        rows, scored, missing, impossible.
    method_, parameters_, claim_
        What the result rests on.

    Notes
    -----
    What the person said in the same breath (ratings of sound or picture, "how annoying was it") is no feature: it would
    predict the answer from the answer. Only declared features are read, whatever else the frame holds.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> waits = pd.DataFrame({"buffering_ms": rng.exponential(4000, 600)})
    >>> rating = np.where(waits["buffering_ms"] + rng.normal(0, 500, 600) > 6000, 2, 4)
    >>> kqi = FittedKqi({"buffering_ms": 1}).fit(waits, rating, np.arange(600) // 4)
    >>> risk = kqi.predict_risk(pd.DataFrame({"buffering_ms": [500, 20_000, None]})).values
    >>> bool(risk[0] < 0.1), bool(risk[1] > 0.9), bool(np.isnan(risk[2]))
    (True, True, True)
    """

    method_ = "monotone gradient boosting, splits by person"
    claim_ = "association"

    def __init__(self, features: Mapping[str, int] | None = None, poor: float = 2.0, seed: int = 0) -> None:
        self.features = dict(VIDEO_FEATURES if features is None else features)
        wrong = {name: sign for name, sign in self.features.items() if sign not in (-1, 0, 1)}
        if wrong or not self.features:
            raise ParameterError("A feature has a direction.", wanted="name: -1, 0 or 1", came=str(wrong or "no feature"), where="features")
        self.poor, self.seed = poor, seed

    @property
    def parameters_(self) -> dict:
        """The parameters of this estimator."""
        return {"features": self.features, "poor": self.poor, "seed": self.seed}

    def _read(self, sessions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The features as a table, and which rows lack one or have one that is impossible."""
        for name in self.features:
            if name not in sessions:
                raise UnknownNameError("feature among the columns", name, list(sessions))
        table = np.column_stack([read_values(sessions[name], name) for name in self.features])
        missing = np.isnan(table).any(axis=1)
        impossible = ((table < 0) | np.isinf(table)).any(axis=1)
        return table, missing & ~impossible, impossible

    def _learn(self, table: np.ndarray, poor: np.ndarray) -> HistGradientBoostingClassifier:
        model = HistGradientBoostingClassifier(monotonic_cst=list(self.features.values()), max_iter=150, learning_rate=0.05, max_leaf_nodes=8,
                                               min_samples_leaf=20, l2_regularization=1.0, early_stopping=False, random_state=self.seed)
        # on few rows threads wait for each other longer than they work: a hundred times longer on a busy machine
        with threadpool_limits(1 if len(table) < _WORTH_THREADS else None):
            return model.fit(table, poor)

    def _usable(self, sessions: Any, ratings: Any, people: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        table, missing, impossible = self._read(sessions)
        rating, who = read_values(ratings, "ratings"), pd.factorize(np.asarray(people))[0]
        if not len(table) == rating.size == who.size:
            raise ParameterError("Each session has its rating and its person.", wanted="columns of one length", came=f"{len(table)}, {rating.size}, {who.size}")
        absent = np.isnan(rating) | (who < 0)
        use = ~(missing | impossible | absent)
        self.counts_ = {"rows": len(table), "scored": int(use.sum()), "missing": int(((missing | absent) & ~impossible).sum()), "impossible": int(impossible.sum())}
        poor = rating[use] <= self.poor
        if min(poor.sum(), (~poor).sum()) < 20 or np.unique(who[use]).size < 10:
            raise ParameterError("Too few ratings to fit a KQI.", wanted="20 poor and 20 other ratings by 10 people",
                                 came=f"{int(poor.sum())} poor and {int((~poor).sum())} other ratings by {np.unique(who[use]).size} people")
        return table[use], poor, who[use]

    def fit(self, sessions: Any, ratings: Any, people: Any) -> FittedKqi:
        """Fit on rated sessions.

        Parameters
        ----------
        sessions : DataFrame
            The declared features; a row that lacks one, or has a negative one, is left out and counted.
        ratings : column
        people : column
            Who rated; one person's ratings are not independent of each other.

        Raises
        ------
        UnknownNameError
            When a declared feature is no column.
        ParameterError
            With too few ratings or people.
        """
        table, poor, who = self._usable(sessions, ratings, people)
        self.n_, self.people_ = len(table), int(np.unique(who).size)
        self.model_ = self._learn(table, poor)
        return self

    def predict_risk(self, sessions: Any) -> Score:
        """The probability that each session is rated poor; null where a feature is missing or impossible."""
        if not hasattr(self, "model_"):
            raise ParameterError("The KQI was not fitted yet.", todo="Call fit(sessions, ratings, people) first.")
        table, missing, impossible = self._read(sessions)
        use, values = ~(missing | impossible), np.full(len(table), np.nan)
        if use.any():
            values[use] = _risk(self.model_, table[use])
        counts = {"rows": len(table), "scored": int(use.sum()), "missing": int(missing.sum()), "impossible": int(impossible.sum()), "outside": 0, "extrapolated": 0}
        return Score(values, "fitted", f"probability of a rating of {self.poor:g} or less", "ratio", 0.0, 1.0, counts)

    def evaluate(self, sessions: Any, ratings: Any, people: Any, folds: int = 5, repeats: int = 3, draws: int = 300) -> KqiEvaluation:
        """How well it ranks people it was not fitted on: fitted anew for each fold of people, several times over.

        Parameters
        ----------
        sessions, ratings, people
            As in :meth:`fit`.
        folds, repeats : int
            Folds of people, and how often they are drawn.
        draws : int
            Draws of people for the interval.
        """
        table, poor, who = self._usable(sessions, ratings, people)
        probability = np.zeros((repeats, len(table)))
        for repeat in range(repeats):
            for train, test in StratifiedGroupKFold(folds, shuffle=True, random_state=self.seed + repeat).split(table, poor, who):
                probability[repeat, test] = _risk(self._learn(table[train], poor[train]), table[test])
        aucs = [float(roc_auc_score(poor, one)) for one in probability]
        rng, order = np.random.default_rng(self.seed), np.argsort(who, kind="stable")
        rows = np.split(order, np.flatnonzero(np.diff(who[order])) + 1)
        drawn = []
        for _ in range(draws):
            some = np.concatenate([rows[place] for place in rng.integers(0, len(rows), len(rows))])
            if 0 < poor[some].sum() < some.size:
                drawn.append(np.mean([roc_auc_score(poor[some], one[some]) for one in probability]))
        low, high = np.quantile(drawn, [0.025, 0.975])
        single = {name: roc_auc_score(poor, sign * table[:, place]) for place, (name, sign) in enumerate(self.features.items()) if sign}
        best = max(single, key=single.get) if single else ""
        return KqiEvaluation(float(np.mean(aucs)), float(low), float(high), tuple(aucs), float(single.get(best, 0.5)), best,
                             float(np.mean([brier_score_loss(poor, one) for one in probability])), float(poor.mean()), len(table), len(rows), folds)
