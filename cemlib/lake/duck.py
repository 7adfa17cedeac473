"""DuckDB as the engine of a lake: one in memory per lake object, a view per canonical table, derived relations as temporary tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd
import pyarrow as pa

from cemlib.lake.engine import connect, quoted
from cemlib.lake.views import make_view
from cemlib.schema import tables

if TYPE_CHECKING:
    import duckdb

    from cemlib.lake.delta import StoredTable

__all__ = ["DuckEngine"]

# what Spark calls so, and what neither has: the SQL of the joins is written once
_FUNCTIONS = ("explode(list) AS unnest(list)", "days_between(first, last) AS CAST(generate_series(first, last, INTERVAL 1 DAY) AS DATE[])")


class DuckEngine:
    """One DuckDB; see :class:`cemlib.lake.engines.Engine`."""

    name = "duckdb"

    def __init__(self) -> None:
        self.connection: duckdb.DuckDBPyConnection | None = None
        self._shown: dict[str, StoredTable | None] = {}

    @property
    def is_open(self) -> bool:
        """Whether it takes memory."""
        return self.connection is not None

    def open(self, stored: Mapping[str, StoredTable]) -> None:
        """Connect, and show the tables."""
        connection = connect()
        for one in _FUNCTIONS:
            connection.execute(f"CREATE OR REPLACE MACRO {one}")
        self._show(connection, stored)
        self.connection = connection

    def show(self, stored: Mapping[str, StoredTable]) -> None:
        """Show the tables of another state."""
        self._show(self.connection, stored)

    def _show(self, connection: duckdb.DuckDBPyConnection, stored: Mapping[str, StoredTable]) -> None:
        for name, declared in tables().items():
            # what a view shows already is left alone: a refresh costs what changed
            if name not in self._shown or self._shown[name] is not stored.get(name):
                make_view(connection, declared, stored.get(name))
                self._shown[name] = stored.get(name)

    def relation(self, name: str) -> duckdb.DuckDBPyRelation:
        """A view or a kept relation."""
        return self.connection.view(name) if name in tables() else self.connection.table(name)

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None) -> duckdb.DuckDBPyRelation:
        """Run SQL."""
        return self.connection.sql(sql, params=params) if params is not None else self.connection.sql(sql)

    def keep(self, name: str, relation: Any, params: Sequence[Any] | Mapping[str, Any] | None) -> None:
        """Compute a relation into a temporary table."""
        connection = self.connection
        if isinstance(relation, (nw.LazyFrame, nw.DataFrame)):
            relation = relation.to_native()
        if isinstance(relation, str):
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {relation}", params or [])
            return
        if isinstance(relation, pd.DataFrame):
            relation = pa.Table.from_pandas(relation, preserve_index=False)
        if isinstance(relation, pa.Table):
            relation = connection.from_arrow(relation)
        relation.create_view(f"making_{name}", replace=True)
        try:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS FROM {quoted('making_' + name)}")
        finally:
            connection.execute(f"DROP VIEW IF EXISTS {quoted('making_' + name)}")

    def drop(self, name: str) -> None:
        """Forget a kept relation."""
        self.connection.execute(f"DROP TABLE IF EXISTS {quoted(name)}")

    def close(self) -> None:
        """Free the memory."""
        if self.connection is not None:
            self.connection.close()
        self.connection, self._shown = None, {}
