"""The app: panels that show the state's HTML and redraw when a filter or the selection changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cemlib.errors import PrivacyError
from cemlib.usecases import explain_change
from cemlib.usecases.cause.view import CauseView
from cemwidgets.cause.state import CauseState
from cemwidgets.filters.view import FilterBar
from cemwidgets.page.view import Columns, Part, Stack
from cemwidgets.records.view import Records

__all__ = ["CausePage"]

_MOST_RECORDS = 20_000
_PARTS = ("head", "cards", "causes", "waterfall", "equivalents", "shift", "foot")


class CausePage:
    """The parts of the page, to be displayed one by one.

    Parameters
    ----------
    lake : Lake
    view : CauseView
        What is shown first; a change of a filter computes another.
    messages : sequence of str
        What in the page's address could not be used.
    asked : mapping
        ``where``, ``by`` and ``role`` of the view, which the filters leave as they are.

    Attributes
    ----------
    top, middle, deeper, split, foot : widget
        Question and figures; causes and waterfall; near-equivalents and records; rates and mix; the evidence.
    """

    def __init__(self, lake, view: CauseView, messages: Sequence[str] = (), **asked: Any) -> None:
        self._lake, self._asked = lake, asked
        self.state = CauseState(view, messages)
        self._panels = {name: Part(getattr(self.state, name)) for name in _PARTS}
        self.filters = FilterBar(self.state.filters(), view.chosen, on_change=self._filter, tail=self.state.tail)
        self.filters.on("export", lambda event: self._export())
        self.records = Records()
        for name, panel in self._panels.items():
            panel.on("select", self._select)
            panel.on("records", lambda event: self._show_records())
            setattr(self, name, panel)
        self.top = Stack(self.head, self.filters, self.cards)
        self.middle = Columns(self.causes, self.waterfall)
        self.deeper = Stack(self.equivalents, self.records)
        self.split = self.shift
        self._draw()

    @property
    def view(self) -> CauseView:
        """What is shown now."""
        return self.state.view

    def _draw(self, *names: str) -> None:
        for name in names or _PARTS:
            self._panels[name].redraw()

    def _filter(self, values: Mapping[str, str]) -> None:
        self.state.show(explain_change(self._lake, self.view.chosen["kpi"], period=values["period"], against=values["against"], depth=int(values["depth"]), **self._asked))
        self.filters.items = self.state.filters()
        self.records.show(None)
        self._draw()

    def _select(self, event: Mapping[str, str]) -> None:
        self.state.select(int(event["cause"]))
        self.records.show(None)
        self._draw("causes", "equivalents")

    def _show_records(self) -> None:
        title = f"Records: {self.view.causes['text'].iloc[self.state.cause]}"
        try:
            rows = self.view.records(self.state.cause, limit=_MOST_RECORDS)
        except PrivacyError as error:
            self.records.show(None, title=title, hidden=error.todo or error.what)
            return
        self.records.show(rows.dropna(axis="columns", how="all"), title=title, note="those that count against the KPI", name="cause_records.csv")

    def _export(self) -> None:
        if "causes" in self.view.tables:
            self.filters.download("causes.csv", self.view.tables["causes"].to_csv(index=False))
