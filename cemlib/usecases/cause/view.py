"""The view of the use case ``root_cause`` as plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from cemlib.usecases.minimum_view import MinimumView

__all__ = ["CauseView"]


@dataclass(frozen=True, kw_only=True)
class CauseView(MinimumView):
    """The view: what :class:`cemlib.usecases.minimum_view.MinimumView` has, and the following.

    Attributes
    ----------
    unit, better : str, str or None
        Of the KPI.
    verdict : str
        cause, mix, everywhere, none, too few, or empty where there is nothing to look at.
    causes : DataFrame
        One row a cause: text, pattern, share_explained, contribution, num, den, value, low, high, then (value, low, high, den), expected, excess, p, subscribers, state.
    waterfall : DataFrame
        step, value: in the KPI's unit, from what it was to what it is.
    equivalents : DataFrame
        cause, text, relative_score.
    shift : DataFrame
        dimension, rate_shift, mix_shift; empty for a count.
    """

    unit: str
    better: str | None
    verdict: str
    causes: pd.DataFrame
    waterfall: pd.DataFrame
    equivalents: pd.DataFrame
    shift: pd.DataFrame
    _records: Callable[[int, int | None, bool], pd.DataFrame] = field(repr=False, compare=False)

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
