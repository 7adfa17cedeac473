"""What satisfaction would be if something were otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from cemlib.analysis.causal_graph import CausalGraph
from cemlib.analysis.satisfaction import SatisfactionModel
from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["WhatIf", "WhatIfResult"]

_CHANGE = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(%?)")


@dataclass(frozen=True)
class WhatIfResult:
    """The effect of a change on the mean rating.

    Attributes
    ----------
    effect, low, high : float
        Difference of mean expected ratings with the interval of ``level``.
    claim : str
        ``"association"`` or ``"causal under stated graph"``.
    adjustment_set : list of str
    extrapolation_share : float
        Share of the chosen whom the change moves to where no customer was observed.
    n, n_customers : int
        Ratings and customers chosen.
    cost : float or None
        Of all chosen customers.
    warnings : list of str
    level : float
    method : str
    parameters : dict
    """

    effect: float
    low: float
    high: float
    claim: str
    adjustment_set: list[str]
    extrapolation_share: float
    n: int
    n_customers: int
    cost: float | None
    warnings: list[str]
    level: float
    method: str = "standardisation over a quadratic regression, cluster bootstrap"
    parameters: dict = field(default_factory=dict)


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
    draws : int
        Of the cluster bootstrap.
    level, seed : float, int

    Notes
    -----
    The effect is standardised (g-formula; Robins 1986) over a least-squares regression with squares of the changed variables and their products with
    the others. Trees shrink effects, so the model's own are not used for it.

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

    def __init__(self, model: SatisfactionModel, graph: CausalGraph | None = None, *, outcome: str = "satisfaction", draws: int = 200,
                 level: float = 0.9, seed: int = 0) -> None:
        if not hasattr(model, "fitted_"):
            raise ParameterError("The model is not fitted yet.", todo="Call fit(X, y, groups) first.")
        if graph is not None and outcome not in graph.parents:
            raise UnknownNameError("variable", outcome, graph.parents, where="graph")
        self.model, self.graph, self.outcome, self.draws, self.level, self.seed = model, graph, outcome, draws, level, seed
        self._fits: dict = {}

    def do(self, changes: Mapping[str, float | str], where: pd.Series | None = None, *, adjust: list[str] | None = None,
           cost: Mapping[str, float] | None = None) -> WhatIfResult:
        """The effect of changes: a number or ``"+3"`` is added, ``"+5%"`` is relative.

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
        ParameterError
            Fewer than 30 customers are chosen, or ``adjust`` holds a mediator.
        """
        X = self.model.X_
        for name in [*changes, *(adjust or []), *(cost or {})]:
            if name not in X.columns:
                raise UnknownNameError("variable", name, X.columns, where="model")
        changed = sorted(changes)
        if not changed:
            raise ParameterError("No change was given.", wanted='for instance {"price": "+5%"}')
        chosen = self._choose(where)
        n_customers = int(self.model.groups_[chosen].nunique())
        if n_customers < 30:
            raise ParameterError("Too few customers are chosen to say anything.", wanted="at least 30", came=str(n_customers), todo="Choose a larger group.")
        given, claim, warnings = self._adjust(changed, adjust)
        columns = changed + [name for name in given if name not in changed]
        full = X[columns].dropna()
        now = full[chosen.loc[full.index]]
        if not len(now):
            raise ParameterError("None of the chosen customers has all variables.", wanted=", ".join(columns))
        then = now.copy()
        for name in changed:
            then[name] = self._changed(now[name], name, changes[name])
        centre, spread, betas = self._coefficients(tuple(changed), columns, full)
        step = (_terms((then - centre) / spread, changed) - _terms((now - centre) / spread, changed)).mean(axis=0)
        effects = betas @ step
        low, high = np.quantile(effects[1:], [(1 - self.level) / 2, (1 + self.level) / 2])
        outside = self._outside((full - centre) / spread, (now - centre) / spread, (then - centre) / spread)
        if outside > 0.05:
            warnings.append(f"{outside:.0%} of the chosen are moved to where nobody was observed: there the effect is a guess.")
        if len(full) < len(X):
            warnings.append(f"{len(X) - len(full)} ratings miss a variable and are left out.")
        paid = None if cost is None else float(sum(cost.values()) * n_customers)
        return WhatIfResult(float(effects[0]), float(low), float(high), claim, given, outside, len(now), n_customers, paid, warnings, self.level,
                            parameters={"changes": dict(changes), "draws": self.draws, "seed": self.seed})

    def _choose(self, where: pd.Series | None) -> pd.Series:
        if where is None:
            return pd.Series(True, index=self.model.X_.index)
        if not isinstance(where, pd.Series) or where.dtype != bool:
            raise ParameterError("Who is chosen is not told as wanted.", wanted="a Series of True and False", came=type(where).__name__)
        return where.reindex(self.model.X_.index, fill_value=False)

    def _adjust(self, changed: list[str], adjust: list[str] | None) -> tuple[list[str], str, list[str]]:
        features = set(self.model.features_) - set(changed)
        if self.graph is None:
            given = sorted(features if adjust is None else set(adjust) - set(changed))
            return given, "association", ["No graph was declared: this is an association."]
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
            return given, "association", [why + " This is an association."]
        return allowed, "causal under stated graph", []

    @staticmethod
    def _changed(values: pd.Series, name: str, change: float | str) -> pd.Series:
        if isinstance(change, int | float) and np.isfinite(change):
            return values + change
        match = _CHANGE.fullmatch(str(change).strip())
        if not match:
            raise ParameterError(f"The change of {name!r} cannot be read.", wanted='a number, "+3" or "+5%"', came=repr(change))
        amount = float(match[1])
        return values * (1 + amount / 100) if match[2] else values + amount

    def _coefficients(self, changed: tuple, columns: list[str], full: pd.DataFrame) -> tuple:
        key = (changed, tuple(columns))
        if key not in self._fits:
            centre, spread = full.mean(), full.std().where(lambda one: one > 0, 1.0)
            terms = np.column_stack([np.ones(len(full)), _terms((full - centre) / spread, list(changed))])
            y = self.model.y_.loc[full.index].to_numpy()
            codes, who = pd.factorize(self.model.groups_.loc[full.index])
            rng = np.random.default_rng(self.seed)
            betas = []
            for draw in range(self.draws + 1):
                weight = np.ones(len(full)) if draw == 0 else np.bincount(rng.integers(0, len(who), len(who)), minlength=len(who))[codes]
                weighted = terms * weight[:, None]
                betas.append(np.linalg.lstsq(weighted.T @ terms, weighted.T @ y, rcond=None)[0][1:])
            self._fits[key] = centre, spread, np.array(betas)
        return self._fits[key]

    def _outside(self, all_: pd.DataFrame, now: pd.DataFrame, then: pd.DataFrame) -> float:
        moved = (then - now).abs().to_numpy().max(axis=1) > 0
        beyond = ((then < all_.min()) | (then > all_.max())).to_numpy().any(axis=1)
        rng = np.random.default_rng(self.seed)
        seen = all_.to_numpy()[rng.permutation(len(all_))[:5000]]
        near = NearestNeighbors(n_neighbors=2).fit(seen)
        usual = np.quantile(near.kneighbors(seen)[0][:, 1], 0.99)
        picked = rng.permutation(len(then))[:2000]
        far = near.kneighbors(then.to_numpy()[picked])[0][:, 0] > usual
        return float(np.mean(moved[picked] & (beyond[picked] | far)))


def _terms(Z: pd.DataFrame, changed: list[str]) -> np.ndarray:
    """Linear terms, squares, and the products of the changed variables with all others."""
    parts = [Z.to_numpy(), Z.to_numpy() ** 2]
    for number, name in enumerate(changed):
        others = [one for one in Z.columns if one not in changed[: number + 1]]
        parts.append(Z[others].to_numpy() * Z[[name]].to_numpy())
    return np.column_stack(parts)
