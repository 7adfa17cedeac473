"""What a model of experience gives: values on a stated scale, and how many rows got none and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from cemlib.errors import ParameterError

__all__ = ["Score", "require_one_scale"]


@dataclass(frozen=True, eq=False)
class Score:
    """Values of experience with the method and the scale that they stand on. A value is never shown without them.

    Attributes
    ----------
    values : ndarray of float64
        NaN is null: the row was missing, impossible, or outside the model's range.
    method : str
        How it was computed, as in the column ``mos_method_code``: g107_nb, g1030, own …
    scale : str
        What the numbers mean. Values on two scales are never averaged together.
    unit : str
        MOS or score.
    low, high : float
        The ends of the scale that the method can reach.
    counts : mapping
        rows, scored, missing, impossible, outside (possible, but beyond the range in which the model holds: null) and
        extrapolated (the same, but scored because the caller asked for it).

    Examples
    --------
    >>> score = Score(np.array([4.5, np.nan, 1.0]), "g107_nb", "MOS-CQE, narrowband", "MOS", 1.0, 4.5)
    >>> score.to_list()
    [4.5, None, 1.0]
    >>> score.to_percent().to_list()
    [100.0, None, 0.0]
    """

    values: np.ndarray
    method: str
    scale: str
    unit: str
    low: float
    high: float
    counts: Mapping[str, int] = field(default_factory=dict)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self.values, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        return int(self.values.size)

    def to_list(self) -> list[float | None]:
        """The values with None for null."""
        return [None if one != one else float(one) for one in np.ravel(self.values)]

    def to_percent(self, low: float | None = None, high: float | None = None) -> Score:
        """The values on 0 … 100: the share of the way from the worst to the best of the scale (own, linear).

        Parameters
        ----------
        low, high : float, optional
            Other ends than those that the method can reach: 1 and 5 to compare methods with different tops.
        """
        low, high = self.low if low is None else low, self.high if high is None else high
        if not low < high:
            raise ParameterError("A scale goes from its low to its high end.", wanted="low < high", came=f"{low} … {high}")
        values = np.clip((self.values - low) / (high - low) * 100, 0, 100)
        return replace(self, values=values, scale=f"0 … 100 of {self.scale} ({low:g} … {high:g})", unit="score", low=0.0, high=100.0)


def require_one_scale(*scores: Score) -> None:
    """Refuse scores of different scales: a narrowband 4.4 is its scale's best, a wideband 4.4 is not.

    Raises
    ------
    ParameterError
        When the scales differ.
    """
    scales = sorted({f"{one.method}: {one.scale}" for one in scores})
    if len(scales) > 1:
        raise ParameterError("Scores on different scales cannot be put together.", wanted="one method and scale", came="; ".join(scales),
                             todo="Turn each into 0 … 100 with to_percent(), or keep them apart.")
