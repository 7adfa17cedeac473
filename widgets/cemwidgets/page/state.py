"""The state of a use case's page: what every one shows at the same place, as HTML. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cemlib.units import format_interval, format_value
from cemlib.usecases.minimum_view import Card, MinimumView
from cemwidgets.filters.state import Filter
from cemwidgets.panel.parts import actions, box, card, cards, esc, footer, notice, question

__all__ = ["UseCaseState", "card_html"]

_UNITS = {"ratio": "%", "point": "points", "Mbit/s": "Mbit/s"}


def card_html(one: Card, event: Mapping[str, str] | None = None) -> str:
    """A figure of the first screen; ``event`` is what a click on it tells.

    Examples
    --------
    >>> one = Card("csat_ratio", "Satisfied", "rating 4 or 5", "ratio", 0.71, 0.68, 0.74, "1,204 answers", "context")
    >>> "71.0" in card_html(one), "95 % 68.0 – 74.0" in card_html(one)
    (True, True)
    """
    interval = one.interval or ("" if one.low is None else f"95 % {format_interval(one.low, one.high, one.unit)}")
    # a minus that no line breaks at
    return card(one.title, format_value(one.value, one.unit, with_unit=False).replace("-", "−"), unit=_UNITS.get(one.unit, ""), note=one.note, interval=interval, compare=one.compare, verdict=one.verdict,
                name=one.name, exact=one.value, event=event)


class UseCaseState:
    """A view and what was ignored in the page's address; a use case adds its own parts and overrides what it does otherwise.

    A part is a method ``part(live=True)`` that gives HTML; without ``live`` there is nothing to click in it.

    Parameters
    ----------
    view : MinimumView
    messages : sequence of str
        What in the page's address could not be used.

    Examples
    --------
    >>> state = UseCaseState(MinimumView(question="Who?", answer=["**Nobody.**"], missing=["No records."]), ["days=abc is ignored."])
    >>> state.head().count("cem-notice")
    2
    >>> state.foot()
    '<footer class="cem-footer"></footer>'
    """

    #: the filters of the page: parameters of the notebook
    names: Sequence[str] = ()
    #: further ways out at the end of the chips: (event, label)
    ways: Sequence[tuple[str, str]] = (("export", "Export"),)

    def __init__(self, view: MinimumView, messages: Sequence[str] = ()) -> None:
        self.messages = list(messages)
        self.show(view)

    def show(self, view: MinimumView) -> None:
        """Show another view."""
        self.view = view

    # --- the chips

    def filters(self) -> list[Filter]:
        """The chips: every filter with what it can be set to."""
        return []

    def values(self) -> Mapping[str, str]:
        """What the filters are set to."""
        return {name: self.view.chosen[name] for name in self.names}

    def address(self, query: str) -> str:
        """The query that leads to this page again, given that of the chips."""
        return query

    def tail(self, query: str) -> str:
        """The way out at the end of the chips."""
        return actions(share=query, why=self.view.why, more=self.ways)

    def ask_why(self) -> str:
        """How a notebook asks why the leading figure moved, where no app is beside it."""
        given = "".join(f", {name}={value!r}" for name, value in self.view.why.items() if name != "kpi")
        return notice("Ask in a cell below:", f"cem.usecases.explain_change(lake, {self.view.why['kpi']!r}{given}).answer") if self.view.why else ""

    # --- the parts of the page

    def head(self, live: bool = True) -> str:
        """The question and its answer."""
        notes = "".join(notice("Part of the address is not used.", one) for one in self.messages)
        missing = [one for one in self.view.missing if one not in self.view.answer]
        notes += notice("Not all of the view is there.", "\n".join(missing)) if missing else ""
        return question(self.view.question, self.sentences()) + notes

    def sentences(self) -> list[str]:
        """The answer as it is shown."""
        return list(self.view.answer)

    def cards(self, live: bool = True) -> str:
        """At most four figures."""
        return cards(card_html(one) for one in self.view.cards)

    def foot(self, live: bool = True) -> str:
        """What could not be judged, and the evidence line."""
        notes = "".join(f"<p>{esc(one)}</p>" for one in self.view.cautions)
        head = f'{box("What this cannot tell", f"""<div class="cem-note">{notes}</div>""")}<div style="height:16px"></div>' if notes else ""
        return head + footer(self.view.footer)
