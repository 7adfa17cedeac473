"""The page of roaming monitoring."""

from cemwidgets.roaming.state import RoamingState

__all__ = ["RoamingState"]
