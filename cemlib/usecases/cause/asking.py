"""The question "why?" of another use case: the parameters with which ``root_cause`` answers it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from cemlib.errors import ParameterError
from cemlib.kpi import find_kpi
from cemlib.usecases.cause.dimensions import kind_of
from cemlib.usecases.cause.filters import write_filters

__all__ = ["ask_why"]

_DAY = dt.timedelta(days=1)


def ask_why(lake, kpi: str, since: dt.date | None = None, until: dt.date | None = None, where: Mapping[str, Any] | None = None) -> dict[str, str]:
    """The parameters of ``root_cause`` that ask why a KPI moved in a period, against as long just before.

    A period ends where the records end. Where the lake does not reach so far back, its later half is asked about, against the earlier one.

    Parameters
    ----------
    lake : Lake
    kpi : str
    since, until : date or datetime, optional
        UTC, ``until`` not included; without them the last seven days are asked about.
    where : mapping, optional
        Columns and values.

    Returns
    -------
    dict of str to str
        ``kpi``, ``period``, ``where``; empty for a KPI whose change cannot be explained cell by cell, such as a mean.

    Examples
    --------
    >>> ask_why(None, "rating_dissatisfied_ratio", where={"operator_name": "Birch"})
    {'kpi': 'rating_dissatisfied_ratio', 'where': 'operator_name=Birch'}
    >>> ask_why(None, "rating_score_mean")
    {}
    """
    try:
        kind_of(find_kpi(kpi))
    except ParameterError:
        return {}
    period = "" if since is None or until is None else _period_text(*_with_a_past(lake, _instant(since), _instant(until)))
    return {"kpi": kpi} | ({"period": period} if period else {}) | ({"where": write_filters(where)} if where else {})


def _instant(day: dt.date) -> dt.datetime:
    return day if isinstance(day, dt.datetime) else dt.datetime.combine(day, dt.time())


def _with_a_past(lake, since: dt.datetime, until: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The period, or its later half where there are no records of as long before it."""
    days = lake.event_days()
    if days is None or since > _instant(days[1]):
        return since, until
    since, until = max(since, _instant(days[0])), min(until, _instant(days[1]) + _DAY)
    if since - (until - since) >= _instant(days[0]):
        return since, until
    step = _DAY if until - since >= 2 * _DAY else dt.timedelta(hours=1)
    return until - max((until - since) / 2 // step, 1) * step, until


def _period_text(since: dt.datetime, until: dt.datetime) -> str:
    if since.time() == until.time() == dt.time():
        return f"{since:%Y-%m-%d}/{until - _DAY:%Y-%m-%d}"
    return f"{since:%Y-%m-%dT%H:%M}/{until:%Y-%m-%dT%H:%M}"
