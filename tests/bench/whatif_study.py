"""A study of many invented customers, for the tests and the benchmark of the what-if app."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["write_study"]

_STUDY = """
title: Invented customers
source: {file: invented.csv, rating: rating, customer: customer}
features:
  stall_ratio: {label: Time stalled, unit: ratio, better: -1, lever: percent, low: -80, high: 100, step: 1, cost: 0.01}
  throughput_mbps: {label: Download speed, unit: Mbit/s, better: 1, role: quality, lever: percent, low: -50, high: 100, step: 1, cost: 0.01}
  price_amount: {label: Price, unit: currency, better: -1, role: price, lever: percent, low: -30, high: 30, step: 1, cost: 0.2}
  tier_code: {label: Tier}
groups: [segment, region]
edges:
  - tier_code -> stall_ratio
  - tier_code -> throughput_mbps
  - tier_code -> price_amount
  - tier_code -> outcome
  - stall_ratio -> outcome
  - throughput_mbps -> outcome
  - price_amount -> outcome
"""


def write_study(folder: Path, customers: int, seed: int = 0) -> None:
    """Write ``invented.yaml`` and its file: one rating of each customer; the tier makes quality, price and expectation."""
    rng = np.random.default_rng(seed)
    tier = rng.choice(3, customers, p=[0.5, 0.35, 0.15])
    stalls = np.clip(rng.gamma(1.5, 0.04, customers) - 0.01 * tier, 0, 1)
    speed = rng.lognormal(3 + 0.2 * tier, 0.5, customers)
    price = 15 + 10 * tier + rng.normal(0, 2, customers)
    rating = np.clip(4.2 - 6 * stalls + 0.25 * np.log(speed / 20) - 0.02 * (price - 20) + rng.normal(0, 0.7, customers), 1, 5).round()
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({
        "customer": [f"c{one:06d}" for one in range(customers)], "rating": rating, "stall_ratio": stalls.round(4), "throughput_mbps": speed.round(2), "price_amount": price.round(2),
        "tier_code": tier, "segment": np.array(["basic", "plus", "top"])[tier], "region": rng.choice(list("abcdefgh"), customers),
    }).to_csv(folder / "invented.csv", index=False)
    (folder / "invented.yaml").write_text(_STUDY, encoding="utf-8")
