"""One scenario: who, what is changed, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cemlib.analysis import WhatIf
from cemlib.analysis.cluster_mean import interval_of_means
from cemlib.analysis.treatment import MOSTLY_OUTSIDE, change_values
from cemlib.analysis.whatif import COMPARED
from cemlib.analysis.whatif_result import WhatIfResult
from cemlib.errors import CemError, ParameterError
from cemlib.usecases.studies.study import Feature
from cemlib.usecases.whatif.changes import change_text
from cemlib.usecases.whatif.figures import plain

__all__ = ["Scenario", "moved_cost", "play"]

_BINS = 32


@dataclass(frozen=True)
class Scenario:
    """What comes of some changes.

    Attributes
    ----------
    who : str
        ``all`` or ``group=level``.
    values : dict of str to float
        Position of each lever that is moved.
    text : str
        The changes in words.
    n, n_customers : int or None
        None where the chosen are hidden from the reader, and then no other figure is told (see :class:`cemlib.usecases.whatif.small_groups.SmallGroups`).
    now, now_low, now_high : float or None
        Mean rating of the chosen, with its 90 % interval.
    result : WhatIfResult or None
        None when nothing is changed, or it could not be told.
    problem : str
        Why it could not be told.
    cost : float or None
        Of all who are moved, where the levers have costs.
    by : str
        The group whose levels are compared; empty where there is none.
    compared : DataFrame
        By level of it: see :meth:`cemlib.analysis.WhatIf.compare`.
    bands : DataFrame
        ``from``, ``to`` (expected rating), ``now``, ``then`` (ratio of the ratings).
    """

    who: str
    values: dict[str, float]
    text: str
    n: int | None
    n_customers: int | None
    now: float | None
    now_low: float | None
    now_high: float | None
    result: WhatIfResult | None
    problem: str
    cost: float | None
    by: str
    compared: pd.DataFrame = field(repr=False)
    bands: pd.DataFrame = field(repr=False)


def _words(values: Mapping[str, float], levers: Mapping[str, Feature]) -> str:
    told = []
    for name, value in values.items():
        lever = levers[name]
        if lever.lever in ("at_least", "at_most"):
            told.append(f"{lever.label} {str(lever.lever).replace('_', ' ')} {value:g} {lever.unit}".strip())
        else:
            told.append(f"{lever.label} {value:+g} {'%' if lever.lever == 'percent' else lever.unit}".replace("-", "−").strip())
    return ", ".join(told) or "nothing changed"


def moved_cost(name: str, value: float, lever: Feature, values: pd.Series) -> float | None:
    """Cost of a lever for one rating of these, on average: its cost times the steps by which each is moved.

    Examples
    --------
    Half of them are lifted by two steps of cost 3.

    >>> moved_cost("mbps", 20, Feature(label="Speed", lever="at_least", low=0, high=40, step=5, cost=3), pd.Series([10.0, 30.0]))
    3.0
    """
    if lever.cost is None:
        return None
    if lever.lever == "percent":
        return lever.cost * abs(value) / lever.step
    moved = (change_values(values, name, change_text(lever, value)) - values).abs()
    return lever.cost * float(moved.mean()) / lever.step


def play(whatif: WhatIf, levers: Mapping[str, Feature], who: str, where: pd.Series | None, values: Mapping[str, float], by: pd.Series | None, scale: tuple[float, float]) -> Scenario:
    """Play a scenario; what cannot be told is a problem in words, not an error."""
    model = whatif.model
    chosen = slice(None) if where is None else where.to_numpy()
    n, customers = len(model.y_[chosen]), whatif.draws.count_customers(chosen)
    # of fewer customers than an effect needs, the mean is not told either
    now = [float(one[0]) for one in interval_of_means(model.y_[chosen].to_numpy(float), whatif.draws.codes[chosen].to_numpy(), scale, level=whatif.level)] if customers >= 30 else [None] * 3
    empty = pd.DataFrame(columns=["segment", "n", "n_customers", *COMPARED, "state"])
    result, problem, compared, cost = None, "", empty, None
    changes = {name: change_text(levers[name], value) for name, value in values.items()}
    try:
        if customers < 30:
            raise ParameterError("Too few customers are chosen to say anything.", wanted="at least 30", came=str(customers), todo="Choose a larger group.")
        if changes:
            result = _inside(whatif.do(changes, where), model.X_, levers)
            if by is not None:
                compared = whatif.compare(changes, by if where is None else by[where])
            costs = [moved_cost(name, value, levers[name], model.X_.loc[chosen, name].dropna()) for name, value in values.items()]
            cost = None if None in costs else sum(one for one in costs if one is not None) * customers
    except CemError as error:
        problem = " ".join(one for one in (error.what, error.todo) if one)
    return Scenario(who, dict(values), _words(values, levers), n, customers, *now, result, problem, cost, "" if by is None else str(by.name), compared, _bands(result, scale))


def _inside(result: WhatIfResult, seen: pd.DataFrame, levers: Mapping[str, Feature]) -> WhatIfResult:
    """The result, unless most of the ratings are moved to where nobody was observed."""
    if result.extrapolation_share <= MOSTLY_OUTSIDE:
        return result
    far = [f"{levers[name].label} was observed from {plain(seen[name].min())} to {plain(seen[name].max())} {levers[name].unit}".strip() for name, share in result.past.items() if share > 0]
    raise ParameterError(f"{100 * result.extrapolation_share:.0f} % of the ratings would be moved to where nobody was observed: of that the data say nothing.",
                         wanted="; ".join(far), todo=(f"{'; '.join(far)}. " if far else "") + "Move less far.")


def _bands(result: WhatIfResult | None, scale: tuple[float, float]) -> pd.DataFrame:
    edges = np.linspace(*scale, _BINS + 1)
    shares = {"now": np.zeros(_BINS), "then": np.zeros(_BINS)}
    if result is not None:
        expected = result.expected.to_numpy()
        for name, values in (("now", expected), ("then", expected + result.gains.to_numpy())):
            place = np.clip(((values - scale[0]) / (scale[1] - scale[0]) * _BINS).astype(int), 0, _BINS - 1)
            shares[name] = np.bincount(place, minlength=_BINS) / len(values)
    return pd.DataFrame({"from": edges[:-1], "to": edges[1:], **shares})

