"""The answers on a map: one mark a state and one a square, where they were given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.privacy import SUPPRESSED
from cemlib.usecases.mobile.answers import Clumps, hide_small
from cemlib.usecases.mobile.selection import UNKNOWN

__all__ = ["mark_squares", "mark_states"]

#: Sides of the squares in degrees; the smallest is taken with which the map stays readable and shows most answers.
_SIDES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
_MOST_MARKS = 400
#: Share of the answers that the squares must show: smaller squares hide more of them for being too few.
_LEAST_SHOWN = 0.8


def _weighted_median(values: pd.Series, weights: pd.Series) -> float:
    order = np.argsort(values.to_numpy(), kind="stable")
    total = np.cumsum(weights.to_numpy()[order])
    return float(values.to_numpy()[order][np.searchsorted(total, total[-1] / 2)])


def mark_states(counted: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """Place each state at the median of where its answers were given.

    Parameters
    ----------
    counted : DataFrame
        From :func:`cemlib.usecases.mobile.answers.count_answers`.
    states : DataFrame
        The judged states.

    Returns
    -------
    DataFrame
        The states that have answers with a place, with ``latitude_deg``, ``longitude_deg`` (median: one wrong fix does not
        move a state) and ``placed`` (answers with a place).
    """
    placed = counted[counted["latitude_deg"].notna() & counted["longitude_deg"].notna() & (counted["state"] != UNKNOWN)]
    rows = [
        {"state": state, "latitude_deg": _weighted_median(one["latitude_deg"], one["n"]),
         "longitude_deg": _weighted_median(one["longitude_deg"], one["n"]), "placed": int(one["n"].sum())}
        for state, one in placed.groupby("state", sort=True)
    ]
    where = pd.DataFrame(rows, columns=["state", "latitude_deg", "longitude_deg", "placed"])
    return states[states["state_code"] != SUPPRESSED].merge(where, on="state", how="inner")


def mark_squares(counted: pd.DataFrame, clumps: Clumps, minimum: int) -> pd.DataFrame:
    """Count the answers by squares of equal degrees; squares with fewer than ``minimum`` answers are not shown.

    Returns
    -------
    DataFrame
        ``side_deg``, ``latitude_deg``, ``longitude_deg`` (mean of the answers), the columns of
        :meth:`cemlib.usecases.mobile.answers.Clumps.measure` and ``state``, the one with most of its answers.
    """
    placed = counted[counted["latitude_deg"].notna() & counted["longitude_deg"].notna()]
    if placed.empty:
        return pd.DataFrame(columns=["side_deg", "latitude_deg", "longitude_deg", "n", "bad", "bad_ratio", "state", "state_code"])
    for side in _SIDES:
        rows = np.floor(placed["latitude_deg"] / side).astype(int)
        columns = np.floor(placed["longitude_deg"] / side).astype(int)
        sizes = placed.groupby([rows, columns])["n"].sum()
        shown = sizes[sizes >= minimum]
        if len(shown) <= _MOST_MARKS and shown.sum() >= _LEAST_SHOWN * sizes.sum():
            break
    work = placed.assign(_row=rows, _column=columns)
    marks = clumps.measure(work, ["_row", "_column"])
    weighed = work.assign(_lat=work["latitude_deg"] * work["n"], _lon=work["longitude_deg"] * work["n"])
    middle = weighed.groupby(["_row", "_column"])[["_lat", "_lon"]].sum().reset_index()
    most = work.groupby(["_row", "_column", "state"])["n"].sum().reset_index().sort_values(["n", "state"], ascending=[False, True])
    marks = marks.merge(middle, on=["_row", "_column"]).merge(most.drop_duplicates(["_row", "_column"]).drop(columns="n"), on=["_row", "_column"])
    marks["latitude_deg"], marks["longitude_deg"], marks["side_deg"] = marks["_lat"] / marks["n"], marks["_lon"] / marks["n"], side
    kept = marks[marks["n"] >= minimum].drop(columns=["_row", "_column", "_lat", "_lon"])
    kept = hide_small(kept, clumps.role)
    kept = kept[kept["state_code"] != SUPPRESSED]
    return kept.sort_values(["n", "latitude_deg"], ascending=[False, True], ignore_index=True)
