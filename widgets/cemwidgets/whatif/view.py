"""The app: a lever moves, the scenario is played anew, and the parts that show it are redrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cemlib.usecases import what_if_satisfaction
from cemlib.usecases.whatif.view import SatisfactionView
from cemwidgets.page.view import Columns, Part, Stack
from cemwidgets.whatif.state import WhatIfState

__all__ = ["WhatIfPage"]

_OF_THE_SCENARIO = ("head", "chips", "levers", "cards", "chart", "compared", "graph", "scenarios", "foot")
_OF_THE_STUDY = ("importance", "first", "drivers")


class WhatIfPage:
    """The parts of the page, to be displayed one by one or together.

    Parameters
    ----------
    lake : Lake
    view : SatisfactionView
    messages : sequence of str
        What in the page's address could not be used.

    Attributes
    ----------
    top, moving, moved, deeper, below : widget
        Question, choice and figures; levers and chart; who moves and the graph; scenarios, gains and drivers; the evidence.
    """

    def __init__(self, lake, view: SatisfactionView, messages: Sequence[str] = ()) -> None:
        self._lake, self._role = lake, view.role
        self.state = WhatIfState(view, messages)
        self._panels = {name: Part(lambda live, name=name: getattr(self.state, name)(live)) for name in (*_OF_THE_SCENARIO, *_OF_THE_STUDY)}
        for panel in self._panels.values():
            panel.on("lever", lambda event: self._do(self.state.move, event.get("name", ""), event.get("value", "")))
            panel.on("who", lambda event: self._do(self.state.choose, event.get("value", "")))
            panel.on("reset", lambda event: self._do(self.state.reset))
            panel.on("keep", lambda event: self._do(self.state.view.save))
            panel.on("load", lambda event: self._do(self.state.load, int(event["number"])))
            panel.on("forget", lambda event: self._do(self.state.view.forget, int(event["number"])))
            panel.on("study", self._study)
            panel.on("export", lambda event: self._export())
        part = self._panels
        self.top = Stack(part["head"], part["chips"], part["cards"])
        self.moving = Columns(part["levers"], part["chart"])
        self.moved = Columns(part["compared"], part["graph"])
        self.deeper = Stack(part["scenarios"], Columns(part["importance"], part["drivers"]), part["first"])
        self.below = part["foot"]
        self._draw(*part)

    @property
    def view(self) -> SatisfactionView:
        """What is shown now."""
        return self.state.view

    def _draw(self, *names: str) -> None:
        for name in names:
            self._panels[name].redraw()
        self._panels["chips"].query = self.state.query

    def _do(self, what, *given) -> None:
        what(*given)
        self._draw(*_OF_THE_SCENARIO)

    def _study(self, event: Mapping[str, str]) -> None:
        self.state.view = what_if_satisfaction(self._lake, study=event.get("value", ""), role=self._role)
        self.state.messages = []
        self._draw(*self._panels)

    def _export(self) -> None:
        self._panels["chips"].download("scenarios.csv", self.view.scenario_table().to_csv(index=False))
