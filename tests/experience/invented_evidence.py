"""Evidence of invented customers, without a lake: every KPI of an index by customer and day."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from cemlib.experience.evidence import Evidence, Grain, Track
from cemlib.experience.index import SatisfactionIndex
from cemlib.kpi import Mean, find_kpi

CLASSES = np.array(["basic", "plus", ""], dtype=object)


def invent(index: SatisfactionIndex, *, seed: int, customers: int, days: int = 30, active: float = 0.7, since: int = 0) -> Evidence:
    """Customers with usual days and bad ones; some lack a service, some have no bill."""
    rng = np.random.default_rng(seed)
    tracks = {}
    for code, kpi in index.kpis().items():
        has = rng.uniform(size=customers) < 0.85
        unit, day = np.nonzero((rng.uniform(size=(customers, days)) < active) & has[:, None])
        den = rng.poisson(4, len(unit)) + 1.0
        trouble = rng.uniform(size=len(unit)) < 0.1
        if isinstance(find_kpi(code).part, Mean):
            value = kpi.usual * rng.lognormal(0, 0.3, len(unit)) * np.where(trouble, 0.5 if find_kpi(code).better == "higher" else 4, 1)
            value = np.clip(value, 1, 4.4) if find_kpi(code).unit == "MOS" else value
            tracks[code] = Track(unit, day, value * den, den, value**2 * den * 1.05)
        else:
            share = np.where(trouble, 0.7 if find_kpi(code).better == "higher" else 0.3, kpi.usual)
            tracks[code] = Track(unit, day, rng.binomial(den.astype(int), share).astype(float), den, None)
    billed = np.flatnonzero(rng.uniform(size=customers) < 0.9)
    bills = pd.DataFrame({"unit": billed, "day": rng.integers(0, days, len(billed)), "amount": 20 * rng.lognormal(0, 0.2, len(billed)).round(2)})
    keys = pd.Index([f"k{one:07d}" for one in range(customers)], dtype=object, name="subscriber_key")
    segments = CLASSES[rng.integers(0, 3, customers)]
    return Evidence(Grain("subscriber_key", "subscriber_key"), keys, dt.date(2026, 3, 1), since, days, tracks, {}, segments, bills=bills)
