"""Why a score is what it is, who moves under another index, and what costs most."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from cemlib.errors import CallError
from cemlib.experience.index import list_terms
from cemlib.kpi import find_kpi
from cemlib.units import format_value

if TYPE_CHECKING:
    from cemlib.experience.scoring import ExperienceScores

__all__ = ["Explanation", "ScoreDiff", "compare_scores", "explain_unit", "rank_terms"]

_WORDS = {"quality": "what was had", "expectation": "against what was expected", "memory": "what is remembered", "price": "the bill against the usual one"}


@dataclass(frozen=True, eq=False)
class Explanation:
    """One score and its parts.

    Attributes
    ----------
    key : str
    score, low, high : float or None
    state : str
    parts : DataFrame
        A row for each term: facet, service, kpi, title, unit, num, den, value (measured), expected (the score that is expected by now), worst_day, score (of the
        term), usual (its score when everything is as usual), declared (weight in the file), weight (used), points (its contribution), lost (points
        below what usual gives; negative: above). Null where nothing is known.
    """

    key: str
    score: float | None
    low: float | None
    high: float | None
    state: str
    parts: pd.DataFrame = field(repr=False)

    @property
    def total(self) -> float | None:
        """The sum of the points: the score."""
        return None if self.score is None else float(self.parts["points"].sum())

    @functools.cached_property
    def sentences(self) -> tuple[str, ...]:
        """The score, and the three parts that cost most, in words."""
        if self.score is None:
            return (f"There is no score: {self.state.replace('_', ' ')}.",)
        lines = [f"The score is {self.score:.1f} of 100 ({self.low:.1f} – {self.high:.1f})."]
        for one in self.parts[self.parts["lost"] >= 0.5].nlargest(3, "lost").itertuples():
            measured = f", {format_value(one.value, one.unit)} measured" if one.kpi and one.facet == "quality" else ""
            lines.append(f"{one.title} ({_WORDS[one.facet]}{measured}) costs {one.lost:.1f} points against what is usual.")
        return tuple(lines)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        parts = self.parts.astype(object).where(self.parts.notna(), None)
        return {"key": self.key, "score": self.score, "low": self.low, "high": self.high, "state": self.state, "parts": parts.to_dict("records"), "sentences": list(self.sentences)}


def explain_unit(scores: ExperienceScores, row: int) -> Explanation:
    """The score of one key as its parts; of a group the means over its customers."""
    weighed, terms = scores.weighed, scores.terms
    frame = pd.DataFrame([{"facet": one.facet, "service": one.service, "kpi": one.kpi, "declared": one.weight} for one in list_terms(scores.index)])
    frame["title"] = [find_kpi(code).title if code else "Price" for code in frame["kpi"]]
    frame["unit"] = [find_kpi(code).unit if code else "ratio" for code in frame["kpi"]]
    points, weight = weighed.contributions(terms, np.array([row]))[0], weighed.weights_of(np.array([row]))[0]
    frame["weight"], frame["points"] = weight, np.where(weight > 0, points, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        frame["score"] = np.where(weight > 0, points / weight, np.nan)
    frame["usual"] = terms.usual
    frame["lost"] = frame["weight"] * frame["usual"] - frame["points"]
    for name in ("num", "den", "value", "expected", "worst_day"):
        frame[name] = None if scores.is_grouped else [_detail(scores, code, name, row) for code in frame["kpi"]]
    found = [None if np.isnan(one[row]) else float(one[row]) for one in (weighed.score, weighed.low, weighed.high)]
    order = ["facet", "service", "kpi", "title", "unit", "num", "den", "value", "expected", "worst_day", "score", "usual", "declared", "weight", "points", "lost"]
    return Explanation(str(scores.keys[row]), *found, str(scores.frame["state"].iloc[row]), frame[order])


def _detail(scores: ExperienceScores, code: str, name: str, row: int) -> Any:
    known = scores.terms.details.get(code or "price", {})
    name = name if code else {"num": "amount", "den": "usual", "value": "ratio"}.get(name, name)
    if name not in known or not np.isfinite(known[name][row]):
        return None
    if name == "worst_day":
        return scores.evidence.date_of(int(known[name][row])) if known[name][row] >= 0 else None
    return float(known[name][row])


@dataclass(frozen=True, eq=False)
class ScoreDiff:
    """Two scorings of the same keys.

    Attributes
    ----------
    frame : DataFrame
        The key, before, after, change, why (the term that moved it most), why_points, band_before, band_after; the largest change first.
    changes : DataFrame
        What each term did to the change, a row for each key that both scored: each row adds up to the change.
    versions : (str, str)
    """

    frame: pd.DataFrame = field(repr=False)
    changes: pd.DataFrame = field(repr=False)
    versions: tuple[str, str]

    def summary(self) -> dict[str, Any]:
        """How many were compared, how many moved by a point or more up and down, how many changed their band, and the mean change."""
        change = self.frame["change"].to_numpy()
        return {"compared": len(change), "up": int((change >= 1).sum()), "down": int((change <= -1).sum()),
                "bands_changed": int((self.frame["band_before"].astype(str) != self.frame["band_after"].astype(str)).sum()),
                "mean_change": float(change.mean()) if len(change) else None}


def compare_scores(before: ExperienceScores, after: ExperienceScores) -> ScoreDiff:
    """Who moved, and which term moved them.

    Raises
    ------
    CallError
        When the two are not scores of the same kind of key.
    """
    if before.by != after.by:
        raise CallError("Two scorings can be compared when they score the same things.", wanted=before.by, came=after.by)
    shared = before.keys.intersection(after.keys)
    rows = [one.keys.get_indexer(shared) for one in (before, after)]
    has = ~np.isnan(before.weighed.score[rows[0]]) & ~np.isnan(after.weighed.score[rows[1]])
    shared, rows = shared[has], [one[has] for one in rows]
    names = list(dict.fromkeys([*before.terms.names, *after.terms.names]))
    first, second = before.weighed.score[rows[0]], after.weighed.score[rows[1]]
    change = _changes(before, after, rows, names, (first + second) / 2)
    # the term that moved it most in the direction in which it went
    most = (change * np.sign(second - first)[:, None]).argmax(axis=1) if len(shared) else np.zeros(0, int)
    frame = pd.DataFrame({
        before.by: shared, "before": first, "after": second, "change": second - first, "why": np.array(names, dtype=object)[most],
        "why_points": change[np.arange(len(shared)), most], "band_before": before.frame["band"].to_numpy()[rows[0]], "band_after": after.frame["band"].to_numpy()[rows[1]],
    })
    order = np.argsort(-np.abs(frame["change"].to_numpy()), kind="stable")
    return ScoreDiff(frame.iloc[order].reset_index(drop=True), pd.DataFrame(change, index=pd.Index(shared, name=before.by), columns=names), (before.index.version, after.index.version))


def _changes(before: ExperienceScores, after: ExperienceScores, rows: list[np.ndarray], names: list[str], middle: np.ndarray) -> np.ndarray:
    """What each term did to the change, rows x terms. More weight on a term lowers a score where the term is below it: weights are
    counted from the score itself. As the weights of both sum to 1, a row adds up to the change.
    """
    change = np.zeros((len(middle), len(names)))
    for sign, one, row in ((-1, before, rows[0]), (1, after, rows[1])):
        columns = [names.index(name) for name in one.terms.names]
        change[:, columns] += sign * (one.weighed.contributions(one.terms, row) - middle[:, None] * one.weighed.weights_of(row))
    return change


def rank_terms(scores: ExperienceScores) -> pd.DataFrame:
    """The terms by the points that they cost; see :meth:`ExperienceScores.rank_drivers`."""
    rows = np.flatnonzero(~np.isnan(scores.weighed.score))
    listed = list_terms(scores.index)
    points, weights = scores.weighed.contributions(scores.terms, rows), scores.weighed.weights_of(rows)
    lost = weights * scores.terms.usual - points
    n = len(rows)
    frame = pd.DataFrame([{"term": one.name, "facet": one.facet, "service": one.service, "kpi": one.kpi, "weight": one.weight} for one in listed])
    if n == 0:
        return frame.assign(lost=np.nan, low=np.nan, high=np.nan, spread=np.nan, worst_for=np.nan, keys=0)
    half = stdtrit(n - 1, 0.975) * lost.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(len(listed), np.nan)
    score = scores.weighed.score[rows]
    spread = ((points - points.mean(axis=0)) * (score - score.mean())[:, None]).mean(axis=0)
    frame["lost"], frame["low"], frame["high"] = lost.mean(axis=0), lost.mean(axis=0) - half, lost.mean(axis=0) + half
    frame["spread"] = spread / score.var() if n > 1 and score.var() > 0 else np.nan
    frame["worst_for"] = np.bincount(lost.argmax(axis=1), minlength=len(listed)) / n
    return frame.assign(keys=n).sort_values("lost", ascending=False, kind="stable", ignore_index=True)
