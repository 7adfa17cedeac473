"""What a notebook hands on: its figures and tables, in an output that nobody sees and that the runner picks up."""

from __future__ import annotations

import datetime
import decimal
import math
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from cemlib.errors import PrivacyError, ReportError, UnknownNameError
from cemlib.privacy import may_see_records, publishable
from cemlib.schema import fields

__all__ = ["RESULT_MIME", "publish"]

#: The MIME type of the output; neither Lab nor Voilà nor a browser has a view for it, so it shows nothing.
RESULT_MIME = "application/vnd.cem.result+json"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,80}")
_MOST_ROWS = 200_000


def publish(
    figures: Mapping[str, Any], tables: Mapping[str, pd.DataFrame] | None = None, lake: Any = None, *, kpis: Iterable[str] | None = None
) -> dict[str, Any]:
    """Publish the figures and tables of a notebook; a report writes the tables as CSV and its hash covers both.

    Parameters
    ----------
    figures : mapping of str to int, float, str, bool or None
        Every figure that the notebook shows, by name. NaN is published as missing.
    tables : mapping of str to DataFrame, optional
        Tables to export; the name becomes the file's name. Units are in the column names.
    lake : Lake, optional
        The lake they come from; its snapshot is recorded.
    kpis : iterable of str, optional
        The KPIs they rest on, whose versions are recorded; by default those named in a column ``kpi_code``, in a table's column
        names or in a figure's name; where none is named, all of the catalogue, since figures rest on some of them.

    Returns
    -------
    dict
        What was published: figures, tables, snapshot, kpis.

    Raises
    ------
    ReportError
        For a name that cannot be a file's, an infinite figure, or a table too long to export.
    PrivacyError
        When a table holds pseudonyms of persons and the reader is a manager.

    Examples
    --------
    >>> published = publish({"roamers": 1284, "success": 0.981})
    >>> published["figures"]
    {'roamers': 1284, 'success': 0.981}
    """
    tables = dict(tables or {})
    for name in [*figures, *tables]:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ReportError("A figure or table has a name that cannot be published.", wanted="lower-case letters, digits and _", came=repr(name))
    content = {
        "figures": {name: _plain(value, name) for name, value in figures.items()},
        "tables": {name: _table(name, frame) for name, frame in tables.items()},
        "snapshot": _snapshot(lake),
        "kpis": _kpi_versions(figures, tables, kpis),
    }
    _emit(content)
    return content


def _emit(content: dict[str, Any]) -> None:
    """Put the content into the running cell's output, where there is one."""
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is not None:
        display({RESULT_MIME: content}, raw=True)


def _plain(value: Any, where: str) -> Any:
    """A figure or cell as JSON has it: missing is null, instants are ISO 8601 in UTC."""
    if isinstance(value, np.generic):
        if isinstance(value, (np.datetime64, np.timedelta64)):
            value = pd.Timestamp(value) if isinstance(value, np.datetime64) else pd.Timedelta(value)
        else:
            value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, decimal.Decimal):
        value = float(value)
    if isinstance(value, float):
        if math.isinf(value):
            raise ReportError("A figure is infinite.", where=where, todo="Divide only where the denominator is above 0; no data is missing.")
        return None if math.isnan(value) else value
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return value.isoformat() + "Z"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, pd.Period):
        return str(value)
    raise ReportError("A figure is of a type that cannot be published.", wanted="a number, text, yes/no, date or instant", came=type(value).__name__, where=where)


def _table(name: str, frame: Any) -> dict[str, Any]:
    if not isinstance(frame, pd.DataFrame):
        raise ReportError("Only a DataFrame can be published as a table.", came=type(frame).__name__, where=name)
    if len(frame) > _MOST_ROWS:
        raise ReportError("A table is too long to publish.", wanted=f"at most {_MOST_ROWS:,} rows", came=f"{len(frame):,}", where=name,
                          todo="Publish an aggregate.")
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    columns = [str(one) for one in frame.columns]
    if len(set(columns)) < len(columns):
        raise ReportError("A table has two columns of one name.", came=", ".join(columns), where=name)
    if not may_see_records():
        personal = [one for one in columns if one in fields() and fields()[one].privacy == "pseudonym"]
        if personal:
            raise PrivacyError("A table for managers holds keys of single persons.", came=", ".join(personal), where=f"table {name}",
                               todo="Publish groups, or run the report as an analyst (CEM_ROLE=analyst).")
    frame = publishable(frame)
    columns = [str(one) for one in frame.columns]
    cells = [[_plain(value, f"{name}.{column}") for value in frame.iloc[:, at].tolist()] for at, column in enumerate(columns)]
    return {"columns": columns, "rows": [list(row) for row in zip(*cells, strict=True)] if columns else []}


def _snapshot(lake: Any) -> dict[str, Any] | None:
    if lake is None:
        return None
    snapshot = lake.snapshot() if callable(lake.snapshot) else lake.snapshot
    versions = {str(name): int(version) for name, version in dict(snapshot.versions).items()}
    return {"id": str(snapshot.id), "written_at": str(getattr(snapshot, "written_at", "") or ""), "versions": versions}


def _kpi_versions(figures: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], kpis: Iterable[str] | None) -> dict[str, str]:
    """The version of every KPI that is named, or that the names at hand speak of."""
    from cemlib import kpi

    catalogue = kpi.catalogue()
    if kpis is not None:
        for name in kpis:
            if name not in catalogue:
                raise UnknownNameError("KPI", name, catalogue)
        names = set(kpis)
    else:
        spoken = {str(name) for name in figures}
        for frame in tables.values():
            spoken |= {str(one) for one in frame.columns}
            if "kpi_code" in frame.columns:
                spoken |= {str(one) for one in frame["kpi_code"].dropna().unique()}
        names = {code for code in catalogue if any(one == code or one.startswith(code + "_") for one in spoken)}
        # a hash that covers too much changes once too often; one that covers too little calls two different results the same
        names = names or set(catalogue)
    return {name: str(catalogue[name].version) for name in sorted(names)}
