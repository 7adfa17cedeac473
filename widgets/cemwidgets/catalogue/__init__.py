"""The app of the use case ``kpi_catalogue``: its parts as HTML (state), and the page that holds them (view)."""

from __future__ import annotations

from cemwidgets.catalogue.state import CatalogueState

__all__ = ["CatalogueState"]
