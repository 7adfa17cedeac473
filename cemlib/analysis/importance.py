"""The importance-performance map: where there is most to gain, and how good it is today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cemlib.analysis.asymmetry import oriented
from cemlib.analysis.resampling import MIN_CUSTOMERS
from cemlib.errors import ParameterError

if TYPE_CHECKING:
    from cemlib.analysis.whatif import WhatIf

__all__ = ["map_importance"]


def map_importance(whatif: WhatIf, *, better: Mapping[str, int] | None = None, by: pd.Series | None = None, reach: float = 0.75, features: list[str] | None = None) -> pd.DataFrame:
    """Importance and performance of each feature, by segment (Martilla and James 1977; performance from 0 to 100 as in Ringle and Sarstedt 2016).

    Importance is not a share of variance: it is the effect on the mean rating of a segment if everybody who has less of the feature than the quantile
    ``reach`` of all customers were lifted to it, which some of them have today. So a feature on which all are good has little importance.

    Parameters
    ----------
    whatif : WhatIf
    better : mapping of str to -1 or 1, optional
        Good direction; the model's monotone directions, and else the sign of the rank correlation.
    by : Series, optional
        Segment of each rating.
    reach : float
        How good, as a quantile in the good direction.
    features : list of str, optional
        Those that can be improved; all by default.

    Returns
    -------
    pandas.DataFrame
        ``segment``, ``feature``, ``change`` (as for ``do``), ``importance`` with ``low`` and ``high`` (rating points), ``performance`` (0: as bad as the
        worst 2.5 % of all, 100: as good as the best 2.5 %), ``lifted`` (ratio who would be lifted), ``n_customers``, ``claim``,
        ``quadrant`` ("act first": important and poor, "keep": important and good, "watch": poor, "enough": good and unimportant; "" where unsure),
        ``state``.

    Examples
    --------
    >>> from cemlib.analysis import SatisfactionModel, WhatIf
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"stalls": rng.exponential(size=900), "mbps": rng.normal(size=900)})
    >>> y = (4 - 0.5 * X["stalls"] + rng.normal(0, 0.3, 900)).clip(1, 5)
    >>> found = map_importance(WhatIf(SatisfactionModel("gbm").fit(X, y), draws=50))
    >>> found.set_index("feature")["quadrant"].to_dict()["stalls"]
    'keep'
    """
    X = whatif.model.X_
    if not 0.5 <= reach < 1:
        raise ParameterError("The reach is no quantile of the better half.", wanted="0.5 to below 1", came=str(reach))
    names = list(X.columns) if features is None else list(features)
    direction = oriented(X, whatif.model.y_, {**whatif.model.monotone, **(better or {})})
    segments = pd.Series("all", index=X.index) if by is None else by.reindex(X.index)
    rows = [_row(whatif, segments == segment, segment, name, int(direction[name]), reach)
            for segment in sorted(segments.dropna().unique(), key=str) for name in names if X[name].nunique() > 1]
    found = pd.DataFrame(rows)
    return found.assign(quadrant=_quadrants(found)).sort_values(["segment", "importance"], ascending=[True, False], kind="stable", ignore_index=True)


def _row(whatif: WhatIf, where: pd.Series, segment: object, name: str, direction: int, reach: float) -> dict:
    values = whatif.model.X_[name]
    target = float(values.quantile(reach if direction > 0 else 1 - reach))
    worst, best = values.quantile([0.025, 0.975] if direction > 0 else [0.975, 0.025])
    inside = values[where]
    performance = float(((inside - worst) / (best - worst)).clip(0, 1).mean() * 100) if best != worst else np.nan
    change = f"{'>=' if direction > 0 else '<='}{target:.12g}"
    customers = int(whatif.model.groups_[where].nunique())
    row = {"segment": segment, "feature": name, "change": change, "performance": performance, "n_customers": customers}
    if customers < MIN_CUSTOMERS:
        return {**row, "importance": np.nan, "low": np.nan, "high": np.nan, "performance": np.nan, "lifted": np.nan, "claim": None, "state": "too few"}
    one = whatif.do({name: change}, where)
    return {**row, "importance": one.effect, "low": one.low, "high": one.high, "lifted": one.n_moved / one.n, "claim": one.claim, "state": "ok"}


def _quadrants(found: pd.DataFrame) -> list[str]:
    """Against the mean importance of the features of the segment and the middle of the performance scale."""
    middle = found.groupby("segment")["importance"].transform("mean")
    words = []
    for one, mean in zip(found.itertuples(), middle, strict=True):
        if one.state != "ok" or (one.importance >= mean and one.low <= 0):
            words.append("")
        elif one.importance >= mean:
            words.append("act first" if one.performance < 50 else "keep")
        else:
            words.append("watch" if one.performance < 50 else "enough")
    return words
