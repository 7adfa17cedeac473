"""The app of the use case ``segment_explorer``: its parts as HTML (state), and the page that holds them (view)."""

from __future__ import annotations

from cemwidgets.segments.state import SegmentState

__all__ = ["SegmentState"]
