"""What the app shows: the view and which segment is opened; every part as HTML. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from cemlib.usecases.segments.reader import ALL, FOUND, LAKE, LAST, NAMED
from cemwidgets.filters import Choice
from cemwidgets.page.state import UseCaseState
from cemwidgets.panel.parts import box, card, cards, esc, percent
from cemwidgets.segments.places import places_map
from cemwidgets.segments.tables import (
    compare_table,
    moves_table,
    profile_table,
    rules_table,
    segments_table,
    sets_table,
)

__all__ = ["SegmentState"]

_CHIPS = {"study": ("customers of", LAKE), "by": ("by", FOUND), "period": ("period", LAST), "segment": ("segment", ALL), "other": ("beside", ALL)}


class SegmentState(UseCaseState):
    """The state of the app."""

    # --- the chips

    @property
    def names(self) -> list[str]:
        """Of the chips: those that leave something to choose, or are set."""
        chosen, choices = self.view.chosen, self.view.choices
        return [name for name, (_, default) in _CHIPS.items() if len(choices[name]) > (2 if name in ("segment", "other") else 1) or chosen[name] != default]

    def filters(self) -> list[Choice]:
        """The chips."""
        return [Choice(name, *self._words(name)) for name in self.names]

    def freed(self, values: Mapping[str, str]) -> dict[str, str]:
        """What the chips are set to, without what means nothing to other customers: these are divided into segments with other names."""
        chosen = self.view.chosen
        if values.get("study", LAKE) != chosen["study"]:
            return {**values, "by": FOUND, "period": LAST, "segment": ALL, "other": ALL}
        is_same = all(values.get(name, default) == chosen[name] for name, default in (("by", FOUND), ("period", LAST)))
        return dict(values) if is_same else {**values, "segment": ALL, "other": ALL}

    def _words(self, name: str) -> tuple[str, tuple, str]:
        label, default = _CHIPS[name]
        return "set" if name == "segment" and self.is_named else label, tuple(self.view.choices[name]), default

    @property
    def is_one(self) -> bool:
        """Whether the customers are one group: there is nothing to choose, to rule or to compare."""
        return self.view.counts["groups"] == 1 and not self.is_named

    @property
    def is_named(self) -> bool:
        """Whether customers are divided by named sets."""
        return self.view.chosen["by"] == NAMED

    # --- the parts of the page

    def cards(self, live: bool = True) -> str:
        """Segments, how stable they are, what the rules are worth, who stayed."""
        view = self.view
        if view.segments.empty:
            return ""
        made = self._set_cards() if self.is_named else self._segment_cards()
        if view.kept.get("n"):
            made.append(card("Stayed", percent(view.kept["value"], 0), unit="%", note="where they were in the days before", interval=f"95 % {percent(view.kept['low'], 0)} – {percent(view.kept['high'], 0)}",
                             name="kept_ratio", exact=view.kept["value"]))
        return cards(made)

    def _segment_cards(self) -> list[str]:
        view, counts = self.view, self.view.counts
        stable = "one group" if self.is_one else "stable" if view.is_stable else "not stable"
        made = [card("Segments", str(counts["groups"]), note=view.period, interval="" if view.stability is None else f"halves agree: adjusted Rand index {view.stability:.2f} (1: the same), the median of three divisions",
                     compare=stable, verdict="better" if stable == "stable" else "context", name="segments", exact=float(counts["groups"])),
                card("Customers", f"{counts['in_segments']:,}", note=f"of {counts['customers']:,}{' active' if view.chosen['study'] == LAKE else ''}", interval=f"{counts['unknown']:,} miss a feature",
                     compare="unlike any segment: hidden" if counts["odd"] is None else f"{counts['odd']:,} unlike any segment", name="customers", exact=float(counts["in_segments"]))]
        if not self.is_one:
            made.append(card("Rules right", percent(view.fidelity, 0), unit="%", note="of customers the rules did not see and a rule meets", interval=self._sure("fidelity"),
                             compare=f"a rule meets {percent(view.figures['rule_coverage_ratio'], 0)} % of them{self._sure('coverage', ', ')}", name="rule_fidelity_ratio", exact=view.fidelity))
        return made

    def _sure(self, name: str, before: str = "") -> str:
        """The interval of what the rules are worth; nothing where no rule meets anybody."""
        low, high = (self.view.figures.get(f"rule_{name}_{end}") for end in ("low", "high"))
        return "" if low is None else f"{before}95 % {percent(low, 0)} – {percent(high, 0)}"

    def _set_cards(self) -> list[str]:
        view, counts = self.view, self.view.counts
        met = "hidden" if counts["in_sets"] is None else f"{counts['in_sets']:,} meet a rule"
        return [card("Named sets", str(counts["groups"]), note=view.period, interval=f"{len(view.untold)} more cannot be told" if view.untold else "", name="segments", exact=float(counts["groups"])),
                card("Customers", f"{counts['in_segments']:,}", note="and things" if view.chosen["study"] == LAKE else "", interval=met, name="customers", exact=float(counts["in_segments"]))]

    def segments(self, live: bool = True) -> str:
        """Each segment with its size and how it fares."""
        title = "Named sets" if self.is_named else "Segments"
        if self.view.segments.empty:
            return box(title, f'<div class="cem-empty">{esc(self.view.answer[0])}</div>')
        opens = "; a row opens its comparison" + ("" if self.view.places is None else " and places") if live and not self.is_one else ""
        rules = dict(zip(self.view.rules["segment"], self.view.rules["rule"])) if self.is_named else None
        return box(title, segments_table(self.view.segments, self.view.outcomes, self.view.chosen["segment"], live and not self.is_one, rules, self._empty_sets()),
                   note=f"95 % intervals below each figure; customers are counted{opens}")

    def _empty_sets(self) -> dict[str, str]:
        """Why nobody is in a named set."""
        if not self.is_named:
            return {}
        none = self.view.rules[self.view.rules["n"].eq(0).fillna(False)]
        # how many are in an earlier set is hidden where they are few, not that there are some
        return {row.segment: "nobody meets its rule" if not pd.isna(row.elsewhere) and row.elsewhere == 0 else "all in an earlier set" for row in none.itertuples()}

    def profiles(self, live: bool = True) -> str:
        """What they do and what they are used to."""
        if self.view.profiles.empty:
            return box("Profiles", '<div class="cem-empty">No segments.</div>')
        return box("Profiles", profile_table(self.view.profiles, list(self.view.segments.loc[~self.view.segments["subscribers"].eq(0), "segment"])),
                   note="medians, 95 % intervals below" if self.is_one else "medians, 95 % intervals below; ▲ ▼ half a standard deviation from all customers or more")

    def rules(self, live: bool = True) -> str:
        """The rules in plain words."""
        if self.is_one or self.view.rules.empty:
            return ""
        if self.is_named:
            untold = "".join(f"<li>{esc(one)}</li>" for one in self.view.untold)
            return box("Rules in plain words", sets_table(self.view.rules), note="the first that is met counts", foot=f'<h3>Cannot be told</h3><ul class="cem-note">{untold}</ul>' if untold else "")
        return box("Rules in plain words", rules_table(self.view.rules), note="grown on two thirds of the customers, told of the others, with 95 % intervals")

    def moves(self, live: bool = True) -> str:
        """Who was where before."""
        if self.view.chosen["study"] != LAKE or self.is_one or self.view.segments.empty:
            return ""
        if self.view.migration.empty:
            return box("Who moved", '<div class="cem-empty">It cannot be told: no days before that are known, or one segment only.</div>')
        return box("Who moved", moves_table(self.view.migration), note="from as many days before, by the " + ("limits" if self.is_named else "segments") + " of now")

    def compare(self, live: bool = True) -> str:
        """Two segments side by side."""
        if self.is_one or self.view.segments.empty:
            return ""
        if self.view.compared.empty:
            return box("Side by side", '<div class="cem-empty">There are no two segments that can be shown.</div>')
        one, other = (self.view.compared[name].iloc[0] for name in ("one_segment", "other_segment"))
        return box("Side by side", compare_table(self.view.compared, one, other), note="bold: apart by half a standard deviation, or intervals that do not overlap")

    def places(self, live: bool = True) -> str:
        """Where they are."""
        if self.view.places is None or self.view.segments.empty:
            return ""
        segment = "" if self.view.chosen["segment"] == ALL else self.view.chosen["segment"]
        if segment in set(self.view.segments.loc[self.view.segments["is_suppressed"], "segment"]):
            return box("Where they are", places_map(self.view.places, ""), note=f"all customers; the share of {segment} is hidden")
        return box("Where they are", places_map(self.view.places, segment), note=f"share of {segment}" if segment else "all customers; choose a segment to see its share")
