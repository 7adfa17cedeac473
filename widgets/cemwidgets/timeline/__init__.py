"""Series of different units one under another on one time axis, with a strip to choose a stretch of time."""

from __future__ import annotations

from cemwidgets.timeline.state import Strand, timeline_spec

__all__ = ["Strand", "timeline_spec"]
