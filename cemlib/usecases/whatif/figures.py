"""Figures as text."""

from __future__ import annotations

__all__ = ["plain", "signed", "span"]


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign.

    Examples
    --------
    >>> signed(0.084), signed(-0.1), signed(0.0)
    ('+0.08', '−0.10', '0.00')
    """
    text = f"{value:+.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def span(low: float | None, high: float | None) -> str:
    """Both ends of the interval of a rating; nothing where they are not known.

    Examples
    --------
    >>> span(3.412, 3.6), span(None, None)
    ('3.41 to 3.60', '')
    """
    return "" if low is None or high is None or low != low or high != high else f"{low:.2f} to {high:.2f}"


def plain(value: float) -> str:
    """A measured value with three digits that count, thousands grouped.

    Examples
    --------
    >>> plain(329271.0), plain(37.2456), plain(0.01234)
    ('329,271', '37.2', '0.0123')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
