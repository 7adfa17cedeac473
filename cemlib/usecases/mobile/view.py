"""The view of the use case ``mobile_insights`` as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from cemlib.usecases.mobile.reader import Reader

__all__ = ["MobileCard", "MobileDetail", "MobileView"]


@dataclass(frozen=True)
class MobileCard:
    """One figure of the first screen.

    Attributes
    ----------
    name : str
        Its name in ``figures``.
    title, note, unit : str
    value, low, high : float or None
        The interval allows for answers that come from one place or customer.
    compare : str
        What it is compared to, in words.
    verdict : str
        better, worse, context, few (too few to judge).
    kpi : str
        The KPI whose records are behind it.
    where : dict
        The cell of the KPI, for the records.
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
    kpi: str
    where: dict


@dataclass(frozen=True)
class MobileDetail:
    """What lies behind one level or cell: its answers by the other dimensions, its complaints, its speed.

    Attributes
    ----------
    title : str
    chosen : dict
        The dimensions and levels.
    total : dict
        The judged figures; empty where there is no answer.
    levels : dict of str to DataFrame
        By each other dimension: figures against expectation. Of a single combination: by state and by operator, the rest alike.
    complaints : DataFrame
    cells : DataFrame
        The combinations within.
    speed : DataFrame
        Speed quantiles of its operator or state by technology; empty where nobody tested.
    """

    title: str
    chosen: dict
    total: dict
    levels: dict[str, pd.DataFrame]
    complaints: pd.DataFrame
    cells: pd.DataFrame
    speed: pd.DataFrame


@dataclass(frozen=True)
class MobileView:
    """The view as plain data; nothing in it is HTML.

    Attributes
    ----------
    question : str
    answer : list of str
        One to three sentences, computed.
    cautions : list of str
        What could not be judged, and what the data cannot tell.
    missing : list of str
        What is not loaded, and how to load it.
    chosen : dict
        The filters as used: operator, technology, place, state, period.
    choices : dict of str to list of (value, label)
        What each filter can be set to.
    cards : list of MobileCard
        At most four.
    segments : dict of str to DataFrame
        By operator, technology, place, state; see :func:`cemlib.usecases.mobile.answers.judge_levels`.
    complaints, cells, states, squares : DataFrame
        Ratings by category; what is unhappy where; marks of the map.
    speed : dict of str to DataFrame
        By technology, operator, state; see :func:`cemlib.usecases.mobile.speed.speed_by`.
    footer : list of str
    kpis : list of str
        The KPIs that the figures rest on.
    figures : dict of str to float
    tables : dict of str to DataFrame
        What is exported.
    """

    question: str
    answer: list[str]
    cautions: list[str]
    missing: list[str]
    chosen: dict[str, str]
    choices: dict[str, list[tuple[str, str]]]
    cards: list[MobileCard]
    segments: dict[str, pd.DataFrame]
    complaints: pd.DataFrame
    cells: pd.DataFrame
    states: pd.DataFrame
    squares: pd.DataFrame
    speed: dict[str, pd.DataFrame]
    footer: list[str]
    kpis: list[str]
    figures: dict[str, float]
    tables: dict[str, pd.DataFrame]
    _reader: Reader = field(repr=False, compare=False, kw_only=True)

    def detail(self, **chosen: str) -> MobileDetail:
        """Look into one operator, technology, place, state, or a combination, within the filters of the view.

        Raises
        ------
        ParameterError
            When a level does not exist.
        UnknownNameError
            When a dimension does not exist.
        """
        return self._reader.detail(chosen)

    def records(self, kpi: str, limit: int | None = 100, **cell: str) -> pd.DataFrame:
        """The records behind a figure; recomputing from them gives the figure.

        Parameters
        ----------
        kpi : str
            A KPI of the view.
        limit : int or None
        **cell : str
            operator, technology, place, state; further filters than those of the view.
        """
        return self._reader.records(kpi, limit, cell)
