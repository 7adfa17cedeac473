"""The partner and country tables: figures, verdict, cause, and the order from worst to best."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.usecases.roaming.answer import FAILING
from cemlib.usecases.roaming.causes import Failures, begin_of_cause, count_causes, leading_cause
from cemlib.usecases.roaming.judging import add_intervals, failures_go_together, judge_networks
from cemlib.usecases.roaming.levels import judge_levels
from cemlib.usecases.roaming.reader import RoamingReader
from cemlib.usecases.roaming.services import Service
from cemlib.usecases.roaming.wording import joined, span

__all__ = ["COUNTRY_TABLE", "PARTNER_TABLE", "country_table", "partner_hours", "partner_table"]

PARTNER_TABLE = ["rank", "partner_plmn", "partner_code", "network_name", "country", "country_name", "hub", "num", "den", "value", "low", "high", "state", "expected",
                 "expected_low", "expected_high", "peers_low", "p_low", "verdict", "gap", "since", "before", "after", "cause", "cause_meaning", "area", "side",
                 "first_action", "rejects", "subscribers", "affected", "quality", "quality_low", "quality_high", "quality_expected_low", "quality_expected_high",
                 "quality_before", "quality_verdict", "note"]
COUNTRY_TABLE = ["country", "country_name", "num", "den", "value", "low", "high", "state", "expected_low", "expected_high", "verdict", "subscribers", "affected", "failing"]


def _floats(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    return frame.assign(**{name: pd.to_numeric(frame[name], errors="coerce").astype(float) for name in names})


def partner_table(reader: RoamingReader, service: Service, hours: pd.DataFrame, failures: Failures, hubs: pd.DataFrame) -> pd.DataFrame:
    """All partner networks with attempts, worst first; too few and silent ones last, without a rank.

    The hours in which a partner's hub failed are the hub's: they are in the figures, but the partner is judged without them.
    """
    ask = reader.question
    mine = partner_hours(hours, hubs, reader)
    judged = judge_networks(mine, ask.since, ask.until, failures_go_together(reader.failing_roamers(service.leading))).drop(columns=["num", "den", "value", "low", "high", "state", "squared"])
    inside = hours[hours["hour"] >= pd.Timestamp(ask.since)].groupby("partner_plmn")[["num", "den"]].sum()
    figures = add_intervals(inside.reindex(judged["partner_plmn"], fill_value=0.0).reset_index())
    frame = figures.merge(judged, on="partner_plmn")
    people = reader.frame(service.leading, ["partner_plmn"], subscribers=True)[["partner_plmn", "subscribers"]]
    frame = frame.merge(people, on="partner_plmn", how="left").merge(_affected(reader, service, ["partner_plmn"]), on="partner_plmn", how="left")
    frame = _floats(frame, ["subscribers", "affected"]).fillna({"subscribers": 0.0, "affected": 0.0})
    frame = _with_quality(reader, service, frame)
    frame = _with_causes(frame, hours, failures, pd.Timestamp(ask.since), pd.Timestamp(ask.until))
    names = reader.networks.rename(columns={"plmn": "partner_plmn"})
    frame = frame.merge(names[["partner_plmn", "partner_code", "network_name", "country", "country_name", "hub"]], on="partner_plmn", how="left")
    for name in ("partner_code", "network_name"):
        frame[name] = frame[name].where(frame[name].notna(), frame["partner_plmn"])
    frame["country_name"] = frame["country_name"].where(frame["country_name"].notna(), "unknown country")
    bad = frame["verdict"].isin(FAILING)
    ranked = ~frame["verdict"].isin(["too_few", "no_data"])
    # how far below its band, times how many roamers meet it; the square root keeps a hair's breadth at a large partner behind a failure at a small one
    weight = frame["gap"] * np.sqrt(np.maximum(frame["affected"].where(frame["affected"] > 0, frame["subscribers"]), 1))
    shortfall = (frame["value"] - frame["expected"]) / np.maximum(frame["expected_high"] - frame["expected_low"], 1e-9)
    order = pd.DataFrame({"few": ~ranked, "good": ~bad, "weight": -weight.where(bad, 0), "beside": shortfall.where(ranked, 0), "den": -frame["den"], "plmn": frame["partner_plmn"]})
    frame = frame.loc[order.sort_values(["few", "good", "weight", "beside", "den", "plmn"], kind="stable").index].reset_index(drop=True)
    frame["note"] = [_hub_note(one, hubs) for one in frame["hub"]]
    place = pd.Series(np.arange(1, len(frame) + 1), dtype="Int64")
    frame["rank"] = place.where(~frame["verdict"].isin(["too_few", "no_data"]))
    return frame[PARTNER_TABLE]


def partner_hours(hours: pd.DataFrame, hubs: pd.DataFrame, reader: RoamingReader) -> pd.DataFrame:
    """The hours of each network without those in which its hub failed."""
    if hubs.empty:
        return hours
    hub_of = hours["partner_plmn"].map(reader.networks.set_index("plmn")["hub"])
    lost = np.zeros(len(hours), bool)
    for row in hubs.itertuples():
        lost |= ((hub_of == row.hub) & (hours["hour"] >= row.since) & (hours["hour"] < row.until)).to_numpy(bool)
    return hours[~lost]


def _hub_note(hub, hubs: pd.DataFrame) -> str:
    spells = [span(row.since, row.until) for row in hubs.itertuples() if row.hub == hub]
    return f"hub {hub} did not answer on {joined(spells)}; judged without" if spells else ""


def _affected(reader: RoamingReader, service: Service, by: list[str]) -> pd.DataFrame:
    """Distinct roamers with a failed episode (of registrations) or a failed trial (of the other services)."""
    if service.code == "registration":
        return reader.frame("roaming_affected_count", by)[[*by, "value"]].rename(columns={"value": "affected"})
    found = reader.failing_roamers(service.leading)
    if by == ["country"]:
        found = found.assign(country=found["partner_plmn"].map(reader.networks.set_index("plmn")["country"]))
    return found.groupby(by)["subscriber_key"].nunique().rename("affected").reset_index()


def _with_quality(reader: RoamingReader, service: Service, frame: pd.DataFrame) -> pd.DataFrame:
    """The level beside the success; a partner that is slow is failing too. Under registration it is shown, not judged."""
    names = {"value": "quality", "low": "quality_low", "high": "quality_high", "expected_low": "quality_expected_low", "expected_high": "quality_expected_high",
             "before": "quality_before", "verdict": "quality_verdict"}
    if service.code == "registration":
        return frame.assign(**{name: np.nan for name in names.values() if name != "quality_verdict"}, quality_verdict="", after=np.nan)
    figures = ["den", "value", "low", "high"]
    total, by_rat, days = (_floats(reader.frame(service.quality, by, since=since), figures) for by, since in (
        (["partner_plmn"], None), (["partner_plmn", "rat"], None), (["partner_plmn", "day"], reader.question.history_since)))
    days["day"] = pd.to_datetime(days["day"])
    level = judge_levels(total, by_rat, days, reader.question.since, service.quality_better)
    frame = frame.merge(level.rename(columns={**names, "gap": "quality_gap", "since": "quality_since"})[["partner_plmn", "quality_gap", "quality_since", *names.values()]], on="partner_plmn", how="left")
    slow = frame["quality_verdict"].isin(["below", "below_peers"]) & ~frame["verdict"].isin(["below", "below_peers"])
    frame["verdict"] = frame["verdict"].mask(slow, frame["quality_verdict"].map({"below": "slow", "below_peers": "slow_peers"}))
    frame["gap"] = np.maximum(frame["gap"], frame["quality_gap"].fillna(0))
    frame["since"] = frame["since"].where(~slow, frame["quality_since"])
    return frame.assign(after=np.nan)


def _with_causes(frame: pd.DataFrame, hours: pd.DataFrame, failures: Failures, since: pd.Timestamp, until: pd.Timestamp) -> pd.DataFrame:
    """The cause that grew most at each partner: since its change, else over the period, against what it had before."""
    by_hours = dict(iter(hours.groupby("partner_plmn")))
    by_failures = {name: Failures(part, failures.meanings) for name, part in failures.counts.groupby("partner_plmn")}
    none = Failures(failures.counts.iloc[:0], failures.meanings)
    rows, begun = [], []
    for row in frame.itertuples():
        mine, failed = by_hours[row.partner_plmn], by_failures.get(row.partner_plmn, none)
        split = since if pd.isna(row.since) or row.verdict in ("slow", "slow_peers") else pd.Timestamp(row.since)
        counted = count_causes(failed, mine, begin=mine["hour"].min(), split=split, end=until)
        first = leading_cause(counted)
        inside = failed.counts.loc[failed.counts["hour"] >= since, "rejects"].sum()
        if row.verdict in ("slow", "slow_peers"):
            first = {}  # what few rejects there are is not why it is slow
        rows.append({"cause": first.get("cause", ""), "cause_meaning": first.get("cause_meaning") or "", "area": first.get("area_code") or "",
                     "side": first.get("fault_side_code") or "", "first_action": first.get("first_action") or "", "rejects": int(inside)})
        if first and row.verdict == "below" and not pd.isna(row.since):
            split = begin_of_cause(failed, mine, first, split)
        late, early = mine[(mine["hour"] >= split) & (mine["hour"] < until)], mine[mine["hour"] < split]
        is_change = not pd.isna(row.since) and row.verdict == "below"
        begun.append({"since": split if is_change else row.since, "before": early["num"].sum() / early["den"].sum() if is_change and early["den"].sum() else row.before,
                      "after": late["num"].sum() / late["den"].sum() if is_change and late["den"].sum() else np.nan})
    more = pd.DataFrame(rows, index=frame.index, columns=["cause", "cause_meaning", "area", "side", "first_action", "rejects"])
    times = pd.DataFrame(begun, index=frame.index, columns=["since", "before", "after"])
    return pd.concat([frame.drop(columns=["since", "before", "after"]), times.assign(since=pd.to_datetime(times["since"])), more], axis=1)


def country_table(reader: RoamingReader, service: Service, partners: pd.DataFrame) -> pd.DataFrame:
    """Success by country with its expected band, for the map and for who reads the table instead."""
    ask = reader.question
    hours = reader.frame(service.country, ["country", "hour"], since=ask.history_since)
    hours = hours[hours["country"].notna()].rename(columns={"country": "partner_plmn"})
    together = failures_go_together(reader.failing_roamers(service.country, "country_code"))
    frame = judge_networks(hours[["partner_plmn", "hour", "num", "den"]], ask.since, ask.until, together).rename(columns={"partner_plmn": "country"})
    people = reader.frame(service.country, ["country"], subscribers=True)[["country", "subscribers"]]
    frame = frame.merge(people, on="country", how="left").merge(_affected(reader, service, ["country"]), on="country", how="left")
    frame = _floats(frame, ["subscribers", "affected"]).fillna({"subscribers": 0.0, "affected": 0.0})
    names = reader.networks.drop_duplicates("country").set_index("country")["country_name"]
    frame["country_name"] = frame["country"].map(names).fillna(frame["country"])
    failing = partners[partners["verdict"].isin(FAILING)].groupby("country")["partner_plmn"].agg(list)
    frame["failing"] = [failing.get(one, []) for one in frame["country"]]
    order = {"below": 0, "below_peers": 1, "within": 2, "above": 3, "too_few": 4, "no_data": 5}
    return frame.assign(order=frame["verdict"].map(order)).sort_values(["order", "value", "country"], kind="stable")[COUNTRY_TABLE].reset_index(drop=True)


