"""The trend as a Vega-Lite specification: the same one for the live picture and for the report's SVG.

It is written as plain data, not through altair's classes: those check every part of it, which took a quarter of a second for
each click. ``altair.Chart.from_dict(spec)`` makes an altair chart of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import vl_convert

from cemlib.errors import CallError
from cemwidgets.panel.parts import esc, number

__all__ = ["svg", "trend_rows", "trend_spec"]

# Colours are the style sheet's variables: the SVG renderer passes them on, so one picture follows light and dark.
INK, MUTED, LINE, ACCENT, WORSE, BAND, FAINT = (
    f"var(--cem-{name}, {fallback})"
    for name, fallback in [("ink", "#16202b"), ("muted", "#55626e"), ("line", "#dfe5ea"), ("accent", "#0a5a73"), ("worse", "#b4530a"), ("band", "#dde4ea"), ("faint", "#8b98a4")]
)
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif'
GRAINS = {"hour": "h", "hour6": "6h", "day": "D", "minute15": "15min", "minute5": "5min"}


def _instant(at: object) -> str:
    return _iso(_utc(pd.Series([at]))[0])


def _utc(times: pd.Series) -> pd.Series:
    times = pd.to_datetime(times)
    return times.dt.tz_localize("UTC") if times.dt.tz is None else times.dt.tz_convert("UTC")


def trend_rows(frame: pd.DataFrame, *, grain: str = "hour", factor: float = 100.0, unit: str = "%", digits: int = 1, count: str = "attempts") -> list[dict]:
    """Turn a course of values into the rows of the picture: every step of time is there, missing ones are gaps.

    Parameters
    ----------
    frame : DataFrame
        ``at`` (UTC), ``value``; optional ``low``, ``high`` (interval), ``expected_low``, ``expected_high`` (band), ``den``,
        ``state`` ("ok", "too_few", "no_data", "suppressed").
    grain : {"hour", "hour6", "day", "minute15", "minute5"}
        The step of time.
    factor, unit, digits : float, str, int
        How a value is written.
    count : str
        What ``den`` counts.

    Examples
    --------
    >>> rows = trend_rows(pd.DataFrame({"at": ["2026-03-01T00:00", "2026-03-01T02:00"], "value": [0.98, 0.97]}))
    >>> [row["judged"] for row in rows]
    [98.0, None, 97.0]
    """
    if grain not in GRAINS:
        raise CallError("The grain of a trend is unknown.", wanted=", ".join(GRAINS), came=grain)
    if frame.empty:
        return []
    frame = frame.assign(at=_utc(frame["at"])).sort_values("at").drop_duplicates("at")
    times = pd.date_range(frame["at"].iloc[0], frame["at"].iloc[-1], freq=GRAINS[grain])
    frame = frame.set_index("at").reindex(times)
    state = frame["state"] if "state" in frame else pd.Series("ok", index=times)
    state = state.where(frame["value"].notna() | state.eq("suppressed"), "no_data")
    few = state.eq("too_few")
    # the dashed line also reaches the judged neighbours, or a single point of too few would not be seen
    dashed = (few | few.shift(1, fill_value=False) | few.shift(-1, fill_value=False)) & state.isin(["ok", "too_few"])
    span = pd.Timedelta(1, GRAINS[grain]) if grain in ("hour", "day") else pd.Timedelta(GRAINS[grain])
    gap = " " if unit else ""
    rows = []
    for at, row in frame.iterrows():
        here = state[at]
        value = _scaled(row["value"], factor)
        one = {
            "at": _iso(at), "to": _iso(at + span), "judged": value if here == "ok" else None, "few": value if dashed[at] else None,
            "expected_low": _scaled(row.get("expected_low"), factor), "expected_high": _scaled(row.get("expected_high"), factor),
            "when": at.strftime("%a %d %b") if grain == "day" else at.strftime("%a %d %b %H:%M UTC"),
            "shown": {"no_data": "no data", "suppressed": "hidden"}.get(here, f"{number(value, digits)}{gap}{unit}" + (" (too few)" if here == "too_few" else "")),
            "interval": _range(row.get("low"), row.get("high"), factor, digits, here),
            "expected": _range(row.get("expected_low"), row.get("expected_high"), factor, digits, "ok"),
            "count": "–" if pd.isna(row.get("den")) else f"{number(int(row['den']))} {count}",
        }
        rows.append(one)
    return rows


def _iso(at: pd.Timestamp) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None or pd.isna(value) else round(float(value) * factor, 6)


def _range(low: float | None, high: float | None, factor: float, digits: int, state: str) -> str:
    if state not in {"ok", "too_few"} or low is None or high is None or pd.isna(low) or pd.isna(high):
        return "–"
    return f"{number(low * factor, digits)} – {number(high * factor, digits)}"


def _layer(mark: dict | str, rows: list[dict] | None = None, **encoding: dict) -> dict:
    layer = {"mark": mark, "encoding": encoding}
    return layer if rows is None else {"data": {"values": rows}, **layer}


def trend_spec(
    frame: pd.DataFrame,
    *,
    grain: str = "hour",
    unit: str = "%",
    factor: float = 100.0,
    digits: int = 1,
    count: str = "attempts",
    change_at: object = None,
    change_text: str = "change found",
    incidents: Sequence[dict] = (),
    height: int = 220,
    width: int | str = "container",
    description: str = "",
    zero: bool = False,
) -> dict:
    """Draw the course of a value against its expected band.

    Parameters
    ----------
    frame, grain, unit, factor, digits, count
        See :func:`trend_rows`.
    change_at, change_text : timestamp, str
        The change that was found: a dashed line with its words.
    incidents : sequence of dict
        ``at``, optional ``end`` and ``text``: shaded spans.
    height, width : int
        Pixels; "container" fills the place.
    zero : bool
        Whether the axis begins at zero (counts).

    Returns
    -------
    dict
        A Vega-Lite specification with its data.
    """
    rows = trend_rows(frame, grain=grain, factor=factor, unit=unit, digits=digits, count=count)
    first, last = (pd.Timestamp(rows[0]["at"]), pd.Timestamp(rows[-1]["at"])) if rows else (None, None)
    days = bool(rows) and last - first > pd.Timedelta("60h")
    few_ticks = width != "container" and int(width) < 400
    # a tick a day where days are written: two ticks within a day would bear the same words
    ticks = {"interval": "day", "step": max(1, round((last - first).days / (4 if few_ticks else 8)))} if days else 4 if few_ticks else 8
    x = {
        "field": "at", "type": "temporal", "scale": {"type": "utc"}, "title": None,
        "axis": {"format": "%-d %b" if days else "%H:%M", "grid": False, "tickCount": ticks, "labelOverlap": True, "labelFlush": False},
    }
    value = {
        "type": "quantitative", "scale": {"zero": zero, "nice": True}, "title": None,
        "axis": {"tickCount": 4, "labelExpr": f"format(datum.value, ',~f') + '{' ' + unit if unit else ''}'"},
    }
    layers = []
    if incidents:
        spans = [{"at": _instant(one["at"]), "end": _instant(one.get("end") or one["at"]), "text": one.get("text", "")} for one in incidents]
        layers.append(_layer({"type": "rect", "fill": WORSE, "opacity": 0.12}, spans, x=x, x2={"field": "end"}, tooltip=[{"field": "text", "title": "incident"}]))
    if any(row["expected_low"] is not None for row in rows):
        layers.append(_layer({"type": "area", "fill": BAND, "opacity": 1, "interpolate": "monotone"}, x=x, y={"field": "expected_low", **value}, y2={"field": "expected_high"}))
    if any(row["few"] is not None for row in rows):
        layers.append(_layer({"type": "line", "stroke": FAINT, "strokeDash": [3, 3], "strokeWidth": 1.4}, x=x, y={"field": "few", **value}))
    layers.append(_layer({"type": "line", "stroke": ACCENT, "strokeWidth": 1.8, "strokeJoin": "round"}, x=x, y={"field": "judged", **value}))
    lonely = [row for at, row in enumerate(rows) if row["judged"] is not None and all(not 0 <= near < len(rows) or rows[near]["judged"] is None for near in (at - 1, at + 1))]
    if lonely:
        layers.append(_layer({"type": "point", "filled": True, "fill": ACCENT, "size": 16, "opacity": 1}, lonely, x=x, y={"field": "judged", **value}))
    if change_at is not None and rows:
        at = _instant(change_at)
        late = pd.Timestamp(at) > first + (last - first) * 0.6
        found = [{"at": at, "text": change_text}]
        layers.append(_layer({"type": "rule", "stroke": WORSE, "strokeDash": [4, 3], "strokeWidth": 1.2}, found, x=x))
        text = {"type": "text", "align": "right" if late else "left", "baseline": "bottom", "dx": 4 if late else -4, "dy": -4, "fill": WORSE, "fontSize": 11}
        layers.append(_layer(text, found, x=x, y={"value": 0}, text={"field": "text"}))
    words = [{"field": name, "title": title} for name, title in (("when", "when"), ("shown", "value"), ("interval", "95 %"), ("expected", "expected"), ("count", "of"))]
    # a strip per step of time answers the pointer: no need to hit the line
    layers.append(_layer({"type": "rect", "opacity": 0, "fill": INK}, x=x, x2={"field": "to"}, y={"value": 0}, y2={"value": height}, tooltip=words))
    axis = {"labelColor": MUTED, "labelFont": FONT, "labelFontSize": 11, "domain": False, "ticks": False, "gridColor": LINE, "labelPadding": 6}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json", "description": description or "trend", "background": "transparent",
        "width": width, "height": height, "autosize": {"type": "fit-x", "contains": "padding"}, "padding": {"left": 0, "right": 4, "top": 18 if change_at is not None else 6, "bottom": 0},
        "data": {"values": rows}, "layer": layers, "config": {"view": {"stroke": None}, "axis": axis, "text": {"font": FONT}},
    }


def svg(spec: dict) -> str:
    """Draw a specification as SVG without a browser; its tooltips are left out."""
    drawn = vl_convert.vegalite_to_svg(spec)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{esc(spec.get("description", ""))}" ', 1)
