"""The app: panels that show the state's HTML and redraw when a filter or the selection changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cemlib.usecases import explain_change
from cemlib.usecases.cause.view import CauseView
from cemwidgets.cause.state import CauseState
from cemwidgets.page.view import MOST_RECORDS, Columns, Stack, UseCasePage

__all__ = ["CausePage"]



class CausePage(UseCasePage):
    """The page, as :class:`cemwidgets.page.view.UseCasePage` tells.

    Attributes
    ----------
    top, middle, deeper, split, foot : widget
        Question and figures; causes and waterfall; near-equivalents and records; rates and mix; the evidence.
    """

    part_names = ("head", "cards", "causes", "waterfall", "equivalents", "shift", "foot")
    exported = "causes"

    def __init__(self, lake, view: CauseView, messages: Sequence[str] = (), role: str | None = None) -> None:
        self._lake, self._role = lake, role
        super().__init__(CauseState(view, messages), select=self._select, records=lambda event: self._show_records())
        self.top = Stack(self.head, self.filters, self.cards)
        self.middle = Columns(self.causes, self.waterfall)
        self.deeper = Stack(self.equivalents, self.records)
        self.split = self.shift
        self.draw()

    def filtered(self, values: Mapping[str, str]) -> CauseView:
        """Look for the cause of these parameters; what cannot be is told on the page, where it can be taken back."""
        return explain_change(self._lake, **{**values, "depth": int(values["depth"])}, role=self._role, strict=False)

    def _select(self, event: Mapping[str, str]) -> None:
        self.state.select(int(event["cause"]))
        self.records.show(None)
        self.draw("causes", "equivalents")

    def _show_records(self) -> None:
        title = f"Records: {self.view.causes['text'].iloc[self.state.cause]}"
        self.open_records(lambda: self.view.records(self.state.cause, limit=MOST_RECORDS), title, "cause_records.csv", note="those that count against the KPI")
