"""Where things are and how much a process may take: read from the environment, with defaults that work after a clone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cemlib.errors import ParameterError

__all__ = ["FITS_EMPTIED", "ROLES", "Settings", "settings"]

#: Who may see what: a manager sees figures of groups, an analyst and customer care see the records behind them too.
ROLES = ("manager", "analyst", "care")
#: The mark in the folder of kept fits; its time is that of the last emptying.
FITS_EMPTIED = "emptied"


@dataclass(frozen=True)
class Settings:
    """The settings of this process.

    Attributes
    ----------
    home : Path
        The project folder: notebooks/, templates/, data/ lie in it (``CEM_HOME``).
    lake_path : Path
        The lake (``CEM_LAKE``; default data/lake).
    kpi_path : Path
        The folder of a user's own KPIs (``CEM_KPIS``; default data/kpis).
    key_path : Path
        The owner-only key file (``CEM_KEY_FILE``; default data/keys/cem.key); ``CEM_KEY`` overrides it.
    out : Path
        Where reports go (``CEM_OUT``; default out).
    memory_limit : str
        Memory cap of one DuckDB (``CEM_MEMORY``; default 2GB).
    threads : int
        Threads of one DuckDB (``CEM_THREADS``; default 2).
    spark_memory : str
        Memory of Spark's driver, and of each executor on a cluster (``CEM_SPARK_MEMORY``; default 2g).
    spark_cores : int
        Cores that one process takes from a cluster (``CEM_SPARK_CORES``; default 4).
    spark_wait_s : int
        How long to wait for a cluster before giving up (``CEM_SPARK_WAIT_S``; default 60).
    fits_megabytes : int
        Of fits that are kept beside the lake (``CEM_FITS_MB``; default 200; 0: none is kept).
    minimum_group : int
        Smallest group of subscribers whose figure a manager sees (``CEM_MINIMUM_GROUP``; default 10).
    role : str
        manager, analyst or care (``CEM_ROLE``; default analyst).
    """

    home: Path
    lake_path: Path
    kpi_path: Path
    key_path: Path
    out: Path
    memory_limit: str
    threads: int
    spark_memory: str
    spark_cores: int
    spark_wait_s: int
    fits_megabytes: int
    minimum_group: int
    role: str

    @property
    def fits_path(self) -> Path:
        """The folder of the fits that are kept: beside the lake, as the studies are."""
        return self.lake_path.parent / "fits"

    @property
    def reference_path(self) -> Path:
        """The folder of the reference tables that come with the project."""
        return self.home / "data" / "reference"


def _whole_number(name: str, default: int, least: int = 1) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit() or int(text) < least:
        raise ParameterError(f"{name} must be a whole number above {least - 1}." if least else f"{name} must be a whole number.", came=repr(text), where="environment")
    return int(text)


def settings() -> Settings:
    """Read the settings anew; the environment decides, so a test or a service can differ from a user's shell.

    Raises
    ------
    ParameterError
        When a variable holds something else than is asked for.

    Examples
    --------
    >>> settings().reference_path.name
    'reference'
    """
    home = Path(os.environ.get("CEM_HOME", Path(__file__).resolve().parent.parent))
    role = os.environ.get("CEM_ROLE", "analyst")
    if role not in ROLES:
        raise ParameterError("CEM_ROLE is not a role.", wanted=", ".join(ROLES), came=repr(role), where="environment")
    return Settings(
        home=home,
        lake_path=Path(os.environ.get("CEM_LAKE", home / "data" / "lake")),
        kpi_path=Path(os.environ.get("CEM_KPIS", home / "data" / "kpis")),
        key_path=Path(os.environ.get("CEM_KEY_FILE", home / "data" / "keys" / "cem.key")),
        out=Path(os.environ.get("CEM_OUT", home / "out")),
        memory_limit=os.environ.get("CEM_MEMORY", "2GB"),
        threads=_whole_number("CEM_THREADS", 2),
        spark_memory=os.environ.get("CEM_SPARK_MEMORY", "2g"),
        spark_cores=_whole_number("CEM_SPARK_CORES", 4),
        spark_wait_s=_whole_number("CEM_SPARK_WAIT_S", 60),
        fits_megabytes=_whole_number("CEM_FITS_MB", 200, least=0),
        minimum_group=_whole_number("CEM_MINIMUM_GROUP", 10),
        role=role,
    )
