"""What the reader chose to look at: operator, technology, place and state, checked against what the lake holds."""

from __future__ import annotations

from collections.abc import Iterable

from cemlib.errors import ParameterError, nearest_names
from cemlib.usecases.period import ALL

__all__ = ["DIMENSIONS", "UNKNOWN", "chosen_value"]

#: How a level that the source does not state is called in filters and tables.
UNKNOWN = "unknown"
#: The dimensions of the view: parameter name -> what a reader calls it.
DIMENSIONS = {"operator": "operator", "technology": "technology", "place": "place", "state": "state"}


def chosen_value(name: str, value: str, known: Iterable[str]) -> str:
    """The level that a filter names, as the lake writes it; case does not matter.

    Raises
    ------
    ParameterError
        When no answer and no test has it; the nearest levels are named.

    Examples
    --------
    >>> chosen_value("operator", "rjio", ["RJio", "Airtel"])
    'RJio'
    >>> chosen_value("operator", "Airtell", ["RJio", "Airtel"])
    Traceback (most recent call last):
    cemlib.errors.ParameterError: There is no operator 'Airtell' in the answers and tests.
      where: operator
      to do: Did you mean 'Airtel'? 'all' shows every operator.
    """
    text = str(value).strip()
    if text.casefold() in ("", ALL):
        return ALL
    known = sorted({str(one) for one in known})
    for one in known:
        if one.casefold() == text.casefold():
            return one
    near = nearest_names(text, known)
    if near:
        hint = "Did you mean " + " or ".join(repr(one) for one in near) + "?"
    else:
        hint = "There is: " + ", ".join(known[:10]) + (" …" if len(known) > 10 else "") + "." if known else "Nothing is loaded yet."
    raise ParameterError(f"There is no {name} {text!r} in the answers and tests.", where=name, todo=f"{hint} 'all' shows every {name}.")
