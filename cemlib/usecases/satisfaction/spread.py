"""How scores lie: their mean, the shares of the content and the unhappy, and how many customers have which score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from cemlib.experience import ExperienceScores
from cemlib.kpi.interval import bound_ratio
from cemlib.privacy import suppress_small_groups

__all__ = ["BANDS", "NAMED_DRIVERS", "STEP", "count_bands", "count_scores", "driver_name", "mean_score"]

BANDS = ("unhappy", "between", "content")
#: Width of a bar of the histogram, in points.
STEP = 2


#: So many of the costliest terms are figures of the view.
NAMED_DRIVERS = 5


def driver_name(term: str) -> str:
    """The name of the figure that tells what a term costs.

    Examples
    --------
    >>> driver_name("memory:sms_delivery_mean")
    'lost_memory_sms_delivery_mean'
    """
    return f"lost_{term.replace(':', '_')}"


def mean_score(scores: ExperienceScores) -> dict[str, float]:
    """Mean of the scores over the customers that have one, with Student's t interval: ``n``, ``value``, ``low``, ``high``."""
    there = scores.frame["score"].dropna().to_numpy(float)
    n = len(there)
    if n == 0:
        return {"n": 0, "value": np.nan, "low": np.nan, "high": np.nan}
    half = float(stats.t.ppf(0.975, n - 1) * there.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan
    mean = float(there.mean())
    return {"n": n, "value": mean, "low": mean - half, "high": mean + half}


def count_bands(scores: ExperienceScores, role: str | None = None) -> pd.DataFrame:
    """The customers of each band: band, customers, share_ratio with low and high (Wilson), is_suppressed (of few, for a manager)."""
    counted = scores.frame["band"].value_counts().reindex(BANDS, fill_value=0)
    total = np.full(len(BANDS), counted.sum())
    low, high = bound_ratio(counted.to_numpy(float), total)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = counted.to_numpy() / total
    frame = pd.DataFrame({"band": BANDS, "customers": counted.to_numpy(), "share_ratio": share, "low": low, "high": high})
    return suppress_small_groups(frame, role, subscribers="customers", figures=["customers", "share_ratio", "low", "high"], total_shown=True)


def count_scores(scores: ExperienceScores, role: str | None = None) -> pd.DataFrame:
    """How many customers have a score within each step of :data:`STEP` points.

    Returns
    -------
    DataFrame
        at (lower end), customers, is_suppressed: from a manager, steps with few customers are hidden.
    """
    there = scores.frame["score"].dropna().to_numpy(float)
    edges = np.arange(0, 100 + STEP, STEP)
    counted, _ = np.histogram(there, edges)
    frame = pd.DataFrame({"at": edges[:-1], "customers": counted})
    return suppress_small_groups(frame, role, subscribers="customers", figures=["customers"], total_shown=True)
