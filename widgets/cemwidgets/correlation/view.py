"""The app: panels that show the state's HTML and redraw when a filter, the series or the selection changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.errors import PrivacyError
from cemlib.usecases import correlate_sources
from cemlib.usecases.correlation.catalogue import SERIES
from cemlib.usecases.correlation.view import CorrelationView
from cemwidgets.correlation.state import CorrelationState, query_values
from cemwidgets.filters.view import FilterBar
from cemwidgets.page.view import Boxed, Columns, Part, Stack
from cemwidgets.records.view import Records
from cemwidgets.timeline.view import Timeline

__all__ = ["CorrelationPage"]

_WHEN = ("started_at", "attempted_at", "occurred_at", "opened_at")
_PARTS = ("head", "sources", "cards", "links", "heat", "depth", "foot")


class CorrelationPage:
    """The parts of the page, to be displayed one by one or together.

    Parameters
    ----------
    lake : Lake
    view : CorrelationView
        What is shown first; a change of a filter computes another.
    messages : sequence of str
        What in the page's address could not be used.

    Attributes
    ----------
    top, which, deeper, course, foot : widget
        Question and figures; links and lags; the selected pair and its records; the series; the evidence.
    """

    def __init__(self, lake, view: CorrelationView, messages: Sequence[str] = ()) -> None:
        self._lake = lake
        self.state = CorrelationState(view, messages)
        for name in _PARTS:
            panel = Part(getattr(self.state, name))
            panel.on("pair", lambda event: self._select(event.get("left", ""), event.get("right", "")))
            panel.on("moment", self._show_records)
            panel.on("more", lambda event: self._more())
            panel.on("source", lambda event: self._compute(sources=self.state.toggled(event["code"])))
            setattr(self, name, panel)
        self.filters = FilterBar(self.state.filters(), view.chosen, on_change=lambda values: self._compute(**query_values(values, self.state.view)), tail=self.state.tail)
        self.filters.on("export", lambda event: self._export())
        self.timeline = Timeline(self.state.strands(), description="Series on one time axis")
        self.left_records, self.right_records = Records(), Records()
        self.which = Columns(self.links, self.heat)
        self.top = Stack(self.head, self.filters, self.sources, self.cards)
        self.deeper = Stack(self.depth, self.left_records, self.right_records)
        self.course = Boxed("Side by side", self.timeline, note="grey: what hour, weekday and trend make usual")
        self._draw()

    @property
    def view(self) -> CorrelationView:
        """What is shown now."""
        return self.state.view

    def _draw(self, *names: str) -> None:
        for name in names or _PARTS:
            getattr(self, name).redraw()
        self.timeline.show(self.state.strands(), marks=self.state.marks())

    def _compute(self, **changes: str) -> None:
        self.state.show(correlate_sources(self._lake, **{**self.state.view.chosen, **changes}))
        self.filters.items = self.state.filters()
        self._forget_records()
        self._draw()

    def _select(self, left: str, right: str) -> None:
        self.state.select(left, right)
        self._forget_records()
        self._draw("links", "heat", "depth")

    def _forget_records(self) -> None:
        self.left_records.show(None)
        self.right_records.show(None)

    def _more(self) -> None:
        self.state.all_links = not self.state.all_links
        self.links.redraw()

    def _show_records(self, event: Mapping[str, str]) -> None:
        for widget, code, at in zip((self.left_records, self.right_records), self.state.chosen or (), (event["id"], event["right_at"])):
            title = f"{SERIES[code].title}, {pd.Timestamp(at):%a %d %b %H:%M} UTC"
            try:
                rows = self.view.records(code, at).dropna(axis="columns", how="all")
            except PrivacyError as error:
                widget.show(None, title=title, hidden=error.todo or error.what)
                continue
            front = [one for one in _WHEN if one in rows]
            rows = rows[[*front, *(one for one in rows if one not in front)]]
            widget.show(rows, title=title, note="the first 5,000" if len(rows) == 5000 else "", name=f"{code}.csv")

    def _export(self) -> None:
        self.filters.download("links.csv", self.view.tables["links"].to_csv(index=False))
