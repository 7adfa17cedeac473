"""What satisfaction would be if something were otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.analysis.causal_graph import CausalGraph
from cemlib.analysis.cluster_mean import interval_of_means
from cemlib.analysis.frontier import Frontier, rank_improvements
from cemlib.analysis.resampling import MIN_CUSTOMERS, read_interval
from cemlib.analysis.satisfaction import SatisfactionModel
from cemlib.analysis.standardisation import Draws, Standardisation
from cemlib.analysis.treatment import change_values
from cemlib.analysis.whatif_result import WhatIfResult, tied_words
from cemlib.errors import ParameterError, TooFewError, UnknownNameError

__all__ = ["COMPARED", "WhatIf"]

_MUCH_OUTSIDE = 0.05
#: The figures of each segment in :meth:`WhatIf.compare`.
COMPARED = ("moved_ratio", "now", "now_low", "now_high", "effect", "low", "high")


@dataclass(frozen=True)
class _Move:
    """Changes, made to everybody."""

    fit: Standardisation
    given: list[str]
    claim: str
    warnings: list[str]
    then: np.ndarray
    steps: np.ndarray

    @property
    def is_moved(self) -> np.ndarray:
        """Whose variables change at all."""
        changed = len(self.fit.changed)
        return np.abs(self.then - self.fit.scaled)[:, :changed].max(axis=1) > 1e-9


class WhatIf:
    """Changes of the variables of a fitted model.

    Parameters
    ----------
    model : SatisfactionModel
        Fitted; its ratings, features and customers are used.
    graph : CausalGraph, optional
        Without one every effect is an association, adjusted for all other features.
    outcome : str
        Name of the rating in the graph.
    units : mapping of str to str, optional
        What each variable is measured in, so that a change may be told as ``"+3dB"``; one in another unit is refused.
    draws : int
        Of the cluster bootstrap.
    level, seed : float, int

    Notes
    -----
    The effect is standardised (g-formula; Robins 1986) over a least-squares regression with restricted cubic splines of all variables and products of the
    changed ones with the others: five knots in a changed variable, three with fewer than 100 ratings, seven with more than 5,000 (Harrell 2015). The interval is
    :func:`cemlib.analysis.resampling.read_interval`'s. Trees shrink effects, so the model's own are not used for it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> tier = rng.normal(size=800)
    >>> stalls = tier + rng.normal(size=800)
    >>> mos = (3 - 0.3 * stalls + 0.2 * tier + rng.normal(0, 0.3, 800)).clip(1, 5)
    >>> model = SatisfactionModel("gbm").fit(pd.DataFrame({"stalls": stalls, "tier": tier}), mos)
    >>> graph = CausalGraph([("tier", "stalls"), ("tier", "mos"), ("stalls", "mos")])
    >>> found = WhatIf(model, graph, outcome="mos").do({"stalls": -1})
    >>> round(found.effect, 1), found.claim, found.adjustment_set
    (0.3, 'causal under stated graph', ['tier'])
    """

    def __init__(self, model: SatisfactionModel, graph: CausalGraph | None = None, *, outcome: str = "satisfaction",
                 units: Mapping[str, str] | None = None, draws: int = 200, level: float = 0.9, seed: int = 0) -> None:
        if not hasattr(model, "learned_"):
            raise ParameterError("The model is not fitted yet.", todo="Call fit(X, y, groups) first.")
        if graph is not None and outcome not in graph.parents:
            raise UnknownNameError("variable", outcome, graph.parents, where="graph")
        if draws < 20 or not 0 < level < 1:
            raise ParameterError("Too few draws, or no level.", wanted="at least 20 draws, a level between 0 and 1", came=f"{draws} draws, level {level}")
        self.model, self.graph, self.outcome, self.level, self.seed = model, graph, outcome, level, seed
        self.units = dict(units or {})
        for name in self.units:
            if name not in model.X_.columns:
                raise UnknownNameError("variable", name, model.X_.columns, where="units")
        self.draws = Draws(model.groups_, draws, seed)
        self._fits: dict[tuple, Standardisation] = {}
        self._last: tuple[tuple, _Move] | None = None

    def do(self, changes: Mapping[str, float | str], where: pd.Series | None = None, *, adjust: list[str] | None = None,
           cost: Mapping[str, float] | None = None) -> WhatIfResult:
        """The effect of changes: a number or ``"+3"`` is added, ``"+5%"`` is relative, ``">=20"`` lifts those below, ``"<=0.1"`` lowers those above.
        A unit may follow the number where ``units`` names it.

        Parameters
        ----------
        changes : mapping
        where : Series of bool, optional
            Who is chosen, by the index of the model's ratings; all by default.
        adjust : list of str, optional
            Variables to adjust for instead of the graph's choice.
        cost : mapping of str to float, optional
            Of each variable's change for one customer.

        Raises
        ------
        UnknownNameError
            A variable is not in the model.
        TooFewError
            Fewer than 30 customers are chosen, or have all variables.
        ParameterError
            ``adjust`` holds a mediator, or a change cannot be read.
        """
        if cost is not None and not isinstance(cost, Mapping):
            raise ParameterError("Costs are not told as wanted.", wanted='of each change, for instance {"price": 2.5}', came=repr(cost)[:80])
        changed = self._checked(changes, [*(adjust or []), *(cost or {})])
        chosen = self._choose(where)
        n_customers = self.draws.count_customers(chosen.to_numpy())
        if n_customers < MIN_CUSTOMERS:
            raise TooFewError("Too few customers are chosen to say anything.", wanted=f"at least {MIN_CUSTOMERS}", came=str(n_customers), todo="Choose a larger group.")
        move = self._move(changes, changed, adjust)
        fit, inside = move.fit, chosen.loc[move.fit.index].to_numpy()
        if (whole := self.draws.count_customers((chosen & chosen.index.isin(fit.index)).to_numpy())) < MIN_CUSTOMERS:
            raise TooFewError("Too few of the chosen customers have all variables.", wanted=f"at least {MIN_CUSTOMERS} with {', '.join(fit.columns)}", came=str(whole), todo="Choose a larger group.")
        kept = slice(None) if inside.all() else inside
        now, then, steps = fit.scaled[kept], move.then[kept], move.steps[kept]
        rating, who = self.model.y_.loc[fit.index[kept]].to_numpy(float), self.draws.codes.loc[fit.index[kept]].to_numpy()
        mean, *ends = (float(one[0]) for one in interval_of_means(rating, who, self.model.scale, level=self.level))
        effects = self._on_scale(fit.betas @ steps.mean(axis=0), mean)
        low, high = read_interval(effects[1:], self.level, self.draws.customers)
        then_ends = np.clip(read_interval(self.draws.draw_means(rating, who) + effects[1:], self.level, self.draws.customers), *self.model.scale)
        outside, past = fit.overlap.share_outside(now, then), _past(fit, now, then)
        index = fit.index[kept]
        return WhatIfResult(
            float(effects[0]), float(low), float(high), mean, *ends, mean + float(effects[0]), *map(float, then_ends), move.claim, move.given, outside, past, fit.tied, len(now), n_customers,
            int(move.is_moved[kept].sum()), 1 - len(now) / int(chosen.sum()), None if cost is None else float(sum(cost.values()) * n_customers),
            [*move.warnings, *self._warn(outside, past, len(fit.index)), *(tied_words(name, *told) for name, told in fit.tied.items())], self.level, pd.Series(fit.terms[kept] @ fit.betas[0], index=index), pd.Series(steps @ fit.betas[0], index=index),
            effects[1:], parameters={"changes": dict(changes), "draws": self.draws.count, "seed": self.seed, "adjust": adjust})

    def compare(self, changes: Mapping[str, float | str], by: pd.Series, *, adjust: list[str] | None = None) -> pd.DataFrame:
        """The effect of the same changes in each segment, without asking :meth:`do` for each.

        Parameters
        ----------
        changes, adjust
            As for :meth:`do`.
        by : Series
            Segment of each rating, by the index of the model's ratings.

        Returns
        -------
        pandas.DataFrame
            ``segment``, ``n``, ``n_customers``, ``moved_ratio`` (ratings whose variables change at all), ``now`` with ``now_low`` and ``now_high``,
            ``effect`` with ``low`` and ``high``, ``state`` ("ok" or "too few", with empty figures).
        """
        move = self._move(changes, self._checked(changes, list(adjust or [])), adjust)
        codes, names = pd.factorize(by.reindex(move.fit.index), sort=True)
        told = np.flatnonzero(codes >= 0)
        codes, sizes = codes[told], np.bincount(codes[told], minlength=len(names))
        means = np.column_stack([np.bincount(codes, column[told], len(names)) for column in move.steps.T]) / np.maximum(sizes, 1)[:, None]
        rating, who = self.model.y_.loc[move.fit.index].to_numpy(float)[told], self.draws.codes.loc[move.fit.index].to_numpy()[told]
        now, now_low, now_high = interval_of_means(rating, who, self.model.scale, codes, level=self.level) if len(told) else np.empty((3, 0))
        moved = np.bincount(codes, move.is_moved[told], len(names)) / np.maximum(sizes, 1)
        effects = self._on_scale(move.fit.betas @ means.T, now)
        low, high = read_interval(effects[1:], self.level, self.draws.customers)
        rows = []
        for number, name in enumerate(names):
            customers = int(np.count_nonzero(np.bincount(who[codes == number], minlength=1)))
            figures = [one[number] if customers >= MIN_CUSTOMERS else np.nan for one in (moved, now, now_low, now_high, effects[0], low, high)]
            rows.append({"segment": name, "n": int(sizes[number]), "n_customers": customers, **dict(zip(COMPARED, figures, strict=True)),
                         "state": "ok" if customers >= MIN_CUSTOMERS else "too few"})
        return pd.DataFrame(rows, columns=["segment", "n", "n_customers", *COMPARED, "state"])

    def frontier(self, improvements: Mapping[str, Mapping[str, float | str]], costs: Mapping[str, float | pd.Series], budgets: Iterable[float],
                 by: pd.Series | None = None) -> Frontier:
        """Which improvement for which segment first, and what each budget reaches.

        Parameters
        ----------
        improvements : mapping of str to changes
            Each as for :meth:`do`.
        costs : mapping of str to float or Series
            Of each improvement for one customer, or by rating where it differs; see :func:`cemlib.analysis.frontier.price_segments`.
        budgets : iterable of float
        by : Series, optional
            Segment of each rating, by the index of the model's ratings; one segment of all by default.

        Examples
        --------
        See :func:`cemlib.analysis.frontier.rank_improvements`.
        """
        return rank_improvements(self, improvements, costs, budgets, by)

    def _on_scale(self, effects: np.ndarray, now: float | np.ndarray) -> np.ndarray:
        """Effects after which the mean rating is still on its scale: past the data a line would leave it."""
        low, high = self.model.scale
        return np.clip(effects, low - now, high - now)

    def _checked(self, changes: Mapping[str, float | str], others: list[str]) -> list[str]:
        if not isinstance(changes, Mapping):
            raise ParameterError("Changes are not told as wanted.", wanted='for instance {"price": "+5%"}', came=repr(changes)[:80])
        for name in [*changes, *others]:
            if name not in self.model.X_.columns:
                raise UnknownNameError("variable", name, self.model.X_.columns, where="model")
        if not changes:
            raise ParameterError("No change was given.", wanted='for instance {"price": "+5%"}')
        return sorted(changes)

    def _move(self, changes: Mapping[str, float | str], changed: list[str], adjust: list[str] | None) -> _Move:
        """Everybody moved; the last one is kept, since the same changes are asked of several groups."""
        key = (tuple(sorted((name, str(change)) for name, change in changes.items())), None if adjust is None else tuple(adjust))
        if self._last is None or self._last[0] != key:
            given, claim, warnings = self._adjust(changed, adjust)
            fit = self._standardise(changed, changed + [name for name in given if name not in changed])
            then = fit.scaled.copy()
            for number, name in enumerate(fit.changed):
                had = pd.Series(fit.scaled[:, number] * fit.spread[name] + fit.centre[name])
                # by its difference, so that no change is exactly none
                then[:, number] += (change_values(had, name, changes[name], self.units.get(name)) - had).to_numpy() / fit.spread[name]
            self._last = key, _Move(fit, given, claim, warnings, then, fit.steps(then))
        return self._last[1]

    def _warn(self, outside: float, past: Mapping[str, float], used: int) -> list[str]:
        told = []
        if outside > _MUCH_OUTSIDE:
            told.append(f"{outside:.0%} of the chosen are moved to where nobody was observed: there the effect is a guess.")
        X = self.model.X_
        told += [f"{name}: {share:.0%} are moved past what was observed ({X[name].min():,.6g} to {X[name].max():,.6g})." for name, share in past.items() if share > _MUCH_OUTSIDE]
        if used < len(X):
            told.append(f"{len(X) - used:,} ratings miss a variable and are left out.")
        return told

    def _choose(self, where: pd.Series | None) -> pd.Series:
        if where is None:
            return pd.Series(True, index=self.model.X_.index)
        if not isinstance(where, pd.Series) or where.dtype != bool:
            raise ParameterError("Who is chosen is not told as wanted.", wanted="a Series of True and False", came=type(where).__name__)
        if not where.index.isin(self.model.X_.index).any():
            raise ParameterError("Who is chosen is told of other rows than the model's.", wanted="the index of X in fit(X, y, groups)", came=f"{where.index[:1].tolist()} and so on")
        return where.reindex(self.model.X_.index, fill_value=False)

    def _adjust(self, changed: list[str], adjust: list[str] | None) -> tuple[list[str], str, list[str]]:
        features = set(self.model.features_) - set(changed)
        if self.graph is None:
            given = sorted(features if adjust is None else set(adjust) - set(changed))
            return given, _adjusted(given), ["No graph was declared: this is an association. What the change acts through may be among what it is adjusted for."]
        allowed = self.graph.adjustment_set(changed, self.outcome)
        if adjust is not None:
            after = self.graph.descendants(changed)
            if bad := sorted(set(adjust) & after):
                raise ParameterError(f"{', '.join(bad)} comes after what is changed.", wanted="variables that what is changed does not act on",
                                     todo="Leave it out: part of the effect goes through it, and adjusting would take that part away.")
        if allowed is None or set(allowed) - features or (adjust is not None and set(adjust) != set(allowed)):
            hidden = sorted(self.graph.unobserved) if allowed is None else sorted(set(allowed or ()) - features)
            why = f"The backdoor stays open: {', '.join(hidden)} not in the data." if hidden else "The adjustment set is not the graph's."
            after = self.graph.descendants(changed)
            given = sorted(set(adjust) if adjust is not None else (features & set(self.graph.parents)) - after)
            return given, _adjusted(given), [why + " This is an association."]
        return allowed, "causal under stated graph", []

    def _standardise(self, changed: list[str], columns: list[str]) -> Standardisation:
        key = (tuple(changed), tuple(columns))
        if key not in self._fits:
            self._fits[key] = Standardisation.fit(self.model.X_[columns].dropna(), self.model.y_, changed, self.draws, self.seed)
        return self._fits[key]


def _adjusted(given: list[str]) -> str:
    return f"adjusted association ({', '.join(given)})" if given else "association"


def _past(fit: Standardisation, now: np.ndarray, then: np.ndarray) -> dict[str, float]:
    """By changed variable: share of the rows moved past all its observed values."""
    found = {}
    for number, name in enumerate(fit.changed):
        had, gets = now[:, number], then[:, number]
        found[name] = float(np.mean((np.abs(gets - had) > 1e-9) & ((gets < fit.overlap.low[number]) | (gets > fit.overlap.high[number]))))
    return found
