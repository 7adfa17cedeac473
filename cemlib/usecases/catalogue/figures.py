"""The figure of every KPI in a window of the lake, with its interval and state, as the reader may see it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from cemlib.enrich import enriched_schema
from cemlib.errors import CemError
from cemlib.kpi import Kpi, KpiResult, evaluate
from cemlib.privacy import may_see_records, suppress_small_groups

__all__ = ["FAILED", "STATES", "Window", "read_course", "read_figures"]

#: How a figure can stand, in the order in which a reader wants to know.
STATES = ("ok", "too_few", "no_data", "suppressed", "failed")
FAILED = "failed"
_COLUMNS = ["num", "den", "value", "low", "high", "state", "message"]

#: The first instant that counts, and the first that does not.
Window = tuple[dt.date, dt.date]


def read_figures(lake, kpis: Sequence[Kpi], window: Window | None, role: str | None = None) -> pd.DataFrame:
    """One figure for each KPI, over all its records of the window.

    Parameters
    ----------
    lake : Lake
    kpis : sequence of Kpi
    window : (date, date) or None
        UTC days, the second one not included; None: all of the lake.
    role : str, optional
        From a manager, figures of fewer than k customers are hidden.

    Returns
    -------
    DataFrame
        By KPI code: num, den, value, low, high (null where missing), state (one of :data:`STATES`), message (why it failed).
    """
    scans: dict[tuple[str, bool], list[Kpi]] = {}
    for one in kpis:
        scans.setdefault((one.table, _has_people(one.table)), []).append(one)
    found = [_scan(lake, some, window, role, people) for (_, people), some in scans.items()]
    return pd.concat(found)[_COLUMNS] if found else pd.DataFrame(columns=_COLUMNS)


def read_course(lake, kpi: Kpi, window: Window | None, role: str | None = None) -> pd.DataFrame:
    """The figure of one KPI by UTC day: day, then the columns of :func:`read_figures`; days without a record have no row."""
    people = _has_people(kpi.table)
    frame = _shown(_evaluate(lake, [kpi], window, people and not may_see_records(role), by=["day"]).to_pandas(), role, people)
    return frame[frame["day"].notna()].sort_values("day", ignore_index=True)


def _has_people(table: str) -> bool:
    return "subscriber_key" in enriched_schema(table)


def _scan(lake, kpis: Sequence[Kpi], window: Window | None, role: str | None, people: bool) -> pd.DataFrame:
    """The KPIs of one table together; where that fails, one by one, so that one ill definition does not hide the others."""
    # counting customers reads the records: it is done for the reader from whom small groups are hidden, and for nobody else
    count = people and not may_see_records(role)
    try:
        frame = _shown(_evaluate(lake, kpis, window, count).to_pandas(), role, people)
        return frame.assign(message="").set_index("kpi_code")
    except Exception as error:
        # a definition that a user has added may fail in whatever way Python knows
        if len(kpis) > 1:
            return pd.concat([_scan(lake, [one], window, role, people) for one in kpis])
        message = error.what if isinstance(error, CemError) else f"{type(error).__name__}: {error}"
        ill = {"num": None, "den": 0, "value": None, "low": None, "high": None, "state": FAILED, "message": message}
        return pd.DataFrame([ill], index=pd.Index([kpis[0].code], name="kpi_code"))


def _evaluate(lake, kpis: Sequence[Kpi], window: Window | None, count: bool, by: Sequence[str] = ()) -> KpiResult:
    since, until = (None, None) if window is None else (one.isoformat() for one in window)
    return evaluate(lake, list(kpis), by=list(by), since=since, until=until, subscribers=count)


def _shown(frame: pd.DataFrame, role: str | None, people: bool) -> pd.DataFrame:
    """What of the figures a role may see; a table without customers has nobody to protect."""
    return suppress_small_groups(frame, role) if people and not may_see_records(role) else frame
