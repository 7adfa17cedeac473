"""Reads CSV (plain or gzip) line by line: every line is a record or a rejected one, with its number and text.

The lines are cut and judged in whole blocks with numpy and Arrow; only a line with a quote goes through Python's csv module.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from cemlib.errors import SourceError
from cemlib.sources.mapping import Mapping
from cemlib.sources.quoted import cut_quoted, with_joined
from cemlib.sources.signatures import refuse_other_format

__all__ = ["BATCH_RECORDS", "RawBatch", "read_delimited"]

#: Records of a batch at the most.
BATCH_RECORDS = 250_000
_BLOCK_BYTES = 24 << 20
#: The first blocks are smaller, so that the steps that follow the reading soon have something to do.
_FIRST_BYTES = 4 << 20
_REASONS = {
    "too_few_columns": "the line has fewer columns than the header",
    "too_many_columns": "the line has more columns than the header",
    "broken_quotes": "a quote is not closed, or stands inside a cell",
    "broken_bytes": "the line holds bytes that are no {encoding}; another encoding is said in the mapping",
    "control_character": "the line holds a NUL or a stray carriage return",
}


@dataclass
class RawBatch:
    """Some records of a file as they came.

    Attributes
    ----------
    lines : numpy.ndarray of int64
        The line of each record (of a Parquet file: its row).
    cells : pyarrow.Table
        One column per column of the header; text, or what the Parquet file has.
    malformed : list of tuple
        Lines that are no record: (line, column, reason_code, reason, raw).
    repaired : numpy.ndarray of bool
        Records that were decoded with replacement marks.
    """

    lines: np.ndarray
    cells: pa.Table
    malformed: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    repaired: np.ndarray | None = None
    texts: pa.Array | None = None
    originals: dict[int, bytes] = field(default_factory=dict)

    def raw(self, rows: np.ndarray) -> list[str]:
        """The text of some records as it came; broken bytes are shown as \\xNN."""
        if self.texts is None:
            return [csv_line(row.values()) for row in self.cells.take(pa.array(rows)).to_pylist()]
        found = zip(self.lines[rows].tolist(), self.texts.take(pa.array(rows)).to_pylist())
        return [_shown(self.originals.get(line, text)) for line, text in found]


def csv_line(cells) -> str:
    """A record of a Parquet file in one line."""
    return ",".join("" if one is None else str(one) for one in cells)


def _shown(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")


def read_delimited(path: Path, mapping: Mapping) -> tuple[list[str], Iterator[RawBatch]]:
    """Open a CSV file: its header, and its records batch by batch.

    Blank lines are no records. Reading the batches raises SourceError when the file ends too early.

    Raises
    ------
    SourceError
        When the file is empty, cannot be opened, or is no text.
    """
    blocks = _blocks(path)
    first = next(blocks, b"")
    if not first.strip(b"\xef\xbb\xbf \r\n"):
        raise SourceError("The file is empty.", wanted="a header and records", where=path.name)
    refuse_other_format(first, path.name)
    head, _, rest = first.removeprefix(codecs.BOM_UTF8).partition(b"\n")
    try:
        codecs.lookup(mapping.encoding)
        header = next(csv.reader([head.rstrip(b"\r").decode(mapping.encoding)], delimiter=mapping.delimiter, strict=True))
    except UnicodeDecodeError:
        # the encoding is never guessed: a wrong guess would give wrong names without a word
        raise SourceError("The header cannot be read.", wanted=f"text in {mapping.encoding}", came="bytes that this encoding does not know",
                          where=f"{path.name}, line 1", todo="Say `encoding:` in the mapping: cp1250, cp1252, latin-1 …") from None
    except (csv.Error, LookupError) as error:
        raise SourceError("The header cannot be read.", came=str(error), where=f"{path.name}, line 1",
                          todo="Check `encoding:` and `delimiter:` of the mapping.") from None
    header = [name.strip() for name in header]
    return header, _batches(rest, blocks, header, mapping)


def _blocks(path: Path) -> Iterator[bytes]:
    """The decompressed file in blocks that end with a line."""
    held = tail = b""  # the last block is held back, so that a last line without a line break joins it
    try:
        with path.open("rb") as file:
            is_gzip = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if path.suffix == ".gz" and not is_gzip and path.stat().st_size:
                raise SourceError("The file is called .gz but is not compressed.", where=path.name)
            stream: BinaryIO = gzip.GzipFile(fileobj=file) if is_gzip else file
            size = min(_FIRST_BYTES, _BLOCK_BYTES)
            while block := stream.read(size):
                size = min(2 * size, _BLOCK_BYTES)
                cut = block.rfind(b"\n") + 1
                if cut:
                    if held:
                        yield held
                    held, tail = tail + block[:cut], block[cut:]
                else:
                    tail += block
                    if len(tail) > 4 * _BLOCK_BYTES:
                        raise SourceError("The file has no lines: it is not a CSV file.", where=path.name)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError("The compressed file is cut off or damaged.", came=str(error), where=path.name,
                          todo="Fetch it again; nothing of it was taken.") from None
    except OSError as error:
        raise SourceError("The file cannot be read.", came=error.strerror or str(error), where=str(path)) from None
    if held or tail:
        yield held + tail + (b"\n" if tail else b"")


def _batches(rest: bytes, blocks: Iterator[bytes], header: list[str], mapping: Mapping) -> Iterator[RawBatch]:
    line, block, empty = 2, rest, True
    while block is not None:
        following = next(blocks, None)
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10) + 1
        for at in range(0, len(ends), BATCH_RECORDS):
            # with cells over several lines a record could be cut in two: then the block is one batch
            upto = ends[at:] if mapping.multiline_cells else ends[at:at + BATCH_RECORDS]
            part = block[(ends[at - 1] if at else 0):upto[-1]]
            batch, taken = _batch(part, line, header, mapping, following is None)
            empty = False
            yield batch
            line += taken
            if mapping.multiline_cells:
                left = len(upto) - taken
                following = part[int(upto[taken - 1]):] + following if left and following is not None else following
                break
        block = following
    if empty:
        yield RawBatch(np.empty(0, np.int64), pa.table({name: pa.array([], pa.string()) for name in header}))


def _batch(block: bytes, line: int, header: list[str], mapping: Mapping, is_last: bool) -> tuple[RawBatch, int]:
    """Judge the lines of a block; returns the batch and how many lines it took."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10) + 1
    offsets = pa.py_buffer(np.concatenate([[0], ends]).astype(np.int32))
    texts = pa.Array.from_buffers(pa.binary(), len(ends), [None, offsets, pa.py_buffer(block)])
    batch = RawBatch(np.empty(0, np.int64), pa.table({}))
    number = np.arange(line, line + len(ends))
    is_open = np.ones(len(ends), bool)  # not judged yet

    def refuse(rows: np.ndarray, code: str) -> None:
        found = texts.take(pa.array(rows)).to_pylist()
        lines = number[rows].tolist()
        batch.malformed += [(at, "", code, _REASONS[code].format(encoding=mapping.encoding), _shown(batch.originals.get(at, text))) for at, text in zip(lines, found)]
        is_open[rows] = False

    whole = texts
    texts, broken = _decoded(block, texts, number, mapping, batch)
    if mapping.broken_bytes == "reject" and len(broken):
        refuse(broken, "broken_bytes")
    lengths = pc.binary_length(texts).to_numpy()
    blank = lengths == 1
    if b"\r" in block or b"\x00" in block:
        blank |= (lengths == 2) & pc.starts_with(texts, b"\r").to_numpy(zero_copy_only=False)
        strange = pc.match_substring_regex(texts, "\r[^\n]|\x00").to_numpy(zero_copy_only=False)
        refuse(np.flatnonzero(strange & is_open), "control_character")
    is_open &= ~blank
    quoted = np.zeros(len(ends), bool)
    if b'"' in block:
        quoted = pc.match_substring(texts, b'"').to_numpy(zero_copy_only=False) & is_open
    marks = np.flatnonzero(np.frombuffer(block, np.uint8) == ord(mapping.delimiter))
    signs = np.diff(np.searchsorted(marks, ends), prepend=0) if texts is whole else pc.count_substring(
        texts, mapping.delimiter.encode()).to_numpy()
    wanted = len(header) - 1
    refuse(np.flatnonzero(is_open & ~quoted & (signs < wanted)), "too_few_columns")
    refuse(np.flatnonzero(is_open & ~quoted & (signs > wanted)), "too_many_columns")
    taken = len(ends)
    cells, rows = _plain_cells(texts, is_open & ~quoted, header, mapping)
    if quoted.any():
        told, cut = cut_quoted(texts, np.flatnonzero(quoted), header, mapping, is_last)
        taken = len(ends) if cut is None else cut
        for code, wrong in told.wrong.items():
            refuse(np.array(wrong), code)
        kept = (rows < taken) & ~np.isin(rows, told.swallowed)
        batch.malformed = [one for one in batch.malformed if line <= one[0] < line + taken and one[0] - line not in told.swallowed]
        rows = np.concatenate([rows[kept], np.array(told.rows, dtype=np.int64)])
        cells = pa.concat_tables([cells.filter(pa.array(kept)), _text_table(told.cells, header)])
        order = np.argsort(rows, kind="stable")
        rows, cells = rows[order], cells.take(pa.array(order))
        texts = with_joined(texts, told.joined)
    batch.lines, batch.cells, batch.texts = number[rows], cells, texts if len(rows) == len(texts) else texts.take(pa.array(rows))
    batch.repaired = np.isin(rows, broken) if len(broken) else None
    return batch, taken


def _decoded(block: bytes, texts: pa.Array, number: np.ndarray, mapping: Mapping, batch: RawBatch) -> tuple[pa.Array, np.ndarray]:
    """The lines in UTF-8, and the rows whose bytes the encoding does not know."""
    is_utf8 = codecs.lookup(mapping.encoding).name == "utf-8"
    if block.isascii():
        return texts, np.empty(0, np.int64)
    if is_utf8:
        try:
            block.decode()
            return texts, np.empty(0, np.int64)
        except UnicodeDecodeError:
            pass
    lines, broken = texts.to_pylist(), []
    for row, text in enumerate(lines):
        if text.isascii():
            continue
        try:
            lines[row] = text.decode(mapping.encoding).encode()
        except UnicodeDecodeError:
            batch.originals[int(number[row])] = text
            lines[row] = text.decode(mapping.encoding, "replace").encode()
            broken.append(row)
    return pa.array(lines, pa.binary()), np.array(broken, dtype=np.int64)


def _text_table(rows: list[list[str]], header: list[str]) -> pa.Table:
    columns = list(zip(*rows)) or [()] * len(header)
    return pa.Table.from_arrays([pa.array(one, pa.string()) for one in columns], names=header)


def _plain_cells(texts: pa.Array, wanted: np.ndarray, header: list[str], mapping: Mapping) -> tuple[pa.Table, np.ndarray]:
    """Cut lines that have no quote and the right number of columns: nothing in them can be misread."""
    rows = np.flatnonzero(wanted)
    if not len(rows):
        return _text_table([], header), rows
    clean = texts if len(rows) == len(texts) else texts.filter(pa.array(wanted))
    _, offsets, values = clean.buffers()
    bounds = np.frombuffer(offsets, np.int32)[clean.offset:clean.offset + len(clean) + 1]
    text = values.slice(int(bounds[0]), int(bounds[-1] - bounds[0]))
    cut = pyarrow.csv.read_csv(
        pa.BufferReader(text),
        read_options=pyarrow.csv.ReadOptions(column_names=header, use_threads=False, block_size=8 << 20),
        parse_options=pyarrow.csv.ParseOptions(delimiter=mapping.delimiter, quote_char=False, ignore_empty_lines=False),
        convert_options=pyarrow.csv.ConvertOptions(column_types={one: pa.string() for one in header},
                                                   strings_can_be_null=False, check_utf8=False),
    )
    return cut, rows
