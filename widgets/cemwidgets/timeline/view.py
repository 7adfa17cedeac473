"""The picture as a widget: live with Vega, and SVG for the report."""

from __future__ import annotations

import os
from collections.abc import Sequence

import traitlets

from cemwidgets.style.view import CemWidget
from cemwidgets.timeline.state import Strand, timeline_spec
from cemwidgets.trend.bundle import live_script
from cemwidgets.trend.state import svg

__all__ = ["Timeline"]


class Timeline(CemWidget):
    """Series one under another; ``timeline.show(strands, marks=…)`` draws others in the same place.

    Parameters
    ----------
    strands : sequence of Strand
    **drawing
        See :func:`cemwidgets.timeline.timeline_spec`.
    """

    spec = traitlets.Dict().tag(sync=True)

    def __init__(self, strands: Sequence[Strand], **drawing) -> None:
        self._strands, self._drawing = list(strands), drawing
        # a report shows the static twin alone
        self._esm = "export default {}" if os.environ.get("CEM_FACE") == "report" else live_script()
        super().__init__(spec=timeline_spec(strands, **drawing))

    def show(self, strands: Sequence[Strand], **drawing) -> None:
        """Draw others; drawing options that are not named stay as they are."""
        self._strands, self._drawing = list(strands), {**self._drawing, **drawing}
        self.spec = timeline_spec(strands, **self._drawing)

    def static(self) -> str:
        """Return the picture as SVG in two widths; the style sheet shows the one that fits."""
        if not self._strands:
            return '<div class="cem"></div>'
        wide, narrow = (svg(timeline_spec(self._strands, **{**self._drawing, "width": width})) for width in (640, 340))
        return f'<div class="cem"><div class="cem-trend cem-trend-wide">{wide}</div><div class="cem-trend cem-trend-narrow">{narrow}</div></div>'
