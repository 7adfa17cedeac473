"""The view of the use case ``segment_explorer`` as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cemlib.usecases.minimum_view import MinimumView
from cemlib.usecases.segments.outcomes import Outcome

__all__ = ["SegmentView"]


@dataclass(frozen=True, kw_only=True)
class SegmentView(MinimumView):
    """The view: what :class:`cemlib.usecases.minimum_view.MinimumView` has (``chosen``: study, by, period, segment, other), and the following.

    Attributes
    ----------
    period : str
        The days in words; of a study its title.
    outcomes : sequence of Outcome
        How a segment fares.
    segments : DataFrame
        See :func:`cemlib.usecases.segments.outcomes.measure_segments`; a named set that nobody is in has a row too; from a manager, small ones are hidden (``is_suppressed``).
    profiles : DataFrame
        segment, feature, title, unit, block, value (median, as measured), low, high (95 %), strength (robust standard deviations from the median of all), is_suppressed.
    rules : DataFrame
        segment, rule, n, and of found segments precision, coverage (each with _low and _high, 95 %) and is_suppressed, of named sets elsewhere (customers who meet it, but an earlier one too) and unknown.
    untold : list of str
        Named sets that cannot be told, and why.
    fidelity : float
        Share of customers to whom the rules give their segment.
    stability : float or None
        Agreement of the segments found in either half of the customers (adjusted Rand index, the median of three divisions into halves); None for one segment.
    is_stable : bool
    migration : DataFrame
        before, after, customers, share_ratio (of those before), is_suppressed; empty where there are no earlier days.
    kept : dict
        value, low, high, n: the share of customers who stayed in their segment.
    compared : DataFrame
        The two chosen segments side by side: title, unit, one, other, difference, one_interval, other_interval (low, high), is_apart (the intervals do not
        overlap and, of a feature, the medians differ by half a standard deviation too), one_segment, other_segment.
    places : DataFrame or None
        Squares of half a degree: latitude_deg, longitude_deg, subscribers, n (of the chosen segment), share_ratio, is_suppressed; None where no place is known at all.
        All customers where the chosen segment is hidden.
    counts : dict
        customers, in_segments, unknown (a feature is missing), odd (None: hidden), groups (hidden ones too), small (hidden); of named sets in_sets (who meet a rule).
    role : str or None
    """

    period: str
    outcomes: Sequence[Outcome]
    segments: pd.DataFrame
    profiles: pd.DataFrame
    rules: pd.DataFrame
    untold: list[str]
    fidelity: float
    stability: float | None
    is_stable: bool
    migration: pd.DataFrame
    kept: dict[str, float]
    compared: pd.DataFrame
    places: pd.DataFrame | None
    counts: dict[str, int | None]
    role: str | None
