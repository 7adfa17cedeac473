"""Patterns: values of some dimensions that the records behind a cause share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

__all__ = ["match_pattern", "say_pattern"]


def say_pattern(pattern: Mapping[str, Any]) -> str:
    """A pattern in words.

    Examples
    --------
    >>> say_pattern({"cell": "b", "plan": None})
    'cell = b, plan = missing'
    """
    return ", ".join(f"{name} = {'missing' if pd.isna(value) else value}" for name, value in pattern.items())


def match_pattern(frame: pd.DataFrame, pattern: Mapping[str, Any]) -> pd.Series:
    """Which rows of a frame a pattern holds: the records behind a cause.

    Examples
    --------
    >>> match_pattern(pd.DataFrame({"cell": ["a", "b"], "plan": ["x", "x"]}), {"cell": "b", "plan": "x"}).tolist()
    [False, True]
    """
    inside = pd.Series(True, index=frame.index)
    for name, value in pattern.items():
        inside &= frame[name].isna() if pd.isna(value) else frame[name] == value
    return inside
