"""Where a failure sits: IMSI range, device, radio access and hub, and whether one of them stands out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import chi2

from cemlib.usecases.roaming.judging import add_intervals

__all__ = ["DIMENSIONS", "find_concentration", "judge_values"]

#: Column of the records and its name for a reader.
DIMENSIONS = {"imsi_range_code": "IMSI range", "model_name": "device model", "tac_code": "TAC", "rat_code": "radio access",
              "procedure_code": "procedure", "hub_code": "hub", "partner_plmn_code": "network"}

_LIMIT = 0.001
_SMALLEST_SHARE = 0.5  # a value explains the failure when at least half of the extra rejects sit in it


def judge_values(frame: pd.DataFrame, dimension: str, tested: int) -> pd.DataFrame:
    """The values of one dimension, those that fail more than the rest first.

    Parameters
    ----------
    frame : DataFrame
        value_code, num, den, subscribers.
    dimension : str
        One of :data:`DIMENSIONS`.
    tested : int
        How many values are looked at in all dimensions together; the limit of surprise is divided by it.

    Returns
    -------
    DataFrame
        dimension, value_code, num, den, subscribers, value, low, high, state, failed_share (of all rejects), attempt_share,
        excess_share (of the rejects beyond what the rest of the values has), stands_out.
    """
    frame = add_intervals(frame.assign(dimension=DIMENSIONS[dimension], value_code=frame["value_code"].astype(object).where(frame["value_code"].notna(), "unknown").astype(str)))
    failed, den = frame["den"] - frame["num"], frame["den"]
    all_failed, all_den = float(failed.sum()), float(den.sum())
    frame["failed_share"] = failed / all_failed if all_failed else 0.0
    frame["attempt_share"] = den / all_den if all_den else 0.0
    rest_den = all_den - den
    rest_rate = np.where(rest_den > 0, (all_failed - failed) / np.where(rest_den > 0, rest_den, 1), np.nan)
    excess = failed - rest_rate * den
    frame["excess_share"] = np.where(all_failed > 0, np.clip(excess, 0, None) / max(all_failed, 1), 0.0)
    llr = _likelihood_ratio(failed.to_numpy(float), den.to_numpy(float), all_failed, all_den)
    surprising = chi2.sf(2 * llr, 1) < _LIMIT / max(tested, 1)
    frame["stands_out"] = surprising & (excess > 0) & (frame["excess_share"] >= _SMALLEST_SHARE) & (frame["state"] != "no_data")
    columns = ["dimension", "value_code", "num", "den", "subscribers", "value", "low", "high", "state", "failed_share", "attempt_share", "excess_share", "stands_out"]
    return frame[columns].sort_values(["stands_out", "excess_share", "den"], ascending=[False, False, False]).reset_index(drop=True)


def _likelihood_ratio(failed: np.ndarray, den: np.ndarray, all_failed: float, all_den: float) -> np.ndarray:
    def part(x, n):
        rate = np.clip(x / np.maximum(n, 1), 1e-12, 1 - 1e-12)
        return x * np.log(rate) + (n - x) * np.log1p(-rate)

    return np.maximum(part(failed, den) + part(all_failed - failed, all_den - den) - part(all_failed, all_den), 0)


def find_concentration(drill: pd.DataFrame) -> dict:
    """The one value in which the failure sits most; empty when it is spread evenly.

    Returns
    -------
    dict
        dimension, value_code, excess_share, value, and ``also``: other values (of other dimensions) that stand out too.
    """
    # much of the failure in little of the traffic: "4G" with three quarters of all attempts says less than one IMSI range
    found = drill[drill["stands_out"]].assign(lift=lambda one: one["excess_share"] * (1 - one["attempt_share"]))
    found = found.sort_values("lift", ascending=False, kind="stable")
    if found.empty:
        return {}
    first = found.iloc[0]
    others = found.iloc[1:]
    return {"dimension": first["dimension"], "value_code": first["value_code"], "excess_share": float(first["excess_share"]),
            "value": float(first["value"]), "also": [f"{row.dimension} {row.value_code}" for row in others.itertuples()]}
