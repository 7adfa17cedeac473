"""The view of the use case ``root_cause`` as plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

__all__ = ["CauseCard", "CauseView"]


@dataclass(frozen=True)
class CauseCard:
    """One figure of the first screen.

    Attributes
    ----------
    name, title, note, unit : str
    value, low, high : float or None
        With its 95 % interval where it has one.
    compare : str
        What it is compared to, in words.
    verdict : str
        better, worse, context, few.
    """

    name: str
    title: str
    note: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    compare: str
    verdict: str


@dataclass(frozen=True)
class CauseView:
    """The view as plain data; nothing in it is HTML.

    Attributes
    ----------
    question : str
    answer : list of str
        One to three sentences, computed.
    cautions, missing : list of str
        What could not be judged, and what is not loaded.
    chosen : dict of str to str
        The parameters as used: kpi, period, against, where, by, depth.
    unit, better : str, str or None
        Of the KPI.
    verdict : str
        cause, mix, everywhere, none, too few, or empty where there is nothing to look at.
    cards : list of CauseCard
    causes : DataFrame
        One row a cause: text, pattern, share_explained, contribution, num, den, value, low, high, then (value, low, high, den), expected, excess, p, subscribers, state.
    waterfall : DataFrame
        step, value: in the KPI's unit, from what it was to what it is.
    equivalents : DataFrame
        cause, text, relative_score.
    shift : DataFrame
        dimension, rate_shift, mix_shift; empty for a count.
    footer : list of str
    kpis : list of str
    figures : dict of str to float
    tables : dict of str to DataFrame
        What is exported.
    """

    question: str
    answer: list[str]
    cautions: list[str]
    missing: list[str]
    chosen: dict[str, str]
    unit: str
    better: str | None
    verdict: str
    cards: list[CauseCard]
    causes: pd.DataFrame
    waterfall: pd.DataFrame
    equivalents: pd.DataFrame
    shift: pd.DataFrame
    footer: list[str]
    kpis: list[str]
    figures: dict[str, float]
    tables: dict[str, pd.DataFrame]
    _records: Callable[[int, int | None, bool], pd.DataFrame] = field(repr=False, compare=False, kw_only=True)

    def records(self, cause: int = 0, limit: int | None = 100, *, failed_only: bool = True) -> pd.DataFrame:
        """The records behind a cause, of the period.

        Parameters
        ----------
        cause : int
            Row of ``causes``.
        limit : int or None
        failed_only : bool
            Those that count against the KPI alone; all of the cause's otherwise, from which its figure can be recomputed.

        Raises
        ------
        ParameterError
            When there is no such cause.
        PrivacyError
            For a manager.
        """
        return self._records(cause, limit, failed_only)
