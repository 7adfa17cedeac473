"""What the app shows: the view, and every part of it as HTML. Plain Python."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from cemlib.errors import ParameterError
from cemlib.usecases.whatif.changes import neutral
from cemlib.usecases.whatif.driver_wording import describe_weighing
from cemlib.usecases.whatif.figures import plain, signed, span
from cemlib.usecases.whatif.no_study import NoStudyView
from cemlib.usecases.whatif.reader import LAKE
from cemlib.usecases.whatif.view import ALL, SatisfactionView
from cemwidgets.filters import Choice
from cemwidgets.page.state import UseCaseState
from cemwidgets.panel.parts import box, card, cards, esc, notice, number, percent
from cemwidgets.whatif.drawing import bands_svg, graph_svg
from cemwidgets.whatif.gains_map import gains_svg
from cemwidgets.whatif.refused import example_box, refused_table
from cemwidgets.whatif.tables import (
    budgets_table,
    compared_table,
    corners_table,
    drivers_table,
    first_table,
    importance_table,
    levels_table,
    scenarios_table,
    shapes_table,
)

__all__ = ["WhatIfState"]

_MUCH_OUTSIDE = 0.05
_CHIPS = {"study": ("ratings", LAKE), "who": ("who", ALL)}


def _of_a_study(part: Callable[[WhatIfState, bool], str]) -> Callable[[WhatIfState, bool], str]:
    """A part that is not there where no study can be opened."""

    @functools.wraps(part)
    def drawn(self: WhatIfState, live: bool = True) -> str:
        return part(self, live) if self.is_open else ""

    return drawn


class WhatIfState(UseCaseState):
    """The state of the app."""

    view: SatisfactionView | NoStudyView
    names = tuple(_CHIPS)

    @property
    def is_open(self) -> bool:
        """Whether there is a study; otherwise the page says why there is none."""
        return isinstance(self.view, SatisfactionView)

    @property
    def ways(self) -> Sequence[tuple[str, str]]:
        """Ways out at the end of the chips."""
        return (("keep", "Keep scenario"), ("export", "Export")) if self.is_open else ()

    # --- what happens

    def move(self, name: str, value: str) -> None:
        """Move a lever.

        Raises
        ------
        ParameterError
            The position is no number.
        """
        try:
            position = float(value)
        except ValueError:
            raise ParameterError("The lever's position is no number.", came=value[:40]) from None
        values = {**self.view.scenario.values, name: position}
        if name in self.view.levers and position == neutral(self.view.levers[name]):
            values.pop(name)
        self.show(self.view.show(self.view.scenario.who, values))

    def reset(self) -> None:
        """All levers back."""
        self.show(self.view.show(self.view.scenario.who, {}))

    def load(self, number_: int) -> None:
        """Show a kept scenario."""
        kept = self.view.saved[number_]
        self.show(self.view.show(kept.who, kept.values))

    # --- the chips

    def filters(self) -> list[Choice]:
        """Study and who; one that the address asked for is there too, however few they are."""
        return [Choice(name, label, tuple(_with(self.view.choices[name], self.view.chosen[name])), default) for name, (label, default) in _CHIPS.items()]

    def address(self, query: str) -> str:
        """The chips, the levers, the kept scenarios and the driver that is marked."""
        more = urlencode({name: self.view.chosen[name] for name in ("changes", "saved", "driver") if self.view.chosen[name]})
        return "&".join(one for one in (query, more) if one)

    # --- the parts of the page

    def head(self, live: bool = True) -> str:
        """The question and its answer."""
        return super().head(live) + "".join(notice("This cannot be told.", one) for one in self.view.messages)

    def studies(self, live: bool = True) -> str:
        """Which studies there are and why none can be opened; nothing where one is."""
        if self.is_open:
            return ""
        return f'{box("Why not", refused_table(self.view.refused), note="the one that was asked for first")}<div style="height:16px"></div>{example_box(self.view.example)}'

    @_of_a_study
    def levers(self, live: bool = True) -> str:
        """The levers."""
        rows = []
        for name, lever in self.view.levers.items():
            value = self.view.scenario.values.get(name, neutral(lever))
            told = f"{lever.lever.replace('_', ' ')} {value:g} {lever.unit}" if lever.lever in ("at_least", "at_most") else f"{signed(value, 0 if float(value).is_integer() else 2)} {'%' if lever.lever == 'percent' else lever.unit}"
            told = "as it is" if value == neutral(lever) else told.strip()
            if not live:
                rows.append(f"<p>{esc(lever.label)}: <strong>{esc(told)}</strong></p>")
                continue
            # a position of the address past the slider's end still stands on it
            low, high = min(lever.low, value), max(lever.high, value)
            observed = self.view.model.X_[name]
            rows.append(f'<label class="cem-lever" data-key="box-{esc(name)}"><span>{esc(lever.label)}</span><output>{esc(told)}</output>'
                        f'<input type="range" min="{low:g}" max="{high:g}" step="{lever.step:g}" value="{value:g}" data-event="lever" data-live="1" data-name="{esc(name)}" '
                        f'data-key="lever-{esc(name)}" aria-valuetext="{esc(told)}"><small>observed {plain(observed.min())} to {plain(observed.max())} {esc(lever.unit)}</small></label>')
        back = '<button type="button" class="cem-link cem-no-print" data-event="reset" data-key="levers-back">Levers back</button>' if live and self.view.scenario.values else ""
        return box("Move", "".join(rows), note="what would be otherwise, for those who are chosen", foot=back)

    @_of_a_study
    def cards(self, live: bool = True) -> str:
        """At most four figures."""
        one, result = self.view.scenario, self.view.scenario.result
        if one.now is None:
            return ""
        if result is None:
            return cards([card("Mean rating now", f"{one.now:.2f}", unit=self._of_scale, interval=f"90\N{NO-BREAK SPACE}% {span(one.now_low, one.now_high)}", compare=f"{one.n:,} ratings", name="rating_now", exact=one.now)])
        verdict = "better" if result.low > 0 else "worse" if result.high < 0 else "context"
        outside = result.extrapolation_share
        shown = [card("Mean rating then", f"{result.then:.2f}", unit=self._of_scale, note=f"{number(result.n)} ratings", interval=f"90\N{NO-BREAK SPACE}% {span(result.then_low, result.then_high)}",
                      compare=f"now {result.now:.2f} ({span(result.now_low, result.now_high)})", name="rating_then", exact=result.then),
                 card("Change", signed(result.effect), unit="points", interval=f"90\N{NO-BREAK SPACE}% {signed(result.low)} to {signed(result.high)}", compare=result.claim.split(" (")[0], verdict=verdict,
                      name="effect", exact=result.effect),
                 card("Past what was observed", percent(outside, 0), unit="%", note="of the ratings", compare="the effect is a guess there" if outside > _MUCH_OUTSIDE else "as far as data reach",
                      verdict="watch" if outside > _MUCH_OUTSIDE else "context", name="extrapolation_ratio", exact=outside)]
        if one.cost is not None:
            shown.append(card("Cost", number(one.cost), note=f"{self.view.study.cost_unit}, of all who are moved", compare=f"{percent(result.n_moved / result.n, 0)} % of the ratings are moved", name="cost", exact=one.cost))
        return cards(shown)

    @property
    def _of_scale(self) -> str:
        return f"of {self.view.study.scale[1]:g}"

    @_of_a_study
    def chart(self, live: bool = True) -> str:
        """The ratings now and then."""
        result = self.view.scenario.result
        if result is None:
            return box("Now and then", self._empty("Move a lever: the expected ratings now and then stand here."))
        return box("Now and then", bands_svg(self.view.scenario.bands, self.view.study.scale, float(result.expected.mean()), float((result.expected + result.gains).mean())),
                   note="expected rating of each answer, share of the answers")

    def _empty(self, words: str) -> str:
        """What stands in a box without figures: these words, or why the scenario that was asked for cannot be told."""
        problem = self.view.scenario.problem
        return f'<div class="cem-empty">{esc(f"This cannot be told. {problem}" if problem else words)}</div>'

    @_of_a_study
    def compared(self, live: bool = True) -> str:
        """Who moves."""
        frame = self.view.scenario.compared
        if frame.empty:
            return box("Who moves", self._empty("Nothing is moved." if self.view.scenario.result is None else "The study names no other group by which to tell it apart."))
        shown = frame.sort_values("n", ascending=False, kind="stable").head(8)
        return box("Who moves", compared_table(shown, self.view.compared_group), note="mean rating now and its change, 90\N{NO-BREAK SPACE}% intervals")

    @_of_a_study
    def graph(self, live: bool = True) -> str:
        """The declared graph."""
        return box("What acts on what", graph_svg(*self.view.drawn_graph()), note="as declared in the study; the claim rests on it")

    @_of_a_study
    def scenarios(self, live: bool = True) -> str:
        """Scenarios side by side."""
        frame = self.view.scenario_table()
        if not self.view.saved and self.view.scenario.result is None:
            return ""
        return box("Scenarios", scenarios_table(frame, self.view.study.cost_unit, live), note="kept ones are in the link")

    @_of_a_study
    def gains_map(self, live: bool = True) -> str:
        """The importance-performance map; the table beside it says the same."""
        return box("Where there is most to gain", gains_svg(self.view.importance, self.view.driver, live), note=self.view.who_words)

    @_of_a_study
    def importance(self, live: bool = True) -> str:
        """The table beside the map."""
        frame, silent = self.view.importance, self.view.driven.without_direction
        missing = f'<p class="cem-note">The study does not tell which direction is good (better: 1 or −1) for {esc(", ".join(silent))}: nothing is recommended.</p>' if silent else ""
        return box("The same as a table", importance_table(frame, self.view.study.features, self.view.driver, live) + missing, note="click a row or a point" if live else self.view.who_words)

    @_of_a_study
    def about(self, live: bool = True) -> str:
        """The driver that is marked."""
        if not self.view.driver:
            return ""
        words = "".join(f"<p>{esc(one)}</p>" for one in self.view.about(self.view.driver))
        return box(self.view.driver, f'<div class="cem-note">{words}</div>', key="about")

    @_of_a_study
    def first(self, live: bool = True) -> str:
        """What to improve first, and what a budget reaches."""
        found, unpriced = self.view.first, self.view.driven.without_cost
        missing = f'<p class="cem-note">The study tells no cost for {esc(", ".join(unpriced))}: not compared here.</p>' if unpriced else ""
        missing += "".join(f'<p class="cem-note">{percent(share)} % of the moments of {esc(name)} that are not good yet are 0, which no percentage lifts: their cost is not known and counted as that of the others; '
                           "where they are the most, no cost is told.</p>" for name, share in self.view.not_lifted.items())
        if found is None:
            return box("Which improvement for whom first", missing) if missing else ""
        sure = found.ranking.loc[found.ranking["state"] == "ok", "cost"]
        body = first_table(found.ranking, self.view.first_group) + f"<h3>What a budget reaches</h3>{budgets_table(found.budgets, self.view.study.cost_unit, float(sure.min()) if len(sure) else None)}{missing}"
        return box("Which improvement for whom first", body, note=f"most rating points, summed over customers, per 100 of cost first; cost in {self.view.study.cost_unit}")

    @_of_a_study
    def drivers(self, live: bool = True) -> str:
        """The drivers."""
        return box("What goes with satisfaction", drivers_table(self.view.drivers), note="Shapley share of the variance, 90\N{NO-BREAK SPACE}% interval; an association")

    @_of_a_study
    def by_level(self, live: bool = True) -> str:
        """The drivers of each level of the first group."""
        frame = self.view.by_level
        return box("For whom", levels_table(frame, self.view.first_group), note="the three largest of each; an association") if len(frame) else ""

    @_of_a_study
    def shapes(self, live: bool = True) -> str:
        """What loses and what wins."""
        driven = self.view.driven
        if driven.shapes.empty:
            return box("What loses and what wins", '<div class="cem-empty">Penalty and reward cannot be told from these ratings.</div>')
        note = "a usual step of the KPI below and above its median, in standard deviations of felt satisfaction; a label only where the 98\N{NO-BREAK SPACE}% interval of the difference holds no 0"
        return box("What loses and what wins", shapes_table(driven.shapes, driven.knees, self.view.study.features), note=note)

    @_of_a_study
    def weighed(self, live: bool = True) -> str:
        """What price and expectation do to quality, where the study names them."""
        driven, parts = self.view.driven, []
        for role, found in (("price", driven.price), ("expectation", driven.expectation)):
            if found is not None:
                names = (self.view.label(str(driven.role(one))) for one in ("quality", role))
                parts.append(box(f"Quality and {role}", f'<p class="cem-note">{esc(describe_weighing(found, role))}</p>{corners_table(self.view.corners(found), *names)}', note="low and high: the outer tenths; 90\N{NO-BREAK SPACE}% intervals; an association"))
        return "".join(parts)


def _with(options: Sequence[tuple[str, str]], value: str) -> list[tuple[str, str]]:
    return [*options, *([] if value in dict(options) else [(value, value)])]
