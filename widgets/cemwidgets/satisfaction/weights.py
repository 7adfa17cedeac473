"""The sliders of the weights, and what they do to the scores."""

from __future__ import annotations

from cemlib.units import format_value
from cemlib.usecases.satisfaction.indexes import slider_weights
from cemlib.usecases.satisfaction.view import SatisfactionView
from cemlib.usecases.satisfaction.wording import points_text, score_text, weight_label
from cemwidgets.panel.parts import Column, box, esc, number, table

__all__ = ["MOST", "effect_html", "sliders_box"]

#: A weight of all would leave nothing to the others, and they could not be raised again.
MOST = 95
_KINDS = {"facet": "How it is felt", "service": "What it is about"}


def sliders_box(view: SatisfactionView, live: bool) -> str:
    """A slider for each weight that a reader can move; without ``live`` the weights as a table."""
    before, now = slider_weights(view.index), slider_weights(view.compared or view.index)
    if not live:
        columns = [Column("name", "Weight", narrow="head"), Column("before", "Index, %", "number"), Column("after", "Compared, %", "number", narrow="main")]
        rows = [{"name": weight_label(name), "before": _percent(before[kind].get(name, 0.0)), "after": _percent(weight)} for kind, room in now.items() for name, weight in room.items()]
        return box("Weights", table(columns, rows, caption="Weights"), note="of the index, and of the one that is compared")
    parts = [f"<h3>{_KINDS[kind]}</h3>{''.join(_slider(name, weight, before[kind].get(name, 0.0)) for name, weight in room.items())}"
             for kind, room in now.items() if len(room) > 1]
    is_moved = bool(view.chosen["weights"])
    buttons = ('<button type="button" class="cem-link" data-event="reset_weights" data-key="reset-weights">Back to the index</button> · '
               '<button type="button" class="cem-link" data-event="save_edited" data-key="save-edited">Save as an index file</button>') if is_moved else ""
    return box("Move the weights", "".join(parts), note="the others of a kind keep their proportions", foot=buttons, key="sliders")


def _percent(weight: float) -> str:
    return f"{100 * weight:.1f}".removesuffix(".0")


def _slider(name: str, weight: float, before: float) -> str:
    percent, label = round(100 * weight), weight_label(name)
    was = "" if abs(weight - before) < 5e-4 else f"<small>was {_percent(before)} %</small>"
    return (f'<label class="cem-slider" data-key="slider-{esc(name)}"><span>{esc(label)} {was}</span>'
            f'<input type="range" id="weight-{esc(name)}" min="0" max="{MOST}" step="1" value="{percent}" data-event="weight" data-name="{esc(name)}" data-unit=" %" data-live="" '
            f'data-key="weight-{esc(name)}" aria-label="Weight: {esc(label)}" aria-valuetext="{percent} %"><output for="weight-{esc(name)}">{percent} %</output></label>')


def effect_html(view: SatisfactionView) -> str:
    """What the other index does: mean and shares before and after."""
    summary = view.moves.summary
    after = view.bands_after.set_index("band")["share_ratio"]
    before = view.bands.set_index("band")["share_ratio"]
    columns = [Column("name", "Figure", narrow="head"), Column("before", "Before", "number"), Column("after", "After", "number", narrow="main")]
    rows = [{"name": "Mean index", "before": score_text(view.mean["value"]), "after": score_text(view.mean_after["value"]),
             "after_note": f"{score_text(view.mean_after['low'])} – {score_text(view.mean_after['high'])}", "before_note": f"{score_text(view.mean['low'])} – {score_text(view.mean['high'])}"},
            *({"name": band.capitalize(), "before": format_value(before[band], "ratio"), "after": format_value(after[band], "ratio")} for band in ("content", "unhappy")),
            {"name": "Customers with a score", "before": number(view.mean["n"]), "after": number(view.mean_after["n"])}]
    told = {name: "few" if summary[name] is None else number(summary[name]) for name in ("compared", "up", "down", "bands_changed")}
    words = (f"Of {told['compared']} customers with a score in both, {told['up']} gain and {told['down']} lose a point or more; "
             f"{told['bands_changed']} change their band; {points_text(summary['mean_change'])} points on average.")
    return f"<p>{esc(words)}</p>{table(columns, rows, caption='Before and after', plain=True)}"
