"""Fits the model of a study once, plays scenario after scenario on it, and puts the view together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import pandas as pd

from cemlib.analysis import CausalGraph, WhatIf
from cemlib.analysis.frontier import Frontier
from cemlib.analysis.satisfaction import Learned, SatisfactionModel
from cemlib.errors import CemError, UnknownNameError
from cemlib.usecases.asked import Asked
from cemlib.usecases.kept_fits import keep_fit
from cemlib.usecases.studies.catalogue import load_study, reason_of, study_names
from cemlib.usecases.studies.study import OUTCOME, Study
from cemlib.usecases.whatif.changes import reach_all, read_changes, write_changes
from cemlib.usecases.whatif.drivers import StudyDrivers
from cemlib.usecases.whatif.no_study import NoStudyView, refuse_all
from cemlib.usecases.whatif.ratings import Ratings, read_study_ratings
from cemlib.usecases.whatif.scenario import Scenario, play
from cemlib.usecases.whatif.small_groups import SmallGroups
from cemlib.usecases.whatif.view import ALL, DRAWS, QUESTION, SatisfactionView

__all__ = ["ALL", "LAKE", "Reader", "open_study"]

LAKE = "lake"
_MOST_SAVED = 6
_MOST_LEVELS = 12


def _fit(model: SatisfactionModel, ratings: Ratings) -> SatisfactionModel:
    """Fit, or take what was learned from the same ratings before."""
    asked = [model.family, model.monotone, model.answers, model.known_before, model.scale, model.level, model.fit_rows, model.seed, ratings.features, ratings.rating, ratings.customer]

    def learn() -> Learned:
        return model.fit(ratings.features, ratings.rating, ratings.customer).learned_

    learned = keep_fit("satisfaction", asked, learn)
    return model if hasattr(model, "learned_") else model.fit(ratings.features, ratings.rating, ratings.customer, learned=learned)


class Reader:
    """A study with its fitted model.

    Parameters
    ----------
    lake : Lake
        For other studies.
    study : Study
    ratings : Ratings
    role : str, optional
    strict : bool
    snapshot : str
        Of the lake, for the footer.

    Attributes
    ----------
    model, whatif, graph
    declared : CausalGraph
        The graph in the study's own names; ``graph`` has the columns of the model.
    levers : dict of str to Feature
        What can be moved.
    groups : DataFrame of category
    driven : StudyDrivers
        What drives the ratings.
    small : SmallGroups
        What of it the reader does not see.
    """

    def __init__(self, lake, study: Study, ratings: Ratings, *, role: str | None = None, strict: bool = True, snapshot: str = "") -> None:
        self.lake, self.study, self.ratings, self.role, self.snapshot, self.strict = lake, study, ratings, role, snapshot, strict
        # as it was told: a cycle is named in the words of the study, before categories become columns
        self.declared = CausalGraph([tuple(part.strip() for part in one.split("->")) for one in study.edges], unobserved=study.unobserved)
        better = {name: one.better for name, one in study.features.items() if one.better and name in ratings.features}
        self.model = _fit(SatisfactionModel("gbm", monotone=better, scale=study.scale), ratings)
        self.levers = {name: reach_all(one, float(ratings.features[name].min()), float(ratings.features[name].max()))
                       for name, one in study.levers.items() if name in ratings.features}
        self.graph = CausalGraph(ratings.edges, unobserved=[one for one in study.unobserved if any(one in edge for edge in ratings.edges)])
        self.whatif = WhatIf(self.model, self.graph, outcome=OUTCOME, draws=DRAWS)
        self.groups = ratings.groups.loc[self.model.X_.index]
        self.small = SmallGroups(self.model.X_, self.groups, self.model.groups_, role)
        self.driven = StudyDrivers(study, self.whatif, self.groups, self.label)

    def label(self, name: str) -> str:
        """The label of a feature, of a column made from it, of a group, or of the rating."""
        name = name.partition(": ")[0]
        if name in self.study.features:
            return self.study.features[name].label
        return "Satisfaction" if name == OUTCOME else self.study.title_of(name) if name in self.study.groups else name

    # --- what was asked for

    def where(self, who: str) -> pd.Series | None:
        """Whose ratings are meant; None for all.

        Raises
        ------
        UnknownNameError
            There is no such group or level.
        """
        if who == ALL:
            return None
        group, _, level = who.partition("=")
        if group not in self.groups:
            raise UnknownNameError("group", group[:60], [ALL, *self.groups])
        if level not in self.groups[group].cat.categories:
            # those that the chips offer: a message is no list of the small ones
            raise UnknownNameError(self.study.title_of(group), level[:60], [one.partition("=")[2] for one, _ in self.choices["who"] if one.startswith(f"{group}=")] or [ALL])
        return self.groups[group] == level

    def _check_who(self, who: str) -> str:
        self.where(who)
        return who

    def _check_driver(self, driver: str) -> str:
        if driver and driver not in self.driven.parts:
            raise UnknownNameError("driver", driver[:60], self.driven.parts)
        return driver

    def _read_saved(self, text: str) -> tuple[str, dict[str, float]]:
        who, _, changes = text.partition("~")
        return self._check_who(who), read_changes(changes, self.levers)

    @cached_property
    def choices(self) -> dict[str, list[tuple[str, str]]]:
        """What the filters can be set to; groups of fewer than 30 customers, and those that are hidden, are left out."""
        found = [(ALL, "all customers")]
        for group in self.groups:
            size = self.model.groups_.groupby(self.groups[group], observed=True).nunique().sort_values(ascending=False)
            found += [(f"{group}={level}", f"{self.study.title_of(group)}: {level}") for level in size.index[(size >= 30) & ~size.index.isin(self.small.levels(group))][:_MOST_LEVELS]]
        return {"study": [(one, one) for one in dict.fromkeys([*study_names("levers"), self.study.name])], "who": found}

    def again(self, asked: Mapping[str, str]) -> SatisfactionView | NoStudyView:
        """The view of these parameters; of another study it is that study's, as it opens."""
        if asked["study"] != self.study.name:
            return open_study(self.lake, asked["study"], self.role, self.strict)
        return self.view(**{name: asked[name] for name in ("who", "changes", "saved", "driver")})

    def view(self, *, who: str = ALL, changes: str = "", saved: str = "", driver: str = "", missing: Sequence[str] = ()) -> SatisfactionView:
        """Put the view together."""
        asked = Asked(self.strict)
        who = asked.use(ALL, self._check_who, who, name=f"“{who[:60]}”")
        values = asked.use({}, read_changes, changes, self.levers, name=f"“{changes[:80]}”")
        kept = [asked.use(None, self._read_saved, one, name=f"The scenario “{one[:80]}”") for one in saved.split("|") if one]
        driver = asked.use("", self._check_driver, driver, name="It")
        return self.made(self.play(who, values), tuple(self.play(*one) for one in kept if one is not None)[:_MOST_SAVED], driver, [*missing, *self.ratings.notes, *asked.left_out])

    def play(self, who: str, values: Mapping[str, float]) -> Scenario:
        """Play a scenario: who (``all`` or ``group=level``), and the position of each lever that is moved."""
        for name in values:
            if name not in self.levers:
                raise UnknownNameError("lever", name, self.levers)
        chosen_group = who.partition("=")[0]
        by = next((name for name in self.groups if name != chosen_group), None)
        return self.small.hide_scenario(play(self.whatif, self.levers, who, self.where(who), values, None if by is None else self.groups[by], self.study.scale))

    def made(self, scenario: Scenario, saved: tuple[Scenario, ...], driver: str, missing: Sequence[str]) -> SatisfactionView:
        """The view of a scenario that was played."""
        chosen = {"study": self.study.name, "who": scenario.who, "changes": write_changes(scenario.values, self.levers),
                  "saved": "|".join(f"{one.who}~{write_changes(one.values, self.levers)}" for one in saved), "driver": driver}
        return SatisfactionView(question=QUESTION, scenario=scenario, saved=saved, driver=driver, role=self.role, missing=list(missing), chosen=chosen, choices=self.choices, footer=self._footer, _reader=self)

    @cached_property
    def first(self) -> Frontier | None:
        """See :attr:`SatisfactionView.first`."""
        hidden = self.small.levels(str(self.groups.columns[0])) if self.groups.shape[1] else ()
        return self.driven.first(self.driven.importance(ALL, None), hidden)

    @cached_property
    def _footer(self) -> list[str]:
        """The evidence line."""
        model = self.model
        facts = [self.study.title, f"{model.n_:,} ratings of {model.n_customers_:,} customers", f"{100 * self.whatif.level:.0f} % intervals by {DRAWS} draws of customers",
                 f"expected rating ± {model.half_width_:.1f} for one rating (90 %)"]
        return facts + ([f"snapshot {self.snapshot}"] if self.snapshot else [])


def open_study(lake, study: str, role: str | None = None, strict: bool = True, **chosen: str) -> SatisfactionView | NoStudyView:
    """Open a study.

    Parameters
    ----------
    lake : Lake
    study : str
    role : str, optional
    strict : bool
        Off, another study is shown where this one cannot be opened, and that is told; where none can, why not.
    **chosen : str
        who, changes, saved, driver: they belong to this study.

    Raises
    ------
    CemError
        The study cannot be opened, where strict.
    """
    if strict:
        return _open(lake, study, role, strict).view(**chosen)
    refused: dict[str, CemError] = {}
    # an app shows something: the study that was asked for, else the lake's ratings, else another that can be opened
    for name in dict.fromkeys([study, LAKE, *study_names("levers")]):
        try:
            reader = _open(lake, name, role, strict)
        except CemError as error:
            refused[name] = error
            continue
        if name == study:
            return reader.view(**chosen)
        lost = [name for name, value in chosen.items() if value not in ("", ALL)]
        also = [f"What the address says of that study is left out too: {', '.join(lost)}."] if lost else []
        return reader.view(missing=[f"The study {study[:60]} cannot be opened: {reason_of(refused[study])} Shown instead: {reader.study.title}.", *also])
    return refuse_all(study, refused, lambda name: open_study(lake, name, role, strict))


def _open(lake, study: str, role: str | None, strict: bool) -> Reader:
    told = load_study(study, "levers")
    return Reader(lake, told, read_study_ratings(told, lake, role), role=role, strict=strict, snapshot=str(lake.snapshot().id) if told.source.lake else "")
