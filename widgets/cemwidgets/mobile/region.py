"""The part of the world where answers were given: country shapes, squares of answers, and a circle a state. SVG, no network."""

from __future__ import annotations

import math

import pandas as pd

from cemwidgets.map.land import HEIGHT, WIDTH, LandFrame, land
from cemwidgets.map.state import domain_of, legend, step_of
from cemwidgets.panel.parts import esc, number, percent

__all__ = ["region_map"]

_LABELS = 6


def _fill(row, domain: tuple[float, float]) -> str:
    return f"var(--cem-q{step_of(float(row.bad_ratio), domain, 'lower')})"


def _words(row) -> str:
    few = {"too_few": "too few answers", "few_givers": "answers from too few places"}.get(row.state_code)
    share = few or f"{percent(row.bad_ratio)} % dissatisfied (95 % {percent(row.bad_low)} – {percent(row.bad_high)})"
    return f"{row.state}: {share}, {number(int(row.n))} answers"


def region_map(states: pd.DataFrame, squares: pd.DataFrame, *, selected: str = "") -> str:
    """Draw the states as circles (area: answers, colour: share dissatisfied) over the squares where answers were given.

    Parameters
    ----------
    states : DataFrame
        state, latitude_deg, longitude_deg, n, bad_ratio, bad_low, bad_high, state_code, verdict.
    squares : DataFrame
        latitude_deg, longitude_deg, n, bad_ratio.
    selected : str
        The state that is outlined.

    Returns
    -------
    str
        HTML. A circle sends the event ``select`` with ``state``. The words say which answers have a place.
    """
    # a state whose answers cannot be judged does not widen the picture: one wrong fix would show half the world
    framed = states[states["state_code"] != "too_few"]
    framed = framed if len(framed) else states
    if framed.empty:
        return '<div class="cem-empty">No answer carries a place.</div>'
    # the squares widen it to where people are, but for the outermost ones
    edges = squares[["latitude_deg", "longitude_deg"]].astype(float).quantile([0.01, 0.99]) if len(squares) > 20 else squares[["latitude_deg", "longitude_deg"]].head(0)
    frame = LandFrame(pd.concat([framed[["latitude_deg", "longitude_deg"]], edges]))
    judged = states[states["state_code"] == "ok"]
    domain = domain_of(pd.DataFrame({"value": judged["bad_ratio"], "state": "ok"}), "lower")
    dots = []
    for row in squares.itertuples():
        x, y = frame.at(row.longitude_deg, row.latitude_deg)
        if 0 <= x <= WIDTH and 0 <= y <= HEIGHT:
            dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{_fill(row, domain)}"/>')
    largest = max(float(states["n"].max()), 1.0)
    circles, names, taken = [], [], []
    named = set(states.loc[states["verdict"] == "above"].nlargest(_LABELS, "n")["state"]) | {selected}
    for row in states.sort_values("n", ascending=False).itertuples():
        x, y = frame.at(row.longitude_deg, row.latitude_deg)
        if not (0 <= x <= WIDTH and 0 <= y <= HEIGHT):
            continue
        radius = 4 + 20 * math.sqrt(row.n / largest)
        is_ok = row.state_code == "ok"
        look = f'fill="{_fill(row, domain)}" fill-opacity=".88" stroke="var(--cem-coast)"' if is_ok else 'fill="var(--cem-land)" stroke="var(--cem-faint)" stroke-dasharray="3 3"'
        edge = ' style="stroke:var(--cem-ink);stroke-width:2.5"' if row.state == selected else ""
        words = esc(_words(row))
        circles.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {look} stroke-width="1"{edge} data-event="select" data-state="{esc(row.state)}" '
            f'data-key="map-{esc(row.state)}" role="button" tabindex="0" aria-label="{words}"><title>{words}</title></circle>'
        )
        if row.state in named:
            place = (x, y - radius - 6) if y - radius > 18 else (x, y + radius + 14)
            if all(abs(place[0] - one[0]) > 96 or abs(place[1] - one[1]) > 15 for one in taken):
                taken.append(place)
                anchor = "start" if place[0] < 60 else "end" if place[0] > WIDTH - 60 else "middle"
                names.append(f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" text-anchor="{anchor}">{esc(row.state)}</text>')
    label_style = 'font-size="13" font-weight="600" fill="var(--cem-ink)" stroke="var(--cem-card)" stroke-width="3.5" paint-order="stroke" stroke-linejoin="round" pointer-events="none"'
    picture = (
        f'<svg class="cem-region" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" style="display:block;border-radius:6px" role="group" '
        f'aria-label="Share of dissatisfied answers by state; the table beside it says the same">{land(frame)}'
        f'<g opacity=".55" aria-hidden="true">{"".join(dots)}</g><g>{"".join(circles)}</g><g {label_style}>{"".join(names)}</g></svg>'
    )
    return picture + legend(domain, better="lower", note="circle: state, area by answers; dot: a square of answers")
