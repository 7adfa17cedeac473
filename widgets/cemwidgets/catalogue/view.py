"""The app: panels that show the state's HTML and redraw when a filter or the opened definition changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cemlib.errors import PrivacyError
from cemlib.usecases.catalogue.view import CatalogueView
from cemwidgets.catalogue.state import FILTERS, CatalogueState
from cemwidgets.filters.view import FilterBar
from cemwidgets.page.view import Columns, Part, Stack
from cemwidgets.records.view import Records

__all__ = ["CataloguePage"]

_MOST_RECORDS = 20_000


class CataloguePage:
    """The parts of the page, to be displayed one by one or together.

    Parameters
    ----------
    view : CatalogueView
        What is shown first; a change of a filter narrows it.
    messages : sequence of str
        What in the page's address could not be used.

    Attributes
    ----------
    top, body, records, foot : widget
        Question, filters and counts; the list beside the opened definition; the records behind its figure; the evidence.
    """

    def __init__(self, view: CatalogueView, messages: Sequence[str] = ()) -> None:
        self.state = CatalogueState(view, messages)
        self._panels = {name: Part(getattr(self.state, name)) for name in ("head", "cards", "listing", "definition", "foot")}
        self.filters = FilterBar(self.state.filters(), self.state.values(), on_change=self._filter, tail=self.state.tail)
        self.filters.on("export", lambda event: self._export())
        self.records = Records()
        for name, panel in self._panels.items():
            panel.on("open", self._open)
            panel.on("only", lambda event: self.filters.set(**{event["filter"]: event["to"]}))
            panel.on("records", lambda event: self._show_records())
            panel.on("sql", lambda event: self._save_sql())
            setattr(self, name, panel)
        self.top = Stack(self.head, self.filters, self.cards)
        self.body = Columns(self.listing, self.definition)
        self._draw()

    @property
    def view(self) -> CatalogueView:
        """What is shown now."""
        return self.state.view

    def _draw(self, *names: str) -> None:
        for name in names or self._panels:
            self._panels[name].redraw()

    def _filter(self, values: Mapping[str, str]) -> None:
        self.state.narrow(**{name: values[name] for name in FILTERS})
        self.filters.items = self.state.filters()
        self.filters.redraw()
        self.records.show(None)
        self._draw()

    def _open(self, event: Mapping[str, str]) -> None:
        self.state.select(event["kpi"])
        self.filters.redraw()
        self.records.show(None)
        self._draw("listing", "definition")

    def _show_records(self) -> None:
        code = self.view.kpi
        title = f"Records behind {code}"
        try:
            rows = self.view.records(code, limit=_MOST_RECORDS).dropna(axis="columns", how="all")
        except PrivacyError as error:
            self.records.show(None, title=title, hidden=error.todo or error.what)
            return
        self.records.show(rows, title=title, note="the first 20,000" if len(rows) == _MOST_RECORDS else "", name=f"{code}.csv")

    def _save_sql(self) -> None:
        text = "".join(f"-- {name}\n{sql};\n" for name, sql in self.state.opened.told.sql.items())
        self.definition.download(f"{self.view.kpi}.sql", text, "text/plain;charset=utf-8")

    def _export(self) -> None:
        self.filters.download("kpi_catalogue.csv", self.view.tables["kpi_catalogue"].to_csv(index=False))
