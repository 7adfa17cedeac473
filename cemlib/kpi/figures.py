"""From sums to figures: division, interval and verdict, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cemlib.errors import KpiError
from cemlib.kpi import interval
from cemlib.kpi.definition import Kpi
from cemlib.kpi.parts import Distinct, Mean, NetShare, Ratio, SumRatio
from cemlib.schema import fields

__all__ = ["FIGURES", "coarse_scale", "column_scale", "find_figures", "resolution_scale"]

#: The columns of a result behind those of ``by``.
FIGURES = ("kpi_code", "num", "den", "value", "low", "high", "state")


def resolution_scale(part: Mean, code: str) -> int:
    """How many steps of the column's resolution make one unit: values are summed as whole steps."""
    return column_scale(part.column, part.resolution, code)


def column_scale(column: str, resolution: float | None, code: str) -> int:
    """The same of any column; a resolution that is given comes before the schema's."""
    if resolution is None and column in fields():
        resolution = fields()[column].resolution or (1.0 if fields()[column].type == "int64" else None)
    if not resolution:
        raise KpiError("A mean or a ratio of sums needs the resolution of its column.", where=f"{code}: {column}",
                       todo="Declare it in the schema, or give Mean(resolution=...).")
    return round(1 / resolution) if resolution <= 1 else 1


def coarse_scale(scale: int) -> int:
    """Into how many steps a unit is cut where squares are summed: at most ten, so that they fit whole numbers of 64 bits."""
    return min(scale, 10)


def find_figures(
    wide: pd.DataFrame, place: int, kpi: Kpi, quantile: tuple[np.ndarray, np.ndarray, np.ndarray] | None, keys: Mapping[str, str],
    by: Sequence[str], subscribers: bool, across: frozenset[str],
) -> pd.DataFrame:
    """The finished figures of one KPI, cell by cell."""
    part, at = kpi.part, f"_k{place}_"
    sums = {name.removeprefix(at): wide[name].to_numpy() for name in wide.columns if name.startswith(at)}
    den = sums["den"]
    whole = [key for key, column in keys.items() if column not in across]
    if isinstance(part, Ratio) and len(whole) < len(keys):
        den = (wide.groupby(whole, dropna=False)[at + "den"].transform("sum").to_numpy() if whole
               else np.full(len(wide), den.sum()))
    # of how much the figure is: records, or trials
    evidence = sums["n"] if isinstance(part, SumRatio) and part.errors != "wilson" else den
    with np.errstate(divide="ignore", invalid="ignore"):
        if quantile is not None:
            num, (value, low, high) = np.full(len(wide), np.nan), quantile
        elif isinstance(part, SumRatio):
            num, den, value, low, high = _divide_sums(kpi, part, sums)
        else:
            num, value, low, high = _divide(kpi, sums, den)
    figures = pd.DataFrame({name: wide[key] for name, key in zip(by, keys)})
    figures["kpi_code"] = pd.Series([kpi.code] * len(wide), dtype="str")
    figures = figures.assign(num=num, den=np.round(den).astype("int64"), value=value, low=low, high=high)
    too_few = evidence < kpi.minimum
    if kpi.widest is not None:
        with np.errstate(invalid="ignore"):
            too_few |= ~(high - low <= kpi.widest)
    states = np.select([~np.isfinite(value), too_few], ["no_data", "too_few"], "ok")
    figures["state"] = pd.Series(states, index=figures.index, dtype="str")
    if subscribers:
        people = sums["subscribers"] - (sums["subscribers_null"] > 0)
        figures["subscribers"] = np.maximum(people, 0).astype("int64")
    if len(whole) < len(keys):
        # the cause of a success is no cause of a reject
        figures = figures[figures["num"] > 0]
    return figures


def _divide(kpi: Kpi, sums: Mapping[str, np.ndarray], den: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """num, value, low and high of figures whose denominator counts records."""
    part, num = kpi.part, sums["num"]
    if isinstance(part, Ratio):
        return num, np.where(den > 0, num / den, np.nan), *interval.bound_ratio(num, den)
    if isinstance(part, NetShare):
        up, down = (sums["either"] + num) / 2, (sums["either"] - num) / 2
        return num, np.where(den > 0, num / den, np.nan), *interval.bound_net_share(up, down, den)
    if isinstance(part, Mean):
        scale = resolution_scale(part, kpi.code)
        low, high = interval.bound_mean(num, sums["squares"], den)
        return num / scale, np.where(den > 0, num / den / scale * part.scale, np.nan), low / scale * part.scale, high / scale * part.scale
    if isinstance(part, Distinct):
        num = np.where(den > 0, num - (sums["num_null"] > 0), 0.0)
        return num, np.where(den > 0, num, np.nan), np.full(len(num), np.nan), np.full(len(num), np.nan)
    value = np.where(den > 0, num, np.nan)
    return num, value, *interval.bound_count(value)


def _divide_sums(kpi: Kpi, part: SumRatio, sums: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """num, den, value, low and high of a ratio of two sums."""
    scales = [column_scale(column, resolution, kpi.code) for column, resolution in ((part.num, part.num_resolution), (part.den, part.den_resolution))]
    num, den = sums["num"] / scales[0], sums["den"] / scales[1]
    ratio = np.where(den > 0, num / den, np.nan)
    low, high = np.full(len(num), np.nan), np.full(len(num), np.nan)
    if part.errors == "wilson":
        # counters of two moments may tell of more successes than attempts: no share, and no interval
        low, high = (np.where(num <= den, one, np.nan) for one in interval.bound_ratio(np.minimum(num, den), den))
    elif part.errors == "poisson_rate":
        low, high = (one / np.where(den > 0, den, np.nan) for one in interval.bound_count(num))
    elif part.errors == "linearised":
        x, y = coarse_scale(scales[0]), coarse_scale(scales[1])
        low, high = interval.bound_sum_ratio(num, den, (sums["num_squares"] / x**2, sums["den_squares"] / y**2, sums["products"] / (x * y)), sums["n"])
    if part.is_complement:
        num, ratio, low, high = den - num, 1 - ratio, 1 - high, 1 - low
    return num, den, ratio * part.scale, low * part.scale, high * part.scale
