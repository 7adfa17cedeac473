"""Which engine reads a lake, what every engine can do, and how its answers become pandas.

SQL that runs on either engine is written once, in what both understand. Where they differ, Spark is given functions with DuckDB's
names and DuckDB those of Spark (``explode``), so a statement does not ask on which engine it runs. To keep in mind: text is
``STRING``; half a second is ``5e-1``, as a plain decimal makes Spark compute in decimals; instants are cut with ``time_bucket``, since
Spark's ``date_trunc`` gives them a time zone; a row number needs an order, or Spark refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.errors import CallError, LakeError, nearest_names
from cemlib.lake.duck import DuckEngine

if TYPE_CHECKING:
    from cemlib.lake.delta import StoredTable

__all__ = ["Engine", "collect_frame", "make_engine"]

# the types that Arrow and pandas hold alike; a decimal, as of a sum, becomes a float64
_FLAT = {"VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DATE", "TIMESTAMP"}
_NULLABLE = {pa.bool_(): pd.BooleanDtype(), pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(),
             pa.int64(): pd.Int64Dtype()}
_LOCAL = r"local(\[(\d+|\*)\])?"
_CLUSTER = r"spark://[\w.-]+:\d{1,5}(,[\w.-]+:\d{1,5})*"


class Engine(Protocol):
    """What a lake asks of its engine.

    Attributes
    ----------
    name : str
        As :func:`make_engine` takes it.
    is_open : bool
        Whether it takes memory.
    """

    name: str
    is_open: bool

    def open(self, stored: Mapping[str, StoredTable]) -> None:
        """Start, and show the tables."""

    def show(self, stored: Mapping[str, StoredTable]) -> None:
        """Show the tables of another state."""

    def relation(self, name: str) -> Any:
        """A canonical table or a kept relation in the engine's own type."""

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None) -> Any:
        """The answer to SQL in the engine's own type; values are bound."""

    def keep(self, name: str, relation: Any, params: Sequence[Any] | Mapping[str, Any] | None) -> None:
        """Compute a relation once and keep it under a name."""

    def drop(self, name: str) -> None:
        """Forget a kept relation."""

    def close(self) -> None:
        """Free what it takes."""


def make_engine(name: str | None) -> Engine:
    """The engine of a name, not started yet.

    Parameters
    ----------
    name : str or None
        None or ``duckdb``: DuckDB in this process. ``local[2]`` (so many threads; ``local[*]``: every core): Spark in this process.
        ``spark://host:7077``: a Spark cluster.

    Raises
    ------
    CallError
        When the name is no engine's.
    LakeError
        When Spark, Java or the cluster is not there.

    Examples
    --------
    >>> make_engine(None).name
    'duckdb'
    >>> make_engine("duckdbb")
    Traceback (most recent call last):
        ...
    cemlib.errors.CallError: There is no such engine.
      wanted: None or 'duckdb'; 'local[2]' or 'spark://host:7077' for Spark
      came: 'duckdbb'
      to do: Did you mean 'duckdb'?
    """
    if name is None or name == "duckdb":
        return DuckEngine()
    if isinstance(name, str) and re.fullmatch(f"{_LOCAL}|{_CLUSTER}", name) and name != "local[0]":
        from cemlib.lake.spark import SparkEngine

        return SparkEngine(name)
    near = nearest_names(str(name), ["duckdb", "local[2]", "local[*]", "spark://host:7077"], limit=1)
    raise CallError("There is no such engine.", wanted="None or 'duckdb'; 'local[2]' or 'spark://host:7077' for Spark", came=repr(name),
                    todo=f"Did you mean {near[0]!r}?" if near else "")


def collect_frame(frame: nw.LazyFrame) -> pd.DataFrame:
    """Compute a lazy frame, of whichever engine, into a DataFrame with the same types on each.

    Raises
    ------
    LakeError
        When Spark could not compute it.

    Examples
    --------
    >>> from cemlib.lake import open_lake
    >>> collect_frame(open_lake("no-lake-here-yet").frame("ticket")).empty
    True
    """
    if frame.implementation.is_duckdb() and not set(map(str, frame.to_native().types)) <= _FLAT:
        return frame.collect(backend="pandas").to_native()
    if frame.implementation.is_duckdb():
        # through Arrow it takes a third of the time of DuckDB's own way, which makes a Python object of each text
        return _flat_frame(frame.collect(backend="pyarrow").to_native())
    if not frame.implementation.is_pyspark():
        return frame.collect(backend="pandas").to_native()
    try:
        # Spark's own way to pandas warns of pandas 3; through DuckDB the types are those of the other engine
        arrow = frame.collect(backend="pyarrow").to_native()
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark", "py4j")):
            raise
        raise LakeError("Spark could not compute this.", came=str(error).strip().partition("\n")[0],
                        todo="Every worker must see the lake's files under the same path; the driver's log says more.") from error
    with duckdb.connect() as connection:
        return connection.from_arrow(arrow).df()


def _flat_frame(arrow: pa.Table) -> pd.DataFrame:
    """The DataFrame that DuckDB makes of the same columns, each of a type of :data:`_FLAT`."""
    columns = {place: _flat_column(one) for place, one in enumerate(arrow.columns)}
    return pd.DataFrame(columns, index=pd.RangeIndex(arrow.num_rows), copy=False).set_axis(arrow.column_names, axis="columns")


def _flat_column(values: pa.ChunkedArray) -> Any:
    kind, nulls = values.type, values.null_count
    if pa.types.is_string(kind):
        return values.to_pandas() if nulls < len(values) else np.full(len(values), None, dtype=object)
    if nulls and kind in _NULLABLE:
        return _NULLABLE[kind].__from_arrow__(values)
    if pa.types.is_decimal(kind) or pa.types.is_date(kind):
        values = values.cast(pa.float64() if pa.types.is_decimal(kind) else pa.timestamp("us"))
    # Arrow's own memory cannot be written to
    return np.array(values.to_numpy())
