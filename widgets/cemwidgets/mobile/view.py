"""The app: panels that show the state's HTML and redraw when a filter or the selection changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.usecases import view_mobile
from cemlib.usecases.mobile.view import MobileView
from cemwidgets.mobile.state import MobileState
from cemwidgets.page.view import MOST_RECORDS, Columns, Stack, UseCasePage

__all__ = ["MobilePage"]

_FRONT = ("occurred_at", "started_at", "time_grain_code", "operator_name", "rat_code", "technology_code", "place_code", "region_name", "city_name",
          "score_value", "answered_category_code", "throughput_down_mbps", "throughput_up_mbps", "rtt_ms", "rsrp_dbm", "wifi_rssi_dbm")
_BUCKETS = ("minute5_at", "minute15_at", "hour_at", "day_date", "month_date", "weekday_hour", "event_date", "question_code", "observation_code")


def _in_reading_order(rows: pd.DataFrame) -> pd.DataFrame:
    """The records with what one reads first in front, without empty columns and the time buckets made for counting."""
    rows = rows.dropna(axis="columns", how="all").drop(columns=[one for one in _BUCKETS if one in rows])
    front = [one for one in _FRONT if one in rows]
    return rows[[*front, *(one for one in rows if one not in front)]]


class MobilePage(UseCasePage):
    """The page, as :class:`cemwidgets.page.view.UseCasePage` tells.

    Attributes
    ----------
    top, where, deeper, who, foot : widget
        Question and figures; map and what is unhappy where; the selection and its records; groups, complaints and speed; the evidence.
    """

    part_names = ("head", "cards", "map", "cells", "levels", "complaints", "speed", "depth", "foot")

    def __init__(self, lake, view: MobileView, messages: Sequence[str] = ()) -> None:
        self._lake = lake
        super().__init__(MobileState(view, messages), select=self._select, more=self._more, tab=lambda event: self._open("tab", event["to"]),
                         speed_tab=lambda event: self._open("speed_tab", event["to"]), records=self._show_records)
        self.where = Columns(self.map, self.cells)
        self.who = Columns(self.levels, Stack(self.complaints, self.speed))
        self.top = Stack(self.head, self.filters, self.cards)
        self.deeper = Stack(self.depth, self.records)
        self.draw()

    def filtered(self, values: Mapping[str, str]) -> MobileView:
        """Compute the view of these filters."""
        return view_mobile(self._lake, **values)

    def _select(self, event: Mapping[str, str]) -> None:
        self.state.select(**{name: event.get(name, "") for name in ("operator", "technology", "place", "state")})
        self.records.show(None)
        self.draw("map", "cells", "levels", "depth")

    def _more(self, event: Mapping[str, str]) -> None:
        name = f"all_{event['of']}"
        setattr(self.state, name, not getattr(self.state, name))
        self.draw(event["of"])

    def _open(self, what: str, name: str) -> None:
        setattr(self.state, what, name)
        self.draw("levels" if what == "tab" else "speed")

    def _show_records(self, event: Mapping[str, str]) -> None:
        kpi = event.get("kpi") or "rating_dissatisfied_ratio"
        # a card's records are those of the whole view; the foot of the selection asks for its own
        cell = {} if event.get("kpi") else self.state.chosen
        title = f"Records behind {kpi.replace('_', ' ')}"
        self.open_records(lambda: _in_reading_order(self.view.records(kpi, limit=MOST_RECORDS, **cell)), title, f"{kpi}.csv")

    def _export(self) -> None:
        for name in ("unhappy_where", "ratings_by_state"):
            if name in self.view.tables:
                self.filters.download(f"{name}.csv", self.view.tables[name].to_csv(index=False))
                return
