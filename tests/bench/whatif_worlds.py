"""Worlds of several forms in which the effect of a change on satisfaction is known: for the coverage of the what-if's intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd

from cemlib.analysis import CausalGraph, WhatIf

__all__ = ["FORMS", "World", "draw_world", "measure_coverage"]

_EDGES = [("tier", "stalls"), ("tier", "speed"), ("tier", "price"), ("tier", "rating"), ("stalls", "rating"), ("speed", "rating"), ("price", "rating")]
_CHANGES = ({"stalls": "-20%"}, {"speed": "+40%"}, {"speed": ">=12"}, {"price": 3}, {"price": "+5%", "stalls": "-30%"})


@dataclass(frozen=True)
class World:
    """Ratings, a change, and the mean change of the expected ratings of the chosen."""

    X: pd.DataFrame
    rating: pd.Series
    customer: pd.Series
    change: dict
    chosen: pd.Series
    truth: float


#: Ratings, ratings of a customer, whole marks, shape of the effects (0: linear in stalls, logarithmic in speed; 1: stalls saturate; 2: speed does too), who is chosen.
FORMS = {"marks": (1500, 2, True, 0, "all"), "the worst served": (3000, 2, False, 1, "worst"), "60 customers": (1500, 25, True, 1, "all"),
         "one tier of 20,000": (20_000, 2, True, 2, "tier"), "6,000 customers": (6000, 1, False, 2, "all")}


def draw_world(rng: np.random.Generator, form: str, change: dict) -> World:
    """A tier makes quality, price and mood of the rating; ratings are clipped to 1 … 5; a customer's ratings go together."""
    n, each, is_marks, shape, whom = FORMS[form]
    customer = np.arange(n) // each
    count = customer.max() + 1
    tier, taste = rng.choice(3, count, p=[0.5, 0.35, 0.15])[customer].astype(float), rng.normal(size=count)[customer]
    before = pd.DataFrame({"stalls": np.clip(rng.gamma(1.5, 0.04, n) * np.exp(0.25 * taste) * (1 - 0.15 * tier), 0, 1), "speed": rng.lognormal(3 + 0.2 * tier + 0.3 * taste, 0.5, n),
                           "price": 15 + 4 * tier + rng.normal(0, 4, n), "tier": tier})
    a, b, p, own_spread, level = rng.uniform(2, 7), rng.uniform(0.1, 0.4), rng.uniform(0.01, 0.03), rng.uniform(0.2, 0.6), rng.uniform(3.3, 4.2)

    def rate(had: pd.DataFrame, noise: np.ndarray) -> np.ndarray:
        lost = a * had["stalls"] if shape == 0 else 0.15 * a * (1 - np.exp(-had["stalls"] / 0.15))
        gained = b * np.minimum(np.log(had["speed"] / 20), 0.7 if shape == 2 else np.inf)
        felt = np.clip(level - lost + gained * (1 + 0.02 * had["tier"]) - p * (had["price"] - 20) + 0.1 * had["tier"] + noise, 1, 5).to_numpy()
        return np.round(felt) if is_marks else felt

    def noise() -> np.ndarray:
        return rng.normal(0, own_spread, count)[customer] + (rng.logistic(0, 0.35, n) if is_marks else rng.normal(0, 0.6, n))

    after = before.copy()
    for name, given in change.items():
        text = str(given)
        after[name] = before[name].clip(lower=float(text[2:])) if text.startswith(">=") else before[name] * (1 + float(text[:-1]) / 100) if text.endswith("%") else before[name] + given
    chosen = {"all": np.ones(n, bool), "tier": tier == 1, "worst": (before["stalls"] > before["stalls"].quantile(0.6)).to_numpy()}[whom]
    rating = rate(before, noise())
    # whole marks jump: what is expected is the mean over many moods of the same customers
    moods = [noise() for _ in range(max(20, 150_000 // n))]
    truth = float(np.mean([(rate(after, one) - rate(before, one))[chosen].mean() for one in moods]))
    return World(before, pd.Series(rating), pd.Series(customer), change, pd.Series(chosen), truth)


def measure_coverage(seed: int, worlds: int) -> Iterator[dict]:
    """Of so many worlds of each form and change: whether the interval holds the truth, and whether the effect is within 10 % or .02 of it.

    The regression alone is asked (it takes nothing of the model but its ratings), so that many worlds can be.
    """
    for form in FORMS:
        for place, change in enumerate(_CHANGES):
            for number in range(worlds):
                world = draw_world(np.random.default_rng([seed, number, place, len(form)]), form, change)
                model = SimpleNamespace(learned_=True, X_=world.X, y_=world.rating, groups_=world.customer, features_=list(world.X), scale=(1, 5))
                found = WhatIf(model, CausalGraph(_EDGES), outcome="rating").do(world.change, world.chosen)
                yield {"form": form, "change": str(change), "covered": found.low <= world.truth <= found.high,
                       "near": abs(found.effect - world.truth) <= max(0.1 * abs(world.truth), 0.02), "error": found.effect - world.truth}
