"""Turns the cells of a batch into typed canonical columns by a mapping, and says of each record what is wrong with it.

Few distinct texts stand in a column of codes: they are judged once each, in Python. Times and numbers are nearly all distinct:
they are cast as whole columns.
"""

from __future__ import annotations

import functools
import re
import statistics
from collections.abc import Callable

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.errors import SourceError
from cemlib.schema import codes, fields, value_range
from cemlib.schema.registry import Field
from cemlib.sources.clock import Clock, outside_time, present_texts
from cemlib.sources.door import Door
from cemlib.sources.letters import are_digits, are_utc_times, lengths_of
from cemlib.sources.mapping import Cell, Mapping
from cemlib.sources.verdicts import Verdicts

__all__ = ["CellReader", "database"]

# most texts are in the usual form, and of these it is sure that Arrow's strict cast takes them
_SURE = {
    "float64": r"^-?\d{1,15}(\.\d{1,15})?$",
    "int64": r"^-?\d{1,18}$",
    "timestamp": (r"^(19|20)\d\d-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))"
                  r"[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-3]):[0-5]\d)$"),
}
# the others go to DuckDB, whose casts give null for a text that is none. They take more than a record should hold ("1_000",
# "epoch", "2026-3-1"): the form is checked before
_CASTS = {
    "float64": r"""SELECT CASE WHEN regexp_full_match(v, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?')
                   THEN TRY_CAST(v AS DOUBLE) END AS v FROM cells""",
    "int64": r"SELECT CASE WHEN regexp_full_match(v, '[+-]?\d{1,19}') THEN TRY_CAST(v AS BIGINT) END AS v FROM cells",
    "timestamp": r"""SELECT CASE WHEN regexp_full_match(v,
                     '\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?')
                     THEN TRY_CAST(replace(v, ',', '.') AS TIMESTAMPTZ) END AS v FROM cells""",
}
_TYPES = {"float64": pa.float64(), "int64": pa.int64(), "timestamp": pa.timestamp("us", tz="UTC")}
_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_LONGEST_TEXT = 200
# a text column takes no line with its columns shifted by one: an IMSI or phone number would slip through the door
_LOOKS_LIKE_IDENTIFIER = re.compile(r"\+?\d{10,}")
_AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "median": statistics.median, "mean": statistics.fmean, "min": min, "max": max,
    "first": lambda series: series[0], "last": lambda series: series[-1],
}


@functools.cache
def database() -> duckdb.DuckDBPyConnection:
    """The one database of this process, for casts and hashes: to open another takes 25 ms, as long as reading a small file."""
    return duckdb.connect(config={"threads": "1", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})


class CellReader:
    """Applies one mapping to the batches of one file.

    Parameters
    ----------
    mapping : Mapping
    door : Door
    """

    def __init__(self, mapping: Mapping, door: Door) -> None:
        self.mapping, self.door = mapping, door
        self._clock = Clock(mapping.time_zone, self._cast, self._run)
        self._offsets: dict[str, pa.Array] = {}
        # its own time zone and names
        self._engine = database().cursor()
        try:
            self._engine.execute("SET TimeZone = $zone", {"zone": mapping.time_zone})
        except duckdb.Error:
            raise SourceError("The time zone is not known.", wanted="a name like UTC or Asia/Kolkata", came=mapping.time_zone,
                              where=f"mapping {mapping.code}: time_zone") from None

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()

    def columns(self, cells: pa.Table, verdicts: Verdicts) -> dict[str, pa.Array]:
        """The canonical columns that the mapping fills, for all records of a batch, refused ones included."""
        found: dict[str, pa.Array] = {}
        alone = self._together(cells)
        told = {cell.offset_in for several in self.mapping.columns.values() for cell in several if cell.offset_in}
        self._offsets = {name: present_texts(cells.column(name).combine_chunks(), Cell(to="unit_code")) for name in told}
        late = []  # durations from a time that another column tells
        for name, several in self.mapping.columns.items():
            for cell in several:
                if name not in cells.column_names:  # `absent: true`, or the header would have been refused
                    found |= {ours: pa.nulls(cells.num_rows, fields()[ours].arrow_type) for ours in cell.columns}
                    continue
                column = cells.column(name).combine_chunks()
                if name in alone:
                    column = pc.if_else(alone[name], pa.scalar(None, column.type), column)
                if cell.after:
                    late.append((name, cell, column))
                    continue
                filled = self._identifier(name, cell, column, verdicts) if cell.identifier else {
                    cell.to: self._value(name, cell, column, verdicts)}
                if cell.required:
                    main = next(iter(filled.values()))
                    verdicts.refuse(_mask(pc.is_null(main)), name, "missing_value", "the value is missing")
                found |= filled
        for name, cell, column in late:
            found[cell.to] = self._after(name, cell, found, column, verdicts)
        for name, counter in self.mapping.counters.items():
            cell, field = counter.cell, fields()["counter_value"]
            value = pa.nulls(cells.num_rows, pa.float64()) if name not in cells.column_names else self._measured(
                name, cell, field, self._number(name, cell, field, cells.column(name).combine_chunks(), verdicts), verdicts)
            found[counter.column] = value
        self._check_order(found, verdicts)
        return found

    def _run(self, query: str, values: pa.Array, parameters: dict[str, str] | None = None) -> pa.Array:
        self._engine.register("cells", pa.table({"v": values}))
        return self._engine.sql(query, params=parameters).to_arrow_table().column("v").combine_chunks()

    def _cast(self, texts: pa.Array, kind: str) -> pa.Array:
        """Texts as numbers or times; null for one that is none."""
        if (value := self._cast_regular(texts, kind)) is not None:
            return value
        sure = pc.fill_null(pc.match_substring_regex(texts, _SURE[kind]), False)
        value = pc.if_else(sure, texts, pa.scalar(None, pa.string())).cast(_TYPES[kind])
        doubtful = pc.and_(pc.invert(sure), pc.is_valid(texts))
        if pc.any(doubtful).as_py():
            value = pc.replace_with_mask(value, doubtful, self._run(_CASTS[kind], texts.filter(doubtful)).cast(_TYPES[kind]))
        return value

    @staticmethod
    def _cast_regular(texts: pa.Array, kind: str) -> pa.Array | None:
        """A column all of whose texts are in the usual form; None where one is not."""
        is_regular = {"float64": lambda: True, "timestamp": lambda: are_utc_times(texts),
                      "int64": lambda: are_digits(texts) and 0 < lengths_of(texts).max(initial=0) <= 18}[kind]
        if not is_regular():
            return None
        try:
            value = texts.cast(_TYPES[kind])
        except pa.ArrowInvalid:
            return None
        # Arrow takes "nan" and "inf" for numbers
        return None if kind == "float64" and pc.all(pc.is_finite(value)).as_py() is False else value

    def _together(self, cells: pa.Table) -> dict[str, pa.Array]:
        """Per column: where it holds no value because all cells of its group hold the group's mark."""
        alone = {}
        for group in self.mapping.missing_together:
            hits = [pc.equal(pc.utf8_trim_whitespace(_text(cells.column(name).combine_chunks())), mark) for name, mark in group.items()]
            where = pc.fill_null(hits[0], False)
            for one in hits[1:]:
                where = pc.and_(where, pc.fill_null(one, False))
            for name in group:
                alone[name] = pc.or_(alone[name], where) if name in alone else where
        return alone

    def _value(self, name: str, cell: Cell, column: pa.Array, verdicts: Verdicts) -> pa.Array:
        field = fields()[cell.to]
        if cell.series:
            value = self._series(name, cell, column, verdicts)
        elif field.type in ("string", "bool"):
            return self._code(name, cell, field, column, verdicts)
        elif field.type == "timestamp":
            return self._time(name, cell, column, verdicts)
        else:
            value = self._number(name, cell, field, column, verdicts)
        return self._measured(name, cell, field, value, verdicts)

    def _identifier(self, name: str, cell: Cell, column: pa.Array, verdicts: Verdicts) -> dict[str, pa.Array]:
        passed = self.door.pass_column(cell.identifier, present_texts(column, cell), is_kept=bool(cell.to))
        if cell.bad == "reject" and passed.reasons.null_count < len(column):
            reasons = passed.reasons.dictionary_encode()
            self._refuse_texts(reasons, reasons.dictionary.to_pylist(), name, f"bad_{cell.identifier}", verdicts)
        filled = {cell.to: passed.keys} if cell.to else {}
        return {**filled, **{ours: passed.facts[fact] for ours, fact in cell.facts.items()}}

    def _refuse_texts(self, texts: pa.DictionaryArray, reasons: list[str | None], name: str, code: str, verdicts: Verdicts) -> None:
        """Refuse the records whose distinct text has a reason."""
        for reason in sorted({one for one in reasons if one}):
            wrong = np.array([one == reason for one in reasons] + [False])
            indices = pc.fill_null(texts.indices, len(reasons)).to_numpy(zero_copy_only=False)
            verdicts.refuse(wrong[indices], name, code, reason)

    def _code(self, name: str, cell: Cell, field: Field, column: pa.Array, verdicts: Verdicts) -> pa.Array:
        """Codes, names and truth values."""
        texts = present_texts(column, cell)
        if field.type == "string" and field.name.endswith("_id") and not (cell.values or cell.pattern or cell.fold):
            long = pc.fill_null(pc.greater(pc.utf8_length(texts), _LONGEST_TEXT), False)
            verdicts.refuse(_mask(long), name, "bad_format", f"the text is longer than {_LONGEST_TEXT} characters")
            return texts
        texts = texts.dictionary_encode()
        judged = [_judge(text, cell, field) for text in texts.dictionary.to_pylist()]
        for code in sorted({one[1] for one in judged if one[1]}):
            self._refuse_texts(texts, [one[2] if one[1] == code else None for one in judged], name, code, verdicts)
        return pa.array([one[0] for one in judged], field.arrow_type).take(texts.indices)

    def _time(self, name: str, cell: Cell, column: pa.Array, verdicts: Verdicts) -> pa.Array:
        value, wrong, form = self._clock.instants(column, cell, self._offsets.get(cell.offset_in or ""))
        verdicts.refuse(wrong, name, "bad_time", f"is no time in the form {form}")
        verdicts.refuse(_mask(outside_time(value)), name, "out_of_range", "the time lies before 1990 or after 2099")
        return value

    def _after(self, name: str, cell: Cell, found: dict[str, pa.Array], column: pa.Array, verdicts: Verdicts) -> pa.Array:
        """A time that is told as a duration from another."""
        duration = fields()["setup_s"]
        seconds = self._measured(name, cell, duration, self._number(name, cell, duration, column, verdicts), verdicts)
        value = pc.add(found[cell.after], pc.round(pc.multiply(seconds, 1e6)).cast(pa.int64()).cast(pa.duration("us")))
        verdicts.refuse(_mask(outside_time(value)), name, "out_of_range", "the time lies before 1990 or after 2099")
        return value

    def _number(self, name: str, cell: Cell, field: Field, column: pa.Array, verdicts: Verdicts) -> pa.Array:
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
            value = column.cast(pa.int64() if pa.types.is_integer(column.type) else pa.float64())
            gaps = [float(one) for one in cell.missing if re.fullmatch(r"[+-]?\d+(\.\d+)?", one)]
            if pa.types.is_floating(value.type):  # a Parquet file written from a DataFrame has NaN where it has no value
                value = pc.if_else(pc.is_nan(value), pa.scalar(None, value.type), value)
            gap = pc.is_in(value, value_set=pa.array(gaps, pa.float64()).cast(value.type)) if gaps else None
            return value if gap is None else pc.if_else(gap, pa.scalar(None, value.type), value)
        texts = present_texts(column, cell)
        if cell.decimal == ",":
            texts = pc.replace_substring(texts, ",", ".")
        is_whole = field.type == "int64" and cell.factor == 1
        value = self._cast(texts, "int64" if is_whole else "float64")
        wrong = _mask(pc.and_(pc.is_valid(texts), pc.is_null(value)))
        verdicts.refuse(wrong, name, "bad_number", "is no whole number" if is_whole else "is no number")
        return value

    def _series(self, name: str, cell: Cell, column: pa.Array, verdicts: Verdicts) -> pa.Array:
        """One figure of each series; elements without value are left out."""
        texts = present_texts(column, cell).dictionary_encode()
        figure, gaps = _AGGREGATES[cell.series.aggregate], {"", *cell.missing}
        values, reasons = [], []
        for text in texts.dictionary.to_pylist():
            parts = [one.strip() for one in text.split(cell.series.separator)]
            try:
                series = [float(one.replace(cell.decimal, ".")) for one in parts if one not in gaps]
            except ValueError:
                series = [float("nan")]
            is_bad = not all(np.isfinite(series))
            values.append(figure(series) if series and not is_bad else None)
            reasons.append("an element of the series is no number" if is_bad else None)
        self._refuse_texts(texts, reasons, name, "bad_number", verdicts)
        return pa.array(values, pa.float64()).take(texts.indices)

    def _measured(self, name: str, cell: Cell, field: Field, value: pa.Array, verdicts: Verdicts) -> pa.Array:
        """Convert the unit, hold against the range, round to the resolution."""
        if cell.factor != 1:
            value = pc.multiply(value.cast(pa.float64()), cell.factor)
        low, high = value_range(field)
        low = max((one for one in (low, cell.range[0]) if one is not None), default=None)
        high = min((one for one in (high, cell.range[1]) if one is not None), default=None)
        wrong = np.zeros(len(value), bool)
        if low is not None:
            wrong |= _mask(pc.fill_null(pc.less(value, low), False))
        if high is not None:
            wrong |= _mask(pc.fill_null(pc.greater(value, high), False))
        limits = f"{low} … {high}" if None not in (low, high) else f"at least {low}" if high is None else f"at most {high}"
        verdicts.refuse(wrong, name, "out_of_range", f"must be {limits}")
        if pa.types.is_floating(value.type):
            broken = ~_mask(pc.fill_null(pc.is_finite(value), True))
            verdicts.refuse(broken, name, "bad_number", "is no number")
            if field.type == "int64":
                # a refused figure may be too large for an integer: it is left out, its record does not get through
                value = pc.if_else(pa.array(verdicts.good), pc.round(value), pa.scalar(None, pa.float64()))
            elif field.resolution:
                value = _rounded(value, 10.0 ** round(-np.log10(field.resolution)))
        return value.cast(field.arrow_type)

    def _check_order(self, found: dict[str, pa.Array], verdicts: Verdicts) -> None:
        for group in self.mapping.in_order:
            for at, later in enumerate(group[1:], 1):
                for earlier in group[:at]:
                    wrong = pc.fill_null(pc.less(found[later], found[earlier]), False)
                    verdicts.refuse(_mask(wrong), self.theirs(later), "bad_order", f"lies before {self.theirs(earlier)}")

    def theirs(self, ours: str) -> str:
        """The column of the file that fills one of ours."""
        return next(name for name, cells in self.mapping.columns.items() if any(ours in one.columns for one in cells))


def _rounded(value: pa.Array, steps: float) -> pa.Array:
    """Values in whole steps, as the float nearest to the decimal: Arrow's round leaves 284 * 0.1 = 28.400000000000002 as it is."""
    counts = pc.multiply(value, steps)
    return pc.if_else(pc.less(pc.abs(counts), 2.0**53), pc.divide(pc.round(counts), steps), value)


def _judge(text: str, cell: Cell, field: Field) -> tuple[str | bool | None, str | None, str | None]:
    """The value of one distinct text, or the code and the reason why it has none; the text itself is never repeated."""
    if cell.values is not None:
        known = {key.casefold(): value for key, value in cell.values.items()} if cell.fold else cell.values
        key = text.casefold() if cell.fold else text
        if key in known:
            return known[key], None, None
        if cell.other == "reject":
            return None, "unknown_code", "must be one of " + ", ".join(cell.values)
    if field.type == "bool":
        value = _TRUTH.get(text.casefold())
        return value, *((None, None) if value is not None else ("unknown_code", "must be 0 or 1"))
    if cell.regex and not re.fullmatch(cell.regex, text):
        return None, "bad_format", f"must look like {cell.pattern}"
    if len(text) > _LONGEST_TEXT:
        return None, "bad_format", f"the text is longer than {_LONGEST_TEXT} characters"
    if not field.name.endswith("_id") and _LOOKS_LIKE_IDENTIFIER.search(text):
        return None, "identifier_in_text", "the text holds what looks like an identifier"
    text = text.casefold() if cell.fold else text
    allowed = codes().get(field.name)
    if allowed and text not in allowed:
        return None, "unknown_code", "must be one of " + ", ".join(allowed)
    return text, None, None


def _mask(condition: pa.Array) -> np.ndarray:
    return condition.to_numpy(zero_copy_only=False)


def _text(column: pa.Array) -> pa.Array:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())
