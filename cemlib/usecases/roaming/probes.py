"""Passive beside active: what our roamers met and what the test probes met, reconciled by named class."""

from __future__ import annotations

import pandas as pd

from cemlib.analysis import BetaBinomialBaseline

__all__ = ["PROBE_TABLE", "reconcile"]

PROBE_TABLE = ["partner_plmn", "network_name", "country", "step", "tests", "value", "low", "high", "state", "active", "passive", "passive_value", "match_class_code", "meaning"]

_ALPHA = 0.01
_LEAST = 5  # fewer tests say nothing, however they went
_MEANING = {
    "both_ok": "roamers and probes are served",
    "both_bad": "probes fail or are slow as our roamers do: it lies with the network or the way to it",
    "passive_only_bad": "probes are served where our roamers are not: it depends on who asks (IMSI range, profile, device)",
    "active_only_bad": "probes fail where our roamers are served: look at the probe or its SIM first",
    "unmatched": "too few tests or too few roamers to compare",
}


def reconcile(tests: pd.DataFrame, past: pd.DataFrame, partners: pd.DataFrame, slow: dict[str, str] | None = None) -> pd.DataFrame:
    """Class each probed network and step.

    Parameters
    ----------
    tests : DataFrame
        partner_plmn, step, num, den, value, low, high, state of the active tests in the period.
    past : DataFrame
        partner_plmn, step, num, den over past and period: what tests of this step are like everywhere.
    partners : DataFrame
        partner_plmn, network_name, country, value, verdict of the passive side.
    slow : dict, optional
        Networks that are slow for our roamers, with what the probes' downloads say: bad, ok, too_few. It goes for the step http.

    Returns
    -------
    DataFrame
        Of :data:`PROBE_TABLE`. ``active`` is ok, bad or too_few, ``passive`` the same.
    """
    rows = []
    for step, part in tests.groupby("step"):
        usual = past[past["step"] == step].groupby("partner_plmn")[["num", "den"]].sum().reset_index(drop=True)
        usual = usual[usual["den"] > 0]
        if usual.empty:
            continue
        base = BetaBinomialBaseline(_ALPHA, rare=0).fit(usual.assign(entity="probes"))
        judged = base.judge(part.assign(entity="probes")[["entity", "num", "den"]])
        active = judged["verdict"].map({"below": "bad", "within": "ok", "above": "ok"}).fillna("too_few")
        active = active.where(part["den"] >= _LEAST, "too_few")
        rows.append(part.assign(active=active, tests=part["den"]))
    if not rows:
        return pd.DataFrame(columns=PROBE_TABLE)
    side = partners[["partner_plmn", "network_name", "country", "value", "verdict"]].rename(columns={"value": "passive_value"})
    frame = pd.concat(rows).merge(side, on="partner_plmn", how="left")
    frame["passive"] = frame["verdict"].map({"below": "bad", "below_peers": "bad", "within": "ok", "above": "ok", "slow": "ok", "slow_peers": "ok"}).fillna("too_few")
    for plmn, active in (slow or {}).items():
        mine = (frame["partner_plmn"] == plmn) & (frame["step"] == "http")
        frame.loc[mine, ["active", "passive"]] = [active, "bad"]
    frame["match_class_code"] = [_class(one.passive, one.active) for one in frame.itertuples()]
    frame["meaning"] = frame["match_class_code"].map(_MEANING)
    order = frame["match_class_code"].map({"both_bad": 0, "passive_only_bad": 1, "active_only_bad": 2, "both_ok": 3, "unmatched": 4})
    return frame.assign(order=order).sort_values(["order", "value", "partner_plmn"], kind="stable")[PROBE_TABLE].reset_index(drop=True)


def _class(passive: str, active: str) -> str:
    if "too_few" in (passive, active):
        return "unmatched"
    return {("ok", "ok"): "both_ok", ("bad", "bad"): "both_bad", ("bad", "ok"): "passive_only_bad", ("ok", "bad"): "active_only_bad"}[passive, active]
