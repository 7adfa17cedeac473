"""Local time: when the clocks of a time zone change, as plain SQL that every engine reads alike.

An engine that asks its calendar for each value is slow, and two engines may hold two editions of the time zone rules. So the few changes
within the days of the lake are found once, in Python, and written into the query as CASE branches.
"""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo

from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["find_changes", "find_zone", "local_time_sql", "truncated_sql"]

_STEP = dt.timedelta(hours=6)


def find_zone(name: str) -> zoneinfo.ZoneInfo:
    """The time zone of an IANA name.

    Raises
    ------
    UnknownNameError
        When there is none; the nearest names are given.

    Examples
    --------
    >>> find_zone("Europe/Warsaw").key
    'Europe/Warsaw'
    """
    known = zoneinfo.available_timezones()
    if not known:
        raise ParameterError("This machine has no time zone data.", came=name, todo="Install the system's tzdata, or the package tzdata.")
    if name not in known:
        raise UnknownNameError("time zone", str(name), known)
    return zoneinfo.ZoneInfo(name)


def _offset(zone: zoneinfo.ZoneInfo, at: dt.datetime) -> int:
    return round(at.replace(tzinfo=dt.UTC).astimezone(zone).utcoffset().total_seconds())


@functools.lru_cache(maxsize=64)
def find_changes(zone: zoneinfo.ZoneInfo, first: dt.date, last: dt.date) -> tuple[tuple[dt.datetime | None, int], ...]:
    """From when on (UTC) a zone is how many seconds ahead of UTC, over some UTC days; the first entry has no beginning.

    Examples
    --------
    >>> find_changes(find_zone("Europe/Warsaw"), dt.date(2026, 3, 28), dt.date(2026, 3, 30))
    ((None, 3600), (datetime.datetime(2026, 3, 29, 1, 0), 7200))
    """
    at, end = (dt.datetime.combine(one, dt.time()) for one in (first, last + dt.timedelta(days=1)))
    found: list[tuple[dt.datetime | None, int]] = [(None, _offset(zone, at))]
    while at < end:
        after = at + _STEP
        if _offset(zone, after) != found[-1][1]:
            low, high = at, after
            while high - low > dt.timedelta(seconds=1):
                middle = low + dt.timedelta(seconds=round((high - low).total_seconds()) // 2)
                low, high = (middle, high) if _offset(zone, middle) == found[-1][1] else (low, middle)
            found.append((high, _offset(zone, high)))
        at = after
    return tuple(found)


def _moved(at: str, seconds: int) -> str:
    return f"({at} {'+' if seconds >= 0 else '-'} INTERVAL {abs(seconds)} SECOND)" if seconds else at


def _by_change(at: str, changes: tuple[tuple[dt.datetime | None, int], ...], parts: list[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    whens = [f"WHEN {at} < TIMESTAMP '{begins}' THEN {part}" for (begins, _), part in zip(changes[1:], parts)]
    return f"CASE {' '.join(whens)} ELSE {parts[-1]} END"


def local_time_sql(at: str, changes: tuple[tuple[dt.datetime | None, int], ...]) -> str:
    """The local time of an instant, both without zone.

    Examples
    --------
    >>> local_time_sql("at", ((None, 20700),))
    '(at + INTERVAL 20700 SECOND)'
    """
    return _by_change(at, changes, [_moved(at, offset) for _, offset in changes])


def truncated_sql(at: str, changes: tuple[tuple[dt.datetime | None, int], ...], truncate: str, seconds: int) -> str:
    """The UTC instant at which the local bucket of an instant begins: the two hours of the night on which the clocks go back stay two.

    Parameters
    ----------
    at : str
        SQL of the instant.
    changes : tuple
        Of :func:`find_changes`.
    truncate : str
        SQL with ``{at}`` that truncates a time without zone.
    seconds : int
        Length of the bucket. One that the clocks cut begins at the change.
    """
    parts = []
    for begins, offset in changes:
        part = _moved(truncate.format(at=_moved(at, offset)), -offset)
        cut = begins is not None and (begins - dt.datetime(1970, 1, 1) + dt.timedelta(seconds=offset)) % dt.timedelta(seconds=seconds)
        parts.append(f"greatest({part}, TIMESTAMP '{begins}')" if cut else part)
    return _by_change(at, changes, parts)
