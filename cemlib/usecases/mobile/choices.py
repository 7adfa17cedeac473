"""What each filter of the view can be set to, and the records that a choice keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from cemlib.usecases.mobile import wording
from cemlib.usecases.mobile.selection import DIMENSIONS, UNKNOWN
from cemlib.usecases.period import ALL, Period, read_period

__all__ = ["choices_of", "keep_chosen"]


def keep_chosen(counted: pd.DataFrame, chosen: Mapping[str, str]) -> pd.DataFrame:
    """The counted rows with the chosen levels; a dimension that they do not have filters nothing."""
    keep = pd.Series(True, index=counted.index)
    for name, value in chosen.items():
        if value != ALL and name in counted:
            keep &= counted[name] == value
    return counted[keep]


def choices_of(answers: pd.DataFrame, tests: pd.DataFrame, period: Period) -> dict[str, list[tuple[str, str]]]:
    """What each filter can be set to: levels with the most records first, technologies and places by name."""
    found = {}
    for name in DIMENSIONS:
        counts = pd.concat([one.groupby(name)["n"].sum() for one in (answers, tests) if name in one and len(one)] or [pd.Series(dtype="int64")])
        counts = counts.groupby(level=0).sum().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
        levels = [*([one for one in counts.index if one != UNKNOWN]), *([UNKNOWN] if UNKNOWN in counts.index else [])]
        if name in ("technology", "state"):
            levels = sorted(levels, key=lambda one: (one == UNKNOWN, one))
        found[name] = [(one, wording.name_label(name, one)) for one in levels]
    days = pd.concat([pd.to_datetime(one.loc[one["grain"] != "unknown", "day"]) for one in (answers, tests)]).dropna()
    months = sorted({f"{day:%Y-%m}" for day in days}, reverse=True)
    offered = [(month, read_period(month).label) for month in months]
    exact = pd.concat([pd.to_datetime(one.loc[~one["grain"].isin(["month", "unknown"]), "day"]) for one in (answers, tests)]).dropna()
    if len(exact) and (exact.max() - exact.min()).days > 7:
        last = exact.max().date()
        offered.insert(0, (f"{last - dt.timedelta(days=6)}/{last}", "last 7 days"))
    if not period.is_all and period.text not in [value for value, _ in offered]:
        offered.insert(0, (period.text, period.label))
    found["period"] = offered
    return found
