"""The app of the use case ``correlation_of_sources``."""

from __future__ import annotations

from cemwidgets.correlation.state import CorrelationState

__all__ = ["CorrelationState"]
