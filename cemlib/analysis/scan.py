"""Likelihood scan: the elements whose rate of events is another than expected."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.stats import norm

from cemlib.analysis.elements import Elements
from cemlib.analysis.rates import Rates

__all__ = ["Scan", "Taken"]

_ROUNDS = 2
_MOST_EQUALS = 10


@dataclass(frozen=True)
class Taken:
    """One element that was taken as a cause.

    Attributes
    ----------
    element : int
    sign : int
        1: more events than expected, -1: fewer.
    llr : float
        Log likelihood ratio of "this element has another rate" against "nothing changed".
    p : float
        Of its having another rate than the rest, for as many elements as were looked at (Bonferroni).
    equals : tuple of (int, float)
        Elements that explain nearly as much, with the part of ``llr`` that they reach.
    alive : numpy.ndarray
        The leaves among which it was looked for.
    """

    element: int
    sign: int
    llr: float
    p: float
    equals: tuple[tuple[int, float], ...]
    alive: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class _Sums:
    """Sums by element: events, expected events, trials, and the variance of the expected ones with and without overdispersion."""

    events: np.ndarray
    expected: np.ndarray
    trials: np.ndarray
    noise: np.ndarray
    counting: np.ndarray


class Scan:
    """Takes the most likely element, removes its leaves, and looks again.

    An element is scored by its log likelihood ratio (expectation-based scan, Neill 2009; the base's few trials count as a second sample) less the
    logarithm of the number of elements as deep as it is (description length). It is a cause when it differs from the rest of the leaves (Kulldorff
    1997) by more than chance and the estimated overdispersion explain; otherwise the change of the whole is taken out once and the scan goes on.

    Parameters
    ----------
    elements : Elements
    rates : Rates
    signs : tuple of int
        Which directions are looked for.
    alpha : float
    near : float
        Elements whose ratio is at most this part smaller explain nearly as much.
    max_causes : int

    Attributes
    ----------
    everywhere : float
        Factor by which all that is left moved together; 1: it did not.
    overdispersion : float
    """

    def __init__(self, elements: Elements, rates: Rates, *, signs: tuple[int, ...], alpha: float, near: float, max_causes: int) -> None:
        self.elements, self.rates, self.signs, self.alpha, self.near, self.max_causes = elements, rates, signs, alpha, near, max_causes
        cost = np.log(np.bincount(elements.depth))
        # the whole is no simpler a guess than one value of a dimension: who asks "where" expects a place
        cost[0] = cost[min(1, len(cost) - 1)]
        self._cost = cost[elements.depth]
        self.everywhere, self.overdispersion = 1.0, 0.0

    def run(self) -> list[Taken]:
        """The causes, the strongest first."""
        self.overdispersion = 0.0
        for _ in range(_ROUNDS):
            found = self._take()
            new = self._spread_outside(found)
            if new == self.overdispersion:
                return found
            self.overdispersion = new
        return self._take()

    def _spread_outside(self, found: list[Taken]) -> float:
        """Overdispersion of the leaves that are in no cause: within one, leaves may well be hit differently."""
        rates, outside = self.rates, np.ones(len(self.elements.leaves), bool)
        for one in found:
            outside &= ~self.elements.members(one.element)
        rate = rates.bound(rates.rate * self.everywhere)
        expected = (rates.trials * rate)[outside].sum()
        factor = max(rates.events[outside].sum(), 1.0) / expected if expected > 0 else 1.0
        return rates.estimate_overdispersion(rates.bound(rate * factor), outside)

    def _take(self) -> list[Taken]:
        rates, found = self.rates, []
        alive, rate = np.ones(len(self.elements.leaves), bool), rates.rate
        self.everywhere = 1.0
        while len(found) < self.max_causes and alive.any():
            unique = self.elements.distinct(alive)
            sums = self._sum(alive, rate)
            best = self._best(unique, sums)
            if best is None:
                break
            element, sign, ratio = best
            p = min(1.0, float(len(unique) * norm.sf(np.sqrt(2 * self._against_rest(element, sums)))))
            if element and p < self.alpha:
                equals = self._equals(element, ratio[element], ratio, alive)
                found.append(Taken(element, sign, float(ratio[element]), p, equals, alive))
                alive = alive & ~self.elements.members(element)
            elif self.everywhere == 1.0 and sums.expected[0] > 0 and sums.events[0] != sums.expected[0]:
                self.everywhere = max(float(sums.events[0] / sums.expected[0]), 1e-9)
                rate = rates.bound(rate * self.everywhere)
            else:
                break
        return found

    def _sum(self, alive: np.ndarray, rate: np.ndarray) -> _Sums:
        rates = self.rates
        by_leaf = (rates.events, rates.trials * rate, rates.trials, rates.noise(rate, self.overdispersion), rates.noise(rate))
        return _Sums(*(self.elements.sum(np.where(alive, one, 0.0)) for one in by_leaf))

    def _best(self, unique: np.ndarray, sums: _Sums) -> tuple[int, int, np.ndarray] | None:
        """Element, sign and the ratios of all elements with this sign."""
        best, most = None, 0.0
        ratio = self.rates.likelihood_ratio(sums.events, sums.expected, sums.counting, sums.trials)
        for sign in self.signs:
            signed = np.where((sums.events - sums.expected) * sign > 0, ratio, 0.0)
            score = (signed - self._cost)[unique]
            pick = unique[np.argmax(score)]
            if score.max() > most:
                best, most = (int(pick), sign, signed), score.max()
        return best

    def _against_rest(self, element: int, sums: _Sums) -> float:
        """Log likelihood ratio of "the element and the rest have moved differently" against "all have moved as one"."""
        def ratio(part: list[float]) -> float:
            return float(self.rates.likelihood_ratio(*(np.maximum(one, 0.0) for one in part)))

        parts = [(one[element], one[0]) for one in (sums.events, sums.expected, sums.noise, sums.trials)]
        return max(ratio([own for own, _ in parts]) + ratio([whole - own for own, whole in parts]) - ratio([whole for _, whole in parts]), 0.0)

    def _equals(self, element: int, llr: float, ratio: np.ndarray, alive: np.ndarray) -> tuple[tuple[int, float], ...]:
        """Elements that reach nearly the same ratio; of those with the same leaves the ones that name no more than is needed."""
        cuboids, marks = self.elements.cuboids, self.elements.marks(alive)
        near = np.flatnonzero(ratio >= (1 - self.near) * llr)
        kept: list[int] = [element]
        for one in sorted(near, key=lambda number: (self.elements.depth[number], -ratio[number], number)):
            names = set(cuboids[self.elements.cuboid[one]])
            if one and not any(marks[one] == marks[other] and names >= set(cuboids[self.elements.cuboid[other]]) for other in kept):
                kept.append(int(one))
            if len(kept) > _MOST_EQUALS:
                break
        return tuple((one, float(ratio[one] / llr)) for one in kept[1:])
