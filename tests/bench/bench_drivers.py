"""Drivers, asymmetry, knees, leaks and what-if on worlds drawn afresh, and on real ratings: prints what is reached of what is wanted.

Worlds: a tier makes quality, price and mood of the rating; quality acts directly and through waiting; with and without a confounder that nobody
observes. The true effect is worked out with the same noise (``do``), so it is exact. ``--seed`` draws other worlds.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from cemlib.analysis import CausalGraph, SatisfactionModel, WhatIf
from cemlib.analysis.asymmetry import find_knee, penalty_and_reward
from cemlib.errors import ParameterError
from tests.bench.whatif_worlds import measure_coverage

_EDGES = [("tier", "quality"), ("tier", "price"), ("tier", "rating"), ("quality", "wait"), ("quality", "rating"), ("wait", "rating"), ("price", "rating")]


def live(rng: np.random.Generator, n: int = 2400, hidden: bool = False) -> dict:
    """A world: rows, the change, and its true effect; a third of the worlds have an effect of the other sign than the correlation."""
    customer = np.arange(n) // 2
    tier, mood = rng.normal(size=n), rng.normal(size=n)
    quality = rng.uniform(0.4, 1.0) * tier + rng.choice([rng.normal(size=n), rng.gumbel(0, 0.8, n)]) + (0.8 * mood if hidden else 0)
    price = 20 + 4 * tier + rng.normal(0, 3, n)
    slope, bend, tier_effect = rng.uniform(0.05, 0.35), rng.uniform(-0.04, 0.02), rng.choice([-0.6, -0.25, 0.25])
    cross, through = rng.uniform(-0.01, 0.01), rng.uniform(0.0, 0.25)
    wait_noise, noise, own = rng.normal(0, 0.5, n), rng.normal(0, 0.5, n), rng.normal(0, 0.3, n // 2)[customer]

    def rate(had: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        wait = -0.6 * had + wait_noise
        felt = 3.2 + slope * had + bend * had**2 - through * wait + tier_effect * tier - 0.02 * (price - 20) + cross * had * (price - 20)
        return wait, np.clip(felt + (0.3 * mood if hidden else 0) + own + noise, 1, 5)

    wait, rating = rate(quality)
    rows = pd.DataFrame({"quality": quality, "wait": wait, "tier": tier, "price": price})
    change = float(rng.uniform(0.2, 0.8))
    return {"rows": rows, "rating": pd.Series(rating), "customer": pd.Series(customer), "change": change, "truth": float((rate(quality + change)[1] - rating).mean())}


def measure_what_if(seed: int, runs: int) -> list[dict]:
    """Bias and coverage with a valid graph; the claim with a hidden confounder; both kinds of world equally often."""
    near = covered = causal = past = 0
    for number in range(runs):
        world = live(np.random.default_rng([seed, number]))
        model = SatisfactionModel("gbm").fit(world["rows"], world["rating"], world["customer"])
        found = WhatIf(model, CausalGraph(_EDGES), outcome="rating", draws=150).do({"quality": world["change"]})
        near += abs(found.effect - world["truth"]) <= max(0.1 * abs(world["truth"]), 0.02)
        covered += found.low <= world["truth"] <= found.high
        past += found.claim == "causal under stated graph"
        veiled = live(np.random.default_rng([seed, number, 1]), n=600, hidden=True)
        graph = CausalGraph([*_EDGES, ("mood", "quality"), ("mood", "rating")], unobserved=["mood"])
        model = SatisfactionModel("gbm").fit(veiled["rows"], veiled["rating"], veiled["customer"])
        causal += "causal" in WhatIf(model, graph, outcome="rating", draws=20).do({"quality": veiled["change"]}).claim
    return [row("what-if within 10 % or .02 of the truth", near / runs, ">= .90"), row("90 % interval covers the truth", covered / runs, ".85 to .95"),
            row("called causal with a valid graph", past / runs, "1"), row("called causal with a confounder declared unobserved", causal / runs, "0")]


def measure_intervals(seed: int, runs: int) -> list[dict]:
    """Coverage and bias over worlds of several forms, eight and more of each form and change."""
    found = pd.DataFrame(measure_coverage(seed, max(runs // 8, 8)))
    forms = found.groupby("form")["covered"].mean()
    return [row(f"90 % interval covers the truth, {len(found)} worlds of {len(forms)} forms", found["covered"].mean(), ".87 to .93"),
            *(row(f"of these: {name}", value, "") for name, value in forms.items()), row("within 10 % or .02 of the truth in these worlds", found["near"].mean(), ">= .90")]


def measure_asymmetry(seed: int, runs: int) -> list[dict]:
    """Planted penalty or reward, and straight lines on skewed KPIs, ratings clipped and rounded."""
    right = told = labels = straight = knees = found = 0
    off = []
    for number in range(runs):
        rng = np.random.default_rng([seed, 2, number])
        n = 2000
        who = pd.Series(np.arange(n) // 2)
        X = pd.DataFrame({"a": rng.normal(size=n), "b": rng.gamma(2, 1, n), "c": rng.normal(size=n)})
        X["a"] += 0.4 * X["c"]
        z = ((X["a"] - X["a"].median()) / X["a"].std()).to_numpy()
        steep, flat = (0.45, 0.12) if number % 2 else (0.12, 0.45)
        noise = rng.normal(0, 0.3, n // 2)[who] + rng.normal(0, 0.6, n)
        shape = {"bent": np.where(z < 0, steep * z, flat * z), "line": 0.3 * z, "knee": 0.35 * np.minimum(z, 0.3)}
        for kind, part in shape.items():
            y = pd.Series(np.clip(3.3 + part - 0.15 * X["b"] + 0.1 * X["c"] + noise, 1, 5))
            y = y.round() if number % 3 else y
            if kind == "knee":
                one = find_knee(X, y, who, "a", draws=60)
                found += one["knee"] is not None
                off += [abs(one["knee"] - (0.3 * X["a"].std() + X["a"].median())) / X["a"].std()] if one["knee"] is not None else []
                continue
            table = penalty_and_reward(X, y, who).set_index("feature")
            if kind == "bent":
                right += (table.loc["a", "difference"] > 0) == bool(number % 2)
                told += table.loc["a", "kano"] != ""
            else:
                straight, labels = straight + len(table), labels + int((table["kano"] != "").sum())
                knees += find_knee(X, y, who, "a", draws=60)["knee"] is not None
    return [row("asymmetry: sign right", right / runs, ">= .95"), row("asymmetry: labelled", told / runs, ""), row("straight lines with a Kano label", labels / straight, "<= .05"),
            row("knee told where one is", found / runs, ""), row("distance to the knee, sd (median)", float(np.median(off)) if off else np.nan, ""), row("knee told on a straight line", knees / runs, "")]


def measure_leaks(seed: int, runs: int) -> list[dict]:
    """A copy of the answer under a neutral name, with noise; and worlds without one, a 1 to 5 display among the features."""
    noticed = said = refused = 0
    for number in range(runs):
        rng = np.random.default_rng([seed, 3, number])
        world = live(rng, n=900)
        rating = world["rating"].round()
        copy = (rating + rng.normal(0, rng.uniform(0.4, 1.2), len(rating))).round().clip(1, 5)
        bars = pd.Series(np.clip(np.round(3 + 0.9 * world["rows"]["quality"] / world["rows"]["quality"].std() + rng.normal(0, 0.6, 900)), 1, 5))
        for features, is_leak in ((world["rows"].assign(x7=copy), True), (world["rows"].assign(bars=bars), False)):
            try:
                model = SatisfactionModel("gbm").fit(features, rating, world["customer"])
                said += is_leak and bool(model.warnings_)
            except ParameterError:
                noticed, refused = noticed + is_leak, refused + (not is_leak)
    return [row("noisy copy of the answer refused", noticed / runs, ""), row("or warned of", said / runs, ""), row("honest features refused", refused / runs, "")]


def measure_poqemon(path: Path, splits: int, seed: int) -> list[dict]:
    """Real ratings of videos, by user: AUC of discontent and coverage over many splits."""
    read = pd.read_csv(path)
    X = read.select_dtypes("number").drop(columns=["id", "user_id", "MOS"])
    X, users = X.loc[:, ~X.columns.str.startswith("QoF_")], read["user_id"]
    model = SatisfactionModel("gbm").fit(X, read["MOS"], users)
    covered = []
    for number in range(splits):
        rng = np.random.default_rng([seed, 4, number])
        test = users.isin(rng.choice(users.unique(), 36, replace=False))
        part = SatisfactionModel("gbm").fit(X[~test], read["MOS"][~test], users[~test])
        told = part.predict_interval(X[test])
        covered.append(((told["low"] <= read["MOS"][test]) & (read["MOS"][test] <= told["high"])).mean())
    return [row("poqemon by user: AUC of MOS <= 2", roc_auc_score(model.y_ <= 2, -model.oof_), ">= .93"),
            row(f"poqemon by user: coverage of 90 %, mean of {splits} splits", float(np.mean(covered)), ".87 to .93"),
            row("poqemon by user: coverage, standard deviation of a split", float(np.std(covered)), "")]


def row(name: str, value: float, wanted: str) -> dict:
    """A row of the common table."""
    return {"name": f"{name}{f' (wanted {wanted})' if wanted else ''}", "value": round(float(value), 3), "unit": "1"}


def measure_all(seed: int, runs: int) -> list[dict]:
    """All figures; those of real ratings where they are (the folder CEM_SHARED)."""
    rows = [*measure_what_if(seed, runs), *measure_intervals(seed, runs), *measure_asymmetry(seed, runs), *measure_leaks(seed, runs)]
    path = Path(os.environ.get("CEM_SHARED", "")) / "data" / "poqemon_qoe" / "pokemon.csv"
    return rows + (measure_poqemon(path, max(runs // 2, 5), seed) if path.is_file() else [])


def run(size: int) -> list[dict]:
    """Twenty worlds each, as rows of the common table; the size of the operator does not matter here."""
    return measure_all(int(time.time()), 20)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}, {given.runs} worlds")
    print(pd.DataFrame(measure_all(given.seed, given.runs)).to_string(index=False))


if __name__ == "__main__":
    main()
