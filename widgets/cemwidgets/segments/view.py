"""The app: panels that show the state's HTML and redraw when a filter changes or a segment is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cemlib.usecases.segments.reader import ALL, NAMED
from cemlib.usecases.segments.view import SegmentView
from cemwidgets.page.view import Columns, Fold, Stack, UseCasePage
from cemwidgets.segments.state import SegmentState

__all__ = ["SegmentPage"]


class SegmentPage(UseCasePage):
    """The parts of the page, to be displayed one by one or together.

    Parameters
    ----------
    view : SegmentView
        What is shown first.
    messages : sequence of str
        What in the page's address could not be used.

    Attributes
    ----------
    top, table, inside, deeper, foot : widget
        Question and figures; the segments; what they do; rules, two side by side, where they are and who moved, folded; the evidence.
    """

    part_names = ("head", "cards", "segments", "profiles", "rules", "moves", "compare", "places", "foot")
    exported = "segments"

    def __init__(self, view: SegmentView, messages: Sequence[str] = ()) -> None:
        super().__init__(SegmentState(view, messages), segment=self._open)
        self.top = Stack(self.head, self.filters, self.cards)
        self.table, self.inside = self.segments, self.profiles
        self._beside = Columns(self.compare, self.places)
        self._folds = [(Fold("A closer look", self._beside, note="two side by side, and where they are if that is known", is_open=view.chosen["segment"] != ALL), (self.compare, self.places)),
                       (Fold("Rules in plain words", self.rules), (self.rules,)), (Fold("Who moved", self.moves), (self.moves,))]
        self.deeper = Stack()
        self.draw()

    def draw(self, *names: str) -> None:
        """Draw parts anew; a fold is there when something is in it."""
        super().draw(*names)
        self._beside.children = [one for one in (self.compare, self.places) if one.html]
        self.deeper.children = [fold for fold, parts in self._folds if any(one.html for one in parts)]

    def filtered(self, values: Mapping[str, str]) -> SegmentView:
        """The view that the chips lead to."""
        return self.view.again(**self.state.freed(values))

    def show(self, view: SegmentView) -> None:
        """Show another view: it may have other chips, set to something else."""
        super().show(view)
        self.filters.values = dict(self.state.values())

    def _open(self, event: Mapping[str, str]) -> None:
        chosen = self.view.chosen["segment"]
        # the same row again closes it
        self.filters.set(segment=ALL if event["segment"] == chosen else event["segment"])
        fold = self._folds[0][0]
        if self.view.chosen["segment"] != ALL and not fold.is_open:
            fold.turn()

    def _export(self) -> None:
        name = "named_sets.csv" if self.view.chosen["by"] == NAMED else "segments.csv"
        if self.exported in self.view.tables:
            self.filters.download(name, self.view.tables[self.exported].to_csv(index=False))
