"""The four figures of the first screen."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd

from cemlib.analysis import BetaBinomialBaseline
from cemlib.kpi.interval import bound_count, bound_ratio
from cemlib.units import format_value
from cemlib.usecases.roaming.judging import ALPHA, coarser
from cemlib.usecases.roaming.reader import RoamingReader
from cemlib.usecases.roaming.services import Service
from cemlib.usecases.roaming.steering import STEERING_KPIS
from cemlib.usecases.roaming.view import RoamingCard
from cemlib.usecases.roaming.wording import day

__all__ = ["affected_card", "quality_card", "steering_card", "success_card"]


def _none(value) -> float | None:
    return None if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)) or pd.isna(value) else float(value)


def _series(frame: pd.DataFrame) -> pd.DataFrame:
    out = pd.DataFrame({"at": pd.to_datetime(frame["day"]), "value": frame["value"].astype("float64"), "low": frame["low"].astype("float64"), "high": frame["high"].astype("float64")})
    return out.sort_values("at").reset_index(drop=True)


def success_card(reader: RoamingReader, service: Service, total: pd.Series) -> RoamingCard:
    """Success over the period against its own past, in days."""
    ask = reader.question
    # the same rows as the country table's: one scan for both
    days = reader.frame(service.country, ["country", "hour"], since=ask.history_since)
    series = coarser(days[["hour", "num", "den"]].assign(all="all"), ["all"], ask.until, 24)
    low, high = bound_ratio(series["num"], series["den"])
    shown = pd.DataFrame({"at": series["at"], "value": series["num"] / series["den"].where(series["den"] > 0), "low": low, "high": high})
    past = series[(series["den"] > 0) & (series["at"] < pd.Timestamp(ask.since))]
    now = series[series["at"] >= pd.Timestamp(ask.since)]
    reference, verdict, compared = None, str(total["state"]), "no past to compare with"
    if len(past) >= 7 and total["state"] == "ok":
        base = BetaBinomialBaseline(ALPHA).fit(past.rename(columns={"all": "entity"}))
        judged = base.judge(pd.DataFrame({"entity": ["all"], "num": [now["num"].sum()], "den": [now["den"].sum()], "den_squared": [(now["den"] ** 2).sum()]})).iloc[0]
        reference = float(judged["expected"])
        verdict = {"below": "worse", "above": "better", "within": "as_expected"}.get(judged["verdict"], "too_few")
        gap = format_value(total["value"] - reference, "point", decimals=2)
        band = f"{format_value(judged['low'], 'ratio', with_unit=False, decimals=2)} – {format_value(judged['high'], 'ratio', decimals=2)} expected"
        compared = f"as expected ({band})" if verdict == "as_expected" else f"{'+' if total['value'] > reference else ''}{gap} against {band}"
    elif total["state"] == "ok":
        verdict = "context"
    note = "per episode" if "episode" in service.country else f"of {service.events}"
    return RoamingCard("success_ratio", service.title, note, "ratio", _none(total["value"]), _none(total["low"]), _none(total["high"]), compared, verdict,
                       service.country, reference=reference, series=shown)


def affected_card(reader: RoamingReader, data_begins: pd.Timestamp) -> RoamingCard:
    """Roamers with a failed episode, against so many days before, whole weeks back."""
    kpi, ask = "roaming_affected_count", reader.question
    value = float(reader.frame(kpi)["value"].fillna(0).iloc[0])
    days = reader.frame(kpi, ["day"], since=ask.history_since)
    low, high = (float(one[0]) for one in bound_count([value]))
    weeks = dt.timedelta(days=7 * math.ceil((ask.until - ask.since).days / 7))
    reference, verdict, compared = None, "context", "no earlier week to compare with"
    if pd.Timestamp(ask.since - weeks) >= data_begins.floor("h"):
        reference = float(reader.frame(kpi, since=ask.since - weeks, until=ask.until - weeks)["value"].fillna(0).iloc[0])
        # two counts of people differ when the share of the later in both is clearly not one half
        share_low, share_high = (float(one[0]) for one in bound_ratio([value], [value + reference])) if value + reference else (0.0, 1.0)
        verdict = "worse" if share_low > 0.5 else "better" if share_high < 0.5 else "as_expected"
        compared = f"{value - reference:+,.0f} against the period {weeks.days} days before ({day(pd.Timestamp(ask.since - weeks))} on)"
    return RoamingCard("affected_count", "Affected roamers", "with a failed episode", "subscriber", value, low, high, compared, verdict, kpi, reference=reference, series=_series(days))


def quality_card(reader: RoamingReader, service: Service, days: pd.DataFrame, data_begins: pd.Timestamp) -> RoamingCard:
    """The level beside the success, against so many days before."""
    ask = reader.question
    row = reader.frame(service.quality).iloc[0]
    weeks = dt.timedelta(days=7 * math.ceil((ask.until - ask.since).days / 7))
    reference, verdict, compared = None, "context" if row["state"] == "ok" else str(row["state"]), "no earlier week to compare with"
    if row["state"] == "ok" and pd.Timestamp(ask.since - weeks) >= data_begins.floor("h"):
        before = reader.frame(service.quality, since=ask.since - weeks, until=ask.until - weeks).iloc[0]
        reference = _none(before["value"])
        if reference is not None:
            apart = _none(row["low"]) is not None and (row["low"] > before["high"] or row["high"] < before["low"])
            up = row["value"] > before["value"]
            verdict = "as_expected" if not apart else "better" if up == (service.quality_better == "higher") else "worse"
            compared = f"{format_value(reference, service.quality_unit)} {weeks.days} days before" + ("" if apart else ": no difference beyond chance")
    return RoamingCard("quality_level", service.quality_title, service.quality_note, service.quality_unit, _none(row["value"]), _none(row["low"]), _none(row["high"]),
                       compared, verdict, service.quality, reference=reference, series=_series(days))


def steering_card(reader: RoamingReader, steering: pd.DataFrame) -> RoamingCard | None:
    """The share of registrations on preferred networks, against the targets weighted by registrations; None without targets."""
    if steering.empty:
        return None
    share, target = (reader.frame(STEERING_KPIS).set_index("kpi_code").loc[name] for name in STEERING_KPIS)
    daily = reader.frame(STEERING_KPIS[0], ["day"], since=reader.question.history_since)
    value, low, high, aim = (_none(one) for one in (share["value"], share["low"], share["high"], target["value"]))
    compared, verdict = "no target", "context"
    if None not in (value, low, high, aim):
        apart = high < aim or low > aim
        side = "under" if value < aim else "over"
        compared = f"{format_value(abs(value - aim), 'point')} {side} the target {format_value(aim, 'ratio')}" if apart else f"on the target {format_value(aim, 'ratio')}"
        verdict = "as_expected" if not apart else "worse" if value < aim else "context"
    return RoamingCard("steering_ratio", "Steering share", "of registrations, on preferred networks", "ratio", value, low, high, compared, verdict, STEERING_KPIS[0],
                       reference=aim, series=_series(daily))
