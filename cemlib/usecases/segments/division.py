"""How customers are divided: by segments that are found, or by the rules of named sets."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cemlib import analysis
from cemlib.errors import ParameterError, UnknownNameError
from cemlib.usecases.kept_fits import keep_fit
from cemlib.usecases.segments.features import Feature
from cemlib.usecases.segments.wording import measured_rule, plain_rule

__all__ = ["OTHERS", "Division", "Marks", "divide_by_rules", "find_division", "split_rules"]

#: The name of those who meet no rule.
OTHERS = "others"
#: Among fewer customers no segments are looked for.
_LEAST = 50


@dataclass(frozen=True)
class Division:
    """Customers by segment.

    Attributes
    ----------
    labels : Series
        Segment by customer; missing where a feature is missing.
    rules : DataFrame
        ``segment``, ``rule`` in plain words, ``n``; of found segments ``precision`` and ``coverage`` (on customers that the rules did not see), of named sets
        ``elsewhere`` (they meet it, but an earlier one too) and ``unknown`` (something of the rule is not known of them).
    predict : callable
        Segments of other customers with the same columns.
    used : sequence of Feature
        What tells them apart.
    untold : list of str
        Named sets that cannot be told, and why.
    fidelity, rule_coverage : float
        Share of customers (whom the rules did not see) to whom their rule gives their segment, of those whom a rule meets; and the share whom one meets.
    stability : float or None
    is_stable : bool
    odd : int
        Customers far from every segment.
    """

    labels: pd.Series
    rules: pd.DataFrame
    predict: Callable[[pd.DataFrame], pd.Series] = field(repr=False)
    used: Sequence[Feature]
    untold: Sequence[str] = ()
    fidelity: float = float("nan")
    rule_coverage: float = float("nan")
    stability: float | None = None
    is_stable: bool = True
    odd: int = 0


@dataclass(frozen=True)
class Marks:
    """What the rules of named sets may name.

    Attributes
    ----------
    frame : DataFrame
        A row a customer, in measured units.
    words : mapping of str to (title, unit)
        Of every column that there may be.
    absent : mapping of str to str
        Why a column is not in ``frame``.
    """

    frame: pd.DataFrame
    words: Mapping[str, tuple[str, str]]
    absent: Mapping[str, str]


def find_division(features: pd.DataFrame, used: Sequence[Feature]) -> Division:
    """Segments that are found again in each half of the customers.

    Raises
    ------
    ParameterError
        There are too few customers with all features, or no feature that tells them apart.
    """
    if len(features) < _LEAST:
        raise ParameterError("Too few customers to look for segments.", wanted=f"at least {_LEAST}", came=str(len(features)))
    blocks: dict[str, list[str]] = {}
    for one in used:
        blocks.setdefault(one.block, []).append(one.name)
    if not blocks:
        raise ParameterError("Nothing tells the customers apart: each feature is the same for nearly all, or not known.")
    X = features[[one.name for one in used]]
    found = keep_fit("segments", [blocks, X], lambda: _find(X, blocks))
    rules = found["rules"].assign(rule=[measured_rule(one, used) for one in found["rules"]["rule"]])
    return Division(_by_customer(found, X.index), rules, functools.partial(_predict, found["segmenter"]), used, **found["facts"])


def _find(X: pd.DataFrame, blocks: Mapping[str, list[str]]) -> dict[str, Any]:
    """What is kept of a fit: segments by place in the table, without the customers' keys."""
    found = analysis.Segmenter(blocks).fit(X)
    table = found.stability_
    stability = None if found.k_ == 1 else float(table.loc[table["segments"] == found.k_, "ari"].max())
    return {**_by_place(found.labels_), "rules": found.rules_, "segmenter": pickle.dumps(found.without_customers()),
            "facts": {"fidelity": float(found.fidelity_), "rule_coverage": float(found.rule_coverage_), "stability": stability, "is_stable": found.is_stable_,
                      "odd": int(found.odd_.notna().sum())}}


def _predict(segmenter: bytes, others: pd.DataFrame) -> pd.Series:
    # unpacked where the segments of these are not kept: its packages take a second to load
    return _by_customer(keep_fit("segments", [segmenter, others], lambda: _by_place(pickle.loads(segmenter).predict(others))), others.index)


def _by_place(labels: pd.Series) -> dict[str, Any]:
    codes, names = pd.factorize(labels)
    return {"codes": codes, "names": list(names)}


def _by_customer(kept: Mapping[str, Any], index: pd.Index) -> pd.Series:
    # the code of who has no segment is -1: the last name, which is missing
    return pd.Series(np.array([*kept["names"], np.nan], dtype=object)[kept["codes"]], index=index)


def split_rules(rules: Mapping[str, str], marks: Marks) -> tuple[dict[str, str], list[str]]:
    """The rules that can be told, and of the others why not.

    Raises
    ------
    UnknownNameError
        A rule names what there never is.
    ParameterError
        A rule cannot be read.
    """
    told, untold = {}, []
    for name, columns in analysis.NamedSegments(rules, others=OTHERS).asks.items():
        for column in columns:
            if column not in marks.words:
                raise UnknownNameError("column", column, marks.words, where=f"rule of {name}")
        absent = [one for one in columns if one not in marks.frame.columns]
        if absent:
            untold.append(f"{name}: {'; '.join(marks.absent.get(one, f'{one} is not known') for one in absent)}")
        else:
            told[name] = rules[name]
    return told, untold


def divide_by_rules(rules: Mapping[str, str], untold: Sequence[str], marks: Marks, features: Sequence[Feature]) -> Division:
    """Named sets by the rules that can be told.

    Raises
    ------
    ParameterError
        A rule compares text with a number.
    """
    found = analysis.NamedSegments(rules, others=OTHERS).fit(marks.frame)
    table = found.table_
    words = [plain_rule(one, marks.words) if name != OTHERS else "no rule is met" for name, one in zip(table["segment"], table["rule"])]
    made = table[["segment", "elsewhere", "unknown"]].assign(rule=words, n=[int((found.labels_ == one).sum()) for one in table["segment"]])
    return Division(found.labels_, made, found.predict, features, untold)
