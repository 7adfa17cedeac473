"""Where the customers of a segment are: squares over the land, area by customers, colour by the segment's share."""

from __future__ import annotations

import math

import pandas as pd

from cemwidgets.map.land import HEIGHT, WIDTH, LandFrame, land
from cemwidgets.map.state import domain_of, legend, step_of
from cemwidgets.panel.parts import esc, number, percent

__all__ = ["places_map"]


def places_map(places: pd.DataFrame, segment: str) -> str:
    """Draw the squares.

    Parameters
    ----------
    places : DataFrame
        latitude_deg, longitude_deg, subscribers, n, share_ratio, low, high, is_suppressed.
    segment : str
        The segment whose share is the colour; empty: customers alone.
    """
    if places.empty:
        return '<div class="cem-empty">Of no customer it is known where.</div>'
    frame = LandFrame(places)
    few = places["subscribers"] < 10
    domain = domain_of(pd.DataFrame({"value": places.loc[~few, "share_ratio"], "state": "ok"}), "higher")
    largest = float(places["subscribers"].max())
    marks = []
    for row in places.sort_values("subscribers", ascending=False).itertuples():
        x, y = frame.at(row.longitude_deg, row.latitude_deg)
        where = f"about {row.latitude_deg:.2f}° {row.longitude_deg:.2f}°"
        if row.is_suppressed:
            look, words = 'fill="var(--cem-land)" stroke="var(--cem-faint)" stroke-dasharray="2 2"', f"{where}: hidden, too few customers"
        elif not segment:
            look, words = 'fill="var(--cem-accent)" fill-opacity=".7"', f"{where}: {number(int(row.subscribers))} customers"
        else:
            words = f"{where}: {percent(row.share_ratio)} % of {number(int(row.subscribers))} customers (95 % {percent(row.low)} – {percent(row.high)})"
            tone = f'fill="var(--cem-q{step_of(float(row.share_ratio), domain, "higher")})"' if row.subscribers >= 10 else 'fill="var(--cem-land)" stroke="var(--cem-faint)"'
            look = f'{tone} fill-opacity=".88"'
        radius = 3 + 17 * math.sqrt(row.subscribers / largest)
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {look}><title>{esc(words)}</title></circle>')
    label = f"Customers by place{f', coloured by the share of {segment}' if segment else ''}"
    picture = (f'<svg class="cem-region" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" style="display:block;border-radius:6px" role="img" aria-label="{esc(label)}">'
               f"{land(frame)}<g>{''.join(marks)}</g></svg>")
    note = "circle: square of half a degree, area by customers"
    return picture + (legend(domain, better="higher", note=note, hidden=bool(places["is_suppressed"].any())) if segment else f'<div class="cem-legend"><span>{note}</span></div>')
