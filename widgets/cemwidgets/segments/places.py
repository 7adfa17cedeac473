"""Where the customers of a segment are: squares over the land, area by customers, colour by the segment's share."""

from __future__ import annotations

import math

import pandas as pd

from cemwidgets.map.land import HEIGHT, WIDTH, LandFrame, land
from cemwidgets.map.state import domain_of
from cemwidgets.panel.parts import esc, number, percent

__all__ = ["places_map"]

#: A share of fewer customers has no colour.
_LEAST = 10


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
    domain = domain_of(pd.DataFrame({"value": places.loc[places["subscribers"] >= _LEAST, "share_ratio"], "state": "ok"}), "higher")
    largest = float(places["subscribers"].max())
    marks = []
    for row in places.sort_values("subscribers", ascending=False).itertuples():
        x, y = frame.at(row.longitude_deg, row.latitude_deg)
        where = f"about {row.latitude_deg:.2f}° {row.longitude_deg:.2f}°"
        if row.is_suppressed:
            look, words = 'fill="var(--cem-land)" stroke="var(--cem-faint)" stroke-dasharray="2 2"', f"{where}: hidden, too few customers" + (" in the segment, or outside it" if segment else "")
        elif not segment:
            look, words = 'fill="var(--cem-accent)" fill-opacity=".7"', f"{where}: {number(int(row.subscribers))} customers"
        else:
            words = f"{where}: {percent(row.share_ratio)} % of {number(int(row.subscribers))} customers (95 % {percent(row.low)} – {percent(row.high)})"
            # one colour, pale to full: a share of a segment is neither good nor bad
            share = (row.share_ratio - domain[0]) / (domain[1] - domain[0])
            look = f'fill="var(--cem-accent)" fill-opacity="{0.12 + 0.83 * min(max(share, 0), 1):.2f}" stroke="var(--cem-accent)" stroke-width=".8"'
            look = look if row.subscribers >= _LEAST else 'fill="none" stroke="var(--cem-faint)"'
        # of a hidden square the size is hidden too
        radius = 3 if row.is_suppressed else 3 + 17 * math.sqrt(row.subscribers / largest)
        marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {look}><title>{esc(words)}</title></circle>')
    label = f"Customers by place{f', coloured by the share of {segment}' if segment else ''}"
    picture = (f'<svg class="cem-region" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" style="display:block;border-radius:6px" role="img" aria-label="{esc(label)}">'
               f"{land(frame)}<g>{''.join(marks)}</g></svg>")
    notes = ["circle: square of half a degree, area by customers"]
    if segment:
        notes.insert(0, f"pale {percent(domain[0], 0)} % to full {percent(domain[1], 0)} %; outline: fewer than {_LEAST} customers")
    notes += ["dashed: hidden, too few customers" + (" in the segment, or outside it" if segment else "")] if places["is_suppressed"].any() else []
    return f'{picture}<div class="cem-legend">{"".join(f"<span>{esc(one)}</span>" for one in notes)}</div>'
