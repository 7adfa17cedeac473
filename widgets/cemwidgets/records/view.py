"""The pager as a widget."""

from __future__ import annotations

import pandas as pd

from cemwidgets.panel.parts import box, esc, notice
from cemwidgets.panel.view import Panel
from cemwidgets.records.state import PageState, records_html

__all__ = ["Records"]


class Records(Panel):
    """Records behind a figure: 50 a page, sorted by a click on a heading, exported as CSV.

    Pages are cut in Python, so 100,000 rows are as quick as 100.

    Parameters
    ----------
    frame : DataFrame, optional
        The records; nothing is shown without.
    title, note : str
    hidden : str
        Why the records may not be shown (suppression, role): shown in their place, and there is no export.
    name : str
        File name of the export.
    size : int
        Rows a page.
    """

    def __init__(self, frame: pd.DataFrame | None = None, *, title: str = "Records", note: str = "", hidden: str = "", name: str = "records.csv", size: int = 50) -> None:
        self._size = size
        super().__init__()
        self.on("page", lambda event: self._turn(event["to"]))
        self.on("sort", lambda event: self._sort(event["column"]))
        self.on("export", lambda event: self.export())
        self.show(frame, title=title, note=note, hidden=hidden, name=name)

    def show(self, frame: pd.DataFrame | None, *, title: str = "Records", note: str = "", hidden: str = "", name: str = "records.csv") -> None:
        """Show other records, from their first page; ``None`` empties the place."""
        self._state = None if frame is None or hidden else PageState(frame, self._size)
        self._words, self._hidden, self._name = {"title": title, "note": note}, hidden, name
        self._draw()

    def export(self) -> None:
        """Hand all rows, in the order shown, to the browser as CSV."""
        if self._state is not None:
            whole = PageState(self._state.frame, max(len(self._state.frame), 1), 1, self._state.order, self._state.ascending)
            self.download(self._name, whole.rows().to_csv(index=False))

    def _turn(self, page: str) -> None:
        self._state.go(int(page))
        self._draw()

    def _sort(self, column: str) -> None:
        self._state.sort(column)
        self._draw()

    def _draw(self) -> None:
        self.html = self._drawn(live=True)

    def _drawn(self, live: bool) -> str:
        if self._hidden:
            return notice(f"{self._words['title']}: not shown", self._hidden)
        if self._state is None:
            return ""
        if self._state.frame.empty:
            return box(self._words["title"], f'<div class="cem-empty">{esc("No records.")}</div>', note=self._words["note"])
        return f'<section class="cem-box">{records_html(self._state, **self._words, live=live)}</section>'

    def static(self) -> str:
        """Return the first rows as they stand, without what needs a kernel."""
        return f'<div class="cem">{self._drawn(live=False)}</div>'
