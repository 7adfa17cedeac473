"""Filters as chips on one line."""

from __future__ import annotations

from cemwidgets.filters.state import Choice, Day, Listed, Text, filter_html, query_of

__all__ = ["Choice", "Day", "Listed", "Text", "filter_html", "query_of"]
