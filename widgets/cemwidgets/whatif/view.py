"""The app: a lever moves, the scenario is played anew, and the parts that show it are redrawn."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence

from cemlib.errors import CemError
from cemlib.usecases import what_if_satisfaction
from cemlib.usecases.whatif.view import SatisfactionView
from cemwidgets.page.view import Columns, Fold, Part, Stack
from cemwidgets.whatif.state import WhatIfState

__all__ = ["WhatIfPage"]

_OF_THE_SCENARIO = ("head", "chips", "levers", "cards", "chart", "compared", "graph", "scenarios", "foot")
_OF_THE_MAP = ("gains_map", "importance", "about")
_OF_THE_STUDY = ("first",)
_FOLDED = ("drivers", "by_level", "shapes", "weighed")


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
    top, moving, moved, gains, deeper, below : widget
        Question, choice and figures; levers and chart; who moves and the graph; the map of gains with its table, and what comes first; scenarios and
        drivers; the evidence.
    """

    def __init__(self, lake, view: SatisfactionView, messages: Sequence[str] = ()) -> None:
        self._lake, self._role = lake, view.role
        self.state = WhatIfState(view, messages)
        self._panels = {name: Part(lambda live, name=name: getattr(self.state, name)(live)) for name in (*_OF_THE_SCENARIO, *_OF_THE_MAP, *_OF_THE_STUDY, *_FOLDED)}
        for panel in self._panels.values():
            panel.on("lever", lambda event: self._do(self.state.move, event.get("name", ""), event.get("value", "")))
            panel.on("who", lambda event: self._do(self.state.choose, event.get("value", ""), also=_OF_THE_MAP))
            panel.on("driver", lambda event: self._pick(event.get("driver", "")))
            panel.on("reset", lambda event: self._do(self.state.reset))
            panel.on("keep", lambda event: self._do(self.state.view.save))
            panel.on("load", lambda event: self._do(self.state.load, int(event["number"]), also=_OF_THE_MAP))
            panel.on("forget", lambda event: self._do(self.state.view.forget, int(event["number"])))
            panel.on("study", self._study)
            panel.on("export", lambda event: self._export())
        part = self._panels
        self.top = Stack(part["head"], part["chips"], part["cards"])
        self.moving = Columns(part["levers"], part["chart"])
        self.moved = Columns(part["compared"], part["graph"])
        self.gains = Stack(Columns(part["gains_map"], part["importance"]), part["about"], part["first"])
        self._fold = Fold("What goes with satisfaction, for whom, and how", Columns(part["drivers"], part["by_level"]), part["shapes"], part["weighed"],
                          note="drivers by segment, penalty and reward, saturation, price", draw=lambda: self._draw(*_FOLDED))
        self.deeper = Stack(part["scenarios"], self._fold)
        self.below = part["foot"]
        self._draw_study()

    @property
    def view(self) -> SatisfactionView:
        """What is shown now."""
        return self.state.view

    def work_ahead(self, after_s: float = 1.0) -> threading.Thread:
        """Work out what is folded away while the reader looks at the page: in a thread of its own, which ends with the kernel.

        Parameters
        ----------
        after_s : float
            When it begins: the page comes first.
        """
        thread = threading.Timer(after_s, self._work)
        thread.daemon = True
        thread.start()
        return thread

    def _work(self) -> None:
        # results alone: only the reader's own thread may draw. What cannot be told is told there
        with contextlib.suppress(CemError):
            for name in _FOLDED:
                getattr(self.state, name)()

    def _draw(self, *names: str) -> None:
        for name in names:
            self._panels[name].redraw()
        self._panels["chips"].query = self.state.query

    def _draw_study(self) -> None:
        self._draw(*_OF_THE_SCENARIO, *_OF_THE_MAP, *_OF_THE_STUDY, *(_FOLDED if self._fold.is_open else ()))

    def _do(self, what, *given, also: Sequence[str] = ()) -> None:
        what(*given)
        self._draw(*_OF_THE_SCENARIO, *also)

    def _pick(self, driver: str) -> None:
        self.state.pick(driver)
        self._draw(*_OF_THE_MAP)

    def _study(self, event: Mapping[str, str]) -> None:
        self.state.view = what_if_satisfaction(self._lake, study=event.get("value", ""), role=self._role)
        self.state.messages, self.state.driver = [], ""
        self._draw_study()

    def _export(self) -> None:
        self._panels["chips"].download("scenarios.csv", self.view.scenario_table().to_csv(index=False))
