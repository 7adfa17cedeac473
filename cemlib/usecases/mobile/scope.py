"""Which records lie in a period for certain: a record of which only the month is known does not pretend to a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cemlib.usecases.period import Period

__all__ = ["Scope", "scope_of"]

_COARSE = ("month", "unknown")


@dataclass(frozen=True)
class Scope:
    """The part of a table that a period takes, as a mask and as the conditions that select the same in the lake.

    Attributes
    ----------
    mask : Series of bool
        The counted rows that lie in the period for certain.
    since, until : date or None
        First day, and first day after the last.
    grains : tuple of str
        The time grains to keep; empty keeps all.
    undated, partly : int
        Records left out because their time is not known at all, or only by a month that lies partly in the period.
    """

    mask: pd.Series
    since: dt.date | None = None
    until: dt.date | None = None
    grains: tuple[str, ...] = field(default=())
    undated: int = 0
    partly: int = 0


def scope_of(counted: pd.DataFrame, period: Period) -> Scope:
    """Hold counted records against a period.

    Parameters
    ----------
    counted : DataFrame
        ``grain``, ``day`` (the UTC day of the event time), ``n``.
    period : Period

    Examples
    --------
    Ten answers of some day in September are not in the first half of it; all are in September.

    >>> from cemlib.usecases.period import read_period
    >>> counted = pd.DataFrame({"grain": ["month"], "day": pd.to_datetime(["2019-09-01"]), "n": [10]})
    >>> scope_of(counted, read_period("2019-09-01/2019-09-15")).partly, bool(scope_of(counted, read_period("2019-09")).mask[0])
    (10, True)
    """
    everything = pd.Series(True, index=counted.index)
    if period.is_all or counted.empty:
        return Scope(everything, period.first, period.until)
    day = pd.to_datetime(counted["day"])
    grain = counted["grain"].fillna("exact")
    after = everything if period.first is None else day >= pd.Timestamp(period.first)
    before = everything if period.last is None else day < pd.Timestamp(period.until)
    monthly = grain == "month"
    ends = (day + pd.offsets.MonthBegin(1)).where(monthly, day)
    whole = everything if period.last is None else ends <= pd.Timestamp(period.until)
    # a month that began before the period may reach into it
    reaches = monthly & (ends > pd.Timestamp(period.first or dt.date.min.replace(year=1700))) & ~after
    undated = grain == "unknown"
    partly = reaches | (monthly & after & before & ~whole)
    mask = after & before & ~undated & (~monthly | whole)
    until, dropped = period.until, set(np.unique(grain[undated & after & before]))
    cut = monthly & after & before & ~whole
    if cut.any():
        edge = day[cut].min()
        if (mask & (day >= edge)).any():
            # days are known beside months in the last month: to keep the days, every month of the period is left out
            dropped.add("month")
            partly, mask = partly | (mask & monthly), mask & ~monthly
        else:
            until = edge.date()
    grains = tuple(sorted(set(grain[mask]))) if dropped else ()
    count = counted["n"]
    return Scope(mask, period.first, until, grains, int(count[undated].sum()), int(count[partly].sum()))
