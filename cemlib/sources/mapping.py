"""A mapping file says how a foreign file becomes canonical records: their header to our columns, units, codes, gaps.

It is YAML, checked when it is loaded: an unknown word, an unknown column or a range upside down is an error that names it.
CONTRIBUTING.md shows one; those of the connectors lie in ``cemlib/sources/mappings``.
"""

from __future__ import annotations

import datetime as dt
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from cemlib.errors import HeaderChangedError, SourceError, UnknownNameError, nearest_names
from cemlib.schema import fields, table
from cemlib.sources.derived import Counter, Derived, Filling
from cemlib.sources.door import IDENTIFIERS, Door
from cemlib.sources.event_time import EventTime

__all__ = ["Cell", "Mapping", "Series", "load_mapping"]

_BUILT_IN = Path(__file__).parent / "mappings"
#: A cell that is a value and no name of a column: a number, a time, an address.
_VALUE = re.compile(r"[+-]?\d[\d\s.,:/+TZ-]*|\S+@\S+")
_PATTERNS = {"plmn": r"\d{5,6}", "country": r"[A-Z]{2}", "tac": r"\d{8}", "tadig": r"[A-Z0-9]{5}"}

Text = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | float) else value)]
"""A text that YAML may have read as a number: ``2147483647`` in a list of missing tokens."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Series(_Strict):
    """A cell that holds a series: how it is cut, and which figure of it is kept."""

    separator: str = ";"
    aggregate: Literal["median", "mean", "last", "first", "min", "max"] = "median"


class Cell(_Strict):
    """What becomes of one column of the foreign file.

    Attributes
    ----------
    to : str
        Our column. An identifier's pseudonym goes there; an identifier of which only facts are kept has none.
    required : bool
        A record without it is rejected.
    absent : bool
        The column may be missing from the header altogether.
    missing : list of str
        What stands for "no value" (in a series: for each element too); the empty cell always does.
    identifier : str
        imsi, msisdn, imei, line, account or user: the cell is replaced by its pseudonym at the door.
    facts : dict of str to str
        Our columns and what of the identifier goes there (a list where both are called the same).
    values : dict
        Their value to ours; null: no value. Anything else is rejected, or kept as it is with ``other: keep``.
    fold : bool
        Letter case does not matter in ``values``; a text that is kept as it is is stored in lower case.
    pattern : str
        plmn, country, tac, tadig, or a regular expression for the whole text.
    factor : float
        Their number times this is ours (0.001: ms to s).
    range : pair of float
        Lowest and highest value that is possible, in our unit; null: no limit.
    decimal : str
        The decimal sign.
    time_format : str
        A strptime format where the time is not ISO 8601; ``epoch_s`` and ``epoch_ms`` count from 1970.
    offset_in : str
        Their column with the offset of a local time from UTC (``+0100``).
    after : str
        The cell is a duration in seconds (see ``factor``): the time is our column ``after`` and so much more.
    take : str
        A regular expression with one group: of a text that matches, the group is read (``\\d+/(\\d+)``: 1 of 60/1).
    bad : str
        What becomes of a record whose identifier is none: reject, or drop (kept without it).
    series : Series
        The cell is a series.
    """

    to: str | None = None
    required: bool = False
    absent: bool = False
    missing: list[Text] = []
    identifier: Literal[IDENTIFIERS] | None = None  # type: ignore[valid-type]
    facts: dict[str, str] = {}
    values: dict[Text, str | bool | None] | None = None
    other: Literal["reject", "keep"] = "reject"
    fold: bool = False
    pattern: str | None = None
    factor: float = 1.0
    range: tuple[float | None, float | None] = (None, None)
    decimal: Literal[".", ","] = "."
    time_format: str | None = None
    offset_in: str | None = None
    after: str | None = None
    take: str | None = None
    bad: Literal["reject", "drop"] = "reject"
    series: Series | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, given: object) -> object:
        if isinstance(given, str):
            return {"to": given}
        if isinstance(given, dict) and isinstance(given.get("facts"), list):
            return {**given, "facts": {one: one for one in given["facts"]}}
        return given

    @model_validator(mode="after")
    def _is_sensible(self) -> Cell:
        low, high = self.range
        if low is not None and high is not None and low > high:
            raise ValueError(f"range is upside down: {low} … {high}")
        if self.identifier is None and (self.to is None or self.facts):
            raise ValueError("a column needs `to`; only an identifier has `facts`")
        for one in self.facts.values():
            if one not in Door.facts[self.identifier]:
                raise ValueError(f"the door derives no {one!r} from an identifier of the kind {self.identifier}")
        re.compile(self.regex or "")
        if self.take and re.compile(self.take).groups != 1:
            raise ValueError(f"take needs exactly one group: {self.take}")
        return self

    @property
    def regex(self) -> str | None:
        """The regular expression that the whole text must match."""
        return _PATTERNS.get(self.pattern, self.pattern) if self.pattern else None

    @property
    def columns(self) -> tuple[str, ...]:
        """Our columns that this cell fills."""
        return (*((self.to,) if self.to else ()), *self.facts)


class Mapping(_Strict):
    """How one foreign file layout becomes records of canonical tables; see :class:`Cell` for its columns.

    Attributes
    ----------
    code : str
        ``source_code`` of the records.
    title : str
    connector : str
        The name of the connector's class, where the mapping is all that the connector is.
    tables : list of str
        The canonical tables that it fills.
    observation : str
        passive, active, device or billing.
    columns : dict of str to list of Cell
        Their header to our columns; one column of theirs may fill several of ours.
    ignore : list of str
        Their columns that are knowingly dropped.
    constants : dict of str to str, float or bool
        Our columns that have one value throughout.
    counters : dict of str to Counter
        Their columns that are counters each: a record becomes one row a counter.
    derived : dict of str to Derived
        Our columns that follow from others of ours.
    per_table : dict of str to dict of str to Filling
        Where a record feeds several tables: what a column is in one of them.
    files : list of str
        Names of its files in a folder.
    delimiter, encoding : str
    broken_bytes : str
        What becomes of a line with bytes that the encoding does not know: reject, or replace (kept, marked and counted).
    multiline_cells : bool
        Quoted cells may hold line breaks. Off, each line is a record, so that one broken quote costs one record.
    time_zone : str
        Zone of times that carry none.
    missing_together : list of dict of str to str
        Cells that mean "no value" only together: ``{Latitude: "-1", Longitude: "-1"}``.
    in_order : list of list of str
        Our time columns of which none may be earlier than one before it.
    event_time : EventTime
        For records without a time of their own.
    repeated_lines : str
        reject: an exact repetition within a file is one record read twice. distinct: records have nothing that tells them
        apart, so a repetition is another record (ratings without time and customer).
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    connector: str | None = Field(None, pattern=r"^[A-Z][A-Za-z0-9]*$")
    tables: list[str] = Field(min_length=1)
    observation: Literal["passive", "active", "device", "billing"] = "passive"
    columns: dict[str, list[Cell]]
    ignore: list[str] = []
    constants: dict[str, str | bool | float | dt.datetime | dt.date] = {}
    counters: dict[str, Counter] = {}
    derived: dict[str, Derived] = {}
    per_table: dict[str, dict[str, Filling]] = {}
    files: list[str] = ["*.csv", "*.csv.gz", "*.parquet"]
    delimiter: str = Field(",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    broken_bytes: Literal["reject", "replace"] = "reject"
    multiline_cells: bool = False
    time_zone: str = "UTC"
    missing_together: list[dict[str, Text]] = []
    in_order: list[list[str]] = []
    event_time: EventTime | None = None
    repeated_lines: Literal["reject", "distinct"] = "reject"

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get("columns"), dict):
            listed = {name: one if isinstance(one, list) else [one] for name, one in given["columns"].items()}
            return {**given, "columns": listed}
        return given

    @model_validator(mode="after")
    def _names_exist(self) -> Mapping:
        known = {one for name in self.tables for one in table(name).columns}
        named = [*self.filled, *self.derived, *(one for group in self.in_order for one in group)]
        for name in named:
            if name not in known:
                raise UnknownNameError("column", name, known, where=f"mapping {self.code}")
        theirs = [one for group in self.missing_together for one in group]
        cells = [one for several in self.columns.values() for one in several]
        for name in [*theirs, *(one.offset_in for one in cells if one.offset_in)]:
            if name not in {*self.columns, *self.ignore}:
                raise UnknownNameError("column", name, self.columns, where=f"mapping {self.code}: missing_together or offset_in")
        for name in (one.after for one in cells if one.after):
            if name not in self.filled:
                raise UnknownNameError("column", name, self.filled, where=f"mapping {self.code}: after")
        self._check_derived()
        twice = sorted({one for one in self.filled if self.filled.count(one) > 1})
        if twice:
            raise ValueError("filled more than once: " + ", ".join(twice))
        for name, value in self.constants.items():
            if fields()[name].type == "timestamp" and not isinstance(value, dt.date):
                raise ValueError(f"constant {name} is not a time")
        return self

    def _check_derived(self) -> None:
        """Every name in ``derived``, ``per_table`` and ``counters`` must be there."""
        both = sorted({*self.counters} & {*self.columns})
        if both or (self.counters and self.tables != ["counter"]):
            raise ValueError("counters fill the table counter alone, and a column is a counter or a cell: " + ", ".join(both))
        known = [*self.filled, *self.derived, "record_id", "received_at"]
        for name, one in self.derived.items():
            for other in one.reads:
                if other not in known:
                    raise UnknownNameError("column", other, known, where=f"mapping {self.code}: derived {name}")
        for name, fillings in self.per_table.items():
            if name not in self.tables:
                raise UnknownNameError("table", name, self.tables, where=f"mapping {self.code}: per_table")
            for ours, one in fillings.items():
                table(name).field(ours)
                if one.same_as and one.same_as not in known:
                    raise UnknownNameError("column", one.same_as, known, where=f"mapping {self.code}: per_table {name}")

    @cached_property
    def filled(self) -> list[str]:
        """Our columns that the mapping fills."""
        cells = [one for several in self.columns.values() for one in several]
        return [*(name for one in cells for name in one.columns), *self.constants]

    def check_header(self, header: list[str], path: Path) -> None:
        """Hold a file's header against the mapping; the order does not matter.

        Raises
        ------
        HeaderChangedError
            Naming the missing and the unknown columns, and for each missing one the nearest unknown one.
        """
        missing = [name for name, cells in self.columns.items() if name not in header and not all(one.absent for one in cells)]
        missing += [name for name, one in self.counters.items() if name not in header and not one.absent]
        unknown = [name for name in header if name not in self.columns and name not in self.ignore and name not in self.counters]
        twice = sorted({name for name in header if header.count(name) > 1})
        if not (missing or unknown or twice):
            return
        if missing and any(_VALUE.fullmatch(name) for name in header):
            # the cells of a record are never repeated in a message: they may be a customer's
            raise HeaderChangedError("The first line is no header: it holds values.", wanted=", ".join(self.columns),
                                     came=f"{len(header)} cells, some of them numbers, times or addresses", where=f"{path.name}, line 1",
                                     todo="Write the header as the first line of the file.")
        near = {name: found[0] for name in missing if (found := nearest_names(name, unknown, limit=1))}
        hints = [f"{theirs!r} may be what was {name!r}" for name, theirs in near.items()]
        others = [one for one in ";\t|," if one != self.delimiter]
        if len(header) == 1 and (sign := next((one for one in others if one in header[0]), None)):
            hints = [f"the header is one column: its delimiter seems to be {sign!r}"]
        told = [("missing", missing), ("unknown", unknown), ("named twice", twice)]
        raise HeaderChangedError(
            f"The header is not the one that the mapping {self.code} knows.", wanted=", ".join([*self.columns, *self.counters]),
            came="; ".join(f"{word}: {', '.join(names)}" for word, names in told if names), where=path.name,
            todo="; ".join([*hints, "rename it under `columns:` of the mapping, or list it under `ignore:`"]) + ".",
        )


def load_mapping(mapping: str | Path | Mapping) -> Mapping:
    """Load and check a mapping: one that comes with the workbench by its name, or a YAML file by its path.

    Raises
    ------
    SourceError
        When the file cannot be read, or breaks the rules; each broken rule is named.
    UnknownNameError
        When there is no built-in mapping of that name.

    Examples
    --------
    >>> load_mapping("roaming_signalling").tables
    ['registration']
    """
    if isinstance(mapping, Mapping):
        return mapping
    path = Path(mapping)
    if path.suffix not in (".yaml", ".yml"):
        path = _BUILT_IN / f"{mapping}.yaml"
        if not path.exists():
            raise UnknownNameError("mapping", str(mapping), [one.stem for one in _BUILT_IN.glob("*.yaml")])
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Mapping.model_validate(given)
    except OSError as error:
        raise SourceError("The mapping cannot be read.", came=error.strerror or str(error), where=str(path)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError("The mapping is not YAML.", came=" ".join(str(error).split()), where=path.name) from None
    except ValidationError as error:
        broken = [".".join(str(part) for part in one["loc"]) + ": " + one["msg"] for one in error.errors()]
        raise SourceError("The mapping breaks the rules of mapping files.", came="; ".join(broken), where=path.name,
                          todo="CONTRIBUTING.md shows what a mapping may say.") from None
