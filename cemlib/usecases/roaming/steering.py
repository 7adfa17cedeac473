"""Where our roamers register against where we want them: the preferred network's share of registrations and its target."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.usecases.roaming.reader import RoamingReader

__all__ = ["STEERING_KPIS", "STEERING_TABLE", "against_target"]

STEERING_KPIS = ("roaming_steering_share_ratio", "roaming_steering_target_mean")
STEERING_TABLE = ["country", "country_name", "partner_plmn", "network_name", "num", "den", "value", "low", "high", "state", "target", "difference", "verdict"]


def against_target(reader: RoamingReader) -> pd.DataFrame:
    """Each country's share on its preferred network against the target; empty where nothing is steered or targets are missing.

    Returns
    -------
    DataFrame
        Of :data:`STEERING_TABLE`. den: successful registrations in the country; verdict: under, on, over (the target lies outside
        the interval), too_few.
    """
    if reader.question.direction != "outbound" or not reader.has("steering_target"):
        return pd.DataFrame(columns=STEERING_TABLE)
    figures = reader.frame(STEERING_KPIS, ["country", "preferred_plmn"])
    figures = figures[figures["preferred_plmn"].notna() & figures["country"].notna()]
    share = figures[figures["kpi_code"] == STEERING_KPIS[0]]
    target = figures.loc[figures["kpi_code"] == STEERING_KPIS[1], ["country", "preferred_plmn", "value"]].rename(columns={"value": "target"})
    frame = share.merge(target, on=["country", "preferred_plmn"], how="left").rename(columns={"preferred_plmn": "partner_plmn"})
    names = reader.networks[["plmn", "network_name", "country_name"]].rename(columns={"plmn": "partner_plmn"})
    frame = frame.merge(names, on="partner_plmn", how="left")
    for name in ("num", "den", "value", "low", "high", "target"):
        frame[name] = pd.to_numeric(frame[name], errors="coerce").astype(float)
    frame["difference"] = frame["value"] - frame["target"]
    beside = np.where(frame["high"] < frame["target"], "under", np.where(frame["low"] > frame["target"], "over", "on"))
    frame["verdict"] = np.where((frame["state"] != "ok") | frame["target"].isna(), "too_few", beside)
    order = frame["verdict"].map({"under": 0, "over": 1, "on": 2, "too_few": 3})
    return frame.assign(order=order).sort_values(["order", "difference", "country"], kind="stable")[STEERING_TABLE].reset_index(drop=True)
