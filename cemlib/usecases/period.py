"""The period that a reader chose: whole UTC days, a month, a day or from/to."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

import pandas as pd

from cemlib.errors import ParameterError

__all__ = ["ALL", "Period", "read_period", "recorded_months"]

#: The value of a filter that filters nothing.
ALL = "all"


@dataclass(frozen=True)
class Period:
    """A period of whole UTC days.

    Attributes
    ----------
    first, last : date or None
        First and last day, both included; None leaves the side open.
    text : str
        The parameter it came from.
    """

    first: dt.date | None = None
    last: dt.date | None = None
    text: str = ALL

    @property
    def until(self) -> dt.date | None:
        """The first day after the period."""
        return None if self.last is None else self.last + dt.timedelta(days=1)

    @property
    def is_all(self) -> bool:
        """Whether no period was chosen."""
        return self.first is None and self.last is None

    @property
    def label(self) -> str:
        """The period in words."""
        if self.is_all:
            return "all times"
        if self.first and self.last:
            if self.first == self.last:
                return _day(self.first)
            whole = self.first.day == 1 and self.last == _month_end(self.first)
            return f"{self.first:%B %Y}" if whole else f"{_day(self.first)} – {_day(self.last)}"
        return f"from {_day(self.first)}" if self.first else f"to {_day(self.last)}"


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"


def _month_end(day: dt.date) -> dt.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def read_period(text: str) -> Period:
    """Read ``all``, a month, a day, or from/to (ISO 8601; one end may be missing).

    Raises
    ------
    ParameterError
        When the text is none of these, or the days are in the wrong order.

    Examples
    --------
    >>> read_period("2019-09").label, read_period("2019-09").last
    ('September 2019', datetime.date(2019, 9, 30))
    >>> read_period("2026-03-01/2026-03-15").label
    '1 March 2026 – 15 March 2026'
    """
    wanted = "all, a month (2026-03), a day (2026-03-21) or from/to (2026-03-01/2026-03-15)"
    text = text.strip()
    if text.casefold() in ("", ALL):
        return Period()
    parts = [one.strip() for one in text.split("/")]
    if len(parts) > 2 or not any(parts):
        raise ParameterError("The period cannot be read.", wanted=wanted, came=repr(text), where="period")
    try:
        first = _edge(parts[0], last=False)
        last = _edge(parts[-1], last=True)
    except ValueError:
        raise ParameterError("The period cannot be read.", wanted=wanted, came=repr(text), where="period") from None
    if first and last and last < first:
        raise ParameterError("The period ends before it begins.", came=repr(text), where="period", todo=f"Write {parts[-1]}/{parts[0]}.")
    return Period(first, last, text)


def _edge(text: str, *, last: bool) -> dt.date | None:
    if not text:
        return None
    if re.fullmatch(r"\d{4}-\d{2}", text):
        day = dt.date.fromisoformat(f"{text}-01")
        return _month_end(day) if last else day
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError(text)
    return dt.date.fromisoformat(text)


def recorded_months(lake) -> list[tuple[str, str]]:
    """The months that have records, the newest first, as choices of a filter."""
    days = lake.event_days()
    months = [] if days is None else pd.period_range(days[0], days[1], freq="M")[::-1]
    return [(str(one), str(one)) for one in months]
