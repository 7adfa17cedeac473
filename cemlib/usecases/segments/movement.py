"""Where customers were before, where they are, and what tells two segments apart."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from cemlib.kpi.interval import bound_quantile_ranks, bound_ratio
from cemlib.privacy import suppress_small_groups
from cemlib.settings import settings
from cemlib.usecases.cell_suppression import hide_cells
from cemlib.usecases.segments.features import as_measured

__all__ = ["compare_segments", "find_places", "profile_segments", "trace_moves"]

#: Degrees of a square on the map.
_SQUARE = 0.5

#: A latitude and a longitude that no square has.
_NOWHERE = 1e3


def profile_segments(features: pd.DataFrame, labels: pd.Series, used, role: str | None, small: Collection[str] = ()) -> pd.DataFrame:
    """Each segment's median of each feature, and how far it lies from that of all.

    Parameters
    ----------
    features : DataFrame
    labels : Series
    used : sequence of Feature
    role : str or None
        From a manager a median of few is hidden.
    small : collection of str
        Segments that are hidden.

    Returns
    -------
    DataFrame
        segment, feature, title, unit, block, value (as measured), low, high (95 %, the order statistics that bound a median; NaN where there are fewer than
        six values), strength (interquartile ranges / 1.349 from the median of all), is_suppressed.
    """
    rows = []
    for one in used:
        values = features[one.name]
        low, middle, high = values.quantile([0.25, 0.5, 0.75])
        spread = (high - low) / 1.349 or float(values.std()) or 1.0
        for segment, members in values.groupby(labels):
            median, low, high = _bounded_median(members.dropna().to_numpy(float))
            rows.append({"segment": segment, "feature": one.name, "title": one.title, "unit": one.unit, "block": one.block, "value": as_measured(one, median),
                         "low": as_measured(one, low), "high": as_measured(one, high), "strength": (median - middle) / spread, "subscribers": np.nan if segment in small else members.count()})
    found = pd.DataFrame(rows, columns=["segment", "feature", "title", "unit", "block", "value", "low", "high", "strength", "subscribers"])
    return suppress_small_groups(found, role, figures=["value", "low", "high", "strength"]).drop(columns="subscribers")


def _bounded_median(values: np.ndarray) -> tuple[float, float, float]:
    if not len(values):
        return np.nan, np.nan, np.nan
    ranks = (float(one) for one in bound_quantile_ranks(len(values), 0.5))
    ordered = np.sort(values)
    return float(np.median(values)), *(np.nan if np.isnan(rank) else float(ordered[int(rank) - 1]) for rank in ranks)


def trace_moves(before: pd.Series, after: pd.Series, role: str | None, small: Collection[str] = ()) -> tuple[pd.DataFrame, dict[str, float]]:
    """From which segment to which, of the customers who were in one before and are in one now.

    Parameters
    ----------
    before, after : Series
        The segment of each customer.
    role : str or None
    small : collection of str
        Segments whose size is hidden: a move from or to one of them is hidden too, or they could be added up.

    Returns
    -------
    DataFrame, dict
        before, after, customers, share_ratio (of those before), is_suppressed; and value, low, high, n of the share that stayed: where a move is hidden, of
        customers counted in steps of the minimum group.
    """
    both = pd.DataFrame({"before": before, "after": after}).dropna()
    if both.empty:
        return pd.DataFrame(columns=["before", "after", "customers", "share_ratio", "is_suppressed"]), {"n": 0}
    names = sorted({*both["before"], *both["after"]})
    counted = pd.crosstab(both["before"], both["after"]).reindex(index=names, columns=names, fill_value=0)
    long = counted.stack().rename("customers").reset_index()
    total = long.groupby("before")["customers"].transform("sum")
    long["share_ratio"] = np.where(total > 0, long["customers"] / total.where(total > 0), np.nan)
    hidden = hide_cells(counted, small, small)[0].stack().to_numpy()
    shown = suppress_small_groups(long.assign(subscribers=long["customers"].mask(hidden)), role, figures=["customers", "share_ratio"])
    stayed = int((both["before"] == both["after"]).sum())
    if shown["is_suppressed"].any():
        # the moves of two segments are told by their sizes and by how many stayed
        stayed = min(len(both), settings().minimum_group * round(stayed / settings().minimum_group))
    low, high = bound_ratio([stayed], [len(both)])
    return shown.drop(columns="subscribers"), {"value": stayed / len(both), "low": float(low[0]), "high": float(high[0]), "n": len(both)}


def compare_segments(profiles: pd.DataFrame, segments: pd.DataFrame, one: str, other: str, outcomes) -> pd.DataFrame:
    """Two segments side by side: features first, then how they fare.

    Returns
    -------
    DataFrame
        title, unit, one, other, difference, one_interval, other_interval (low, high), is_apart: whether the intervals do not overlap and, of a feature, the
        medians differ by half a standard deviation too.
    """
    rows = []
    for feature, values in profiles.groupby("feature", sort=False):
        pair = values.set_index("segment")
        if one in pair.index and other in pair.index:
            rows.append({"title": pair["title"].iloc[0], "unit": pair["unit"].iloc[0], "one": pair.at[one, "value"], "other": pair.at[other, "value"],
                         "difference": pair.at[one, "value"] - pair.at[other, "value"], **_intervals(pair, one, other),
                         "is_apart": abs(pair.at[one, "strength"] - pair.at[other, "strength"]) >= 0.5 and _is_apart(pair, one, other), "name": feature})
    pair = segments.set_index("segment")
    for name, title, unit in ((one.name, one.title, one.unit) for one in outcomes):
        if one in pair.index and other in pair.index:
            left, right = pair.at[one, name], pair.at[other, name]
            rows.append({"title": title, "unit": unit, "one": left, "other": right, "difference": left - right, **_intervals(pair, one, other, f"{name}_"),
                         "is_apart": _is_apart(pair, one, other, f"{name}_"), "name": f"{name}_outcome"})
    return pd.DataFrame(rows, columns=["title", "unit", "one", "other", "difference", "one_interval", "other_interval", "is_apart", "name"])


def _intervals(pair: pd.DataFrame, one: str, other: str, of: str = "") -> dict[str, tuple[float, float]]:
    return {f"{side}_interval": (pair.at[segment, f"{of}low"], pair.at[segment, f"{of}high"]) for side, segment in (("one", one), ("other", other))}


def _is_apart(pair: pd.DataFrame, one: str, other: str, of: str = "") -> bool:
    return bool(pair.at[one, f"{of}low"] > pair.at[other, f"{of}high"] or pair.at[one, f"{of}high"] < pair.at[other, f"{of}low"])


def find_places(cells: pd.Series, labels: pd.Series, resources: pd.DataFrame, segment: str, role: str | None, small: Collection[str] = ()) -> pd.DataFrame:
    """Where the customers of a segment are, in squares of half a degree.

    Parameters
    ----------
    cells : Series
        The cell of each customer.
    labels : Series
        The segment of each customer.
    resources : DataFrame
        resource_id, latitude_deg, longitude_deg.
    segment : str
        Empty: all customers.
    role : str or None
    small : collection of str
        Segments whose size is hidden: nor can it be worked out from the squares of the others.

    Returns
    -------
    DataFrame
        latitude_deg, longitude_deg, subscribers, n (of the segment), share_ratio, low, high, is_suppressed: from a manager a square is hidden where it has few
        customers, few of the segment or few who are in no such segment, or where one of these could be worked out.
    """
    columns = ["latitude_deg", "longitude_deg", "subscribers", "n", "share_ratio", "low", "high", "is_suppressed"]
    at = resources.dropna().drop_duplicates("resource_id").set_index("resource_id")
    there = cells.reindex(labels.index)[labels.notna()]
    if not there.isin(at.index).any():
        return pd.DataFrame(columns=columns)
    # those of no known place are in the sizes of the segments, which are shown
    squares = np.floor(at.reindex(there).to_numpy() / _SQUARE) * _SQUARE + _SQUARE / 2
    frame = pd.DataFrame({"latitude_deg": squares[:, 0], "longitude_deg": squares[:, 1], "segment": labels.loc[there.index].to_numpy()})
    counted = pd.crosstab([frame["latitude_deg"].fillna(_NOWHERE), frame["longitude_deg"].fillna(_NOWHERE)], frame["segment"])
    nowhere = counted.index.isin([(_NOWHERE, _NOWHERE)])
    few, is_few = (one[~nowhere] for one in hide_cells(counted, small_columns=small, unshown_rows=counted.index[nowhere], may_hide_totals=True))
    counted = counted[~nowhere]
    everybody = counted.sum(axis=1)
    found = pd.DataFrame({"subscribers": everybody, "n": counted.get(segment, 0) if segment else everybody})
    found = found.assign(_least=everybody.mask(is_few | few[segment] if segment in few else is_few)).reset_index()
    low, high = bound_ratio(found["n"], found["subscribers"])
    found = found.assign(share_ratio=found["n"] / found["subscribers"], low=low, high=high)
    return suppress_small_groups(found, role, subscribers="_least", figures=["subscribers", "n", "share_ratio", "low", "high"])[columns]
