"""The view of the use case ``correlation_of_sources`` as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cemlib.usecases.correlation.catalogue import SERIES, Source
from cemlib.usecases.minimum_view import MinimumView

__all__ = ["CorrelationView", "LinkDetail"]

_MOMENTS = 8


@dataclass(frozen=True)
class LinkDetail:
    """What lies behind a pair.

    Attributes
    ----------
    row : dict
        Of ``links``.
    lags : DataFrame
        lag_bins, lag, r, n, limit.
    precedes : str
        What Granger's test says, in words.
    moments : DataFrame
        at, value_left, right_at, value_right, share: the bins in which both move most beside the usual, with their share of the correlation.
    """

    row: dict[str, Any]
    lags: pd.DataFrame
    precedes: str
    moments: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class CorrelationView(MinimumView):
    """The view: what :class:`cemlib.usecases.minimum_view.MinimumView` has, and the following.

    Attributes
    ----------
    sources : list of Source
        The series that are looked at.
    links : DataFrame
        Found and decoys: left, right, title_left, title_right, lag_bins, lag_text, effect, low, high, p, q, n, n_eff, plain, verdict, why.
    heat : DataFrame
        left, right, lag_bins, r, limit of the pairs that are shown.
    series : DataFrame
        at and a column a series, without what the reader may not see.
    usual : DataFrame
        The same for what season and trend make usual.
    """

    sources: list[Source]
    links: pd.DataFrame
    heat: pd.DataFrame
    series: pd.DataFrame
    usual: pd.DataFrame
    _result: Any = field(repr=False, compare=False)

    def detail(self, left: str, right: str) -> LinkDetail:
        """Look into one pair.

        Raises
        ------
        UnknownNameError
            For a series that is not in the view.
        """
        result = self._result
        row = self.links[(self.links["left"] == left) & (self.links["right"] == right)]
        lags = result.lags(left, right)
        if row.empty:
            row = result.links[(result.links["left"] == left) & (result.links["right"] == right)]
        row = row.iloc[0].to_dict()
        return LinkDetail(row, lags, self._precedes(left, right), self._moments(left, right, int(row["lag_bins"])))

    def _precedes(self, left: str, right: str) -> str:
        from cemlib.errors import ParameterError

        try:
            found = self._result.precedes(left, right)
        except ParameterError as error:
            return f"What precedes cannot be told: {error.came or error.what} bins without a gap."
        one, other = SERIES[left].title, SERIES[right].title
        words = {"left precedes right": f"{one} precedes {other}", "right precedes left": f"{other} precedes {one}", "both": "each precedes the other",
                 "neither": "neither precedes the other within the bins looked at"}[found.verdict]
        return f"Granger's test: {words} (p {found.p_left:.2g} and {found.p_right:.2g}). To precede is not to cause."

    def _moments(self, left: str, right: str, lag: int) -> pd.DataFrame:
        x, y = (self._result.series(name) for name in (left, right))
        shifted = y["rest"].shift(-lag)
        product = (x["rest"] * shifted).to_numpy()
        sign = np.sign(np.nansum(product)) or 1
        order = np.argsort(-np.nan_to_num(sign * product, nan=-np.inf))[:_MOMENTS]
        shown = self.series.set_index("at")
        at = pd.DatetimeIndex(x["at"]).take(order)
        there = at + lag * self._result.grain
        total = np.nansum(np.abs(product))
        return pd.DataFrame({"at": at, "value_left": shown[left].reindex(at).to_numpy(), "right_at": there, "value_right": shown[right].reindex(there).to_numpy(),
                             "share": sign * product[order] / total if total else np.nan})

    def records(self, series: str, at: object, limit: int = 5000) -> pd.DataFrame:
        """The records of one bin of one series; a manager may not see them."""
        moment = pd.Timestamp(at)
        return self._reader.records(SERIES[series], moment.tz_localize("UTC") if moment.tz is None else moment, limit)
