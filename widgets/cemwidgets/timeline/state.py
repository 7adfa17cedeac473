"""The picture as a Vega-Lite specification, the same for the live page and the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cemlib.units import scale_value, shown_unit
from cemwidgets.trend.state import ACCENT, BAND, FONT, INK, LINE, MUTED, WORSE

__all__ = ["Strand", "timeline_spec"]

_AXIS = 54


@dataclass(frozen=True)
class Strand:
    """One series: title, unit of :mod:`cemlib.units`, and its frame (``at`` in UTC, ``value``, and ``usual`` where that is known)."""

    title: str
    unit: str
    frame: pd.DataFrame


def timeline_spec(strands: Sequence[Strand], *, marks: Sequence[object] = (), width: int | str = "container", height: int = 54, description: str = "") -> dict:
    """Draw series one under another; what was usual is grey behind the value.

    Parameters
    ----------
    strands : sequence of Strand
    marks : sequence of timestamps
        Moments that are marked in all of them.
    width, height : int
        Of one series; "container" is filled by the page.
    description : str

    Returns
    -------
    dict
        A Vega-Lite specification with its data. The strip at the top chooses the stretch of time that the others show.

    Examples
    --------
    >>> frame = pd.DataFrame({"at": pd.date_range("2026-03-01", periods=3, freq="h", tz="UTC"), "value": [0.9, None, 0.8]})
    >>> spec = timeline_spec([Strand("Success", "ratio", frame)])
    >>> len(spec["vconcat"]), [row["value"] for row in spec["vconcat"][1]["data"]["values"]]
    (2, [90.0, None, 80.0])
    """
    is_narrow = width != "container" and int(width) < 400
    inner = width if width == "container" else int(width) - _AXIS
    parts = [_strand(strand, marks, inner, height, is_narrow, number == len(strands) - 1) for number, strand in enumerate(strands)]
    axis = {"labelColor": MUTED, "labelFont": FONT, "labelFontSize": 11, "domain": False, "ticks": False, "gridColor": LINE, "labelPadding": 6}
    title = {"anchor": "start", "font": FONT, "fontSize": 12, "fontWeight": 600, "color": INK, "offset": 4, "frame": "group"}
    return {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "description": description or "series on one time axis", "background": "transparent", "spacing": 14,
            "usermeta": {"beside": _AXIS}, "vconcat": [_strip(strands[0], inner), *parts] if strands else [], "config": {"view": {"stroke": None}, "axis": axis, "title": title}}


def _values(strand: Strand) -> list[dict]:
    frame = strand.frame
    usual = frame["usual"] if "usual" in frame else [None] * len(frame)
    return [{"at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "value": _rounded(value, strand.unit), "usual": _rounded(one, strand.unit)} for at, value, one in zip(pd.DatetimeIndex(frame["at"]), frame["value"], usual)]


def _rounded(value: float | None, unit: str) -> float | None:
    scaled = None if value is None or pd.isna(value) else scale_value(float(value), unit)
    return None if scaled is None else round(scaled, 4)


def _strip(strand: Strand, width: int | str) -> dict:
    return {"width": width, "height": 30, "data": {"values": _values(strand)}, "params": [{"name": "brush", "select": {"type": "interval", "encodings": ["x"]}}],
            "mark": {"type": "line", "stroke": MUTED, "strokeWidth": 1, "opacity": 0.7}, "view": {"fill": BAND, "fillOpacity": 0.5}, "title": {"text": "drag here to choose a stretch of time", "fontWeight": 400, "fontSize": 11, "color": MUTED},
            "encoding": {"x": {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "axis": None},
                         "y": {"field": "value", "type": "quantitative", "scale": {"zero": False}, "axis": {"labels": False, "grid": False, "title": None, "minExtent": _AXIS, "maxExtent": _AXIS}}}}


def _strand(strand: Strand, marks: Sequence[object], width: int | str, height: int, is_narrow: bool, is_last: bool) -> dict:
    unit = shown_unit(strand.unit)
    x = {"field": "at", "type": "temporal", "scale": {"type": "utc", "domain": {"param": "brush"}}, "title": None,
         "axis": {"format": "%-d %b", "grid": False, "tickCount": 4 if is_narrow else 8, "labelOverlap": True, "labels": is_last, "labelFlush": False}}
    y = {"type": "quantitative", "title": None, "scale": {"zero": False, "nice": True},
         "axis": {"tickCount": 2, "minExtent": _AXIS, "maxExtent": _AXIS, "labelExpr": f"format(datum.value, ',~r') + '{' ' + unit if unit else ''}'"}}
    words = [{"field": "at", "type": "temporal", "format": "%a %d %b %H:%M UTC", "title": "when", "scale": {"type": "utc"}}, {"field": "value", "title": f"value{', ' + unit if unit else ''}", "format": ",.4~r"},
             {"field": "usual", "title": "usual", "format": ",.4~r"}]
    layers = [{"mark": {"type": "line", "stroke": MUTED, "strokeWidth": 1, "opacity": 0.55, "clip": True}, "encoding": {"x": x, "y": {"field": "usual", **y}}},
              {"mark": {"type": "line", "stroke": ACCENT, "strokeWidth": 1.3, "clip": True}, "encoding": {"x": x, "y": {"field": "value", **y}}},
              {"mark": {"type": "point", "size": 60, "opacity": 0, "clip": True}, "encoding": {"x": x, "y": {"field": "value", **y}, "tooltip": [{name: one[name] for name in one if name != "scale"} for one in words]}}]
    if len(marks):
        at = [{"at": pd.Timestamp(one).strftime("%Y-%m-%dT%H:%M:%SZ")} for one in marks]
        layers.append({"data": {"values": at}, "mark": {"type": "rule", "stroke": WORSE, "strokeDash": [3, 3], "strokeWidth": 1, "clip": True}, "encoding": {"x": x}})
    return {"width": width, "height": height, "title": strand.title, "data": {"values": _values(strand)}, "layer": layers}
