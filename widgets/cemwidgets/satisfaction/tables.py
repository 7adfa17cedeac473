"""The tables of the app: rows in, HTML out; every figure with its interval."""

from __future__ import annotations

import pandas as pd

from cemlib.experience.explanation import Explanation
from cemlib.units import MISSING, format_interval, format_value
from cemlib.usecases.satisfaction.against import Groups
from cemlib.usecases.satisfaction.moves import Moves
from cemlib.usecases.satisfaction.parts import group_parts
from cemlib.usecases.satisfaction.spread import NAMED_DRIVERS, driver_name
from cemlib.usecases.satisfaction.wording import points_text, score_text, term_label, weight_label
from cemwidgets.panel.parts import Column, esc, figure, number, table
from cemwidgets.satisfaction.drawing import part_bar
from cemwidgets.trend import interval_glyph

__all__ = ["checks_table", "customers_table", "drivers_table", "fifths_table", "moves_tables", "parts_table", "segments_table", "terms_table", "two_by_two"]

_HIDDEN = "hidden"
_AUC = (0.3, 1.0)


def drivers_table(drivers: pd.DataFrame) -> str:
    """What costs most, with interval; how much of the differences between customers it makes."""
    columns = [Column("name", "Part", narrow="head"), Column("picture", "Lost, 95 %", "picture"), Column("lost", "Points", "figure", narrow="main"),
               Column("spread", "Of the differences", "number"), Column("worst", "Worst for", "number")]
    domain = (min(0.0, float(drivers["low"].min())), max(float(drivers["high"].max()), 0.1))
    rows = []
    for place, row in enumerate(drivers.itertuples()):
        lost, low, high = (_plain(value) for value in (row.lost, row.low, row.high))
        words = f"{lost} points, 95 % {low} – {high}"
        rows.append({"name": term_label(row.term), "picture": interval_glyph(row.lost, row.low, row.high, domain=domain, below=row.low > 0, label=words),
                     "lost": figure(driver_name(row.term), float(row.lost), lost) if place < NAMED_DRIVERS else lost, "lost_note": f"{low} – {high}",
                     "spread": format_value(row.spread, "ratio", decimals=0), "worst": format_value(row.worst_for, "ratio", decimals=0)})
    return table(columns, rows, caption="What costs most against what is usual")


def _plain(points: float) -> str:
    """Points with two decimals; nothing is no negative nothing."""
    text = f"{abs(points):.2f}"
    return f"−{text}" if points < 0 and float(text) else text


def segments_table(segments: pd.DataFrame, selected: str, live: bool) -> str:
    """The mean score of each segment."""
    columns = [Column("name", "Segment", narrow="head"), Column("n", "Customers", "number"), Column("picture", "Mean, 95 %", "picture"), Column("score", "Index", "number", narrow="main")]
    judged = segments[segments["score"].notna()]
    domain = (float(judged["low"].min()), float(judged["high"].max())) if len(judged) else (0.0, 100.0)
    rows = []
    for row in segments.sort_values("score", na_position="last").itertuples():
        few = row.state != "ok"
        words = f"{score_text(row.score)}, 95 % {score_text(row.low)} – {score_text(row.high)}"
        picture = "" if pd.isna(row.score) else interval_glyph(row.score, row.low, row.high, domain=domain, state="too_few" if few else "ok", label=words)
        note = "hidden: too few customers" if row.state == "suppressed" else "too few customers" if few else f"{score_text(row.low)} – {score_text(row.high)}"
        rows.append({"name": row.segment_code, "n": None if pd.isna(row.subscribers) else int(row.subscribers), "picture": picture,
                     "score": MISSING if few else score_text(row.score), "score_note": note, "_few": few, "segment": row.segment_code})
    return table(columns, rows, caption="Mean score by segment", event="explain" if live else "", key="segment", selected=selected)


def customers_table(lowest: pd.DataFrame, selected: str, live: bool) -> str:
    """The customers with the lowest scores."""
    columns = [Column("name", "Customer", narrow="head"), Column("segment", "Segment"), Column("score", "Index, 95 %", "number", narrow="main")]
    rows = [{"name": f"{row.subscriber_key[:10]}…", "segment": row.segment, "score": score_text(row.score), "score_note": f"{score_text(row.low)} – {score_text(row.high)}",
             "customer": row.subscriber_key} for row in lowest.itertuples()]
    return table(columns, rows, caption="Customers with the lowest scores", event="explain" if live else "", key="customer", selected=selected)


def parts_table(explained: Explanation) -> str:
    """The parts of a score one after another, each from where the one above ends; the last row is their sum, the score."""
    columns = [Column("name", "Part", narrow="head"), Column("picture", "0 … 100", "picture"), Column("points", "Points", "number", narrow="main"), Column("lost", "Against usual", "number")]
    parts, rows, last = group_parts(explained), [], ""
    for row in parts.itertuples():
        if row.service and row.facet != last:
            rows.append({"_group": weight_label(row.facet)})
        last = row.facet
        name = weight_label(row.service) if row.service else term_label(row.facet)
        label = f"{row.points:.2f} points from {row.start:.1f} on; as usual {row.usual_points:.2f}"
        rows.append({"name": name, "picture": part_bar(row.start, row.points, row.usual_points, label=label), "points": f"{row.points:.2f}", "lost": points_text(-row.lost)})
    total = part_bar(0.0, explained.score, float(parts["usual_points"].sum()), label=f"score {explained.score:.2f}")
    rows.append({"name": "Score", "picture": total, "points": f"{parts['points'].sum():.2f}", "lost": points_text(-float(parts["lost"].sum()))})
    return table(columns, rows, caption="Parts of the score, which add up to it")


def terms_table(explained: Explanation) -> str:
    """Every term: what was measured, what it scores, its weight and its points."""
    columns = [Column("name", "Term", narrow="head"), Column("value", "Measured", "number"), Column("n", "Records", "number"), Column("score", "Score", "number"),
               Column("weight", "Weight", "number"), Column("points", "Points", "number", narrow="main")]
    rows = []
    for row in explained.parts.itertuples():
        is_known = row.weight > 0
        rows.append({"name": term_label(f"{row.facet}:{row.kpi}" if row.kpi else row.facet), "value": _measured(row) if is_known else MISSING,
                     "n": int(row.den) if is_known and row.kpi and not pd.isna(row.den) else None, "score": score_text(row.score),
                     "weight": format_value(row.weight, "ratio") if is_known else "not known", "points": f"{row.points:.2f}" if is_known else MISSING, "_few": not is_known})
    return table(columns, rows, caption="All terms of the score")


def _measured(row) -> str:
    """What a term looks at: the measured value, the score that is expected, the worst day."""
    shown = {"expectation": row.expected, "memory": row.worst_day}.get(row.facet, row.value)
    if shown is None or pd.isna(shown):
        return MISSING
    texts = {"quality": lambda: format_value(shown, row.unit), "expectation": lambda: f"{shown:.0f} expected", "memory": lambda: f"worst {shown}"}
    return texts.get(row.facet, lambda: f"{100 * shown:.0f} % of usual")()


def moves_tables(moves: Moves) -> str:
    """From which band to which, and which term moved most customers."""
    shown = moves.bands.set_index(["band_before", "band_after"])
    bands = list(dict.fromkeys(moves.bands["band_before"]))
    rows = []
    for before in bands:
        cells = {after: _HIDDEN if shown.at[(before, after), "is_suppressed"] else number(int(shown.at[(before, after), "customers"])) for after in bands}
        rows.append({"name": before, **cells})
    matrix = table([Column("name", "Before ↓ after →", narrow="head"), *(Column(one, one, "number") for one in bands)], rows, caption="Customers by band before and after", plain=True)
    reasons = [{"name": term_label(row.why), "n": None if row.is_suppressed else int(row.customers), "n_note": _HIDDEN if row.is_suppressed else "",
                "points": points_text(row.points)} for row in moves.reasons.head(5).itertuples()]
    why = table([Column("name", "Moved most by", narrow="head"), Column("n", "Customers", "number"), Column("points", "Points, mean", "number", narrow="main")], reasons,
                caption="What moved customers") if reasons else '<p class="cem-note">Nobody moves by a point or more.</p>'
    return f"<h3>From band to band</h3>{matrix}<h3>What moves them</h3>{why}{_named(moves)}"


def _named(moves: Moves) -> str:
    if moves.customers.empty:
        return ""
    rows = [{"name": f"{row.subscriber_key[:10]}…", "name_note": term_label(row.why), "before": score_text(row.before), "after": score_text(row.after), "change": points_text(row.change)}
            for row in moves.customers.head(5).itertuples()]
    columns = [Column("name", "Customer", narrow="head"), Column("before", "Before", "number"), Column("after", "After", "number"), Column("change", "Change", "number", narrow="main")]
    return f"<h3>Who moves most</h3>{table(columns, rows, caption='Customers who move most')}"


def two_by_two(groups: Groups) -> str:
    """Survey against index: four named groups; above those whose answers are good, at the right those whose scores are."""
    cells = {row.group: row for row in groups.frame.itertuples()}
    rows = "".join(f'<div class="cem-side" aria-hidden="true">{side}</div>{"".join(_group(cells[name]) for name in names)}'
                   for side, names in (("survey good", ("content_regardless", "content_explained")), ("survey bad", ("unhappy_explained", "unhappy_otherwise"))))
    limit = score_text(groups.score_limit)
    return (f'<div class="cem-square">{rows}<div aria-hidden="true"></div><div class="cem-side">index below {limit}</div>'
            f'<div class="cem-side">index {limit} or more</div></div>')


def _group(row) -> str:
    if row.is_suppressed:
        count, share = MISSING, "hidden: too few customers"
    else:
        count = figure(f"group_{row.group}", float(row.subscribers), number(int(row.subscribers)))
        share = f"{format_value(row.share, 'ratio', decimals=0)} (95 % {format_interval(row.low, row.high, 'ratio')})"
    return (f'<div class="cem-quarter is-{esc(row.group)}"><h3>{esc(row.title)}</h3><span class="cem-card-value">{count}</span>'
            f"<small>{esc(share)}</small><small>{esc(row.meaning)}</small></div>")


def checks_table(checks: pd.DataFrame) -> str:
    """The index beside the naive baseline: how well each ranks who was unhappy afterwards."""
    columns = [Column("name", "Outcome", narrow="head"), Column("picture", "0.3 … 1", "picture"), Column("auc", "AUC, 95 %", "figure", narrow="main"),
               Column("baseline", "Baseline", "number"), Column("n", "Unhappy of", "number")]
    rows = []
    for row in checks.itertuples():
        few = row.state != "ok"
        count = _HIDDEN if pd.isna(row.unhappy) else f"{number(int(row.unhappy))} of {number(int(row.customers))}"
        one = {"name": row.segment or row.title, "name_note": "too few to judge" if few else "", "n": count, "_few": few, "auc": MISSING, "baseline": None}
        if not few:
            name = f"auc_{row.outcome.replace(':', '_')}"
            words = f"index {row.auc:.2f}, 95 % {row.auc_low:.2f} – {row.auc_high:.2f}; baseline {row.baseline_auc:.2f}"
            glyph = interval_glyph(row.auc, row.auc_low, row.auc_high, domain=_AUC, band=(row.baseline_auc_low, row.baseline_auc_high), below=not row.is_better, label=words)
            one |= {"picture": glyph, "auc": f"{row.auc:.2f}" if row.segment else figure(name, float(row.auc), f"{row.auc:.2f}"), "auc_note": f"{row.auc_low:.2f} – {row.auc_high:.2f}",
                    "baseline": f"{row.baseline_auc:.2f}", "baseline_note": f"{row.baseline_auc_low:.2f} – {row.baseline_auc_high:.2f}",
                    "name_note": "better than the baseline" if row.is_better else "no better than the baseline"}
        rows.append(one)
    return table(columns, rows, caption="How well the index tells who is unhappy afterwards")


def fifths_table(fifths: pd.DataFrame) -> str:
    """The share of the unhappy in each fifth of the customers, the lowest scores first."""
    columns = [Column("name", "Mean index", narrow="head"), Column("n", "Customers", "number"), Column("picture", "Unhappy, 95 %", "picture"), Column("share", "%", "number", narrow="main")]
    top = max(0.05, float(fifths["high"].max())) if fifths["high"].notna().any() else 1.0
    rows = []
    for row in fifths.itertuples():
        interval = format_interval(row.low, row.high, "ratio")
        rows.append({"name": score_text(row.score), "n": int(row.customers), "share": _HIDDEN if row.is_suppressed else format_value(row.share, "ratio", with_unit=False),
                     "share_note": "" if row.is_suppressed else interval, "_few": row.is_suppressed,
                     "picture": interval_glyph(row.share, row.low, row.high, domain=(0.0, top), state="no_data" if row.is_suppressed else "ok", label=f"95 % {interval}")})
    return table(columns, rows, caption="Share of unhappy customers by fifth of the index")
