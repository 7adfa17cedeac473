"""What a grading gives: a share or a number, with its interval and what it should reach."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Mark", "MarkSheet", "share", "spread"]

_Z = 1.959964


@dataclass(frozen=True)
class Mark:
    """One figure.

    Attributes
    ----------
    grading, name : str
        Of which analysis, and what was measured.
    value, low, high : float or None
        With its 95 % interval; None: the analysis is not there, or there was no case.
    cases : int
    at_least, at_most : float or None
        What it should reach.
    note : str

    Examples
    --------
    >>> Mark("partners", "recall", 0.9, 0.8, 0.95, 40, at_least=0.85).is_met, Mark("segments", "not there", None, None, None, 0).is_met
    (True, None)
    """

    grading: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    cases: int
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def wanted(self) -> str:
        """What it should reach, in words."""
        return " and ".join(f"{sign} {limit:g}" for sign, limit in ((">=", self.at_least), ("<=", self.at_most)) if limit is not None)

    @property
    def is_met(self) -> bool | None:
        """Whether the value reaches it; None where nothing is wanted or nothing was measured."""
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        return (self.at_least is None or self.value >= self.at_least) and (self.at_most is None or self.value <= self.at_most)

    def to_dict(self) -> dict[str, Any]:
        """The mark as plain data."""
        return {**vars(self), "wanted": self.wanted, "is_met": self.is_met}


@dataclass(frozen=True)
class MarkSheet:
    """All marks of a call.

    Attributes
    ----------
    seed : int
    marks : tuple of Mark
    seconds : float
    """

    seed: int
    marks: tuple[Mark, ...]
    seconds: float

    @property
    def missed(self) -> tuple[Mark, ...]:
        """The marks that do not reach what is wanted."""
        return tuple(one for one in self.marks if one.is_met is False)

    @property
    def absent(self) -> tuple[Mark, ...]:
        """What could not be graded since it is not there."""
        return tuple(one for one in self.marks if one.value is None)

    def to_dict(self) -> dict[str, Any]:
        """The sheet as plain data."""
        return {"seed": self.seed, "seconds": round(self.seconds, 1), "missed": len(self.missed), "not_there": len(self.absent),
                "marks": [one.to_dict() for one in self.marks]}


def share(grading: str, name: str, hits: int, cases: int, **wanted: Any) -> Mark:
    """A share with its Wilson interval.

    Examples
    --------
    >>> found = share("partners", "recall", 9, 10)
    >>> round(found.low, 3), round(found.high, 3)
    (0.596, 0.982)
    """
    if not cases:
        return Mark(grading, name, None, None, None, 0, **wanted)
    p, z2 = hits / cases, _Z * _Z
    centre, half = (p + z2 / (2 * cases)) / (1 + z2 / cases), _Z / (1 + z2 / cases) * math.sqrt(p * (1 - p) / cases + z2 / (4 * cases * cases))
    return Mark(grading, name, p, max(centre - half, 0.0), min(centre + half, 1.0), cases, **wanted)


def spread(grading: str, name: str, values: Iterable[float], **wanted: Any) -> Mark:
    """The median of some values, and the smallest and the largest of them.

    Examples
    --------
    >>> found = spread("partners", "hours to find", [3.0, 1.0, 2.0])
    >>> found.value, found.low, found.high
    (2.0, 1.0, 3.0)
    """
    known = [float(one) for one in values if one is not None and math.isfinite(one)]
    if not known:
        return Mark(grading, name, None, None, None, 0, **wanted)
    return Mark(grading, name, float(np.median(known)), min(known), max(known), len(known), **wanted)
