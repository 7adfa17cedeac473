"""The embedded engine: one DuckDB in memory per lake object, over the files of one version."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import sys
import tempfile
import weakref
from pathlib import Path

import duckdb

from cemlib.errors import ParameterError
from cemlib.settings import settings

__all__ = ["connect", "quoted"]


def quoted(name: str) -> str:
    """An identifier of the declared schema as SQL.

    Examples
    --------
    >>> quoted("cause_code")
    '"cause_code"'
    """
    return '"' + name.replace('"', '""') + '"'


def connect() -> duckdb.DuckDBPyConnection:
    """Open a DuckDB in memory with the caps of the settings; it fetches no extension and thinks in UTC.

    Raises
    ------
    ParameterError
        When the memory limit of the settings is not one.
    """
    own = settings()
    spill = Path(tempfile.gettempdir()) / f"cem-{os.getpid()}-{secrets.token_hex(6)}"
    try:
        connection = duckdb.connect(config={
            "memory_limit": own.memory_limit,
            "threads": own.threads,
            "temp_directory": str(spill),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        })
    except duckdb.Error as error:
        raise ParameterError("DuckDB cannot be opened with these settings.", came=f"{own.memory_limit}: {error}",
                             where="CEM_MEMORY, CEM_THREADS") from None
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET parquet_metadata_cache = true")
    # a progress bar would write into notebooks and logs
    connection.execute("SET enable_progress_bar = false")
    weakref.finalize(connection, shutil.rmtree, spill, ignore_errors=True)
    return connection


def _forget_types() -> None:
    """Empty narwhals' caches at exit: they keep DuckDB's types alive, and DuckDB then prints 'nanobind: leaked' on stderr."""
    for name, module in list(sys.modules.items()):
        if name.startswith("narwhals") and module is not None:
            for one in list(vars(module).values()):
                clear = getattr(one, "cache_clear", None)
                if callable(clear):
                    clear()


atexit.register(_forget_types)
