"""Segments by rules that somebody names: VIP, silent, roamer, heavy, a fleet of things."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.analysis.columns import read_numbers
from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["NamedSegments"]

_FORM = re.compile(r"(?P<name>\w+)\s+(?:(?P<there>is given|is missing|is true)|in the (?P<end>top|bottom)\s+(?P<share>[\d.]+)\s*%"
                   r"|(?P<sign>>=|<=|>|<)\s*(?P<value>-?[\d.]+(?:e-?\d+)?)|is (?P<word>[\w-]+(?: or [\w-]+)*))")
_FORMS = "'x >= 3', 'x in the top 5 %', 'x is given', 'x is missing', 'x is true', 'x is gold or silver'; several joined by 'and'"


@dataclass(frozen=True)
class _Condition:
    """One condition of a rule; ``limit`` is None until a share has been looked up."""

    text: str
    parts: dict
    limit: float | None = None


class NamedSegments:
    """Put each customer into the first segment whose rule is met.

    Parameters
    ----------
    rules : mapping of str to str
        Segment to rule, the most important first. A rule is one condition, or several joined by ``and``: ``x >= 3`` (also ``>``, ``<``, ``<=``), ``x in the
        top 5 %`` (or bottom; the limit is learnt by ``fit``), ``x is given``, ``x is missing``, ``x is true``, ``x is gold or silver``.
    others : str
        Segment of those who meet none.
    smallest : int
        The figures of segments of fewer customers are not shown.

    Attributes
    ----------
    asks : dict of str to list of str
        The columns that each rule names.
    labels_ : Series
        Segment of each customer of the fit.
    table_ : DataFrame
        ``segment``, ``rule`` (with the limit that was learnt), ``n``, ``share``, ``elsewhere`` (customers who meet the rule, but an earlier one too), ``unknown``
        (customers of whom a feature of the rule is missing: they do not meet it).
    n_ : int
    claim : str

    Examples
    --------
    >>> X = pd.DataFrame({"vip_tier": ["gold", None, None, None, None], "volume_gb": [1, 0, 90, 3, 4], "calls": [9, 0, 5, 7, 0],
    ...                   "roaming_days": [0, 0, 0, 4, 0], "fleet": [None, None, None, None, "meters"]})
    >>> rules = {"VIP": "vip_tier is given", "IoT fleet": "fleet is given", "silent": "volume_gb <= 0 and calls <= 0", "roamer": "roaming_days >= 1",
    ...          "heavy": "volume_gb in the top 20 %"}
    >>> NamedSegments(rules).fit(X).labels_.tolist()
    ['VIP', 'silent', 'heavy', 'roamer', 'IoT fleet']
    """

    claim = "definition"

    def __init__(self, rules: Mapping[str, str], *, others: str = "others", smallest: int = 10) -> None:
        if not rules or others in rules:
            raise ParameterError("There are no rules, or one has the name of the rest.", wanted="a rule at least", came=", ".join(rules) or "none")
        self.rules, self.others, self.smallest = dict(rules), others, smallest
        self._read = {name: [_condition(name, text) for text in re.split(r"\s+and\s+", rule.strip())] for name, rule in self.rules.items()}
        self.asks = {name: list(dict.fromkeys(one.parts["name"] for one in conditions)) for name, conditions in self._read.items()}

    def fit(self, X: pd.DataFrame) -> NamedSegments:
        """Learn the limits of shares, and divide these customers.

        Raises
        ------
        UnknownNameError
            For a feature that is not there.
        ParameterError
            For text where a number is compared.
        """
        self._learnt = {name: [_learn(one, X) for one in conditions] for name, conditions in self._read.items()}
        self.labels_ = self.predict(X)
        self.n_ = len(X)
        rows = []
        for name, conditions in self._learnt.items():
            met, n = self._meets(X, name), int((self.labels_ == name).sum())
            asks = [one.parts["name"] for one in conditions if not one.parts["there"]]
            shown = n == 0 or n >= self.smallest
            rows.append((name, " and ".join(one.text for one in conditions), n if shown else pd.NA, n / len(X) if shown and len(X) else np.nan,
                         int((met & (self.labels_ != name)).sum()), int(X[asks].isna().any(axis=1).sum()) if asks else 0))
        n = int((self.labels_ == self.others).sum())
        rows.append((self.others, "no rule is met", n if n == 0 or n >= self.smallest else pd.NA, n / len(X) if len(X) and (n == 0 or n >= self.smallest) else np.nan, 0, 0))
        self.table_ = pd.DataFrame(rows, columns=["segment", "rule", "n", "share", "elsewhere", "unknown"]).astype({"n": "Int64"})
        return self

    def _meets(self, X: pd.DataFrame, name: str) -> pd.Series:
        return pd.Series(np.logical_and.reduce([_met(one, X) for one in self._learnt[name]]), index=X.index)

    def predict(self, X: pd.DataFrame) -> pd.Series:
        """Segment of each customer, by the limits of the fit."""
        if not hasattr(self, "_learnt"):
            raise ParameterError("The rules have no limits yet.", todo="Call fit(X) first.")
        met = [self._meets(X, name).to_numpy() for name in self._learnt]
        return pd.Series(np.select(met, list(self._learnt), default=self.others), index=X.index, dtype=object)


def _condition(name: str, text: str) -> _Condition:
    found = _FORM.fullmatch(text.strip())
    if not found:
        raise ParameterError(f"The rule of {name!r} cannot be read.", wanted=_FORMS, came=text)
    parts = found.groupdict()
    if parts["share"] and not 0 < float(parts["share"]) < 100:
        raise ParameterError(f"The rule of {name!r} takes no share of the customers.", wanted="between 0 and 100 %", came=text)
    return _Condition(text.strip(), parts)


def _learn(one: _Condition, X: pd.DataFrame) -> _Condition:
    name = one.parts["name"]
    if name not in X.columns:
        raise UnknownNameError("column", name, X.columns, where=f"rule '{one.text}'")
    if one.parts["end"] is None:
        return one
    values = read_numbers(X, [name])[name].dropna()
    if values.empty:
        raise ParameterError(f"Column {name!r} has no values.", where=f"rule '{one.text}'")
    share = float(one.parts["share"]) / 100
    limit = float(values.quantile(1 - share if one.parts["end"] == "top" else share))
    return _Condition(f"{one.text} ({name} {'>' if one.parts['end'] == 'top' else '<'} {limit:.4g})", one.parts, limit)


def _met(one: _Condition, X: pd.DataFrame) -> np.ndarray:
    """Whether each row meets a condition; what is missing does not."""
    part = one.parts
    if part["name"] not in X.columns:
        raise UnknownNameError("column", part["name"], X.columns, where=f"rule '{one.text}'")
    column = X[part["name"]]
    if part["there"] in ("is given", "is missing"):
        return (column.notna() == (part["there"] == "is given")).to_numpy()
    if part["there"] == "is true":
        return column.fillna(False).astype(bool).to_numpy()
    if part["word"]:
        return column.astype(object).map(str).isin(part["word"].split(" or ")).to_numpy()
    values = read_numbers(X, [part["name"]])[part["name"]].to_numpy()
    if one.limit is not None:
        return values > one.limit if part["end"] == "top" else values < one.limit
    against = float(part["value"])
    return {">=": values >= against, "<=": values <= against, ">": values > against, "<": values < against}[part["sign"]]
