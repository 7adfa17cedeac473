"""Weights learnt from surveys: as far from the old ones as customers who were left out say is good, and no further."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from cemlib.errors import CallError, ParameterError, UnknownNameError
from cemlib.experience.concordance import correlate_ranks
from cemlib.experience.honesty import score_naively
from cemlib.experience.index import FACETS, Calibration, SatisfactionIndex, list_terms
from cemlib.experience.index_reading import load_index
from cemlib.experience.outcomes import question_limit
from cemlib.experience.weighing import weigh

if TYPE_CHECKING:
    from cemlib.experience.scoring import ExperienceScores

__all__ = ["CalibrationResult", "calibrate"]

_LEAST_ANSWERS = 100
#: How strongly weights are held to the old ones; infinity leaves them as they are.
_PENALTIES = (np.inf, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3)
_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class CalibrationResult:
    """A calibrated index beside the old one.

    Attributes
    ----------
    index : SatisfactionIndex
        With the fitted weights and a version of its own.
    path : Path or None
        Where it was written.
    answers, folds : int
    correlation, correlation_low, correlation_high : float
        Spearman's of scores with answers, of customers whom the weights had not seen.
    correlation_before, correlation_baseline : float
        Of the old weights, and of the naive baseline, on the same customers.
    penalty : float
        The one that cross-validation chose; infinity: the old weights are as good as any.
    weights : DataFrame
        name, before, after.
    """

    index: SatisfactionIndex
    path: Path | None
    answers: int
    folds: int
    correlation: float
    correlation_low: float
    correlation_high: float
    correlation_before: float
    correlation_baseline: float
    penalty: float
    weights: pd.DataFrame = field(repr=False)

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        if not np.isfinite(self.penalty):
            return f"No other weights fit the {self.answers:,} answers better on customers who were left out: they stay as they are."
        better = self.correlation_low > self.correlation_before
        return (f"On customers who were left out the fitted weights correlate with the answers by {self.correlation:.2f} ({self.correlation_low:.2f} – {self.correlation_high:.2f}), "
                f"the old ones by {self.correlation_before:.2f}, the baseline by {self.correlation_baseline:.2f}." + ("" if better else " That is no difference beyond chance."))


def calibrate(index: SatisfactionIndex | str | Path, surveys: pd.DataFrame, scores: ExperienceScores, *, question: str = "nps_11", folds: int = 5,
              version: str | None = None, write: bool | str | Path = False) -> CalibrationResult:
    """Fit the weights of an index to answers, with cross-validation, and write it as a new version beside the old file.

    Parameters
    ----------
    index : SatisfactionIndex, str or Path
    surveys : DataFrame
        ``subscriber_key`` and ``score_value`` (more is better), answered after the scored window so that nothing of the future is learnt.
    scores : ExperienceScores
        Of single customers.
    question : str
        Which question it was; it is written into the new version.
    folds : int
    version : str, optional
        The new version; the old one with ``.1`` counted up by default.
    write : bool, str or Path
        True: beside the old file as ``<name>-<version>.yaml``; a path: there. A file that exists is never overwritten.

    Returns
    -------
    CalibrationResult

    Raises
    ------
    ParameterError
        For fewer than 100 answers of scored customers, or answers that are all alike.

    Notes
    -----
    Weights are non-negative least squares of the answer on the terms, held to the old weights by a ridge whose strength is chosen by
    cross-validation over customers; facets and KPIs in turn. An unknown term is taken as the mean of the known ones, as renormalising does.
    Source: own.
    """
    chosen, terms = load_index(index), scores.terms
    question_limit(question)
    if scores.by != "subscriber_key":
        raise CallError("Weights are fitted to the answers of customers.", wanted='scores by "subscriber_key"', came=scores.by)
    for name in ("subscriber_key", "score_value"):
        if name not in surveys:
            raise UnknownNameError("column among the answers", name, surveys.columns)
    if not chosen.same_but_weights(scores.index):
        raise CallError("The scores are of another index.", todo="Score with the index that is to be calibrated.")
    answer = surveys.groupby("subscriber_key")["score_value"].mean().astype(float).reindex(scores.keys).to_numpy()
    rows = np.flatnonzero(np.isfinite(answer) & np.isfinite(weigh(terms, chosen).score))
    y = answer[rows]
    if len(rows) < _LEAST_ANSWERS or np.unique(y).size < 2:
        raise ParameterError("Too few answers to fit weights to.", wanted=f"{_LEAST_ANSWERS} answers of scored customers, not all alike", came=f"{len(rows)} answers, {np.unique(y).size} different")
    fold = np.random.default_rng(0).permutation(len(rows)) % folds
    fitted = {}
    for penalty in _PENALTIES:
        fitted[penalty] = np.full(len(rows), np.nan)
        for one in range(folds):
            fitted[penalty][fold == one] = _score(_fit(chosen, scores, rows[fold != one], y[fold != one], penalty), scores, rows[fold == one])
    found = {penalty: correlate_ranks(values, y) for penalty, values in fitted.items()}
    best = max((one for one in _PENALTIES if np.isfinite(one)), key=lambda one: found[one][0])
    # the best of several looks good by chance: it must gain two standard errors of the difference of two correlations with the same answers
    alike = correlate_ranks(fitted[best], fitted[np.inf])[0]
    error = np.sqrt(2 * max(1 - alike, 0.0) / len(rows)) if np.isfinite(alike) else np.inf
    penalty = best if found[best][0] > found[np.inf][0] + 2 * error else np.inf
    new = _fit(chosen, scores, rows, y, penalty)
    new_version = version or _next_version(chosen.version)
    done = Calibration(from_version=chosen.version, question=question, answers=len(rows), folds=folds, correlation=round(found[penalty][0], 4), correlation_before=round(found[np.inf][0], 4))
    new = SatisfactionIndex.model_validate(new.model_dump() | {"version": new_version, "calibrated": done.model_dump()})
    naive = correlate_ranks(score_naively(scores)[rows], y)[0]
    return CalibrationResult(new, _write(new, chosen, write), len(rows), folds, *found[penalty], found[np.inf][0], naive, penalty, _compare(chosen, new))


def _score(index: SatisfactionIndex, scores: ExperienceScores, rows: np.ndarray) -> np.ndarray:
    declared = np.array([one.weight for one in list_terms(index)])
    weight = scores.terms.known[rows] @ declared
    found = np.divide(scores.terms.scores[rows] @ declared, weight, out=np.full(len(rows), np.nan), where=weight > 0)
    # whoever has nothing that still weighs says nothing: in the middle of the others
    return np.where(np.isnan(found), np.nanmean(found), found)


def _fit(index: SatisfactionIndex, scores: ExperienceScores, rows: np.ndarray, y: np.ndarray, penalty: float) -> SatisfactionIndex:
    if not np.isfinite(penalty):
        return index
    target = (y - y.mean()) / y.std()
    for _ in range(_ROUNDS):
        index = _fit_part(index, scores, rows, target, penalty, list(FACETS), lambda one: one.facet)
        index = _fit_part(index, scores, rows, target, penalty, list(index.services), lambda one: one.service)
        for service in index.services.values():
            index = _fit_part(index, scores, rows, target, penalty, list(service.kpis), lambda one: one.kpi)
    return index


def _fit_part(index: SatisfactionIndex, scores: ExperienceScores, rows: np.ndarray, target: np.ndarray, penalty: float, names: list[str],
              name_of: Callable) -> SatisfactionIndex:
    """The weights of some siblings, the proportions below them as they are; their sum stays what it is."""
    listed = list_terms(index)
    known, plain = scores.terms.known[rows], _score(index, scores, rows)
    values = np.where(known, scores.terms.scores[rows], plain[:, None])
    shares = np.array([[one.weight if name_of(one) == name else 0.0 for one in listed] for name in names])
    old = shares.sum(axis=1)
    if len(names) < 2 or (old > 0).sum() < 2:
        return index
    # each sibling as the mean of its terms; what the siblings do not hold is a column of its own that is free
    means = values @ np.divide(shares, old[:, None], out=np.zeros_like(shares), where=old[:, None] > 0).T
    now = old / old.sum()
    X = means - means.mean(axis=0)
    rest = plain - means @ old
    slope = max(float(np.cov(plain, target)[0, 1] / np.var(plain)), 1e-6) if np.var(plain) > 0 else 1e-6
    residual = target - target.mean() - slope * (rest - rest.mean())
    scale = np.sqrt(penalty) * np.sqrt(np.mean(X.var(axis=0)) * len(rows) / len(names))
    design = np.vstack([X, scale * np.eye(len(names))])
    found, _ = nnls(design, np.concatenate([residual, scale * slope * old]))
    if found.sum() <= 0:
        return index
    weights = dict(zip(names, found / found.sum()))
    moved = {name: float(one) for name, one in weights.items()} if not np.allclose(found / found.sum(), now) else {}
    return index.with_weights(_rounded(moved)) if moved else index


def _rounded(weights: dict[str, float]) -> dict[str, float]:
    """Four decimals that sum to 1."""
    found = {name: round(one, 4) for name, one in weights.items()}
    largest = max(found, key=found.get)
    found[largest] = round(found[largest] + 1 - sum(found.values()), 4)
    return found


def _next_version(version: str) -> str:
    head, _, tail = version.rstrip("+").rpartition(".")
    return f"{head}.{int(tail) + 1}" if head and tail.isdigit() else f"{version.rstrip('+')}.1"


def _write(new: SatisfactionIndex, old: SatisfactionIndex, write: bool | str | Path) -> Path | None:
    if not write:
        return None
    if isinstance(write, (str, Path)):
        return new.save(write)
    if not old.file:
        raise CallError("The index was not read from a file, so there is no place beside it.", todo="Give write= a path.")
    return new.save(Path(old.file).with_name(f"{new.name}-{new.version}.yaml"))


def _compare(old: SatisfactionIndex, new: SatisfactionIndex) -> pd.DataFrame:
    rows = [(name, getattr(old.weights, name), getattr(new.weights, name)) for name in FACETS]
    rows += [(name, one.weight, new.services[name].weight) for name, one in old.services.items()]
    rows += [(code, one.weight, new.kpis()[code].weight) for code, one in old.kpis().items()]
    return pd.DataFrame(rows, columns=["name", "before", "after"])
