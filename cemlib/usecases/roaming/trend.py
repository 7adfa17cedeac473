"""How the selection went over time: hourly (or longer bins where there is little) against its expected band."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from cemlib.analysis import BetaBinomialBaseline
from cemlib.usecases.roaming.judging import ALPHA, ENOUGH, add_intervals, believable_past, coarser, find_falls

__all__ = ["TREND_COLUMNS", "trend_of"]

TREND_COLUMNS = ["at", "num", "den", "value", "low", "high", "state", "expected", "band_low", "band_high", "verdict"]
_BINS = (1, 6, 24)
_LEAD = pd.Timedelta(days=2)  # shown before a change that lies before the period


def _bin_hours(hours: pd.DataFrame, since: dt.datetime) -> int:
    """The shortest bin in which most bins have enough trials to be judged."""
    inside = hours.loc[hours["hour"] >= pd.Timestamp(since)].set_index("hour")["den"].resample("1h").sum()
    for size in _BINS[:-1]:
        if len(inside) and float(inside.rolling(size).sum().iloc[size - 1::size].quantile(0.15)) >= ENOUGH:
            return size
    return _BINS[-1]


def trend_of(hours: pd.DataFrame, calm: pd.DataFrame, since: dt.datetime, until: dt.datetime) -> tuple[pd.DataFrame, int, dict]:
    """The trend of some networks together.

    Parameters
    ----------
    hours : DataFrame
        hour, num, den over past and period, of the selection.
    calm : DataFrame
        The same without the hours of hub incidents: from these follow the change and what is expected.
    since, until : datetime
        The period.

    Returns
    -------
    trend, bin_hours, change
        ``change`` has since, before, after, p; empty when no fall was found.
    """
    total, quiet = (one.groupby("hour")[["num", "den"]].sum().reset_index().assign(partner_plmn="selection") for one in (hours, calm))
    if not total["den"].sum():
        return pd.DataFrame(columns=TREND_COLUMNS), _BINS[0], {}
    falls = find_falls(quiet, until)
    change = {} if falls.empty else falls.iloc[0].drop("partner_plmn").to_dict()
    size = _bin_hours(total, since)
    past = coarser(believable_past(quiet, falls, since), ["partner_plmn"], until, size).rename(columns={"partner_plmn": "entity"})
    begin = min(pd.Timestamp(since), change["since"] - _LEAD if change else pd.Timestamp(since))
    bins = coarser(total[total["hour"] >= begin], ["partner_plmn"], until, size).rename(columns={"partner_plmn": "entity"})
    step = pd.Timedelta(hours=size)
    # an hour without a record is a gap in the line, not a point
    at = pd.date_range(end=pd.Timestamp(until) - step, start=bins["at"].min(), freq=step)
    bins = bins.set_index("at").reindex(at).rename_axis("at").reset_index()
    bins = bins.assign(entity="selection").fillna({"num": 0, "den": 0})
    frame = add_intervals(bins)
    past = past[past["den"] > 0]
    if past.empty:
        judged = pd.DataFrame(dict.fromkeys(("expected", "low", "high"), np.nan), index=frame.index).assign(verdict="too_few")
    else:
        judged = BetaBinomialBaseline(ALPHA).fit(past[["entity", "num", "den", "at"]]).judge(frame[["entity", "num", "den"]])
    frame = frame.assign(expected=judged["expected"], band_low=judged["low"], band_high=judged["high"], verdict=judged["verdict"])
    return frame[TREND_COLUMNS], size, change
