"""What many partners share: a hub that stopped answering; and what looks like a failure but is not: rejects on purpose."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from cemlib.analysis import BetaBinomialBaseline
from cemlib.usecases.roaming.judging import coarser

__all__ = ["HUB_COLUMNS", "STEERING_COLUMNS", "find_hub_incidents", "find_steering_bursts", "success_elsewhere"]

HUB_COLUMNS = ["hub", "since", "until", "partners", "partners_total", "attempts", "unanswered", "ratio", "usual_ratio"]
STEERING_COLUMNS = ["partner_plmn", "since", "until", "attempts", "steered", "usual_share"]

_ALPHA = 1e-4
_HUB_ALPHA = 1e-6  # every hour of every hub is looked at, and one roamer's retries go together
_HUB_LEAST = 0.2  # share of a hub's attempts that fail on the interconnect side in an hour that is worth a word
_HOUR = pd.Timedelta(hours=1)
_PARTNER_FLOOR = 3  # attempts in an hour from which a partner can be seen to have stopped


def _merged(frame: pd.DataFrame, by: str, at: str, size: pd.Timedelta, join: pd.Timedelta) -> pd.DataFrame:
    """Number runs of flagged bins that follow each other: column ``run``."""
    frame = frame.sort_values([by, at])
    new = (frame[by] != frame[by].shift()) | (frame[at] - frame[at].shift() > join + size)
    return frame.assign(run=new.cumsum())


def find_hub_incidents(attempts: pd.DataFrame, unanswered: pd.DataFrame, since: dt.datetime, until: dt.datetime) -> pd.DataFrame:
    """Hours in which the interconnect side failed at several partners of one hub at once.

    Parameters
    ----------
    attempts : DataFrame
        partner_plmn, hub, hour, den over past and period.
    unanswered : DataFrame
        partner_plmn, hour, failed: rejects whose side at fault is the interconnect (no answer, unable to deliver).
    since, until : datetime
        The period in which incidents are reported.

    Returns
    -------
    DataFrame
        Of :data:`HUB_COLUMNS`. ``partners``: networks of the hub that failed, of ``partners_total`` with attempts then.
    """
    frame = attempts[attempts["hub"].notna() & (attempts["den"] > 0)].merge(unanswered, on=["partner_plmn", "hour"], how="left").fillna({"failed": 0})
    if frame.empty:
        return pd.DataFrame(columns=HUB_COLUMNS)
    hubs = frame.groupby(["hub", "hour"])[["den", "failed"]].sum().reset_index()
    hubs = hubs.assign(entity=hubs["hub"], num=hubs["den"] - hubs["failed"], at=hubs["hour"])
    base = BetaBinomialBaseline(_HUB_ALPHA).fit(hubs[["entity", "num", "den", "at"]])
    inside = hubs[(hubs["hour"] >= pd.Timestamp(since)) & (hubs["hour"] < pd.Timestamp(until))].reset_index(drop=True)
    if inside.empty:
        return pd.DataFrame(columns=HUB_COLUMNS)
    judged = base.judge(inside[["entity", "num", "den"]])
    usual = 1 - judged["expected"]
    flagged = inside[(judged["verdict"] == "below") & (inside["failed"] / inside["den"] > np.maximum(3 * usual, _HUB_LEAST))]
    rows = []
    for _, run in _merged(flagged, "hub", "hour", _HOUR, pd.Timedelta(0)).groupby("run"):
        hub = run["hub"].iloc[0]
        part = frame[(frame["hub"] == hub) & frame["hour"].isin(run["hour"])].groupby("partner_plmn")[["den", "failed"]].sum()
        share = part["failed"].sum() / part["den"].sum()
        big = part[part["den"] >= _PARTNER_FLOOR]
        # a partner has failed too when at least a third of the hub's failing share shows at it
        struck = part[(part["failed"] > 0) & (part["failed"] / part["den"] >= share / 3)]
        seen = big.index.intersection(struck.index)
        if len(struck) < 2 or len(seen) < max(2, 0.5 * len(big)):
            continue  # one partner alone is that partner's failure, not the hub's
        rows.append([hub, run["hour"].min(), run["hour"].max() + _HOUR, len(struck), len(part), int(part["den"].sum()), int(part["failed"].sum()), float(share),
                     float(1 - base.expected_.set_index("entity")["rate"][hub])])
    return pd.DataFrame(rows, columns=HUB_COLUMNS).sort_values("since").reset_index(drop=True)


def find_steering_bursts(hours: pd.DataFrame, since: dt.datetime, until: dt.datetime, least: int = 30) -> pd.DataFrame:
    """Spells in which a partner had many more rejects on purpose than usual.

    Parameters
    ----------
    hours : DataFrame
        partner_plmn, hour, den (all attempts), steered (rejected on purpose) over past and period.
    since, until : datetime
    least : int
        Rejects beyond the usual from which a spell is worth a word.

    Returns
    -------
    DataFrame
        Of :data:`STEERING_COLUMNS`.
    """
    bins = coarser(hours.rename(columns={"steered": "num"}), ["partner_plmn"], until, 6)
    bins = bins[bins["den"] > 0].rename(columns={"partner_plmn": "entity"})
    # only a network with a busy enough bin in the period can have a burst
    busy = bins.loc[(bins["at"] >= pd.Timestamp(since)) & (bins["num"] >= least / 2), "entity"].unique()
    bins = bins[bins["entity"].isin(busy)]
    if bins.empty:
        return pd.DataFrame(columns=STEERING_COLUMNS)
    # steering of a partner is all or nothing: its share lies anywhere between 0 and 1, and entities do not lean on each other
    base = BetaBinomialBaseline(_ALPHA, prior_strength=0).fit(bins[["entity", "num", "den", "at"]])
    inside = bins[(bins["at"] >= pd.Timestamp(since)) & (bins["at"] < pd.Timestamp(until))].reset_index(drop=True)
    if inside.empty:
        return pd.DataFrame(columns=STEERING_COLUMNS)
    judged = base.judge(inside[["entity", "num", "den"]])
    flagged = inside.assign(usual=judged["expected"])[(judged["verdict"] == "above").to_numpy()]
    rows = []
    for _, run in _merged(flagged, "entity", "at", 6 * _HOUR, 6 * _HOUR).groupby("run"):
        extra = float((run["num"] - run["usual"] * run["den"]).sum())
        if extra < least:
            continue
        name = run["entity"].iloc[0]
        exact = hours[(hours["partner_plmn"] == name) & (hours["hour"] >= run["at"].min()) & (hours["hour"] < run["at"].max() + 6 * _HOUR)]
        busy = exact[exact["steered"] > exact["den"] * run["usual"].iloc[0] + 2]
        rows.append([name, busy["hour"].min(), busy["hour"].max() + _HOUR, int(exact["den"].sum()), int(exact["steered"].sum()), float(run["usual"].mean())])
    return pd.DataFrame(rows, columns=STEERING_COLUMNS).sort_values("since").reset_index(drop=True)


def success_elsewhere(rejects: pd.DataFrame, tries: pd.DataFrame, minutes: int = 10) -> float:
    """The share of rejects after which the same roamer got in somewhere in the country within so many minutes.

    Parameters
    ----------
    rejects : DataFrame
        subscriber_key, attempted_at.
    tries : DataFrame
        subscriber_key, attempted_at, is_success: all attempts of the country's roamers around that time.

    Examples
    --------
    >>> at = pd.to_datetime(["2026-03-01T10:00", "2026-03-01T10:01", "2026-03-01T11:00"])
    >>> tries = pd.DataFrame({"subscriber_key": ["a", "a", "b"], "attempted_at": at, "is_success": [False, True, False]})
    >>> success_elsewhere(tries[~tries["is_success"]], tries)
    0.5
    """
    if rejects.empty:
        return np.nan
    won = tries.loc[tries["is_success"].fillna(False).astype(bool), ["subscriber_key", "attempted_at"]]
    left, right = (pd.DataFrame({"subscriber_key": one["subscriber_key"].astype(object).to_numpy(), "attempted_at": pd.to_datetime(one["attempted_at"]).to_numpy("datetime64[us]")})
                   .sort_values("attempted_at") for one in (rejects, won))
    right["won_at"] = right["attempted_at"]
    met = pd.merge_asof(left, right, on="attempted_at", by="subscriber_key", direction="forward", tolerance=pd.Timedelta(minutes=minutes))
    return float(met["won_at"].notna().mean())
