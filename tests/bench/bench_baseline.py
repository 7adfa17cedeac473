"""False alarms and power of the beta-binomial baseline: prints the table.

Each history is drawn afresh; the overdispersion is estimated from it. "alone": each entity is fitted by itself, so that the
error of its own estimate counts in full; "together": as many entities lean on each other. "worst" is the entity whose
limit came out nearest, as the exact probability of an alarm in multiples of the nominal one (counting alarms would add the
noise of counting). "dirty": 10 of the 30 days of the past ran at 87 %.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from cemlib.analysis import BetaBinomialBaseline, find_change
from cemlib.analysis.betabinomial import beta_shape, tail_parts

VOLUMES = (5, 20, 100, 1000, 20000)


def draw(rng: np.random.Generator, rate: float, rho: float, den: np.ndarray) -> np.ndarray:
    """Successes of bins of these volumes."""
    a, b = beta_shape(rate, rho)
    return rng.binomial(den, rng.beta(a, b, size=den.shape))


def measure(volume: int, entities: int, hours: int, together: bool, dirty: bool, seed: int, alpha: float = 0.001) -> dict:
    """One row of the table."""
    rng = np.random.default_rng(seed)
    bins = (30 if dirty else 28) * 24
    den = rng.poisson(volume, size=(entities, bins)) if volume < 100 else np.full((entities, bins), volume)
    num = draw(rng, 0.97, 0.002, den)
    if dirty:
        num[:, 20 * 24:] = draw(rng, 0.87, 0.002, den[:, 20 * 24:])
    names = np.repeat(np.arange(entities), bins)
    history = pd.DataFrame({"entity": names, "num": num.ravel(), "den": den.ravel()})
    null, low, lower = (draw(rng, rate, 0.002, np.full((entities, hours), volume)) for rate in (0.97, 0.90, 0.80))
    counts_near = np.arange(max(int(volume * 0.85) - 5, 0), int(volume * 0.97) + 1)[:: max(volume // 1000, 1)]
    groups = [history] if together else [part for _, part in history.groupby("entity")]
    fits = {entity: base for part in groups for base in [BetaBinomialBaseline(alpha).fit(part)] for entity in part["entity"].unique()}
    found = {"alarms": [], "to_90": [], "to_80": [], "exact": []}
    for entity in range(entities):
        for name, counts in (("alarms", null), ("to_90", low[:, :200]), ("to_80", lower[:, :200])):
            frame = pd.DataFrame({"entity": entity, "num": counts[entity], "den": volume})
            found[name].append((fits[entity].judge(frame)["verdict"] == "below").mean())
        near = fits[entity].judge(pd.DataFrame({"entity": entity, "num": counts_near, "den": volume}))
        limit = counts_near[(near["verdict"] == "below").to_numpy()].max(initial=-1)
        found["exact"].append(sum(tail_parts([limit], [volume], 0.97, 0.002))[0] if limit >= 0 else 0.0)
    rates, exact = np.array(found["alarms"]) / alpha, np.array(found["exact"]) / alpha
    return {"volume": volume, "fit": "together" if together else "alone", "past": "dirty" if dirty else "clean",
            "hours": entities * hours, "alarms / nominal": rates.mean().round(2), "exact": exact.mean().round(2), "worst": exact.max().round(2),
            "power to 90 %": np.mean(found["to_90"]).round(3), "power to 80 %": np.mean(found["to_80"]).round(3)}


def measure_change(volume: int, series: int, seed: int) -> dict:
    """False and true change points in series of 720 hours; the true one falls from 97 to 90 % at hour 480."""
    rng = np.random.default_rng(seed)
    den = np.full(720, volume)
    false = sum(find_change(range(720), draw(rng, 0.97, 0.002, den), den, alpha=0.05) is not None for _ in range(series))
    off = []
    for _ in range(series):
        num = np.concatenate([draw(rng, 0.97, 0.002, den[:480]), draw(rng, 0.90, 0.002, den[480:])])
        found = find_change(range(720), num, den)
        off.append(np.nan if found is None else abs(found.at - 480))
    return {"volume": volume, "series": series, "false at .05": false / series, "found": np.isfinite(off).mean().round(3),
            "within 2 bins": (np.nan_to_num(off, nan=99) <= 2).mean().round(3)}


def run(size: int) -> list[dict]:
    """The alarm rates and the power, as rows of the common table; the size of the operator does not matter here."""
    rows = []
    for volume in VOLUMES:
        found = measure(volume, 10, 2000, True, False, 7 + volume)
        rows += [{"name": f"{name}, {volume} calls/h", "value": float(found[name]), "unit": "1"} for name in ("alarms / nominal", "power to 90 %")]
    return rows


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=100)
    parser.add_argument("--hours", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}")
    rows = [measure(volume, given.entities, given.hours, together, dirty, given.seed + volume)
            for dirty in (False, True) for together in (False, True) for volume in VOLUMES]
    print(pd.DataFrame(rows).to_string(index=False))
    print(pd.DataFrame([measure_change(volume, 200, given.seed + volume) for volume in VOLUMES[:4]]).to_string(index=False))


if __name__ == "__main__":
    main()
