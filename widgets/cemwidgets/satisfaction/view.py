"""The app: panels that show the state's HTML and redraw when a filter, a weight or the explained score changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cemlib.usecases.satisfaction.view import SatisfactionView
from cemwidgets.page.view import Columns, Fold, Stack, UseCasePage
from cemwidgets.satisfaction.open_index import index_text
from cemwidgets.satisfaction.state import SatisfactionState

__all__ = ["SatisfactionPage"]

#: what a moved weight changes
_MOVED = ("spread", "weights", "moves", "parts")


class SatisfactionPage(UseCasePage):
    """The parts of the page, to be displayed one by one or together.

    Parameters
    ----------
    view : SatisfactionView
        What is shown first; a filter or a weight leads to another.
    customer, segment : str
        Whose score is explained first.
    messages : sequence of str
        What in the page's address could not be used.

    Attributes
    ----------
    top, overview, asked, whose, what_if, text, foot : widget
        Question and figures; how scores lie and what costs most; survey against index, and the honesty card; segments, customers and the parts of a score; the
        weights and who moves; the open index; the evidence.
    """

    part_names = ("head", "cards", "spread", "drivers", "survey", "honesty", "segments", "customers", "parts", "weights", "moves", "index", "foot")
    exported = "index_drivers"

    def __init__(self, view: SatisfactionView, customer: str = "", segment: str = "", messages: Sequence[str] = ()) -> None:
        super().__init__(SatisfactionState(view, customer, segment, messages), explain=self._explain, customer=self._ask, weight=self._move, drivers=lambda event: self._more(),
                         reset_weights=lambda event: self._reset(), save_edited=lambda event: self._save(self.view.compared), save_index=lambda event: self._save(self.view.index))
        self.top = Stack(self.head, self.filters, self.cards)
        self.overview, self.asked = Columns(self.spread, self.drivers), Columns(self.survey, self.honesty)
        self.whose = Fold("Whose score, and what it is made of", Columns(Stack(self.segments, self.customers), self.parts), note="segments and single customers",
                          is_open=bool(customer or segment))
        self.what_if = Fold("Move the weights", Columns(self.weights, self.moves), note="who moves, and why",
                            is_open=bool(view.chosen["weights"] or view.chosen["other"]))
        self.text = Fold("The open index", self.index, note="every weight, curve and constant")
        self.draw()

    def filtered(self, values: Mapping[str, str]) -> SatisfactionView:
        """The view of another month or index; weights that were moved belong to the index they were moved on."""
        return self.view.again(**{name: values.get(name, "") for name in self.state.names}, weights="")

    def _reset(self) -> None:
        self.state.show(self.view.again(weights=""))
        self.filters.redraw()
        self.draw(*_MOVED)

    def _move(self, event: Mapping[str, str]) -> None:
        self.state.move(event["name"], event["value"])
        self.filters.redraw()
        self.draw(*_MOVED)

    def _explain(self, event: Mapping[str, str]) -> None:
        self.state.explain(event.get("customer", ""), event.get("segment", ""))
        self.filters.redraw()
        self.draw("segments", "customers", "parts")

    def _ask(self, event: Mapping[str, str]) -> None:
        self.state.explain(event.get("value", "").strip())
        self.draw("segments", "customers", "parts")

    def _more(self) -> None:
        self.state.all_drivers = not self.state.all_drivers
        self.draw("drivers")

    def _save(self, index) -> None:
        self.weights.download(f"{index.name}_{index.version.replace('+', '_edited')}.yaml", index_text(index), "text/yaml;charset=utf-8")
