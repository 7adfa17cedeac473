"""The importance-performance map: where there is most to gain, and how many have it already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cemlib.analysis.asymmetry import oriented
from cemlib.analysis.resampling import MIN_CUSTOMERS
from cemlib.analysis.treatment import MOSTLY_OUTSIDE
from cemlib.errors import ParameterError, TooFewError, UnknownNameError

if TYPE_CHECKING:
    from cemlib.analysis.whatif import WhatIf

__all__ = ["map_importance"]

_UNKNOWN = {"importance": np.nan, "low": np.nan, "high": np.nan, "performance": np.nan, "claim": None, "extrapolation_share": np.nan, "state": "too few"}


def map_importance(whatif: WhatIf, *, drivers: Mapping[str, Sequence[str]] | None = None, better: Mapping[str, int] | None = None, targets: Mapping[str, float] | None = None,
                   by: pd.Series | None = None, reach: float = 0.75) -> pd.DataFrame:
    """Importance and performance of each driver, by segment (after Martilla and James 1977).

    Importance is not a share of variance: it is the effect on the mean rating of a segment if all its moments that are not yet good were lifted to what is
    good. Good is what a target tells, such as the value from which more brings nothing, and else the quantile ``reach`` of all moments, which some
    customers have today. Performance is the share of the moments that are good already; so a driver that is good everywhere has no importance.

    Parameters
    ----------
    whatif : WhatIf
    drivers : mapping of str to list of str, optional
        Features that are lifted together, since they say nearly the same; each feature alone by default. Where the graph says that one acts on another
        of them, the first is lifted and the other follows.
    better : mapping of str to -1 or 1, optional
        Good direction; the model's monotone directions, and else the sign of the rank correlation.
    targets : mapping of str to float, optional
        What is good, by feature.
    by : Series, optional
        Segment of each rating; ratings without one are left out.
    reach : float
        How good, as a quantile in the good direction.

    Returns
    -------
    pandas.DataFrame
        ``segment``, ``driver``, ``changes`` (as for ``do``), ``importance`` with ``low`` and ``high`` (rating points), ``performance`` (per cent of the
        moments that are good already), ``n_customers``, ``claim``, ``extrapolation_share``, ``split`` (rating points from which on it is much: the
        mean of the sure gains, whose interval lies above 0), ``quadrant`` ("act first": much to gain, few have it; "keep":
        much to gain, most have it; "watch": little to gain, few have it; "enough": little to gain, most have it; "harms": the interval lies
        below 0; "" where the interval of what seems much holds 0), ``state`` ("ok", "too few", "not seen").

    Raises
    ------
    UnknownNameError
        A feature is not in the model.
    ParameterError
        A driver has no feature, or the reach is no quantile of the better half.

    Examples
    --------
    >>> from cemlib.analysis import SatisfactionModel, WhatIf
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"stalls": rng.exponential(size=900), "mbps": rng.normal(size=900)})
    >>> y = (4 - 0.5 * X["stalls"] + rng.normal(0, 0.3, 900)).clip(1, 5)
    >>> found = map_importance(WhatIf(SatisfactionModel("gbm").fit(X, y), draws=50)).set_index("driver")
    >>> found.loc["stalls", "quadrant"], float(found.loc["stalls", "performance"])
    ('act first', 25.0)
    """
    X = whatif.model.X_
    if not 0.5 <= reach < 1:
        raise ParameterError("The reach is no quantile of the better half.", wanted="0.5 to below 1", came=str(reach))
    parts = {name: [name] for name in X if X[name].nunique() > 1} if drivers is None else {name: list(names) for name, names in drivers.items()}
    for one in [*(one for names in parts.values() for one in names), *(targets or {})]:
        if one not in X.columns:
            raise UnknownNameError("feature", one, X.columns)
    if not parts or not all(parts.values()):
        raise ParameterError("A driver has no feature.", came=str(parts)[:200])
    direction = oriented(X, whatif.model.y_, {**whatif.model.monotone, **(better or {})})
    goals = {}
    for one in X:
        goal = float((targets or {}).get(one, X[one].quantile(reach if direction[one] > 0 else 1 - reach)))
        goals[one] = f"{'>=' if direction[one] > 0 else '<='}{goal:.12g}"
    segments = pd.Series("all", index=X.index) if by is None else by.reindex(X.index)
    rows = [{"segment": segment, "driver": name, **_lift(whatif, segments == segment, {one: goals[one] for one in _first_ones(whatif, names)})}
            for segment in sorted(segments.dropna().unique(), key=str) for name, names in parts.items()]
    found = pd.DataFrame(rows)
    found = found.assign(split=_splits(found))
    return found.assign(quadrant=_quadrants(found)).sort_values(["segment", "importance"], ascending=[True, False], kind="stable", ignore_index=True)


def _first_ones(whatif: WhatIf, names: Sequence[str]) -> list[str]:
    """Without those on which another of them acts: they follow."""
    if whatif.graph is None:
        return list(names)
    known = [one for one in names if one in whatif.graph.parents]
    after = {one for name in known for one in whatif.graph.descendants([name]) if one != name}
    return [one for one in names if one not in after]


def _lift(whatif: WhatIf, where: pd.Series, changes: dict[str, str]) -> dict:
    row = {"changes": changes, "n_customers": int(whatif.model.groups_[where].nunique())}
    if row["n_customers"] < MIN_CUSTOMERS:
        return {**row, **_UNKNOWN}
    try:
        one = whatif.do(changes, where)
    except TooFewError:
        # those who are chosen miss one of the variables
        return {**row, **_UNKNOWN}
    if one.extrapolation_share > MOSTLY_OUTSIDE:
        return {**row, **_UNKNOWN, "performance": 100 * (1 - one.n_moved / one.n), "extrapolation_share": one.extrapolation_share, "state": "not seen"}
    return {**row, "importance": one.effect, "low": one.low, "high": one.high, "performance": 100 * (1 - one.n_moved / one.n), "claim": one.claim,
            "extrapolation_share": one.extrapolation_share, "state": "ok"}


def _splits(found: pd.DataFrame) -> pd.Series:
    """By row: the mean of the sure gains of its segment, of all drivers where there is none."""
    sure = found["importance"].where(found["low"] > 0)
    return sure.groupby(found["segment"]).transform("mean").fillna(found.groupby("segment")["importance"].transform("mean"))


def _quadrants(found: pd.DataFrame) -> list[str]:
    """Against the split, and half of the moments."""
    words = []
    for one in found.itertuples():
        much, many = one.importance >= one.split, one.performance >= 50
        unsure = one.state != "ok" or (much and one.low <= 0 <= one.high)
        words.append("" if unsure else "harms" if one.high < 0 else ("keep" if many else "act first") if much else ("enough" if many else "watch"))
    return words
