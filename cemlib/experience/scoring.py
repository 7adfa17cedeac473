"""score_experience: customers, segments, cells or partners scored with the open index, and everything that can be asked of the result."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cemlib.errors import CallError, ParameterError
from cemlib.experience.evidence import Evidence, collect_evidence, find_grain, find_window
from cemlib.experience.explanation import Explanation, ScoreDiff, compare_scores, explain_unit, rank_terms
from cemlib.experience.index import SatisfactionIndex
from cemlib.experience.index_reading import load_index
from cemlib.experience.terms import Terms, compute_terms
from cemlib.experience.weighing import STATES, Weighed, gather_groups, weigh

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["ExperienceScores", "score_evidence", "score_experience"]


@dataclass(frozen=True, eq=False)
class ExperienceScores:
    """Scores of an index, with their parts and their evidence; made by :func:`score_experience`.

    Attributes
    ----------
    index : SatisfactionIndex
    by : str
    keys : pandas.Index
        What was scored.
    subscribers : ndarray or None
        Distinct customers behind each key, where keys are no customers.
    weighed : Weighed
        The scores as arrays.
    terms : Terms
        Of each customer (or cell, partner …).
    evidence : Evidence
    """

    index: SatisfactionIndex
    by: str
    keys: pd.Index
    subscribers: np.ndarray | None
    weighed: Weighed
    terms: Terms = field(repr=False)
    evidence: Evidence = field(repr=False)
    _units: Weighed = field(repr=False)

    @property
    def window(self) -> tuple[str, str]:
        """The first and the last day, ISO 8601, UTC."""
        return str(self.evidence.date_of(self.evidence.since)), str(self.evidence.date_of(self.evidence.until - 1))

    @property
    def is_grouped(self) -> bool:
        """Whether the keys are groups of customers."""
        return self.evidence.grain.group is not None

    def __len__(self) -> int:
        return len(self.keys)

    @functools.cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each key: the key (named as ``by``), score, low, high (0 … 100, 95 %), state, band, known_weight; ``segment`` of a customer,
        ``subscribers`` of anything else. ``score`` is null where the state is too_few (of a customer), missing_service or no_data; a group
        of too few customers has its figure, and is not to be ranked.
        """
        found = self.weighed
        limits = self.index.thresholds
        with np.errstate(invalid="ignore"):
            band = np.where(np.isnan(found.score), -1, np.where(found.score < limits.unhappy, 0, np.where(found.score < limits.content, 1, 2)))
        columns: dict[str, Any] = {
            self.by: self.keys, "score": found.score, "low": found.low, "high": found.high, "state": pd.Categorical.from_codes(found.state, STATES),
            "band": pd.Categorical.from_codes(band, ["unhappy", "between", "content"], ordered=True), "known_weight": found.known_weight,
        }
        if self.subscribers is not None:
            # few rows, whose state may become "suppressed" where a manager looks
            columns |= {"state": columns["state"].astype(str), "subscribers": self.subscribers}
        elif self.evidence.grain.key == "subscriber_key":
            columns["segment"] = self.evidence.segments
        return pd.DataFrame(columns)

    def to_pandas(self) -> pd.DataFrame:
        """The frame."""
        return self.frame

    def contributions(self) -> pd.DataFrame:
        """Points of each term, a row for each key: each row adds up to the score; null where there is none."""
        return pd.DataFrame(self.weighed.contributions(self.terms), index=pd.Index(self.keys, name=self.by), columns=list(self.terms.names))

    def counts(self) -> dict[str, int]:
        """How many keys are in each state, and how many values were left out as impossible."""
        return {state: int((self.weighed.state == place).sum()) for place, state in enumerate(STATES)} | {"impossible_values": sum(self.terms.impossible.values())}

    def explain(self, key: str) -> Explanation:
        """The score of one key as its parts.

        Raises
        ------
        ParameterError
            When the key was not scored.
        """
        if key not in self.keys:
            raise ParameterError("This key was not scored.", wanted=f"a {self.by} with records in {self.window[0]} … {self.window[1]}", came=str(key)[:60],
                                 todo="The keys are those of the column of that name in .frame.")
        return explain_unit(self, int(self.keys.get_loc(key)))

    def rescore(self, index: SatisfactionIndex | str | Path | Mapping[str, float]) -> ExperienceScores:
        """The same evidence with another index, without reading the lake: other weights at once, other curves or constants by computing the terms anew.

        Parameters
        ----------
        index : SatisfactionIndex, str, Path or mapping
            An index, its file, or some weights as :meth:`SatisfactionIndex.with_weights` takes them.

        Raises
        ------
        CallError
            When the index wants a KPI or days that were not read.
        """
        new = self.index.with_weights(index) if isinstance(index, Mapping) else load_index(index)
        if self.index.same_but_weights(new):
            return score_evidence(self.evidence, new, self.terms)
        strange = set(new.kpis()) - set(self.evidence.tracks) - set(self.evidence.absent)
        if strange or new.memory.reach_days > self.index.memory.reach_days or new.price.reach_days > self.index.price.reach_days:
            raise CallError("This index needs records that were not read.", came=", ".join(sorted(strange)) or "a longer reach of memory or bills",
                            todo="Call score_experience with it.")
        return score_evidence(self.evidence, new)

    def diff(self, other: SatisfactionIndex | str | Path | Mapping[str, float] | ExperienceScores) -> ScoreDiff:
        """Who moves, and why, when another index takes the place of this one."""
        return compare_scores(self, other if isinstance(other, ExperienceScores) else self.rescore(other))

    def rank_drivers(self) -> pd.DataFrame:
        """What costs most: term, facet, service, kpi, weight, lost (mean points below what usual gives, with low and high; negative: above), spread (its share of the
        differences between keys; the shares add up to 1), worst_for (share of keys for which it costs most), keys.
        """
        return rank_terms(self)

    @functools.cached_property
    def honesty(self) -> Any:
        """The honesty card; see :func:`cemlib.experience.honesty.make_card`."""
        from cemlib.experience.honesty import make_card

        return make_card(self)


def score_evidence(evidence: Evidence, index: SatisfactionIndex, terms: Terms | None = None) -> ExperienceScores:
    """Score what was read; ``terms`` of the same curves and constants are taken as they are."""
    terms = compute_terms(evidence, index) if terms is None else terms
    units = weigh(terms, index)
    if evidence.groups is None:
        return ExperienceScores(index, evidence.grain.by, evidence.keys, evidence.subscribers, units, terms, evidence, units)
    keys, weighed, subscribers = gather_groups(units, terms, evidence.groups, index)
    return ExperienceScores(index, evidence.grain.by, keys, subscribers, weighed, terms, evidence, units)


def score_experience(lake: Lake, by: str = "subscriber_key", *, month: str | None = None, window: tuple[Any, Any] | None = None,
                     index: str | Path | SatisfactionIndex | None = None, segments: Mapping[str, str] | pd.Series | None = None) -> ExperienceScores:
    """Score satisfaction on 0 … 100 with the open index.

    Parameters
    ----------
    lake : Lake
    by : str
        ``subscriber_key``; a property of subscribers (``segment_code``, the tariff class; ``plan_code``, ``account_key``, ``fleet_code``): the mean
        over them; or a column of the records (``resource_id``, ``partner_code``, ``rat_code`` …): its records together.
    month : str, optional
        ``2026-03``, in UTC.
    window : pair, optional
        First day and the day after the last. Without month and window: the last 30 days that have records.
    index : str, Path or SatisfactionIndex, optional
        The file; the default index otherwise.
    segments : mapping, optional
        Subscriber key to segment, in the place of the tariff class.

    Returns
    -------
    ExperienceScores
        ``.frame``, ``.explain(key)``, ``.diff(other)``, ``.rank_drivers()``, ``.rescore(index)``, ``.honesty``.

    Raises
    ------
    UnknownNameError
        For a column that does not exist, or an index with a misspelt word.
    ParameterError
        For a window that is none, or an index that is wrong.

    Notes
    -----
    Source: own. Every term lies in 0 … 100 and the weights are not negative and sum to 1, so the score lies there by construction.

    Examples
    --------
    >>> from cemlib.lake import open_lake
    >>> empty = score_experience(open_lake("no-lake-here-yet"), month="2026-03")
    >>> len(empty), empty.window
    (0, ('2026-03-01', '2026-03-31'))
    """
    chosen = load_index(index)
    grain = find_grain(by, chosen)
    return score_evidence(collect_evidence(lake, chosen, grain, find_window(lake, month, window), segments), chosen)
