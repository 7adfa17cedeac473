"""What a mapping says of columns that no single cell fills: those that follow from others, and counters that stand side by side."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, model_validator

from cemlib.schema import fields

if TYPE_CHECKING:
    from cemlib.sources.mapping import Cell, Mapping

__all__ = ["Counter", "Derived", "Filling", "derive_columns", "rows_by_table", "seconds_between"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Counter(_Strict):
    """One of their columns that is a counter.

    Attributes
    ----------
    code : str
        Our name of the counter.
    factor : float
        Their number times this is ours.
    missing : list of str
        What stands for "no value".
    absent : bool
        The column may be missing from the header altogether.
    """

    code: str
    factor: float = 1.0
    missing: list[str] = ["NIL", "NULL", "NaN", "-"]
    absent: bool = True

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: object) -> object:
        return {"code": given} if isinstance(given, str) else given

    @property
    def column(self) -> str:
        """Under which name the values stand until the rows are made."""
        return f"counter_value\x1f{self.code}"

    @property
    def cell(self) -> Cell:
        """How the values are read."""
        from cemlib.sources.mapping import Cell

        return Cell(to="counter_value", factor=self.factor, missing=self.missing)


class Derived(_Strict):
    """One of our columns that follows from others of ours.

    Attributes
    ----------
    seconds : tuple of str
        Two time columns: the seconds from the first to the second.
    where : str
        Another column of ours: where it has a value, the derived one is ``value``.
    value : str
    same_as : str
        Another column of ours, of the same type.
    """

    seconds: tuple[str, str] | None = None
    where: str | None = None
    value: str | None = None
    same_as: str | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Derived:
        if sum(one is not None for one in (self.seconds, self.where, self.same_as)) != 1 or (self.where is None) != (self.value is None):
            raise ValueError("say one of `seconds`, `where` with `value`, `same_as`")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """Our columns from which it follows."""
        return self.seconds or tuple(one for one in (self.where, self.same_as) if one)

    def column(self, found: dict[str, pa.Array]) -> pa.Array:
        """The derived column."""
        if self.seconds:
            return seconds_between(found[self.seconds[0]], found[self.seconds[1]])
        if self.same_as:
            return found[self.same_as]
        return pc.if_else(pc.is_valid(found[str(self.where)]), self.value, pa.scalar(None, pa.string()))


class Filling(_Strict):
    """What a column is in one of the tables that a record feeds: a constant, or what another column of ours is."""

    value: str | None = None
    same_as: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: object) -> object:
        return {"value": given} if isinstance(given, str) or given is None else given


def derive_columns(mapping: Mapping, found: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Add the columns that a mapping derives, in its order."""
    for name, one in mapping.derived.items():
        found = {**found, name: one.column(found)}
    return found


def rows_by_table(mapping: Mapping, found: dict[str, pa.Array]) -> dict[str, dict[str, pa.Array]]:
    """The columns per table: a row a record, or a row a counter."""
    if mapping.counters:
        return {"counter": _rows_by_counter(mapping, found)}
    count = len(found["record_id"])
    rows = {}
    for name in mapping.tables:
        rows[name] = dict(found)
        for ours, one in mapping.per_table.get(name, {}).items():
            rows[name][ours] = found[one.same_as] if one.same_as else pa.repeat(pa.scalar(one.value, fields()[ours].arrow_type), count)
    return rows


def _rows_by_counter(mapping: Mapping, found: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """A row a counter that has a value: an empty cell is a counter that the resource does not have."""
    shared = {name: one for name, one in found.items() if "\x1f" not in name}
    parts: dict[str, list[pa.Array]] = {name: [] for name in [*shared, "counter_code", "counter_value"]}
    for counter in mapping.counters.values():
        values = found[counter.column]
        has = pc.is_valid(values)
        kept = {name: one.filter(has) for name, one in shared.items()} if values.null_count else dict(shared)
        kept["record_id"] = mark_ids(kept["record_id"], counter.code)
        kept["counter_value"] = values.drop_null()
        kept["counter_code"] = pa.repeat(pa.scalar(counter.code), len(kept["counter_value"]))
        for name, one in kept.items():
            parts[name].append(one)
    return {name: pa.concat_arrays(several) for name, several in parts.items()}


def mark_ids(ids: pa.Array, mark: str) -> pa.Array:
    """Other ids of 32 hex digits for the rows of the same records: each mark changes the same bits of all of them.

    Examples
    --------
    >>> ids = pa.array(["0" * 32, "f" * 32])
    >>> marked = mark_ids(ids, "rrc_attempts")
    >>> marked == ids, mark_ids(marked, "rrc_attempts") == ids
    (False, True)
    """
    count = len(ids)
    if not count:
        return ids
    _, offsets, text = ids.buffers()
    bounds = np.frombuffer(offsets, np.int32)[ids.offset:ids.offset + count + 1]
    bits = np.frombuffer(bytes.fromhex(memoryview(text)[bounds[0]:bounds[-1]].tobytes().decode()), np.uint8).reshape(count, 16)
    changed = bits ^ np.frombuffer(hashlib.md5(mark.encode(), usedforsecurity=False).digest(), np.uint8)
    steps = np.arange(0, 32 * (count + 1), 32, dtype=np.int32)
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(steps), pa.py_buffer(changed.tobytes().hex().encode())])


def seconds_between(earlier: pa.Array, later: pa.Array) -> pa.Array:
    """Seconds from one time to another, to the millisecond; null where one is missing.

    Examples
    --------
    >>> times = pa.array([0, 1_234_567], pa.timestamp("us", tz="UTC"))
    >>> seconds_between(times.slice(0, 1), times.slice(1, 1)).to_pylist()
    [1.235]
    """
    micros = pc.subtract(later, earlier).cast(pa.int64())
    return pc.round(pc.divide(micros.cast(pa.float64()), 1e6), ndigits=3)
