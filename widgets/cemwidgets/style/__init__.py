"""The look of every face: one style sheet, and the page of a static twin."""

from __future__ import annotations

from cemwidgets.style.state import sheet, tokens

__all__ = ["sheet", "tokens"]
