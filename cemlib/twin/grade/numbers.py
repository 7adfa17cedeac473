"""Gradings on tables of numbers whose truth is known: alarms, segments, what-if. The generators are the grader's own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from cemlib.twin.grade.asking import Asking
from cemlib.twin.grade.marks import Mark, share, spread
from cemlib.twin.streams import Streams

__all__ = ["grade_alarms", "grade_segments", "grade_what_if"]

_VOLUMES = (5, 20, 100, 1000, 20_000)
#: How much an entity's rate differs from hour to hour beyond chance; the analysis is not told.
_RHO = 0.002


#: Distance between planted groups in standard deviations: each three out on an axis of its own, and three from each other.
_SIDES = {"out": 3 * np.sqrt(2), "near": 3.0}


def _hours_of(rng: np.random.Generator, volume: int, entities: int, bins: int, rate: np.ndarray, rho: float) -> pd.DataFrame:
    den = rng.poisson(volume, (entities, bins))
    a, b = rate[:, None] * (1 / rho - 1), (1 - rate[:, None]) * (1 / rho - 1)
    num = rng.binomial(den, rng.beta(np.broadcast_to(a, den.shape), np.broadcast_to(b, den.shape)))
    times = pd.Timestamp("2026-03-01") + pd.to_timedelta(np.arange(bins), "h")
    frame = pd.DataFrame({"entity": np.repeat([f"e{one:03d}" for one in range(entities)], bins), "at": np.tile(times, entities), "num": num.ravel(), "den": den.ravel()})
    return frame[frame["den"] > 0].reset_index(drop=True)


def grade_alarms(asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[Mark]:
    """28 days' history; then null hours, and hours in which 97 % have become 90 %."""
    hours = 100_000 if runs > 1 else 20_000
    with asking.place() as place:
        for volume in _VOLUMES:
            rng = Streams(seed).generator(f"grade.alarms.{volume}")
            entities, bins = 40, hours // 40
            rate, rho = np.clip(rng.normal(0.97, 0.006, entities), 0.93, 0.99), _RHO
            history = _hours_of(rng, volume, entities, 28 * 24, rate, rho)
            null = _hours_of(rng, volume, entities, bins, rate, rho)
            history.to_parquet(place / f"history_{volume}_null.parquet", index=False)
            null.to_parquet(place / f"now_{volume}_null.parquet", index=False)
            if volume == 1000:
                _hours_of(rng, volume, entities, 28 * 24, np.full(entities, 0.97), rho).to_parquet(place / f"history_{volume}_fall.parquet", index=False)
                _hours_of(rng, volume, entities, 50, np.full(entities, 0.90), rho).to_parquet(place / f"now_{volume}_fall.parquet", index=False)
        answer = asking.ask("alarms", str(place))
    for volume in _VOLUMES:
        told = answer[f"{volume}_null"]
        yield share("alarms", f"hours called below at {volume:,} calls/h, nothing wrong (alpha .001)", told["below"], told["hours"], at_most=0.0015)
    told = answer["1000_fall"]
    yield share("alarms", "hours called below at 1,000 calls/h, 97 % become 90 %", told["below"], told["hours"], at_least=0.95)


def _planted(rng: np.random.Generator, side: float, n: int = 1500) -> tuple[pd.DataFrame, np.ndarray, float]:
    """Four groups of unequal size at so many standard deviations from each other, on six scales of unequal width; with the adjusted Rand index of who
    knows sizes, places and shapes: groups overlap, and nobody can reach more.
    """
    sizes = np.array([0.4, 0.3, 0.18, 0.12])
    group = rng.choice(4, n, p=sizes)
    # corners of a simplex
    centres = np.zeros((4, 6))
    centres[:, :4] = np.eye(4) * side / np.sqrt(2)
    turned = centres @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    values = turned[group] + rng.normal(size=(n, 6))
    likely = np.log(sizes) - ((values[:, None] - turned) ** 2).sum(axis=2) / 2
    frame = pd.DataFrame(values * rng.uniform(0.5, 20, 6) + rng.normal(0, 50, 6), columns=[f"x{one}" for one in range(6)])
    return frame, group, adjusted_rand_score(group, likely.argmax(axis=1))


def _alike(rng: np.random.Generator, n: int = 1500) -> pd.DataFrame:
    """Customers who differ, and whose ways go together, but who form no groups."""
    mixed = rng.normal(size=(n, 6)) @ (np.eye(6) + 0.5 * rng.normal(size=(6, 6)))
    return pd.DataFrame(mixed, columns=[f"x{one}" for one in range(6)])


def grade_segments(asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[Mark]:
    """Planted groups and none, as many of each."""
    cases, truth, best = 3 + 2 * runs, {}, {}
    with asking.place() as place:
        for number in range(cases):
            rng = Streams(seed).generator("grade.segments", str(number))
            for name, side in _SIDES.items():
                frame, truth[name, number], best[name, number] = _planted(rng, side)
                frame.to_parquet(place / f"{name}_{number:03d}.parquet", index=False)
            _alike(rng).to_parquet(place / f"alike_{number:03d}.parquet", index=False)
        answer = asking.ask("segments", str(place))
    reached = {key: adjusted_rand_score(group, answer[f"{key[0]}_{key[1]:03d}"]["labels"]) for key, group in truth.items()}
    yield spread("segments", "planted groups, 3 sd out on an axis each: adjusted Rand index", [reached["out", number] for number in range(cases)], at_least=0.85)
    shares = [reached["near", number] / best["near", number] for number in range(cases)]
    yield spread("segments", "planted groups, 3 sd from each other: adjusted Rand index over the best possible", shares, at_least=0.9,
                 note=f"who knows the truth reaches {np.median([best['near', number] for number in range(cases)]):.2f}: the groups overlap")
    single = sum(len(set(answer[f"alike_{number:03d}"]["labels"])) == 1 for number in range(cases))
    yield share("segments", "one segment where there are no groups", single, cases, at_least=0.95)
    yield from _grade_rules({name: [answer[f"{name}_{number:03d}"]["rules"] for number in range(cases)] for name in _SIDES})


def _grade_rules(told: dict[str, list[list[float]]]) -> Iterator[Mark]:
    """Rules on customers that they did not see: right of those they meet, share they meet, right of all."""
    for name, words in (("out", "3 sd out on an axis each"), ("near", "3 sd from each other")):
        right, met, of_all = zip(*told[name])
        yield spread("segments", f"planted groups, {words}: rules right, of the customers they meet", right, at_least=0.9)
        yield spread("segments", f"planted groups, {words}: share of the customers whom a rule meets", met)
        yield spread("segments", f"planted groups, {words}: rules right, of all customers", of_all, note="whom no rule meets counts as wrong")


def _life(rng: np.random.Generator, n: int, hidden: bool) -> tuple[pd.DataFrame, float]:
    """Ratings in a small world: the tier makes quality and expectation; hidden: and a mood nobody sees makes both quality and rating. Returns the rows and
    the true mean effect of raising quality by half, worked out with the same noise.
    """
    tier, mood = rng.normal(size=n), rng.normal(size=n)
    quality = 0.8 * tier + rng.normal(size=n) + (0.8 * mood if hidden else 0)
    slope, bend = float(rng.uniform(0.15, 0.45)), float(rng.uniform(-0.04, 0.0))
    noise = rng.normal(0, 0.5, n)

    def rating(had: np.ndarray) -> np.ndarray:
        return np.clip(3.1 + slope * had + bend * had**2 - 0.25 * tier + (0.3 * mood if hidden else 0) + noise, 1, 5)

    rows = pd.DataFrame({"quality": quality, "tier": tier, "rating": rating(quality), "customer": np.arange(n) // 2})
    return rows, float((rating(quality + 0.5) - rating(quality)).mean())


def grade_what_if(asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[Mark]:
    """Worlds with a valid graph, and worlds whose graph declares a confounder that nobody observes."""
    cases, truth = 10 * runs, {}
    with asking.place() as place:
        for number in range(cases):
            for kind in ("open", "hidden") if number < 2 + runs else ("open",):
                rows, truth[f"{kind}_{number:03d}"] = _life(Streams(seed).generator(f"grade.what_if.{kind}", str(number)), 3000, kind == "hidden")
                rows.to_parquet(place / f"{kind}_{number:03d}.parquet", index=False)
                edges = [["tier", "quality"], ["tier", "rating"], ["quality", "rating"]]
                hidden = [["mood", "quality"], ["mood", "rating"]] if kind == "hidden" else []
                (place / f"{kind}_{number:03d}.json").write_text(json.dumps({"edges": edges + hidden, "unobserved": ["mood"] if hidden else []}))
        answer = asking.ask("what_if", str(place))
    known = {name: one for name, one in answer.items() if name.startswith("open")}
    near = sum(abs(one["effect"] - truth[name]) <= max(0.1 * abs(truth[name]), 0.02) for name, one in known.items())
    yield share("what_if", "effect within 10 % or .02 of the truth, valid graph", near, len(known), at_least=0.9)
    covered = sum(one["low"] <= truth[name] <= one["high"] for name, one in known.items())
    yield share("what_if", "90 % interval covers the truth", covered, len(known), at_least=0.8, note="wanted .85 to .95; few cases")
    causal = sum("causal" in one["claim"] for name, one in answer.items() if name.startswith("hidden"))
    yield share("what_if", "called causal though a confounder is declared unobserved", causal, len(answer) - len(known), at_most=0.0)
