"""The canonical tables and their columns, read from ``fields.yaml`` and ``tables.yaml``, each declared once."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass

import pyarrow as pa
import yaml

from cemlib.errors import ContractError, UnknownNameError
from cemlib.units import UNITS

__all__ = ["FACT_COLUMNS", "REFERENCE_COLUMNS", "SCHEMA_VERSION", "Field", "Table", "fields", "table", "tables"]

#: Raised when a stored column changes its meaning or type; a lake written by a newer version is refused.
SCHEMA_VERSION = 1

#: Columns that every fact has in front of its own.
FACT_COLUMNS = ("record_id!", "source_code!", "observation_code!", "received_at!", "event_date!")
#: Columns that every reference row has behind its own.
REFERENCE_COLUMNS = ("valid_from_at!", "valid_to_at")

_ARROW = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}
_DUCKDB = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "bool": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
}
_PRIVACY = ("open", "pseudonym", "quasi")


@dataclass(frozen=True)
class Field:
    """One column: the same name means the same quantity in the same unit in every table.

    Attributes
    ----------
    name : str
    type : str
        string, int64, float64, bool, timestamp (UTC instant) or date (UTC day).
    unit : str
        One of :data:`cemlib.units.UNITS`, or empty.
    privacy : str
        open, pseudonym or quasi.
    meaning : str
    resolution : float or None
        The step to which a measured quantity is rounded at the door and in integer counts of which it is summed.
    """

    name: str
    type: str
    unit: str
    privacy: str
    meaning: str
    resolution: float | None = None

    @property
    def arrow_type(self) -> pa.DataType:
        """The pyarrow type of the stored column."""
        return _ARROW[self.type]

    @property
    def duckdb_type(self) -> str:
        """The DuckDB type of the stored column."""
        return _DUCKDB[self.type]


@dataclass(frozen=True)
class Table:
    """One canonical table.

    Attributes
    ----------
    name, group, grain : str
    kind : str
        ``"fact"`` or ``"reference"``.
    natural_key : tuple of str
        What makes two records the same record; overlapping files are merged on it.
    event_at : str or None
        The column with the event time of a fact; ``event_date`` is its UTC day and the partition.
    columns : tuple of str
        All columns in order, the common ones included.
    required : frozenset of str
        Columns that are never null.
    """

    name: str
    group: str
    kind: str
    grain: str
    natural_key: tuple[str, ...]
    event_at: str | None
    columns: tuple[str, ...]
    required: frozenset[str]

    def fields(self) -> tuple[Field, ...]:
        """The declarations of this table's columns, in order."""
        declared = fields()
        return tuple(declared[name] for name in self.columns)

    def field(self, name: str) -> Field:
        """The declaration of one of this table's columns.

        Raises
        ------
        UnknownNameError
            When the table has no such column.
        """
        if name not in self.columns:
            raise UnknownNameError("column", name, self.columns, where=f"table {self.name}")
        return fields()[name]

    def arrow_schema(self) -> pa.Schema:
        """The pyarrow schema in which the table is stored.

        Examples
        --------
        >>> table("ticket").arrow_schema().field("opened_at").type
        TimestampType(timestamp[us, tz=UTC])
        """
        return pa.schema(
            [pa.field(one.name, one.arrow_type, nullable=one.name not in self.required) for one in self.fields()]
        )


def _read(name: str) -> dict:
    text = importlib.resources.files("cemlib.schema").joinpath(name).read_text(encoding="utf-8")
    return yaml.safe_load(text)


@functools.cache
def fields() -> dict[str, Field]:
    """Every column of the canonical tables by name.

    Examples
    --------
    >>> fields()["setup_s"].unit
    's'
    """
    declared = {}
    for name, row in _read("fields.yaml").items():
        kind, unit, privacy, meaning, *rest = row
        if kind not in _ARROW or unit not in UNITS or privacy not in _PRIVACY:
            raise ContractError("A column is declared with a type, unit or privacy class that is not known.",
                                came=f"{kind}, {unit!r}, {privacy}", where=f"fields.yaml: {name}")
        declared[name] = Field(name, kind, unit, privacy, meaning, float(rest[0]) if rest else None)
    return declared


@functools.cache
def tables() -> dict[str, Table]:
    """Every canonical table by name.

    Examples
    --------
    >>> tables()["registration"].event_at
    'attempted_at'
    """
    declared = {}
    for name, row in _read("tables.yaml").items():
        is_fact = row["kind"] == "fact"
        marked = [*FACT_COLUMNS, *row["columns"]] if is_fact else [*row["columns"], *REFERENCE_COLUMNS]
        columns = tuple(one.rstrip("!") for one in marked)
        missing = [one for one in (*columns, *row["natural_key"]) if one not in fields()]
        if missing:
            raise ContractError("A table names columns that are not declared.", came=", ".join(missing), where=f"tables.yaml: {name}")
        declared[name] = Table(
            name=name, group=row["group"], kind=row["kind"], grain=row["grain"], natural_key=tuple(row["natural_key"]),
            event_at=row.get("event_at"), columns=columns,
            required=frozenset(one.rstrip("!") for one in marked if one.endswith("!")),
        )
    return declared


def table(name: str) -> Table:
    """The declaration of one canonical table.

    Raises
    ------
    UnknownNameError
        When there is no such table; the nearest names are given.

    Examples
    --------
    >>> table("probe_test").natural_key
    ('test_id', 'step_code')
    """
    if name not in tables():
        raise UnknownNameError("table", name, tables())
    return tables()[name]
