"""The style sheet as text: for the app's template, the report's template, and widgets in JupyterLab."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["sheet", "tokens"]


@cache
def sheet() -> str:
    """Return the whole style sheet.

    Examples
    --------
    >>> "--cem-accent" in sheet()
    True
    """
    return (Path(__file__).parent / "cem.css").read_text(encoding="utf-8")


@cache
def tokens() -> str:
    """Return the colours alone, for a document of its own (the map's frame).

    Examples
    --------
    >>> tokens().startswith(":root")
    True
    """
    return sheet().split("/* tokens */")[1].split("/* end tokens */")[0].strip()
