"""Reads Parquet: typed columns, one record a row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cemlib.errors import SourceError
from cemlib.sources.delimited import BATCH_RECORDS, RawBatch

__all__ = ["is_parquet", "read_columnar"]


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet by its name or its first bytes.

    Raises
    ------
    SourceError
        When the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1" or path.suffix == ".parquet"
    except OSError as error:
        raise SourceError("The file cannot be read.", came=error.strerror or str(error), where=str(path)) from None


def read_columnar(path: Path) -> tuple[list[str], Iterator[RawBatch]]:
    """Open a Parquet file: its columns, and its records batch by batch; the "line" of a record is its row, from 1.

    Raises
    ------
    SourceError
        When the file is no Parquet, or cut off.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise SourceError("The file is no Parquet file, or it is cut off.", came=str(error).splitlines()[0], where=path.name,
                          todo="Fetch it again; nothing of it was taken.") from None
    return list(file.schema_arrow.names), _batches(file, path)


def _batches(file: pq.ParquetFile, path: Path) -> Iterator[RawBatch]:
    row = 1
    with file:
        try:
            for part in file.iter_batches(batch_size=BATCH_RECORDS, use_threads=False):
                cells = pa.table({name: _plain(column) for name, column in zip(part.schema.names, part.columns)})
                yield RawBatch(np.arange(row, row + part.num_rows), cells)
                row += part.num_rows
        except (pa.ArrowException, OSError) as error:
            raise SourceError("The Parquet file is damaged.", came=str(error).splitlines()[0], where=path.name,
                              todo="Fetch it again; nothing of it was taken.") from None
        if row == 1:
            yield RawBatch(np.empty(0, np.int64), file.schema_arrow.empty_table())


def _plain(column: pa.Array) -> pa.Array:
    """Text without dictionaries and large offsets."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type) or pa.types.is_binary(column.type):
        column = column.cast(pa.string())
    return column
