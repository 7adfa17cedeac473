"""The tables of the what-if."""

from __future__ import annotations

import math

import pandas as pd

from cemlib.usecases.whatif.wording import plain, signed
from cemwidgets.panel.parts import Column, esc, number, percent, table
from cemwidgets.trend.glyphs import interval_glyph, meter

__all__ = ["compared_table", "drivers_table", "first_table", "importance_table", "scenarios_table"]


def _interval(low: float, high: float) -> str:
    return f"{signed(low)} to {signed(high)}" if math.isfinite(low) else ""


def _glyph(effect: float, low: float, high: float, reach: float) -> str:
    return interval_glyph(effect, low, high, domain=(-reach, reach), band=(-reach / 100, reach / 100), below=high < 0, label=f"{signed(effect)}, {_interval(low, high)}")


def _reach(frame: pd.DataFrame) -> float:
    return max(float(frame[["low", "high"]].abs().max().max()), 0.05) if frame["low"].notna().any() else 0.05


def compared_table(frame: pd.DataFrame, title: str) -> str:
    """The effect by level of a group."""
    columns = [Column("segment", title, narrow="head"), Column("now", "now", "number"), Column("effect", "change", "number", "main"), Column("glyph", "", "picture")]
    rows, reach = [], _reach(frame)
    for one in frame.itertuples():
        few = one.state != "ok"
        rows.append({"segment": one.segment, "segment_note": f"{one.n:,} ratings" + (", too few" if few else ""), "now": number(one.now, 2), "_few": few,
                     "effect": "too few" if few else signed(one.effect), "effect_note": "" if few else _interval(one.low, one.high), "glyph": "" if few else _glyph(one.effect, one.low, one.high, reach)})
    return table(columns, rows, caption=f"Change by {title}")


def importance_table(frame: pd.DataFrame, units: dict[str, str]) -> str:
    """What there is to gain where everybody is lifted to what the best quarter has, and how good it is today."""
    columns = [Column("label", "lever", narrow="head"), Column("gain", "gain if lifted", "number", "main"), Column("glyph", "", "picture"), Column("today", "today", "number"), Column("quadrant", "")]
    rows, reach = [], _reach(frame)
    for one in frame.itertuples():
        target = f"{'at least' if one.change[0] == '>' else 'at most'} {plain(float(one.change[2:]))} {units.get(one.feature, '')}".strip()
        few = one.state != "ok"
        rows.append({"label": one.label, "label_note": f"{target}: {percent(one.lifted, 0)} % are lifted", "gain": "too few" if few else signed(one.importance),
                     "gain_note": _interval(one.low, one.high), "glyph": "" if few else _glyph(one.importance, one.low, one.high, reach),
                     "today": number(one.performance), "today_note": "of 100", "quadrant": one.quadrant, "_few": few})
    return table(columns, rows, caption="Importance and performance of the levers")


def drivers_table(frame: pd.DataFrame) -> str:
    """The share of the differences of the ratings that goes with each driver."""
    columns = [Column("driver", "driver", narrow="head"), Column("share", "share of differences, %", "number", "main"), Column("picture", "", "picture")]
    top = max(float(frame["share"].max()), 1e-9) if frame["share"].notna().any() else 1.0
    rows = [{"driver": one.driver, "share": percent(max(one.share, 0.0) if math.isfinite(one.share) else None), "share_note": f"{percent(max(one.low, 0.0))} – {percent(max(one.high, 0.0))}",
             "picture": meter(max(one.share, 0.0) / top, tone="context") if math.isfinite(one.share) else "", "_few": one.state != "ok"} for one in frame.itertuples()]
    return table(columns, rows, caption="Drivers of satisfaction")


def first_table(ranking: pd.DataFrame, most: int = 6) -> str:
    """Which improvement for which group first."""
    columns = [Column("what", "improvement", narrow="head"), Column("gain", "change", "number", "main"), Column("cost", "cost", "number"), Column("rate", "rating points per 100 of cost", "number")]
    rows = []
    for one in ranking.head(most).itertuples():
        unsure = one.state != "ok"
        note = {"not sure": ", not sure", "harm": ", harms", "too few": ", too few"}.get(one.state, "")
        rows.append({"what": one.improvement, "what_note": f"for {one.segment}{note}" + ("" if str(one.claim).startswith("causal") else ", association"), "_few": unsure,
                     "gain": signed(one.effect) if math.isfinite(one.effect) else "–", "gain_note": _interval(one.low, one.high), "cost": number(one.cost),
                     "rate": number(100 * one.gain_per_cost, 2)})
    return table(columns, rows, caption="Which improvement for which group first")


def scenarios_table(frame: pd.DataFrame, live: bool) -> str:
    """The kept scenarios and the one that is shown."""
    columns = [Column("changes", "scenario", narrow="head"), Column("then", "change", "number", "main"), Column("glyph", "", "picture"), Column("outside", "past the observed", "number"),
               Column("cost", "cost", "number"), *([Column("way", "", "html")] if live else [])]
    rows, reach = [], _reach(frame)
    for number_, one in enumerate(frame.itertuples()):
        shown = number_ == len(frame) - 1
        told = math.isfinite(one.effect)
        way = "" if shown else (f'<button type="button" class="cem-link" data-event="load" data-number="{number_}" data-key="load-{number_}">show</button> · '
                                f'<button type="button" class="cem-link" data-event="forget" data-number="{number_}" data-key="forget-{number_}">forget</button>')
        rows.append({"changes": one.changes, "changes_note": f"{one.who}, {one.n_customers:,} customers" + (" · shown now" if shown else ""), "then": signed(one.effect) if told else "–",
                     "then_note": _interval(one.low, one.high), "glyph": _glyph(one.effect, one.low, one.high, reach) if told else "",
                     "outside": f"{percent(one.extrapolation_ratio, 0)} %" if told else "–", "cost": number(one.cost), "way": way or esc("")})
    return table(columns, rows, caption="Scenarios side by side")
