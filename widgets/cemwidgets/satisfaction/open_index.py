"""The open index as what it is: its weights, its curves drawn, its constants in words, and the file itself."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import yaml

from cemlib.experience import Curve, SatisfactionIndex, curve
from cemlib.kpi import find_kpi
from cemlib.units import format_value
from cemlib.usecases.satisfaction.wording import service_label, weight_label
from cemwidgets.panel.parts import Column, box, esc, table
from cemwidgets.satisfaction.drawing import curve_picture
from cemwidgets.trend import meter

__all__ = ["index_text", "open_index"]

_POINTS = 40


def open_index(index: SatisfactionIndex, live: bool = True) -> str:
    """The box of the index; without ``live`` its file is unfolded."""
    note = f"{index.name} {index.version}"
    why = f"<p>{esc(index.title)}: {esc(index.why)}.</p>"
    fitted = "" if index.calibrated is None else f"<p>{esc(_calibrated_words(index))}</p>"
    left = f"{why}{fitted}<h3>Weights</h3>{_weights(index)}<h3>Constants</h3>{_constants(index)}"
    right = f"<h3>Curves</h3><p class=cem-note>From what was measured to a score of 0 … 100. Dot: what is usual; dashed: good and poor.</p>{_curves(index)}"
    opened = "" if live else " open"
    save = '<button type="button" class="cem-link" data-event="save_index" data-key="save-index">Save as a file</button>' if live else ""
    text = (f'<details class="cem-details"{opened} data-key="index-file"><summary>The file</summary>'
            f'<pre class="cem-code" tabindex="0" role="region" aria-label="Index file">{esc(index_text(index))}</pre>{save}</details>')
    return box("The open index", f'<div class="cem-columns"><div>{left}</div><div>{right}</div></div>{text}', note=note, key="open-index")


def index_text(index: SatisfactionIndex) -> str:
    """The file of an index, its comments included; of one that was edited here, what would be written."""
    if index.file:
        return Path(index.file).read_text(encoding="utf-8")
    return yaml.safe_dump(index.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True, width=160)


def _calibrated_words(index: SatisfactionIndex) -> str:
    one = index.calibrated
    return (f"Weights fitted from version {one.from_version} to {one.answers:,} answers to {one.question} in {one.folds} folds: "
            f"rank correlation {one.correlation:.2f}, before {one.correlation_before:.2f}.")


def _weights(index: SatisfactionIndex) -> str:
    """Facets, services, and the KPIs within each service."""
    columns = [Column("name", "Part", narrow="head"), Column("picture", "Share", "picture"), Column("weight", "%", "number", narrow="main")]
    rows = [{"_group": "how it is felt"}, *(_weight_row(weight_label(name), weight) for name, weight in index.weights.model_dump().items()),
            {"_group": "what it is about"}]
    for name, service in index.services.items():
        rows.append(_weight_row(weight_label(name), service.weight))
        rows += [_weight_row(f"· {find_kpi(code).title}", one.weight, f"of {service_label(name)}") for code, one in service.kpis.items()]
    return table(columns, rows, caption="Weights of the index")


def _weight_row(name: str, weight: float, note: str = "") -> dict:
    text = f"{100 * weight:.1f}".removesuffix(".0")
    return {"name": name, "name_note": note, "picture": meter(weight, tone="context" if note else "better", label=f"{text} %"), "weight": text}


def _curves(index: SatisfactionIndex) -> str:
    pictures = []
    for code, one in index.kpis().items():
        unit, drawn = find_kpi(code).unit, index.own_curves.get(one.curve) or curve(one.curve)
        points, usual = _points(drawn), format_value(one.usual, unit)
        words = f"{find_kpi(code).title}: usual {usual}, good {format_value(drawn.good, unit)}, poor {format_value(drawn.poor, unit)}"
        ends = f"<small><span>{esc(format_value(points[0][0], unit))}</span><span>{esc(format_value(points[-1][0], unit))}</span></small>"
        pictures.append(f'<li><h4>{esc(find_kpi(code).title)}</h4>{curve_picture(points, label=words, marks=(drawn.good, drawn.poor), usual=one.usual)}{ends}</li>')
    for name, points in (("points against expectation", index.expectation.points), ("bill against the usual one", index.price.points)):
        ends = f"<small><span>{points[0][0]:g}</span><span>{points[-1][0]:g}</span></small>"
        pictures.append(f"<li><h4>{esc(name.capitalize())}</h4>{curve_picture(points, label=f'Score by {name}')}{ends}</li>")
    return f'<ul class="cem-curves">{"".join(pictures)}</ul>'


def _points(drawn: Curve) -> list[tuple[float, float]]:
    """The curve as points from its smallest value that matters to the largest one."""
    if drawn.shape == "linear":
        return list(drawn.numbers)
    if drawn.shape == "log":
        low, high = sorted(drawn.numbers)
        at = np.geomspace(low, high, _POINTS)
    else:
        middle, width = drawn.numbers
        low, high = (max(middle - 4 * width, drawn.possible[0]), min(middle + 4 * width, drawn.possible[1]))
        at = np.linspace(low, high, _POINTS)
    scale = 100 if drawn.scale == "score" else math.nan
    scores = [float(one) for one in drawn(at).to_list()]
    return [(float(value), score if scale == 100 else 25 * (score - 1)) for value, score in zip(at, scores, strict=True)]


def _constants(index: SatisfactionIndex) -> str:
    memory, expected, evidence = index.memory, index.expectation, index.evidence
    named = {name: points for name, points in expected.by_segment.items() if name != "default"}
    facts = {
        "Thresholds": f"content from {index.thresholds.content:g} on, unhappy below {index.thresholds.unhappy:g}",
        "Expectation": f"follows what is had: half of a change is what one is used to after {expected.half_life_days:g} days of use"
                       + (f"; at first {', '.join(f'{name} {points:+g}' for name, points in named.items())} points" if named else ""),
        "Memory": f"half of a bad day is forgotten after {memory.half_life_bad_days:g} days, half of a good one after {memory.half_life_good_days:g}; "
                  f"{100 * memory.peak:g} % is the most extreme day, {100 * memory.end:g} % the last {memory.end_days} days",
        "Price": f"against the bills of {index.price.reach_days} days before",
        "Evidence": f"a KPI says nothing with fewer than {evidence.records} records; {evidence.prior_records:g} usual ones are added; a score needs {100 * evidence.least_weight:g} % of the weight",
        "Missing service": "leaves its weight to the others" if index.missing_services == "renormalise" else "no score",
    }
    return f'<dl class="cem-facts">{"".join(f"<dt>{esc(name)}</dt><dd>{esc(text)}</dd>" for name, text in facts.items())}</dl>'
