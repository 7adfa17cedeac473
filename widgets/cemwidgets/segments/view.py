"""The app: panels that show the state's HTML and redraw when a filter changes or a segment is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cemlib.usecases.segments.reader import ALL, FOUND, LAKE, LAST, NAMED
from cemlib.usecases.segments.view import SegmentView
from cemwidgets.filters.view import FilterBar
from cemwidgets.page.view import Columns, Part, Stack
from cemwidgets.segments.state import SegmentState

__all__ = ["SegmentPage"]

_PARTS = ("head", "cards", "segments", "profiles", "rules", "moves", "compare", "places", "foot")


class SegmentPage:
    """The parts of the page, to be displayed one by one or together.

    Parameters
    ----------
    view : SegmentView
        What is shown first.
    messages : sequence of str
        What in the page's address could not be used.

    Attributes
    ----------
    top, table, inside, between, foot : widget
        Question and figures; the segments; profiles and rules; who moved, and where they are; the evidence.
    """

    def __init__(self, view: SegmentView, messages: Sequence[str] = ()) -> None:
        self.state = SegmentState(view, messages)
        self._panels = {name: Part(getattr(self.state, name)) for name in _PARTS}
        self.filters = FilterBar(self.state.filters(), self.state.values(), on_change=self._filter, tail=self.state.tail)
        self.filters.on("export", lambda event: self._export())
        for name, panel in self._panels.items():
            panel.on("segment", self._open)
            setattr(self, name, panel)
        self.top = Stack(self.head, self.filters, self.cards)
        self.table, self.inside, self.between = self.segments, Columns(self.profiles, self.rules), Stack(Columns(self.compare, self.places), self.moves)
        self._draw()

    def _draw(self) -> None:
        for panel in self._panels.values():
            panel.redraw()

    def _filter(self, values: Mapping[str, str]) -> None:
        # other customers are divided into other segments, and found segments have other names than sets
        chosen = self.state.view.chosen
        free = {"by": FOUND, "period": LAST} if values.get("study", LAKE) != chosen["study"] else {}
        free |= {"segment": ALL, "other": ALL} if free or values.get("by", FOUND) != chosen["by"] or values.get("period", LAST) != chosen["period"] else {}
        self._show(**{**values, **free})

    def _open(self, event: Mapping[str, str]) -> None:
        chosen = self.state.view.chosen
        # the same row again closes it
        self.filters.set(segment=ALL if event["segment"] == chosen["segment"] else event["segment"])

    def _show(self, **asked: str) -> None:
        self.state.view = self.state.view.again(**asked)
        # another study has other chips, and its segments other names
        self.filters.items, self.filters.values = self.state.filters(), dict(self.state.values())
        self.filters.redraw()
        self._draw()

    def _export(self) -> None:
        self.filters.download("named_sets.csv" if self.state.view.chosen["by"] == NAMED else "segments.csv", self.state.view.segments.to_csv(index=False))
