"""What the app shows: the view and which segment is opened; every part as HTML. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cemlib.usecases.segments.reader import ALL
from cemlib.usecases.segments.view import SegmentView
from cemwidgets.filters import Choice
from cemwidgets.panel.parts import actions, box, card, cards, footer, notice, percent, question
from cemwidgets.segments.places import places_map
from cemwidgets.segments.tables import compare_table, moves_table, profile_table, rules_table, segments_table

__all__ = ["FILTERS", "SegmentState"]

FILTERS = ("period", "segment", "other")
_DEFAULTS = {"period": "last", "segment": ALL, "other": ALL}


class SegmentState:
    """The state of the app.

    Parameters
    ----------
    view : SegmentView
    messages : sequence of str
        What in the page's address could not be used.
    """

    def __init__(self, view: SegmentView, messages: Sequence[str] = ()) -> None:
        self.view, self.messages = view, list(messages)

    # --- the parts of the page

    def head(self, live: bool = True) -> str:
        """The question and its answer."""
        notes = "".join(notice("Part of the address is not used.", one) for one in self.messages)
        notes += "".join(notice("Not all of the view is there.", one) for one in self.view.missing)
        return question(self.view.question, self.view.answer) + notes

    def filters(self) -> list[Choice]:
        """The chips."""
        labels = {"period": "period", "segment": "segment", "other": "beside"}
        return [Choice(name, labels[name], tuple(self.view.choices[name]), _DEFAULTS[name]) for name in FILTERS]

    def values(self) -> Mapping[str, str]:
        """What the filters are set to."""
        return {name: self.view.chosen[name] for name in FILTERS}

    def tail(self, query: str) -> str:
        """The way out at the end of the chips."""
        return actions(share=query, more=[("export", "Export CSV")])

    def cards(self, live: bool = True) -> str:
        """Segments, how stable they are, what the rules are worth, who stayed."""
        view = self.view
        if view.segments.empty:
            return ""
        counts = view.counts
        made = [card("Segments", str(len(view.segments)), note=view.period, interval="" if view.stability is None else f"halves agree {view.stability:.2f} (1: the same)",
                     compare="stable" if view.is_stable else "not stable", verdict="better" if view.is_stable else "context", name="segments", exact=float(len(view.segments))),
                card("Customers", f"{counts['in_segments']:,}", note=f"of {counts['customers']:,} active", interval=f"{counts['unknown']:,} miss a feature", compare=f"{counts['odd']:,} unlike any segment",
                     name="customers", exact=float(counts["in_segments"])),
                card("Rules right", percent(view.fidelity, 0), unit="%", note="of customers the rules did not see", name="rule_fidelity_ratio", exact=view.fidelity)]
        if view.kept.get("n"):
            made.append(card("Stayed", percent(view.kept["value"], 0), unit="%", note="in their segment since the days before", interval=f"95 % {percent(view.kept['low'], 0)} – {percent(view.kept['high'], 0)}",
                             name="kept_ratio", exact=view.kept["value"]))
        return cards(made)

    def segments(self, live: bool = True) -> str:
        """Each segment with its size and how it fares."""
        if self.view.segments.empty:
            return box("Segments", '<div class="cem-empty">There are too few customers to look for segments.</div>')
        return box("Segments", segments_table(self.view.segments, self.view.chosen["segment"], live), note="95 % intervals below each figure" + ("; a row opens its places and comparison" if live else ""))

    def profiles(self, live: bool = True) -> str:
        """What they do and what they are used to."""
        if self.view.profiles.empty:
            return box("Profiles", '<div class="cem-empty">No segments.</div>')
        return box("Profiles", profile_table(self.view.profiles, list(self.view.segments["segment"])), note="medians; ▲ ▼ half a standard deviation from all customers or more")

    def rules(self, live: bool = True) -> str:
        """The rules in plain words."""
        if self.view.rules.empty:
            return box("Rules", '<div class="cem-empty">No segments.</div>')
        return box("Rules in plain words", rules_table(self.view.rules), note="grown on two thirds of the customers, told of the others")

    def moves(self, live: bool = True) -> str:
        """Who was where before."""
        if self.view.migration.empty:
            return box("Who moved", '<div class="cem-empty">It cannot be told: no days before that are known, or one segment only.</div>')
        return box("Who moved", moves_table(self.view.migration), note="from as many days before, by the segments of now")

    def compare(self, live: bool = True) -> str:
        """Two segments side by side."""
        if self.view.compared.empty:
            return box("Side by side", '<div class="cem-empty">There are no two segments that can be shown.</div>')
        one, other = self.view.compared["pair"].iloc[0].split(" / ")
        return box("Side by side", compare_table(self.view.compared, one, other), note="bold: apart by half a standard deviation, or intervals that do not overlap")

    def places(self, live: bool = True) -> str:
        """Where they are."""
        segment = "" if self.view.chosen["segment"] == ALL else self.view.chosen["segment"]
        return box("Where they are", places_map(self.view.places, segment), note=f"share of {segment}" if segment else "all customers; choose a segment to see its share")

    def foot(self, live: bool = True) -> str:
        """The evidence line."""
        return footer(self.view.footer)
