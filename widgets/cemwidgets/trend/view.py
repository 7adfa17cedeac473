"""The trend as a widget: live with Vega, and SVG for the report."""

from __future__ import annotations

import os

import pandas as pd
import traitlets

from cemwidgets.style.view import CemWidget
from cemwidgets.trend.bundle import live_script
from cemwidgets.trend.state import svg, trend_spec

__all__ = ["Trend"]


class Trend(CemWidget):
    """A value through time against its expected band.

    Parameters
    ----------
    frame : DataFrame
        ``at`` (UTC), ``value``, and what :func:`cemwidgets.trend.trend_rows` names.
    **drawing
        See :func:`cemwidgets.trend.trend_spec`: grain, unit, factor, digits, count, change_at, change_text, incidents, height,
        description, zero.

    Notes
    -----
    ``trend.show(frame, change_at=…)`` draws another course in the same place.
    """

    spec = traitlets.Dict().tag(sync=True)

    def __init__(self, frame: pd.DataFrame, **drawing) -> None:
        self._frame, self._drawing = frame, drawing
        # a report shows the static twin alone
        self._esm = "export default {}" if os.environ.get("CEM_FACE") == "report" else live_script()
        super().__init__(spec=trend_spec(frame, **drawing))

    def show(self, frame: pd.DataFrame, **drawing) -> None:
        """Draw another course; drawing options that are not named stay as they are."""
        self._frame, self._drawing = frame, {**self._drawing, **drawing}
        self.spec = trend_spec(frame, **self._drawing)

    def static(self) -> str:
        """Return the picture as SVG in two widths; the style sheet shows the one that fits."""
        drawing = {name: value for name, value in self._drawing.items() if name != "width"}
        wide, narrow = (svg(trend_spec(self._frame, **drawing, width=width)) for width in (600, 340))
        return f'<div class="cem"><div class="cem-trend cem-trend-wide">{wide}</div><div class="cem-trend cem-trend-narrow">{narrow}</div></div>'


if "VOILA_BASE_URL" in os.environ:
    # an app's kernel is started ahead: what its first reader would wait for is made now
    live_script()
