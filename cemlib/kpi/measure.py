"""From records to figures: one pass that adds up the parts of several KPIs, then division, interval and verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from cemlib.kpi.definition import Kpi
from cemlib.kpi.figures import find_figures, resolution_scale
from cemlib.kpi.parts import Count, Distinct, Mean, Quantile, Ratio
from cemlib.kpi.quantile import find_quantiles
from cemlib.lake import collect_frame

__all__ = ["Cells", "measure", "record_parts", "rolled_parts", "sum_name", "sum_records"]


def flag(condition: nw.Expr | None) -> nw.Expr:
    """1 where the condition is true, 0 where it is false or null."""
    if condition is None:
        return nw.lit(1)
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))


def _one(condition: nw.Expr | None) -> nw.Expr:
    """1 where the condition is true, else null."""
    return nw.lit(1) if condition is None else nw.when(condition).then(nw.lit(1))


def both(*conditions: nw.Expr | None) -> nw.Expr | None:
    """All of the conditions that there are."""
    given = [one for one in conditions if one is not None]
    result = given[0] if given else None
    for one in given[1:]:
        result = result & one
    return result


def denominator_of(kpi: Kpi) -> nw.Expr | None:
    """The condition under which a record counts in the denominator; None: every record."""
    part = kpi.part
    if isinstance(part, Ratio):
        return part.den
    if isinstance(part, (Mean, Quantile)):
        return both(part.where, ~nw.col(part.column).is_null())
    return None


def numerator_of(kpi: Kpi) -> nw.Expr | None:
    """The condition under which a record counts in the numerator; None: every record."""
    part = kpi.part
    if isinstance(part, Ratio):
        return both(part.num, part.den)
    if isinstance(part, (Mean, Quantile)):
        return denominator_of(kpi)
    return part.where


def record_parts(kpi: Kpi) -> dict[str, nw.Expr]:
    """What an additive KPI adds up over its records, as whole numbers: den, num, and the squares of a mean."""
    part, parts = kpi.part, {"den": flag(denominator_of(kpi))}
    if isinstance(part, (Count, Ratio)):
        parts["num"] = flag(numerator_of(kpi))
    elif isinstance(part, Mean):
        steps = (nw.col(part.column) * resolution_scale(part, kpi.code)).round(0).cast(nw.Int64)
        steps = nw.when(denominator_of(kpi)).then(steps).otherwise(nw.lit(0))
        parts |= {"num": steps, "squares": steps * steps}
    return parts


def rolled_parts(kpi: Kpi) -> dict[str, nw.Expr]:
    """The same of a frame that holds the sums of many records, under the names of :func:`sum_name`."""
    return {name: nw.col(sum_name(kpi, name)) for name in record_parts(kpi)}


def sum_name(kpi: Kpi, part: str) -> str:
    """The column of a rollup that holds the sum of a part.

    Examples
    --------
    >>> from cemlib.kpi.catalogue import find_kpi
    >>> sum_name(find_kpi("sms_delivery_mean"), "den")
    'sms_delivery_mean__den'
    """
    return f"{kpi.code}__{part}"


def _row_parts(place: int, kpi: Kpi, extra: nw.Expr | None, subscribers: bool, splits: bool, rolled: bool) -> list[tuple[str, nw.Expr, str]]:
    """What one KPI needs of each row, and how it is added up: (name, expression, "sum", "count" or "distinct")."""
    part, at = kpi.part, f"_k{place}_"
    sums = rolled_parts(kpi) if rolled else record_parts(kpi)
    if extra is not None and isinstance(part, (Count, Ratio)):
        sums["num"] = nw.when(extra).then(sums["num"]).otherwise(nw.lit(0))
    parts = [(at + name, expression, "sum") for name, expression in sums.items()]
    if not rolled:
        # counting what is there takes a third less than adding up ones: DuckDB adds in 128 bits
        counts = {"den": denominator_of(kpi)} | ({"num": both(numerator_of(kpi), extra)} if isinstance(part, (Count, Ratio)) else {})
        parts = [(at + name, _one(condition), "count") for name, condition in counts.items()] + [one for one in parts if one[0] not in {at + name for name in counts}]
    if isinstance(part, Distinct):
        parts += _distinct(at + "num", part.column, both(part.where, extra))
    if subscribers:
        # where the denominator spreads over all causes, the people of a cause are those of its numerator
        whose = both(numerator_of(kpi), extra) if splits else denominator_of(kpi)
        parts += _distinct(at + "subscribers", "subscriber_key", whose)
    return parts


def _distinct(name: str, column: str, condition: nw.Expr | None) -> list[tuple[str, nw.Expr, str]]:
    value = nw.col(column) if condition is None else nw.when(condition).then(nw.col(column))
    # engines count null as one more distinct value: it is counted apart and taken off
    absent = nw.col(column).is_null() if condition is None else nw.when(condition).then(nw.col(column)).is_null()
    return [(name, value, "distinct"), (name + "_null", flag(absent), "sum")]


@dataclass(frozen=True)
class Cells:
    """The added-up parts of some KPIs of one table, cell by cell; the figures are divided out of them when they are asked for.

    Attributes
    ----------
    wide : pandas.DataFrame
        A row a cell: the keys, then the parts of each KPI as float64 whole numbers, in the order of the keys (missing ones last).
    kpis : tuple of Kpi
    keys : dict
        Key of ``wide`` to column of the table.
    by : tuple of str
        The keys as the caller named them.
    quantiles : dict
        KPI code to (value, low, high) of each cell.
    subscribers : bool
    across : frozenset of str
        Columns that split numerators alone.
    """

    wide: pd.DataFrame
    kpis: tuple[Kpi, ...]
    keys: Mapping[str, str]
    by: tuple[str, ...]
    quantiles: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
    subscribers: bool
    across: frozenset[str]

    def figures(self) -> pd.DataFrame:
        """``by`` columns, then :data:`cemlib.kpi.figures.FIGURES` (and ``subscribers``), one row for each cell and KPI."""
        results = [find_figures(self.wide, place, kpi, self.quantiles.get(kpi.code), self.keys, self.by, self.subscribers, self.across)
                   for place, kpi in enumerate(self.kpis)]
        return pd.concat(results, ignore_index=True)

    def sums(self) -> pd.DataFrame:
        """``by`` columns, then what each additive KPI adds up, under the names of :func:`sum_name`: one row a cell."""
        renamed = {f"_k{place}_{name}": sum_name(kpi, name) for place, kpi in enumerate(self.kpis) if isinstance(kpi.part, Count | Ratio | Mean)
                   for name in record_parts(kpi)}
        return self.wide[[*self.keys, *renamed]].set_axis([*self.by, *renamed.values()], axis="columns")


def measure(
    frame: nw.LazyFrame,
    kpis: Sequence[Kpi],
    by: Mapping[str, str],
    *,
    subscribers: bool = False,
    extra: nw.Expr | None = None,
    across: frozenset[str] = frozenset(),
    rolled: bool = False,
) -> Cells:
    """Add up the parts of KPIs of one table on a narwhals frame, grouped.

    Parameters
    ----------
    frame : narwhals.LazyFrame
        The records that count, every filter applied.
    kpis : sequence of Kpi
    by : mapping
        Name in the result to column of the frame; empty: one row for all, even of no record.
    subscribers : bool
        Add the distinct subscribers of the denominator.
    extra : narwhals expression, optional
        Narrows numerators alone.
    across : frozenset of str
        Columns of ``by`` that split numerators alone.
    rolled : bool
        The rows are not records but hold the sums of many, under the names of :func:`sum_name`; additive KPIs only.

    Returns
    -------
    Cells
    """
    keys = {f"_by{place}": column for place, column in enumerate(by.values())}
    parts, grouped = sum_records(frame, kpis, keys, subscribers=subscribers, extra=extra, splits=bool(across), rolled=rolled)
    # DuckDB puts the cells in order faster than pandas does; what Spark sorts does not arrive in that order
    is_spark = frame.implementation.is_pyspark()
    # a frame in memory keeps the row numbers that it had before it was sorted
    wide = collect_frame(grouped.sort(*keys, nulls_last=True) if keys and not is_spark else grouped).reset_index(drop=True)
    # how a missing key is written differs between engines: None, NaN, NA
    wide[list(keys)] = wide[list(keys)].apply(_one_null)
    for name in parts:
        wide[name] = pd.to_numeric(wide[name]).astype("float64").fillna(0.0)
    if keys and is_spark:
        wide = wide.sort_values(list(keys), kind="stable", na_position="last", ignore_index=True)
    return Cells(wide, tuple(kpis), keys, tuple(by), _all_quantiles(frame, kpis, keys, wide), subscribers, across)


def sum_records(
    frame: nw.LazyFrame, kpis: Sequence[Kpi], keys: Mapping[str, str], *, subscribers: bool = False, extra: nw.Expr | None = None,
    splits: bool = False, rolled: bool = False,
) -> tuple[list[str], nw.LazyFrame]:
    """The names of the parts of KPIs, and the query that adds them up by the keys (name to column), not computed yet."""
    parts = [one for place, kpi in enumerate(kpis) for one in _row_parts(place, kpi, extra, subscribers, splits or extra is not None, rolled)]
    sums = [getattr(nw.col(name), {"distinct": "n_unique"}.get(how, how))() for name, _, how in parts]
    # with_columns, not select: a selection of constants alone would be one row
    rows = frame.with_columns(*[nw.col(column).alias(key) for key, column in keys.items()], *[e.alias(n) for n, e, _ in parts])
    return [name for name, _, _ in parts], rows.group_by(*keys).agg(*sums) if keys else rows.select(*sums)


def _all_quantiles(
    frame: nw.LazyFrame, kpis: Sequence[Kpi], keys: dict[str, str], wide: pd.DataFrame
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The quantiles, one pass for each column and condition: p10, median and p90 of a column share theirs."""
    shared: dict[tuple[str, str], list[Kpi]] = {}
    for kpi in kpis:
        if isinstance(kpi.part, Quantile):
            shared.setdefault((kpi.part.column, repr(kpi.part.where)), []).append(kpi)
    found = {}
    for (column, _), some in shared.items():
        wanted = [kpi.part.q for kpi in some]
        results = find_quantiles(frame.filter(denominator_of(some[0])), column, wanted, keys, wide[list(keys)])
        found |= {kpi.code: result for kpi, result in zip(some, results)}
    return found


def _one_null(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.ArrowDtype):
        column = pd.Series(column.array._pa_array.to_pandas(), index=column.index)
    return column
