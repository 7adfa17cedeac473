"""How far is unusual: the rank of a residual among those of the past, whatever their distribution."""

from __future__ import annotations

import numpy as np

from cemlib.analysis.weekly import median_by_row
from cemlib.errors import ParameterError

__all__ = ["Calibration"]

_SPELL = 6.0  # spreads beyond which two residuals in a row are a spell of failure and no yardstick
_NEAR_S = 2 * 3600  # hours of the day so near to each other share their spread


class Calibration:
    """Residuals of the past, made alike by the spread of their hour of day, as a yardstick for new ones.

    Parameters
    ----------
    alpha : float
        The smallest tail that must be tellable.

    Attributes
    ----------
    n : array of int
        Residuals of each entity that are believed.
    left_out : array of int
        Those of spells of failure.
    scale : array
        Spread of each entity's residuals (1.4826 times the median absolute one).
    is_own : array of bool
        Whether they are enough for alpha; otherwise those of all entities are taken.

    Examples
    --------
    Nine residuals 1 … 9: a new 0 has rank 1 of 10.

    >>> found = Calibration(0.1).fit(np.arange(1.0, 10)[None], np.zeros(9, int), 1, 86400)
    >>> [float(tail[0]) for tail in found.tails(np.array([0]), np.array([0]), np.array([0.0]))]
    [0.1, 1.0]
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    def fit(self, residuals: np.ndarray, slot: np.ndarray, slots: int, width_s: int) -> Calibration:
        """Learn from past residuals.

        Parameters
        ----------
        residuals : array, entity x bin
            Missing ones are NaN.
        slot : array of int
            Slot of the day of each bin.
        slots, width_s : int
            Slots of a day, and their width in seconds.

        Raises
        ------
        ParameterError
            When the residuals of all entities together are too few for alpha.
        """
        self.scale = 1.4826 * median_by_row(np.abs(residuals))
        self._spread = self._spreads(residuals, slot, slots, width_s)
        scores = residuals / self._spread[:, slot]
        far = np.abs(scores) > _SPELL
        beside = np.pad(far, ((0, 0), (1, 1)))
        spell = far & (beside[:, :-2] | beside[:, 2:])
        scores[spell] = np.nan
        self.left_out = spell.sum(axis=1)
        self.n = np.isfinite(scores).sum(axis=1)
        self._sorted = np.sort(scores, axis=1)
        self.is_own = (self.n + 1) * self.alpha >= 1
        self._pool = np.empty(0)
        if not self.is_own.all():
            self._pool = np.sort(scores[np.isfinite(scores)])
            if (self._pool.size + 1) * self.alpha < 1 and not self.is_own.any():
                raise ParameterError("Too few bins to tell so small a share of false alarms.", wanted=f"{int(np.ceil(1 / self.alpha)) - 1} residuals for alpha {self.alpha:g}",
                                     came=f"{self._pool.size}", todo=f"Give a longer past or more entities, or an alpha of {1 / (self._pool.size + 1):.2g} or more.")
        return self

    def _spreads(self, residuals: np.ndarray, slot: np.ndarray, slots: int, width_s: int) -> np.ndarray:
        """Entity x slot: the median absolute residual of the hours around, half of the whole day's at least."""
        whole = np.where(self.scale > 0, self.scale, np.nan)
        # more than half are nothing, as with rare events: the mean instead
        with np.errstate(invalid="ignore"):
            mean = np.nansum(np.abs(residuals), axis=1) / np.maximum(np.isfinite(residuals).sum(axis=1), 1)
        whole = np.where(np.isfinite(whole), whole, np.where(mean > 0, mean, 1.0))
        own = np.column_stack([1.4826 * median_by_row(np.abs(residuals[:, slot == one])) for one in range(slots)])
        own = np.where(np.isfinite(own), own, whole[:, None])
        reach = min(_NEAR_S // width_s, (slots - 1) // 2)
        around = np.mean([np.roll(own, shift, axis=1) for shift in range(-reach, reach + 1)], axis=0)
        return np.maximum(around, whole[:, None] / 2)

    def _yardstick(self, row: int) -> np.ndarray:
        return self._sorted[row, : self.n[row]] if self.is_own[row] else self._pool

    def tails(self, row: np.ndarray, slot: np.ndarray, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper tail of new residuals of these entities (by row) and slots; NaN where the residual is."""
        score = residual / self._spread[row, slot]
        low, high = np.full(score.shape, np.nan), np.full(score.shape, np.nan)
        for places in _by_row(row):
            known = self._yardstick(row[places[0]])
            low[places] = (1 + np.searchsorted(known, score[places], side="right")) / (known.size + 1)
            high[places] = (1 + known.size - np.searchsorted(known, score[places], side="left")) / (known.size + 1)
        missing = ~np.isfinite(score)
        low[missing] = high[missing] = np.nan
        return low, high

    def quantile(self, row: np.ndarray, slot: np.ndarray, q: float) -> np.ndarray:
        """The residual that a share ``q`` of new ones does not exceed."""
        out = np.full(row.shape, np.nan)
        for places in _by_row(row):
            known = self._yardstick(row[places[0]])
            if known.size:
                rank = np.floor(q * (known.size + 1)) if q < 0.5 else np.ceil(q * (known.size + 1))
                out[places] = known[int(np.clip(rank, 1, known.size)) - 1]
        return out * self._spread[row, slot]


def _by_row(row: np.ndarray) -> list[np.ndarray]:
    """Places of each entity."""
    if not row.size:
        return []
    order = np.argsort(row, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(row[order])) + 1)
