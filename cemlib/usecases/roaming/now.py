"""How it is right now: the last full hour against the same hour a week before, and how far the feed is behind."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd

from cemlib.kpi.interval import bound_ratio
from cemlib.units import format_value
from cemlib.usecases.roaming.wording import clock, duration, figure_ratio

__all__ = ["compare_last_hour", "feed_delay"]

_HOUR = pd.Timedelta(hours=1)
_WEEK = pd.Timedelta(days=7)


def feed_delay(freshness: pd.DataFrame, table: str) -> dict:
    """How far behind a table is: last_event_at, last_received_at, delay_p50_s, delay_p95_s; of several sources the latest event and slowest delay."""
    rows = freshness[freshness["table_name"] == table]
    if rows.empty:
        return {}
    return {"last_event_at": pd.Timestamp(rows["last_event_at"].max()), "last_received_at": pd.Timestamp(rows["last_received_at"].max()),
            "delay_p50_s": float(rows["delay_p50_s"].max()), "delay_p95_s": float(rows["delay_p95_s"].max())}


def _difference(now: pd.Series, then: pd.Series) -> tuple[float, float, float]:
    """Difference of two shares with Newcombe's interval (method 10): from the Wilson limits of each."""
    share = [row["num"] / row["den"] for row in (now, then)]
    (low_now, high_now), (low_then, high_then) = ([float(one[0]) for one in bound_ratio([row["num"]], [row["den"]])] for row in (now, then))
    difference = share[0] - share[1]
    down = math.hypot(share[0] - low_now, high_then - share[1])
    up = math.hypot(high_now - share[0], share[1] - low_then)
    return difference, difference - down, difference + up


def compare_last_hour(hours: pd.DataFrame, until: dt.datetime, delay: dict, events: str) -> tuple[dict, list[str]]:
    """Compare the last hour that is complete with the same hour a week before.

    Parameters
    ----------
    hours : DataFrame
        hour, num, den, summed over partners here.
    until : datetime
        End of the period.
    delay : dict
        Of :func:`feed_delay`: an hour is complete when 95 % of its records have come.
    events : str
        What is counted.

    Returns
    -------
    facts, sentences
    """
    total = hours.groupby("hour")[["num", "den"]].sum()
    end = pd.Timestamp(until)
    if delay:
        end = min(end, pd.Timestamp(delay["last_received_at"]) - pd.Timedelta(seconds=max(delay["delay_p95_s"], 0)))
    at = end.floor("h") - _HOUR
    empty = pd.Series({"num": 0, "den": 0})
    now, then = (total.loc[one] if one in total.index else empty for one in (at, at - _WEEK))
    facts = {"at": at, "num": float(now["num"]), "den": float(now["den"]), "week_before_num": float(then["num"]), "week_before_den": float(then["den"])}
    span = f"Last full hour ({clock(at)} – {(at + _HOUR).strftime('%H:%M')} UTC)"
    sentences = []
    if now["den"] == 0:
        sentences.append(f"{span}: no {events}.")
    elif then["den"] == 0:
        sentences.append(f"{span}: {figure_ratio(now)}; a week before there were no {events} to compare with.")
    else:
        difference, low, high = _difference(now, then)
        facts |= {"difference": difference, "difference_low": low, "difference_high": high}
        verdict = "lower" if high < 0 else "higher" if low > 0 else "no difference beyond chance"
        points = format_value(difference, "point")
        sentences.append(f"{span}: {figure_ratio(now)} against {figure_ratio(then)} in the same hour a week before"
                         f" ({'+' if difference > 0 else ''}{points}, 95 % {format_value(low, 'point', with_unit=False)} to {format_value(high, 'point', with_unit=False)}: {verdict}).")
    if delay:
        sentences.append(f"Data to {clock(delay['last_event_at'])} UTC; records arrive {duration(delay['delay_p50_s'])} after the event, 95 % within {duration(delay['delay_p95_s'])}.")
    return facts, sentences
