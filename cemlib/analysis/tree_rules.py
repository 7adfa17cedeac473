"""Rules in plain words for groups that were found otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.analysis.rule_tree import SILENT, RuleTree, grow_tree

__all__ = ["Rules", "read_rules"]

_WRONG = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 9.0)  # what a wrong name costs, in right ones
_ROWS = 8000  # rows on which a tree is grown, where the groups of more than the customers can be told
_JITTER = 0.5  # of the spread within a group


@dataclass(frozen=True)
class Rules:
    """Rules, and what they are worth on customers that the tree did not see.

    Attributes
    ----------
    table : pandas.DataFrame
        ``segment``, ``rule``, ``n``, ``precision`` (share of the rule's rows that are in the group), ``coverage`` (share of the group's rows that the
        rule meets). A group that no rule tells has one row, whose rule says so.
    fidelity : float
        Share of the rows that a rule meets to which it gives their group; missing where no rule meets any.
    coverage : float
        Share of the rows that a rule meets.
    """

    table: pd.DataFrame
    fidelity: float
    coverage: float

    @property
    def fidelity_of_all(self) -> float:
        """Share of all rows to which a rule gives their group; whom no rule meets counts as wrong."""
        return self.fidelity * self.coverage if self.coverage else 0.0


def read_rules(X: pd.DataFrame, labels: pd.Series, *, leaves: int = 8, wanted: float = 0.9, assign: Callable[[pd.DataFrame], pd.Series] | None = None, seed: int = 0) -> Rules:
    """Describe groups by a small decision tree.

    Where groups overlap, or lie aslant of the features, no few rules tell everybody's: the tree keeps silent of as few customers as makes ``wanted`` of its
    answers right (of as many as it can, where that is not to be had). It is grown on two thirds of the rows; every figure is of the other third.

    Parameters
    ----------
    X : pandas.DataFrame
        Numbers without gaps.
    labels : pandas.Series
        Group of each row.
    leaves : int
        Most rules.
    wanted : float
        Share of the answers that should be right.
    assign : callable, optional
        Gives the group of other rows. The tree is then grown on rows near those of the customers (smoothed bootstrap; Silverman and Young 1987) whose group
        is asked for, as Craven and Shavlik (1996) do: its cuts depend less on who happened to be there.
    seed : int

    Returns
    -------
    Rules

    Examples
    --------
    >>> found = read_rules(pd.DataFrame({"gb": range(90)}), pd.Series(["low"] * 45 + ["high"] * 45))
    >>> found.table["rule"].str.replace(r"[0-9.]+", "…", regex=True).tolist(), found.coverage
    (['gb at most …', 'gb above …'], 1.0)
    """
    if labels.nunique() == 1:
        return Rules(pd.DataFrame([{"segment": labels.iloc[0], "rule": "everybody", "n": len(X), "precision": 1.0, "coverage": 1.0}]), 1.0, 1.0)
    codes, names = pd.factorize(labels, sort=True)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(X))
    grown, held = order[len(X) // 3:], order[: len(X) // 3]
    rows, groups = X.iloc[grown].to_numpy(float), codes[grown]
    more = (rows, groups) if assign is None else _near(X.iloc[grown], groups, names, assign, rng)
    chosen = None
    for wrong in _WRONG:
        tree = grow_tree(*more, leaves=leaves, wrong=wrong, seed=seed)
        told = tree.predict(rows)
        if chosen is not None and (told == SILENT).all():
            break  # what is wanted is not to be had: rules that are right less often, with their figures, say more than none
        chosen = tree
        if (told == SILENT).all() or np.mean((told == groups)[told != SILENT]) >= wanted:
            break
    return _measure(chosen, X.iloc[held], codes[held], names)


def _near(X: pd.DataFrame, groups: np.ndarray, names: pd.Index, assign: Callable[[pd.DataFrame], pd.Series], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows near those that are there, within what was seen of each feature, with the group that is told of them."""
    values = X.to_numpy(float)
    spread = np.sqrt(X.groupby(groups).var().fillna(0.0).to_numpy().T @ np.bincount(groups) / len(groups))
    drawn = values[np.arange(_ROWS) % len(values)]
    drawn = np.clip(drawn + _JITTER * spread * rng.normal(size=drawn.shape), values.min(axis=0), values.max(axis=0))
    told = names.get_indexer(assign(pd.DataFrame(drawn, columns=X.columns)))
    return drawn[told >= 0], told[told >= 0]


def _measure(tree: RuleTree, X: pd.DataFrame, groups: np.ndarray, names: pd.Index) -> Rules:
    at, sizes, rows = tree.apply(X.to_numpy(float)), np.bincount(groups, minlength=len(names)), []
    told = tree.label[at]
    for node, bounds in tree.paths():
        group = int(tree.label[tree.below(node)[0]])
        if group == SILENT:
            continue
        there = np.isin(at, tree.below(node))
        hit = int(np.sum(groups[there] == group))
        rows.append({"segment": names[group], "rule": _words(bounds, list(X.columns)), "n": int(there.sum()), "precision": hit / there.sum() if there.any() else np.nan,
                     "coverage": hit / max(sizes[group], 1)})
    named = {row["segment"] for row in rows}
    rows += [{"segment": name, "rule": "no rule in few words", "n": 0, "precision": np.nan, "coverage": 0.0} for name in names if name not in named]
    spoken = told != SILENT
    return Rules(pd.DataFrame(rows), float(np.mean((told == groups)[spoken])) if spoken.any() else np.nan, float(np.mean(spoken)))


def _words(bounds: dict[int, tuple[float, float]], names: list[str]) -> str:
    words = []
    for feature, (low, high) in bounds.items():
        if np.isinf(low):
            words.append(f"{names[feature]} at most {high:.4g}")
        elif np.isinf(high):
            words.append(f"{names[feature]} above {low:.4g}")
        else:
            words.append(f"{names[feature]} above {low:.4g} and at most {high:.4g}")
    return ", ".join(words)
