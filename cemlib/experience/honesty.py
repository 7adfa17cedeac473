"""The honesty card: how well a score tells who will complain, answer badly or leave, beside a naive baseline, on days that it has not seen."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from cemlib.experience.concordance import compare_auc, correlate_ranks
from cemlib.experience.outcomes import Outcome, read_outcomes
from cemlib.kpi.interval import bound_ratio

if TYPE_CHECKING:
    from cemlib.experience.scoring import ExperienceScores

__all__ = ["HonestyCard", "OutcomeCheck", "check_outcome", "make_card", "score_naively"]

#: An area under the curve of fewer events, or fewer others, is not shown.
LEAST_EVENTS = 10
#: A slope of calibration of fewer events would be noise.
_SLOPE_EVENTS = 50
_HORIZON_DAYS, _SHORTEST_DAYS, _GROUPS, _FOLDS = 30, 7, 5, 5
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, eq=False)
class OutcomeCheck:
    """A score held against one outcome.

    Attributes
    ----------
    outcome, title : str
    segment : str
        Empty: all customers.
    customers, unhappy : int
    state : str
        ok; too_few: fewer than ten of either kind, no figures.
    figures : dict
        auc, baseline_auc, difference, spearman, slope, each with ``_low`` and ``_high`` (95 %). ``slope`` is of calibration: 1 when a chance of
        unhappiness learnt from the scores of other customers is right, 0 when it says nothing; of fifty events or more.
    groups : DataFrame
        Fifths of the customers by score: score, customers, share (unhappy), low, high.
    """

    outcome: str
    title: str
    segment: str
    customers: int
    unhappy: int
    state: str
    figures: dict[str, float] = field(default_factory=dict)
    groups: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    @property
    def is_better(self) -> bool | None:
        """Whether the index ranks better than the baseline beyond chance; None where that is not known."""
        return None if self.state != "ok" else bool(self.figures["difference_low"] > 0)

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        who = f"{self.title} ({self.unhappy:,} of {self.customers:,} customers{f', {self.segment}' if self.segment else ''})"
        if self.state != "ok":
            return f"{who}: too few to say how well the index tells them."
        f = self.figures
        text = (f"{who}: the index ranks them with an AUC of {f['auc']:.2f} ({f['auc_low']:.2f} – {f['auc_high']:.2f}), "
                f"the baseline with {f['baseline_auc']:.2f} ({f['baseline_auc_low']:.2f} – {f['baseline_auc_high']:.2f}).")
        if f["auc_low"] <= 0.5:
            text += " It cannot be told from chance."
        if self.is_better:
            return f"{text} The index is better than the baseline by {f['difference']:.2f} ({f['difference_low']:.2f} – {f['difference_high']:.2f})."
        return f"{text} The index is no better than the baseline."


@dataclass(frozen=True, eq=False)
class HonestyCard:
    """How far a scoring can be trusted.

    Attributes
    ----------
    scored : (str, str) or None
        First and last day that the checked scores know of.
    held_against : (str, str) or None
        First and last day of the outcomes: all later.
    checks, by_segment : tuple of OutcomeCheck
    note : str
        Why there is no check, or what it rests on.
    baseline : str
    """

    scored: tuple[str, str] | None
    held_against: tuple[str, str] | None
    checks: tuple[OutcomeCheck, ...]
    by_segment: tuple[OutcomeCheck, ...]
    note: str
    baseline: str = "the plain mean of the curve scores of all KPIs: no weights, expectation, memory or price"

    @functools.cached_property
    def sentences(self) -> tuple[str, ...]:
        """The card in words."""
        return (self.note, *(one.sentence for one in self.checks))

    @functools.cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each check, segments below all customers: outcome, segment, customers, unhappy, state, then the figures."""
        rows = [{"outcome": one.outcome, "segment": one.segment, "customers": one.customers, "unhappy": one.unhappy, "state": one.state, **one.figures}
                for one in (*self.checks, *self.by_segment)]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """The card as plain data."""
        frame = self.frame.astype(object).where(self.frame.notna(), None)
        return {"scored": self.scored, "held_against": self.held_against, "baseline": self.baseline, "sentences": list(self.sentences), "checks": frame.to_dict("records"),
                "groups": {one.outcome: one.groups.to_dict("records") for one in self.checks}}


def score_naively(scores: ExperienceScores) -> np.ndarray:
    """The baseline: the plain mean of the known curve scores."""
    columns = [place for place, name in enumerate(scores.terms.names) if name.startswith("quality:")]
    known = scores.terms.known[:, columns]
    with np.errstate(divide="ignore", invalid="ignore"):
        return scores.terms.scores[:, columns].sum(axis=1) / known.sum(axis=1)


def make_card(scores: ExperienceScores) -> HonestyCard:
    """Hold a scoring against what customers said and did afterwards.

    Where the lake has a week or more of outcomes after the window, the scores are held against 30 days of them. Otherwise the last third of the
    window is held out: the customers are scored anew with what was known before it.

    Parameters
    ----------
    scores : ExperienceScores
        Of customers, or of groups of customers; the check is always of single customers.
    """
    from cemlib.experience.scoring import score_evidence

    evidence, lake = scores.evidence, scores.evidence.lake
    if evidence.grain.key != "subscriber_key":
        return _no_card(f"Surveys, tickets and churn name customers, not {evidence.grain.by}: score customers to see how far this index can be trusted.")
    if lake is None or not len(evidence):
        return _no_card("There are no customers or no outcomes to hold the index against.")
    end = evidence.date_of(evidence.until)
    outcomes, last = read_outcomes(lake, evidence.keys, end, end + _HORIZON_DAYS * _DAY)
    if last is None or last < end + (_SHORTEST_DAYS - 1) * _DAY:
        days = evidence.until - evidence.since
        held = max(_SHORTEST_DAYS, days // 3)
        if days < 2 * _SHORTEST_DAYS:
            return _no_card("The window is too short to hold out a part of it, and the lake knows no outcomes after it.")
        evidence = evidence.until_day(evidence.until - held)
        outcomes, last = read_outcomes(lake, evidence.keys, evidence.date_of(evidence.until), end)
    if last is None:
        return _no_card("The lake has no surveys, tickets or churn that the index could be held against.")
    known = score_evidence(_by_customer(evidence), scores.index)
    score, naive = known.weighed.score, score_naively(known)
    checks = tuple(check_outcome(one, score, naive) for one in outcomes)
    names = np.unique(evidence.segments.astype(str))
    parts = tuple(check_outcome(one, score, naive, segment=name, among=evidence.segments.astype(str) == name) for one in outcomes for name in names if name)
    first, until = evidence.date_of(evidence.since), evidence.date_of(evidence.until)
    note = f"Scores of {first} … {until - _DAY} held against what customers said and did on {until} … {last}; associations, no causes."
    return HonestyCard((str(first), str(until - _DAY)), (str(until), str(last)), checks, parts, note)


def _by_customer(evidence: Any) -> Any:
    from dataclasses import replace

    return replace(evidence, groups=None, grain=replace(evidence.grain, by="subscriber_key", group=None))


def _no_card(why: str) -> HonestyCard:
    return HonestyCard(None, None, (), (), why)


def check_outcome(outcome: Outcome, score: np.ndarray, naive: np.ndarray, *, segment: str = "", among: np.ndarray | None = None) -> OutcomeCheck:
    """Hold scores against one outcome.

    Parameters
    ----------
    outcome : Outcome
    score, naive : ndarray
        Of the same customers: the index and the baseline, more is better; NaN where there is none.
    segment : str
    among : ndarray of bool, optional
        Which customers.
    """
    use = np.isfinite(score) & np.isfinite(naive) & np.isfinite(outcome.unhappy) & (True if among is None else among)
    unhappy, mine, other = outcome.unhappy[use] == 1, score[use], naive[use]
    n, events = len(mine), int(unhappy.sum())
    if min(events, n - events) < LEAST_EVENTS:
        return OutcomeCheck(outcome.name, outcome.title, segment, n, events, "too_few")
    pair = compare_auc(unhappy, -mine, -other)
    figures = {"auc": pair.auc, "auc_low": pair.low, "auc_high": pair.high, "baseline_auc": pair.other, "baseline_auc_low": pair.other_low,
               "baseline_auc_high": pair.other_high, "difference": pair.difference, "difference_low": pair.difference_low, "difference_high": pair.difference_high}
    for name, values in zip(("spearman", "spearman_low", "spearman_high"), correlate_ranks(mine, outcome.content[use])):
        figures[name] = values
    figures |= _calibrate(mine, unhappy)
    return OutcomeCheck(outcome.name, outcome.title, segment, n, events, "ok", figures, _group(mine, unhappy))


def _calibrate(score: np.ndarray, unhappy: np.ndarray) -> dict[str, float]:
    """The slope of calibration (Cox 1958) of chances that are learnt from the scores of other customers."""
    if min(unhappy.sum(), (~unhappy).sum()) < _SLOPE_EVENTS or score.std() == 0:
        return {}
    z = ((score - score.mean()) / score.std()).reshape(-1, 1)
    fold = np.random.default_rng(0).permutation(len(z)) % _FOLDS
    logit = np.zeros(len(z))
    for one in range(_FOLDS):
        train = fold != one
        if unhappy[train].all() or not unhappy[train].any():
            return {}
        logit[~train] = LogisticRegression(C=1e6).fit(z[train], unhappy[train]).decision_function(z[~train])
    spread = logit.std()
    if spread == 0:
        return {}
    fitted = LogisticRegression(C=1e6).fit((logit / spread).reshape(-1, 1), unhappy)
    slope = float(fitted.coef_[0, 0]) / spread
    chance = fitted.predict_proba((logit / spread).reshape(-1, 1))[:, 1]
    weight, X = chance * (1 - chance), np.column_stack([np.ones(len(logit)), logit])
    error = float(np.sqrt(np.linalg.inv(X.T @ (X * weight[:, None]))[1, 1]))
    return {"slope": slope, "slope_low": slope - 1.959964 * error, "slope_high": slope + 1.959964 * error}


def _group(score: np.ndarray, unhappy: np.ndarray) -> pd.DataFrame:
    place = np.argsort(np.argsort(score, kind="stable"), kind="stable") * _GROUPS // len(score)
    count = np.bincount(place, minlength=_GROUPS)
    bad = np.bincount(place, unhappy, minlength=_GROUPS)
    low, high = bound_ratio(bad, count)
    return pd.DataFrame({"score": np.bincount(place, score, minlength=_GROUPS) / count, "customers": count, "share": bad / count, "low": low, "high": high})
