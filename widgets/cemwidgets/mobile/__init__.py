"""The app of the use case ``mobile_insights``: its parts as HTML (state), and the page that holds them (view)."""

from __future__ import annotations

from cemwidgets.mobile.state import MobileState

__all__ = ["MobileState"]
