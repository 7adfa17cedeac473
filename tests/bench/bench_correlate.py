"""Correlation of sources: false positives, power, lags, false discoveries and time, over seeds drawn at each run.

Null and power come from the same run: an estimator that finds nothing, and one that finds everything, both miss. ``--seed`` repeats a run, ``--tables``
says how many tables of each kind are drawn (a table is 12 x 12 pairs).
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from cemlib.analysis import LaggedCorrelation
from cemlib.twin.grade.linked import NULLS, draw_nulls, draw_planted, hourly
from tests.bench.measure import figure, measure


def false_positives(kind: str, tables: int, rng: np.random.Generator, series: int = 12) -> tuple[float, float, int]:
    """Share of unlinked pairs with p <= .05, its standard error over the tables, and the pairs."""
    rates = [float((LaggedCorrelation(fdr=None, draws=50).fit(*draw_nulls(rng, kind, series)).links["p"] <= 0.05).mean()) for _ in range(tables)]
    return float(np.mean(rates)), float(np.std(rates, ddof=1) / np.sqrt(tables)), tables * series**2


def power(r: float, tables: int, rng: np.random.Generator, season: bool = False) -> tuple[float, float, int]:
    """Share of planted links with p <= .05, share of these with the exact lag, and how many were planted."""
    hits, exact = [], []
    for _ in range(tables):
        left, right, lags = draw_planted(rng, r=r, bins=500, series=6, planted=6, season=season)
        links = LaggedCorrelation(fdr=None, draws=50).fit(left, right).links.set_index(["left", "right"])
        for column, lag in lags.items():
            row = links.loc[(f"x{column:03d}", f"y{column:03d}")]
            hits.append(row["p"] <= 0.05)
            exact += [row["lag_bins"] == lag] if hits[-1] else []
    return float(np.mean(hits)), float(np.mean(exact or [0.0])), len(hits)


def false_discoveries(tables: int, rng: np.random.Generator) -> tuple[float, float]:
    """Mean share of false links among those told, and share of the planted ones that are told (5 of 400 pairs, r = .35, 700 hours)."""
    shares, found = [], []
    for _ in range(tables):
        left, right, lags = draw_planted(rng, r=0.35, bins=700, series=20, planted=5, season=True)
        told = LaggedCorrelation(draws=50).fit(left, right).found
        true = [one.left[1:] == one.right[1:] and int(one.left[1:]) in lags for one in told.itertuples()]
        shares.append(1 - np.mean(true) if true else 0.0)
        found.append(sum(true) / len(lags))
    return float(np.mean(shares)), float(np.mean(found))


def coverage(tables: int, rng: np.random.Generator) -> tuple[float, int]:
    """Share of 95 % intervals that hold the true correlation of innovations (r = .35 at a known lag, white series, 700 hours)."""
    held = []
    for _ in range(tables):
        x, noise = rng.normal(size=(700, 10)), rng.normal(size=(700, 10))
        links = LaggedCorrelation(fdr=None).fit(hourly(x, "x"), hourly(0.35 * np.roll(x, 3, axis=0) + np.sqrt(1 - 0.35**2) * noise, "y")).links
        own = links[links["left"].str[1:] == links["right"].str[1:]]
        held += ((own["low"] <= 0.35) & (own["high"] >= 0.35)).tolist()
    return float(np.mean(held)), len(held)


def speed(rng: np.random.Generator, series: int = 300, bins: int = 1500) -> dict:
    """Time of 300 x 300 pairs at 49 lags of 1,500 hours."""
    left, right = (hourly(rng.normal(size=(bins, series)), side) for side in "xy")
    return measure(f"{series} x {series} series, 49 lags, {bins:,} bins", lambda: LaggedCorrelation(workers=os.cpu_count() or 1).fit(left, right), runs=1).row()


def measured(seed: int, tables: int) -> Iterator[dict]:
    """All figures of a seed."""
    rng = np.random.default_rng(seed)
    yield figure("seed of the draws", seed, "1")
    for kind in NULLS:
        rate, error, pairs = false_positives(kind, tables, rng)
        wanted = {"at_most": 0.10} if kind.endswith("4 weeks") else {"at_most": 0.07}
        yield figure(f"p <= .05, no link: {kind} ({pairs:,} pairs, s.e. {error:.3f}; wanted >= .03 too)", rate, "1", **wanted)
    hits = [draw_nulls(rng, "shared season, 6 weeks", 1) for _ in range(20 * tables)]
    alone = [LaggedCorrelation(fdr=None, draws=50).fit(*one).links["p"].iloc[0] <= 0.05 for one in hits]
    low, high = proportion_confint(sum(alone), len(alone), method="wilson")
    yield figure(f"p <= .05, no link: one pair alone, 6 weeks ({len(alone)} pairs, {low:.3f} to {high:.3f})", float(np.mean(alone)), "1", at_most=0.07)
    for r, season, wanted in ((0.1, False, None), (0.2, False, 0.85), (0.2, True, None), (0.3, False, 0.99)):
        found, exact, planted = power(r, tables * 2, rng, season)
        words = f"r = {r:g}, 500 hours{', shared season' if season else ''} ({planted} links)"
        yield figure(f"found: {words}", found, "1", **({"at_least": wanted} if wanted else {}))
        yield figure(f"of these with the exact lag: {words}", exact, "1", **({"at_least": 0.8} if wanted else {}))
    share, found = false_discoveries(tables, rng)
    yield figure(f"false among the links told, q <= .05 ({tables} tables of 400 pairs)", share, "1", at_most=0.07)
    yield figure("planted links told (r = .35, 700 hours)", found, "1")
    held, intervals = coverage(tables, rng)
    yield figure(f"95 % intervals that hold the truth ({intervals})", held, "1", at_least=0.9)
    row = speed(rng)
    yield row | {"value": row["wall_s"], "unit": "s", "wanted": "<= 60", "is_met": row["wall_s"] <= 60}


def run(size: int) -> Iterator[dict]:
    """The rows of the common table; the size of the operator does not matter here."""
    return measured(int(time.time()), 20)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--tables", type=int, default=20)
    given = parser.parse_args()
    for row in measured(given.seed, given.tables):
        print(f"{row['value']:>12.4g} {row['unit']:<3} {row.get('wanted', ''):<10} {({True: 'met', False: 'missed'}).get(row.get('is_met'), ''):<7} {row['name']}", flush=True)


if __name__ == "__main__":
    main()
