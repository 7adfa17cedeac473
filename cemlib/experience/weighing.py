"""Weights on terms: score, interval, and contributions that add up; fast enough to follow a slider over a million customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from cemlib.experience.index import SatisfactionIndex, list_terms
from cemlib.experience.terms import Terms

__all__ = ["STATES", "Weighed", "gather_groups", "weigh"]

#: What can be said of a score: fine, too little is known, a service is missing (where the index asks for all), nothing is known.
STATES = ("ok", "too_few", "missing_service", "no_data")


@dataclass(frozen=True, eq=False)
class Weighed:
    """Scores and what they are made of.

    Attributes
    ----------
    score, low, high : ndarray
        NaN where there is no score.
    state : ndarray of int
        Places in :data:`STATES`.
    known_weight : ndarray
        Share of the declared weight that is known.
    weights : ndarray, patterns x terms or units x terms
        The weights that were used; each row sums to 1 (or is 0 where nothing is known).
    pattern : ndarray or None
        Row of ``weights`` of each unit; None: each unit has a row of its own.
    points : ndarray or None
        Contributions of units that are groups, units x terms.
    """

    score: np.ndarray
    low: np.ndarray
    high: np.ndarray
    state: np.ndarray
    known_weight: np.ndarray
    weights: np.ndarray
    pattern: np.ndarray | None = None
    points: np.ndarray | None = None

    def weights_of(self, units: np.ndarray | slice) -> np.ndarray:
        """The weights that were used for some units."""
        return self.weights[units] if self.pattern is None else self.weights[self.pattern[units]]

    def contributions(self, terms: Terms, units: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Points of each term, units x terms; a row adds up to its score, and is NaN where there is none."""
        if self.points is not None:
            return self.points[units]
        found = self.weights_of(units) * terms.scores[units]
        found[np.isnan(self.score[units])] = np.nan
        return found


def weigh(terms: Terms, index: SatisfactionIndex) -> Weighed:
    """The weighted mean of the terms that are known; the weights of the others are shared out in proportion.

    The interval takes the three facets of a KPI as moving together (they come from the same records) and different KPIs as independent.
    """
    listed = list_terms(index)
    declared = np.array([one.weight for one in listed])
    totals = terms.patterns @ declared
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.where(totals[:, None] > 0, terms.patterns * declared / totals[:, None], 0.0)
    known = totals[terms.pattern]
    states = np.where(totals <= 0, 3, np.where(totals < index.evidence.least_weight - 1e-12, 1, 0))
    if index.missing_services == "no_score":
        services = {one.service for one in listed if one.service}
        has = np.stack([terms.patterns[:, [one.service == name and one.facet == "quality" for one in listed]].any(axis=1) for name in sorted(services)])
        states = np.where((states == 0) & ~has.all(axis=0), 2, states)
    state = states[terms.pattern]
    silent = state != 0
    # all terms at once with the declared weights, then divided by what of them is known: no array of the size of the terms is made
    with np.errstate(divide="ignore", invalid="ignore"):
        score = terms.scores @ declared / known
        reach = [_reach(side, declared, listed) / known for side in (terms.below, terms.above)]
    score = np.clip(score, 0.0, 100.0)
    score[silent] = np.nan
    low, high = np.maximum(score - reach[0], 0.0), np.minimum(score + reach[1], 100.0)
    return Weighed(score, low, high, state.astype(np.int8), known, weights, terms.pattern)


def _reach(side: np.ndarray, declared: np.ndarray, listed: list) -> np.ndarray:
    """How far the interval reaches to one side: facets of a KPI added, KPIs by the root of squares. Unknown terms have 0."""
    codes = list(dict.fromkeys(one.kpi for one in listed))
    table = np.zeros((len(listed), len(codes)), dtype=np.float32)
    for row, one in enumerate(listed):
        table[row, codes.index(one.kpi)] = declared[row]
    together = side @ table
    return np.sqrt(np.einsum("ij,ij->i", together, together, dtype=np.float64))


def gather_groups(weighed: Weighed, terms: Terms, groups: np.ndarray, index: SatisfactionIndex) -> tuple[pd.Index, Weighed, np.ndarray]:
    """Means over the scored customers of each group: (names, scores, customers). A group's contributions are the means of its customers'.

    The interval is Student's t over the customers; a group of fewer than ``evidence.customers`` is too few.
    """
    has = ~np.isnan(weighed.score) & (groups.astype(str) != "")
    names, place = np.unique(groups[has].astype(str), return_inverse=True)
    units = np.flatnonzero(has)
    count = np.bincount(place, minlength=len(names)).astype(float)
    points, weights = (_mean_by(place, table, count) for table in (weighed.contributions(terms, units), weighed.weights_of(units)))
    score = points.sum(axis=1)
    values = weighed.score[units]
    spread = np.bincount(place, (values - score[place]) ** 2, minlength=len(names))
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.where(count > 1, stdtrit(np.maximum(count - 1, 1), 0.975) * np.sqrt(spread / (count - 1) / count), np.nan)
    state = np.where(count < index.evidence.customers, 1, 0).astype(np.int8)
    known = np.bincount(place, weighed.known_weight[units], minlength=len(names)) / count
    found = Weighed(score, np.maximum(score - half, 0), np.minimum(score + half, 100), state, known, weights, None, points)
    return pd.Index(names, dtype=object), found, count.astype(np.int64)


def _mean_by(place: np.ndarray, table: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(place, column, minlength=len(count)) for column in table.T], axis=1) / count[:, None]

