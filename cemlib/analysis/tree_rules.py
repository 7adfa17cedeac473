"""Rules in plain words for groups that were found otherwise."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

__all__ = ["read_rules"]


def read_rules(X: pd.DataFrame, labels: pd.Series, *, leaves: int = 8, seed: int = 0) -> tuple[pd.DataFrame, float]:
    """Describe groups by a small decision tree.

    The tree is grown on two thirds of the rows; every figure is of the other third.

    Parameters
    ----------
    X : pandas.DataFrame
        Numbers without gaps.
    labels : pandas.Series
        Group of each row.
    leaves : int
        Most rules.
    seed : int

    Returns
    -------
    pandas.DataFrame, float
        ``segment``, ``rule``, ``n``, ``precision`` (share of the rule's rows that are in the group), ``coverage`` (share of the group's rows that the
        rule meets); and the fidelity, the share of rows to which the rules give their group.

    Examples
    --------
    >>> rules, fidelity = read_rules(pd.DataFrame({"gb": range(90)}), pd.Series(["low"] * 45 + ["high"] * 45))
    >>> rules["rule"].str.replace(r"[0-9.]+", "…", regex=True).tolist()
    ['gb at most …', 'gb above …']
    """
    if labels.nunique() == 1:
        return pd.DataFrame([{"segment": labels.iloc[0], "rule": "everybody", "n": len(X), "precision": 1.0, "coverage": 1.0}]), 1.0
    order = np.random.default_rng(seed).permutation(len(X))
    grown, held = order[len(X) // 3:], order[: len(X) // 3]
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=seed).fit(X.iloc[grown], labels.iloc[grown])
    truth, at = labels.iloc[held].to_numpy(), tree.apply(X.iloc[held])
    rows = []
    for leaf, bounds in _paths(tree.tree_):
        name = tree.classes_[np.argmax(tree.tree_.value[leaf][0])]
        there = at == leaf
        hit = int(np.sum(truth[there] == name))
        rows.append({"segment": name, "rule": _words(bounds, list(X.columns)), "n": int(there.sum()),
                     "precision": hit / there.sum() if there.any() else np.nan,
                     "coverage": hit / max(int(np.sum(truth == name)), 1)})
    return pd.DataFrame(rows), float(np.mean(tree.predict(X.iloc[held]) == truth))


def _paths(tree) -> list[tuple[int, dict[int, list[float]]]]:
    found, waiting = [], [(0, {})]
    while waiting:
        node, bounds = waiting.pop()
        if tree.children_left[node] == -1:
            found.append((node, bounds))
            continue
        feature, cut = int(tree.feature[node]), float(tree.threshold[node])
        low, high = bounds.get(feature, [-np.inf, np.inf])
        waiting.append((tree.children_right[node], {**bounds, feature: [max(low, cut), high]}))
        waiting.append((tree.children_left[node], {**bounds, feature: [low, min(high, cut)]}))
    return found


def _words(bounds: dict[int, list[float]], names: list[str]) -> str:
    words = []
    for feature, (low, high) in bounds.items():
        if np.isinf(low):
            words.append(f"{names[feature]} at most {high:.4g}")
        elif np.isinf(high):
            words.append(f"{names[feature]} above {low:.4g}")
        else:
            words.append(f"{names[feature]} above {low:.4g} and at most {high:.4g}")
    return ", ".join(words)
