"""One parameter of a notebook: its type, its limits, and whether a value fits."""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from typing import Any

from cemlib.errors import ParameterError, nearest_names

__all__ = ["KINDS", "Parameter", "format_value", "shorten", "typed_value"]

#: The types that a parameter may have.
KINDS = ("str", "int", "float", "bool", "date", "datetime")
_WANTED = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "yes or no (true or false)",
    "date": "a date as YYYY-MM-DD",
    "datetime": "an instant as YYYY-MM-DDThh:mm:ss (UTC unless it says otherwise)",
}
_YES, _NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook.

    Attributes
    ----------
    name : str
    kind : str
        str, int, float, bool, date or datetime; the last two are texts in ISO 8601.
    default : str, int, float or bool
    meaning : str
        The comment on its line.
    choices : tuple
        The values that it may take; empty where any value of its kind will do.
    low, high : int, float or None
        Bounds, both included.
    pattern : str
        The form of a text; empty where any will do. The default is always allowed.
    """

    name: str
    kind: str
    default: str | int | float | bool
    meaning: str
    choices: tuple = ()
    low: float | None = None
    high: float | None = None
    pattern: str = ""

    @property
    def wanted(self) -> str:
        """What may be given, in words.

        Examples
        --------
        >>> Parameter("days", "int", 7, "how far back", low=1, high=90).wanted
        'a whole number, 1 to 90'
        """
        if self.choices:
            return "one of " + ", ".join(format_value(one) for one in self.choices)
        words = _WANTED[self.kind]
        if self.low is not None and self.high is not None:
            words += f", {self.low} to {self.high}"
        elif self.low is not None:
            words += f", {self.low} or more"
        elif self.high is not None:
            words += f", {self.high} or less"
        return words + (f" of the form {self.pattern}" if self.pattern else "")

    def check(self, value: Any) -> str | int | float | bool:
        """Bring a value to the parameter's type and hold it against choices, bounds and form.

        A text is parsed (so it comes from a command line or an address); any other value must have the type already.

        Raises
        ------
        ParameterError
            When it does not fit.

        Examples
        --------
        >>> Parameter("days", "int", 7, "how far back", low=1, high=90).check("30")
        30
        """
        if not self.choices and value == self.default and type(value) is type(self.default):
            return value
        typed = typed_value(self.kind, value)
        fits = typed is not None
        if fits and self.choices:
            # 1 and True are equal in Python, but not the same choice
            fits = any(typed == one and type(typed) is type(one) for one in self.choices)
        if fits and self.kind in ("int", "float"):
            fits = (self.low is None or typed >= self.low) and (self.high is None or typed <= self.high)
        if fits and self.pattern and typed != self.default:
            fits = re.fullmatch(self.pattern, typed) is not None
        if fits:
            return typed
        near = nearest_names(str(value), [str(one) for one in self.choices], limit=1) if self.choices else []
        todo = f"Did you mean {near[0]!r}?" if near else ""
        if self.kind == "str" and not self.choices and not isinstance(value, str):
            todo = f"Write it in quotes: {self.name}={str(value)!r}"
        raise ParameterError(f"Parameter {self.name!r} cannot be {shorten(value)}.", wanted=self.wanted, came=shorten(value), todo=todo)


def shorten(value: Any) -> str:
    """Show a value that a stranger may have written: as a literal, and not at any length."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 2] + "…" + text[0]


def format_value(value: Any) -> str:
    """Write a value the way :meth:`Parameter.check` reads it back.

    Examples
    --------
    >>> format_value(True), format_value(7), format_value("roaming")
    ('true', '7', 'roaming')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def typed_value(kind: str, value: Any) -> Any:
    """The value in the type of a kind of parameter, or None where it is of another."""
    if kind == "str":
        return value if isinstance(value, str) else None
    if kind == "bool":
        if isinstance(value, str):
            word = value.strip().casefold()
            return True if word in _YES else False if word in _NO else None
        return value if isinstance(value, bool) else None
    if kind in ("int", "float"):
        return _number(kind, value)
    return _instant(kind, value)


def _number(kind: str, value: Any) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        form = r"[+-]?\d{1,18}" if kind == "int" else r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"
        if not re.fullmatch(form, text, re.ASCII):
            return None
        value = int(text) if kind == "int" else float(text)
    if kind == "int":
        return value if isinstance(value, int) else None
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _instant(kind: str, value: Any) -> str | None:
    if isinstance(value, datetime.datetime):
        value = value.isoformat() if kind == "datetime" else None
    elif isinstance(value, datetime.date):
        value = value.isoformat()
    if not isinstance(value, str):
        return None
    try:
        if kind == "date":
            return value if datetime.date.fromisoformat(value).isoformat() == value else None
        moment = datetime.datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="seconds")
