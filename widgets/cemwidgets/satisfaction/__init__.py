"""The app of the use case ``satisfaction_index``: its parts as HTML (state), and the page that holds them (view)."""

from __future__ import annotations

from cemwidgets.satisfaction.state import SatisfactionState

__all__ = ["SatisfactionState"]
