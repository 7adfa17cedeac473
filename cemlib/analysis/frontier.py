"""Which improvement for which segment first: the most satisfaction for each budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from cemlib.analysis.resampling import MIN_CUSTOMERS, read_interval
from cemlib.analysis.treatment import MOSTLY_OUTSIDE
from cemlib.errors import ParameterError, TooFewError

if TYPE_CHECKING:
    from cemlib.analysis.whatif import WhatIf
    from cemlib.analysis.whatif_result import WhatIfResult

__all__ = ["Frontier", "rank_improvements"]


@dataclass(frozen=True)
class Frontier:
    """What to improve first, and what each budget reaches.

    Attributes
    ----------
    ranking : pandas.DataFrame
        Every improvement of every segment, most gain for its cost first: ``segment``, ``improvement``, ``effect`` with ``low`` and ``high`` (rating
        points), ``n_customers``, ``cost``, ``gain`` (rating points times customers), ``gain_per_cost``, ``claim``, ``extrapolation_share``, ``state``
        ("ok", "not sure": the interval holds 0, "harm", "too few",
        "not seen": most would be moved to where nobody was observed).
    budgets : pandas.DataFrame
        ``budget``, ``cost``, ``chosen`` (list of "improvement for segment", best first), ``gain``, ``effect`` on the mean of all customers with ``low``
        and ``high``.
    claim : str
        The weakest of those chosen from.
    level : float
    method : str
    """

    ranking: pd.DataFrame
    budgets: pd.DataFrame
    claim: str
    level: float
    method: str = "effects added up; the exact best choice for each budget (0/1 knapsack)"


def rank_improvements(whatif: WhatIf, improvements: Mapping[str, Mapping[str, float | str]], costs: Mapping[str, float], budgets: Iterable[float],
                      by: pd.Series | None = None) -> Frontier:
    """See :meth:`cemlib.analysis.WhatIf.frontier`.

    Of improvements that change the same variable a segment gets one at most. Only what surely helps is chosen (its interval lies above 0). Effects of
    several improvements are added up, so those that act together are told too small or too large by their interaction.

    Raises
    ------
    ParameterError
        An improvement has no cost, or a cost or budget is negative.

    Examples
    --------
    >>> from cemlib.analysis import SatisfactionModel, WhatIf
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"stalls": rng.normal(size=900), "price": rng.normal(size=900)})
    >>> y = (3 - 0.5 * X["stalls"] - 0.1 * X["price"] + rng.normal(0, 0.3, 900)).clip(1, 5)
    >>> whatif = WhatIf(SatisfactionModel("gbm").fit(X, y), draws=50)
    >>> found = whatif.frontier({"fewer stalls": {"stalls": -1}, "discount": {"price": -1}}, {"fewer stalls": 2, "discount": 1}, [0, 1000, 3000])
    >>> found.budgets["chosen"].tolist()
    [[], ['discount for all'], ['fewer stalls for all', 'discount for all']]
    """
    budgets = [float(one) for one in budgets]
    for name in improvements:
        if name not in costs:
            raise ParameterError(f"Improvement {name!r} has no cost.", wanted="the cost for one customer", todo="0 is allowed.")
    if min([*budgets, *costs.values()], default=0) < 0 or not improvements or not np.all(np.isfinite([*budgets, *costs.values()])):
        raise ParameterError("There is no improvement, or a cost or budget is negative.", came=f"costs {dict(costs)}, budgets {budgets}")
    index = whatif.model.X_.index
    segments = pd.Series("all", index=index) if by is None else by.reindex(index)
    rows, draws = _ask(whatif, improvements, costs, segments)
    total = int(whatif.model.groups_[segments.notna()].nunique())
    told = [_choose(rows, draws, improvements, budget, total, whatif) for budget in budgets]
    ranking = rows.assign(gain_per_cost=rows["gain"] / rows["cost"].where(rows["cost"] > 0))
    # what costs nothing comes first
    order = ranking["gain_per_cost"].where(ranking["cost"] > 0, np.inf).where(ranking["state"] == "ok", -np.inf)
    ranking = ranking.assign(_order=order).sort_values(["_order", "gain"], ascending=False, kind="stable").drop(columns="_order").reset_index(drop=True)
    weakest = next((one for one in rows["claim"].dropna() if not one.startswith("causal")), "causal under stated graph" if rows["claim"].notna().any() else "association")
    return Frontier(ranking, pd.DataFrame(told), weakest, whatif.level)


def _ask(whatif: WhatIf, improvements: Mapping, costs: Mapping[str, float], segments: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """The effect of every improvement in every segment, and its draws times the customers."""
    rows, draws = [], []
    for segment in sorted(segments.dropna().unique(), key=str):
        where = segments == segment
        customers = int(whatif.model.groups_[where].nunique())
        for name, changes in improvements.items():
            row = {"segment": segment, "improvement": name, "n_customers": customers, "cost": customers * float(costs[name])}
            one = _played(whatif, changes, where) if customers >= MIN_CUSTOMERS else None
            if one is None:
                rows.append({**row, "effect": np.nan, "low": np.nan, "high": np.nan, "gain": np.nan, "claim": None, "extrapolation_share": np.nan, "state": "too few"})
                draws.append(np.zeros(whatif.draws.count))
                continue
            state = "not seen" if one.extrapolation_share > MOSTLY_OUTSIDE else "ok" if one.low > 0 else "harm" if one.high < 0 else "not sure"
            rows.append({**row, "effect": one.effect, "low": one.low, "high": one.high, "gain": one.effect * customers, "claim": one.claim,
                         "extrapolation_share": one.extrapolation_share, "state": state})
            draws.append(one.draws * customers)
    columns = ["segment", "improvement", "effect", "low", "high", "n_customers", "cost", "gain", "claim", "extrapolation_share", "state"]
    return pd.DataFrame(rows, columns=columns), np.array(draws)


def _played(whatif: WhatIf, changes: Mapping, where: pd.Series) -> WhatIfResult | None:
    """The effect in a segment; None where too few of its customers have all variables."""
    try:
        return whatif.do(changes, where)
    except TooFewError:
        return None


def _choose(rows: pd.DataFrame, draws: np.ndarray, improvements: Mapping, budget: float, total: int, whatif: WhatIf) -> dict:
    open_ = np.flatnonzero((rows["state"] == "ok").to_numpy() & (rows["cost"] <= budget).to_numpy())
    taken = open_
    if len(open_):
        gain, cost = rows["gain"].to_numpy()[open_], rows["cost"].to_numpy()[open_]
        rules = [LinearConstraint(cost[None, :], -np.inf, budget)]
        for segment in rows.loc[open_, "segment"].unique():
            for variable in {one for changes in improvements.values() for one in changes}:
                same = np.array([rows.loc[at, "segment"] == segment and variable in improvements[rows.loc[at, "improvement"]] for at in open_], float)
                if same.sum() > 1:
                    rules.append(LinearConstraint(same[None, :], -np.inf, 1))
        answer = milp(-gain, constraints=rules, integrality=np.ones(len(open_)), bounds=Bounds(0, 1))
        if answer.x is None:
            raise ParameterError("The best choice for a budget was not found.", came=str(answer.message), todo="Give fewer improvements or segments.")
        taken = open_[np.round(answer.x) == 1]
    best = rows.loc[taken].sort_values("gain", ascending=False)
    sums = draws[taken].sum(axis=0) / total if len(taken) else np.zeros(whatif.draws.count)
    low, high = read_interval(sums, whatif.level, whatif.draws.customers)
    return {"budget": budget, "cost": float(best["cost"].sum()), "chosen": [f"{one.improvement} for {one.segment}" for one in best.itertuples()],
            "gain": float(best["gain"].sum()), "effect": float(best["gain"].sum()) / total if total else np.nan, "low": float(low), "high": float(high)}
