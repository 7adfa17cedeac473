"""Their clocks: ISO times, formats of their own, local times with the offset beside them, counts since 1970; ours are UTC instants."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.sources.letters import are_tight

if TYPE_CHECKING:
    from cemlib.sources.mapping import Cell

__all__ = ["Clock", "outside_time"]

_TIMESTAMP = pa.timestamp("us", tz="UTC")
_FIRST_INSTANT = pa.scalar(631152000_000000, pa.int64())  # 1990-01-01: an older time is a clock that was never set
_LAST_INSTANT = pa.scalar(4102444800_000000, pa.int64())  # 2100-01-01
_EPOCHS = {"epoch_s": 1e6, "epoch_ms": 1e3}
_OFFSET = re.compile(r"([+-])(\d{2}):?([0-5]\d)")
# a float64 tells microseconds apart up to here; what lies beyond is no time of ours
_EXACT_MICROS = 9e15


class Clock:
    """Reads the times of one source system.

    Parameters
    ----------
    zone : str
        The zone of times that carry none.
    cast, run : callable
        How texts become instants or numbers, and how a query runs over a column ``v``; see :class:`cemlib.sources.cells.CellReader`.
    """

    def __init__(self, zone: str, cast: Callable[[pa.Array, str], pa.Array], run: Callable[..., pa.Array]) -> None:
        self._zone, self._cast, self._run = zone, cast, run

    def instants(self, column: pa.Array, cell: Cell, offsets: pa.Array | None) -> tuple[pa.Array, np.ndarray, str]:
        """A column of their times as UTC instants.

        Parameters
        ----------
        column : pyarrow.Array
            Text, or what the Parquet file has.
        cell : Cell
        offsets : pyarrow.Array of string, optional
            The offset of each local time from UTC.

        Returns
        -------
        tuple
            The instants (null where there is none), which records hold a text that is no time, and the form that was wanted.
        """
        form = cell.time_format or "YYYY-MM-DDThh:mm:ss.sssZ"
        if pa.types.is_temporal(column.type):
            return self._typed(column), np.zeros(len(column), bool), form
        if cell.time_format in _EPOCHS:
            return (*self._counted(column, cell), form)
        texts = present_texts(column, cell)
        if offsets is not None and not cell.time_format:
            # the offset makes the text an instant; without one it is no time, for a guessed zone would be wrong by hours
            value = self._cast(pc.binary_join_element_wise(texts, offsets, ""), "timestamp")
        elif cell.time_format:
            value = self._formatted(texts, cell.time_format, offsets)
        else:
            value = self._cast(texts, "timestamp")
        return value, _mask(pc.and_(pc.is_valid(texts), pc.is_null(value))), form

    def _typed(self, column: pa.Array) -> pa.Array:
        if pa.types.is_date(column.type):
            return column.cast(pa.timestamp("us")).cast(_TIMESTAMP)
        value = pc.cast(column, pa.timestamp("us", tz=column.type.tz), safe=False)
        return value.cast(_TIMESTAMP) if column.type.tz else pc.assume_timezone(
            value, self._zone, ambiguous="earliest", nonexistent="earliest").cast(_TIMESTAMP)

    def _counted(self, column: pa.Array, cell: Cell) -> tuple[pa.Array, np.ndarray]:
        """Seconds or milliseconds since 1970."""
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            gaps = pa.array([float(one) for one in cell.missing if re.fullmatch(r"[+-]?\d+(\.\d+)?", one)], pa.float64())
            counts = column.cast(pa.float64())
            counts = pc.if_else(pc.is_in(counts, value_set=gaps), pa.scalar(None, pa.float64()), counts)
            wrong = np.zeros(len(column), bool)
        else:
            texts = present_texts(column, cell)
            counts = self._cast(texts, "float64")
            wrong = _mask(pc.and_(pc.is_valid(texts), pc.is_null(counts)))
        micros = pc.round(pc.multiply(counts, _EPOCHS[str(cell.time_format)]))
        beyond = pc.fill_null(pc.greater(pc.abs(micros), _EXACT_MICROS), False)
        micros = pc.if_else(beyond, pa.scalar(_EXACT_MICROS, pa.float64()), micros)  # refused as out of range
        return micros.cast(pa.int64()).cast(_TIMESTAMP), wrong

    def _formatted(self, texts: pa.Array, form: str, offsets: pa.Array | None) -> pa.Array:
        if offsets is None:
            return self._run("SELECT CAST(try_strptime(v, $format) AS TIMESTAMPTZ) AS v FROM cells", texts, {"format": form}).cast(_TIMESTAMP)
        local = self._run("SELECT try_strptime(v, $format) AS v FROM cells", texts, {"format": form}).cast(pa.timestamp("us"))
        distinct = offsets.dictionary_encode()
        seconds = pa.array([_offset_s(one) for one in distinct.dictionary.to_pylist()], pa.int64()).take(distinct.indices)
        micros = pc.subtract(local.cast(pa.int64()), pc.multiply(seconds, 1_000_000))
        return micros.cast(_TIMESTAMP)


def outside_time(value: pa.Array) -> pa.Array:
    """Which instants lie before 1990 or after 2099."""
    count = value.cast(pa.int64())
    return pc.fill_null(pc.or_(pc.less(count, _FIRST_INSTANT), pc.greater_equal(count, _LAST_INSTANT)), False)


def present_texts(column: pa.Array, cell: Cell) -> pa.Array:
    """The texts of a column, trimmed; null where a text stands for no value; of one that ``take`` matches, its group."""
    texts = column if pa.types.is_string(column.type) else column.cast(pa.string())
    if not cell.take and not cell.missing and are_tight(texts):
        return texts
    texts = pc.utf8_trim_whitespace(texts)
    if cell.take:
        named = re.sub(r"\((?!\?)", "(?P<taken>", f"^(?:{cell.take})$", count=1)
        texts = pc.coalesce(pc.struct_field(pc.extract_regex(texts, named), "taken"), texts)
    return pc.if_else(pc.is_in(texts, value_set=pa.array(["", *cell.missing])), pa.scalar(None, pa.string()), texts)


def _offset_s(text: str) -> int | None:
    """Seconds of an offset from UTC; None for a text that is none."""
    if text == "Z":
        return 0
    found = _OFFSET.fullmatch(text)
    if not found or int(found[2]) > 14:
        return None
    return (1 if found[1] == "+" else -1) * (int(found[2]) * 3600 + int(found[3]) * 60)


def _mask(condition: pa.Array) -> np.ndarray:
    return condition.to_numpy(zero_copy_only=False)
