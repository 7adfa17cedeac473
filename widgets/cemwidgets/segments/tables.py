"""The tables of the app: rows in, HTML out; every figure with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.privacy import SUPPRESSED
from cemlib.units import MISSING
from cemlib.usecases.segments.outcomes import Outcome
from cemlib.usecases.segments.wording import measured_text
from cemwidgets.panel.parts import Column, esc, figure, number, percent, table

__all__ = ["compare_table", "moves_table", "profile_table", "rules_table", "segments_table", "sets_table"]

# why is told in the footer; here it would not fit on a narrow screen
_HIDDEN = "hidden"


def segments_table(segments: pd.DataFrame, outcomes: Sequence[Outcome], selected: str, live: bool, rules: Mapping[str, str] | None = None, empty: Mapping[str, str] | None = None) -> str:
    """Each segment with its size and how it fares; of named sets with their rules, and why nobody is in one that is ``empty``."""
    columns = [Column("name", "Segment" if rules is None else "Set", narrow="head"), Column("n", "Customers", "figure", narrow="main"),
               *(Column(one.name, titled(one.title, one.unit), "figure") for one in outcomes)]
    rows = []
    for place, row in enumerate(segments.itertuples(), 1):
        cells = {"name": row.segment, "name_note": (rules or {}).get(row.segment, ""), "segment": row.segment, "_few": row.is_suppressed}
        if row.is_suppressed:
            rows.append(cells | {"n": MISSING, "n_note": _HIDDEN} | {one.name: MISSING for one in outcomes})
            continue
        if row.segment in (empty or {}):
            # nothing can be opened of nobody
            rows.append(cells | {"segment": "", "_few": True, "n": figure(f"segment_{place}_customers", 0.0, "0"), "n_note": empty[row.segment]} | {one.name: MISSING for one in outcomes})
            continue
        cells |= {"n": figure(f"segment_{place}_customers", float(row.subscribers), number(int(row.subscribers))), "n_note": f"{percent(row.share_ratio)} %"}
        for name, digits in ((one.name, one.digits) for one in outcomes):
            value, low, high, state = (segments.at[row.Index, f"{name}{end}"] for end in ("", "_low", "_high", "_state"))
            if state == "no_data":
                cells |= {name: MISSING, f"{name}_note": "no data"}
            elif state == SUPPRESSED:
                cells |= {name: MISSING, f"{name}_note": _HIDDEN}
            elif state == "too_few":
                cells |= {name: MISSING, f"{name}_note": f"too few: {number(int(segments.at[row.Index, f'{name}_n']))}"}
            else:
                # the first outcome is published by its segment
                text = number(value, digits)
                cells |= {name: figure(f"segment_{place}_{name}", float(value), text) if name == outcomes[0].name else esc(text), f"{name}_note": f"{number(low, digits)} – {number(high, digits)}"}
        rows.append(cells)
    return table(columns, rows, caption="Segments and how they fare", event="segment" if live else "", key="segment", selected=selected)


def titled(title: str, unit: str) -> str:
    """A title with its unit.

    Examples
    --------
    >>> titled("Index", "of 100"), titled("Android API level", "")
    ('Index, of 100', 'Android API level')
    """
    return f"{title}, {unit}" if unit else title


def profile_table(profiles: pd.DataFrame, order: list[str]) -> str:
    """The median of each feature in each segment, shaded by how far it lies from all customers'; of hidden ones none."""
    columns = [Column("name", "Feature", narrow="head"), *(Column(f"s{place}", name, "figure") for place, name in enumerate(order))]
    rows, last = [], ""
    for feature, values in profiles.groupby("feature", sort=False):
        first = values.iloc[0]
        if first["block"] != last:
            rows.append({"_group": first["block"]})
            last = first["block"]
        by = values.set_index("segment")
        rows.append({"name": feature, "name_note": titled(first["title"], first["unit"]),
                     **{f"s{place}": _shaded(*by.loc[name, ["value", "low", "high", "strength"]], _HIDDEN if by.at[name, "is_suppressed"] else "no data") for place, name in enumerate(order) if name in by.index}})
    made = table(columns, rows, caption="Profiles: medians by segment", plain=_is_short(order))
    return f'<div class="cem-wide">{made}</div>' if len(order) > 4 else made


def _is_short(names: list[str]) -> bool:
    """Whether a table with a column for each of these names fits on a narrow screen."""
    return len(names) <= 3 and sum(len(one) for one in names) <= 30


def _shaded(value: float, low: float, high: float, strength: float, otherwise: str) -> str:
    if pd.isna(value):
        return f"{MISSING} <small>{otherwise}</small>"
    arrow = "▲" if strength >= 0.5 else "▼" if strength <= -0.5 else ""
    word = "above" if strength > 0 else "below"
    tint = min(abs(strength) / 3, 1) * 45 if arrow else 0
    label = f"{_signed(value)}, {abs(strength):.1f} standard deviations {word} all customers"
    # the arrow stands before the number, whose end is flush with that of its interval
    return (f'<span class="cem-shade" style="--cem-tint:{tint:.0f}%" title="{esc(label)}">{f"<span aria-hidden=true>{arrow} </span>" if arrow else ""}'
            f'{esc(_signed(value))}</span><small>{esc(_between(low, high))}</small>')


def rules_table(rules: pd.DataFrame) -> str:
    """The rules in plain words."""
    columns = [Column("name", "If", narrow="head"), Column("segment", "then mostly"), Column("precision", "right, %", "number", narrow="main"), Column("coverage", "of the segment, %", "number")]
    rows = [{"name": row.rule, "segment": row.segment, **({"precision": MISSING, "precision_note": _HIDDEN, "coverage": MISSING} if row.is_suppressed else
                                                          {"precision": percent(row.precision, 0), "precision_note": _of(row), "coverage": percent(row.coverage, 0), "coverage_note": _bounds(row.coverage_low, row.coverage_high)})}
            for row in rules.sort_values("coverage", ascending=False).itertuples()]
    return table(columns, rows, caption="Rules that give the segments")


def _of(row) -> str:
    between = _bounds(row.precision_low, row.precision_high)
    return f"{between}{', ' if between else ''}of {number(int(row.n))}"


def _bounds(low: float, high: float) -> str:
    return "" if pd.isna(low) else f"{percent(low, 0)} – {percent(high, 0)}"


def sets_table(rules: pd.DataFrame) -> str:
    """The rules of named sets, in their order, with how many meet an earlier one too."""
    columns = [Column("name", "Set", narrow="head"), Column("rule", "Rule"), Column("n", "Customers", "number", narrow="main"), Column("elsewhere", "earlier set too", "number"),
               Column("unknown", "not known", "number")]
    rows = [{"name": row.segment, "rule": row.rule, **{name: _counted(getattr(row, name)) for name in ("n", "elsewhere", "unknown")}} for row in rules.itertuples()]
    return table(columns, rows, caption="Named sets and their rules")


def _counted(value: object) -> str:
    return "hidden" if pd.isna(value) else number(int(value))


def moves_table(migration: pd.DataFrame) -> str:
    """From which segment to which."""
    names = list(dict.fromkeys(migration["before"]))
    by = migration.set_index(["before", "after"])
    rows = []
    for before in names:
        cells = {}
        for place, after in enumerate(names):
            row = by.loc[(before, after)]
            cells |= {f"a{place}": "hidden"} if row["is_suppressed"] else {f"a{place}": number(int(row["customers"])), f"a{place}_note": f"{percent(row['share_ratio'], 0)} %"}
        rows.append({"name": before, **cells})
    return table([Column("name", "Before ↓ now →", narrow="head"), *(Column(f"a{place}", name, "number") for place, name in enumerate(names))], rows,
                 caption="Customers by segment before and now", plain=_is_short(names))


def compare_table(compared: pd.DataFrame, one: str, other: str) -> str:
    """Two segments side by side; bold where they are apart."""
    columns = [Column("name", "What", narrow="head"), Column("one", one, "html"), Column("other", other, "html")]
    rows = []
    for row in compared.itertuples():
        rows.append({"name": row.title, "name_note": row.unit, "one": _side(row.one, row.one_interval, row.is_apart), "other": _side(row.other, row.other_interval, row.is_apart)})
    return table(columns, rows, caption=f"{one} beside {other}", plain=True)


def _side(value: float, interval: tuple[float, float], is_apart: bool) -> str:
    if pd.isna(value):
        return f"{MISSING} <small>too few</small>"
    text = esc(_signed(value))
    return f"{f'<strong>{text}</strong>' if is_apart else text} <small>{esc(_between(*interval))}</small>"


def _between(low: float, high: float) -> str:
    return "too few for an interval" if pd.isna(low) or pd.isna(high) else f"{_signed(low)} – {_signed(high)}"


def _signed(value: float) -> str:
    return measured_text(value) if value >= 0 else f"−{measured_text(-value)}"
