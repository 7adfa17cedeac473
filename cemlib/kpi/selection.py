"""Which records count: names as a user writes them, conditions on columns, and the window of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import narwhals as nw

from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["alias_columns", "find_column", "match_values", "name_conditions", "parse_instant", "within_days", "within_window"]

# a bare name means the code before the instant, the day, the name and the key: "partner" is partner_code, not partner_name
_ENDINGS = ("_code", "_at", "_date", "_name", "_key", "_id")
_OPERATORS = {
    "==": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}


def alias_columns(columns: Iterable[str]) -> dict[str, str]:
    """Every name by which a column can be called, and the column.

    Examples
    --------
    >>> names = alias_columns(["partner_code", "partner_name", "hour_at", "day_date"])
    >>> names["partner"], names["hour"], names["day"], names["partner_name"]
    ('partner_code', 'hour_at', 'day_date', 'partner_name')
    """
    columns = list(columns)
    names: dict[str, str] = {}
    for ending in _ENDINGS:
        for column in columns:
            if column.endswith(ending):
                names.setdefault(column.removesuffix(ending), column)
    # a column's own name always means itself
    return names | {column: column for column in columns}


def find_column(name: str, columns: Iterable[str], *, where: str = "") -> str:
    """The column that a name means.

    Raises
    ------
    UnknownNameError
        When there is none; the nearest names are given.
    """
    names = alias_columns(columns)
    if name not in names:
        raise UnknownNameError("column", name, names, where=where)
    return names[name]


def parse_instant(value: str | dt.date | dt.datetime | None, name: str = "instant", zone: dt.tzinfo | None = None) -> dt.datetime | None:
    """An instant in UTC without a time zone, as the lake's views have it.

    Parameters
    ----------
    value : str, date, datetime or None
        ISO 8601; without a zone of its own it is UTC, or the local time of ``zone``. A date is the start of that day: where the clocks
        change at midnight, its first instant.
    name : str
        For messages.
    zone : tzinfo, optional

    Raises
    ------
    ParameterError
        When it is no date and no time, or a local time that the clocks skip or show twice.

    Examples
    --------
    >>> parse_instant("2026-03-29T03:00:00+02:00")
    datetime.datetime(2026, 3, 29, 1, 0)
    >>> parse_instant("2026-03-29")
    datetime.datetime(2026, 3, 29, 0, 0)
    >>> import zoneinfo
    >>> parse_instant("2026-03-30", zone=zoneinfo.ZoneInfo("Europe/Warsaw"))
    datetime.datetime(2026, 3, 29, 22, 0)
    """
    if value is None or value != value:
        return None
    if isinstance(value, str):
        try:
            text = value.strip()
            value = dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
        except ValueError:
            raise ParameterError(f"{name} is not a date or time.", wanted="ISO 8601, such as 2026-03-01 or 2026-03-01T05:00Z",
                                 came=repr(value)) from None
    if isinstance(value, dt.datetime):
        if hasattr(value, "to_pydatetime"):
            value = value.to_pydatetime(warn=False)
        if value.tzinfo is None and zone is not None:
            value = _placed(value, name, zone)
        return value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, dt.date):
        midnight = dt.datetime(value.year, value.month, value.day, tzinfo=zone)
        return midnight if zone is None else midnight.astimezone(dt.UTC).replace(tzinfo=None)
    raise ParameterError(f"{name} is not a date or time.", wanted="an ISO 8601 text, a date or a datetime", came=repr(value))


def _placed(value: dt.datetime, name: str, zone: dt.tzinfo) -> dt.datetime:
    """A local time in its zone, where it means one instant."""
    earlier, later = (value.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if earlier.utcoffset() != later.utcoffset():
        is_skipped = earlier.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != value
        raise ParameterError(f"{name} is a local time that the clocks " + ("skip." if is_skipped else "show twice."), came=f"{value} in {zone}",
                             todo="Give the offset with it, as 2026-10-25T02:30+01:00.")
    return earlier


def _plain(value: Any) -> Any:
    """A value as Python has it: numpy scalars unpacked, every way of saying "missing" as None."""
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()
    missing = value is None or value != value or type(value).__name__ in ("NAType", "NaTType")
    return None if missing else value


def _fitted(value: Any, kind: nw.dtypes.DType, where: str, zone: dt.tzinfo | None) -> Any:
    """The value in the type of its column, so that an engine does not compare a text with a number."""
    if isinstance(kind, nw.Datetime):
        return parse_instant(value, where, zone)
    if isinstance(kind, nw.Date):
        return parse_instant(value, where).date()
    fits = {"text": (str,), "true or false": (bool,), "a number": (int, float)}
    wanted = "text" if isinstance(kind, nw.String) else "true or false" if isinstance(kind, nw.Boolean) else (
        "a number" if kind.is_numeric() else "")
    if wanted and (not isinstance(value, fits[wanted]) or (wanted == "a number" and isinstance(value, bool))):
        raise ParameterError("A value does not have the type of its column.", wanted=wanted, came=repr(value), where=where)
    return value


def match_values(column: str, wanted: Any, kind: nw.dtypes.DType, zone: dt.tzinfo | None = None) -> nw.Expr:
    """The condition that a column equals a value, is one of several, or compares as ``(operator, value)``.

    Parameters
    ----------
    column : str
    wanted : value, list, set, or tuple (operator, value)
        None matches null; in a list too. Operators: ==, !=, <, <=, >, >=, in, "not in".
    kind : narwhals dtype
        Type of the column; texts are read as times where the column is one.
    zone : tzinfo, optional
        The zone of times that name none; UTC by default.

    Raises
    ------
    ParameterError
        For an operator that is not known or a value of another type.
    """
    if isinstance(wanted, tuple):
        if len(wanted) != 2 or wanted[0] not in (*_OPERATORS, "in", "not in"):
            raise ParameterError("A condition is a value, a list of values, or (operator, value).",
                                 wanted="one of " + ", ".join([*_OPERATORS, "in", "not in"]), came=repr(wanted), where=column)
        operator, value = wanted
        if operator in ("in", "not in"):
            inside = match_values(column, list(value), kind, zone)
            return inside if operator == "in" else ~inside
        value = _plain(value)
        if value is None:
            if operator not in ("==", "!="):
                raise ParameterError("Null is neither smaller nor larger.", came=repr(wanted), where=column)
            return nw.col(column).is_null() if operator == "==" else ~nw.col(column).is_null()
        return _OPERATORS[operator](nw.col(column), _literal(_fitted(value, kind, column, zone)))
    values = [_plain(one) for one in wanted] if isinstance(wanted, (list, set, frozenset)) else [_plain(wanted)]
    known = [_fitted(one, kind, column, zone) for one in values if one is not None]
    if not known:
        # an empty list matches nothing
        return nw.col(column).is_null() if values else nw.col(column).is_null() & ~nw.col(column).is_null()
    found = nw.col(column) == _literal(known[0])
    for one in known[1:]:
        found = found | (nw.col(column) == _literal(one))
    found = found & ~nw.col(column).is_null()
    return found | nw.col(column).is_null() if len(known) < len(values) else found


def _literal(value: Any) -> Any:
    return nw.lit(value) if isinstance(value, dt.date) else value


def name_conditions(where: Mapping[str, Any] | None, schema: Mapping[str, nw.dtypes.DType], table: str,
                    zone: dt.tzinfo | None = None) -> dict[str, nw.Expr]:
    """The condition on each column that ``where`` names.

    Raises
    ------
    UnknownNameError
        When a name is no column of the table.
    """
    conditions: dict[str, nw.Expr] = {}
    for name, wanted in (where or {}).items():
        column = find_column(name, schema, where=f"where, table {table}")
        condition = match_values(column, wanted, schema[column], zone)
        conditions[column] = conditions[column] & condition if column in conditions else condition
    return conditions


def within_window(since: dt.datetime | None, until: dt.datetime | None, start: str, end: str | None = None) -> list[nw.Expr]:
    """The conditions of a window: ``since <= start < until``; with ``end``, that the interval overlaps the window."""
    conditions = []
    if until is not None:
        conditions.append(nw.col(start) < nw.lit(until))
    if since is not None:
        if end is None:
            conditions.append(nw.col(start) >= nw.lit(since))
        else:
            conditions.append(nw.col(end).is_null() | (nw.col(end) > nw.lit(since)))
    return conditions


def within_days(since: dt.datetime | None, until: dt.datetime | None) -> list[nw.Expr]:
    """The conditions of the UTC days that a window touches."""
    conditions = []
    if since is not None:
        conditions.append(nw.col("event_date") >= nw.lit(since.date()))
    if until is not None:
        conditions.append(nw.col("event_date") <= nw.lit((until - dt.timedelta(microseconds=1)).date()))
    return conditions
