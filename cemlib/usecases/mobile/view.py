"""The view of the use case ``mobile_insights`` as plain data."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cemlib.usecases.minimum_view import MinimumView

__all__ = ["MobileDetail", "MobileView"]


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


@dataclass(frozen=True, kw_only=True)
class MobileView(MinimumView):
    """The view: what :class:`cemlib.usecases.minimum_view.MinimumView` has, and the following.

    Attributes
    ----------
    segments : dict of str to DataFrame
        By operator, technology, place, state; see :func:`cemlib.usecases.mobile.answers.judge_levels`.
    complaints, cells, states, squares : DataFrame
        Ratings by category; what is unhappy where; marks of the map.
    speed : dict of str to DataFrame
        By technology, operator, state; see :func:`cemlib.usecases.mobile.speed.speed_by`.
    """

    segments: dict[str, pd.DataFrame]
    complaints: pd.DataFrame
    cells: pd.DataFrame
    states: pd.DataFrame
    squares: pd.DataFrame
    speed: dict[str, pd.DataFrame]

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
