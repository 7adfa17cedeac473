"""The units that a column or a KPI may have, and how a figure in each is written.

Examples
--------
>>> format_value(0.98131, "ratio")
'98.1 %'
>>> format_value(1284, "1")
'1,284'
>>> format_value(None, "s")
'—'
"""

from __future__ import annotations

import math

from cemlib.errors import UnknownNameError

__all__ = ["MISSING", "UNITS", "format_interval", "format_value", "scale_value", "shown_unit"]

#: What stands for a missing figure; it never looks like zero.
MISSING = "—"

# unit -> (factor from stored to shown, shown unit, decimals shown)
UNITS: dict[str, tuple[float, str, int]] = {
    "": (1, "", 0),
    "1": (1, "", 0),
    "ratio": (100, "%", 1),
    "point": (100, "pt", 1),
    "s": (1, "s", 2),
    "ms": (1, "ms", 0),
    "Mbit/s": (1, "Mbit/s", 1),
    "kbit/s": (1, "kbit/s", 0),
    "byte": (1, "byte", 0),
    "MB": (1, "MB", 1),
    "dB": (1, "dB", 1),
    "dBm": (1, "dBm", 1),
    "deg": (1, "°", 4),
    "MOS": (1, "MOS", 2),
    "score": (1, "", 2),
    "currency": (1, "", 2),
    "subscriber": (1, "", 0),
    "1/h": (1, "per hour", 1),
    "1/day": (1, "per day", 2),
    "1/1000": (1, "per 1,000", 1),
}
#: Units whose decimals are told however large the figure is.
_EXACT = frozenset({"currency", "deg"})


def _unit(unit: str) -> tuple[float, str, int]:
    if unit not in UNITS:
        raise UnknownNameError("unit", unit, UNITS)
    return UNITS[unit]


def shown_unit(unit: str) -> str:
    """The unit as a reader sees it: a ratio is shown in per cent."""
    return _unit(unit)[1]


def scale_value(value: float | None, unit: str) -> float | None:
    """A stored value in the unit that a reader sees, or None for a missing one."""
    if value is None or (isinstance(value, float) and math.isnan(value)) or value != value:
        return None
    return float(value) * _unit(unit)[0]


def format_value(value: float | None, unit: str, *, with_unit: bool = True, decimals: int | None = None) -> str:
    """Write a figure with grouped thousands and its unit behind a space.

    Parameters
    ----------
    value : float or None
        In the stored unit; None and NaN are written as a dash.
    unit : str
        One of :data:`UNITS`.
    with_unit : bool
        Leave the unit out where a heading already names it.
    decimals : int, optional
        Another number of decimals than the unit's own.

    Raises
    ------
    UnknownNameError
        For a unit that is not declared.

    Examples
    --------
    >>> format_value(0.42, "s"), format_value(62623.417, "s"), format_value(62623.417, "currency")
    ('0.42 s', '62,623 s', '62,623.42')
    """
    _, shown, usual = _unit(unit)
    scaled = scale_value(value, unit)
    if scaled is None:
        return MISSING
    # of thousands of seconds or bytes the hundredths tell nothing; of money they do
    usual = 0 if abs(scaled) >= 1000 and unit not in _EXACT else usual
    text = f"{scaled:,.{usual if decimals is None else decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return f"{text} {shown}" if with_unit and shown else text


def format_interval(low: float | None, high: float | None, unit: str, *, with_unit: bool = False) -> str:
    """Write an interval as ``low – high``; a dash when an end is missing.

    Examples
    --------
    >>> format_interval(0.979, 0.983, "ratio")
    '97.9 – 98.3'
    """
    if scale_value(low, unit) is None or scale_value(high, unit) is None:
        return MISSING
    return f"{format_value(low, unit, with_unit=False)} – {format_value(high, unit, with_unit=with_unit)}"
