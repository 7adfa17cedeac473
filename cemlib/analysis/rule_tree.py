"""A small decision tree whose leaves may keep silent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.tree import DecisionTreeClassifier

__all__ = ["SILENT", "RuleTree", "grow_tree"]

#: Label of a leaf that names no group.
SILENT = -1

_BINS = 128  # places where a feature may be cut
_STARTS = 5
_ROUNDS = 10
_FEWEST = 10  # rows of a leaf that names a group


@dataclass
class RuleTree:
    """Cuts and leaves; node 0 is the root.

    Attributes
    ----------
    left, right : array of int
        Children of each node, -1 for a leaf.
    feature, cut : array
        A row goes left when its feature is at most the cut.
    label : array of int
        Group that a leaf names, or :data:`SILENT`.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    cut: np.ndarray
    label: np.ndarray

    def apply(self, X: np.ndarray, start: int = 0) -> np.ndarray:
        """The leaf of each row, below a node."""
        at = np.full(len(X), start)
        while (inner := np.flatnonzero(self.left[at] >= 0)).size:
            node = at[inner]
            at[inner] = np.where(X[inner, self.feature[node]] <= self.cut[node], self.left[node], self.right[node])
        return at

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The group of each row, :data:`SILENT` where the tree names none."""
        return self.label[self.apply(X)]

    def paths(self) -> list[tuple[int, dict[int, tuple[float, float]]]]:
        """Each leaf with its bounds by feature: above the first, at most the second; two leaves beside each other that name the same are one."""
        found, waiting = [], [(0, {})]
        while waiting:
            node, bounds = waiting.pop()
            if len(self._names(node)) == 1:
                found.append((int(node), bounds))
                continue
            feature, cut = int(self.feature[node]), float(self.cut[node])
            low, high = bounds.get(feature, (-np.inf, np.inf))
            waiting.append((self.right[node], {**bounds, feature: (max(low, cut), high)}))
            waiting.append((self.left[node], {**bounds, feature: (low, min(high, cut))}))
        return found

    def below(self, node: int) -> list[int]:
        """The leaves below a node."""
        return [int(node)] if self.left[node] < 0 else self.below(self.left[node]) + self.below(self.right[node])

    def _names(self, node: int) -> set[int]:
        return {int(self.label[leaf]) for leaf in self.below(node)}


def grow_tree(X: np.ndarray, labels: np.ndarray, *, leaves: int = 8, wrong: float = 0.0, seed: int = 0) -> RuleTree:
    """Grow the tree that names most rows rightly, of at most so many leaves.

    A leaf that names the group of a row earns 1, one that names another costs ``wrong``, one that is silent nothing (the reject option of Chow 1970): with
    ``wrong = 2`` a leaf speaks when more than two thirds of its rows are of one group. Trees that were grown greedily on some of the features (CART)
    are improved node by node, each given all others, until nothing is gained (tree alternating optimisation; Carreira-Perpiñán and Tavallali 2018); the best is taken.

    Parameters
    ----------
    X : array, row x feature
    labels : array of int
        Group of each row, from 0.
    leaves : int
    wrong : float
    seed : int

    Examples
    --------
    >>> X = np.arange(100.0)[:, None]
    >>> tree = grow_tree(X, (X[:, 0] > 49).astype(int))
    >>> tree.paths()
    [(1, {0: (-inf, 49.5)}), (2, {0: (49.5, inf)})]
    """
    edges = [_edges(column) for column in X.T]
    binned = np.column_stack([np.searchsorted(one, column) for one, column in zip(edges, X.T)])
    best, most = None, -np.inf
    for start in range(_STARTS):
        tree = _cart(binned, labels, leaves, seed + start, None if start == 0 else max(1, (X.shape[1] + 1) // 2))
        earned = _improve(tree, binned, labels, wrong)
        if earned > most + 1e-9:
            best, most = tree, earned
    best.cut = np.array([edges[feature][int(cut)] if child >= 0 else np.nan for feature, cut, child in zip(best.feature, best.cut, best.left)])
    return best


def _edges(values: np.ndarray) -> np.ndarray:
    """Midpoints between values that were seen: all of them, or about as many rows between two."""
    seen = np.unique(values)
    place = np.arange(len(seen) - 1)
    if len(seen) > _BINS:
        at = np.searchsorted(seen, np.quantile(values, np.arange(1, _BINS) / _BINS, method="inverted_cdf"))
        place = np.unique(at[at < len(seen) - 1])
    return (seen[place] + seen[place + 1]) / 2


def _cart(binned: np.ndarray, labels: np.ndarray, leaves: int, seed: int, features: int | None) -> RuleTree:
    grown = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=_FEWEST, random_state=seed, max_features=features).fit(binned, labels).tree_
    return RuleTree(grown.children_left.copy(), grown.children_right.copy(), np.maximum(grown.feature, 0), np.floor(grown.threshold), np.full(grown.node_count, SILENT))


def _improve(tree: RuleTree, binned: np.ndarray, labels: np.ndarray, wrong: float) -> float:
    """Better leaves and cuts until nothing is gained; returns what the tree earns."""
    earned = -np.inf
    for _ in range(_ROUNDS):
        leaf = tree.apply(binned)
        for one in tree.below(0):
            tree.label[one] = _name(labels[leaf == one], wrong)
        now = float(_earn(tree.label[leaf], labels, wrong).sum())
        if now <= earned + 1e-9:
            return now
        earned = now
        # children stand behind their parents
        for node in np.flatnonzero(tree.left >= 0)[::-1]:
            _cut_better(tree, node, binned, labels, wrong)
    return float(_earn(tree.predict(binned), labels, wrong).sum())


def _name(labels: np.ndarray, wrong: float) -> int:
    counts = np.bincount(labels, minlength=1)
    most = int(counts.argmax())
    return most if counts[most] - wrong * (len(labels) - counts[most]) > 0 and len(labels) >= _FEWEST else SILENT


def _earn(named: np.ndarray, labels: np.ndarray, wrong: float) -> np.ndarray:
    return np.where(named == SILENT, 0.0, np.where(named == labels, 1.0, -wrong))


def _cut_better(tree: RuleTree, node: int, binned: np.ndarray, labels: np.ndarray, wrong: float) -> None:
    """The cut of a node that earns most with all other nodes as they are."""
    here = np.isin(tree.apply(binned), tree.below(node))
    rows, known = binned[here], labels[here]
    gain = _earn(tree.label[tree.apply(rows, tree.left[node])], known, wrong) - _earn(tree.label[tree.apply(rows, tree.right[node])], known, wrong)
    most = gain[rows[:, tree.feature[node]] <= tree.cut[node]].sum()
    for feature in range(rows.shape[1]):
        # by place of the cut: what all rows at most there gain on the left; the last place has no cut
        sums = np.bincount(rows[:, feature], gain, minlength=1).cumsum()[:-1]
        if sums.size and sums.max() > most + 1e-9:
            most, tree.feature[node], tree.cut[node] = sums.max(), feature, float(sums.argmax())
