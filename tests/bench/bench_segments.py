"""Segments on fresh customers: planted groups of several shapes, crowds without groups, names after a refit, and a million customers.

``ONLY=segments``, or this file with ``--seeds`` and ``--only``. Planted groups overlap: beside each index stands the best that anybody can reach, who knows
sizes, places and shapes of the groups.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from cemlib.analysis import Segmenter
from tests.bench.measure import figure, measure

SIZES = np.array([0.4, 0.3, 0.18, 0.12])


def draw_groups(rng: np.random.Generator, shape: str = "round", side: float = 3 * np.sqrt(2), n: int = 1500, features: int = 6) -> tuple[pd.DataFrame, np.ndarray]:
    """Four groups at so many standard deviations from each other, turned at random, on scales of unequal width."""
    group = rng.choice(4, n, p=SIZES)
    centres = (np.eye(4, features) * side / np.sqrt(2)) @ np.linalg.qr(rng.normal(size=(features, features)))[0]
    stray = rng.standard_t(5, (n, features)) * np.sqrt(0.6) if shape == "heavy" else rng.normal(size=(n, features))
    if shape == "unequal":
        for one in range(4):
            axes = np.linalg.qr(rng.normal(size=(features, features)))[0]
            stray[group == one] = stray[group == one] * np.exp(rng.normal(0, 0.3, features)) @ axes
    values = centres[group] + stray
    if shape == "together":
        values = values @ (np.eye(features) + 0.5 * rng.normal(size=(features, features)))
    if shape == "diluted":
        values = np.column_stack([values, rng.normal(size=(n, 4))])
    values = values * rng.uniform(0.5, 20, values.shape[1]) + rng.normal(0, 50, values.shape[1])
    return pd.DataFrame(values, columns=[f"x{one}" for one in range(values.shape[1])]), group


def best_index(X: pd.DataFrame, group: np.ndarray) -> float:
    """What normal distributions with the groups' own moments reach."""
    values, likely = X.to_numpy(), []
    for one in range(group.max() + 1):
        mine = values[group == one]
        covariance, gap = np.cov(mine.T), values - mine.mean(axis=0)
        likely.append(np.log(len(mine)) - (np.einsum("ij,jk,ik->i", gap, np.linalg.inv(covariance), gap) + np.linalg.slogdet(covariance)[1]) / 2)
    return float(adjusted_rand_score(group, np.argmax(likely, axis=0)))


def _mixed(rng: np.random.Generator) -> np.ndarray:
    return np.eye(6) + 0.4 * rng.normal(size=(6, 6))


#: Crowds without groups.
CROWDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "normal, together": lambda rng: rng.normal(size=(1500, 6)) @ _mixed(rng),
    "normal, alone": lambda rng: rng.normal(size=(1500, 6)),
    "t of 5, together": lambda rng: rng.normal(size=(1500, 6)) @ _mixed(rng) / np.sqrt(rng.chisquare(5, (1500, 1)) / 5),
    "uniform": lambda rng: rng.uniform(size=(1500, 6)),
    "gamma of 2": lambda rng: rng.gamma(2.0, size=(1500, 6)),
    "log-normal": lambda rng: np.exp(rng.normal(0, 0.6, (1500, 6))),
}


def _blocks(X: pd.DataFrame) -> dict[str, list[str]]:
    half = len(X.columns) * 2 // 3
    return {"behaviour": list(X.columns[:half]), "expectation": list(X.columns[half:])}


def rows_of(seed: int, seeds: int, only: tuple[str, ...] = ()) -> Iterator[dict]:
    """The figures; ``only``: shapes and crowds."""
    for shape, side in (("round", 3 * np.sqrt(2)), *((one, 3.0) for one in ("round", "unequal", "together", "diluted", "heavy"))):
        if only and shape not in only:
            continue
        found = []
        for number in range(seeds):
            X, group = draw_groups(np.random.default_rng([seed, number]), shape, side)
            fit = Segmenter(_blocks(X)).fit(X)
            found.append((adjusted_rand_score(group, pd.factorize(fit.labels_)[0]), best_index(X, group), fit.fidelity_, fit.k_ == 4))
        reached, best, fidelity, right = np.median(np.array(found, float), axis=0)
        words = f"{shape} groups {side:.1f} sd apart"
        yield figure(f"{words}: adjusted Rand index", float(reached), "1", **({"at_least": 0.85} if side > 4 else {}))
        yield figure(f"{words}: over the best possible ({best:.2f})", float(reached / best), "1", at_least=0.9)
        yield figure(f"{words}: four found (median)", float(right), "1")
        yield figure(f"{words}: fidelity of the rules", float(fidelity), "1", **({"at_least": 0.9} if side > 4 else {}))
    for number, (name, crowd) in enumerate(CROWDS.items()):
        if only and name not in only:
            continue
        frames = [pd.DataFrame(crowd(np.random.default_rng([seed, number, one])), columns=[f"x{place}" for place in range(6)]) for one in range(seeds)]
        yield figure(f"crowd without groups, {name}: one segment", float(np.mean([Segmenter(_blocks(X)).fit(X).k_ == 1 for X in frames])), "1", at_least=0.95)
    if not only or "names" in only:
        kept = []
        for number in range(seeds):
            X, _ = draw_groups(np.random.default_rng([seed, 99, number]), n=3000)
            first = Segmenter(_blocks(X)).fit(X.head(1500))
            kept.append(len(set(first.names_) & set(Segmenter(_blocks(X), seed=1).fit(X.tail(1500), previous=first).names_)) / first.k_)
        yield figure("names kept on other customers", float(np.mean(kept)), "1", at_least=0.95)
    if not only or "million" in only:
        X, _ = draw_groups(np.random.default_rng([seed, 77]), n=1_000_000, features=12)
        done = measure("fit of 1,000,000 customers by 12 features", lambda: Segmenter(_blocks(X)).fit(X), runs=1)
        yield done.row(**figure("", done.wall_s, "s", at_most=120.0) | {"name": done.name})


def run(size: int) -> Iterator[dict]:
    """The figures of a fresh seed."""
    seed = int(time.time())
    yield {"name": "seed", "value": seed, "unit": "1"}
    yield from rows_of(seed, 20)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    for row in rows_of(given.seed, given.seeds, tuple(one for one in given.only.split(",") if one)):
        print(f"{row['name']}: {row['value']:.3g} {row['unit']} {row.get('wanted', '')} {'' if row.get('is_met', True) else 'MISSED'} {row.get('cpu_s', '')}", flush=True)


if __name__ == "__main__":
    main()
