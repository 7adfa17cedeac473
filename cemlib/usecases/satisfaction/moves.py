"""Who moves when one index takes the place of another, and why: counts for everybody, single customers for those who may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cemlib.experience import ExperienceScores
from cemlib.privacy import may_see_records, suppress_small_groups
from cemlib.settings import settings
from cemlib.usecases.cell_suppression import hide_cells
from cemlib.usecases.satisfaction.spread import BANDS, count_bands

__all__ = ["Moves", "find_moves"]


@dataclass(frozen=True)
class Moves:
    """Two scorings compared.

    Attributes
    ----------
    versions : (str, str)
        Before and after.
    summary : dict
        compared, up, down (by a point or more), bands_changed, mean_change; from a manager, counts of few are hidden (None).
    bands : DataFrame
        band_before, band_after, customers, is_suppressed.
    reasons : DataFrame
        why (term), customers (whom it moved most), points (mean of what it did to them), is_suppressed; of those who move by a point or more.
    segments : DataFrame
        segment, customers, change (mean), is_suppressed.
    customers : DataFrame
        subscriber_key, before, after, change, why: the largest changes; empty for a manager.
    """

    versions: tuple[str, str]
    summary: dict[str, Any]
    bands: pd.DataFrame
    reasons: pd.DataFrame
    segments: pd.DataFrame
    customers: pd.DataFrame


def find_moves(before: ExperienceScores, after: ExperienceScores, role: str | None = None, most: int = 10) -> Moves:
    """Compare two scorings of the same customers.

    Parameters
    ----------
    before, after : ExperienceScores
        By subscriber_key.
    role : str, optional
        From a manager, groups of few customers are hidden, and single customers are.
    most : int
        How many customers are named.
    """
    diff = before.diff(after)
    frame = diff.frame.astype({"band_before": str, "band_after": str})
    crossed = pd.crosstab(frame["band_before"], frame["band_after"]).reindex(index=BANDS, columns=BANDS, fill_value=0)
    small = [set(some.loc[some["is_suppressed"], "band"]) for some in (count_bands(one, role) for one in (before, after))]
    # how many are in each band before and after is shown, so the table's lines tell a lonely hidden cell
    told = crossed.mask(hide_cells(crossed, *small)[0])
    bands = pd.DataFrame({"customers": crossed.stack(), "_shown": told.stack(future_stack=True)}).rename_axis(index=["band_before", "band_after"]).reset_index()
    moved = frame[frame["change"].abs() >= 1]
    reasons = moved.groupby("why").agg(customers=("change", "size"), points=("why_points", "mean")).reset_index().sort_values(["customers", "why"], ascending=[False, True], ignore_index=True)
    segments = frame.merge(before.frame[["subscriber_key", "segment"]], on="subscriber_key")
    segments = segments.groupby("segment").agg(customers=("change", "size"), change=("change", "mean")).reset_index()
    named = moved.head(most)[["subscriber_key", "before", "after", "change", "why"]].reset_index(drop=True)

    def shown(some: pd.DataFrame, *figures: str) -> pd.DataFrame:
        return suppress_small_groups(some, role, subscribers="customers", figures=["customers", *figures], total_shown=True)

    return Moves((before.index.version, after.index.version), _shown_counts(diff.summary(), role), suppress_small_groups(bands, role, subscribers="_shown", figures=["customers"]).drop(columns="_shown"), shown(reasons, "points"), shown(segments, "change"),
                 named if may_see_records(role) else named.head(0))


def _shown_counts(summary: dict[str, Any], role: str | None) -> dict[str, Any]:
    """The counts of a summary as a role may see them."""
    few = set() if may_see_records(role) else set(range(1, settings().minimum_group))
    return {name: None if name != "mean_change" and count in few else count for name, count in summary.items()}
