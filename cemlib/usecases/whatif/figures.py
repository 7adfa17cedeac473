"""Figures as text."""

from __future__ import annotations

__all__ = ["plain", "signed"]


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign.

    Examples
    --------
    >>> signed(0.084), signed(-0.1), signed(0.0)
    ('+0.08', '−0.10', '0.00')
    """
    text = f"{value:+.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def plain(value: float) -> str:
    """A measured value with three digits that count, thousands grouped.

    Examples
    --------
    >>> plain(329271.0), plain(37.2456), plain(0.01234)
    ('329,271', '37.2', '0.0123')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
