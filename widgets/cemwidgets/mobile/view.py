"""The app: panels that show the state's HTML and redraw when a filter or the selection changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.errors import PrivacyError
from cemlib.usecases import view_mobile
from cemlib.usecases.mobile.view import MobileView
from cemwidgets.filters.view import FilterBar
from cemwidgets.mobile.state import FILTERS, MobileState
from cemwidgets.page.view import Columns, Part, Stack
from cemwidgets.records.view import Records

__all__ = ["MobilePage"]

_MOST_RECORDS = 20_000
_FRONT = ("occurred_at", "started_at", "time_grain_code", "operator_name", "rat_code", "technology_code", "place_code", "region_name", "city_name",
          "score_value", "answered_category_code", "throughput_down_mbps", "throughput_up_mbps", "rtt_ms", "rsrp_dbm", "wifi_rssi_dbm")
_BUCKETS = ("minute5_at", "minute15_at", "hour_at", "day_date", "month_date", "weekday_hour", "event_date", "question_code", "observation_code")


def _in_reading_order(rows: pd.DataFrame) -> pd.DataFrame:
    """The records with what one reads first in front, without empty columns and the time buckets made for counting."""
    rows = rows.dropna(axis="columns", how="all").drop(columns=[one for one in _BUCKETS if one in rows])
    front = [one for one in _FRONT if one in rows]
    return rows[[*front, *(one for one in rows if one not in front)]]


class MobilePage:
    """The parts of the page, to be displayed one by one or together.

    Parameters
    ----------
    lake : Lake
    view : MobileView
        What is shown first; a change of a filter computes another.
    messages : sequence of str
        What in the page's address could not be used.

    Attributes
    ----------
    top, where, deeper, who, foot : widget
        Question and figures; map and what is unhappy where; the selection and its records; groups, complaints and speed; the evidence.
    """

    def __init__(self, lake, view: MobileView, messages: Sequence[str] = ()) -> None:
        self._lake = lake
        self.state = MobileState(view, messages)
        self._panels = {name: Part(getattr(self.state, name)) for name in ("head", "cards", "map", "cells", "levels", "complaints", "speed", "depth", "foot")}
        self.filters = FilterBar(self.state.filters(), view.chosen, on_change=self._filter, tail=self.state.tail)
        self.filters.on("export", lambda event: self._export())
        self.records = Records()
        for name, panel in self._panels.items():
            panel.on("select", self._select)
            panel.on("more", self._more)
            panel.on("tab", lambda event: self._open("tab", event["to"]))
            panel.on("speed_tab", lambda event: self._open("speed_tab", event["to"]))
            panel.on("records", self._show_records)
            setattr(self, name, panel)
        self.where = Columns(self.map, self.cells)
        self.who = Columns(self.levels, Stack(self.complaints, self.speed))
        self.top = Stack(self.head, self.filters, self.cards)
        self.deeper = Stack(self.depth, self.records)
        self._draw()

    @property
    def view(self) -> MobileView:
        """What is shown now."""
        return self.state.view

    def _draw(self, *names: str) -> None:
        for name in names or self._panels:
            self._panels[name].redraw()

    def _filter(self, values: Mapping[str, str]) -> None:
        self.state.show(view_mobile(self._lake, **{name: values[name] for name in FILTERS}))
        self.filters.items = self.state.filters()
        self.records.show(None)
        self._draw()

    def _select(self, event: Mapping[str, str]) -> None:
        self.state.select(**{name: event.get(name, "") for name in ("operator", "technology", "place", "state")})
        self.records.show(None)
        self._draw("map", "cells", "levels", "depth")

    def _more(self, event: Mapping[str, str]) -> None:
        name = f"all_{event['of']}"
        setattr(self.state, name, not getattr(self.state, name))
        self._draw(event["of"])

    def _open(self, what: str, name: str) -> None:
        setattr(self.state, what, name)
        self._draw("levels" if what == "tab" else "speed")

    def _show_records(self, event: Mapping[str, str]) -> None:
        kpi = event.get("kpi") or "rating_dissatisfied_ratio"
        # a card's records are those of the whole view; the foot of the selection asks for its own
        cell = {} if event.get("kpi") else self.state.chosen
        title = f"Records behind {kpi.replace('_', ' ')}"
        try:
            rows = self.view.records(kpi, limit=_MOST_RECORDS, **cell)
        except PrivacyError as error:
            self.records.show(None, title=title, hidden=error.todo or error.what)
            return
        note = "the first 20,000" if len(rows) == _MOST_RECORDS else ""
        self.records.show(_in_reading_order(rows), title=title, note=note, name=f"{kpi}.csv")

    def _export(self) -> None:
        for name in ("unhappy_where", "ratings_by_state"):
            if name in self.view.tables:
                self.filters.download(f"{name}.csv", self.view.tables[name].to_csv(index=False))
                return
