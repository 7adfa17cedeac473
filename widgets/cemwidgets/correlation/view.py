"""The app: panels that show the state's HTML and redraw when a filter, the series or the selection changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from cemlib.usecases import correlate_sources
from cemlib.usecases.correlation.catalogue import SERIES
from cemlib.usecases.correlation.view import CorrelationView
from cemwidgets.correlation.state import CorrelationState
from cemwidgets.page.view import Boxed, Columns, Stack, UseCasePage
from cemwidgets.records.view import Records
from cemwidgets.timeline.view import Timeline

__all__ = ["CorrelationPage"]

_WHEN = ("started_at", "attempted_at", "occurred_at", "opened_at")
_MOST_OF_A_BIN = 5_000


class CorrelationPage(UseCasePage):
    """The page, as :class:`cemwidgets.page.view.UseCasePage` tells.

    Attributes
    ----------
    top, which, deeper, course, foot : widget
        Question and figures; links and lags; the selected pair and its records; the series; the evidence.
    """

    part_names = ("head", "sources", "cards", "links", "heat", "depth", "foot")
    exported = "links"

    def __init__(self, lake, view: CorrelationView, messages: Sequence[str] = ()) -> None:
        self._lake = lake
        super().__init__(CorrelationState(view, messages), pair=lambda event: self._select(event.get("left", ""), event.get("right", "")), moment=self._show_records,
                         more=lambda event: self._more(), source=lambda event: self.show(self.filtered({"sources": self.state.toggled(event["code"])})))
        self.timeline = Timeline(self.state.strands(), description="Series on one time axis")
        self.left_records, self.right_records = self.records, Records()
        self.which = Columns(self.links, self.heat)
        self.top = Stack(self.head, self.filters, self.sources, self.cards)
        self.deeper = Stack(self.depth, self.left_records, self.right_records)
        self.course = Boxed("Side by side", self.timeline, note="grey: what hour, weekday and trend make usual")
        self.draw()

    def draw(self, *names: str) -> None:
        """Draw parts anew, and the series."""
        super().draw(*names)
        self.timeline.show(self.state.strands(), marks=self.state.marks())

    def filtered(self, values: Mapping[str, str]) -> CorrelationView:
        """Correlate with other parameters over those of the view."""
        return correlate_sources(self._lake, **{**self.view.chosen, **values})

    def show(self, view: CorrelationView) -> None:
        """Show another view; the records of both series are put away."""
        self.right_records.show(None)
        super().show(view)

    def _select(self, left: str, right: str) -> None:
        self.state.select(left, right)
        self.left_records.show(None)
        self.right_records.show(None)
        self.draw("links", "heat", "depth")

    def _more(self) -> None:
        self.state.all_links = not self.state.all_links
        self.links.redraw()

    def _show_records(self, event: Mapping[str, str]) -> None:
        for widget, code, at in zip((self.left_records, self.right_records), self.state.chosen or (), (event["id"], event["right_at"])):
            title = f"{SERIES[code].title}, {pd.Timestamp(at):%a %d %b %H:%M} UTC"
            self.open_records(partial(self._read, code, at), title, f"{code}.csv", most=_MOST_OF_A_BIN, into=widget)

    def _read(self, code: str, at: str) -> pd.DataFrame:
        """The records of one bin of a series, with their times in front."""
        rows = self.view.records(code, at, limit=_MOST_OF_A_BIN)
        front = [one for one in _WHEN if one in rows]
        return rows[[*front, *(one for one in rows if one not in front)]]
