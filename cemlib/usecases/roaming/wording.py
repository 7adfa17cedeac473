"""Words for figures, times, sides and areas; and the list that a sentence makes of several things."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cemlib.units import format_value

__all__ = ["area_words", "clock", "count_words", "dated_span", "day", "duration", "figure_ratio", "joined", "percent", "side_words", "span"]

_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SIDES = {"us": "our side", "partner": "the partner's side", "interconnect": "interconnect side", "device": "device side", "user": "the user's side",
          "by_design": "by design", "unknown": "side unknown"}
_AREAS = {"agreement_or_steering": "agreement or steering", "apn_or_session": "APN or session", "by_design": "by design"}


def count_words(count: int) -> str:
    """Small counts as words.

    Examples
    --------
    >>> count_words(2), count_words(40), count_words(1284)
    ('two', '40', '1,284')
    """
    return _NUMBERS[count] if 0 <= count < len(_NUMBERS) else f"{count:,}"


def joined(parts: Sequence[str]) -> str:
    """Several things in a sentence.

    Examples
    --------
    >>> joined(["a", "b", "c"]), joined(["a"])
    ('a, b and c', 'a')
    """
    parts = list(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def percent(value: float | None, decimals: int | None = None) -> str:
    """A ratio in per cent."""
    return format_value(value, "ratio", decimals=decimals)


def day(at: pd.Timestamp) -> str:
    """A day as one says it.

    Examples
    --------
    >>> day(pd.Timestamp("2026-03-05T14:00"))
    '5 March'
    """
    return f"{at.day} {at.strftime('%B')}"


def clock(at: pd.Timestamp) -> str:
    """Day and time.

    Examples
    --------
    >>> clock(pd.Timestamp("2026-03-05T14:00"))
    '5 March 14:00'
    """
    return f"{day(at)} {at.strftime('%H:%M')}"


def span(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """From a time to a time, the day said once when it is the same.

    Examples
    --------
    >>> span(pd.Timestamp("2026-03-28T16:00"), pd.Timestamp("2026-03-28T17:00"))
    '28 March 16:00 – 17:00 UTC'
    """
    last = end.strftime("%H:%M") if start.date() == end.date() else clock(end)
    return f"{clock(start)} – {last} UTC"


def dated_span(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """A period with its years.

    Examples
    --------
    >>> dated_span(pd.Timestamp("2026-03-24"), pd.Timestamp("2026-03-31"))
    '2026-03-24 00:00 to 2026-03-31 00:00 UTC'
    """
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """A delay or a spell in its fitting unit.

    Examples
    --------
    >>> duration(42), duration(300), duration(3600), duration(10800)
    ('42 s', '5 min', 'an hour', '3 hours')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    hours = round(seconds / 3600)
    return "an hour" if hours == 1 else f"{hours} hours"


def figure_ratio(row: pd.Series) -> str:
    """A share with what it is a share of."""
    return f"{percent(row['num'] / row['den'])} of {int(row['den']):,}"


def side_words(side: str | None) -> str:
    """Whose fault, as one says it to the operator's own people."""
    return _SIDES.get(side or "unknown", str(side))


def area_words(area: str | None) -> str:
    """A root-cause area in words."""
    return _AREAS.get(area or "", (area or "unknown area").replace("_", " "))
