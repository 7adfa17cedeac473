"""Puts the view together from its parts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.kpi import find_kpi
from cemlib.privacy import SUPPRESSED, suppress_small_groups
from cemlib.settings import settings
from cemlib.usecases.cause.asking import ask_why
from cemlib.usecases.roaming.answer import FAILING, answer_sentences
from cemlib.usecases.roaming.beside import active_tests, find_ruled_out, hub_incidents, silent_roamers
from cemlib.usecases.roaming.cards import affected_card, quality_card, steering_card, success_card
from cemlib.usecases.roaming.causes import CAUSE_COLUMNS
from cemlib.usecases.roaming.detail import AFFECTED_TABLE, detail_of, failures_by_cause, select
from cemlib.usecases.roaming.incidents import HUB_COLUMNS
from cemlib.usecases.roaming.now import compare_last_hour
from cemlib.usecases.roaming.probes import PROBE_TABLE
from cemlib.usecases.roaming.question import DIRECTIONS, RATS, Question
from cemlib.usecases.roaming.reader import RoamingReader
from cemlib.usecases.roaming.services import SERVICES, Service
from cemlib.usecases.roaming.slowness import LEVEL_TREND
from cemlib.usecases.roaming.steering import STEERING_KPIS, STEERING_TABLE, against_target
from cemlib.usecases.roaming.tables import COUNTRY_TABLE, PARTNER_TABLE, country_table, partner_table
from cemlib.usecases.roaming.trend import TREND_COLUMNS
from cemlib.usecases.roaming.view import QUESTION, QUESTION_INBOUND, RoamingView, Selection
from cemlib.usecases.roaming.wording import clock, dated_span

__all__ = ["compose_view", "empty_view"]


def compose_view(reader: RoamingReader, service: Service, asked: tuple, delay: dict) -> RoamingView:
    """The view of a lake that has data of the service; in a period without any, the empty view."""
    ask = reader.question
    hours = reader.attempts(service.leading)
    inside = hours[hours["hour"] >= pd.Timestamp(ask.since)] if len(hours) else hours
    if inside.empty or not inside["den"].sum():
        text = (f"There are no {ask.direction} {service.events}{'' if ask.rat == 'all' else ' on ' + ask.rat.upper()} from "
                f"{dated_span(pd.Timestamp(ask.since), pd.Timestamp(ask.until))}; the data end on {delay['last_event_at']:%Y-%m-%d %H:%M} UTC.")
        return empty_view(reader, service, delay, text)
    failures = failures_by_cause(reader, service)
    hubs = hub_incidents(reader, hours, failures)
    partners = partner_table(reader, service, hours, failures, hubs)
    countries = country_table(reader, service, partners)
    detail = detail_of(reader, service, select(*asked, partners, reader), hours, failures, partners, hubs)
    ruled_out = find_ruled_out(reader, service)
    silent = silent_roamers(reader)
    steering = against_target(reader)
    probes = active_tests(reader, service, partners)
    now, now_sentences = compare_last_hour(hours, ask.until, delay, service.events)
    concentration = detail.selection.concentration if _is_worst(detail.selection, partners) else {}
    partners, countries, silent = _for_role(ask.role, partners, countries, silent)
    answer = answer_sentences(partners, hubs, ruled_out, silent, concentration, service, ask)
    cards = _cards(reader, service, hours["hour"].min(), steering)
    figures = _figures(cards, partners, countries, detail, hubs, ruled_out, now, inside)
    tables = {"partners": partners, "countries": countries.assign(failing=countries["failing"].map(", ".join)), "causes": detail.causes, "trend": detail.trend, "drill": detail.drill, "level_trend": detail.level_trend,
              "steering": steering, "probes": probes, "hub_incidents": hubs, "ruled_out": ruled_out, "silent_roamers": silent}
    return RoamingView(
        question=_question(ask), answer=tuple(answer), now=tuple(now_sentences), parameters=_parameters(reader, service), cards=cards, why=_why(reader, service, detail.selection), kpis=_kpis(service, cards), countries=countries, partners=partners,
        selection=detail.selection, trend=detail.trend, causes=detail.causes, level_trend=detail.level_trend, level_parts=detail.level_parts, drill=detail.drill, affected=detail.affected, hub_incidents=hubs, ruled_out=ruled_out, steering=steering,
        probes=probes, silent=silent, evidence=_evidence(inside, cards), footer=_footer(reader, service), figures=figures, tables=tables, choices=_choices(reader), is_empty=False,
        _reader=reader,
    )


def empty_view(reader: RoamingReader, service: Service, delay: dict, text: str) -> RoamingView:
    """A view that says in one sentence that there is nothing to look at."""
    selection = Selection("", "", "All networks", (), False, None, None, None, (), 1, {}, "")
    frames = {"countries": COUNTRY_TABLE, "partners": PARTNER_TABLE, "trend": TREND_COLUMNS, "causes": ["cause", *CAUSE_COLUMNS, "rejects", "share", "ratio", "before_ratio", "excess"],
              "drill": ["dimension", "value_code", "num", "den", "subscribers", "value", "low", "high", "state"], "affected": AFFECTED_TABLE, "level_trend": LEVEL_TREND,
              "level_parts": ["kpi_code", "unit", "value", "before"], "hub_incidents": HUB_COLUMNS,
              "ruled_out": ["partner_plmn", "since", "until", "attempts", "steered"], "steering": STEERING_TABLE, "probes": PROBE_TABLE, "silent": ["partner_plmn", "value"]}
    made = {name: pd.DataFrame(columns=columns) for name, columns in frames.items()}
    tables = {name: made[name] for name in ("partners", "countries", "causes", "trend", "drill", "steering", "probes")}
    now = (f"Data to {clock(delay['last_event_at'])} UTC.",) if delay else ()
    return RoamingView(question=_question(reader.question), answer=(text,), now=now, parameters=_parameters(reader, service), kpis=_kpis(service, ()), selection=selection, evidence={"records": 0, "rejects": 0, "subscribers": 0},
                       footer=_footer(reader, service), tables=tables, choices=_choices(reader), is_empty=True, _reader=reader, **made)


def _question(ask: Question) -> str:
    return QUESTION if ask.direction == "outbound" else QUESTION_INBOUND


def _is_worst(selection: Selection, partners: pd.DataFrame) -> bool:
    return selection.kind == "partner" and len(partners) > 0 and selection.plmns == (partners["partner_plmn"].iloc[0],) and partners["verdict"].iloc[0] in FAILING


def _cards(reader: RoamingReader, service: Service, begins: pd.Timestamp, steering: pd.DataFrame) -> tuple:
    cards = [success_card(reader, service, reader.frame(service.country).iloc[0])]
    if reader.has("registration"):
        cards.append(affected_card(reader, begins))
    quality = find_kpi(service.quality).table
    if reader.has(quality):
        cards.append(quality_card(reader, service, reader.frame(service.quality, ["day"], since=reader.question.history_since), begins))
    card = steering_card(reader, steering)
    return tuple([*cards, card] if card else cards)


def _figures(cards, partners, countries, detail, hubs, ruled_out, now, inside) -> dict[str, float]:
    made: dict[str, float] = {}
    for card in cards:
        if card.value is not None:
            made[card.name] = card.value
            made |= {f"{card.name}_{name}": value for name, value in (("low", card.low), ("high", card.high), ("reference", card.reference)) if value is not None}
    verdicts = partners["verdict"]
    judged = ~verdicts.isin(["too_few", "no_data", SUPPRESSED])
    made |= {
        "attempts_count": float(inside["den"].sum()), "failed_attempts_count": float((inside["den"] - inside["num"]).sum()),
        "partners_failing_count": float(partners.loc[verdicts.isin(FAILING), "partner_code"].nunique()),
        "partners_judged_count": float(partners.loc[judged, "partner_code"].nunique()),
        "partners_too_few_count": float((verdicts == "too_few").sum()), "countries_count": float(len(countries)), "hub_incidents_count": float(len(hubs)),
        "ruled_out_rejects_count": float(ruled_out["steered"].sum()) if len(ruled_out) else 0.0, "last_hour_count": now["den"],
    }
    if now["den"]:
        made["last_hour_ratio"] = now["num"] / now["den"]
    if now["week_before_den"]:
        made["last_hour_week_before_ratio"] = now["week_before_num"] / now["week_before_den"]
    ranked = partners[partners["rank"].notna() & judged]
    if len(ranked):
        worst = ranked.iloc[0]
        made |= {f"worst_partner_{name}": float(worst[name]) for name in ("value", "low", "high", "expected_low", "expected_high", "den", "affected") if worst[name] == worst[name]}
    if len(detail.causes):
        made |= {"leading_cause_rejects_count": float(detail.causes["rejects"].iloc[0]), "leading_cause_share_ratio": float(detail.causes["share"].iloc[0])}
    return {name: float(value) for name, value in made.items() if np.isfinite(value)}


def _for_role(role: str, partners: pd.DataFrame, countries: pd.DataFrame, silent: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """What a manager may not see is hidden and named; the total is on the cards, so a single hidden cell takes another along."""
    shared = ["num", "den", "value", "low", "high", "gap", "p_low", "before", "after", "rejects", "affected", "quality", "quality_low", "quality_high", "quality_before"]
    partners = suppress_small_groups(partners, role, figures=shared, total_shown=True)
    countries = suppress_small_groups(countries, role, figures=["num", "den", "value", "low", "high", "affected"], total_shown=True)
    silent = suppress_small_groups(silent, role, figures=["num", "den", "value", "low", "high"])
    for frame in (partners, countries, silent):
        frame["verdict"] = frame["verdict"].mask(frame["is_suppressed"], SUPPRESSED)
        if role == "manager" and "affected" in frame:
            # a handful of affected roamers is a small group too
            frame["affected"] = frame["affected"].mask((frame["affected"] > 0) & (frame["affected"] < settings().minimum_group))
    partners.loc[partners["is_suppressed"], ["cause", "cause_meaning", "area", "side", "first_action"]] = ""
    return partners, countries, silent


def _parameters(reader: RoamingReader, service: Service) -> dict:
    ask = reader.question
    return {"direction": ask.direction, "rat": ask.rat, "service": ask.service, "since": ask.since, "until": ask.until, "country": ask.country, "partner": ask.partner, "hub": ask.hub,
            "role": ask.role, "time_zone": "UTC", "leading_kpi": service.leading, "country_kpi": service.country}


def _kpis(service: Service, cards) -> list[str]:
    """The KPIs that the figures come from."""
    return sorted({service.leading, service.country, *(one.kpi for one in cards)})


def _why(reader: RoamingReader, service: Service, selection: Selection) -> dict[str, str]:
    """What asks why the leading KPI moved: of what was chosen, else of all partners."""
    ask = reader.question
    where = dict(ask.where) | ({"partner_plmn_code": list(selection.plmns)} if selection.chosen and selection.kind != "country" else {})
    where |= {"country_code": selection.code} if selection.chosen and selection.kind == "country" else {}
    return ask_why(reader.lake, service.leading, ask.since, ask.until, where)


def _choices(reader: RoamingReader) -> dict[str, list]:
    networks = reader.networks
    countries = networks[["country", "country_name"]].drop_duplicates().sort_values("country_name")
    return {"direction": list(DIRECTIONS), "rat": list(RATS), "service": list(SERVICES), "country": list(countries.itertuples(index=False, name=None)),
            "partner": list(networks.sort_values("network_name")[["plmn", "network_name"]].itertuples(index=False, name=None)), "hub": sorted(networks["hub"].dropna().unique())}


def _evidence(inside: pd.DataFrame, cards) -> dict:
    affected = next((card.value for card in cards if card.name == "affected_count"), None)
    return {"records": int(inside["den"].sum()), "rejects": int((inside["den"] - inside["num"]).sum()), "affected": affected}


def _footer(reader: RoamingReader, service: Service) -> tuple[str, ...]:
    ask = reader.question
    names = list(dict.fromkeys([service.country, service.leading, "roaming_affected_count", service.quality, STEERING_KPIS[0]]))
    facts = [f"snapshot {reader.lake.snapshot().id}", f"period {dated_span(pd.Timestamp(ask.since), pd.Timestamp(ask.until))}"]
    facts += [f"{one} {find_kpi(one).version} ({find_kpi(one).standard})" for one in names]
    facts.append("95 % intervals: Wilson for shares, Poisson for counts, order statistics for medians, Student for means")
    facts.append("expected bands: beta-binomial on each partner's own past, and on the other partners; limit .001 per partner")
    shown = f"groups under {settings().minimum_group} subscribers hidden" if ask.role == "manager" else "all groups shown to this role"
    return (*facts, shown, "all times UTC")
