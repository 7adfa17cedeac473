"""Which partners are slow or sound bad: a level (median, mean) per partner against its own past and against the others."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from cemlib.analysis import find_level_change
from cemlib.usecases.roaming.judging import ALPHA, ENOUGH

__all__ = ["judge_levels"]

_Z_BAND, _Z_ALARM = 1.96, 3.29
_SMALLEST_SPREAD = 0.03  # partners that agree to 3 % are not told apart by it


def _spread(values: np.ndarray) -> float:
    return float(max(1.4826 * np.median(np.abs(values - np.median(values))), _SMALLEST_SPREAD))


def _expected_of_peers(by_rat: pd.DataFrame) -> pd.DataFrame:
    """What a partner with this mix of radio access would have if it were like the others, on the log scale."""
    usable = by_rat[(by_rat["den"] >= 5) & (by_rat["value"] > 0)].assign(log=lambda one: np.log(one["value"].astype(float)))
    typical = usable.groupby("rat")["log"].median()
    usable = usable.assign(typical=usable["rat"].map(typical))
    weighted = usable.assign(a=usable["typical"] * usable["den"], b=usable["log"] * usable["den"])
    sums = weighted.groupby("partner_plmn")[["a", "b", "den"]].sum()
    return pd.DataFrame({"peers": sums["a"] / sums["den"], "own": sums["b"] / sums["den"]})


def judge_levels(total: pd.DataFrame, by_rat: pd.DataFrame, days: pd.DataFrame, since: dt.datetime, better: str) -> pd.DataFrame:
    """Judge the level of each partner over the period.

    Parameters
    ----------
    total : DataFrame
        partner_plmn, den, value, low, high, state over the period.
    by_rat : DataFrame
        partner_plmn, rat, den, value over the period: partners with much 3G are compared with what 3G gives elsewhere.
    days : DataFrame
        partner_plmn, day, den, value over the past and the period.
    since : datetime
        Begin of the period.
    better : str
        higher or lower.

    Returns
    -------
    DataFrame
        partner_plmn, value, low, high, state, expected, expected_low, expected_high (of the peers, or of its own past where
        that is better), verdict (below means worse), gap (relative), since, before.
    """
    sign = 1.0 if better == "higher" else -1.0
    columns = ["partner_plmn", "den", "value", "low", "high", "state"]
    frame = total[columns].copy()
    if frame.empty:
        return frame.assign(expected=np.nan, expected_low=np.nan, expected_high=np.nan, verdict="no_data", gap=0.0, since=pd.NaT, before=np.nan)
    peers = _expected_of_peers(by_rat)
    enough = frame.set_index("partner_plmn")["den"] >= ENOUGH
    crowd = peers[enough.reindex(peers.index, fill_value=False)]
    spread = _spread((crowd["own"] - crowd["peers"]).to_numpy()) if len(crowd) >= 8 else np.inf
    rows = []
    for row in frame.itertuples(index=False):
        mine = days[(days["partner_plmn"] == row.partner_plmn) & (days["value"] > 0)].sort_values("day")
        log, weight = np.log(mine["value"].to_numpy(float)), mine["den"].to_numpy(float)
        change = find_level_change(mine["day"], log, weight, alpha=ALPHA / len(frame)) if len(mine) else None
        worse = change is not None and sign * (change.after_rate - change.before_rate) < 0
        past = log[(mine["day"] < (change.at if worse else pd.Timestamp(since))).to_numpy()]
        own, own_spread = (float(np.median(past)), _spread(past) * np.sqrt(1 / 7 + 1 / len(past))) if len(past) >= 4 else (np.nan, np.inf)
        peer = peers["peers"].get(row.partner_plmn, np.nan)
        rows.append({"own": own, "own_spread": own_spread, "peers": peer, "peer_spread": spread, "since": change.at if worse else pd.NaT,
                     "before": float(np.exp(change.before_rate)) if worse else np.nan})
    found = pd.DataFrame(rows, index=frame.index)
    log = np.log(frame["value"].astype(float).where(frame["value"].astype(float) > 0))
    below_peers = sign * (log - found["peers"]) < -_Z_ALARM * found["peer_spread"]
    # the partner's own past decides only with a change that is seen in it: days of one week go together
    below_own = (sign * (log - found["own"]) < -_Z_ALARM * found["own_spread"]) & found["since"].notna()
    middle = found["own"].where(below_own | found["peers"].isna(), found["peers"])
    width = _Z_BAND * found["own_spread"].where(below_own | found["peers"].isna(), found["peer_spread"])
    frame["expected"], frame["expected_low"], frame["expected_high"] = np.exp(middle), np.exp(middle - width), np.exp(middle + width)
    frame.loc[~np.isfinite(width), ["expected_low", "expected_high"]] = np.nan
    few = frame["state"].isin(["too_few", "no_data"]) | (frame["den"] < ENOUGH)
    frame["verdict"] = np.where(few, np.where(frame["den"] > 0, "too_few", "no_data"),
                                np.where(below_own, "below", np.where(below_peers, "below_peers", "within")))
    gap = (frame["expected_low"] - frame["high"]) / frame["expected_low"] if better == "higher" else (frame["low"] - frame["expected_high"]) / frame["low"]
    frame["gap"] = gap.astype(float).clip(lower=0).where(frame["verdict"].isin(["below", "below_peers"]), 0.0).fillna(0.0)
    frame["since"], frame["before"] = found["since"].where(below_own | below_peers), found["before"].where(below_own | below_peers)
    return frame
