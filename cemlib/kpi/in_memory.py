"""KPIs of records in memory: the same code on a DataFrame as on the lake."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa

from cemlib.kpi.catalogue import find_kpi
from cemlib.kpi.definition import Kpi
from cemlib.kpi.measure import measure
from cemlib.kpi.parts import Ratio
from cemlib.kpi.selection import find_column, name_conditions, parse_instant
from cemlib.kpi.sums import both
from cemlib.schema import fields

__all__ = ["evaluate_frame", "listed", "split_columns"]


def split_columns(kpi: Kpi) -> frozenset[str]:
    """The columns that split a KPI's numerator alone."""
    return frozenset(kpi.part.across) if isinstance(kpi.part, Ratio) else frozenset()


def listed(value: str | Kpi | Sequence[str | Kpi]) -> list[str | Kpi]:
    """One KPI or several as a list."""
    return [value] if isinstance(value, (str, Kpi)) else list(value)


@functools.cache
def _arrow_type(name: str) -> pa.DataType | None:
    if name in fields():
        kind = fields()[name].arrow_type
        # the lake's views show instants without zone
        return pa.timestamp("us") if pa.types.is_timestamp(kind) else kind
    if name.startswith(("is_", "has_")):
        return pa.bool_()
    if name.endswith(("_s", "_ratio", "_ms")):
        return pa.float64()
    return pa.timestamp("us") if name.endswith("_at") else pa.string() if name.endswith(("_code", "_name", "_key", "_id")) else None


def _typed(rows: pd.DataFrame | Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Records as arrow-backed columns of their declared types: a column of None is not a column of objects."""
    rows = pd.DataFrame(dict(rows), dtype=object) if not isinstance(rows, pd.DataFrame) else rows
    columns = {}
    for name in rows.columns:
        kind = _arrow_type(name)
        values = rows[name]
        if kind is not None and pa.types.is_timestamp(kind) and any(isinstance(one, str) for one in values):
            values = values.map(parse_instant)
        array = pa.Array.from_pandas(values, type=kind) if kind is not None else pa.Array.from_pandas(values)
        columns[name] = pd.Series(pd.arrays.ArrowExtensionArray(array))
    return pd.DataFrame(columns, index=range(len(rows)))


def evaluate_frame(
    rows: pd.DataFrame | Mapping[str, Sequence[Any]],
    kpis: str | Kpi | Sequence[str | Kpi],
    by: str | Sequence[str] = (),
    *,
    subscribers: bool = False,
    numerator: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Compute KPIs from enriched records in memory, with the same code as from the lake.

    Parameters
    ----------
    rows : pandas.DataFrame or dict of lists
        Records with the columns that the KPIs read.
    kpis, by, subscribers
        As in :func:`evaluate`; the KPIs are of one table.
    numerator : dict, optional
        Conditions that narrow numerators alone.

    Examples
    --------
    >>> tries = {"is_success": [True, True, False, None], "partner_code": ["a", "a", "a", "b"]}
    >>> evaluate_frame(tries, "roaming_registration_success_ratio", by="partner")[["partner", "num", "den", "state"]]
      partner  num  den    state
    0       a  2.0    3  too_few
    1       b  0.0    1  too_few
    """
    chosen = [find_kpi(one) for one in listed(kpis)]
    frame = nw.from_native(_typed(rows)).lazy()
    schema = frame.collect_schema()
    columns = {name: find_column(name, schema, where="by") for name in ([by] if isinstance(by, str) else by)}
    extra = both(*name_conditions(numerator, schema, chosen[0].table).values())
    results: dict[str, pd.DataFrame] = {}
    for across in dict.fromkeys(split_columns(one) for one in chosen):
        some = [one for one in chosen if split_columns(one) == across]
        cells = measure(frame, some, columns, subscribers=subscribers, extra=extra if across else None, across=across & set(columns.values()))
        figures = cells.figures()
        results |= dict(list(figures.groupby("kpi_code", sort=False)))
    # a KPI whose numerator is nowhere has no cell
    return pd.concat([results[one.code] for one in chosen if one.code in results] or [figures], ignore_index=True)
