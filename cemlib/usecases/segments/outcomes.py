"""How the customers of each segment fare: each outcome with its interval, by its kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.kpi.interval import bound_count, bound_mean, bound_net_share, bound_ratio
from cemlib.privacy import SUPPRESSED, may_see_records
from cemlib.settings import settings

__all__ = ["Outcome", "figure_columns", "hide_few_told", "measure_segments"]

#: Fewer answers or customers than this say too little.
_LEAST = 30


@dataclass(frozen=True)
class Outcome:
    """What is told of a segment.

    Attributes
    ----------
    name, title, unit : str
    digits : int
    kind : str
        Of the value of a customer: ``mean``; ``share`` (0 … 1, told in percent); ``nps`` (0 … 10); ``count`` (told per 1,000 customers).
    better : int
        Good direction; 0 where there is none.
    """

    name: str
    title: str
    unit: str
    digits: int = 1
    kind: str = "mean"
    better: int = 0


def figure_columns(outcomes: Sequence[Outcome]) -> list[str]:
    """The columns of :func:`measure_segments` that tell a figure of a segment."""
    return ["share_ratio", *(f"{one.name}{end}" for one in outcomes for end in ("", "_low", "_high", "_n"))]


def measure_segments(labels: pd.Series, values: pd.DataFrame, outcomes: Sequence[Outcome], names: Sequence[str] = ()) -> pd.DataFrame:
    """Each segment's outcomes.

    Parameters
    ----------
    labels : Series
        Segment by customer; missing for who is in none.
    values : DataFrame
        A row a customer, a column an outcome; null where it is not known.
    outcomes : sequence of Outcome
    names : sequence of str
        Segments that have a row even where nobody is in them.

    Returns
    -------
    DataFrame
        ``segment``, ``subscribers``, ``share_ratio``, and of each outcome ``<name>``, ``<name>_low``, ``<name>_high`` (95 %), ``<name>_n``, ``<name>_state``
        (ok, too_few, no_data), the largest segment first. Of too few it is not told how they fare: the first three are null.
    """
    known = labels.dropna()
    rows = []
    groups = {**dict.fromkeys(names, known.index[:0]), **known.groupby(known).groups}
    for segment, members in groups.items():
        row = {"segment": segment, "subscribers": len(members), "share_ratio": len(members) / len(known) if len(known) else np.nan}
        for one in outcomes:
            told = values.loc[members, one.name].dropna().astype(float)
            value, low, high = _TOLD[one.kind](told.to_numpy()) if len(told) else (np.nan, np.nan, np.nan)
            row |= {one.name: value, f"{one.name}_low": low, f"{one.name}_high": high, f"{one.name}_n": len(told)}
        rows.append(row)
    found = pd.DataFrame(rows, columns=["segment", "subscribers", *figure_columns(outcomes)]).sort_values(["subscribers", "segment"], ascending=[False, True], ignore_index=True)
    for one in outcomes:
        found[f"{one.name}_state"] = np.where(found[f"{one.name}_n"] == 0, "no_data", np.where(found[f"{one.name}_n"] < _LEAST, "too_few", "ok"))
        values = [one.name, f"{one.name}_low", f"{one.name}_high"]
        found[values] = found[values].mask(found[f"{one.name}_state"] == "too_few")
    return found


def hide_few_told(segments: pd.DataFrame, outcomes: Sequence[Outcome], role: str | None, small: Collection[str] = ()) -> pd.DataFrame:
    """Hide from a manager the outcomes that too few of a segment told, however large the segment is.

    How many told an outcome in all is known of a study's file. So where one segment alone would be hidden, or several that few told together, the next fewest
    are hidden too (complementary suppression, as :func:`cemlib.privacy.suppress_small_groups` does).

    Parameters
    ----------
    segments : DataFrame
        As :func:`measure_segments` gives it.
    outcomes : sequence of Outcome
    role : str or None
    small : collection of str
        Segments that are hidden themselves.

    Returns
    -------
    DataFrame
        A copy: where an outcome is hidden its figures are null and its state is ``suppressed``.

    Examples
    --------
    >>> answers = pd.DataFrame({"nps": [10.0] + [None] * 39})
    >>> measured = measure_segments(pd.Series(["a"] * 40), answers, [Outcome("nps", "NPS", "points", kind="nps")])
    >>> hide_few_told(measured, [Outcome("nps", "NPS", "points", kind="nps")], "manager")[["nps_n", "nps_state"]].values.tolist()
    [[nan, 'suppressed']]
    """
    out = segments.copy()
    for one in () if may_see_records(role) else outcomes:
        hidden = _few_told(out[f"{one.name}_n"], out["segment"].isin(small))
        figures = [f"{one.name}{end}" for end in ("", "_low", "_high", "_n")]
        out[figures] = out[figures].mask(hidden)
        out[f"{one.name}_state"] = out[f"{one.name}_state"].mask(hidden, SUPPRESSED)
    return out


def _few_told(told: pd.Series, hidden: pd.Series) -> pd.Series:
    """Where it is hidden how many told an outcome: what is left of the total is no few of one segment, nor of several."""
    least = settings().minimum_group
    hidden = hidden | ((told > 0) & (told < least))
    for place in told[~hidden & (told > 0)].sort_values(kind="stable").index if hidden.any() else ():
        if hidden.sum() > 1 and told[hidden].sum() >= least:
            break
        hidden[place] = True
    return hidden


def _mean(values: np.ndarray) -> tuple[float, float, float]:
    low, high = bound_mean([values.sum()], [(values**2).sum()], [len(values)])
    return float(values.mean()), float(low[0]), float(high[0])


def _share(values: np.ndarray) -> tuple[float, float, float]:
    """Wilson where a customer is one or the other; Student's t where customers with several rows are partly both."""
    if np.isin(values, (0, 1)).all():
        low, high = bound_ratio([values.sum()], [len(values)])
        return 100 * float(values.mean()), 100 * float(low[0]), 100 * float(high[0])
    value, below, above = _mean(values)
    return 100 * value, 100 * max(below, 0), 100 * min(above, 1)


def _nps(values: np.ndarray) -> tuple[float, float, float]:
    up, down = int((values >= 9).sum()), int((values <= 6).sum())
    low, high = bound_net_share([up], [down], [len(values)])
    return 100 * (up - down) / len(values), 100 * float(np.squeeze(low)), 100 * float(np.squeeze(high))


def _count(values: np.ndarray) -> tuple[float, float, float]:
    low, high = bound_count([values.sum()])
    return 1000 * float(values.mean()), 1000 / len(values) * float(low[0]), 1000 / len(values) * float(high[0])


_TOLD = {"mean": _mean, "share": _share, "nps": _nps, "count": _count}
