"""What is true of a demo operator, in numbers counted from its own records: for tests and a grader, never for an analysis."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from cemlib.twin.causes import CAUSES
from cemlib.twin.faults import FAULTS, Faults
from cemlib.twin.season import DAY_MS
from cemlib.twin.signalling import Attempts
from cemlib.twin.world import PERIOD_START, World

__all__ = ["count_truth", "iso", "tell_truth", "write_truth"]


def iso(ms: float) -> str:
    """An instant of the period as ISO 8601."""
    return (PERIOD_START + pd.Timedelta(int(ms), "ms")).strftime("%Y-%m-%dT%H:%M:%SZ")


def count_truth(world: World, people: pd.DataFrame, days: pd.DataFrame, tries: Attempts, hit: np.ndarray, faults: Faults) -> Counter:
    """Attempts, failures and silent days of a block, by what they are told for; the counts of several blocks add up.

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
    failed, unsteered = tries.failed, ~tries.is_steered
    barred = (np.array([row[2] for row in CAUSES])[tries.cause] == "5004") & unsteered
    s6a = own & (tries.rat == 2) & (plmn == faults.s6a_plmn)
    after = tries.at >= faults.s6a_from
    in_range = people["imsi_range"].to_numpy()[person] == faults.s6a_imsi_range
    hub_from, hub_until = faults.hub_window
    in_hub_hour = (world.networks["hub"] == faults.hub).to_numpy()[tries.plmn_row] & (tries.at >= hub_from) & (tries.at < hub_until)
    burst_from, burst_until = faults.burst_window
    in_burst = own & (plmn == faults.burst_plmn) & (tries.at >= burst_from) & (tries.at < burst_until)
    small = own & (plmn == faults.small_plmn)
    silent, day_own = days["is_silent"].to_numpy(), days["is_own"].to_numpy()
    at_silent = day_own & (world.networks["plmn"].to_numpy()[days["plmn_row"].to_numpy()] == faults.silent_plmn)
    found = Counter({name: int(rows.sum()) for name, rows in {
        "s6a.subscribers": hit, "s6a.attempts": s6a & after, "s6a.rejects": s6a & after & barred, "s6a.attempts_before": s6a & ~after,
        "s6a.rejects_before": s6a & ~after & barred, "s6a.attempts_in_range": s6a & after & in_range, "s6a.rejects_in_range": s6a & after & in_range & barred,
        "hub.attempts": in_hub_hour, "hub.failed": in_hub_hour & failed, "burst.attempts": in_burst, "burst.steered": in_burst & ~unsteered,
        "small.attempts": small & (tries.at >= faults.last_week), "small.failed": small & (tries.at >= faults.last_week) & failed, "small.all": small,
        "silent.days": at_silent, "silent.silent": at_silent & silent, "elsewhere.days": day_own & ~at_silent, "elsewhere.silent": day_own & ~at_silent & silent,
    }.items()})
    for what, rows in (("outbound", own), ("unsteered", own & unsteered), ("inbound", ~own)):
        for part, chosen in (("attempts", rows), ("good", rows & ~failed)):
            found.update({f"{row}.{what}.{part}": int(count) for row, count in enumerate(np.bincount(tries.plmn_row[chosen], minlength=len(world.networks)))})
    return found


def tell_truth(world: World, faults: Faults, count: Counter) -> dict:
    """The period, each planted fact with where, when and how much, and each network's attempts, from the counts of all blocks."""
    hub_from, hub_until = faults.hub_window
    burst_from, burst_until = faults.burst_window

    def row(name: str) -> dict:
        one = world.networks.iloc[world.row_of(name)]
        return {"plmn": name, "partner": one["partner"], "network": one["network"], "country": one["country"], "hub": one["hub"]}

    def share(part: str, whole: str) -> float | None:
        return round(count[part] / count[whole], 6) if count[whole] else None

    others = {"rejects": count["s6a.rejects"] - count["s6a.rejects_in_range"], "attempts": count["s6a.attempts"] - count["s6a.attempts_in_range"]}
    facts = {
        "s6a_reject": {**row(faults.s6a_plmn), "from": iso(faults.s6a_from), "until": iso(faults.end), "direction": "OUT", "rat": "4G",
                       "cause": "5004", "protocol": "diameter_3gpp", "is_steering": False, "imsi_range": faults.s6a_imsi_range,
                       "subscribers": count["s6a.subscribers"], "attempts": count["s6a.attempts"], "rejects": count["s6a.rejects"],
                       "reject_share": share("s6a.rejects", "s6a.attempts"), "reject_share_before": share("s6a.rejects_before", "s6a.attempts_before"),
                       "reject_share_in_range": share("s6a.rejects_in_range", "s6a.attempts_in_range"),
                       "reject_share_other_ranges": round(others["rejects"] / others["attempts"], 6) if others["attempts"] else None},
        "slow_data": {**row(faults.slow_plmn), "from": iso(faults.slow_from), "until": iso(faults.end), "direction": "OUT",
                      "factor": faults.slow_factor, "columns": ["rtt_ms", "dns_ms", "dl_mbps"]},
        "hub_outage": {"hub": faults.hub, "from": iso(hub_from), "until": iso(hub_until), "causes": ["no_answer", "3002"], "strength": faults.hub_strength,
                       "plmns": world.networks["plmn"][world.networks["hub"] == faults.hub].tolist(), "attempts": count["hub.attempts"], "failed": count["hub.failed"]},
        "steering_burst": {**row(faults.burst_plmn), "is_fault": False, "from": iso(burst_from), "until": iso(burst_until), "cause": "5004",
                           "attempts": count["burst.attempts"], "steering_rejects": count["burst.steered"], "preferred_plmn": _preferred(world, faults.burst_plmn)},
        "small_partner": {**row(faults.small_plmn), "is_fault": False, "from": iso(faults.last_week), "attempts": count["small.attempts"],
                          "failed": count["small.failed"], "attempts_in_period": count["small.all"]},
        "silent_roamers": {**row(faults.silent_plmn), "added_share": faults.silent_share, "roamer_days": count["silent.days"],
                           "silent_share": share("silent.silent", "silent.days"), "silent_share_elsewhere": share("elsewhere.silent", "elsewhere.days")},
        "indoor_4g": {"state": faults.region, "operator": world.operators["operator"][0], "network": "4G", "place": "indoor", "level": faults.region_level,
                      "states_too_few": world.regions.loc[world.regions["share"] < 0.005, "state"].tolist()},
    }
    return {
        "period": {"from": iso(0), "until": iso(world.days * DAY_MS), "days": world.days},
        "planted": {name: {"what": what, **facts[name]} for name, what in FAULTS.items() if faults.has(name)},
        "networks": [_network(world, number, count, share) for number in range(len(world.networks))],
    }


def _preferred(world: World, plmn: str) -> str:
    country = world.networks["country"][world.row_of(plmn)]
    return world.networks.loc[(world.networks["country"] == country) & world.networks["is_preferred"], "plmn"].iloc[0]


def _network(world: World, row: int, count: Counter, share) -> dict:
    target = world.networks["target"][row]
    ratios = {what: share(f"{row}.{what}.good", f"{row}.{what}.attempts") for what in ("outbound", "unsteered", "inbound")}
    return {
        "plmn": world.networks["plmn"][row], "target_share": None if np.isnan(target) else round(float(target), 4), "reached_share": round(float(world.networks["share"][row]), 4),
        "outbound": {"attempts": count[f"{row}.outbound.attempts"], "success_ratio": ratios["outbound"], "unsteered_success_ratio": ratios["unsteered"]},
        "inbound": {"attempts": count[f"{row}.inbound.attempts"], "success_ratio": ratios["inbound"]},
    }


def write_truth(path: Path, truth: dict) -> None:
    """Write the truth as JSON; per file: records, and bad records by the reason for which a reader must refuse them."""
    files = {file.path: {"records": file.records, "bad": sum(file.bad.values()), "reasons": file.bad} for file in truth["files"]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**truth, "files": files}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
