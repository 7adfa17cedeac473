"""What is true of a demo operator, in numbers counted from its own records: for tests and a grader, never for an analysis."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from cemlib.twin.causes import CAUSES
from cemlib.twin.faults import FAULTS, Faults
from cemlib.twin.season import DAY_MS
from cemlib.twin.signalling import Attempts
from cemlib.twin.world import PERIOD_START, World

__all__ = ["collect_truth", "write_truth"]


def _iso(ms: int) -> str:
    return (PERIOD_START + pd.Timedelta(int(ms), "ms")).strftime("%Y-%m-%dT%H:%M:%SZ")


def _share(part: np.ndarray, whole: np.ndarray) -> float | None:
    return round(float((part & whole).sum() / whole.sum()), 6) if whole.any() else None


def collect_truth(world: World, people: pd.DataFrame, days: pd.DataFrame, tries: Attempts, hit: np.ndarray, faults: Faults) -> dict:
    """The period, each planted fact with where, when and how much, and each network's attempts.

    Parameters
    ----------
    world, people, days, tries : World, DataFrame, DataFrame, Attempts
        The operator as it was built; counts are of attempts made, whether their records arrived in time or not.
    hit : numpy.ndarray
        Which persons the profile change hit.
    faults : Faults
    """
    own, person = days["is_own"].to_numpy()[tries.rd], days["person"].to_numpy()[tries.rd]
    plmn = world.networks["plmn"].to_numpy()[tries.plmn_row]
    code = np.array([row[2] for row in CAUSES])[tries.cause]
    failed, lte = tries.failed, tries.rat == 2
    s6a = own & lte & (plmn == faults.s6a_plmn)
    after = tries.at >= faults.s6a_from
    not_steered = code == "5004"
    not_steered &= ~tries.is_steered
    ranges = people["imsi_range"].to_numpy()[person] == faults.s6a_imsi_range
    hub_row = (world.networks["hub"] == faults.hub).to_numpy()
    hub_from, hub_until = faults.hub_window
    in_hub_hour = hub_row[tries.plmn_row] & (tries.at >= hub_from) & (tries.at < hub_until)
    burst_from, burst_until = faults.burst_window
    in_burst = own & (plmn == faults.burst_plmn) & (tries.at >= burst_from) & (tries.at < burst_until)
    small = own & (plmn == faults.small_plmn) & (tries.at >= faults.last_week)
    silent, day_own = days["is_silent"].to_numpy(), days["is_own"].to_numpy()
    at_silent = day_own & (world.networks["plmn"].to_numpy()[days["plmn_row"].to_numpy()] == faults.silent_plmn)

    def row(name: str) -> dict:
        one = world.networks.iloc[world.row_of(name)]
        return {"plmn": name, "partner": one["partner"], "network": one["network"], "country": one["country"], "hub": one["hub"]}

    facts = {
        "s6a_reject": {**row(faults.s6a_plmn), "from": _iso(faults.s6a_from), "until": _iso(faults.end), "direction": "OUT", "rat": "4G",
                       "cause": "5004", "protocol": "diameter_3gpp", "is_steering": False, "imsi_range": faults.s6a_imsi_range,
                       "subscribers": int(hit.sum()), "attempts": int((s6a & after).sum()), "rejects": int((s6a & after & not_steered).sum()),
                       "reject_share": _share(not_steered, s6a & after), "reject_share_before": _share(not_steered, s6a & ~after),
                       "reject_share_in_range": _share(not_steered, s6a & after & ranges), "reject_share_other_ranges": _share(not_steered, s6a & after & ~ranges)},
        "slow_data": {**row(faults.slow_plmn), "from": _iso(faults.slow_from), "until": _iso(faults.end), "direction": "OUT",
                      "factor": faults.slow_factor, "columns": ["rtt_ms", "dns_ms", "dl_mbps"]},
        "hub_outage": {"hub": faults.hub, "from": _iso(hub_from), "until": _iso(hub_until), "causes": ["no_answer", "3002"], "strength": faults.hub_strength,
                       "plmns": world.networks["plmn"][hub_row].tolist(), "attempts": int(in_hub_hour.sum()), "failed": int((in_hub_hour & failed).sum())},
        "steering_burst": {**row(faults.burst_plmn), "is_fault": False, "from": _iso(burst_from), "until": _iso(burst_until), "cause": "5004",
                           "attempts": int(in_burst.sum()), "steering_rejects": int((in_burst & tries.is_steered).sum()),
                           "preferred_plmn": _preferred(world, faults.burst_plmn)},
        "small_partner": {**row(faults.small_plmn), "is_fault": False, "from": _iso(faults.last_week), "attempts": int(small.sum()),
                          "failed": int((small & failed).sum()), "attempts_in_period": int((own & (plmn == faults.small_plmn)).sum())},
        "silent_roamers": {**row(faults.silent_plmn), "added_share": faults.silent_share, "roamer_days": int(at_silent.sum()),
                           "silent_share": _share(silent, at_silent), "silent_share_elsewhere": _share(silent, day_own & ~at_silent)},
        "indoor_4g": {"state": faults.region, "operator": world.operators["operator"][0], "network": "4G", "place": "indoor", "level": faults.region_level,
                      "states_too_few": world.regions.loc[world.regions["share"] < 0.005, "state"].tolist()},
    }
    return {
        "period": {"from": _iso(0), "until": _iso(world.days * DAY_MS), "days": world.days},
        "planted": {name: {"what": what, **facts[name]} for name, what in FAULTS.items() if faults.has(name)},
        "networks": [_network(world, number, tries, own, failed) for number in range(len(world.networks))],
    }


def _preferred(world: World, plmn: str) -> str:
    country = world.networks["country"][world.row_of(plmn)]
    return world.networks.loc[(world.networks["country"] == country) & world.networks["is_preferred"], "plmn"].iloc[0]


def _network(world: World, row: int, tries: Attempts, own: np.ndarray, failed: np.ndarray) -> dict:
    here = tries.plmn_row == row
    target = world.networks["target"][row]
    return {
        "plmn": world.networks["plmn"][row], "target_share": None if np.isnan(target) else round(float(target), 4), "reached_share": round(float(world.networks["share"][row]), 4),
        "outbound": {"attempts": int((here & own).sum()), "success_ratio": _share(~failed, here & own), "unsteered_success_ratio": _share(~failed, here & own & ~tries.is_steered)},
        "inbound": {"attempts": int((here & ~own).sum()), "success_ratio": _share(~failed, here & ~own)},
    }


def write_truth(path: Path, truth: dict) -> None:
    """Write the truth as JSON; per file: records, and bad records by the reason for which a reader must refuse them."""
    files = {file.path: {"records": file.records, "bad": sum(file.bad.values()), "reasons": file.bad} for file in truth["files"]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**truth, "files": files}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
