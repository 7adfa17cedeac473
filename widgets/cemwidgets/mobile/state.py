"""What the app shows: the view, what is selected, which tab is open; every part as HTML. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.units import format_interval, format_value
from cemlib.usecases.mobile.view import MobileDetail, MobileView
from cemlib.usecases.mobile.wording import code_label
from cemwidgets.filters import Choice
from cemwidgets.mobile.region import region_map
from cemwidgets.mobile.tables import cells_table, complaints_table, levels_table, speed_table
from cemwidgets.page.state import UseCaseState, card_html
from cemwidgets.panel.parts import box, cards, esc

__all__ = ["MobileState"]

_TABS = {"operator": "operator", "technology": "technology", "place": "place", "state": "state"}
_FIRST_CELLS = 7
_FIRST_LEVELS = 8
_FIRST_DEPTH = 6


class MobileState(UseCaseState):
    """The state of the app: which levels are open and what is selected."""

    names = ("operator", "technology", "place", "state", "period")

    def __init__(self, view: MobileView, messages: Sequence[str] = ()) -> None:
        self.chosen: dict[str, str] = {}
        super().__init__(view, messages)
        self.tab, self.speed_tab = "operator", "technology"
        self.all_cells = self.all_levels = self.all_speed = False

    # --- what happens

    def show(self, view: MobileView) -> None:
        """Show another view; a selection that it does not have any more is given up."""
        super().show(view)
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

    def sentences(self) -> list[str]:
        """The answer; what stands before a semicolon of its first sentence is strong."""
        first, *rest = self.view.answer or [""]
        strong, mark, more = first.partition("; ")
        return [f"**{strong}**; {more}", *rest] if mark else list(self.view.answer)

    def filters(self) -> list[Choice]:
        """The chips: every filter with what it can be set to."""
        return [Choice(name, name, (("all", "all"), *self.view.choices[name]), "all") for name in self.names]

    def cards(self, live: bool = True) -> str:
        """At most four figures."""
        return cards(card_html(one, {"event": "records", "kpi": one.kpi} if live else None) for one in self.view.cards)

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


def _tabs(event: str, names: Mapping[str, str], current: str) -> str:
    buttons = "".join(
        f'<button type="button" class="cem-chip{" is-set" if name == current else ""}" data-event="{event}" data-to="{esc(name)}" '
        f'data-key="{event}-{esc(name)}" aria-pressed="{str(name == current).lower()}">{esc(label)}</button>' for name, label in names.items())
    return f'<div class="cem-chips cem-no-print" style="margin-bottom:12px" role="group" aria-label="by">{buttons}</div>'

