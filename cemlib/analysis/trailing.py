"""Sums of the bins of a series over the spans of time that end with each."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["TrailingSums"]


class TrailingSums:
    """Sums over trailing spans, by time and not by place: a gap is a gap.

    Parameters
    ----------
    frame : DataFrame
        code (of the entity), at, num, den, sorted by both.
    width : Timedelta
        Of a bin.
    reach : int
        The longest span asked for, in bins.

    Examples
    --------
    The third hour is missing: the two hours that end with the fourth hold one bin.

    >>> at = pd.to_datetime(["2026-03-01 00:00", "2026-03-01 01:00", "2026-03-01 03:00"])
    >>> sums = TrailingSums(pd.DataFrame({"code": 0, "at": at, "num": [1, 2, 3], "den": [4, 5, 6]}), pd.Timedelta("1h"), reach=2)
    >>> sums.over(np.arange(3), 2, 1)["den"].tolist()
    [4.0, 9.0, 6.0]
    """

    def __init__(self, frame: pd.DataFrame, width: pd.Timedelta, reach: int) -> None:
        ticks = frame["at"].to_numpy("datetime64[s]").astype("int64") // int(width.total_seconds())
        ticks = ticks - ticks.min(initial=ticks[0] if len(ticks) else 0)
        # so much room between entities that no look back meets the one before
        self._key = frame["code"].to_numpy() * (int(ticks.max(initial=0)) + reach + 1) + ticks
        self._num, self._den = (np.r_[0.0, np.cumsum(frame[one].to_numpy(float))] for one in ("num", "den"))

    def _between(self, low: np.ndarray, high: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray]:
        """Sums of the bins with key above ``low`` and at most ``high``, from place ``start`` on."""
        first, last = (np.maximum(np.searchsorted(self._key, one, side="right"), start) for one in (low, high))
        return self._num[last] - self._num[first], self._den[last] - self._den[first]

    def over(self, rows: np.ndarray, span: int, part: int, start: int = 0) -> pd.DataFrame:
        """num, den and den_squared of the spans that end with these rows.

        Parameters
        ----------
        rows : array of int
        span, part : int
            Width of the span, and of the parts whose squares are summed, in bins.
        start : int
            Rows before it do not count.
        """
        key = self._key[rows]
        num, den, squared = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
        for back in range(0, span, part):
            some_num, some_den = self._between(key - back - part, key - back, start)
            num, den, squared = num + some_num, den + some_den, squared + some_den**2
        return pd.DataFrame({"num": num, "den": den, "den_squared": squared})
