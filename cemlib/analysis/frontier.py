"""Which improvement for which segment first: the most satisfaction for each budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cemlib.analysis.resampling import MIN_CUSTOMERS, read_interval
from cemlib.analysis.treatment import MOSTLY_OUTSIDE
from cemlib.errors import ParameterError, TooFewError

if TYPE_CHECKING:
    from cemlib.analysis.whatif import WhatIf
    from cemlib.analysis.whatif_result import WhatIfResult

__all__ = ["Frontier", "price_segments", "rank_improvements"]


@dataclass(frozen=True)
class Frontier:
    """What to improve first, and what each budget reaches.

    Attributes
    ----------
    ranking : pandas.DataFrame
        Every improvement of every segment, most gain for its cost first: ``segment``, ``improvement``, ``effect`` with ``low`` and ``high`` (rating
        points on the mean of the segment), ``n_customers``, ``cost``, ``gain`` (rating points on the mean of all ratings that have a segment, times their
        customers), ``gain_per_cost``, ``claim``, ``extrapolation_share``, ``state`` ("ok", "not sure": the interval holds 0, "harm", "too few", "no cost":
        of nobody in the segment is it known, "not seen": most would be moved to where nobody was observed).
    budgets : pandas.DataFrame
        ``budget``, ``cost``, ``chosen`` (list of "improvement for segment", best first), ``gain``, ``effect`` on the mean of all ratings that have a
        segment with ``low`` and ``high``: the same improvement for all segments has the effect that ``do`` tells for everybody.
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


def rank_improvements(whatif: WhatIf, improvements: Mapping[str, Mapping[str, float | str]], costs: Mapping[str, float | pd.Series], budgets: Iterable[float],
                      by: pd.Series | None = None) -> Frontier:
    """See :meth:`cemlib.analysis.WhatIf.frontier`; a cost may also be a Series (see :func:`price_segments`), since some have to be moved further than others.

    Of improvements that change the same variable a segment gets one at most. Only what surely helps is chosen (its interval lies above 0). Effects of
    several improvements are added up, so those that act together are told too small or too large by their interaction.

    Raises
    ------
    ParameterError
        An improvement has no cost, or a cost or budget is negative or no number.

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
    budgets = [_amount("A budget", one) for one in budgets]
    for name in improvements:
        if name not in costs:
            raise ParameterError(f"Improvement {name!r} has no cost.", wanted="the cost for one customer", todo="0 is allowed.")
    # of a Series those that are known
    ends = {name: tuple(_amount(f"The cost of {name!r}", end) for end in ((cost.min(), cost.max()) if isinstance(cost, pd.Series) else (cost, cost))) for name, cost in costs.items() if not isinstance(cost, pd.Series) or cost.notna().any()}
    amounts = np.array([*budgets, *(one for each in ends.values() for one in each)])
    if not improvements or not np.all(np.isfinite(amounts) & (amounts >= 0)):
        raise ParameterError("There is no improvement, or a cost or budget is negative.", came=f"costs {ends}, budgets {budgets}")
    index = whatif.model.X_.index
    segments = pd.Series("all", index=index) if by is None else by.reindex(index)
    rows, draws = _ask(whatif, improvements, costs, segments)
    total = int(whatif.model.groups_[segments.notna()].nunique())
    reached = [_choose(rows, draws, improvements, budget, total, whatif) for budget in budgets]
    ranking = rows.assign(gain_per_cost=rows["gain"] / rows["cost"].where(rows["cost"] > 0))
    # what costs nothing comes first
    order = ranking["gain_per_cost"].where(ranking["cost"] > 0, np.inf).where(ranking["state"] == "ok", -np.inf)
    ranking = ranking.assign(_order=order).sort_values(["_order", "gain"], ascending=False, kind="stable").drop(columns="_order").reset_index(drop=True)
    weakest = next((one for one in rows["claim"].dropna() if not one.startswith("causal")), "causal under stated graph" if rows["claim"].notna().any() else "association")
    return Frontier(ranking, pd.DataFrame(reached), weakest, whatif.level)


def _amount(what: str, given: object) -> float:
    try:
        return float(given)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{what} is no number.", came=repr(given)[:80]) from error


def price_segments(customers: pd.Series, cost: float | pd.Series, segments: pd.Series) -> pd.Series:
    """What it costs to improve something for each segment: its customers times their mean cost.

    A customer with ratings in several segments counts in each by the share of its ratings there, so that all segments together have each customer once.

    Parameters
    ----------
    customers : Series
        Customer of each rating.
    cost : float or Series
        For one customer; or for the customer of each rating, by the index of ``customers``, empty where it is not known.
    segments : Series
        Segment of each rating, by the same index; ratings without one are left out.

    Returns
    -------
    Series
        By segment, in the unit of the cost; empty where no cost of the segment is known.

    Examples
    --------
    Customer 1 has a rating in both segments.

    >>> who, where = pd.Series([1, 1, 2]), pd.Series(["a", "b", "b"])
    >>> price_segments(who, 4, where).to_dict()
    {'a': 2.0, 'b': 6.0}
    >>> price_segments(who, pd.Series([4.0, 0.0, 2.0]), where).to_dict()
    {'a': 2.0, 'b': 1.5}
    """
    told = customers[segments.notna()]
    # thirds add up to ones
    heads = (1 / told.groupby(told).transform("size")).groupby(segments).sum().round(9)
    return heads * (cost.reindex(customers.index).groupby(segments).mean() if isinstance(cost, pd.Series) else float(cost))


def _ask(whatif: WhatIf, improvements: Mapping, costs: Mapping[str, float | pd.Series], segments: pd.Series) -> tuple[pd.DataFrame, np.ndarray]:
    """The effect of every improvement in every segment, and the draws of its gain."""
    rows, draws, has_segment = [], [], segments.notna()
    total = int(whatif.model.groups_[has_segment].nunique())
    prices = {name: price_segments(whatif.model.groups_, costs[name], segments) for name in improvements}
    whole = {name: _played(whatif, changes, has_segment) for name, changes in improvements.items()}
    for segment in sorted(segments.dropna().unique(), key=str):
        where = segments == segment
        customers = int(whatif.model.groups_[where].nunique())
        for name, changes in improvements.items():
            row = {"segment": segment, "improvement": name, "n_customers": customers, "cost": float(prices[name][segment])}
            one = _played(whatif, changes, where) if customers >= MIN_CUSTOMERS else None
            everybody = whole[name]
            if one is None or everybody is None:
                rows.append({**row, "effect": np.nan, "low": np.nan, "high": np.nan, "gain": np.nan, "claim": None, "extrapolation_share": np.nan, "state": "too few"})
                draws.append(np.zeros(whatif.draws.count))
                continue
            state = "no cost" if np.isnan(row["cost"]) else "not seen" if one.extrapolation_share > MOSTLY_OUTSIDE else "ok" if one.low > 0 else "harm" if one.high < 0 else "not sure"
            # ratings, as in the mean of everybody: a customer may have some in several segments
            weight = total * one.n / everybody.n
            rows.append({**row, "effect": one.effect, "low": one.low, "high": one.high, "gain": one.effect * weight, "claim": one.claim,
                         "extrapolation_share": one.extrapolation_share, "state": state})
            draws.append(one.draws * weight)
    columns = ["segment", "improvement", "effect", "low", "high", "n_customers", "cost", "gain", "claim", "extrapolation_share", "state"]
    return pd.DataFrame(rows, columns=columns), np.array(draws)


def _played(whatif: WhatIf, changes: Mapping, where: pd.Series) -> WhatIfResult | None:
    """The effect in a segment; None where too few of its customers have all variables."""
    try:
        return whatif.do(changes, where)
    except TooFewError:
        return None


def _choose(rows: pd.DataFrame, draws: np.ndarray, improvements: Mapping, budget: float, total: int, whatif: WhatIf) -> dict:
    # loaded by who asks: a study without costs has no budget
    from scipy.optimize import Bounds, LinearConstraint, milp

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
