"""The view of the use case ``whatif_satisfaction`` as plain data: a scenario of a fitted study, from which others are reached without fitting anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import ClassVar

import numpy as np
import pandas as pd

from cemlib.analysis import CausalGraph, WhatIf
from cemlib.analysis.expectation import PriceOfQuality
from cemlib.analysis.frontier import Frontier
from cemlib.analysis.satisfaction import SatisfactionModel
from cemlib.errors import ParameterError, UnknownNameError
from cemlib.privacy import suppress_small_groups
from cemlib.usecases.minimum_view import MinimumView
from cemlib.usecases.studies.study import OUTCOME, Feature, Study
from cemlib.usecases.whatif.driver_wording import describe_gain, describe_shape, write_goals
from cemlib.usecases.whatif.drivers import StudyDrivers
from cemlib.usecases.whatif.ratings import Ratings
from cemlib.usecases.whatif.scenario import Scenario
from cemlib.usecases.whatif.wording import answer_sentences, caution_sentences, hidden_sentence

__all__ = ["ALL", "DRAWS", "QUESTION", "SatisfactionView"]

QUESTION = "What would satisfaction be if the network or the price were otherwise?"
ALL = "all"
#: Of customers, for the intervals.
DRAWS = 100
_MOST_SAVED = 6


@dataclass(frozen=True, kw_only=True)
class SatisfactionView(MinimumView):
    """The view: what :class:`cemlib.usecases.minimum_view.MinimumView` has (``chosen``: study, who, changes, saved, driver), and the following.

    Attributes
    ----------
    scenario : Scenario
        What is shown.
    saved : tuple of Scenario
        What was kept, to be compared.
    driver : str
        The one that is marked on the map; empty for none.
    role : str or None
    answer, cautions, figures, tables
        Worked out when they are first asked for: a lever that is moved asks for few of them.
    """

    scenario: Scenario
    saved: tuple[Scenario, ...]
    driver: str
    role: str | None
    answer: ClassVar[Sequence[str]]
    cautions: ClassVar[Sequence[str]]
    figures: ClassVar[Mapping[str, float | int | None]]
    tables: ClassVar[Mapping[str, pd.DataFrame]]

    # --- the study, and what was fitted on it

    study: ClassVar[Study] = property(attrgetter("_reader.study"), doc="The study.")
    ratings: ClassVar[Ratings] = property(attrgetter("_reader.ratings"), doc="What its model is fitted on.")
    model: ClassVar[SatisfactionModel] = property(attrgetter("_reader.model"), doc="Its fitted model.")
    whatif: ClassVar[WhatIf] = property(attrgetter("_reader.whatif"), doc="What answers scenarios.")
    declared: ClassVar[CausalGraph] = property(attrgetter("_reader.declared"), doc="The causal graph in the study's own names.")
    levers: ClassVar[Mapping[str, Feature]] = property(attrgetter("_reader.levers"), doc="What can be moved.")
    groups: ClassVar[pd.DataFrame] = property(attrgetter("_reader.groups"), doc="The groups of each rating of the model.")
    driven: ClassVar[StudyDrivers] = property(attrgetter("_reader.driven"), doc="What drives the ratings.")
    first: ClassVar[Frontier | None] = property(attrgetter("_reader.first"), doc="Which improvement for which level of the first group: lift everybody to what is good; None without costs.")

    def label(self, name: str) -> str:
        """The label of a feature, of a column made from it, of a group, or of the rating."""
        return self._reader.label(name)

    # --- other views of it

    def play(self, who: str, values: Mapping[str, float]) -> Scenario:
        """Play another scenario: who (``all`` or ``group=level``), and the position of each lever that is moved."""
        return self._reader.play(who, values)

    def show(self, who: str, values: Mapping[str, float]) -> SatisfactionView:
        """The view of another scenario."""
        return self._reader.made(self.play(who, values), self.saved, self.driver, self.missing)

    def save(self) -> SatisfactionView:
        """The view with its scenario kept, to be compared.

        Raises
        ------
        ParameterError
            There are six already.
        """
        if any((one.who, one.values) == (self.scenario.who, self.scenario.values) for one in self.saved):
            return self
        if len(self.saved) >= _MOST_SAVED:
            raise ParameterError(f"There are {_MOST_SAVED} scenarios already.", todo="Forget one of them first.")
        return self._reader.made(self.scenario, (*self.saved, self.scenario), self.driver, self.missing)

    def forget(self, number: int) -> SatisfactionView:
        """The view without a kept scenario, named by its place."""
        return self._reader.made(self.scenario, tuple(one for place, one in enumerate(self.saved) if place != number), self.driver, self.missing)

    def pick(self, driver: str) -> SatisfactionView:
        """The view with a driver marked; marked again, it is no longer.

        Raises
        ------
        UnknownNameError
            There is no such driver.
        """
        self.about(driver)
        return self._reader.made(self.scenario, self.saved, "" if driver == self.driver else driver, self.missing)

    # --- what is shown

    @cached_property
    def answer(self) -> list[str]:
        """The answer in computed sentences."""
        return answer_sentences(self.scenario, self.who_words, self.label)

    @cached_property
    def cautions(self) -> list[str]:
        """What this cannot tell."""
        hidden = {self.study.title_of(group): sorted(self._reader.small.levels(group)) for group in self.groups}
        return [*caution_sentences(self.scenario, self.study, self.model.warnings_, len(self.ratings.rating), self.ratings.n_dropped, self.label), *(hidden_sentence(group, levels) for group, levels in hidden.items() if levels)]

    @property
    def who_words(self) -> str:
        """Those who are chosen, in words."""
        return self._who_words(self.scenario.who)

    def _who_words(self, who: str) -> str:
        group, _, level = who.partition("=")
        return "all customers" if who == ALL else f"{self.study.title_of(group)} {level}"

    @property
    def drivers(self) -> pd.DataFrame:
        """Share of the differences of the ratings that goes with each feature; categories as one. The estimate of one that is about 0 may be negative."""
        return self.driven.shares

    def corners(self, weighed: PriceOfQuality) -> pd.DataFrame:
        """The expected rating where quality and price, or expectation, are low and high; none where few ratings are near."""
        return suppress_small_groups(weighed.corners.astype({"n": "Int64"}), self.role, subscribers="n", figures=["expected", "low", "high"]).drop(columns="is_suppressed")

    @property
    def importance(self) -> pd.DataFrame:
        """The importance-performance map of those who are chosen; without figures where they are hidden."""
        who = self.scenario.who
        frame = self.driven.importance(who, self._reader.where(who))
        return self._reader.small.hide(frame, ["all"]) if self._reader.small.is_hidden(who) else frame

    @cached_property
    def by_level(self) -> pd.DataFrame:
        """What :attr:`drivers` tells, by level of the first group; its largest levels."""
        frame = self.driven.shares_by_level
        return self._reader.small.hide(frame, self._reader.small.levels(str(self.groups.columns[0]), self.model.X_)) if len(frame) else frame

    def about(self, driver: str) -> list[str]:
        """What is known of a driver, for those who are chosen, in sentences.

        Raises
        ------
        UnknownNameError
            There is no such driver.
        """
        frame = self.importance.set_index("driver", drop=False)
        if driver not in frame.index:
            raise UnknownNameError("driver", driver[:60], frame.index)
        told = self.study.features
        shapes = self.driven.shapes[self.driven.shapes["feature"].isin(self.driven.parts[driver])]
        of_each = [describe_shape(one, told, self.driven.knees.get(one["feature"])) for one in shapes.to_dict("records")]
        named = of_each if len(of_each) < 2 else [f"{name}: {one}" for name, one in zip(shapes["label"], of_each, strict=True)]
        return [*describe_gain(frame.loc[driver].to_dict(), self.who_words, told, self.driven.knees), *named]

    @property
    def not_lifted(self) -> dict[str, float]:
        """Share of the moments that :attr:`first` cannot lift, by label (see :meth:`cemlib.usecases.whatif.drivers.StudyDrivers.not_lifted`)."""
        return self.driven.not_lifted(self.driven.importance(ALL, None))

    @property
    def first_group(self) -> str:
        """The title of the group whose levels are told apart; empty where the study has none."""
        return self.study.title_of(str(self.groups.columns[0])) if self.groups.shape[1] else ""

    @property
    def compared_group(self) -> str:
        """The title of the group by which :attr:`scenario` is compared."""
        return self.study.title_of(self.scenario.by) if self.scenario.by else ""

    def drawn_graph(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The declared graph as it was told, with roles for what is moved now: nodes and edges (see :meth:`cemlib.analysis.CausalGraph.layout`)."""
        graph, result = self.declared, self.scenario.result
        adjusted = {one.partition(": ")[0] for one in result.adjustment_set} if result else set()
        moved = [name for name in self.scenario.values if name in graph.parents]
        nodes, arrows = graph.layout(moved, OUTCOME, adjusted & set(graph.parents))
        return nodes.assign(label=nodes["name"].map(self.label)), arrows

    @cached_property
    def figures(self) -> dict[str, float | int | None]:
        """Every figure that is shown."""
        one, result = self.scenario, self.scenario.result
        told = {"n_ratings": one.n, "n_customers": one.n_customers, "rating_now": one.now, "rating_now_low": one.now_low, "rating_now_high": one.now_high}
        if result is not None:
            told |= {"rating_now": result.now, "rating_now_low": result.now_low, "rating_now_high": result.now_high, "rating_then": result.then,
                     "rating_then_low": result.then_low, "rating_then_high": result.then_high, "effect": result.effect, "effect_low": result.low, "effect_high": result.high, "moved_ratio": result.n_moved / result.n,
                     "extrapolation_ratio": result.extrapolation_share, "cost": one.cost}
        told |= {f"driver_{number}_ratio": row.share for number, row in enumerate(self.drivers.itertuples(), 1)}
        told |= {f"gain_{number}": row.importance for number, row in enumerate(self.importance.itertuples(), 1)}
        return told

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """What is exported: every table of the page."""
        first = self.first_group
        found = {"drivers": self.drivers, "drivers_by_level": _of_group(self.by_level, first), "shapes": self.driven.shapes, "scenarios": self.scenario_table(),
                 "importance": self.importance.assign(changes=self.importance["changes"].map(write_goals))}
        if len(self.scenario.compared):
            found["compared"] = _of_group(self.scenario.compared, self.compared_group)
        if self.first is not None:
            found["improvements_first"] = _of_group(self.first.ranking, first)
            found["budgets"] = self.first.budgets.assign(chosen=self.first.budgets["chosen"].map("; ".join))
        for role, weighed in (("price", self.driven.price), ("expectation", self.driven.expectation)):
            if weighed is not None:
                found[f"quality_and_{role}"] = self.corners(weighed)
        if len(self.ratings.set_aside):
            found["set_aside"] = self.ratings.set_aside
        return found

    def scenario_table(self) -> pd.DataFrame:
        """The kept scenarios and the one that is shown, side by side; ``state``: kept, shown now, or both in one row."""
        shown, rows = (self.scenario.who, self.scenario.values), []
        states = ["kept, shown now" if (one.who, one.values) == shown else "kept" for one in self.saved]
        listed = [*zip(self.saved, states, strict=True), *([] if "kept, shown now" in states else [(self.scenario, "shown now")])]
        for one, state in listed:
            result = one.result
            rows.append({"state": state, "who": self._who_words(one.who), "changes": one.text, "n_customers": one.n_customers, "now": one.now, "now_low": one.now_low, "now_high": one.now_high, "effect": result.effect if result else np.nan,
                         "low": result.low if result else np.nan, "high": result.high if result else np.nan, "extrapolation_ratio": result.extrapolation_share if result else np.nan,
                         "cost": np.nan if one.cost is None else one.cost, "claim": result.claim if result else ""})
        return pd.DataFrame(rows).astype({"n_customers": "Int64"} | dict.fromkeys(("now", "now_low", "now_high"), float))

    @property
    def messages(self) -> Sequence[str]:
        """What could not be told of the scenario."""
        return [self.scenario.problem] if self.scenario.problem else []


def _of_group(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """A table by level of a group, which says of which."""
    told = frame.copy()
    told.insert(0, "group", group)
    return told
