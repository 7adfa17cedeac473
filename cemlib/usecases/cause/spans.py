"""The period that is asked about, and what it is compared to."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from cemlib.errors import ParameterError
from cemlib.kpi.selection import parse_instant

__all__ = ["Span", "read_comparison", "read_span"]

_DAY = dt.timedelta(days=1)
_WEEK_DAYS = 7
_FORMS = "a number of days or hours to the end of the data (7d, 24h), a day (2026-03-21), or from/to (2026-03-21T08:00/2026-03-21T17:00), UTC"


@dataclass(frozen=True)
class Span:
    """From one instant up to another, UTC, the second one not included.

    Examples
    --------
    >>> Span(dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 8)).text
    '2026-03-01 to 2026-03-07'
    """

    since: dt.datetime
    until: dt.datetime

    @property
    def length(self) -> dt.timedelta:
        """How long it is."""
        return self.until - self.since

    @property
    def text(self) -> str:
        """In words: days where it is of whole days."""
        if self.since.time() == self.until.time() == dt.time():
            last = self.until - _DAY
            return f"{self.since:%Y-%m-%d}" if last == self.since else f"{self.since:%Y-%m-%d} to {last:%Y-%m-%d}"
        return f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M}"

    def earlier(self, by: dt.timedelta) -> Span:
        """The same span earlier."""
        return Span(self.since - by, self.until - by)


def read_span(text: str, end: dt.datetime, name: str = "period") -> Span:
    """What a period means, the data ending at ``end``.

    Raises
    ------
    ParameterError
        For a text that is none of the forms, and for an empty period.

    Examples
    --------
    >>> end = dt.datetime(2026, 3, 31)
    >>> read_span("7d", end).text, read_span("2026-03-02", end).text, read_span("2026-03-02/2026-03-04", end).text
    ('2026-03-24 to 2026-03-30', '2026-03-02', '2026-03-02 to 2026-03-04')
    """
    given = str(text).strip()
    found = re.fullmatch(r"(\d{1,4})\s*([dh])", given)
    if found:
        length = int(found[1]) * (_DAY if found[2] == "d" else dt.timedelta(hours=1))
        first, last = end - length, end
    else:
        parts = [part.strip() for part in given.split("/")]
        if len(parts) > 2 or not all(re.match(r"\d{4}-\d{2}-\d{2}", part) for part in parts):
            raise ParameterError(f"{name} is no period.", wanted=_FORMS, came=repr(text))
        first, last = parse_instant(parts[0], name), parse_instant(parts[-1], name)
        # a day alone is all of it
        last += _DAY if len(parts[-1]) == 10 else dt.timedelta()
    if not first < last:
        raise ParameterError(f"{name} is empty.", wanted="from before to", came=repr(text))
    return Span(first, last)


def read_comparison(text: str, period: Span, end: dt.datetime) -> list[Span]:
    """What a period is compared to: ``before`` (as long, just before), ``week`` (the same a week earlier), ``days`` (the same hours of the seven days before;
    for longer than a day those of the seven days just before), or a period of its own.

    Examples
    --------
    >>> period = Span(dt.datetime(2026, 3, 9, 8), dt.datetime(2026, 3, 9, 12))
    >>> [one.text for one in read_comparison("before", period, period.until)], len(read_comparison("days", period, period.until))
    (['2026-03-09 04:00 to 2026-03-09 08:00'], 7)
    """
    kind = str(text).strip().casefold()
    if kind == "before":
        return [period.earlier(period.length)]
    if kind == "week":
        weeks = -(-period.length // dt.timedelta(days=_WEEK_DAYS))
        return [period.earlier(weeks * dt.timedelta(days=_WEEK_DAYS))]
    if kind == "days":
        if period.length <= _DAY:
            return [period.earlier(number * _DAY) for number in range(1, _WEEK_DAYS + 1)]
        return [Span(period.since - _WEEK_DAYS * _DAY, period.since)]
    if not re.match(r"\d", kind):
        raise ParameterError("against is nothing to compare to.", wanted=f"before, week, days, or {_FORMS}", came=repr(text))
    other = read_span(text, end, "against")
    if other.since < period.until and period.since < other.until:
        raise ParameterError("The period and what it is compared to overlap.", came=f"{period.text} and {other.text}")
    return [other]
