"""The records behind a figure, a page at a time."""

from __future__ import annotations

from cemwidgets.records.state import PageState, records_html

__all__ = ["PageState", "records_html"]
