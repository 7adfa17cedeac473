"""The importance-performance map as inline SVG: how many have it already against what there is to gain. The table beside it says the same."""

from __future__ import annotations

import math

import pandas as pd

from cemlib.usecases.whatif.driver_wording import QUADRANTS
from cemlib.usecases.whatif.figures import signed
from cemwidgets.panel.parts import esc

__all__ = ["gains_svg"]

_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _BOTTOM = 560, 380, 52, 544, 40, 322
#: Above and below the data is room for the words of the corners.
_WORDS = 36
#: Points nearer than this to each other stand side by side; labels nearer than that one under another, so far from their points.
_APART, _LINE, _LEAD, _DOT = 13, 17, 30, 6
_CORNERS = {"act first": (_LEFT + 8, _TOP + 16, "start"), "keep": (_RIGHT - 8, _TOP + 16, "end"), "watch": (_LEFT + 8, _BOTTOM - 20, "start"), "enough": (_RIGHT - 8, _BOTTOM - 20, "end")}


def gains_svg(frame: pd.DataFrame, selected: str = "", live: bool = True) -> str:
    """Draw the drivers whose figures are known, numbered as in the table.

    Parameters
    ----------
    frame : DataFrame
        ``driver``, ``importance`` with ``low`` and ``high``, ``performance`` (per cent), ``split`` (rating points), ``state``; the row's place is its number.
    selected : str
        The driver that is marked.
    live : bool
        Whether a point answers clicks and keys.
    """
    known = [(number, one) for number, one in enumerate(frame.itertuples(), 1) if one.state == "ok"]
    if frame.empty:
        return '<div class="cem-empty">Of no driver it is told which direction is good.</div>'
    if not known:
        return '<div class="cem-empty">Too few to draw a map.</div>'
    ticks = _ticks(min(0.0, *(one.low for _, one in known)), max(0.05, *(one.high for _, one in known)))
    low, high = ticks[0], ticks[-1]

    def x(share: float) -> float:
        return round(_LEFT + 14 + share / 100 * (_RIGHT - _LEFT - 28), 1)

    def y(gain: float) -> float:
        return round(_BOTTOM - _WORDS - (gain - low) / (high - low) * (_BOTTOM - _TOP - 2 * _WORDS), 1)

    middle = known[0][1].split
    grid = "".join(f'<path class="{"zero" if abs(tick) < 1e-9 else "grid"}" d="M{_LEFT} {y(tick)}H{_RIGHT}"/><text x="{_LEFT - 8}" y="{y(tick) + 4}" text-anchor="end">{signed(tick, _digits(ticks))}</text>' for tick in ticks)
    grid += f'<path class="grid" d="M{_LEFT} {_BOTTOM}H{_RIGHT}"/>' + "".join(f'<text x="{x(share)}" y="{_BOTTOM + 20}" text-anchor="middle">{share}</text>' for share in (0, 25, 50, 75, 100))
    split = f'<rect class="first" x="{_LEFT}" y="{_TOP}" width="{x(50) - _LEFT}" height="{max(y(middle) - _TOP, 0):.1f}"/><path class="split" d="M{x(50)} {_TOP}V{_BOTTOM}M{_LEFT} {y(middle)}H{_RIGHT}"/>'
    corners = "".join(f'<text class="corner" x="{left}" y="{top}" text-anchor="{end}">{name}<tspan class="more" x="{left}" dy="15">{words}</tspan></text>'
                      for (name, words), (left, top, end) in ((one, _CORNERS[one[0]]) for one in QUADRANTS.items()))
    points = "".join(_point(number, one, at, y(one.importance), (y(one.low), y(one.high)), side, line, selected, live) for number, one, at, side, line in _places(known, x, y))
    axes = (f'<text class="axis" x="{_LEFT - 44}" y="18">gain if the others were lifted, rating points</text>'
            f'<text class="axis" x="{_RIGHT}" y="{_BOTTOM + 44}" text-anchor="end">moments that are good already, %</text>')
    words = "; ".join(f"{number} {one.driver}: {one.performance:.0f} % are good already, gain {signed(one.importance)}, {signed(one.low)} to {signed(one.high)}" for number, one in known)
    role = "group" if live else "img"
    # on a narrow screen the names have no room at their points
    names = "".join(f'<li value="{number}">{esc(_name(one))}</li>' for number, one in known)
    return (f'<svg class="cem-gains" viewBox="0 0 {_WIDE} {_HIGH}" width="100%" role="{role}" aria-label="{esc(words)}">{split}{grid}{corners}{axes}{points}</svg><ol class="cem-gains-names">{names}</ol>'
            '<div class="cem-legend"><span><i class="cem-key-range"></i>90\N{NO-BREAK SPACE}% interval</span><span>hollow: the interval holds 0</span><span>dashed: half of the moments, and the mean of the sure gains</span></div>')


def _ticks(low: float, high: float) -> list[float]:
    """Five steps or so of 1, 2 or 5 that hold both ends and 0."""
    rough = (high - low) / 4
    size = 10 ** math.floor(math.log10(rough))
    step = next(one * size for one in (1, 2, 5, 10) if one * size >= rough)
    return [round(number * step, 10) for number in range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)]


def _digits(ticks: list[float]) -> int:
    return max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))


def _places(known: list, x, y) -> list[tuple]:
    """Number, row, place across, and side and height of the label of each point; what would cover each other stands side by side."""
    found, taken, placed = [], [], []
    for number, one in sorted(known, key=lambda pair: -pair[1].importance):
        middle, at = y(one.importance), x(one.performance)
        top, bottom = min(y(one.high), middle - _DOT), max(y(one.low), middle + _DOT)
        while any(abs(at - other) < _APART and top <= below and above <= bottom for other, above, below in taken):
            at = round(at + (_APART if one.performance < 50 else -_APART), 1)
        taken.append((at, top, bottom))
        placed.append((number, one, at, middle))
    # a label keeps clear of the other points too
    labels = [(at - _DOT - 2, at + _DOT + 2, middle) for _, _, at, middle in placed]
    for number, one, at, middle in placed:
        width = 24 + 6.6 * len(_name(one))
        tries = [(side, middle + shift) for shift in (0, 17, -17, 34, -34, 51, 68, 85, 102) for side in (1, -1)
                 if _LEFT < at + side * (_LEAD + width) < _RIGHT + 12 and _TOP < middle + shift < _BOTTOM]
        free = [(side, line) for side, line in tries if not any(abs(line - other) < _LINE and min(at + side * _LEAD, at + side * (_LEAD + width)) < right and left < max(at + side * _LEAD, at + side * (_LEAD + width))
                                                                for left, right, other in labels)]
        side, line = next(iter(free or tries), (1 if one.performance < 50 else -1, middle))
        ends = sorted((at + side * _LEAD, at + side * (_LEAD + width)))
        labels.append((*ends, line))
        found.append((number, one, at, side, round(line, 1)))
    return found


def _name(one) -> str:
    """As it stands at its point: what surely harms says so, since no corner of the map is meant for it."""
    return (one.driver if len(one.driver) <= 30 else one.driver[:29] + "…") + (" (harms)" if one.high < 0 else "")


def _point(number: int, one, at: float, middle: float, ends: tuple[float, float], side: int, line: float, selected: str, live: bool) -> str:
    is_chosen, sure = one.driver == selected, one.low > 0 or one.high < 0
    words = f"{number} {one.driver}: {one.performance:.0f} % of the moments are good already; gain {signed(one.importance)}, {signed(one.low)} to {signed(one.high)} rating points{', harms' if one.high < 0 else ''}"
    event = (f' data-event="driver" data-driver="{esc(one.driver)}" data-key="point-{esc(one.driver)}" tabindex="0" role="button" aria-pressed="{str(is_chosen).lower()}" aria-label="{esc(words)}"') if live else ""
    kind = f'point{" is-sure" if sure else ""}{" is-selected" if is_chosen else ""}'
    text = at + side * _LEAD
    title = "" if live else f"<title>{esc(words)}</title>"
    return (f'<g class="{kind}"{event}>{title}<path class="range" d="M{at} {ends[0]}V{ends[1]}"/><path class="lead" d="M{at} {middle}L{text - 4 * side} {line}"/>'
            f'<circle class="hit" cx="{at}" cy="{middle}" r="14"/><circle class="dot" cx="{at}" cy="{middle}" r="{_DOT}"/>'
            f'<text x="{text}" y="{line + 4}" text-anchor="{"start" if side > 0 else "end"}"><tspan class="number">{number}</tspan> <tspan class="name">{esc(_name(one))}</tspan></text></g>')
