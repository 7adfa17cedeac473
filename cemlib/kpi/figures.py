"""From sums to figures: division, interval and verdict, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cemlib.errors import KpiError
from cemlib.kpi import interval
from cemlib.kpi.definition import Kpi
from cemlib.kpi.parts import Distinct, Mean, Ratio
from cemlib.schema import fields

__all__ = ["FIGURES", "find_figures", "resolution_scale"]

#: The columns of a result behind those of ``by``.
FIGURES = ("kpi_code", "num", "den", "value", "low", "high", "state")


def resolution_scale(part: Mean, code: str) -> int:
    """How many steps of the column's resolution make one unit: values are summed as whole steps."""
    resolution = part.resolution
    if resolution is None and part.column in fields():
        resolution = fields()[part.column].resolution or (1.0 if fields()[part.column].type == "int64" else None)
    if not resolution:
        raise KpiError("A mean needs the resolution of its column.", where=f"{code}: {part.column}",
                       todo="Declare it in the schema, or give Mean(resolution=...).")
    return round(1 / resolution) if resolution <= 1 else 1


def find_figures(
    wide: pd.DataFrame, place: int, kpi: Kpi, quantile: tuple[np.ndarray, np.ndarray, np.ndarray] | None, keys: Mapping[str, str],
    by: Sequence[str], subscribers: bool, across: frozenset[str],
) -> pd.DataFrame:
    """The finished figures of one KPI, cell by cell."""
    part, at = kpi.part, f"_k{place}_"
    den = wide[at + "den"].to_numpy()
    whole = [key for key, column in keys.items() if column not in across]
    if isinstance(part, Ratio) and len(whole) < len(keys):
        den = (wide.groupby(whole, dropna=False)[at + "den"].transform("sum").to_numpy() if whole
               else np.full(len(wide), den.sum()))
    missing = np.full(len(wide), np.nan)
    low, high = missing.copy(), missing.copy()
    if quantile is not None:
        num = missing.copy()
        value, low, high = quantile
    else:
        num = wide[at + "num"].to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            if isinstance(part, Ratio):
                value = np.where(den > 0, num / den, np.nan)
                low, high = interval.bound_ratio(num, den)
            elif isinstance(part, Mean):
                scale = resolution_scale(part, kpi.code)
                value = np.where(den > 0, num / den / scale, np.nan)
                low, high = interval.bound_mean(num, wide[at + "squares"].to_numpy(), den)
                num, low, high = num / scale, low / scale, high / scale
            elif isinstance(part, Distinct):
                num = num - (wide[at + "num_null"].to_numpy() > 0)
                num = np.where(den > 0, num, 0.0)
                value = np.where(den > 0, num, np.nan)
            else:
                value = np.where(den > 0, num, np.nan)
                low, high = interval.bound_count(value)
    figures = pd.DataFrame({name: wide[key] for name, key in zip(by, keys)})
    figures["kpi_code"] = pd.Series([kpi.code] * len(wide), dtype="str")
    figures = figures.assign(num=num, den=den.astype("int64"), value=value, low=low, high=high)
    too_few = den < kpi.minimum
    if kpi.widest is not None:
        with np.errstate(invalid="ignore"):
            too_few |= ~(high - low <= kpi.widest)
    states = np.select([~np.isfinite(value), too_few], ["no_data", "too_few"], "ok")
    figures["state"] = pd.Series(states, index=figures.index, dtype="str")
    if subscribers:
        people = wide[at + "subscribers"].to_numpy() - (wide[at + "subscribers_null"].to_numpy() > 0)
        figures["subscribers"] = np.maximum(people, 0).astype("int64")
    if len(whole) < len(keys):
        # the cause of a success is no cause of a reject
        figures = figures[figures["num"] > 0]
    return figures
