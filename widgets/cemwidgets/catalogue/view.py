"""The app: panels that show the state's HTML and redraw when a filter or the opened definition changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cemlib.usecases.catalogue.view import CatalogueView
from cemwidgets.catalogue.state import CatalogueState
from cemwidgets.page.view import MOST_RECORDS, Columns, Stack, UseCasePage

__all__ = ["CataloguePage"]

class CataloguePage(UseCasePage):
    """The page, as :class:`cemwidgets.page.view.UseCasePage` tells.

    Attributes
    ----------
    top, body, records, foot : widget
        Question, filters and counts; the list beside the opened definition; the records behind its figure; the evidence.
    """

    part_names = ("head", "cards", "listing", "definition", "foot")
    exported = "kpi_catalogue"

    def __init__(self, view: CatalogueView, messages: Sequence[str] = ()) -> None:
        super().__init__(CatalogueState(view, messages), open=self._open, only=lambda event: self.filters.set(**{event["filter"]: event["to"]}),
                         records=lambda event: self._show_records(), sql=lambda event: self._save_sql())
        self.top = Stack(self.head, self.filters, self.cards)
        self.body = Columns(self.listing, self.definition)
        self.draw()

    def filtered(self, values: Mapping[str, str]) -> CatalogueView:
        """The definitions that fit; what is opened stays open while it fits."""
        return self.view.narrow(**values)

    def _open(self, event: Mapping[str, str]) -> None:
        self.state.select(event["kpi"])
        self.filters.redraw()
        self.records.show(None)
        self.draw("listing", "definition")

    def _show_records(self) -> None:
        code = self.view.kpi
        self.open_records(lambda: self.view.records(code, limit=MOST_RECORDS), f"Records behind {code}", f"{code}.csv")

    def _save_sql(self) -> None:
        text = "".join(f"-- {name}\n{sql};\n" for name, sql in self.state.opened.told.sql.items())
        self.definition.download(f"{self.view.kpi}.sql", text, "text/plain;charset=utf-8")
