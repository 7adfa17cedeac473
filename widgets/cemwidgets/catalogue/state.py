"""What the app shows: the view, which definition is opened; every part as HTML. Plain Python."""

from __future__ import annotations

from cemlib.usecases.catalogue.view import CatalogueView, OpenedKpi
from cemlib.usecases.period import ALL
from cemwidgets.catalogue.listing import listing_table
from cemwidgets.catalogue.opened import opened_html
from cemwidgets.filters import Choice, Text
from cemwidgets.page.state import UseCaseState
from cemwidgets.panel.parts import box, card, cards, number

__all__ = ["CatalogueState"]

_DAYS = ("1", "7", "30", "90")
# name in counts, title, note, filter that a click sets
_CARDS = (
    ("definitions", "all", "Definitions", "of KPIs, KQIs and KEIs", ("now", ALL)),
    ("figures_now", "ok", "Figures now", "enough records to judge", ("now", "ok")),
    ("too_few", "too_few", "Too few", "records are there, not enough", ("now", "too_few")),
    ("unverified", "unverified", "Unverified", "text of the standard not read", ("standard", "unverified")),
)


class CatalogueState(UseCaseState):
    """The state of the app: which definition is opened."""

    names = ("search", "service", "level", "standard", "now", "days")

    # --- what happens

    def show(self, view: CatalogueView) -> None:
        """Show another view; its definition is opened."""
        super().show(view)
        self.opened: OpenedKpi | None = view.open()

    def select(self, code: str) -> None:
        """Open another definition."""
        self.show(self.view.narrow(kpi=code))

    def narrow(self, **values: str) -> None:
        """Set filters; what is opened stays open while it fits, else the best match is opened."""
        self.show(self.view.narrow(**values))

    # --- the parts of the page

    def filters(self) -> list[Choice | Text]:
        """The chips: every filter with what it can be set to."""
        days = list(dict.fromkeys([*_DAYS, self.view.chosen["days"]]))
        return [Text("search", "search", "name, word, column, standard"),
                *(Choice(name, name, ((ALL, "all"), *self.view.choices[name]), ALL) for name in ("service", "level", "standard", "now")),
                Choice("days", "last", tuple((one, "day" if one == "1" else f"{one} days") for one in days), "7")]

    def address(self, query: str) -> str:
        """The chips and the definition that is opened."""
        opened = f"kpi={self.view.kpi}" if self.view.kpi else ""
        return "&".join(one for one in (query, opened) if one)

    def cards(self, live: bool = True) -> str:
        """Four counts; a click shows what is counted."""
        made = []
        for name, count, title, note, (target, value) in _CARDS:
            event = {"event": "only", "filter": target, "to": value} if live else None
            counted = self.view.counts[count]
            made.append(card(title, number(counted), note=note, name=name, exact=float(counted), event=event))
        return cards(made)

    def listing(self, live: bool = True) -> str:
        """The definitions that fit, with their figures of now."""
        view = self.view
        note = f"{number(view.counts['found'])} of {number(view.counts['all'])}; figures of {view.period}"
        if not view.found:
            return box("Definitions", '<div class="cem-empty">No definition fits.</div>', note=note)
        table = listing_table(view.entries.loc[view.found], view.kpi if live else None, grouped=not view.chosen["search"])
        body = f'<div class="cem-list" tabindex="0" role="region" aria-label="Definitions">{table}</div>' if live else table
        return box("Definitions", body, note=note)

    def definition(self, live: bool = True) -> str:
        """The definition that is opened."""
        if self.opened is None:
            return box("Definition", '<div class="cem-empty">Nothing is chosen.</div>')
        return opened_html(self.opened, live)
