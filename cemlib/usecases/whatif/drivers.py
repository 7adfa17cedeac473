"""What drives the ratings of a study: what there is to gain and for whom first, what loses and what wins, and what the price does to quality."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

import pandas as pd

from cemlib.analysis import CausalGraph, WhatIf, map_importance
from cemlib.analysis.drivers import group_collinear
from cemlib.analysis.expectation import PriceOfQuality
from cemlib.analysis.frontier import Frontier, price_segments, rank_improvements
from cemlib.errors import ParameterError
from cemlib.privacy import SUPPRESSED
from cemlib.usecases.kept_fits import fingerprint, keep_fit
from cemlib.usecases.studies.study import Feature, Study

__all__ = ["StudyDrivers", "name_drivers"]

Result = TypeVar("Result")

_BUDGETS = (0.1, 0.25, 0.5, 1.0)
_DRAWS = 60
_MOST_LEVELS = 4
#: A lever that cannot move more of those that it should has no cost.
_MOSTLY = 0.5


def name_drivers(features: pd.DataFrame, told: Mapping[str, Feature], graph: CausalGraph | None = None) -> dict[str, list[str]]:
    """The drivers that can be improved: features with a declared good direction, under their labels; those that say nearly the same together.

    A lever alone makes no driver: the direction in which the ratings of a survey go is no advice as long as nobody declared that it is good.

    Where the graph says that one acts on the other each stands alone: what it does through the other, and what is left for the other to do, can be told apart.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> stalls, price = rng.normal(size=(2, 300))
    >>> told = {"stalls": Feature(label="Stalls", better=-1), "wait": Feature(label="Waiting", better=-1), "price": Feature(label="Price", better=-1), "gb": Feature(label="Data", lever="add")}
    >>> X = pd.DataFrame({"stalls": stalls, "wait": stalls + rng.normal(0, 0.3, 300), "price": price, "gb": rng.normal(size=300)})
    >>> name_drivers(X, told)
    {'Stalls and Waiting': ['stalls', 'wait'], 'Price': ['price']}
    >>> list(name_drivers(X, told, CausalGraph([("stalls", "wait"), ("wait", "outcome"), ("price", "outcome")])))
    ['Stalls', 'Waiting', 'Price']
    """
    names = [name for name, one in told.items() if one.better and name in features]
    parts = [part for members in (group_collinear(features[names]).values() if names else ()) for part in _apart(members, graph)]
    return {" and ".join(told[one].label for one in members): members for members in parts}


def _apart(members: list[str], graph: CausalGraph | None) -> list[list[str]]:
    """Those that act on another, or on which another acts, each alone; the rest together."""
    known = [one for one in members if graph is not None and one in graph.parents]
    ordered = {one for cause in known for effect in known if effect != cause and effect in graph.descendants([cause]) for one in (cause, effect)}
    rest = [one for one in members if one not in ordered]
    return [*([one] for one in members if one in ordered), *([rest] if rest else [])]


class StudyDrivers:
    """The drivers of a fitted study; each figure is worked out when it is first asked for.

    Parameters
    ----------
    study : Study
    whatif : WhatIf
        Of the fitted model and the declared graph.
    groups : DataFrame of category
        By the index of the model's ratings.
    label : callable
        The label of a feature or of a column made from it.

    Attributes
    ----------
    parts : dict of str to list of str
        See :func:`name_drivers`.
    """

    def __init__(self, study: Study, whatif: WhatIf, groups: pd.DataFrame, label: Callable[[str], str]) -> None:
        self._study, self._whatif, self._model, self._groups, self._label = study, whatif, whatif.model, groups, label
        self._better = {name: one.better for name, one in study.features.items() if one.better and name in self._model.X_}
        self.parts = name_drivers(self._model.X_, study.features, whatif.graph)
        self._maps: dict[str, pd.DataFrame] = {}
        model, graph, draws = self._model, whatif.graph, whatif.draws
        self._of = fingerprint(
            study.model_dump_json(exclude={"name", "path", "segments"}), model.X_, model.y_, model.groups_, groups, model.family, model.monotone, model.scale, model.level, model.fit_rows, model.seed,
            [] if graph is None else sorted((effect, sorted(causes)) for effect, causes in graph.parents.items()), [] if graph is None else sorted(graph.unobserved),
            whatif.outcome, whatif.level, whatif.seed, draws.count, draws.seed)

    def _kept(self, what: str, make: Callable[[], Result]) -> Result:
        """One of the results, kept between openings: they depend on the study, its ratings and the draws alone."""
        return keep_fit("drivers", [what, self._of], make)

    @cached_property
    def knees(self) -> dict[str, dict]:
        """By feature: where improving it brings less than half of what it brought before (see :func:`cemlib.analysis.asymmetry.find_knee`), where it is told."""
        return self._kept("knees", self._find_knees)

    def _find_knees(self) -> dict[str, dict]:
        found = {}
        for name in (one for names in self.parts.values() for one in names if one in self._better):
            try:
                one = self._model.knee(name, better=self._better[name], draws=_DRAWS)
            except ParameterError:
                # a feature of a few values has no bend
                continue
            if one["knee"] is not None:
                found[name] = one
        return found

    def importance(self, who: str, where: pd.Series | None) -> pd.DataFrame:
        """The importance-performance map of those who are chosen, with ``goals``: by driver what is good, in words of the study."""
        if who not in self._maps:
            self._maps[who] = self._kept(f"importance {who}", lambda: self._map(where)) if self.parts else _NO_MAP
        return self._maps[who]

    def _map(self, where: pd.Series | None) -> pd.DataFrame:
        by = pd.Series("all", index=self._model.X_.index)
        targets = {name: one["knee"] for name, one in self.knees.items()}
        return map_importance(self._whatif, drivers=self.parts, better=self._better, targets=targets, by=by if where is None else by[where])

    @cached_property
    def _shown(self) -> dict[str, list[str]]:
        """Every feature under its label; categories as one."""
        found: dict[str, list[str]] = {}
        for name in self._model.X_:
            found.setdefault(self._label(name), []).append(name)
        return found

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Share of the differences of the ratings that goes with each feature; categories as one."""
        return self._kept("shares", lambda: self._model.drivers(groups=self._shown, draws=_DRAWS))

    @cached_property
    def shares_by_level(self) -> pd.DataFrame:
        """The same by level of the first group; its largest levels."""
        if not self._groups.shape[1]:
            return self.shares.iloc[:0]
        by = self._groups.iloc[:, 0]
        sizes = self._model.groups_.groupby(by, observed=True).nunique().nlargest(_MOST_LEVELS)
        return self._kept("shares by level", lambda: self._model.drivers(groups=self._shown, draws=_DRAWS, by=by.astype("str").where(by.isin(sizes.index))))

    @cached_property
    def shapes(self) -> pd.DataFrame:
        """Of each feature of a driver: penalty, reward, their difference with its interval, and the Kano label; empty where nothing can be told."""
        return self._kept("shapes", self._find_shapes)

    def _find_shapes(self) -> pd.DataFrame:
        try:
            found = self._model.asymmetry()
        except ParameterError:
            return pd.DataFrame(columns=["feature", "reference", "penalty", "reward", "difference", "low", "high", "asymmetry", "kano", "label"])
        members = {one for names in self.parts.values() for one in names}
        return found[found["feature"].isin(members)].assign(label=lambda frame: frame["feature"].map(self._label)).reset_index(drop=True)

    @cached_property
    def price(self) -> PriceOfQuality | None:
        """What the price does to the effect of quality; None where the study does not name both."""
        return self._weigh("price")

    @cached_property
    def expectation(self) -> PriceOfQuality | None:
        """What the expectation does to the effect of quality; None where the study does not name both."""
        return self._weigh("expectation")

    def role(self, role: str) -> str | None:
        """The feature that the study names as quality, price or expectation."""
        return next((name for name, one in self._study.features.items() if one.role == role and name in self._model.X_), None)

    def _weigh(self, role: str) -> PriceOfQuality | None:
        quality, other = self.role("quality"), self.role(role)
        return self._kept(f"quality and {role}", lambda: self._weigh_two(quality, other)) if quality and other else None

    def _weigh_two(self, quality: str, other: str) -> PriceOfQuality | None:
        try:
            return self._model.weigh_price(quality, other)
        except ParameterError:
            return None

    @cached_property
    def without_direction(self) -> list[str]:
        """Features that could be moved, but of which the study does not tell which direction is good: no drivers."""
        return [one.label for name, one in self._study.levers.items() if not one.better and name in self._model.X_]

    @cached_property
    def without_cost(self) -> list[str]:
        """Drivers that could be moved, but for whose lever the study tells no cost."""
        return [name for name, names in self.parts.items() if all(self._study.features[one].lever for one in names) and any(self._study.features[one].cost is None for one in names)]

    def first(self, everybody: pd.DataFrame, hidden: Collection[str] = ()) -> Frontier | None:
        """Which improvement for which level of the first group: lift everybody to what is good; None where no lever has a cost.

        Parameters
        ----------
        everybody : DataFrame
            The map of all customers.
        hidden : collection of str
            Levels that the reader does not see: nothing is improved for them, so that no budget and no total tells of them.
        """
        return self._kept(" without ".join(["first", *sorted(hidden)]), lambda: self._rank(everybody, hidden))

    def _rank(self, everybody: pd.DataFrame, hidden: Collection[str]) -> Frontier | None:
        segments = self._groups.iloc[:, 0].astype("str") if self._groups.shape[1] else pd.Series("all", index=self._model.X_.index)
        segments = segments[~segments.isin(list(hidden))].reindex(segments.index)
        if segments.isna().all():
            return None
        costs, improvements = {}, {}
        for one in everybody[everybody["state"] != "too few"].itertuples():
            told = [self._lift_costs(name, change, segments) for name, change in one.changes.items()]
            priced = [cost for cost in told if cost is not None]
            if len(priced) == len(told):
                improvements[one.driver], costs[one.driver] = one.changes, sum(priced[1:], priced[0])
        if not improvements:
            return None
        total = sum(float(price_segments(self._model.groups_, cost, segments).sum()) for cost in costs.values())
        # rounded up: the whole budget pays for everything
        budgets = sorted({10.0 * math.ceil(total * one / 10) for one in _BUDGETS})
        found = rank_improvements(self._whatif, improvements, costs, budgets, segments)
        return replace(found, ranking=_name_hidden(found.ranking, hidden)) if hidden else found

    def not_lifted(self, everybody: pd.DataFrame) -> dict[str, float]:
        """By label of a feature with a cost: share of the moments that are not good yet which its lever cannot move, since they are 0 and it is a percentage.

        Parameters
        ----------
        everybody : DataFrame
            The map of all customers.
        """
        found = {}
        for name, change in (pair for changes in everybody["changes"] for pair in changes.items()):
            missing = self._missing(name, change)
            if self._study.features[name].cost is not None and (stuck := self._stuck(name, missing)).any():
                found[self._label(name)] = float(stuck[missing > 0].mean())
        return found

    def _missing(self, name: str, change: str) -> pd.Series:
        """How far each moment is from what is good."""
        values, target = self._model.X_[name], float(change[2:])
        return (target - values if change[0] == ">" else values - target).clip(lower=0)

    def _stuck(self, name: str, missing: pd.Series) -> pd.Series:
        return (missing > 0) & (self._model.X_[name] == 0) & (self._study.features[name].lever == "percent")

    def _lift_costs(self, name: str, change: str, segments: pd.Series) -> pd.Series | None:
        """Of lifting each moment to what is good; empty where the lever cannot, and in a segment in which it cannot lift most of those that are not good."""
        lever, missing = self._study.features[name], self._missing(name, change)
        if lever.lever is None or lever.cost is None:
            return None
        stuck = self._stuck(name, missing)
        steps = (100 * missing / self._model.X_[name].abs().mask(missing == 0, 1) if lever.lever == "percent" else missing) / lever.step
        mostly_stuck = stuck.where(missing > 0).astype(float).groupby(segments).transform("mean") > _MOSTLY
        return (lever.cost * steps).mask(stuck | mostly_stuck)



def _name_hidden(ranking: pd.DataFrame, hidden: Collection[str]) -> pd.DataFrame:
    """The ranking, and after it by name what is hidden."""
    more = [(level, name) for level in sorted(hidden) for name in sorted(ranking["improvement"].unique())]
    told = ranking.astype({"n_customers": "Int64"}).reindex(range(len(ranking) + len(more)))
    told.loc[len(ranking):, ["segment", "improvement", "state"]] = [(*one, SUPPRESSED) for one in more]
    return told


_NO_MAP = pd.DataFrame(columns=["segment", "driver", "changes", "n_customers", "importance", "low", "high", "performance", "claim", "extrapolation_share", "state", "split", "quadrant"])
