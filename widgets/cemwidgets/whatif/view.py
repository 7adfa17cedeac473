"""The app: a lever moves, the scenario is played anew, and the parts that show it are redrawn."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence

from cemlib.errors import CemError
from cemlib.report.export import zip_tables
from cemlib.usecases.whatif.no_study import NoStudyView
from cemlib.usecases.whatif.view import SatisfactionView
from cemwidgets.page.view import Columns, Fold, Stack, UseCasePage
from cemwidgets.whatif.state import WhatIfState

__all__ = ["WhatIfPage"]

_OF_THE_SCENARIO = ("head", "levers", "cards", "chart", "compared", "graph", "scenarios", "foot")
_OF_THE_MAP = ("gains_map", "importance", "about")
_OF_THE_STUDY = ("first",)
_FOLDED = ("drivers", "by_level", "shapes", "weighed")


class WhatIfPage(UseCasePage):
    """The parts of the page, to be displayed one by one or together.

    Parameters
    ----------
    view : SatisfactionView or NoStudyView
        What is shown first; a lever, a chip or a driver leads to another.
    messages : sequence of str
        What in the page's address could not be used.

    Attributes
    ----------
    top, moving, moved, gains, deeper, foot : widget
        Question, choice and figures; levers and chart; who moves and the graph; the map of gains with its table, and what comes first; scenarios and
        drivers; the evidence.
    """

    part_names = ("studies", *_OF_THE_SCENARIO, *_OF_THE_MAP, *_OF_THE_STUDY, *_FOLDED)

    def __init__(self, view: SatisfactionView | NoStudyView, messages: Sequence[str] = ()) -> None:
        super().__init__(WhatIfState(view, messages), lever=lambda event: self._moved(self.state.move, event.get("name", ""), event.get("value", "")),
                         reset=lambda event: self._moved(self.state.reset), forget=lambda event: self._shown(self.view.forget(int(event["number"])), "scenarios"),
                         load=lambda event: self._moved(self.state.load, int(event["number"]), also=_OF_THE_MAP), driver=lambda event: self._shown(self.view.pick(event.get("driver", "")), *_OF_THE_MAP))
        self.filters.on("keep", lambda event: self._shown(self.view.save(), "scenarios"))
        self.top = Stack(self.head, self.filters, self.studies, self.cards)
        self._fold = Fold("What goes with satisfaction, for whom, and how", Columns(self.drivers, self.by_level), self.shapes, self.weighed,
                          note="drivers by segment, penalty and reward, saturation, price", draw=lambda: self.draw(*_FOLDED))
        self.moving, self.moved, self.gains, self.deeper = Columns(), Columns(), Stack(), Stack()
        self._places = {self.moving: (self.levers, self.chart), self.moved: (self.compared, self.graph),
                        self.gains: (Columns(self.gains_map, self.importance), self.about, self.first), self.deeper: (self.scenarios, self._fold)}
        self.draw()

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

    def draw(self, *names: str) -> None:
        """Draw parts anew; without a name all but what is folded away."""
        super().draw(*(names or (name for name in self.part_names if self._fold.is_open or name not in _FOLDED)))
        for place, parts in self._places.items():
            children = parts if self.state.is_open else ()
            if place.children != children:
                place.children = children

    def filtered(self, values: Mapping[str, str]) -> SatisfactionView | NoStudyView:
        """The view that the chips lead to: another study as it opens, or the same levers for others."""
        return self.view.again(**values)

    def show(self, view: SatisfactionView | NoStudyView) -> None:
        """Show another view: another study has other chips, set to something else."""
        super().show(view)
        self.filters.values = dict(self.state.values())

    def _export(self) -> None:
        if self.state.is_open:
            self.filters.download(f"whatif_{self.view.study.name}.zip", zip_tables(self.view.tables), "application/zip")

    def _moved(self, what, *given, also: Sequence[str] = ()) -> None:
        what(*given)
        self._redrawn(*_OF_THE_SCENARIO, *also)

    def _shown(self, view: SatisfactionView, *parts: str) -> None:
        self.state.show(view)
        self._redrawn(*parts)

    def _redrawn(self, *parts: str) -> None:
        # who is chosen may be another one than before, and one that is no choice but of the address
        self.filters.items = self.state.filters()
        self.filters.values = dict(self.state.values())
        self.filters.redraw()
        self.draw(*parts)
