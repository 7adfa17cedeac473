"""The tables of the what-if."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from cemlib.privacy import SUPPRESSED
from cemlib.usecases.studies.study import Feature
from cemlib.usecases.whatif.driver_wording import KANO, goal_words, knee_words
from cemlib.usecases.whatif.figures import plain, signed, span
from cemwidgets.panel.parts import Column, esc, figure, number, percent, table
from cemwidgets.trend.glyphs import interval_glyph, meter

__all__ = ["budgets_table", "compared_table", "corners_table", "drivers_table", "first_table", "importance_table", "levels_table", "scenarios_table", "shapes_table"]


def _interval(low: float, high: float) -> str:
    return f"{signed(low)} to {signed(high)}" if math.isfinite(low) else ""


def _count(value: int | None, what: str) -> str:
    return "hidden" if pd.isna(value) else f"{value:,} {what}"


def _why_none(state: str) -> str:
    """Why a row has no figures, in words."""
    return "hidden" if state == SUPPRESSED else state


def _glyph(effect: float, low: float, high: float, reach: float) -> str:
    return interval_glyph(effect, low, high, domain=(-reach, reach), band=(-reach / 100, reach / 100), below=high < 0, label=f"{signed(effect)}, {_interval(low, high)}")


def _reach(frame: pd.DataFrame) -> float:
    return max(float(frame[["low", "high"]].abs().max().max()), 0.05) if frame["low"].notna().any() else 0.05


def compared_table(frame: pd.DataFrame, title: str) -> str:
    """The effect by level of a group."""
    columns = [Column("segment", title, narrow="head"), Column("moved", "moved, %", "number"), Column("now", "now", "number"), Column("effect", "change, points", "number", "main"), Column("glyph", "", "picture")]
    rows, reach = [], _reach(frame)
    for one in frame.itertuples():
        few = one.state != "ok"
        rows.append({"segment": one.segment, "segment_note": _count(one.n, "ratings") + (", too few" if one.state == "too few" else ""), "moved": percent(one.moved_ratio, 0), "now": number(one.now, 2), "now_note": span(one.now_low, one.now_high), "_few": few,
                     "effect": _why_none(one.state) if few else signed(one.effect), "effect_note": "" if few else _interval(one.low, one.high), "glyph": "" if few else _glyph(one.effect, one.low, one.high, reach)})
    return table(columns, rows, caption=f"Change by {title}")


def importance_table(frame: pd.DataFrame, told: Mapping[str, Feature], selected: str = "", live: bool = True) -> str:
    """What there is to gain where all moments are lifted to what is good, and how many are good already; numbered as in the map."""
    columns = [Column("name", "driver", narrow="head"), Column("gain", "gain, rating points", "figure", "main"), Column("good", "good already, %", "number"), Column("quadrant", "so")]
    rows = []
    for number_, one in enumerate(frame.itertuples(), 1):
        few = one.state != "ok"
        rows.append({"driver": one.driver, "name": f"{number_} {one.driver}", "name_note": f"good: {goal_words(one.changes, told)}", "gain": _why_none(one.state) if few else figure(f"gain_{number_}", one.importance, signed(one.importance)),
                     "gain_note": _interval(one.low, one.high), "good": number(one.performance), "quadrant": one.quadrant or ("" if few else "not sure"), "_few": few})
    return table(columns, rows, caption="What there is to gain, and how many have it already", event="driver" if live else "", key="driver", selected=selected)


def shapes_table(frame: pd.DataFrame, knees: Mapping[str, Mapping], told: Mapping[str, Feature]) -> str:
    """What a KPI costs where it is worse than usual, brings where it is better, and from where on more of it brings little."""
    columns = [Column("label", "KPI", narrow="head"), Column("penalty", "worse costs", "number"), Column("reward", "better brings", "number"), Column("difference", "difference", "number", "main"),
               Column("kano", "label (Kano)"), Column("knee", "saturation")]
    rows = []
    for one in frame.to_dict("records"):
        knee, name = knees.get(one["feature"]), one["feature"]
        rows.append({"label": one["label"], "label_note": f"usual: {plain(one['reference'])} {told[name].unit}".rstrip(), "penalty": number(one["penalty"], 2).replace("-", "−"), "reward": number(one["reward"], 2).replace("-", "−"),
                     "difference": signed(one["difference"]) if math.isfinite(one["difference"]) else "–", "difference_note": _interval(one["low"], one["high"]),
                     "kano": one["kano"] or "not told apart", "kano_note": KANO.get(one["kano"], ""), "knee": knee_words(knee, told[name].unit) if knee else "no knee told", "_few": not one["kano"] and not knee})
    return table(columns, rows, caption="Penalty and reward")


def levels_table(frame: pd.DataFrame, title: str, most: int = 3) -> str:
    """The largest drivers of each level of a group."""
    columns = [Column("driver", "driver", narrow="head"), Column("share", "share of differences, %", "number", "main"), Column("picture", "", "picture")]
    rows, top = [], max(float(frame["share"].max()), 1e-9) if frame["share"].notna().any() else 1.0
    for level, part in frame.groupby("segment", sort=False):
        rows.append({"_group": f"{title} {level}: {_count(part['n_customers'].iloc[0], 'customers')}" + (", too few" if part["state"].iloc[0] == "too few" else "")})
        rows += [] if part["state"].iloc[0] != "ok" else [_share(one, top) for one in part.head(most).itertuples()]
    return table(columns, rows, caption=f"Drivers by {title}")


def corners_table(frame: pd.DataFrame, quality: str, other: str) -> str:
    """The expected rating where quality and price, or expectation, are low and high."""
    columns = [Column("what", "where", narrow="head"), Column("expected", "expected rating", "number", "main"), Column("n", "ratings near it", "number")]
    rows = [{"what": f"{quality} {one.quality}, {other} {one.price}", "expected": number(one.expected, 2), "expected_note": span(one.low, one.high), "n": _count(one.n, "").strip(), "_few": pd.isna(one.n) or one.n < 30} for one in frame.itertuples()]
    return table(columns, rows, caption=f"Expected rating by {quality} and {other}")


def budgets_table(frame: pd.DataFrame, unit: str, cheapest: float | None) -> str:
    """What each budget reaches, and with what; ``cheapest`` is the cost of the cheapest sure improvement, None where none is sure."""
    nothing = "nothing: no improvement is sure" if cheapest is None else f"nothing: the cheapest sure improvement costs {number(cheapest)}"
    columns = [Column("budget", "budget", narrow="head"), Column("effect", "change, points", "number", "main"), Column("glyph", "", "picture"), Column("cost", "spent", "number"), Column("chosen", "with")]
    reach = _reach(frame)
    rows = [{"budget": f"{number(one.budget)} {unit}", "effect": signed(one.effect), "effect_note": _interval(one.low, one.high), "glyph": _glyph(one.effect, one.low, one.high, reach) if one.chosen else "", "cost": number(one.cost),
             "chosen": "; ".join(one.chosen) or nothing, "_few": not one.chosen} for one in frame.itertuples()]
    return table(columns, rows, caption="What a budget reaches")


def drivers_table(frame: pd.DataFrame) -> str:
    """The share of the differences of the ratings that goes with each driver."""
    columns = [Column("driver", "driver", narrow="head"), Column("share", "share of differences, %", "number", "main"), Column("picture", "", "picture")]
    top = max(float(frame["share"].max()), 1e-9) if frame["share"].notna().any() else 1.0
    return table(columns, [_share(one, top) for one in frame.itertuples()], caption="Drivers of satisfaction")


def _share(one, top: float) -> dict[str, object]:
    known = math.isfinite(one.share)
    # the estimate of a share of about 0 may be negative
    share = percent(one.share if known else None) if not known or one.share >= 0 else "about 0"
    return {"driver": one.driver, "share": share, "share_note": f"{percent(one.low)} – {percent(one.high)}".replace("-", "−") if known else "",
            "picture": meter(max(one.share, 0.0) / top, tone="context") if known else "", "_few": one.state != "ok"}


def first_table(ranking: pd.DataFrame, group: str, most: int = 6) -> str:
    """Which improvement for which group first.

    Parameters
    ----------
    ranking : DataFrame
        From :func:`cemlib.analysis.frontier.rank_improvements`; of what is hidden only the names.
    group : str
    most : int
    """
    columns = [Column("what", "improvement", narrow="head"), Column("gain", "change, points", "number", "main"), Column("cost", "cost", "number"), Column("rate", "points per 100 of cost", "number")]
    rows = []
    for one in ranking.head(most).itertuples():
        unsure, known = one.state != "ok", math.isfinite(one.effect) and one.state != "not seen"
        rated = known and math.isfinite(one.gain_per_cost) and not pd.isna(one.n_customers)
        count = "" if one.state == SUPPRESSED else f", {_count(one.n_customers, 'customers')}"
        note = {"not sure": ", not sure", "harm": ", harms", "too few": ", too few", "no cost": ", no cost known", "not seen": ", nobody was seen there", SUPPRESSED: ", hidden"}.get(one.state, "")
        rows.append({"what": one.improvement, "what_note": f"for {group} {one.segment}{count}{note}" + (", association" if isinstance(one.claim, str) and not one.claim.startswith("causal") else ""), "_few": unsure,
                     "gain": signed(one.effect) if known else "–", "gain_note": _interval(one.low, one.high) if known else "", "cost": number(one.cost),
                     "rate": signed(100 * one.gain_per_cost).lstrip("+") if rated else "–", "rate_note": f"{plain(one.gain).replace('-', '−')} points for {number(one.cost)}" if rated else ""})
    return table(columns, rows, caption="Which improvement for which group first")


def scenarios_table(frame: pd.DataFrame, unit: str, live: bool) -> str:
    """The kept scenarios in their order, and the one that is shown where it is none of them."""
    columns = [Column("changes", "scenario", narrow="head"), Column("then", "change, points", "number", "main"), Column("glyph", "", "picture"), Column("outside", "past the observed", "number"),
               Column("cost", unit if "cost" in unit else f"cost, {unit}", "number"), *([Column("way", "", "html")] if live else [])]
    rows, reach = [], _reach(frame)
    for number_, one in enumerate(frame.itertuples()):
        shown, kept = one.state.endswith("shown now"), one.state.startswith("kept")
        told = math.isfinite(one.effect)
        way = " · ".join(f'<button type="button" class="cem-link" data-event="{event}" data-number="{number_}" data-key="{event}-{number_}">{word}</button>'
                         for event, word, is_there in (("load", "show", not shown), ("forget", "forget", kept)) if is_there)
        rows.append({"changes": one.changes, "changes_note": f"{one.who}, {_count(one.n_customers, 'customers')}" + (f" · {one.state}" if shown else ""), "then": signed(one.effect) if told else "–",
                     "then_note": _interval(one.low, one.high), "glyph": _glyph(one.effect, one.low, one.high, reach) if told else "",
                     "outside": f"{percent(one.extrapolation_ratio, 0)} %" if told else "–", "cost": number(one.cost), "way": way or esc("")})
    return table(columns, rows, caption="Scenarios side by side")
