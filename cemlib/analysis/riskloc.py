"""RiskLoc: the elements whose leaves left their forecast together, for sums (volumes, revenues, counts with large leaves)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cemlib.analysis.elements import Elements

__all__ = ["RiskLoc", "Taken"]


@dataclass(frozen=True)
class Taken:
    """One element that was taken as a cause.

    Attributes
    ----------
    element : int
    risk : float
        High risk minus low risk, at most 1.
    power : float
        Its part of the total change of what was left when it was found.
    equals : tuple of (int, float)
        Elements of the same layer that explain nearly as much, with the share of ``power`` that they reach.
    alive : numpy.ndarray
        The leaves among which it was looked for.
    """

    element: int
    risk: float
    power: float
    equals: tuple[tuple[int, float], ...]
    alive: np.ndarray = field(repr=False)


class RiskLoc:
    """The search of Kalander (2022), written from the paper.

    Leaves are split at a cut-off of their deviation ``2 (expected - actual) / (expected + actual)`` into a normal and an anomalous part. Layer by
    layer, an element is taken when its leaves are anomalous (high risk) and what is left of their deviation after moving the element as one, its
    ripple, is small (low risk).

    Parameters
    ----------
    elements : Elements
    risk : float
        Difference of high and low risk from which an element counts.
    power : float
        Part of the anomalous part's explanatory power that an element must have.
    extremes : int
        Distinct deviations left out at either end when the cut-off is looked for.
    max_causes : int

    References
    ----------
    M. Kalander, "RiskLoc: Localization of Multi-dimensional Root Causes by Weighted Risk", arXiv:2205.10004, 2022.
    """

    def __init__(self, elements: Elements, *, risk: float = 0.5, power: float = 0.02, extremes: int = 5, max_causes: int = 10, near: float = 0.05) -> None:
        self.elements, self.risk, self.power, self.extremes, self.max_causes, self.near = elements, risk, power, extremes, max_causes, near

    def run(self, actual: np.ndarray, expected: np.ndarray) -> list[Taken]:
        """Look for causes, one after the other.

        Parameters
        ----------
        actual, expected : numpy.ndarray
            By leaf, not negative.
        """
        deviation = deviate(actual, expected)
        is_odd, cut = self._split(deviation)
        weight = np.minimum(np.where(is_odd, np.abs(deviation), np.abs(cut - deviation)), 1.0)
        weight[(actual == 0) & (expected == 0)] = 0.0
        total = (actual - expected).sum()
        power = (actual - expected) / total if total else np.zeros(len(actual))
        if power[is_odd].sum() < 0:
            power = -power
        alive, found = np.ones(len(actual), bool), []
        first = power[is_odd].sum()
        while len(found) < self.max_causes and (alive & is_odd).any():
            left = power[alive & is_odd].sum()
            if left < self.power * max(first, 1e-300) or left < self.power:
                break
            taken = self._search(alive, is_odd, weight, power, actual, expected, deviation, left)
            if taken is None:
                break
            found.append(taken)
            alive = alive & ~self.elements.members(taken.element)
        return found

    def _split(self, deviation: np.ndarray) -> tuple[np.ndarray, float]:
        known = np.unique(deviation)
        inner = known[self.extremes:-self.extremes] if len(known) > 2 * self.extremes else known
        low, high = inner[0], inner[-1]
        # the side that reaches less far is noise alone; the other side beyond as much is odd
        cut = -low if abs(low) <= abs(high) else -high
        return (deviation > cut if cut > 0 else deviation < cut), float(cut)

    def _search(self, alive, is_odd, weight, power, actual, expected, deviation, left) -> Taken | None:
        enough = self._worthwhile(alive, power, left)
        for depth in range(1, int(self.elements.depth.max(initial=0)) + 1):
            best = []
            for number, cuboid in enumerate(self.elements.cuboids):
                if len(cuboid) == depth:
                    best += self._cuboid(self.elements.ids[number], alive, is_odd, weight, power, actual, expected, deviation, left)
            if best:
                best = [one for one in best if enough[one[0]]]
            if best:
                best.sort(key=lambda one: (-one[1], -one[2], one[0]))
                top = best[0]
                equals = tuple((one[0], one[1] / top[1]) for one in best[1:] if one[1] >= (1 - self.near) * top[1])
                return Taken(top[0], top[2], top[1], equals, alive)
        return None

    def _worthwhile(self, alive, power, left) -> np.ndarray:
        """Whether each value that an element names explains enough by itself."""
        elements, first = self.elements, self.elements.first
        enough = np.ones(len(elements), bool)
        for dim, number in ((cuboid[0], number) for number, cuboid in enumerate(elements.cuboids) if len(cuboid) == 1):
            ids = elements.ids[number]
            total = np.bincount(ids, power * alive, len(elements))
            names = np.array([dim in cuboid for cuboid in elements.cuboids])[elements.cuboid]
            enough &= ~names | (total >= self.power * left)[ids[first]]
        return enough

    def _cuboid(self, ids, kept, is_odd, weight, power, actual, expected, deviation, left) -> list[tuple[int, float, float]]:
        ids, base = ids - ids.min(), int(ids.min())
        size = int(ids.max()) + 1

        def total(values: np.ndarray) -> np.ndarray:
            return np.bincount(ids[kept], values[kept], size)

        explained = total(power)
        odd, normal = total(weight * is_odd), total(weight * ~is_odd)
        high = odd / (odd + normal + 1)
        seen, forecast = total(actual), total(expected)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(forecast > 0, seen / forecast, 1.0)
        full = actual + expected
        rest = np.abs(deviate(actual, expected * ratio[ids])) * full
        before = total(np.abs(deviation) * full)
        with np.errstate(divide="ignore", invalid="ignore"):
            low = np.where(before > 0, total(rest) / before, 1.0)
        ok = np.flatnonzero((explained >= self.power * left) & (high - low >= self.risk))
        return [(int(one) + base, float(explained[one]), float((high - low)[one])) for one in ok]


def deviate(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Deviation of leaves, -2 … 2; that of an empty leaf is 0.

    Examples
    --------
    >>> deviate(np.array([50.0, 100.0, 0.0]), np.array([100.0, 100.0, 0.0]))
    array([0.66666667, 0.        , 0.        ])
    """
    both = expected + actual
    return np.divide(2 * (expected - actual), both, out=np.zeros(len(both)), where=both != 0)
