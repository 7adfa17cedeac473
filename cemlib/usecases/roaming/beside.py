"""What stands beside the partners: hub incidents, steering that was no failure, silent roamers, active tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.analysis import BetaBinomialBaseline
from cemlib.enrich import windows
from cemlib.usecases.roaming.causes import Failures
from cemlib.usecases.roaming.incidents import find_hub_incidents, find_steering_bursts, success_elsewhere
from cemlib.usecases.roaming.judging import ALPHA
from cemlib.usecases.roaming.probes import PROBE_TABLE, reconcile
from cemlib.usecases.roaming.reader import RoamingReader
from cemlib.usecases.roaming.services import Service
from cemlib.usecases.roaming.slowness import compare_probes

__all__ = ["active_tests", "find_ruled_out", "hub_incidents", "silent_roamers"]

_RULED_OUT = ["partner_plmn", "network_name", "country", "country_name", "since", "until", "attempts", "steered", "usual_share", "elsewhere", "minutes"]
_SILENT = ["partner_plmn", "network_name", "country", "country_name", "num", "den", "value", "low", "high", "state", "expected_low", "expected_high", "subscribers", "verdict"]
_ATTEMPTS = ("roaming_registration_steering_ratio",)


def hub_incidents(reader: RoamingReader, hours: pd.DataFrame, failures: Failures) -> pd.DataFrame:
    """Hubs that stopped answering in the period."""
    hub_of = reader.networks.set_index("plmn")["hub"]
    return find_hub_incidents(hours.assign(hub=hours["partner_plmn"].map(hub_of)), failures.of_side("interconnect"), reader.question.since, reader.question.until)


def find_ruled_out(reader: RoamingReader, service: Service) -> pd.DataFrame:
    """Bursts of rejects on purpose, with the share of roamers who got in elsewhere: so many minutes as an episode may pause."""
    ask = reader.question
    if service.code != "registration" or ask.direction != "outbound":
        return pd.DataFrame(columns=_RULED_OUT)
    hours = reader.frame(_ATTEMPTS, ["partner_plmn", "hour"], since=ask.history_since).rename(columns={"num": "steered"})
    hours = hours[hours["partner_plmn"].notna()].astype({"steered": float, "den": float})
    found = find_steering_bursts(hours[["partner_plmn", "hour", "den", "steered"]], ask.since, ask.until)
    names = reader.networks.rename(columns={"plmn": "partner_plmn"})
    found = found.merge(names[["partner_plmn", "network_name", "country", "country_name"]], on="partner_plmn", how="left")
    minutes = windows().episode_gap_min
    shares = []
    for row in found.itertuples():
        cell = {"since": row.since.to_pydatetime(), "until": (row.until + pd.Timedelta(minutes=minutes)).to_pydatetime()}
        tries = reader.records("registration", ["subscriber_key", "attempted_at", "is_success", "is_steering_reject", "partner_plmn_code"], where={"country_code": row.country}, **cell)
        rejects = tries[(tries["partner_plmn_code"] == row.partner_plmn) & tries["is_steering_reject"].astype(bool) & (tries["attempted_at"] < row.until)]
        shares.append(success_elsewhere(rejects, tries[tries["partner_plmn_code"] != row.partner_plmn], minutes))
    found = found.assign(elsewhere=np.array(shares, float), minutes=minutes)
    # where the roamers did not get in elsewhere it was not steering that went well: it is not ruled out
    return found[found["elsewhere"] >= 0.5].sort_values("steered", ascending=False)[_RULED_OUT].reset_index(drop=True)


def silent_roamers(reader: RoamingReader) -> pd.DataFrame:
    """Networks where roamers are registered but use nothing, the most silent first; judged against the other networks."""
    if (not reader.has("attachment") and not reader.has("registration")) or not any(reader.has(one) for one in ("data_session", "voice_call", "message")):
        return pd.DataFrame(columns=_SILENT)
    frame = reader.frame("roaming_silent_ratio", ["partner_plmn"], subscribers=True)
    frame = frame[frame["partner_plmn"].notna() & (frame["den"] > 0)].astype({"num": float, "den": float}).reset_index(drop=True)
    if len(frame) < 8:
        return pd.DataFrame(columns=_SILENT)
    rows = frame.assign(entity="networks")[["entity", "num", "den"]]
    judged = BetaBinomialBaseline(ALPHA, rare=0).fit(rows).judge(rows)
    frame["expected_low"], frame["expected_high"] = judged["low"], judged["high"]
    frame["verdict"] = np.where(frame["state"] == "ok", judged["verdict"], "too_few")
    names = reader.networks.rename(columns={"plmn": "partner_plmn"})
    frame = frame.merge(names[["partner_plmn", "network_name", "country", "country_name"]], on="partner_plmn", how="left")
    order = frame["verdict"].map({"above": 0, "within": 1, "below": 2}).fillna(3)
    return frame.assign(order=order).sort_values(["order", "value"], ascending=[True, False], kind="stable")[_SILENT].reset_index(drop=True)


def active_tests(reader: RoamingReader, service: Service, partners: pd.DataFrame) -> pd.DataFrame:
    """Active tests beside what the roamers met; tests of SIMs that are steered say nothing about the network."""
    if not reader.has("probe_test"):
        return pd.DataFrame(columns=PROBE_TABLE)
    where = {"observation_code": "active", "step_code": list(service.steps), "is_steered": ("!=", True)}
    tests = reader.frame("probe_step_success_ratio", ["partner_plmn", "step"], where=where)
    tests = tests[tests["partner_plmn"].notna() & (tests["den"] > 0)].astype({"num": float, "den": float}).reset_index(drop=True)
    past = reader.frame("probe_step_success_ratio", ["partner_plmn", "step"], where=where, since=reader.question.history_since)
    if tests.empty:
        return pd.DataFrame(columns=PROBE_TABLE)
    slow = partners[partners["verdict"].isin(["slow", "slow_peers"])] if "http" in service.steps else partners.iloc[:0]
    fell = {row.partner_plmn: compare_probes(reader, row.partner_plmn, row.since) for row in slow.itertuples()}
    return reconcile(tests, past[past["den"] > 0].astype({"num": float, "den": float}), partners, fell)
