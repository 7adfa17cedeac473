"""The view of the use case ``kpi_catalogue`` as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from cemlib.usecases.minimum_view import MinimumView

if TYPE_CHECKING:
    from cemlib.kpi.describe import Description

__all__ = ["CatalogueView", "OpenedKpi"]


@dataclass(frozen=True)
class OpenedKpi:
    """One definition, opened.

    Attributes
    ----------
    told : Description
        Meaning, formula, worked example, lineage and SQL (:class:`cemlib.kpi.describe.Description`).
    facts : dict of str to str
        What is declared, for a reader: Level, Unit, Direction, Service, One record, Standard, Interval, Too few, Version.
    standing : str
        cited, unverified or own.
    feeds : DataFrame
        What brings its records: source_code, title, records and last_event_at in this lake (0 and missing where it was not ingested).
    figure : dict
        num, den, value, low, high, state, message.
    course : DataFrame
        The figure by UTC day.
    """

    told: Description
    facts: dict[str, str]
    standing: str
    feeds: pd.DataFrame
    figure: dict[str, Any]
    course: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class CatalogueView(MinimumView):
    """The view: what :class:`cemlib.usecases.minimum_view.MinimumView` has, and the following.

    Attributes
    ----------
    found : list of str
        The codes that fit, best match first.
    kpi : str
        The code of the one that is opened: the one asked for where it fits, else the best match.
    entries : DataFrame
        Every definition by code: title, service, level, unit, better, standard, standing, num, den, value, low, high, state.
    counts : dict of str to int
        How many there are: all, found, ok, too_few, no_data, suppressed, failed, cited, unverified, own.
    period : str
    """

    found: list[str]
    kpi: str
    entries: pd.DataFrame
    counts: dict[str, int]
    period: str

    def narrow(self, **asked: str) -> CatalogueView:
        """The view with other filters; the lake is read again only where ``days`` is another."""
        return self.again(**{"kpi": self.kpi, **asked})

    def open(self, code: str = "") -> OpenedKpi | None:
        """One definition opened; by default the one of the view, and None where no definition fits.

        Raises
        ------
        UnknownNameError
            When there is no such KPI.
        """
        code = code or self.kpi
        return self._reader.open(code) if code else None

    def records(self, code: str, limit: int | None = 100) -> pd.DataFrame:
        """The records behind the figure of now; recomputing from them gives the figure.

        Raises
        ------
        PrivacyError
            For a manager.
        """
        return self._reader.records(code, limit)
