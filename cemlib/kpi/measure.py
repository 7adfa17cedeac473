"""From records to figures: one pass that adds up the parts of several KPIs, then division, interval and verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from cemlib.kpi.definition import Kpi
from cemlib.kpi.figures import find_figures
from cemlib.kpi.parts import Quantile
from cemlib.kpi.quantile import find_quantiles
from cemlib.kpi.sums import Sums, denominator_of, find_sums, record_parts, sum_name
from cemlib.kpi.whole import collect_whole
from cemlib.lake import collect_frame

__all__ = ["Cells", "measure", "sum_records"]


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
        columns = {sum_name(kpi, name): self.wide[f"_k{place}_{name}"] for place, kpi in enumerate(self.kpis)
                   if kpi.part.additive for name in record_parts(kpi)}
        return pd.DataFrame({name: self.wide[key] for name, key in zip(self.by, self.keys)} | columns, copy=False)


def measure(
    frame: nw.LazyFrame,
    kpis: Sequence[Kpi],
    by: Mapping[str, str],
    *,
    subscribers: bool = False,
    extra: nw.Expr | None = None,
    across: frozenset[str] = frozenset(),
    rolled: bool = False,
    whole: bool = False,
    ordered: bool = False,
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
    whole : bool
        Such rows should be one for each cell, so that nothing is left to add up.
    ordered : bool
        They should come in the order of the cells.

    Returns
    -------
    Cells
    """
    keys = {f"_by{place}": column for place, column in enumerate(by.values())}
    asked = find_sums(kpis, extra, subscribers, bool(across) or extra is not None, rolled)
    rows = _show_values(frame, asked, keys)
    # DuckDB puts the cells in order faster than pandas does; what Spark sorts does not arrive in that order
    is_spark = frame.implementation.is_pyspark()
    found = None
    if whole and keys:
        alone = [nw.col(name.removesuffix("_sum")).cast(nw.Float64).alias(name) for name in asked.sums]
        found = collect_whole(rows.select(*keys, *alone), list(keys), ordered=ordered)
    if found is None:
        grouped = _add_up(rows, asked, keys)
        # a frame in memory keeps the row numbers that it had before it was sorted
        found = collect_frame(grouped.sort(*keys, nulls_last=True) if keys and not is_spark else grouped).reset_index(drop=True)
    # how a missing key is written differs between engines: None, NaN, NA
    columns = {key: _one_null(found[key]) for key in keys}
    numbers = {name: _number(found[name]) for name in asked.sums}
    wide = pd.DataFrame(columns | {part: numbers[name] for part, name in asked.parts.items()}, copy=False)
    if keys and is_spark:
        wide = wide.sort_values(list(keys), kind="stable", na_position="last", ignore_index=True)
    return Cells(wide, tuple(kpis), keys, tuple(by), _all_quantiles(frame, kpis, keys, wide), subscribers, across)


def sum_records(frame: nw.LazyFrame, kpis: Sequence[Kpi], keys: Mapping[str, str]) -> tuple[list[str], nw.LazyFrame]:
    """The names of the parts of KPIs, and the query that adds them up by the keys (name to column), not computed yet."""
    asked = find_sums(kpis)
    added = _add_up(_show_values(frame, asked, keys), asked, keys)
    return list(asked.parts), added.select(*keys, *[nw.col(name).alias(part) for part, name in asked.parts.items()])


def _show_values(frame: nw.LazyFrame, asked: Sums, keys: Mapping[str, str]) -> nw.LazyFrame:
    """The rows with the keys and what is added up."""
    values = [nw.col(column).alias(key) for key, column in keys.items()] + [one.alias(name) for name, one in asked.values.items()]
    # with_columns, not select: a selection of constants alone would be one row
    for some in (values, [(nw.col(value) * nw.col(value)).alias(name) for name, value in asked.squares.items()]):
        frame = frame.with_columns(*some) if some else frame
    return frame


def _add_up(rows: nw.LazyFrame, asked: Sums, keys: Mapping[str, str]) -> nw.LazyFrame:
    sums = [one.alias(name) for name, one in asked.sums.items()]
    return rows.group_by(*keys).agg(*sums) if keys else rows.select(*sums)


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


def _number(column: pd.Series) -> pd.Series:
    """Sums as float64; the sum of nothing is 0."""
    values = pd.to_numeric(column).to_numpy(dtype="float64", na_value=np.nan)
    missing = np.isnan(values)
    return pd.Series(np.where(missing, 0.0, values) if missing.any() else values)


def _one_null(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.ArrowDtype):
        column = pd.Series(column.array._pa_array.to_pandas(), index=column.index)
    return column
