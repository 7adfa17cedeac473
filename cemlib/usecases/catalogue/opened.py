"""One definition, opened: what is declared and derived of it, what feeds it in this lake, its figure of now."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from cemlib.kpi import Kpi
from cemlib.kpi.describe import describe
from cemlib.kpi.lineage import Lineage
from cemlib.usecases.catalogue import wording
from cemlib.usecases.catalogue.search import standing_of
from cemlib.usecases.catalogue.view import OpenedKpi

__all__ = ["open_kpi"]


def open_kpi(lake, one: Kpi, figure: Mapping, course: pd.DataFrame) -> OpenedKpi:
    """Open a definition.

    Parameters
    ----------
    lake : Lake
    one : Kpi
    figure : mapping
        Its figure of now, from :func:`cemlib.usecases.catalogue.figures.read_figures`.
    course : DataFrame
        The same by day.
    """
    told = describe(one)
    return OpenedKpi(told, wording.fact_words(told), standing_of(one), _feeds(lake, told.lineage), dict(figure), course)


def _feeds(lake, lineage: Lineage) -> pd.DataFrame:
    """The connectors that bring the records: those that this lake has first."""
    fresh = lake.freshness()
    fresh = fresh[fresh["table_name"].isin(lineage.facts)].groupby("source_code")[["records", "last_event_at"]].agg({"records": "sum", "last_event_at": "max"})
    feeds = pd.DataFrame({"source_code": list(lineage.connectors), "title": list(lineage.connectors.values())}).join(fresh, on="source_code")
    feeds["records"] = feeds["records"].fillna(0).astype("int64")
    return feeds.sort_values(["records", "source_code"], ascending=[False, True], ignore_index=True)
