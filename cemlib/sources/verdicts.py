"""What is wrong with each record of a batch: the first thing found, as a reject is told by one reason."""

from __future__ import annotations

import numpy as np

__all__ = ["Verdicts"]


class Verdicts:
    """The first thing that is wrong with each record of a batch.

    Examples
    --------
    >>> verdicts = Verdicts(3)
    >>> verdicts.refuse(np.array([False, True, False]), "rating", "out_of_range", "must lie in 1 … 5")
    >>> verdicts.refuse(np.array([False, True, True]), "answered", "bad_time", "is no time")
    >>> verdicts.good.tolist(), [verdicts.of(row) for row in (1, 2)]
    ([True, False, False], [('rating', 'out_of_range', 'must lie in 1 … 5'), ('answered', 'bad_time', 'is no time')])
    """

    def __init__(self, records: int) -> None:
        self._first = np.full(records, -1, np.int32)
        self._told: list[tuple[str, str, str]] = []

    def refuse(self, wrong: np.ndarray, column: str, code: str, reason: str) -> None:
        """Refuse the records where ``wrong`` is true, unless they are refused already."""
        if wrong.any():
            self._first[wrong & (self._first < 0)] = len(self._told)
            self._told.append((column, code, reason))

    @property
    def good(self) -> np.ndarray:
        """Which records nothing is wrong with."""
        return self._first < 0

    def of(self, row: int) -> tuple[str, str, str]:
        """Column, reason code and reason of a refused record."""
        return self._told[self._first[row]]
