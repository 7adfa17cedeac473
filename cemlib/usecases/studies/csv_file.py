"""A CSV file as a study gives it: how it is encoded, what stands between its cells and before its decimals is told by the file, or by the study's source."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import warnings
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cemlib.errors import ParameterError, SourceError
from cemlib.sources.signatures import refuse_other_format
from cemlib.usecases.studies.cells import SetAside

__all__ = ["CsvFile", "read_csv_file", "tell_decimal"]

#: What stands for a missing value.
_MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null")
_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "an upright line"}
_COMMA, _POINT = re.compile(r"\s*[+-]?\d+,\d+\s*"), re.compile(r"\s*[+-]?\d+\.\d+\s*")
#: So many cells of a column are looked at to tell what stands before its decimals.
_LOOKED_AT = 5_000


@dataclass(frozen=True)
class CsvFile:
    """What a file holds and how it was read.

    Attributes
    ----------
    frame : DataFrame
        By row, the header being the first, as a spreadsheet counts; the customers as text.
    delimiter : str
    name : str
    """

    frame: pd.DataFrame
    delimiter: str
    name: str
    _text: str = field(repr=False)
    _first: int = field(repr=False)

    def as_text(self, columns: Collection[str]) -> pd.DataFrame:
        """These columns as they are written: 1.000 may be a thousand."""
        return _framed(_cut(self._text, self.delimiter, columns), self._first)[list(columns)].loc[self.frame.index]

    @property
    def how(self) -> str:
        """How it was read, in words."""
        return f"{self.name}, row 1, cut at {_DELIMITERS.get(self.delimiter, repr(self.delimiter))}"


def read_csv_file(path: Path, name: str, customer: str, aside: SetAside, *, delimiter: str | None = None, encoding: str | None = None, most: float = 0.1) -> CsvFile:
    """Read a file.

    Parameters
    ----------
    path : Path
    name : str
        For messages.
    customer : str
        A column that it must have: by it the delimiter is known.
    aside : SetAside
        Gets the rows that have more cells than the header.
    delimiter, encoding : str, optional
        Where the study tells them. UTF-8, and UTF-16 with its mark, are known; another encoding is never guessed: a wrong guess would give wrong names without a word.
    most : float
        Share of the rows that may be set aside.

    Raises
    ------
    ParameterError
        The file cannot be read as told: what was seen, and which key of the source says it.
    """
    text = _text(path, name, encoding)
    start = len(text) - len(text.lstrip("\r\n"))
    skipped = text[:start].count("\n")
    text = text[start:]
    if not text.strip():
        raise ParameterError("The file of a study is empty.", wanted="a header and rows", where=name)
    cut = delimiter or _delimiter(text, customer)
    header = next(csv.reader(io.StringIO(text), delimiter=cut))
    twice = sorted({one for one in header if one.strip() and header.count(one) > 1})
    if twice:
        raise ParameterError("Two columns of a file have one name.", came=", ".join(twice[:3]), where=f"{name}, row 1", todo="Name each column otherwise.")
    # 007 is another customer than 7
    written = [one for one in header if one.strip() == customer]
    try:
        frame = _cut(text, cut, written)
    except (pd.errors.ParserError, pd.errors.ParserWarning):
        text = _without_long_rows(text, cut, name, aside, skipped, most)
        frame = _cut(text, cut, written)
    return CsvFile(_framed(frame, 2 + skipped).dropna(how="all"), cut, name, text, 2 + skipped)


def _framed(frame: pd.DataFrame, first: int) -> pd.DataFrame:
    """With tidy names, by the row of the file."""
    return frame.set_axis([str(one).strip() for one in frame.columns], axis=1).set_axis(pd.RangeIndex(first, first + len(frame)), axis=0)


def _text(path: Path, name: str, encoding: str | None) -> str:
    try:
        held = path.read_bytes()
        held = gzip.decompress(held) if held[:2] == b"\x1f\x8b" else held
    except (OSError, EOFError, zlib.error) as error:
        raise ParameterError("The file of a study cannot be read.", came=getattr(error, "strerror", None) or str(error)[:120], where=name) from error
    known = encoding or ("utf-16" if held.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")
    try:
        codecs.lookup(known)
        if not codecs.lookup(known).name.startswith("utf-16"):
            refuse_other_format(held[:4096], name)
        # a mark of UTF-8 is taken away in whatever way the study calls that encoding
        text = held.decode("utf-8-sig" if codecs.lookup(known).name == "utf-8" else known)
    except SourceError as error:
        # the mark that tells UTF-16 is missing, or the study said otherwise
        raise ParameterError(error.what, wanted=error.wanted, where=name, todo=f"{error.todo}{' Or say `encoding: utf-16-le` in the source.' if 'UTF-16' in error.what else ''}") from None
    except LookupError:
        raise ParameterError("There is no such encoding.", wanted="utf-8, cp1252, cp1250, latin-1, utf-16 …", came=str(encoding), where=f"{name}: source > encoding") from None
    except UnicodeDecodeError as error:
        row, byte = held[:error.start].count(b"\n") + 1, held[error.start:error.start + 1]
        read_as = f" (in cp1252 that is “{byte.decode('cp1252', 'replace')}”)" if encoding is None and byte else ""
        raise ParameterError(f"The file is no {encoding or 'UTF-8'}.", came=f"the byte 0x{byte.hex().upper()}{read_as}", where=f"{name}, row {row}",
                             todo="Say `encoding: cp1252` (Windows, Western Europe), `cp1250`, `latin-1` … in the source, or save the file as UTF-8.") from None
    if "\x00" in text:
        raise ParameterError("The file holds NUL characters.", where=f"{name}, row {text[:text.index(chr(0))].count(chr(10)) + 1}", todo="Say `encoding: utf-16-le` in the source if it is UTF-16; else it is no CSV.")
    return text


def _delimiter(text: str, customer: str) -> str:
    """What the header is cut at: that which gives the column of customers, else the most columns."""
    headers = {one: [cell.strip() for cell in next(csv.reader(io.StringIO(text), delimiter=one))] for one in _DELIMITERS}
    return max(headers, key=lambda one: (customer in headers[one], len(headers[one]), one == ","))


def _cut(text: str, delimiter: str, written: Collection[str]) -> pd.DataFrame:
    """Cut into cells; columns that are to stay as they are ``written`` are text."""
    with warnings.catch_warnings():
        # rows that are longer than the header throughout are told by a warning, and would lose their last cells
        warnings.simplefilter("error", pd.errors.ParserWarning)
        # "None" is what many systems write of who has none of something
        return pd.read_csv(io.StringIO(text), sep=delimiter, dtype=dict.fromkeys(written, "str"), keep_default_na=False, na_values=_MISSING, skip_blank_lines=False, index_col=False, low_memory=False)


def _without_long_rows(text: str, delimiter: str, name: str, aside: SetAside, skipped: int, most: float) -> str:
    """The text with empty rows in place of those that have more cells than the header."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    made = io.StringIO()
    writer, long, rows = csv.writer(made, delimiter=delimiter), {}, 0
    try:
        header = next(reader)
        writer.writerow(header)
        for number, cells in enumerate(reader, 2 + skipped):
            rows += bool(cells)
            if len(cells) > len(header):
                long[number] = delimiter.join(cells)
            writer.writerow(cells if cells and len(cells) <= len(header) else [""] * len(header))
    except csv.Error as error:
        raise ParameterError("The file of a study cannot be cut into cells.", came=str(error), where=f"{name}, line {reader.line_num + skipped}", todo="Check the quotes around its texts.") from None
    aside.add(name, pd.Series(long, name="", dtype=object), "too_many_columns", "the row has more cells than the header")
    told = f"{len(long):,} of {rows:,} rows have more cells than the header ({len(header)}){f', the first is row {next(iter(long), 0)}' if aside.shows_cells else ''}"
    if len(long) > most * rows:
        raise ParameterError("Too many rows of a file have more cells than its header.", wanted=f"at most {100 * most:g} %", came=told, where=name,
                             todo=f"It was cut at {_DELIMITERS.get(delimiter, repr(delimiter))}: a text or a number that holds that sign needs quotes, or say `delimiter` in the source.")
    aside.sentences.append(f"{name}: {told}; they are set aside.")
    return made.getvalue()


def tell_decimal(frame: pd.DataFrame, columns: Collection[str], name: str, *, shows_cells: bool = True) -> str:
    """What stands before the decimals of these columns: a comma where most cells of one have it.

    A comma in a few cells tells nothing: "1,3" may be two answers. An error names a cell where ``shows_cells``.

    Raises
    ------
    ParameterError
        It cannot be told: one column has commas and another points, or the commas may stand between thousands.

    Examples
    --------
    >>> tell_decimal(pd.DataFrame({"mbps": ["7,5", "12,25"], "score": ["4", "1,3"]}), ["mbps", "score"], "a.csv")
    ','
    >>> tell_decimal(pd.DataFrame({"score": ["4", "5", "1,3"]}), ["score"], "a.csv")
    '.'
    """
    commas, points, thousands = [], [], []
    for one in columns:
        values = frame[one].dropna()
        if pd.api.types.is_float_dtype(values):
            points += [one] if (values % 1 != 0).any() else []
        elif not pd.api.types.is_numeric_dtype(values):
            texts = values.head(_LOOKED_AT).astype(str)
            with_comma = texts[texts.map(lambda cell: bool(_COMMA.fullmatch(cell)))]
            points += [one] if texts.map(lambda cell: bool(_POINT.fullmatch(cell))).mean() >= 0.5 else []
            if len(texts) and len(with_comma) >= 0.5 * len(texts):
                (thousands if with_comma.str.strip().str.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}").all() else commas).append(one)
    if not commas and not thousands:
        return "."
    todo = "Say `decimal: \",\"` or `decimal: \".\"` in the source."
    if commas and points:
        raise ParameterError("What stands before the decimals of a file cannot be told.", came=f"commas in {', '.join(commas)}, points in {', '.join(points)}", where=name, todo=todo)
    if thousands and not commas:
        first = frame[thousands[0]].dropna().iloc[0]
        raise ParameterError("Commas of a file may stand before decimals or between thousands.", came=f"{f'“{str(first)[:12]}” in ' if shows_cells else ''}column {thousands[0]}", where=name,
                             todo=f"{todo[:-1]}; with thousands, take the commas out.")
    return ","
