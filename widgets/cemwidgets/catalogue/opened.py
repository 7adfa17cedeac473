"""One definition as HTML: figure, meaning, formula, worked example, lineage, SQL, and what is declared."""

from __future__ import annotations

from cemlib.kpi.describe import Description
from cemlib.kpi.lineage import ColumnLineage
from cemlib.units import MISSING, scale_value, shown_unit
from cemlib.usecases.catalogue.view import OpenedKpi
from cemlib.usecases.catalogue.wording import EXACT, STANDINGS, figure_words
from cemwidgets.panel.parts import Column, box, esc, number, table
from cemwidgets.trend import sparkline

__all__ = ["opened_html"]

_TRUTH = {True: "yes", False: "no", None: MISSING}
_TAGS = ("Level", "Unit", "Direction")
#: sources that are named before the others are only counted
_MOST_SOURCES = 4
_SQL = {"sums": "what is added up, cell by cell", "ranks": "the values near the ranks that matter"}


def opened_html(one: OpenedKpi, live: bool = True) -> str:
    """The box of a definition; without ``live`` everything is unfolded and nothing can be clicked."""
    told = one.told
    meaning = "".join(f"<p>{esc(text)}</p>" for text in told.meaning.split("\n\n"))
    parts = [_tags(one), _now(one, live), meaning, f'<h3>Formula</h3><p class="cem-formula">{esc(told.formula)}</p>', _example(told), _lineage(one),
             _sql(told, live), _facts(one)]
    return box(told.title, "".join(parts), note=told.code, key=f"opened-{told.code}")


def _tags(one: OpenedKpi) -> str:
    tags = "".join(f'<span class="cem-tag">{esc(one.facts[name])}</span>' for name in _TAGS)
    tone = " is-watch" if one.standing == "unverified" else ""
    return f'<div class="cem-tags">{tags}<span class="cem-tag{tone}">{esc(STANDINGS[one.standing])}</span></div>'


def _now(one: OpenedKpi, live: bool) -> str:
    """The figure of now with interval and number of observations, and its course by day."""
    row, unit = one.figure, shown_unit(one.told.unit)
    text, note = figure_words(row, one.told.unit)
    is_ok, is_seen = row["state"] == "ok", row["state"] in ("ok", "too_few")
    value = text.removesuffix(f" {unit}") if is_ok and unit else text
    words = [f"95 % {note}" if is_ok and note != EXACT else note, row["message"], f"{number(int(row['den']))} observations" if is_seen else ""]
    button = ' · <button type="button" class="cem-link" data-event="records" data-key="records">records</button>' if live and is_seen else ""
    spark, small = _spark(one), f"<small>{esc(unit)}</small>" if is_ok and unit else ""
    return (f'<div class="cem-now{"" if is_ok else " is-few"}"><div><span class="cem-card-value">{esc(value)}{small}</span>'
            f'<span class="cem-card-note">{esc(" · ".join(one for one in words if one))}{button}</span></div>'
            f"{f'<div>{spark}<small>by day</small></div>' if spark else ''}</div>")


def _spark(one: OpenedKpi) -> str:
    unit = one.told.unit
    days = [scale_value(value, unit) if state == "ok" else None for value, state in zip(one.course["value"], one.course["state"], strict=True)]
    there = [value for value in days if value is not None]
    words = f"by day: {len(there)} days from {min(there):,.4g} to {max(there):,.4g} {shown_unit(unit)}".strip() if there else ""
    return sparkline(days, words)


def _example(told: Description) -> str:
    """The records of the worked example, one a row, and what comes out."""
    given = told.example.records
    columns = [Column(name, name) for name in given]
    rows = [{name: _cell(values[place]) for name, values in given.items()} for place in range(len(next(iter(given.values()), [])))]
    return (f'<h3>Worked example</h3><div class="cem-scroll" tabindex="0" role="region" aria-label="Records of the worked example">'
            f'{table(columns, rows, caption="Records of the worked example", plain=True)}</div><p class="cem-formula">{esc(told.example.text)}</p>')


def _cell(value: object) -> str:
    if value is None or isinstance(value, bool):
        return _TRUTH[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _lineage(one: OpenedKpi) -> str:
    """From the sources over the stored tables and the columns to the figure."""
    lineage = one.told.lineage
    feeds = [_step(row.source_code, row.title, f"{number(row.records)} records" if row.records else "not in this lake") for row in one.feeds.itertuples()]
    columns = [_step(column.name, column.meaning, _made_from(column)) for column in lineage.columns] or ["<li>counts records, reads no column</li>"]
    steps = [("Sources", _fold(feeds)), ("Stored tables", "".join(_step(name) for name in lineage.facts))]
    if lineage.table not in lineage.facts:
        steps.append(("Derived table", _step(lineage.table, one.told.grain)))
    steps.append(("Columns read", "".join(columns)))
    items = "".join(f"<li><h4>{name}</h4><ul>{inner}</ul></li>" for name, inner in steps)
    return f'<h3>Where it comes from</h3><ol class="cem-flow">{items}</ol>'


def _fold(items: list[str]) -> str:
    left = len(items) - _MOST_SOURCES
    return "".join(items if left <= 1 else [*items[:_MOST_SOURCES], f"<li>and {left} more</li>"])


def _made_from(column: ColumnLineage) -> str:
    if not column.is_derived:
        return column.unit
    made = ", ".join(column.read_from)
    return f"made from {made}" + (f", with {', '.join(column.joined)}" if column.joined else "") if made else "made when it is read"


def _step(name: str, *notes: str) -> str:
    return f"<li><code>{esc(name)}</code>{''.join(f'<small>{esc(note)}</small>' for note in notes if note)}</li>"


def _sql(told: Description, live: bool) -> str:
    shown = "".join(f'<h4>{esc(_SQL.get(name, name))}</h4><pre class="cem-code" tabindex="0" role="region" aria-label="SQL: {esc(_SQL.get(name, name))}">{esc(text)}</pre>'
                    for name, text in told.sql.items())
    save = '<button type="button" class="cem-link" data-event="sql" data-key="save-sql">Save as a file</button>' if live else ""
    opened = "" if live else " open"
    return f'<details class="cem-details"{opened} data-key="sql-{esc(told.code)}"><summary>The SQL that runs</summary>{shown}{save}</details>'


def _facts(one: OpenedKpi) -> str:
    shown = {name: text for name, text in one.facts.items() if name not in _TAGS}
    return f'<h3>Declared</h3><dl class="cem-facts">{"".join(f"<dt>{esc(name)}</dt><dd>{esc(text)}</dd>" for name, text in shown.items())}</dl>'
