"""The map as a widget."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pandas as pd
import traitlets

from cemwidgets.map.drawing import document, frame
from cemwidgets.map.state import domain_of, legend, painted
from cemwidgets.panel.parts import esc
from cemwidgets.panel.state import Events
from cemwidgets.style.view import CemWidget

__all__ = ["CountryMap"]


@cache
def _live_document() -> str:
    """The document of a live map is empty: what it shows is sent to it, so that every map of a page has the same."""
    return document({"countries": [], "marks": [], "selected": ""})


class CountryMap(CemWidget):
    """The world by country: value by colour, interval in the tooltip, hatched where there is too little.

    Parameters
    ----------
    rows : DataFrame
        Countries, see :func:`cemwidgets.map.painted`.
    marks : DataFrame, optional
        Circles, such as partners: as countries, with ``key`` and ``label``.
    domain : (low, high), optional
        Ends of the scale; chosen from the rows when left out.
    better, unit, factor, digits, count
        See :func:`cemwidgets.map.painted`.
    title : str
        What a screen reader calls it.
    height : int
        Pixels at the most; a narrow map is lower.

    Notes
    -----
    ``map.on("map", handler)`` hears clicks, Enter and Space: ``{"kind": "country" | "mark", "code", "key", "label"}``.
    ``map.show(rows, marks)`` recolours without drawing anew; ``map.selected`` (a country's code or a mark's key) outlines.
    """

    _esm = Path(__file__).parent / "map.js"

    document = traitlets.Unicode("").tag(sync=True)
    countries = traitlets.List().tag(sync=True)
    marks = traitlets.List().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    legend = traitlets.Unicode("").tag(sync=True)
    title = traitlets.Unicode("World map").tag(sync=True)
    height = traitlets.Int(360).tag(sync=True)
    clicked = traitlets.Dict().tag(sync=True)

    def __init__(
        self, rows: pd.DataFrame, marks: pd.DataFrame | None = None, *, domain: tuple[float, float] | None = None, better: str = "higher",
        unit: str = "%", factor: float = 100.0, digits: int = 1, count: str = "attempts", title: str = "World map", height: int = 360,
        selected: str = "", note: str = "",
    ) -> None:
        self._events = Events()
        self._scale = {"better": better, "unit": unit, "factor": factor}
        self._writing = {"digits": digits, "count": count}
        self._domain, self._note = domain, note
        super().__init__(document=_live_document(), title=title, height=height, selected=selected)
        self.show(rows, marks)
        self.observe(self._answer, names="clicked")

    def show(self, rows: pd.DataFrame, marks: pd.DataFrame | None = None, *, domain: tuple[float, float] | None = None, selected: str | None = None) -> None:
        """Show other rows; the map stays where it is."""
        domain = domain or self._domain or domain_of(rows)
        with self.hold_sync():
            self.countries = painted(rows, domain=domain, **self._scale, **self._writing)
            self.marks = [] if marks is None else painted(marks, domain=domain, **self._scale, **self._writing)
            hidden = any(one["state"] == "suppressed" for one in (*self.countries, *self.marks))
            self.legend = legend(domain, note=self._note, hidden=hidden, **self._scale)
            if selected is not None:
                self.selected = selected

    def on(self, name: str, handler) -> None:
        """Call ``handler(event)`` for every click (the event's name is ``"map"``)."""
        self._events.on(name, handler)

    def _answer(self, change) -> None:
        self._events.tell({name: value for name, value in change["new"].items() if name != "n"})

    def static(self) -> str:
        """Return the same map for a report: it can be looked at, and tells nobody of clicks."""
        html = document({"countries": self.countries, "marks": self.marks, "selected": self.selected}, interactive=False)
        return f'<div class="cem cem-map">{frame(html, self.height, esc(self.title))}{self.legend}</div>'


if "VOILA_BASE_URL" in os.environ:
    # an app's kernel is started ahead: what its first reader would wait for is made now
    _live_document()
