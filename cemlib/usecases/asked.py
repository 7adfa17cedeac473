"""What a caller asked for: an error where a parameter cannot be used, or, in an app whose address anybody can write, a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cemlib.errors import CemError, UnknownNameError, sentence

__all__ = ["Asked"]


class Asked:
    """Reads parameters; one that means nothing is an error, or is left out and told.

    Parameters
    ----------
    strict : bool
        Whether it is an error.

    Attributes
    ----------
    left_out : list of str
        What was left out, in sentences.

    Examples
    --------
    >>> from cemlib.usecases.period import Period, read_period
    >>> asked = Asked(strict=False)
    >>> asked.use(Period(), read_period, "lately").label
    'all times'
    >>> asked.left_out
    ['The period cannot be read. It is left out.']
    >>> asked.known("grain", "our", ["hour", "day"], "hour"), asked.left_out[-1]
    ('hour', "There is no grain named 'our'. It is left out. Did you mean 'hour'?")
    """

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict
        self.left_out: list[str] = []

    def use(self, otherwise: Any, reader: Callable[..., Any], *given: Any, name: str = "It") -> Any:
        """What ``reader(*given)`` makes of a parameter, or ``otherwise`` where it refuses it.

        Raises
        ------
        CemError
            What the reader raised, where the call is strict.
        """
        try:
            return reader(*given)
        except CemError as error:
            if self.strict:
                raise
            self.left_out.append(" ".join(sentence(one) for one in (error.what, f"{name} is left out", error.todo) if one))
            return otherwise

    def known(self, kind: str, value: str, names: Iterable[str], otherwise: str, **more: str) -> str:
        """The value where it is one of the names, ``otherwise`` where it is not.

        Raises
        ------
        UnknownNameError
            Where it is not, and the call is strict.
        """
        return self.use(otherwise, _one_of, kind, value, list(names), **more)


def _one_of(kind: str, value: str, names: list[str]) -> str:
    if value in names:
        return value
    raise UnknownNameError(kind, value, [one for one in names if one])
