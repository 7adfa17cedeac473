"""The elements (dimension = value, and …) that leaves belong to, up to a depth, and sums over them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from cemlib.analysis.leaves import Leaves
from cemlib.errors import ParameterError

__all__ = ["Elements"]


class Elements:
    """All elements of the cuboids of 0 … ``max_depth`` dimensions; the first is the whole.

    Parameters
    ----------
    leaves : Leaves
    max_depth : int
    max_cells : int
        Leaves times cuboids may not be more than so many.

    Attributes
    ----------
    depth, cuboid, first : numpy.ndarray
        Of each element: number of dimensions, number of its cuboid, one of its leaves.
    cuboids : list of tuple of int
        The dimensions of each cuboid.
    ids : numpy.ndarray
        (cuboids, leaves): the element to which a leaf belongs.

    Examples
    --------
    >>> from cemlib.analysis.leaves import read_leaves
    >>> rows = pd.DataFrame({"cell": ["a", "a", "b"], "plan": ["x", "y", "x"], "fail": [1, 2, 4]})
    >>> all_of = Elements(read_leaves({"now": rows}, ["cell", "plan"], ["fail"], max_values=9), 2)
    >>> found = {str(all_of.pattern(one)): float(total) for one, total in enumerate(all_of.sum(all_of.leaves.numbers["now.fail"]))}
    >>> len(found), found["{}"], found["{'cell': 'a'}"]
    (8, 7.0, 3.0)
    """

    def __init__(self, leaves: Leaves, max_depth: int, *, max_cells: int = 20_000_000) -> None:
        self.leaves = leaves
        wide = len(leaves.dims)
        self.cuboids = [one for depth in range(min(max_depth, wide) + 1) for one in combinations(range(wide), depth)]
        if len(self.cuboids) * len(leaves) > max_cells:
            raise ParameterError("There are too many combinations to look through.", wanted=f"leaves x groups of dimensions at most {max_cells:,}",
                                 came=f"{len(leaves):,} leaves x {len(self.cuboids)} groups of up to {max_depth} of {wide} dimensions",
                                 todo="Lower max_depth, leave a dimension out, or group its values.")
        ids, first, begin = [], [], 0
        for cuboid in self.cuboids:
            key = np.zeros(len(leaves), np.int64)
            for dim in cuboid:
                key = key * len(leaves.values[dim]) + leaves.codes[:, dim]
                if len(cuboid) > 2:
                    key = pd.factorize(key)[0].astype(np.int64)
            local, known = pd.factorize(key)
            one = np.zeros(len(known), np.int64)
            one[local[::-1]] = np.arange(len(local))[::-1]
            ids.append(local + begin)
            first.append(one)
            begin += len(known)
        self.ids = np.stack(ids)
        self.first = np.concatenate(first)
        sizes = [len(one) for one in first]
        self.cuboid = np.repeat(np.arange(len(sizes)), sizes)
        self.depth = np.array([len(one) for one in self.cuboids])[self.cuboid]
        self._matrix: sparse.csr_array | None = None

    def __len__(self) -> int:
        return len(self.first)

    def sum(self, numbers: np.ndarray) -> np.ndarray:
        """Sums by element of numbers by leaf, ``(leaves,)`` or ``(leaves, columns)``."""
        if self._matrix is None:
            leaf = np.broadcast_to(np.arange(self.ids.shape[1]), self.ids.shape).ravel()
            self._matrix = sparse.csr_array((np.ones(leaf.size), (self.ids.ravel(), leaf)), shape=(len(self), self.ids.shape[1]))
        return self._matrix @ numbers

    def members(self, element: int) -> np.ndarray:
        """Which leaves belong to an element, as true and false."""
        return self.ids[self.cuboid[element]] == element

    def pattern(self, element: int) -> dict[str, Any]:
        """An element as dimension to value, dimensions in the order of their names."""
        dims = self.cuboids[self.cuboid[element]]
        found = {self.leaves.dims[dim]: self.leaves.values[dim][self.leaves.codes[self.first[element], dim]] for dim in dims}
        return {name: found[name] for name in sorted(found, key=str)}

    def marks(self, alive: np.ndarray) -> np.ndarray:
        """A number for the set of living leaves of each element: equal sets, equal numbers; 0 without any."""
        with np.errstate(over="ignore"):
            mark = np.arange(1, self.ids.shape[1] + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            mark = (mark ^ (mark >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            mark = np.where(alive, mark ^ (mark >> np.uint64(32)), np.uint64(0))
            total = np.zeros(len(self), np.uint64)
            for row in self.ids:
                np.add.at(total, row, mark)
        return total

    def distinct(self, alive: np.ndarray) -> np.ndarray:
        """Elements that hold a living leaf, each set of leaves once: with the fewest dimensions."""
        known, first = np.unique(self.marks(alive), return_index=True)
        return np.sort(first[known != 0])
