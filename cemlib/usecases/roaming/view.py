"""The view of the use case as plain data: no HTML, no widget, every figure with what it is compared to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cemlib import privacy
from cemlib.usecases.minimum_view import Card, MinimumView

__all__ = ["QUESTION", "QUESTION_INBOUND", "RoamingCard", "RoamingView", "Selection"]

QUESTION = "Which partners are failing our roamers, and why?"
QUESTION_INBOUND = "Which partners' roamers are failing here, and why?"


@dataclass(frozen=True)
class RoamingCard(Card):
    """One figure of the first screen, with its course.

    Its verdict is worse, better, as_expected, context, too_few, no_data or suppressed.

    Attributes
    ----------
    reference : float or None
        What it is compared to, in the same unit.
    series : DataFrame
        at, value, low, high by UTC day, for a small line.
    """

    reference: float | None = None
    series: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class Selection:
    """What the detail is about: a partner, a country, a hub, or all.

    Attributes
    ----------
    kind : str
        partner, country, hub, or "" for all networks.
    code, name : str
    plmns : tuple of str
    chosen : bool
        Asked for; else the worst partner was taken.
    since : Timestamp or None
        When a change was found.
    before_value, after_value : float or None
    sentences : tuple of str
        What is wrong, where it sits, what to do first.
    bin_hours : int
        Length of the trend's bins.
    concentration : dict
        The IMSI range, device … in which the failure sits; empty: spread evenly.
    first_action : str
    """

    kind: str
    code: str
    name: str
    plmns: tuple[str, ...]
    chosen: bool
    since: pd.Timestamp | None
    before_value: float | None
    after_value: float | None
    sentences: tuple[str, ...]
    bin_hours: int
    concentration: dict
    first_action: str


@dataclass(frozen=True, kw_only=True)
class RoamingView(MinimumView):
    """The view: what :class:`cemlib.usecases.minimum_view.MinimumView` has, and the following.

    Attributes
    ----------
    answer : tuple of str
        Who fails, since when, why, on whose side, how many are affected; hub incidents; what was ruled out and what could not be judged.
    now : tuple of str
        The last full hour against the same hour a week before, and how far the feed is behind.
    parameters : dict
        As understood (period, direction, service, radio access, selection, role).
    countries : DataFrame
        country, country_name, num, den, value, low, high, expected_low, expected_high, state, subscribers, affected, verdict.
    partners : DataFrame
        Worst first: see :data:`cemlib.usecases.roaming.tables.PARTNER_TABLE`. rank (null: not ranked), partner_plmn, partner_code,
        network_name, country, hub, num, den (attempts), value, low, high, expected_low, expected_high, state, verdict (below its own
        past, below_peers, slow or slow_peers against the others' level, within, above, too_few, no_data, suppressed), cause, area,
        side, first_action, subscribers, affected, since, note …
    selection : Selection
    trend, causes, drill, affected : DataFrame
        Of the selection. ``trend`` has at, num, den, value, low, high, expected, band_low, band_high, verdict, state.
    level_trend, level_parts : DataFrame
        Of the selection, for services with a level (throughput, MOS, delivery time): by UTC day against the expected band; and the
        levels before and after the change. Empty under registration.
    hub_incidents, ruled_out, steering, probes, silent : DataFrame
    evidence : dict
        How many records the answer rests on: records, rejects, subscribers.
    is_empty : bool
        No records in the period.
    """

    now: tuple[str, ...]
    parameters: dict
    countries: pd.DataFrame
    partners: pd.DataFrame
    selection: Selection
    trend: pd.DataFrame
    causes: pd.DataFrame
    level_trend: pd.DataFrame
    level_parts: pd.DataFrame
    drill: pd.DataFrame
    affected: pd.DataFrame
    hub_incidents: pd.DataFrame
    ruled_out: pd.DataFrame
    steering: pd.DataFrame
    probes: pd.DataFrame
    silent: pd.DataFrame
    evidence: dict
    is_empty: bool

    def rows(self, kpi: str | None = None, *, part: str = "den", limit: int | None = None, since: dt.datetime | None = None,
             until: dt.datetime | None = None, **cell: Any) -> pd.DataFrame:
        """The records behind a figure, in the order of their event time.

        Parameters
        ----------
        kpi : str, optional
            The KPI of the figure; by default the one by which partners are ranked.
        part : {"den", "num", "rest"}
            All records of the figure, the successes, or the failures.
        limit : int, optional
            The first so many.
        since, until : datetime, optional
            Within the period, unless given (the bins of the trend reach further back).
        **cell
            Columns of the records, such as ``partner_plmn="99917"`` or ``cause="5004"``.

        Raises
        ------
        PrivacyError
            For a manager.
        UnknownNameError
            For a KPI or column that does not exist.
        """
        privacy.require_records(self.parameters["role"])
        if self._reader is None or self.is_empty:
            return pd.DataFrame()
        kpi = kpi or self.parameters["leading_kpi"]
        found = self._reader.measure(kpi, since=since, until=until)
        return privacy.publishable(found.rows(limit=limit, part=part, **cell), self.parameters["role"])
