"""The view of the use case ``whatif_satisfaction``: a fitted study that answers scenario after scenario."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from cemlib.analysis import CausalGraph, WhatIf
from cemlib.analysis.frontier import Frontier
from cemlib.analysis.satisfaction import Learned, SatisfactionModel
from cemlib.errors import CemError, ParameterError, UnknownNameError
from cemlib.privacy import may_see_records
from cemlib.settings import settings
from cemlib.usecases.kept_fits import keep_fit
from cemlib.usecases.studies.study import OUTCOME, Study
from cemlib.usecases.whatif.changes import reach_all, read_changes, write_changes
from cemlib.usecases.whatif.driver_wording import describe_gain, describe_shape, write_goals
from cemlib.usecases.whatif.drivers import StudyDrivers
from cemlib.usecases.whatif.ratings import Ratings
from cemlib.usecases.whatif.scenario import Scenario, play
from cemlib.usecases.whatif.wording import answer_sentences, caution_sentences

__all__ = ["ALL", "SatisfactionView"]

QUESTION = "What would satisfaction be if the network or the price were otherwise?"
ALL = "all"
_MOST_SAVED = 6
_MOST_LEVELS = 12
_DRAWS = 100


def _fit(model: SatisfactionModel, ratings: Ratings) -> SatisfactionModel:
    """Fit, or take what was learned from the same ratings before."""
    asked = [model.monotone, model.scale, ratings.features, ratings.rating, ratings.customer]

    def learn() -> Learned:
        return model.fit(ratings.features, ratings.rating, ratings.customer).learned_

    learned = keep_fit("satisfaction", asked, learn)
    return model if hasattr(model, "learned_") else model.fit(ratings.features, ratings.rating, ratings.customer, learned=learned)


class SatisfactionView:
    """A study with its model, and the scenario that is shown.

    Parameters
    ----------
    study : Study
    ratings : Ratings
    who, changes, saved : str
        See :func:`cemlib.usecases.what_if_satisfaction`.
    role : str, optional
    strict : bool
    snapshot : str
        Of the lake, for the footer.

    Attributes
    ----------
    scenario : Scenario
    saved : list of Scenario
    missing : list of str
        What of the call could not be used.
    model, whatif, graph
    declared : CausalGraph
        The graph in the study's own names; ``graph`` has the columns of the model.
    driven : StudyDrivers
        What drives the ratings.
    """

    question = QUESTION

    def __init__(self, study: Study, ratings: Ratings, *, who: str = ALL, changes: str = "", saved: str = "", role: str | None = None, strict: bool = True, snapshot: str = "") -> None:
        self.study, self.ratings, self.role, self.snapshot, self._strict = study, ratings, role, snapshot, strict
        self.missing: list[str] = []
        # as it was told: a cycle is named in the words of the study, before categories become columns
        self.declared = CausalGraph([tuple(part.strip() for part in one.split("->")) for one in study.edges], unobserved=study.unobserved)
        better = {name: one.better for name, one in study.features.items() if one.better and name in ratings.features}
        self.model = _fit(SatisfactionModel("gbm", monotone=better, scale=study.scale), ratings)
        self.levers = {name: reach_all(one, float(ratings.features[name].min()), float(ratings.features[name].max()))
                       for name, one in study.levers.items() if name in ratings.features}
        self.graph = CausalGraph(ratings.edges, unobserved=[one for one in study.unobserved if any(one in edge for edge in ratings.edges)])
        self.whatif = WhatIf(self.model, self.graph, outcome=OUTCOME, draws=_DRAWS)
        self.groups = ratings.groups.loc[self.model.X_.index]
        self.driven = StudyDrivers(study, self.whatif, self.groups, self.label)
        who = self._told(ALL, self._check_who, who)
        self.scenario = self.play(who, self._told({}, read_changes, changes, self.levers))
        self.saved = [self.play(*self._told((ALL, {}), self._read_saved, one)) for one in saved.split("|") if one][:_MOST_SAVED]

    def _told(self, otherwise, reader, *given):
        """What a parameter means; one that means nothing is left out and told, where the view is not strict."""
        try:
            return reader(*given)
        except CemError as error:
            if self._strict:
                raise
            told = ", ".join(one for one in (error.came, error.wanted and f"wanted: {error.wanted}") if one)
            self.missing.append(" ".join(one for one in (error.what, told and f"({told})", "It is left out.", error.todo) if one))
            return otherwise

    def _check_who(self, who: str) -> str:
        self._where(who)
        return who

    def _read_saved(self, text: str) -> tuple[str, dict[str, float]]:
        who, _, changes = text.partition("~")
        return self._check_who(who), read_changes(changes, self.levers)

    def _where(self, who: str) -> pd.Series | None:
        if who == ALL:
            return None
        group, _, level = who.partition("=")
        if group not in self.groups:
            raise UnknownNameError("group", group[:60], [ALL, *self.groups])
        known = list(self.groups[group].cat.categories)
        if level not in known:
            raise UnknownNameError(self.study.title_of(group), level[:60], known)
        return self.groups[group] == level

    def play(self, who: str, values: dict[str, float]) -> Scenario:
        """Play a scenario: who (``all`` or ``group=level``), and the position of each lever that is moved."""
        for name in values:
            if name not in self.levers:
                raise UnknownNameError("lever", name, self.levers)
        chosen_group = who.partition("=")[0]
        by = next((name for name in self.groups if name != chosen_group), None)
        return play(self.whatif, self.levers, who, self._where(who), values, None if by is None else self.groups[by], self.study.scale)

    def show(self, who: str, values: dict[str, float]) -> Scenario:
        """Play a scenario and make it the one that is shown."""
        self.scenario = self.play(who, values)
        return self.scenario

    def save(self) -> None:
        """Keep the scenario that is shown, to be compared.

        Raises
        ------
        ParameterError
            There are six already.
        """
        if any((one.who, one.values) == (self.scenario.who, self.scenario.values) for one in self.saved):
            return
        if len(self.saved) >= _MOST_SAVED:
            raise ParameterError(f"There are {_MOST_SAVED} scenarios already.", todo="Forget one of them first.")
        self.saved.append(self.scenario)

    def forget(self, number: int) -> None:
        """Drop a kept scenario by its place."""
        if 0 <= number < len(self.saved):
            del self.saved[number]

    @property
    def chosen(self) -> dict[str, str]:
        """The parameters that lead here again."""
        return {"study": self.study.name, "who": self.scenario.who, "changes": write_changes(self.scenario.values, self.levers),
                "saved": "|".join(f"{one.who}~{write_changes(one.values, self.levers)}" for one in self.saved)}

    @cached_property
    def choices(self) -> list[tuple[str, str]]:
        """Who can be chosen: value and label; groups of fewer than 30 customers are left out."""
        found = [(ALL, "all customers")]
        for group in self.groups:
            size = self.model.groups_.groupby(self.groups[group], observed=True).nunique().sort_values(ascending=False)
            found += [(f"{group}={level}", f"{self.study.title_of(group)}: {level}") for level in size.index[size >= 30][:_MOST_LEVELS]]
        return found

    @property
    def answer(self) -> list[str]:
        """The answer in computed sentences."""
        return answer_sentences(self.scenario, self.who_words, self.label, self.count_words(self.scenario.n_customers))

    @property
    def cautions(self) -> list[str]:
        """What this cannot tell."""
        return caution_sentences(self.scenario, self.study, self.model.warnings_, self.ratings.n_dropped, self.label)

    def count_words(self, customers: int) -> str:
        """A count of customers as the reader may see it."""
        least = settings().minimum_group
        return f"{customers:,}" if customers >= least or may_see_records(self.role) else f"fewer than {least}"

    def hide(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A table with ``n`` and ``n_customers``, without the counts that are too small for the reader."""
        small = pd.Series(not may_see_records(self.role), index=frame.index) & (frame["n_customers"] < settings().minimum_group)
        return frame.assign(**{name: frame[name].astype("Int64").mask(small) for name in ("n", "n_customers") if name in frame})

    @property
    def who_words(self) -> str:
        """Those who are chosen, in words."""
        return self._who_words(self.scenario.who)

    def _who_words(self, who: str) -> str:
        group, _, level = who.partition("=")
        return "all customers" if who == ALL else f"{self.study.title_of(group)} {level}"

    @property
    def drivers(self) -> pd.DataFrame:
        """Share of the differences of the ratings that goes with each feature; categories as one."""
        return self.driven.shares

    @property
    def importance(self) -> pd.DataFrame:
        """The importance-performance map of those who are chosen."""
        return self.driven.importance(self.scenario.who, self._where(self.scenario.who))

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

    @cached_property
    def first(self) -> Frontier | None:
        """Which improvement for which level of the first group: lift everybody to what is good; None without costs."""
        return self.driven.first(self.driven.importance(ALL, None))

    @property
    def not_lifted(self) -> dict[str, float]:
        """Share of the moments that :attr:`first` cannot lift, by label (see :meth:`cemlib.usecases.whatif.drivers.StudyDrivers.not_lifted`)."""
        return self.driven.not_lifted(self.driven.importance(ALL, None))

    def label(self, name: str) -> str:
        """The label of a feature, of a column made from it, of a group, or of the rating."""
        name = name.partition(": ")[0]
        if name in self.study.features:
            return self.study.features[name].label
        return "Satisfaction" if name == OUTCOME else self.study.title_of(name) if name in self.study.groups else name

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

    @property
    def figures(self) -> dict[str, float | int | None]:
        """Every figure that is shown."""
        one, result = self.scenario, self.scenario.result
        told = {"n_ratings": one.n, "n_customers": one.n_customers, "rating_now": one.now}
        if not may_see_records(self.role) and one.n_customers < settings().minimum_group:
            told = dict.fromkeys(told)
        if result is not None:
            told |= {"rating_now": result.now, "rating_then": result.then, "effect": result.effect, "effect_low": result.low, "effect_high": result.high, "moved_ratio": result.n_moved / result.n,
                     "extrapolation_ratio": result.extrapolation_share, "cost": one.cost}
        told |= {f"driver_{number}_ratio": row.share for number, row in enumerate(self.drivers.itertuples(), 1)}
        told |= {f"gain_{number}": row.importance for number, row in enumerate(self.importance.itertuples(), 1)}
        return told

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """What is exported."""
        first = self.first_group
        found = {"drivers": self.drivers, "drivers_by_level": self.hide(_of_group(self.driven.shares_by_level, first)), "shapes": self.driven.shapes, "scenarios": self.scenario_table(),
                 "importance": self.importance.assign(changes=self.importance["changes"].map(write_goals))}
        if len(self.scenario.compared):
            found["compared"] = self.hide(_of_group(self.scenario.compared, self.compared_group))
        if self.first is not None:
            found["improvements_first"] = self.hide(_of_group(self.first.ranking, first))
        if len(self.ratings.set_aside):
            found["set_aside"] = self.ratings.set_aside
        return found

    def scenario_table(self) -> pd.DataFrame:
        """The kept scenarios and the one that is shown, side by side."""
        rows = []
        for one in [*self.saved, self.scenario]:
            result = one.result
            rows.append({"who": self._who_words(one.who), "changes": one.text, "n_customers": one.n_customers, "now": one.now, "effect": result.effect if result else np.nan,
                         "low": result.low if result else np.nan, "high": result.high if result else np.nan, "extrapolation_ratio": result.extrapolation_share if result else np.nan,
                         "cost": np.nan if one.cost is None else one.cost, "claim": result.claim if result else ""})
        return self.hide(pd.DataFrame(rows))

    @property
    def footer(self) -> list[str]:
        """The evidence line."""
        model = self.model
        facts = [self.study.title, f"{model.n_:,} ratings of {model.n_customers_:,} customers", f"{100 * self.whatif.level:.0f} % intervals by {_DRAWS} draws of customers",
                 f"expected rating ± {model.half_width_:.1f} for one rating (90 %)"]
        return facts + ([f"snapshot {self.snapshot}"] if self.snapshot else [])

    @property
    def messages(self) -> Sequence[str]:
        """What could not be told of the scenario."""
        return [self.scenario.problem] if self.scenario.problem else []


def _of_group(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """A table by level of a group, which says of which."""
    told = frame.copy()
    told.insert(0, "group", group)
    return told
