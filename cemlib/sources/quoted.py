"""Cuts the lines that hold quotes, one by one, with Python's csv module in its strict mode."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from cemlib.sources.mapping import Mapping

__all__ = ["QuotedLines", "cut_quoted", "with_joined"]

#: A quoted cell that goes on for more lines than this is a broken quote.
_JOINED_LINES = 50


@dataclass
class QuotedLines:
    """What became of the lines with quotes.

    Attributes
    ----------
    rows, cells : list
        The records: the row of the first line of each, and its cells.
    wrong : dict of str to list of int
        Rows that are no record, by reason code.
    swallowed : list of int
        Rows that belong to a record above.
    joined : dict of int to bytes
        The text of records over several lines, by their first row.
    """

    rows: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    wrong: dict[str, list[int]] = field(default_factory=dict)
    swallowed: list[int] = field(default_factory=list)
    joined: dict[int, bytes] = field(default_factory=dict)


def cut_quoted(texts: pa.Array, rows: np.ndarray, header: list[str], mapping: Mapping, is_last: bool) -> tuple[QuotedLines, int | None]:
    """Cut lines with quotes one by one; returns the first row that needs the next block, if there is one."""
    told, upto = QuotedLines(), -1
    for row in rows.tolist():
        if row < upto:  # part of a record above
            continue
        cells, code = _cut(texts[row].as_py().rstrip(b"\r\n").decode(), header, mapping)
        if code == "broken_quotes" and mapping.multiline_cells:
            last = min(row + _JOINED_LINES, len(texts))
            for end in range(row + 2, last + 1):
                text = b"".join(texts.slice(row, end - row).to_pylist())
                cells, joined_code = _cut(text.rstrip(b"\r\n").decode(), header, mapping)
                if joined_code is None:
                    code, upto = None, end
                    told.swallowed += range(row + 1, end)
                    told.joined[row] = text
                    break
            else:
                if last == len(texts) and not is_last and row:
                    return told, row
        if code is None:
            told.rows.append(row)
            told.cells.append(cells)
        else:
            told.wrong.setdefault(code, []).append(row)
    return told, None


def _cut(text: str, header: list[str], mapping: Mapping) -> tuple[list[str], str | None]:
    try:
        found = list(csv.reader(text.splitlines(keepends=True) if mapping.multiline_cells else [text],
                                delimiter=mapping.delimiter, strict=True))
    except csv.Error:
        return [], "broken_quotes"
    cells = found[0] if found else []
    if len(found) > 1 or ('"' in "".join(cells) and text.count('"') % 2):
        return [], "broken_quotes"
    if len(cells) != len(header):
        return [], "too_few_columns" if len(cells) < len(header) else "too_many_columns"
    return cells, None


def with_joined(texts: pa.Array, joined: dict[int, bytes]) -> pa.Array:
    """The lines, with each record over several lines in the place of its first."""
    if not joined:
        return texts
    lines = texts.to_pylist()
    for row, text in joined.items():
        lines[row] = text
    return pa.array(lines, pa.binary())
