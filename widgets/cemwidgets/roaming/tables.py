"""The tables of the page: rows in, HTML out; every figure with its interval and what it is compared to."""

from __future__ import annotations

import pandas as pd

from cemlib.units import MISSING, format_interval, format_value
from cemwidgets.panel.parts import Column, esc, figure, table
from cemwidgets.trend import interval_glyph, meter

__all__ = ["ACCUSING", "causes_table", "drill_table", "incident_lines", "partners_table", "probes_table", "state_words", "steering_table"]

_STATES = {"too_few": "too few to judge", "no_data": "no data", "suppressed": "hidden: too few subscribers"}
_VERDICTS = {"below": "below its band", "below_peers": "below the other partners", "slow": "slower than its band", "slow_peers": "slower than the other partners",
             "within": "within its band", "above": "above its band", "too_few": "too few to judge"}
#: verdicts that accuse a partner
ACCUSING = ("below", "below_peers", "slow", "slow_peers")
_SIDES = {"us": "our side", "partner": "the partner's side", "interconnect": "interconnect side", "device": "device side", "user": "the user's side",
          "by_design": "by design"}
_CLASSES = {"both_ok": "both good", "both_bad": "both bad", "passive_only_bad": "only roamers fail", "active_only_bad": "only probes fail",
            "unmatched": "not comparable"}


def _there(value: object) -> bool:
    return value is not None and not (not isinstance(value, str) and pd.isna(value)) and value != ""


def _words(value: object) -> str:
    return str(value).replace("_", " ") if _there(value) else ""


def state_words(state: str) -> str:
    """What a state that is not a figure is called."""
    return _STATES.get(state, _words(state))


def _domain(frame: pd.DataFrame) -> tuple[float, float]:
    """One scale for all rows, from the lowest judged end of an interval to 1."""
    judged = frame[frame["state"] == "ok"]
    ends = pd.concat([judged["low"], judged.get("expected_low", pd.Series(dtype=float))]).dropna()
    low = float(ends.min()) if len(ends) else 0.0
    return (min(max(low - 0.02, 0.0), 0.95), 1.0)


def _glyph(row, domain: tuple[float, float]) -> str:
    few = row.state != "ok"
    band = (row.expected_low, row.expected_high) if _there(row.expected_low) and _there(row.expected_high) else None
    words = state_words(row.state) if few else (
        f"{format_value(row.value, 'ratio')}, 95 % {format_interval(row.low, row.high, 'ratio')}"
        + (f", expected {format_interval(*band, 'ratio')}" if band else ""))
    return interval_glyph(row.value, row.low, row.high, domain=domain, band=band, state="too_few" if few else "ok",
                          below=row.verdict in ("below", "below_peers"), label=words)


def _percent(value: float | None, hidden: bool = False) -> str:
    return MISSING if hidden else format_value(value, "ratio", with_unit=False)


def _count(value: object) -> int | None:
    return int(value) if _there(value) else None


def partners_table(partners: pd.DataFrame, selected: str, events: str) -> str:
    """Partners worst first: interval on its expected band, why, and on whose side."""
    columns = [Column("name", "Partner", narrow="head"), Column("den", events.capitalize(), "number"), Column("picture", "95 % interval, expected band", "picture"),
               Column("share", "%", "number", narrow="main"), Column("why", "Why")]
    domain, rows = _domain(partners), []
    for row in partners.itertuples():
        few = row.state != "ok"
        why, note = _VERDICTS.get(row.verdict, state_words(row.state)), ""
        if few:
            why = state_words(row.state)
        elif row.verdict in ("below", "below_peers"):
            why = f"{row.cause} {_words(getattr(row, 'cause_meaning', ''))}".strip() if _there(row.cause) else why
            note = _SIDES.get(row.side, _words(row.side))
        rows.append({"name": row.network_name, "name_note": f"{row.partner_plmn} · {row.country}", "den": _count(row.den), "picture": _glyph(row, domain),
                     "share": _percent(row.value, few), "why": why, "why_note": note, "_few": few, "partner": row.partner_plmn})
    return table(columns, rows, caption="Partners, worst first", event="partner", key="partner", selected=selected)


def causes_table(causes: pd.DataFrame) -> str:
    """Rejects by cause with area and side at fault; before the change beside."""
    columns = [Column("cause", "Cause", narrow="head"), Column("area", "Area, side"), Column("rejects", "Rejects", "number"),
               Column("picture", "Of all rejects", "picture", narrow="out"), Column("share", "%", "number", narrow="main"), Column("ratio", "Of attempts, %", "number", narrow="out")]
    rows = []
    for row in causes.itertuples():
        share = _percent(row.share)
        rows.append({"cause": row.cause, "cause_note": _words(row.cause_meaning), "area": _words(row.area_code), "area_note": _SIDES.get(row.fault_side_code, _words(row.fault_side_code)),
                     "rejects": int(row.rejects), "picture": meter(float(row.share), label=f"{share} % of the rejects"), "share": share,
                     "ratio": _percent(row.ratio), "ratio_note": f"before {_percent(row.before_ratio)}", "code": f"{row.protocol_code}|{row.cause_code}"})
    return table(columns, rows, caption="Rejects by cause", event="cause", key="code")


def drill_table(drill: pd.DataFrame, dimension: str) -> str:
    """The values of one dimension; the one in which the failure sits is named."""
    columns = [Column("value", dimension[:1].upper() + dimension[1:], narrow="head"), Column("den", "Attempts", "number"), Column("failed", "Of all rejects, %", "number"),
               Column("share", "Success, %", "number", narrow="main"), Column("interval", "95 %", "number", narrow="out")]
    rows = []
    for row in drill.itertuples():
        few = row.state != "ok"
        rows.append({"value": row.value_code, "value_note": "the failure sits here" if row.stands_out else (state_words(row.state) if few else ""), "den": _count(row.den),
                     "failed": _percent(row.failed_share), "share": _percent(row.value, few), "interval": MISSING if few else format_interval(row.low, row.high, "ratio"), "_few": few,
                     "drill": row.value_code, "_data": {"dimension": dimension}})
    return table(columns, rows, caption=f"Success by {dimension}", event="drill", key="drill")


def steering_table(steering: pd.DataFrame) -> str:
    """Shares of registrations against their targets."""
    columns = [Column("name", "Network", narrow="head"), Column("n", "Registrations", "number"), Column("share", "Share, %", "number", narrow="main"),
               Column("interval", "95 %", "number", narrow="out"), Column("target", "Target, %", "number"), Column("verdict", "Against target")]
    rows = []
    for row in steering.itertuples():
        few = row.state != "ok"
        gap = f"{format_value(abs(row.difference), 'point')} " if row.verdict in ("under", "over") else ""
        rows.append({"name": row.network_name, "name_note": f"{row.partner_plmn} · {row.country}", "n": _count(row.den), "share": _percent(row.value, few),
                     "interval": MISSING if few else format_interval(row.low, row.high, "ratio"), "target": _percent(row.target), "verdict": gap + _words(row.verdict), "_few": few})
    return table(columns, rows, caption="Steering share against target")


def probes_table(probes: pd.DataFrame) -> str:
    """What the probes met beside what the roamers met."""
    columns = [Column("name", "Network", narrow="head"), Column("step", "Step"), Column("tests", "Tests", "number"), Column("active", "Probes, %", "number", narrow="main"),
               Column("interval", "95 %", "number", narrow="out"), Column("passive", "Roamers, %", "number"), Column("match", "Together")]
    rows = []
    for row in probes.itertuples():
        few = row.match_class_code == "unmatched"
        rows.append({"name": row.network_name, "name_note": f"{row.partner_plmn} · {row.country}", "step": row.step, "tests": _count(row.tests), "active": _percent(row.value),
                     "interval": format_interval(row.low, row.high, "ratio"), "passive": _percent(row.passive_value), "match": _CLASSES.get(row.match_class_code, _words(row.match_class_code)),
                     "match_note": row.meaning, "_few": few})
    return table(columns, rows, caption="Active tests beside passive records")


def incident_lines(incidents: pd.DataFrame) -> str:
    """Hub incidents as a list."""
    items = []
    for row in incidents.itertuples():
        ratio = figure(f"hub_{row.hub}_unanswered_ratio", float(row.ratio), format_value(row.ratio, "ratio"))
        items.append(f"<li><strong>{esc(row.hub)}</strong>, {row.since:%d %b %H:%M} – {row.until:%H:%M} UTC: {row.partners} of {row.partners_total} networks; {ratio} of "
                     f"{format_value(row.attempts, '1')} attempts unanswered or undelivered, usually {esc(format_value(row.usual_ratio, 'ratio'))}.</li>")
    return f"<ul>{''.join(items)}</ul>"
