"""What is slow, for a partner that is reachable but bad: the level over time, the parts of it, and what the probes met."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.kpi import find_kpi
from cemlib.kpi.interval import bound_quantile_ranks
from cemlib.units import format_value
from cemlib.usecases.roaming.reader import RoamingReader
from cemlib.usecases.roaming.services import Service

__all__ = ["LEVEL_TREND", "compare_probes", "level_parts", "level_sentence", "level_trend"]

LEVEL_TREND = ["at", "den", "value", "low", "high", "state", "expected", "band_low", "band_high"]
_PARTS = {"data": ("data_session_throughput_median", "data_session_rtt_median", "data_session_dns_median", "data_session_setup_median"),
          "voice": ("voice_call_mos_mean", "voice_call_setup_mean"), "sms": ("sms_delivery_mean",)}
_WORDS = {"data_session_rtt_median": "round trip", "data_session_dns_median": "DNS", "data_session_setup_median": "set-up", "voice_call_setup_mean": "call set-up"}


def level_trend(reader: RoamingReader, service: Service, where: dict, row: dict | None) -> pd.DataFrame:
    """The level of the selection by UTC day, with the band that is expected of a partner; empty under registration."""
    if service.code == "registration":
        return pd.DataFrame(columns=LEVEL_TREND)
    days = reader.frame(service.quality, ["day"], where=where, since=reader.question.history_since)
    floats = {name: pd.to_numeric(days[name], errors="coerce").astype(float) for name in ("den", "value", "low", "high")}
    frame = pd.DataFrame({"at": pd.to_datetime(days["day"]), **floats, "state": days["state"].astype(object)})
    for name, source in (("band_low", "quality_expected_low"), ("band_high", "quality_expected_high")):
        frame[name] = np.nan if row is None else row[source]
    frame["expected"] = np.sqrt(frame["band_low"] * frame["band_high"])
    return frame[LEVEL_TREND].sort_values("at").reset_index(drop=True)


def level_parts(reader: RoamingReader, service: Service, where: dict, since: pd.Timestamp | None) -> pd.DataFrame:
    """The levels before and after: kpi_code, unit, value, low, high, before, before_low, before_high."""
    split = pd.Timestamp(reader.question.since) if since is None or pd.isna(since) else pd.Timestamp(since)
    kpis = _PARTS.get(service.code, ())
    columns = ["kpi_code", "unit", "value", "low", "high", "before", "before_low", "before_high"]
    if not kpis or split <= pd.Timestamp(reader.question.history_since):
        return pd.DataFrame(columns=columns)
    now = reader.frame(kpis, where=where, since=split.to_pydatetime()).set_index("kpi_code")
    then = reader.frame(kpis, where=where, since=reader.question.history_since, until=split.to_pydatetime()).set_index("kpi_code")
    frame = pd.DataFrame({"kpi_code": list(kpis), "unit": [find_kpi(one).unit for one in kpis]})
    for name in ("value", "low", "high"):
        frame[name] = pd.to_numeric(now[name].reindex(kpis), errors="coerce").astype(float).to_numpy()
        frame["before" if name == "value" else f"before_{name}"] = pd.to_numeric(then[name].reindex(kpis), errors="coerce").astype(float).to_numpy()
    return frame


def level_sentence(parts: pd.DataFrame) -> str:
    """Which other levels went along, and what that says."""
    changed = [row for row in parts.iloc[1:].itertuples() if row.kpi_code in _WORDS and (row.low > row.before_high * 1.2)]
    if parts.empty or not changed:
        return "No other level went along: look at the radio and the capacity of the visited network." if len(parts) > 1 else ""
    told = ", ".join(f"{_WORDS[row.kpi_code]} {format_value(row.value, row.unit)} (before: {format_value(row.before, row.unit)})" for row in changed)
    names = {row.kpi_code for row in changed}
    hint = "; the way between the networks (IPX, GRX, home routing) is slow, not the radio alone" if {"data_session_rtt_median", "data_session_dns_median"} <= names else ""
    return f"With it went {told}{hint}."


def compare_probes(reader: RoamingReader, plmn: str, since: pd.Timestamp | None) -> str:
    """Whether the probes' downloads at a partner fell as well: bad, ok or too_few (medians with order-statistic intervals)."""
    split = pd.Timestamp(reader.question.since) if since is None or pd.isna(since) else pd.Timestamp(since)
    found = reader.records("probe_test", ["started_at", "throughput_down_mbps"], where={"partner_plmn_code": plmn, "observation_code": "active"},
                           since=reader.question.history_since, until=reader.question.until).dropna()
    values = found["throughput_down_mbps"].to_numpy(float)
    late = (pd.to_datetime(found["started_at"]) >= split).to_numpy(bool)
    ends = []
    for part in (np.sort(values[~late]), np.sort(values[late])):
        low, high = (float(one[0]) for one in bound_quantile_ranks([part.size], 0.5))
        if part.size < 10 or np.isnan(low) or np.isnan(high):
            return "too_few"
        ends.append((part[int(low) - 1], part[int(high) - 1]))
    return "bad" if ends[1][1] < ends[0][0] else "ok"
