"""What the app shows: the view, what is selected, which tab is open; every part as HTML. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.units import format_interval, format_value
from cemlib.usecases.mobile.view import MobileCard, MobileDetail, MobileView
from cemlib.usecases.mobile.wording import code_label
from cemwidgets.filters import Choice
from cemwidgets.mobile.region import region_map
from cemwidgets.mobile.tables import cells_table, complaints_table, levels_table, speed_table
from cemwidgets.panel.parts import actions, box, card, cards, esc, footer, notice, question

__all__ = ["FILTERS", "MobileState"]

FILTERS = ("operator", "technology", "place", "state", "period")
_TABS = {"operator": "operator", "technology": "technology", "place": "place", "state": "state"}
_FIRST_CELLS = 7
_FIRST_LEVELS = 8
_FIRST_DEPTH = 6


class MobileState:
    """The state of the app.

    Parameters
    ----------
    view : MobileView
    messages : sequence of str
        What in the page's address could not be used.
    """

    def __init__(self, view: MobileView, messages: Sequence[str] = ()) -> None:
        self.view, self.messages = view, list(messages)
        self.tab, self.speed_tab = "operator", "technology"
        self.all_cells = self.all_levels = self.all_speed = False
        self.chosen: dict[str, str] = {}
        self._detail: MobileDetail | None = None

    # --- what happens

    def show(self, view: MobileView) -> None:
        """Show another view; a selection that it does not have any more is given up."""
        self.view = view
        known = {name: {value for value, _ in view.choices[name]} for name in self.chosen}
        self._look({name: value for name, value in self.chosen.items() if value in known[name]})

    def select(self, **chosen: str) -> None:
        """Select a level or a cell; the same one again, or nothing, ends the selection."""
        given = {name: value for name, value in chosen.items() if name in _TABS and value}
        self._look({} if given == self.chosen else given)

    def _look(self, chosen: dict[str, str]) -> None:
        self.chosen = chosen
        self._detail = self.view.detail(**chosen) if chosen else None

    @property
    def detail(self) -> MobileDetail | None:
        """What lies behind the selection."""
        return self._detail

    # --- the parts of the page

    def head(self, live: bool = True) -> str:
        """The question and its answer."""
        sentences = list(self.view.answer)
        if sentences and "; " in sentences[0]:
            strong, rest = sentences[0].split("; ", 1)
            sentences[0] = f"**{strong}**; {rest}"
        notes = "".join(notice("Part of the address is not used.", one) for one in self.messages)
        notes += "".join(notice("Not all of the view is there.", one) for one in self.view.missing if one not in self.view.answer)
        return question(self.view.question, sentences) + notes

    def filters(self) -> list[Choice]:
        """The chips: every filter with what it can be set to."""
        return [Choice(name, name, (("all", "all"), *self.view.choices[name]), "all") for name in FILTERS]

    def tail(self, query: str) -> str:
        """The way out at the end of the chips."""
        return actions(share=query, more=[("export", "Export")])

    def cards(self, live: bool = True) -> str:
        """At most four figures."""
        return cards(_card(one, live) for one in self.view.cards)

    def map(self, live: bool = True) -> str:
        """Where the answers were given."""
        if self.view.states.empty:
            return box("By state", '<div class="cem-empty">No answer carries a place and a state.</div>')
        return box("Dissatisfied by state", region_map(self.view.states, self.view.squares, selected=self.chosen.get("state", "")),
                   note="share of answers rated 1 or 2, colour; dashed: too few")

    def cells(self, live: bool = True) -> str:
        """What is unhappy where, against what is to be expected."""
        cells = self.view.cells
        if cells.empty:
            return box("Unhappy where", '<div class="cem-empty">No answers.</div>')
        shown, foot = self._first(cells, "cells", _FIRST_CELLS if live else 2 * _FIRST_CELLS, live)
        return box("Unhappy where", cells_table(shown, self.chosen), note="largest certain excess first; grey: expected", foot=foot)

    def _first(self, rows: pd.DataFrame, name: str, count: int, live: bool) -> tuple[pd.DataFrame, str]:
        """The rows that are shown, and the way to the others."""
        if len(rows) <= count:
            return rows, ""
        opened = getattr(self, f"all_{name}")
        if not live:
            return (rows if opened else rows.head(count)), f"{count} of {format_value(len(rows), '1')}; all are in the CSV."
        words = "fewer" if opened else f"all {format_value(len(rows), '1')}"
        button = f'<button type="button" class="cem-link" data-event="more" data-of="{name}" data-key="more-{name}">{words}</button>'
        return (rows if opened else rows.head(count)), button

    def levels(self, live: bool = True) -> str:
        """The answers by one dimension; by all of them where nothing can be clicked."""
        if not self.view.segments:
            return box("Who is unhappy", '<div class="cem-empty">No answers.</div>')
        note = "grey: expected from the mix of answers; own: what the mix does not explain"
        if not live:
            parts = [f"<h3>By {name}</h3>{levels_table(frame.head(_FIRST_LEVELS), name, '', event='')}" for name, frame in self.view.segments.items()]
            return box("Who is unhappy", "".join(parts), note=note)
        shown, foot = self._first(self.view.segments[self.tab], "levels", _FIRST_LEVELS, live)
        body = _tabs("tab", _TABS, self.tab) + levels_table(shown, self.tab, self.chosen.get(self.tab, ""))
        return box("Who is unhappy", body, note=note, foot=foot, key="levels")

    def complaints(self, live: bool = True) -> str:
        """With what: the categories and the ratings given with them."""
        if self.view.complaints.empty:
            return box("With what", '<div class="cem-empty">No answers.</div>')
        return box("With what", complaints_table(self.view.complaints), note="what the customer named, and the ratings given with it")

    def speed(self, live: bool = True) -> str:
        """The speed tests."""
        if not self.view.speed:
            return box("Speed tests", '<div class="cem-empty">No speed tests.</div>')
        note = "download in Mbit/s: slowest tenth, median, fastest tenth"
        if not live:
            parts = [f"<h3>By {name}</h3>{speed_table(frame.head(_FIRST_LEVELS), name)}" for name, frame in self.view.speed.items()]
            return box("What the network gave", "".join(parts), note=note)
        shown, foot = self._first(self.view.speed[self.speed_tab], "speed", _FIRST_LEVELS, live)
        tabs = {name: name for name in ("technology", "operator", "state")}
        return box("What the network gave", _tabs("speed_tab", tabs, self.speed_tab) + speed_table(shown, self.speed_tab), note=note, foot=foot, key="speed")

    def depth(self, live: bool = True) -> str:
        """What lies behind the selection; empty without one."""
        one = self._detail
        if one is None:
            return ""
        if not one.total:
            return box(one.title, '<div class="cem-empty">No answer fits the selection.</div>', key="depth")
        total = pd.Series(one.total)
        words = (f"{format_value(total['bad'], '1')} of {format_value(total['n'], '1')} answers are dissatisfied: {format_value(total['bad_ratio'], 'ratio')} "
                 f"(95 % {format_interval(total['bad_low'], total['bad_high'], 'ratio')}) where {format_value(total['expected_ratio'], 'ratio')} is expected "
                 f"of its operators, technologies and places. Mean rating {format_value(total['score_mean'], 'score')}.")
        if total["state_code"] != "ok":
            words = f"{format_value(total['n'], '1')} answers, {code_label(total['state_code'])}."
        alike = ", the rest alike" if len(self.chosen) == len(_TABS) else ""
        parts = []
        for name, frame in one.levels.items():
            shown = frame[(frame.index < _FIRST_DEPTH) | (frame[name] == self.chosen.get(name, ""))]
            rows = levels_table(shown, name, self.chosen.get(name, ""), "select" if live else "", self.chosen)
            parts.append(f"<h3>By {name}{alike}</h3>{rows}")
        left = f"<p>{esc(words)}</p>{complaints_table(one.complaints)}" + (f"<h3>Speed tests</h3>{speed_table(one.speed, 'technology')}" if len(one.speed) else "")
        in_left = 1 if len(parts) > 2 else 0
        left, right = left + "".join(parts[:in_left]), "".join(parts[in_left:])
        foot = "" if not live else ('<button type="button" class="cem-link" data-event="records" data-key="records-all">'
                f"{format_value(total['n'], '1')} records</button> · "
                '<button type="button" class="cem-link" data-event="select" data-key="close">close</button>')
        return box(one.title, f'<div class="cem-columns"><div>{left}</div><div>{right}</div></div>', foot=foot, key="depth")

    def foot(self, live: bool = True) -> str:
        """What could not be judged, and the evidence line."""
        notes = "".join(f"<p>{esc(one)}</p>" for one in self.view.cautions)
        head = box("What this cannot tell", f'<div class="cem-note">{notes}</div>') if notes else ""
        return head + f'<div style="height:16px"></div>{footer(self.view.footer)}'


def _tabs(event: str, names: Mapping[str, str], current: str) -> str:
    buttons = "".join(
        f'<button type="button" class="cem-chip{" is-set" if name == current else ""}" data-event="{event}" data-to="{esc(name)}" '
        f'data-key="{event}-{esc(name)}" aria-pressed="{str(name == current).lower()}">{esc(label)}</button>' for name, label in names.items())
    return f'<div class="cem-chips cem-no-print" style="margin-bottom:12px" role="group" aria-label="by">{buttons}</div>'


def _card(one: MobileCard, live: bool) -> str:
    text = format_value(one.value, one.unit, with_unit=False)
    unit = "%" if one.unit == "ratio" else "Mbit/s" if one.unit == "Mbit/s" else ""
    interval = format_interval(one.low, one.high, one.unit)
    return card(one.title, text, unit=unit, note=one.note, interval=f"95 % {interval}", compare=one.compare, verdict=one.verdict,
                name=one.name, exact=one.value, event={"event": "records", "kpi": one.kpi} if live else None)

