"""What the app shows: the view, whose score is explained, which weights were moved; every part as HTML. Plain Python."""

from __future__ import annotations

from collections.abc import Sequence

from cemlib.errors import CemError
from cemlib.experience.explanation import Explanation
from cemlib.privacy import may_see_records
from cemlib.units import MISSING, format_interval, format_value
from cemlib.usecases.satisfaction.spread import NAMED_DRIVERS
from cemlib.usecases.satisfaction.view import SatisfactionView
from cemlib.usecases.satisfaction.wording import headline_check, score_text
from cemwidgets.filters import Choice
from cemwidgets.page.state import UseCaseState
from cemwidgets.panel.parts import box, card, cards, esc, figure, notice
from cemwidgets.satisfaction.drawing import spread_picture
from cemwidgets.satisfaction.open_index import open_index
from cemwidgets.satisfaction.tables import (
    checks_table,
    customers_table,
    drivers_table,
    fifths_table,
    moves_tables,
    parts_table,
    segments_table,
    terms_table,
    two_by_two,
)
from cemwidgets.satisfaction.weights import effect_html, sliders_box

__all__ = ["SatisfactionState"]

_COST_NOTE = "points below what usual gives, mean over customers"
#: So many are printed where nothing can be unfolded.
_STATIC_DRIVERS = 10
_SHARES = (("content", "Content", "better"), ("unhappy", "Unhappy", "worse"))


class SatisfactionState(UseCaseState):
    """The state of the app: whose score is explained.

    Parameters
    ----------
    view : SatisfactionView
    customer, segment : str
        Whose score is explained first; the lowest one otherwise.
    messages : sequence of str
        What in the page's address could not be used.
    """

    names = ("month", "index", "other")

    def __init__(self, view: SatisfactionView, customer: str = "", segment: str = "", messages: Sequence[str] = ()) -> None:
        self.customer, self.segment, self.problem = customer, segment, ""
        self.explained: Explanation | None = None
        self.all_drivers = False
        super().__init__(view, messages)

    # --- what happens

    def show(self, view: SatisfactionView) -> None:
        """Show another view; whoever was explained is explained in it."""
        super().show(view)
        self.explain(self.customer, self.segment)

    def explain(self, customer: str = "", segment: str = "") -> None:
        """Explain the score of a customer or a segment; of the lowest one where neither is named."""
        if not customer and not segment:
            if len(self.view.lowest):
                customer = str(self.view.lowest["subscriber_key"].iloc[0])
            else:
                judged = self.view.segments[self.view.segments["score"].notna()] if len(self.view.segments) else self.view.segments
                segment = "" if judged.empty else str(judged.sort_values("score")["segment_code"].iloc[0])
        self.customer, self.segment, self.problem, self.explained = customer, "" if customer else segment, "", None
        if not self.customer and not self.segment:
            return
        try:
            self.explained = self.view.explain(self.customer, self.segment)
        except CemError as error:
            self.problem = f"{error.what} {error.todo}".strip()

    def move(self, name: str, percent: str) -> None:
        """Move a weight to so many per cent."""
        self.show(self.view.move(name, float(percent) / 100))

    # --- the parts of the page

    def filters(self) -> list[Choice]:
        """The chips; what can only be one thing has none."""
        options = self.view.choices
        chips = [Choice("month", "period", tuple(options["month"]), "last"), Choice("index", "index", _with(options["index"], self.view.chosen["index"]), "default")]
        if options["other"] or self.view.chosen["other"]:
            chips.append(Choice("other", "compare with", (("", "nothing"), *_with(options["other"], self.view.chosen["other"])), ""))
        return chips

    def address(self, query: str) -> str:
        """The chips, the moved weights and the segment, never a customer."""
        more = [f"weights={self.view.chosen['weights']}"] if self.view.chosen["weights"] else []
        more += [f"segment={self.segment}"] if self.segment else []
        return "&".join([*([query] if query else []), *more])

    def cards(self, live: bool = True) -> str:
        """The mean, the two shares, and what the index is worth."""
        view = self.view
        if not view.mean["n"]:
            return ""
        mean = view.mean
        made = [card("Mean index", score_text(mean["value"]), unit="of 100", note=f"{mean['n']:,} customers", interval=f"95 % {score_text(mean['low'])} – {score_text(mean['high'])}",
                     compare=view.period, name="mean_index", exact=mean["value"])]
        shares = view.bands.set_index("band")
        for band, title, verdict in _SHARES:
            row, limit = shares.loc[band], getattr(view.index.thresholds, band)
            note = f"index {limit:g} or more" if band == "content" else f"index below {limit:g}"
            if row["is_suppressed"]:
                made.append(card(title, MISSING, note=note, interval="hidden: too few customers", verdict="few"))
                continue
            made.append(card(title, format_value(row["share_ratio"], "ratio", with_unit=False), unit="%", note=note, interval=f"95 % {format_interval(row['low'], row['high'], 'ratio')}",
                             verdict=verdict, name=f"{band}_ratio", exact=float(row["share_ratio"])))
        return cards([*made, _worth_card(view)])

    def spread(self, live: bool = True) -> str:
        """How the scores lie."""
        limits = self.view.index.thresholds
        note = "customers by score" + ("; line: with the other index" if self.view.moves else "")
        if self.view.spread.empty:
            return box("How the scores lie", '<div class="cem-empty">No scores.</div>')
        return box("How the scores lie", spread_picture(self.view.spread, limits.unhappy, limits.content, self.view.spread_after), note=note)

    def drivers(self, live: bool = True) -> str:
        """What costs most."""
        drivers = self.view.drivers
        if drivers.empty:
            return box("What costs most", '<div class="cem-empty">No scores.</div>')
        if not live:
            foot = f"{_STATIC_DRIVERS} of {len(drivers)}; all are in the CSV." if len(drivers) > _STATIC_DRIVERS else ""
            return box("What costs most", drivers_table(drivers.head(_STATIC_DRIVERS)), note=_COST_NOTE, foot=foot)
        words = "fewer" if self.all_drivers else f"all {len(drivers)} parts"
        foot = f'<button type="button" class="cem-link" data-event="drivers" data-key="all-drivers">{words}</button>'
        return box("What costs most", drivers_table(drivers if self.all_drivers else drivers.head(NAMED_DRIVERS)), note=_COST_NOTE, foot=foot)

    def survey(self, live: bool = True) -> str:
        """Survey against index."""
        groups = self.view.groups
        if groups.frame.empty:
            return box("Survey against index", '<div class="cem-empty">No customer answered a survey in these days.</div>')
        return box("Survey against index", two_by_two(groups), note=groups.words)

    def honesty(self, live: bool = True) -> str:
        """The honesty card: the index beside a naive baseline, on what came afterwards."""
        view = self.view
        if view.checks.empty:
            return box("Is the index any good?", f'<div class="cem-empty">{esc(view.card_note)}</div>')
        whole, parts = view.checks[view.checks["segment"] == ""], view.checks[view.checks["segment"] != ""]
        judged = parts[parts["state"] == "ok"]
        words = "".join(f"<p>{esc(text)}</p>" for text in whole.loc[whole["state"] == "ok", "sentence"])
        opened = "" if live else " open"
        segments = "".join(f"<h3>{esc(title)}</h3>{checks_table(rows)}" for title, rows in judged.groupby("title", sort=False))
        few = f'<p class="cem-note">{len(parts) - len(judged)} more are too few to judge.</p>' if len(parts) > len(judged) else ""
        more = f'<details class="cem-details"{opened} data-key="by-segment"><summary>By segment</summary>{segments}{few}</details>' if len(parts) else ""
        fifths = f"<h3>Unhappy by fifth of the index: {esc(view.fifths['title'].iloc[0])}</h3>{fifths_table(view.fifths)}" if len(view.fifths) else ""
        foot = f'<p class="cem-note">{esc(view.card_note)} Baseline: {esc(view.baseline)}. Grey: its interval; orange: no better.</p>'
        told = f'<details class="cem-details"{opened} data-key="by-fifth"><summary>In words, and by fifth of the index</summary>{words}{fifths}</details>' if words or fifths else ""
        return box("Is the index any good?", checks_table(whole) + told + more + foot, note="honesty card", key="honesty")

    def segments(self, live: bool = True) -> str:
        """The mean score of each segment."""
        view = self.view
        body = segments_table(view.segments, self.segment, live) if len(view.segments) else '<div class="cem-empty">No segments.</div>'
        return box("By segment", body, note="tariff class; mean over its customers")

    def customers(self, live: bool = True) -> str:
        """The customers with the lowest scores, for those who may see them, and a field for any other."""
        if not may_see_records(self.view.role):
            return box("Single customers", '<div class="cem-empty">Single customers are shown to an analyst and to customer care only.</div>')
        field = ('<label class="cem-field" data-key="ask-customer"><span>Customer</span><input type="search" placeholder="pseudonym" autocomplete="off" spellcheck="false" '
                 f'value="{esc(self.customer)}" data-event="customer" data-key="customer" aria-label="Pseudonym of a customer"></label>') if live else ""
        return box("Lowest scores", field + customers_table(self.view.lowest, self.customer, live), note="a row opens its parts" if live else "", key="customers")

    def parts(self, live: bool = True) -> str:
        """The parts of the score that is explained."""
        whose = f"Customer {self.customer[:10]}…" if self.customer else f"Segment {self.segment}"
        if self.problem:
            return box(whose, notice("Not shown.", self.problem), key="parts")
        if self.explained is None or self.explained.score is None:
            words = "Nobody is chosen." if self.explained is None else " ".join(self.explained.sentences)
            return box(whose if self.explained else "Parts of a score", f'<div class="cem-empty">{esc(words)}</div>', key="parts")
        one = self.explained
        lead, *rest = one.sentences
        words = f"<p>{figure('explained_score', one.score, lead)}</p>{''.join(f'<p>{esc(text)}</p>' for text in rest)}"
        exact = (f'<p class="cem-note">The parts add up to {one.total:.9f}, the score is {one.score:.9f}. Tick: as usual; orange: half a point or more below it, '
                 "blue: above.</p>")
        opened = "" if live else " open"
        terms = f'<details class="cem-details"{opened} data-key="terms"><summary>All {len(one.parts)} terms</summary>{terms_table(one)}</details>'
        return box(whose, words + parts_table(one) + exact + terms, note=f"index {self.view.compared.version if self.view.compared else self.view.index.version}", key="parts")

    def weights(self, live: bool = True) -> str:
        """The sliders."""
        return sliders_box(self.view, live)

    def moves(self, live: bool = True) -> str:
        """Who moves under other weights or another index, and why."""
        if self.view.moves is None:
            return box("Who moves, and why", '<div class="cem-empty">Move a weight, or choose an index to compare with: the scores of all customers follow.</div>', key="moves")
        before, after = self.view.moves.versions
        return box("Who moves, and why", effect_html(self.view) + moves_tables(self.view.moves), note=f"version {before} → {after}", key="moves")

    def index(self, live: bool = True) -> str:
        """The open index."""
        return open_index(self.view.index, live)


def _worth_card(view: SatisfactionView) -> str:
    """How well the index tells who is unhappy, beside the baseline."""
    one = headline_check(view.checks)
    if one is None:
        return card("Worth of the index", MISSING, note="not checked", interval="too few surveys, tickets or churn afterwards", verdict="few")
    compare = f"baseline {one['baseline_auc']:.2f}: {'better' if one['is_better'] else 'no better'}"
    return card("Worth of the index", f"{one['auc']:.2f}", unit="AUC", note=one["title"], interval=f"95 % {one['auc_low']:.2f} – {one['auc_high']:.2f}", compare=compare,
                verdict="better" if one["is_better"] else "watch")


def _with(options: Sequence[tuple[str, str]], chosen: str) -> tuple[tuple[str, str], ...]:
    """The options, and what is chosen where it is none of them (the path of a file)."""
    known = {value for value, _ in options}
    return (*options, *([(chosen, chosen)] if chosen and chosen not in known else []))
