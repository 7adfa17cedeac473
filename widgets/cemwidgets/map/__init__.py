"""The world by country: colour, interval, marks; offline, and the same in the app and the report."""

from __future__ import annotations

from cemwidgets.map.state import STATES, domain_of, legend, painted

__all__ = ["STATES", "domain_of", "legend", "painted"]
