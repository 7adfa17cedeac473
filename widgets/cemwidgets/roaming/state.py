"""What the page shows: the view, what is selected, which tab is open; every part as HTML. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.units import format_interval, format_value, shown_unit
from cemlib.usecases.roaming.view import RoamingCard, RoamingView
from cemwidgets.filters import Choice, Day
from cemwidgets.page.state import UseCaseState
from cemwidgets.panel.parts import box, card, cards, esc, figure, footer
from cemwidgets.roaming.tables import (
    causes_table,
    drill_table,
    incident_lines,
    partners_table,
    probes_table,
    steering_table,
)
from cemwidgets.trend import sparkline

__all__ = ["TABS", "RoamingState"]

#: what lies one click deeper
TABS = {"drill": "Where it sits", "steering": "Steering", "probes": "Probes", "silent": "Silent roamers", "affected": "Affected subscribers"}
_FIRST = 6
_EVENTS = {"registration": "attempts", "data": "sessions", "voice": "calls", "sms": "messages"}
_EDGES = {"worse": "worse", "better": "better", "too_few": "few", "suppressed": "few", "no_data": "few"}


class RoamingState(UseCaseState):
    """The state of the page.

    Parameters
    ----------
    view : RoamingView
    asked : mapping
        The filters as they were asked for.
    messages : sequence of str
        What was ignored in the address of the page.
    """

    names = ("direction", "service", "rat", "days", "until", "country", "partner", "hub")
    ways = (("schedule", "Schedule"), ("export", "Export"))

    def __init__(self, view: RoamingView, asked: Mapping[str, object], messages: Sequence[str] = ()) -> None:
        super().__init__(view, messages)
        self._ask(asked)
        self.all_partners = False
        self.tab = "drill"
        self.dimension = ""

    def _ask(self, asked: Mapping[str, object]) -> None:
        self.asked = {name: str(asked.get(name, "")) for name in self.names}

    def turn(self, view: RoamingView, asked: Mapping[str, object]) -> None:
        """Show another view and what was asked for; what was ignored in the address is told once."""
        self.show(view)
        self.messages = []
        self._ask(asked)

    # --- filters

    def values(self) -> dict[str, str]:
        """What the filters are set to."""
        known = {one.name: [value for value, _ in one.pairs] for one in self.filters() if isinstance(one, Choice)}
        return {name: value if value in known.get(name, [value]) else self._known(name, value) for name, value in self.asked.items()}

    def _known(self, name: str, value: str) -> str:
        """A partner may be asked for by its name or code; the chip has its PLMN."""
        chosen = self.view.selection
        return next(iter(chosen.plmns), "") if name == "partner" and chosen.kind == "partner" else chosen.code if name == chosen.kind else ""

    def filters(self) -> list[Choice | Day]:
        """The chips: every filter with what it can be set to."""
        choices = {**self.view.choices, "days": sorted({1, 2, 7, 14, 30, int(self.asked["days"] or 7)})}
        titles = {"direction": "direction", "service": "service", "rat": "RAT", "days": "period", "country": "country", "partner": "partner", "hub": "hub"}
        items: list[Choice | Day] = []
        for name in self.names:
            if name == "until":
                items.append(Day("until", "to"))
                continue
            known = choices.get(name, [])
            pairs = tuple((str(one[0]), str(one[1])) if isinstance(one, (tuple, list)) else (str(one), _label(name, str(one))) for one in known)
            if name in ("country", "partner", "hub"):
                pairs = (("", "all"), *pairs)
            default = {"direction": "outbound", "service": "registration", "rat": "all", "days": "7"}.get(name, "")
            items.append(Choice(name, titles[name], pairs, default))
        return items

    def schedule(self) -> str:
        """The command that makes this view a report, for cron or a systemd timer."""
        chosen = " ".join(f"-p {name}={value}" for name, value in self.values().items() if value and name != "until")
        return f"cem report roaming_monitoring {chosen} --to html,csv"

    # --- the parts of the page

    def head(self, live: bool = True) -> str:
        """The question and its answer."""
        now = "".join(f'<p class="cem-note">{esc(one)}</p>' for one in self.view.now)
        return super().head(live) + now

    def sentences(self) -> list[str]:
        """The answer; its first statement is strong."""
        first, *rest = self.view.answer or [""]
        strong, mark, more = first.partition(". ")
        return [f"**{strong}.** {more}", *rest] if mark else list(self.view.answer)

    def cards(self, live: bool = True) -> str:
        """At most four figures."""
        return cards(_card(one) for one in self.view.cards)

    def partners(self, live: bool = True) -> str:
        """Partners worst first."""
        frame = self.view.partners
        if frame.empty:
            return box("Partners", '<div class="cem-empty">No attempt fits the filters.</div>')
        chosen = self.view.selection.code if self.view.selection.kind == "partner" else ""
        shown = frame if self.all_partners else self._first(frame, chosen)
        words = "fewer" if self.all_partners else f"all {format_value(len(frame), '1')} networks"
        foot = f'<button type="button" class="cem-link" data-event="more" data-key="more-partners">{words}</button>' if len(frame) > len(shown) or self.all_partners else ""
        events = _EVENTS.get(self.view.parameters.get("service", ""), "records")
        return box("Partners", partners_table(shown, chosen, events), note="worst first; grey: expected band", foot=foot, key="partners")

    def _first(self, frame: pd.DataFrame, chosen: str) -> pd.DataFrame:
        """The worst, the chosen one, and one that cannot be judged, so that it is seen that such are there."""
        keep = list(frame.index[:_FIRST - 1])
        keep += [one for one in frame.index[frame["partner_plmn"] == chosen] if one not in keep]
        keep += [one for one in frame.index[frame["state"] != "ok"][:1] if one not in keep]
        return frame.loc[keep]

    def causes(self, live: bool = True) -> str:
        """Why: causes, area, side, first action."""
        one = self.view.selection
        causes = self.view.causes
        note = f"since {one.since:%d %b %H:%M} UTC" if one.since is not None else "in the period"
        if causes.empty:
            return box("Reject causes", '<div class="cem-empty">No rejects.</div>', note=note)
        foot = (f"<strong>First action.</strong> {esc(one.first_action)} " if one.first_action else "")
        rejects = int(causes["rejects"].sum())
        foot += f'<button type="button" class="cem-link" data-event="records" data-part="rest" data-key="records-rejects">{format_value(rejects, "1")} records</button>'
        return box("Reject causes", causes_table(causes.head(6)), note=note, foot=foot, key="causes")

    def story(self, live: bool = True) -> str:
        """What is wrong with the selection, in words."""
        return "".join(f"<p>{esc(one)}</p>" for one in self.view.selection.sentences)

    def deeper(self, live: bool = True) -> str:
        """One click deeper: where it sits, steering, probes, silent roamers, affected subscribers; hub incidents. Every tab under another where nothing can be clicked."""
        if not live:
            return self._every_tab()
        buttons = "".join(
            f'<button type="button" class="cem-chip{" is-set" if name == self.tab else ""}" data-event="tab" data-to="{name}" data-key="tab-{name}" '
            f'aria-pressed="{str(name == self.tab).lower()}">{esc(label)}</button>' for name, label in TABS.items())
        bar = f'<div class="cem-chips cem-no-print" style="margin-bottom:12px" role="group" aria-label="evidence">{buttons}</div>'
        incidents = f"<h3>Hub incidents</h3>{incident_lines(self.view.hub_incidents)}" if len(self.view.hub_incidents) else ""
        return box(f"Evidence: {self.view.selection.name or 'all partners'}", bar + getattr(self, f"_{self.tab}")() + incidents, key="deeper")

    def _every_tab(self) -> str:
        parts = "".join(f"<h3>{esc(label)}</h3>{getattr(self, f'_{name}')()}" for name, label in TABS.items())
        incidents = f"<h3>Hub incidents</h3>{incident_lines(self.view.hub_incidents)}" if len(self.view.hub_incidents) else ""
        return box(f"Evidence: {self.view.selection.name or 'all partners'}", parts + incidents)

    def foot(self, live: bool = True) -> str:
        """What the answer rests on, and the evidence line."""
        named = {"attempts_count": "records", "failed_attempts_count": "failed", "ruled_out_rejects_count": "rejects ruled out", "partners_judged_count": "partners judged",
                 "partners_failing_count": "failing", "partners_too_few_count": "too few to judge", "countries_count": "countries", "hub_incidents_count": "hub incidents"}
        known = {name: value for name, value in self.view.figures.items() if name in named}
        words = ", ".join(f"{figure(name, float(known[name]), format_value(known[name], '1'))} {label}" for name, label in named.items() if name in known)
        button = '<button type="button" class="cem-link cem-no-print" data-event="records" data-key="records-all">open the records</button>'
        return (f'<p class="cem-note">The answer rests on {words}. {button}</p>' if words else "") + footer(self.view.footer)

    # --- the tabs

    def _drill(self) -> str:
        frame = self.view.drill
        if frame.empty:
            return '<div class="cem-empty">No rejects to look into.</div>'
        names = list(dict.fromkeys(frame["dimension"]))
        best = self.view.selection.concentration.get("dimension")
        current = self.dimension if self.dimension in names else best if best in names else names[0]
        buttons = "".join(
            f'<button type="button" class="cem-chip{" is-set" if name == current else ""}" data-event="dimension" data-to="{esc(name)}" data-key="dim-{esc(name)}" '
            f'aria-pressed="{str(name == current).lower()}">{esc(name)}</button>' for name in names)
        bar = f'<div class="cem-chips cem-no-print" style="margin-bottom:8px" role="group" aria-label="by">{buttons}</div>'
        return bar + drill_table(frame[frame["dimension"] == current].head(8), current)

    def _steering(self) -> str:
        frame = self.view.steering
        if frame.empty:
            return '<div class="cem-empty">No steering target holds here.</div>'
        if self.view.selection.kind == "partner":
            country = self.view.partners.loc[self.view.partners["partner_plmn"].isin(self.view.selection.plmns), "country"]
            mine = frame[frame["country"].isin(country)]
            frame = mine if len(mine) else frame
        return steering_table(frame.head(12))

    def _probes(self) -> str:
        frame = self.view.probes
        if self.view.selection.kind:
            frame = frame[frame["partner_plmn"].isin(self.view.selection.plmns)]
        if frame.empty:
            return '<div class="cem-empty">No active tests of this selection in the period.</div>'
        return probes_table(frame.head(12))

    def _silent(self) -> str:
        return _plain(self.view.silent.head(12), "No roamer-day could be judged: usage feeds are later than the period.")

    def _affected(self) -> str:
        return _plain(self.view.affected.head(20), "Nobody was affected, or who is may not be shown to this role.")


def _label(name: str, value: str) -> str:
    if name == "days":
        return "24 hours" if value == "1" else f"{value} days"
    if name == "rat":
        return value.upper() if value != "all" else "all"
    return value[:1].upper() + value[1:]


def _plain(frame: pd.DataFrame, empty: str) -> str:
    """A small table of whatever columns there are."""
    if frame.empty:
        return f'<div class="cem-empty">{esc(empty)}</div>'
    heads = "".join(f'<th scope="col">{esc(str(one).replace("_", " "))}</th>' for one in frame.columns)
    body = "".join("<tr>" + "".join(f"<td>{esc(_cell(value, name))}</td>" for name, value in zip(frame.columns, row, strict=True)) + "</tr>"
                   for row in frame.itertuples(index=False, name=None))
    return f'<div class="cem-scroll" tabindex="0" role="region" aria-label="table"><table class="cem-table is-plain"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: object, name: str) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return "—"
    if isinstance(value, pd.Timestamp):
        return f"{value:%d %b %H:%M}"
    if isinstance(value, float):
        return format_value(value, "ratio") if name in ("value", "low", "high", "ratio", "share") else f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _card(one: RoamingCard) -> str:
    few = one.verdict in ("too_few", "no_data", "suppressed")
    text = "—" if few else format_value(one.value, one.unit, with_unit=False)
    interval = "" if few else f"95 % {format_interval(one.low, one.high, one.unit)}"
    spark = sparkline([None if pd.isna(value) else float(value) for value in one.series["value"]], f"{one.title} by day") if len(one.series) else ""
    return card(one.title, text, unit=shown_unit(one.unit), note=one.note, interval=interval, compare=one.compare, verdict=_EDGES.get(one.verdict, "context"), spark=spark,
                name=one.name, exact=None if few or one.value is None else float(one.value), event={"event": "records", "kpi": one.kpi})
