"""Pictures of one line's height as inline SVG: sparkline, interval on its band, bar."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cemwidgets.panel.parts import esc

__all__ = ["interval_glyph", "meter", "sparkline"]


def _there(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _at(value: float, domain: tuple[float, float], width: float) -> float:
    low, high = domain
    return round(width * min(max((value - low) / ((high - low) or 1), 0), 1), 1)


def sparkline(values: Sequence[float | None], label: str = "") -> str:
    """Draw the course of a value; a missing one is a gap.

    Examples
    --------
    >>> '<path d="M0 30L100 4"/>' in sparkline([1.0, 2.0])
    True
    """
    there = [value for value in values if _there(value)]
    if len(there) < 2:
        return ""
    low, high = min(there), max(there)
    step = 100 / (len(values) - 1)
    path, pen, last = "", "M", (0.0, 0.0)
    for place, value in enumerate(values):
        if not _there(value):
            pen = "M"
            continue
        last = round(place * step, 1), round(30 - 26 * ((value - low) / (high - low) if high > low else 0.5), 1)
        path += f"{pen}{last[0]:g} {last[1]:g}"
        pen = "L"
    name = f' role="img" aria-label="{esc(label)}"' if label else ' aria-hidden="true"'
    return f'<svg class="cem-spark" viewBox="0 0 100 34" preserveAspectRatio="none"{name}><path d="{path}"/></svg>'


def interval_glyph(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    domain: tuple[float, float],
    band: tuple[float, float] | None = None,
    state: str = "ok",
    below: bool = False,
    label: str = "",
) -> str:
    """Draw a value with its interval on its expected band.

    Parameters
    ----------
    value, low, high : float or None
        The figure and its interval, in the unit of ``domain``.
    domain : (low, high)
        Ends of the picture: the same for all rows of a table.
    band : (low, high), optional
        What was expected, grey.
    state : str
        "too_few" draws the interval dashed, without a dot; "no_data" draws nothing.
    below : bool
        Whether it is judged worse than expected: orange.
    label : str
        The same in words.
    """
    width = 120.0
    shapes = []
    if band and _there(band[0]) and _there(band[1]):
        start, end = _at(band[0], domain, width), _at(band[1], domain, width)
        shapes.append(f'<rect class="band" x="{start:g}" y="3" width="{max(end - start, 2):g}" height="12"/>')
    if state in {"ok", "too_few"} and _there(low) and _there(high):
        shapes.append(f'<line class="range" x1="{_at(low, domain, width):g}" x2="{_at(high, domain, width):g}" y1="9" y2="9" vector-effect="non-scaling-stroke"/>')
    if state == "ok" and _there(value):
        x = _at(value, domain, width)
        # a line of no length with round ends is a dot that stays round when the picture is stretched
        shapes.append(f'<line class="dot" x1="{x:g}" x2="{x:g}" y1="9" y2="9" vector-effect="non-scaling-stroke"/>')
    tone = " is-few" if state == "too_few" else " is-below" if below else ""
    name = f' role="img" aria-label="{esc(label)}"' if label else ' aria-hidden="true"'
    return f'<svg class="cem-glyph{tone}" viewBox="-5 0 130 18" preserveAspectRatio="none"{name}>{"".join(shapes)}</svg>'


def meter(share: float | None, *, tone: str = "worse", label: str = "") -> str:
    """Draw a share (0 … 1) as a bar; tone is worse, better or context.

    Examples
    --------
    >>> 'width="76"' in meter(0.76)
    True
    """
    part = 100 * min(max(share, 0), 1) if _there(share) else 0
    name = f' role="img" aria-label="{esc(label)}"' if label else ' aria-hidden="true"'
    return (
        f'<svg class="cem-meter is-{esc(tone)}" viewBox="0 0 100 8" preserveAspectRatio="none"{name}>'
        f'<rect class="rest" width="100" height="8" rx="2"/><rect class="part" width="{part:g}" height="8" rx="2"/></svg>'
    )
