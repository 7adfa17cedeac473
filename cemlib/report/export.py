"""Published tables as CSV files that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["safe_cell", "write_csv", "zip_tables"]

# what makes a spreadsheet take a text for a formula, the control characters that it strips before it looks included
_FORMULA = re.compile(r"[\s\x00-\x1f]*[=+\-@\uff0b\uff0d\uff1d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def safe_cell(value: Any) -> Any:
    """Make a cell that no spreadsheet runs: a text that looks like a formula gets an apostrophe in front; numbers stay.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("-5"), safe_cell(-5), safe_cell("-5+cmd|x"), safe_cell("Partner A")
    ("'=1+1", '-5', -5, "'-5+cmd|x", 'Partner A')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return "'" + value
    return value


def write_csv(path: Path, table: Mapping[str, Any]) -> None:
    """Write one published table: UTF-8, comma, a header row, floats in full precision, missing as an empty cell.

    Parameters
    ----------
    path : Path
    table : mapping
        ``columns`` and ``rows``, as :func:`cemlib.publish` gives them.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([safe_cell(one) for one in table["columns"]])
        writer.writerows([safe_cell(one) for one in row] for row in table["rows"])


def zip_tables(tables: Mapping[str, pd.DataFrame]) -> bytes:
    """One archive of CSV files, one for each table: the same tables give the same bytes.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The name becomes the file's name.

    Examples
    --------
    >>> packed = zip_tables({"drivers": pd.DataFrame({"driver": ["=Speed"], "share": [0.25]})})
    >>> with zipfile.ZipFile(io.BytesIO(packed)) as archive:
    ...     print(archive.namelist(), archive.read("drivers.csv"))
    ['drivers.csv'] b"driver,share\\n'=Speed,0.25\\n"
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, table in tables.items():
            safe = table.rename(columns=safe_cell).astype(object).map(safe_cell)
            # without a date of its own
            archive.writestr(zipfile.ZipInfo(f"{name}.csv"), safe.to_csv(index=False, lineterminator="\n"), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
