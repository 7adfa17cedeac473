"""Restricted cubic splines: how a variable acts, bent where it was observed and straight beyond."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Spline"]

#: Where the knots stand, as quantiles (Harrell 2015).
_PLACES = {3: (0.1, 0.5, 0.9), 5: (0.05, 0.275, 0.5, 0.725, 0.95), 7: (0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975)}


@dataclass(frozen=True)
class Spline:
    """A cubic spline that is a straight line before the first knot and after the last (Stone and Koo 1985).

    Attributes
    ----------
    knots : ndarray
        Rising. Fewer than three make no bend.

    Examples
    --------
    >>> Spline(np.array([0.0, 1.0, 2.0])).bends(np.array([-1.0, 0.0, 1.0, 2.0, 3.0])).ravel().tolist()    # straight beyond 2
    [0.0, 0.0, 0.25, 1.5, 3.0]
    """

    knots: np.ndarray

    @classmethod
    def through(cls, values: np.ndarray, knots: int) -> Spline:
        """Knots at quantiles of what was observed: 3, 5 or 7 of them, and of fewer values at each.

        Where many have the same value (no stall at all), quantiles fall together: then those of the different values are taken.
        """
        seen = np.unique(values)
        if len(seen) <= knots:
            return cls(seen)
        found = np.unique(np.quantile(values, _PLACES[knots]))
        return cls(found if len(found) == knots else np.unique(np.quantile(seen, _PLACES[knots])))

    def bends(self, values: np.ndarray) -> np.ndarray:
        """The terms beside the straight line, one less than there are knots between the outer two and one of them: row x (knots - 2)."""
        knots = self.knots
        if len(knots) < 3:
            return np.zeros((len(values), 0))
        *first, before, last = (_cube(values, one) for one in knots)
        width, unit = knots[-1] - knots[-2], (knots[-1] - knots[0]) ** 2
        found = np.empty((len(values), len(first)), order="F")
        for place, (knot, cube) in enumerate(zip(knots, first)):
            found[:, place] = cube / unit - before * ((knots[-1] - knot) / width / unit) + last * ((knots[-2] - knot) / width / unit)
        return found


def _cube(values: np.ndarray, knot: float) -> np.ndarray:
    # a power of floats takes ten times as long as two products
    above = np.maximum(values - knot, 0)
    return above * above * above
