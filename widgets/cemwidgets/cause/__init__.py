"""The app of the use case ``root_cause``: its parts as HTML (state), and the page that holds them (view)."""

from __future__ import annotations

from cemwidgets.cause.state import CauseState

__all__ = ["CauseState"]
