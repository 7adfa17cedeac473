"""Pictures of the index as inline SVG: how the scores lie, the curves, and the parts of a score that add up."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from cemlib.usecases.satisfaction.spread import STEP
from cemwidgets.panel.parts import esc, number

__all__ = ["curve_picture", "part_bar", "spread_picture"]

_WIDTH, _HEIGHT, _BASE = 640, 300, 272
_TONES = ("var(--cem-q1)", "var(--cem-q3)", "var(--cem-q5)")


def spread_picture(spread: pd.DataFrame, unhappy: float, content: float, after: pd.DataFrame | None = None) -> str:
    """Customers by score; bars are coloured by band, the line is what another index would give.

    Parameters
    ----------
    spread, after : DataFrame
        at, customers (null where hidden), is_suppressed.
    unhappy, content : float
        The thresholds.
    """
    compared = after is not None and len(after) > 0
    both = [spread, after] if compared else [spread]
    there = [int(at) for one in both for at in one.loc[one["is_suppressed"] | (one["customers"] > 0), "at"]]
    if not there:
        return '<div class="cem-empty">No scores.</div>'
    first, last = max(0, min(*there, int(unhappy)) - STEP), min(100, max(*there, int(content)) + 2 * STEP)
    most = max([1.0, *(float(one["customers"].max()) for one in both if one["customers"].notna().any())])

    def x(value: float) -> float:
        return round(36 + (value - first) / (last - first) * (_WIDTH - 48), 1)

    def y(count: float) -> float:
        return round(_BASE - count / most * (_BASE - 28), 1)

    bars = []
    for row in spread[(spread["at"] >= first) & (spread["at"] < last)].itertuples():
        words = f"{row.at} to {row.at + STEP}: {'hidden, too few customers' if row.is_suppressed else f'{number(int(row.customers))} customers'}"
        if row.is_suppressed:
            bars.append(f'<rect x="{x(row.at) + 1}" y="{_BASE - 6}" width="{x(row.at + STEP) - x(row.at) - 2:.1f}" height="6" fill="none" stroke="var(--cem-faint)" stroke-dasharray="3 3"><title>{esc(words)}</title></rect>')
        elif row.customers:
            tone = _TONES[0 if row.at + STEP <= unhappy else 2 if row.at >= content else 1]
            bars.append(f'<rect x="{x(row.at) + 1}" y="{y(row.customers)}" width="{x(row.at + STEP) - x(row.at) - 2:.1f}" height="{_BASE - y(row.customers):.1f}" rx="1.5" fill="{tone}"><title>{esc(words)}</title></rect>')
    line = _steps(after, first, last, x, y) if compared else ""
    marks = "".join(f'<path d="M{x(value)} 18V{_BASE}" stroke="var(--cem-muted)" stroke-dasharray="4 4"/><text x="{x(value) + (4 if end == "start" else -4)}" y="14" text-anchor="{end}">{word} {value:g}</text>'
                    for value, word, end in ((unhappy, "unhappy below", "end"), (content, "content from", "start")))
    ticks = "".join(f'<text x="{x(value)}" y="{_BASE + 18}" text-anchor="middle">{value}</text>' for value in range(first - first % 10 + 10 * (first % 10 > 0), last + 1, 10))
    label = "Customers by score; the cards and the table say the same"
    return (f'<svg class="cem-picture" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="100%" role="img" aria-label="{label}"><path d="M36 {_BASE}H{_WIDTH - 12}" stroke="var(--cem-line)"/>'
            f'{"".join(bars)}{line}<g font-size="12" fill="var(--cem-muted)">{marks}{ticks}</g></svg>')


def _steps(after: pd.DataFrame, first: int, last: int, x, y) -> str:
    path = f"M{x(first)} {_BASE}"
    for row in after[(after["at"] >= first) & (after["at"] < last)].itertuples():
        count = 0 if pd.isna(row.customers) else row.customers
        path += f"V{y(count)}H{x(row.at + STEP)}"
    return f'<path d="{path}" fill="none" stroke="var(--cem-accent)" stroke-width="2"/>'


def curve_picture(points: Sequence[tuple[float, float]], *, label: str, marks: Sequence[float] = (), usual: float | None = None) -> str:
    """A curve from a quantity to its score 0 … 100, with its thresholds as thin lines and the usual value as a dot.

    Parameters
    ----------
    points : sequence of (value, score)
        From the smallest value on.
    marks : sequence of float
        Thresholds: good and poor.
    usual : float, optional
    """
    low, high = points[0][0], points[-1][0]
    # margins of the frame: round marks at its ends are drawn whole
    def x(value: float) -> float:
        return round(4 + 152 * min(max((value - low) / ((high - low) or 1), 0), 1), 1)

    def y(score: float) -> float:
        return round(60 - 0.54 * score, 1)

    path = "M" + "L".join(f"{x(value)} {y(score)}" for value, score in points)
    lines = "".join(f'<path d="M{x(one)} 4V60" stroke="var(--cem-faint)" stroke-dasharray="2 3"/>' for one in marks if low <= one <= high)
    dot = ""
    if usual is not None:
        at = min(max(usual, low), high)
        place = next((place for place, (value, _) in enumerate(points) if value >= at), len(points) - 1)
        (left, before), (right, score) = points[max(place - 1, 0)], points[place]
        there = score if right == left else before + (score - before) * (at - left) / (right - left)
        dot = f'<circle cx="{x(at)}" cy="{y(there)}" r="3.5" fill="var(--cem-ink)"/>'
    return (f'<svg class="cem-picture" viewBox="0 0 160 64" width="100%" role="img" aria-label="{esc(label)}"><path d="M4 60H156M4 6H156" stroke="var(--cem-line)"/>{lines}'
            f'<path d="{path}" fill="none" stroke="var(--cem-better)" stroke-width="2" stroke-linejoin="round"/>{dot}</svg>')


def part_bar(start: float, points: float, usual: float, *, label: str) -> str:
    """One part of a score on the scale 0 … 100: a bar from what the parts above add up to; the tick is where it would end as usual."""
    tone = "var(--cem-worse)" if usual - points >= 0.5 else "var(--cem-better)" if points - usual >= 0.5 else "var(--cem-faint)"
    width = max(points, 0.3)
    return (f'<svg class="cem-part" viewBox="0 0 100 14" preserveAspectRatio="none" width="100%" height="14" role="img" aria-label="{esc(label)}">'
            f'<rect y="6.5" width="100" height="1" fill="var(--cem-line)"/><rect x="{start:.2f}" y="2" width="{width:.2f}" height="10" fill="{tone}"/>'
            f'<rect x="{start + usual:.2f}" width="0.5" height="14" fill="var(--cem-ink)"/></svg>')
