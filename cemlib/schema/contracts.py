"""The contract of each canonical table: what a record must be before the lake takes it.

The rules follow from the declarations: type and nullability from the table, the range from the unit, the values of a closed
code list from ``codes.yaml``. :func:`check_contract` holds an arrow table against them column by column (at the lake's door);
:func:`frame_contract` gives the same rules as a pandera schema for an analyst's own DataFrame.
"""

from __future__ import annotations

import functools
import importlib
import importlib.resources
import sys
import types
import warnings
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from cemlib.errors import ContractError
from cemlib.schema.registry import Field, fields, table

if TYPE_CHECKING:
    import pandera.pandas

__all__ = ["check_contract", "codes", "frame_contract", "value_range"]

# what a quantity in a unit can be at all; None: no limit on that side
_RANGES: dict[str, tuple[float | None, float | None]] = {
    "s": (0, None),
    "ms": (0, None),
    "ratio": (0, 1),
    "Mbit/s": (0, None),
    "kbit/s": (0, None),
    "byte": (0, None),
    "MOS": (1, 5),
}
_FIELD_RANGES: dict[str, tuple[float | None, float | None]] = {
    "latitude_deg": (-90, 90),
    "longitude_deg": (-180, 180),
    "offset_s": (None, None),
    "rate_ratio": (0, None),
}


@functools.cache
def codes() -> dict[str, tuple[str, ...]]:
    """The closed code lists by column name.

    Examples
    --------
    >>> codes()["direction_code"]
    ('outbound', 'inbound', 'home')
    """
    text = importlib.resources.files("cemlib.schema").joinpath("codes.yaml").read_text(encoding="utf-8")
    declared = {name: tuple(str(one) for one in values) for name, values in yaml.safe_load(text).items()}
    unknown = set(declared) - set(fields())
    if unknown:
        raise ContractError("A code list names columns that are not declared.", came=", ".join(sorted(unknown)),
                            where="codes.yaml")
    return declared


def value_range(field: Field) -> tuple[float | None, float | None]:
    """The lowest and highest value that a column may hold; None where there is no limit.

    Examples
    --------
    >>> value_range(fields()["mos_value"]), value_range(fields()["rsrp_dbm"])
    ((1, 5), (None, None))
    """
    return _FIELD_RANGES.get(field.name, _RANGES.get(field.unit, (None, None)))


def _broken(field: Field, column: pa.ChunkedArray, required: bool) -> tuple[str, int] | None:
    """The first rule that a column breaks, and the first row that breaks it."""
    if required and column.null_count:
        return "must not be null", pc.index(pc.is_null(column), True).as_py()
    low, high = value_range(field)
    wrong = None
    if field.type == "float64" and pc.any(pc.invert(pc.is_finite(column))).as_py():
        # infinity and NaN would spoil every sum that they get into
        return "must be a finite number", pc.index(pc.is_finite(column), False).as_py()
    if low is not None or high is not None:
        checks = [pc.less(column, low)] if low is not None else []
        checks += [pc.greater(column, high)] if high is not None else []
        wrong, rule = functools.reduce(pc.or_, checks), f"must lie in {low} … {'' if high is None else high}".rstrip()
    elif field.name in codes():
        allowed = pa.array([*codes()[field.name], None], pa.string())
        wrong, rule = pc.invert(pc.is_in(column, value_set=allowed)), "must be one of " + ", ".join(codes()[field.name])
    if wrong is None:
        return None
    row = pc.index(wrong, True).as_py()
    return (rule, row) if row >= 0 else None


def check_contract(name: str, records: pa.Table) -> None:
    """Hold records against the contract of their table.

    Parameters
    ----------
    name : str
        The canonical table.
    records : pyarrow.Table
        Its columns, all of them, in the declared order and types.

    Raises
    ------
    ContractError
        For a column that is missing, of another type, null where it must not be, out of range or outside its code list;
        the first broken rule is named with the row.

    Examples
    --------
    >>> check_contract("steering_target", table("steering_target").arrow_schema().empty_table())
    """
    declared = table(name)
    wanted = declared.arrow_schema()
    if records.schema.names != wanted.names:
        missing = [one for one in wanted.names if one not in records.schema.names]
        unknown = [one for one in records.schema.names if one not in wanted.names]
        raise ContractError(f"The columns are not those of table {name}.", wanted=", ".join(wanted.names),
                            came=f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}",
                            where=f"table {name}", todo="Mend the connector: it must write every column in order.")
    for field in declared.fields():
        column = records.column(field.name)
        if column.type != field.arrow_type:
            raise ContractError("A column has another type than is declared.", wanted=str(field.arrow_type),
                                came=str(column.type), where=f"table {name}, column {field.name}")
        broken = _broken(field, column, field.name in declared.required)
        if broken:
            rule, row = broken
            # the value itself may be an identifier that was not hashed: it is not repeated here
            raise ContractError(f"A record breaks the contract of table {name}: {field.name} {rule}.",
                                where=f"table {name}, column {field.name}, row {row + 1} of the batch",
                                todo="Mend the connector so that it rejects such a record with its reason.")


def _import_pandera() -> types.ModuleType:
    """Load pandera without Spark: where pyspark is installed it would load it, patch pandas, and make it warn of pandas 3."""
    is_loaded = "pyspark.pandas" in sys.modules
    if not is_loaded:
        sys.modules["pyspark.pandas"] = None  # type: ignore[assignment]
    try:
        with warnings.catch_warnings():
            # where Spark was used before in this process it is loaded all the same
            warnings.simplefilter("ignore", FutureWarning)
            pandera = importlib.import_module("pandera.pandas")
            # pandera looks for Spark only when it validates for the first time; from then on it knows pandas alone
            pandera.DataFrameSchema({}).validate(importlib.import_module("pandas").DataFrame())
            return pandera
    finally:
        if not is_loaded:
            del sys.modules["pyspark.pandas"]


@functools.cache
def frame_contract(name: str) -> pandera.pandas.DataFrameSchema:
    """The contract of a table as a pandera schema, for a DataFrame made by hand or by another tool.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"country_code": ["TR"], "plmn_code": ["99917"], "basis_code": ["registrations"],
    ...     "target_ratio": [0.8], "valid_from_at": pd.Timestamp("2026-03-01", tz="UTC"), "valid_to_at": pd.NaT})
    >>> len(frame_contract("steering_target").validate(frame))
    1
    """
    pandera = _import_pandera()
    declared = table(name)
    dtypes = {"string": "str", "int64": "Int64", "float64": "float64", "bool": "boolean",
              "timestamp": "datetime64[us, UTC]", "date": "object"}
    columns = {}
    for field in declared.fields():
        low, high = value_range(field)
        checks = [pandera.Check.ge(low)] if low is not None else []
        checks += [pandera.Check.le(high)] if high is not None else []
        checks += [pandera.Check.isin(codes()[field.name])] if field.name in codes() else []
        columns[field.name] = pandera.Column(dtypes[field.type], checks=checks, coerce=field.type != "date",
                                             nullable=field.name not in declared.required)
    return pandera.DataFrameSchema(columns, strict=True, name=name)
