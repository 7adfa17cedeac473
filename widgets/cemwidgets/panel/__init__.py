"""HTML that answers clicks and keys, and the parts to build it from."""

from __future__ import annotations

from cemwidgets.panel.parts import (
    Column,
    actions,
    box,
    card,
    cards,
    esc,
    figure,
    footer,
    notice,
    number,
    percent,
    question,
    table,
)

__all__ = [
    "Column",
    "actions",
    "box",
    "card",
    "cards",
    "esc",
    "figure",
    "footer",
    "notice",
    "number",
    "percent",
    "question",
    "table",
]
