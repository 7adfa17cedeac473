"""The lag heat map and the lags of one pair, as inline SVG."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemwidgets.panel.parts import esc

__all__ = ["heat_map", "lag_bars"]

_STRONG = 0.35  # a correlation of rests that gets the full colour


def _colour(r: float) -> str:
    """One of seven steps from orange (against each other) to blue (together)."""
    return f"var(--cem-q{int(np.clip(round(3 + 3 * r / _STRONG), 0, 6))})"


def heat_map(heat: pd.DataFrame, rows: list[tuple[str, str, str, bool]], grain: str, live: bool) -> str:
    """Pairs (rows) by lags (columns); a frame marks what no chance explains.

    Parameters
    ----------
    heat : DataFrame
        left, right, lag_bins, r, limit.
    rows : list of (left, right, words, is_found)
    grain : str
    live : bool
        Whether a row answers a click.
    """
    lags = np.sort(heat["lag_bins"].unique())
    cell, high = 100 / len(lags), 18
    parts = []
    for left, right, words, is_found in rows:
        one = heat[(heat["left"] == left) & (heat["right"] == right)].sort_values("lag_bins")
        rects = []
        for number, row in enumerate(one.itertuples()):
            is_sure = is_found and abs(row.r) > row.limit
            frame = ";stroke:var(--cem-ink);stroke-width:2;vector-effect:non-scaling-stroke" if is_sure else ""
            shape = f'<rect{" class=is-sure" if is_sure else ""} x="{number * cell:.3f}" y="0" width="{cell:.3f}" height="{high}" style="fill:{_colour(row.r)}{frame}"/>'
            # a frame is drawn over its neighbours
            rects.insert(len(rects) if is_sure else 0, shape)
        best = one.loc[one["r"].abs().idxmax()]
        label = f"{words}: largest correlation {best.r:+.2f} at lag {int(best.lag_bins)} {grain}s"
        picture = (f'<svg class="cem-heat" viewBox="0 0 100 {high}" preserveAspectRatio="none" role="img" aria-label="{esc(label)}" '
                   f'style="width:100%;height:{high}px;opacity:{1 if is_found else 0.55}">{"".join(rects)}</svg>')
        name = f'<span class="{"" if is_found else "is-muted"}" style="font-size:13px">{esc(words)}</span>'
        if live:
            name = f'<button type="button" class="cem-link" style="text-align:left" data-event="pair" data-left="{esc(left)}" data-right="{esc(right)}" data-key="heat-{esc(left)}-{esc(right)}">{name}</button>'
        parts.append(f'<div style="margin:0 0 8px">{name}{picture}</div>')
    side = int(lags.max())
    scale = (f'<div class="cem-note" style="display:flex;justify-content:space-between"><span>{side} {grain}s earlier</span><span>same {grain}</span><span>{side} {grain}s later</span></div>')
    return "".join(parts) + scale


def lag_bars(lags: pd.DataFrame, lag: int, grain: str, words: str) -> str:
    """The correlation of a pair at every lag, with the band in which independent series stay."""
    count, high = len(lags), 110
    top = max(float(lags["r"].abs().max()), float(lags["limit"].max()) * 1.3, 0.05)
    step = 100 / count
    middle = high / 2
    limit = float(lags["limit"].mean())
    reach = limit / top * middle
    shapes = [f'<rect x="0" y="{middle - reach:.1f}" width="100" height="{2 * reach:.1f}" style="fill:var(--cem-band)"/>']
    for number, row in enumerate(lags.itertuples()):
        size = abs(row.r) / top * middle
        y = middle - size if row.r > 0 else middle
        colour = "var(--cem-accent)" if int(row.lag_bins) == lag else "var(--cem-faint)"
        shapes.append(f'<rect x="{number * step + step * 0.15:.3f}" y="{y:.2f}" width="{step * 0.7:.3f}" height="{max(size, 0.5):.2f}" style="fill:{colour}"/>')
    best = lags.loc[lags["lag_bins"].eq(lag)].iloc[0]
    label = f"{words}: correlation {best['r']:+.2f} at lag {lag} {grain}s; independent series stay within {limit:.2f}"
    svg = f'<svg viewBox="0 0 100 {high}" preserveAspectRatio="none" role="img" aria-label="{esc(label)}" style="width:100%;height:{high}px">{"".join(shapes)}</svg>'
    side = int(lags["lag_bins"].max())
    return svg + (f'<div class="cem-note" style="display:flex;justify-content:space-between"><span>−{side} {grain}s</span><span>grey: within ±{limit:.2f} by chance</span><span>+{side} {grain}s</span></div>')
