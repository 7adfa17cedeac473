"""Spark as the engine of a lake: the same files, names, types and buckets as DuckDB's views, in a session of each lake's own."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd
import pyarrow as pa

from cemlib.lake.spark_session import check_spark, release, session_for
from cemlib.lake.views import BUCKETS
from cemlib.schema import Field, Table, table, tables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from cemlib.lake.delta import StoredTable

__all__ = ["SparkEngine"]

_TYPES = {"string": "STRING", "int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN", "timestamp": "TIMESTAMP_LTZ", "date": "DATE"}

# functions of DuckDB that Spark lacks or calls otherwise
_FUNCTIONS = (
    "epoch_us(at TIMESTAMP) RETURNS BIGINT RETURN unix_micros(CAST(at AS TIMESTAMP_LTZ))",
    "to_minutes(number BIGINT) RETURNS INTERVAL DAY TO SECOND RETURN make_dt_interval(0, 0, CAST(number AS INT), 0)",
    "to_microseconds(number BIGINT) RETURNS INTERVAL DAY TO SECOND "
    "RETURN make_dt_interval(0, 0, 0, CAST(CAST(number AS DECIMAL(18, 0)) / 1000000 AS DECIMAL(18, 6)))",
    "starts_with(whole STRING, head STRING) RETURNS BOOLEAN RETURN startswith(whole, head)",
    "isodow(at TIMESTAMP) RETURNS INT RETURN weekday(at) + 1",
    # a sequence that would go backwards is refused
    "days_between(first DATE, last DATE) RETURNS ARRAY<DATE> "
    "RETURN CASE WHEN first <= last THEN sequence(first, last, INTERVAL '1' DAY) END",
)


class SparkEngine:
    """One session of this process's Spark; see :class:`cemlib.lake.engines.Engine`."""

    def __init__(self, name: str) -> None:
        check_spark(name)
        self.name = name
        self._session: SparkSession | None = None
        self._stored: dict[str, StoredTable] = {}
        self._shown: dict[str, StoredTable | None] = {}
        self._kept: dict[str, DataFrame] = {}

    @property
    def is_open(self) -> bool:
        """Whether it has a session."""
        return self._session is not None

    def open(self, stored: Mapping[str, StoredTable]) -> None:
        """Take a session of this process's Spark."""
        session = session_for(self.name, self)
        for one in _FUNCTIONS:
            session.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {one}")
        self._session, self._stored = session, dict(stored)

    def show(self, stored: Mapping[str, StoredTable]) -> None:
        """Read another state from now on."""
        self._stored = dict(stored)

    def relation(self, name: str) -> DataFrame:
        """A canonical table or a kept relation."""
        self._make_views([name])
        return self._session.table(name)

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None) -> DataFrame:
        """Run SQL; ``$name`` is written ``:name`` for Spark."""
        self._make_views(re.findall(r"\w+", sql))
        # names in texts and quoted names are left alone
        parts = re.split(r"""('[^']*'|"[^"]*")""", sql)
        sql = "".join(part if place % 2 else re.sub(r"\$(\w+)", r":\1", part) for place, part in enumerate(parts))
        given = None if not params else dict(params) if isinstance(params, Mapping) else list(params)
        return self._session.sql(sql, args=given)

    def keep(self, name: str, relation: Any, params: Sequence[Any] | Mapping[str, Any] | None) -> None:
        """Keep a relation in the executors' memory, or on their disks where it does not fit; computed when first read."""
        if isinstance(relation, (nw.LazyFrame, nw.DataFrame)):
            relation = relation.to_native()
        if isinstance(relation, str):
            relation = self.query(relation, params)
        if isinstance(relation, pd.DataFrame):
            relation = pa.Table.from_pandas(relation, preserve_index=False)
        if isinstance(relation, pa.Table):
            relation = self._session.createDataFrame(relation)
        kept = relation.persist()
        kept.createOrReplaceTempView(name)
        self._kept[name] = kept

    def drop(self, name: str) -> None:
        """Forget a kept relation."""
        self._kept.pop(name).unpersist()
        self._session.catalog.dropTempView(name)

    def close(self) -> None:
        """Give up the session and what it keeps; Spark itself goes on for other lakes."""
        if self._session is not None:
            release(self)
            for name in list(self._kept):
                # when Spark has ended before the lake, nothing is left to be freed
                with contextlib.suppress(OSError, *_gone()):
                    self.drop(name)
        self._session, self._stored, self._shown = None, {}, {}

    def _make_views(self, names: Sequence[str]) -> None:
        """Views of the named tables: a view of each of thirty tables would cost more than many a query."""
        for name in {*names} & tables().keys():
            if name not in self._shown or self._shown[name] is not self._stored.get(name):
                _read(self._session, table(name), self._stored.get(name)).createOrReplaceTempView(name)
                self._shown[name] = self._stored.get(name)


def _gone() -> tuple[type[Exception], ...]:
    """What a call says when Spark has ended."""
    from py4j.protocol import Py4JNetworkError

    return (Py4JNetworkError,)


def _read(session: SparkSession, declared: Table, stored: StoredTable | None) -> DataFrame:
    """The files of a version with the columns and types of DuckDB's view; columns that they do not have are null."""
    schema = ", ".join(f"`{one.name}` {_TYPES[one.type]}" for one in declared.fields())
    if stored is None or not stored.files:
        held = session.createDataFrame([], schema)
    else:
        paths = [one.path for one in stored.files]
        # a fact lies in folders by day, and the day's column is in their names
        folder = Path(paths[0]).parents[1 if declared.kind == "fact" else 0]
        held = session.read.schema(schema).option("basePath", str(folder)).parquet(*map(_literal, paths))
    shown = [_column(one) for one in declared.fields()]
    if declared.kind == "fact":
        at = f"CAST(`{declared.event_at}` AS TIMESTAMP_NTZ)"
        shown += [f"{expression.format(at=at, day='`event_date`')} AS `{name}`" for name, expression in BUCKETS.items()]
    return held.selectExpr(*shown)


def _column(one: Field) -> str:
    return f"CAST(`{one.name}` AS TIMESTAMP_NTZ) AS `{one.name}`" if one.type == "timestamp" else f"`{one.name}`"


def _literal(path: str) -> str:
    """A path in which nothing is a pattern."""
    return re.sub(r"([\\\[\]{}*?^])", r"\\\1", path)
