"""Named random streams: one per (node, entity), so that changing one node leaves every other bit as it was.

A node is a variable of the structural model ("registration.fail", "trip.country"). Row-wise draws are counter-based: the value
of a row depends on the seed, the node and the row's own id, never on how many rows there are. A fault that adds or removes
rows therefore leaves all rows alone that do not descend from it.
"""

from __future__ import annotations

import hashlib

import numpy as np

from cemlib.errors import ParameterError
from cemlib.twin import exact

__all__ = ["Streams"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _words(name: str) -> list[int]:
    return np.frombuffer(hashlib.sha256(name.encode()).digest()[:16], dtype="<u4").tolist()


class Streams:
    """All the randomness of one world.

    Parameters
    ----------
    seed : int
        Two worlds with the same seed share every draw of every node.

    Examples
    --------
    >>> one, other = Streams(1), Streams(1)
    >>> bool((one.uniform("trip.start", [4, 7]) == other.uniform("trip.start", [7, 4])[::-1]).all())
    True
    >>> one.generator("day", "99917").integers(1000) == one.generator("day", "99918").integers(1000)
    np.False_
    """

    def __init__(self, seed: int) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise ParameterError("The seed must be a whole number of at least 0.", came=repr(seed))
        self.seed = int(seed)

    def sequence(self, node: str, entity: str = "") -> np.random.SeedSequence:
        """The seed sequence of one node and entity, keyed by a hash of their names."""
        return np.random.SeedSequence([self.seed, *_words(f"{node}\x1f{entity}")])

    def generator(self, node: str, entity: str = "") -> np.random.Generator:
        """A numpy generator for draws that are few and ordered (a partner's days)."""
        return np.random.Generator(np.random.PCG64(self.sequence(node, entity)))

    def uniform(self, node: str, ids) -> np.ndarray:
        """One number in (0, 1) for each row id (the SplitMix64 finaliser over id and key)."""
        key = self.sequence(node).generate_state(1, np.uint64)[0]
        z = np.asarray(ids).astype(np.uint64) * _GOLDEN + key
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        return ((z >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def normal(self, node: str, ids) -> np.ndarray:
        """One standard normal number for each row id."""
        return exact.normal_quantile()(self.uniform(node, ids))

    def lognormal(self, node: str, ids, median, sigma) -> np.ndarray:
        """One log-normal number for each row id; median may differ by row."""
        return np.asarray(median) * exact.exp(sigma * self.normal(node, ids))

    def pick(self, node: str, ids, weights) -> np.ndarray:
        """The index of one of the weights for each row id, in proportion to them.

        Examples
        --------
        >>> Streams(1).pick("coin", range(10_000), [3, 1]).mean().round(2)
        np.float64(0.25)
        """
        ladder = np.cumsum(np.asarray(weights, dtype=np.float64))
        return np.searchsorted(ladder / ladder[-1], self.uniform(node, ids), side="right").clip(0, len(ladder) - 1)

    def poisson(self, node: str, ids, mean) -> np.ndarray:
        """A Poisson count for each row id, by inversion.

        Examples
        --------
        >>> Streams(1).poisson("calls", range(10_000), 4.0).mean().round(1)
        np.float64(4.0)
        """
        u = self.uniform(node, ids)
        mean = np.broadcast_to(np.asarray(mean, dtype=np.float64), u.shape)
        count = np.zeros(u.shape, dtype=np.int64)
        term = exact.exp(-mean)
        # only those that are not reached yet go on
        left = np.flatnonzero(u > term)
        u, mean, term = u[left], mean[left], term[left]
        reached = term.copy()
        for k in range(1, 400):
            if not len(left):
                break
            count[left] = k
            term = term * mean / k
            reached = reached + term
            on = u > reached
            left, u, mean, term, reached = left[on], u[on], mean[on], term[on], reached[on]
        return count
