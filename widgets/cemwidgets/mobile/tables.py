"""The tables of the app: rows in, HTML out; every figure with its interval and what it is compared to."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from cemlib.units import format_interval, format_value
from cemlib.usecases.mobile.wording import code_label, name_label
from cemwidgets.panel.parts import Column, esc, table
from cemwidgets.trend import interval_glyph, meter

__all__ = ["cells_table", "complaints_table", "levels_table", "speed_table"]

_SHARE = (0.0, 1.0)
#: how wide the grey mark of an expected share is drawn, in shares
_MARK = 0.012
_RATINGS = ("var(--cem-q0)", "var(--cem-q2)", "var(--cem-q3)", "var(--cem-q4)", "var(--cem-q6)")


def _share_glyph(row) -> str:
    few = row.state_code != "ok"
    words = (f"{code_label(row.state_code)}" if few else
             f"{format_value(row.bad_ratio, 'ratio')}, 95 % {format_interval(row.bad_low, row.bad_high, 'ratio')}, expected {format_value(row.expected_ratio, 'ratio')}")
    band = (row.expected_ratio - _MARK, row.expected_ratio + _MARK)
    return interval_glyph(row.bad_ratio, row.bad_low, row.bad_high, domain=_SHARE, band=band, state="too_few" if few else "ok",
                          below=row.verdict == "above", label=words)


def _count(n: float) -> int | None:
    return None if pd.isna(n) else int(n)


def _percent(row) -> str:
    return format_value(None if row.state_code in ("too_few", "suppressed") else row.bad_ratio, "ratio", with_unit=False)


def _why(row) -> tuple[str, str]:
    """What the dissatisfied name, or why nothing is said; and how it stands to what was expected."""
    if row.state_code != "ok":
        return code_label(row.state_code), ""
    named = f"{code_label(row.complaint)} {format_value(row.complaint_ratio, 'ratio', decimals=0)}" if isinstance(row.complaint, str) else ""
    return named, f"expected {format_value(row.expected_ratio, 'ratio')}"


def cells_table(cells: pd.DataFrame, chosen: Mapping[str, str]) -> str:
    """Operator, technology, place and state against expectation."""
    columns = [Column("who", "Operator, place", narrow="head"), Column("n", "Answers", "number"), Column("picture", "Dissatisfied, 95 %", "picture"),
               Column("share", "%", "number", narrow="main"), Column("why", "Named most")]
    rows, selected = [], None
    for row in cells.itertuples():
        names = {"operator": row.operator, "technology": row.technology, "place": row.place, "state": row.state}
        key = "|".join(names.values())
        if names == dict(chosen):
            selected = key
        why, note = _why(row)
        rows.append({"who": f"{row.operator} {code_label(row.technology) if row.technology != 'unknown' else ''}".strip(),
                     "who_note": f"{name_label('place', row.place)} · {row.state}", "n": _count(row.n), "picture": _share_glyph(row), "share": _percent(row),
                     "why": why, "why_note": note, "cell": key, "_data": names, "_few": row.state_code != "ok"})
    return table(columns, rows, caption="Combinations of operator, technology, place and state", event="select", key="cell", selected=selected)


def levels_table(levels: pd.DataFrame, dimension: str, selected: str, event: str = "select", within: Mapping[str, str] | None = None) -> str:
    """The levels of one dimension: mean rating, dissatisfied share and what the mix leads one to expect.

    A click on a row sends the level, and with it those of ``within``.
    """
    columns = [Column("name", dimension.capitalize(), narrow="head"), Column("n", "Answers", "number"), Column("mean", "Mean", "number"),
               Column("picture", "Dissatisfied, 95 %", "picture"), Column("share", "%", "number", narrow="main")]
    has_shift = "rate_point" in levels
    if has_shift:
        columns.append(Column("own", "Own · mix, pt", "number"))
    rows = []
    for row in levels.itertuples():
        value = getattr(row, dimension)
        few = row.state_code != "ok"
        one = {"name": name_label(dimension, value), "name_note": code_label(row.state_code) if few else "", "n": _count(row.n),
               "mean": format_value(None if few else row.score_mean, "score"), "picture": _share_glyph(row), "share": _percent(row), "_few": few,
               dimension: value, "_data": {name: one for name, one in (within or {}).items() if name != dimension}}
        if has_shift:
            one["own"] = "—" if few else f"{_signed(row.rate_point)} · {_signed(row.mix_point)}"
        rows.append(one)
    return table(columns, rows, caption=f"Answers by {dimension}", event=event, key=dimension, selected=selected or None)


def _signed(value: float) -> str:
    text = format_value(abs(value), "point", with_unit=False)
    return text if float(text) == 0 else ("+" if value > 0 else "−") + text


def complaints_table(complaints: pd.DataFrame) -> str:
    """The categories with the spread of their ratings 1 to 5."""
    columns = [Column("name", "Named", narrow="head"), Column("n", "Answers", "number"), Column("spread", "Ratings 1 – 5", "picture"),
               Column("mean", "Mean", "number", narrow="main"), Column("part", "Of the dissatisfied", "picture"), Column("share", "%", "number")]
    rows = []
    for row in complaints.itertuples():
        counts = [getattr(row, f"rating_{score}") for score in range(1, 6)]
        share = format_value(row.bad_share_ratio, "ratio", with_unit=False, decimals=0)
        rows.append({"name": code_label(row.category), "n": int(row.n), "spread": _spread(counts), "mean": format_value(row.score_mean, "score"),
                     "part": meter(row.bad_share_ratio, label=f"{share} % of the dissatisfied"), "share": share})
    keys = "".join(f'<span><svg width="10" height="10" aria-hidden="true"><rect width="10" height="10" rx="2" fill="{fill}"/></svg>{score}</span>'
                   for score, fill in enumerate(_RATINGS, 1))
    return table(columns, rows, caption="Answers by what the customer named") + f'<div class="cem-legend">Rating {keys}</div>'


def _spread(counts: list[int]) -> str:
    total = sum(counts) or 1
    bars, at = [], 0.0
    for score, (count, fill) in enumerate(zip(counts, _RATINGS, strict=True), 1):
        width = 100 * count / total
        if count:
            bars.append(f'<rect x="{at:.2f}" width="{width:.2f}" height="12" fill="{fill}"><title>rating {score}: {count:,}</title></rect>')
        at += width
    words = ", ".join(f"{count:,} rated {score}" for score, count in enumerate(counts, 1))
    return f'<svg class="cem-spread" viewBox="0 0 100 12" width="100%" height="12" preserveAspectRatio="none" role="img" aria-label="{esc(words)}">{"".join(bars)}</svg>'


def speed_table(levels: pd.DataFrame, dimension: str) -> str:
    """p10, median and p90 of the download; the picture spans p10 to p90 with the median as the dot."""
    columns = [Column("name", dimension.capitalize(), narrow="head"), Column("n", "Tests", "number"), Column("p10", "p10", "number"),
               Column("picture", "p10 – p90", "picture"), Column("median", "Median, 95 %", "number", narrow="main"), Column("p90", "p90", "number")]
    judged = levels[levels["state_code"] == "ok"]
    top = float(judged["p90"].max()) if len(judged) else 1.0
    rows = []
    for row in levels.itertuples():
        few = row.state_code != "ok"
        shown = {name: format_value(None if few else getattr(row, name), "Mbit/s", with_unit=False) for name in ("p10", "median", "p90")}
        interval = format_interval(None if few else row.median_low, row.median_high, "Mbit/s")
        label = f"median {shown['median']}, p10 {shown['p10']}, p90 {shown['p90']} Mbit/s"
        rows.append({"name": name_label(dimension, getattr(row, dimension)), "name_note": "too few tests" if few else "", "n": _count(row.n), **shown,
                     "median_note": interval, "_few": few,
                     "picture": interval_glyph(row.median, row.p10, row.p90, domain=(0.0, top), state="too_few" if few else "ok", label=label)})
    return table(columns, rows, caption=f"Download by {dimension}")

