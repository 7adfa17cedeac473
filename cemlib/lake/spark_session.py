"""The Spark of this process: started when a lake first needs it, shared by its lakes, quiet, and stopped at exit."""

from __future__ import annotations

import atexit
import functools
import importlib
import importlib.util
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import warnings
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cemlib.errors import LakeError
from cemlib.settings import settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["check_spark", "session_for", "stop_spark"]

_OLDEST_JAVA = 17
_HOW_JAVA = "Debian, Ubuntu: apt-get install openjdk-17-jre-headless (or newer); elsewhere set JAVA_HOME to its folder."


@dataclass
class _Running:
    """The one Spark that a process can have."""

    master: str
    session: SparkSession
    gateway: Any
    folder: Path
    users: weakref.WeakSet = field(default_factory=weakref.WeakSet)


_running: _Running | None = None
_lock = threading.RLock()


@functools.lru_cache(maxsize=4)
def _java_version(java: str) -> int | None:
    """The version of a Java; None when it cannot be run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None


def check_spark(master: str) -> None:
    """Refuse at once what could not work: no pyspark, no Java, a cluster that does not answer.

    Raises
    ------
    LakeError
        Saying what is missing and how to get it.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise LakeError("Spark is not installed.", wanted="the extra 'spark' (pyspark)", came=f"engine={master!r}",
                        todo='pip install "cem-workbench[spark]"; without it, DuckDB reads the lake: leave engine= out.')
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else "java"
    version = _java_version(java)
    if version is None:
        raise LakeError("Spark needs Java, and none was found.", wanted=f"Java {_OLDEST_JAVA} or newer", where=java, todo=_HOW_JAVA)
    if version < _OLDEST_JAVA:
        raise LakeError("Spark needs a newer Java.", wanted=f"Java {_OLDEST_JAVA} or newer", came=f"Java {version}", where=java,
                        todo=_HOW_JAVA)
    if master.startswith("spark://") and not (_running is not None and _running.master == master):
        _reach(master)


def _reach(master: str) -> str:
    """The address by which the first master that answers sees this machine."""
    told, wait_s = [], settings().spark_wait_s
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=wait_s) as reached:
                return reached.getsockname()[0]
        except (OSError, OverflowError) as error:
            told.append(f"{place}: {error}")
    raise LakeError("The Spark master cannot be reached.", wanted=f"an answer within {wait_s} s (CEM_SPARK_WAIT_S)",
                    came="; ".join(told), where=master, todo="Check the address, and that the master runs.")


def session_for(master: str, user: object) -> SparkSession:
    """A session of its own, with its own views, of this process's Spark; started when there is none.

    Parameters
    ----------
    master : str
        ``local[2]`` or ``spark://host:port``.
    user : object
        Who uses it; when every user of one master is gone, Spark may be started anew for another.

    Raises
    ------
    LakeError
        When Spark cannot be started, or this process already uses another.
    """
    global _running
    with _lock:
        if _running is not None and _running.master != master:
            if _running.users:
                raise LakeError("A process can use one Spark only, and lakes are open on another.", wanted=master, came=_running.master,
                                todo="Close those lakes first (lake.close()), or use another process.")
            stop_spark()
        if _running is None:
            _running = _start(master)
        _running.users.add(user)
        session = _running.session.newSession()
        # a new session has the settings of the start alone; from so many partitions AQE joins and splits as it sees fit
        session.conf.set("spark.sql.shuffle.partitions", str(max(2, session.sparkContext.defaultParallelism)))
        return session


def stop_spark() -> None:
    """Stop the Spark of this process; lakes that were opened on it cannot be read any more."""
    global _running
    with _lock:
        running, _running = _running, None
        if running is not None:
            running.session.sparkContext.stop()
            _end(running.gateway, running.folder)


def release(user: object) -> None:
    """Say that somebody does not need Spark any more; it keeps running for the next."""
    if _running is not None:
        _running.users.discard(user)


def _configuration(master: str, folder: Path) -> dict[str, str]:
    own = settings()
    chosen = {
        "spark.app.name": "cem workbench",
        "spark.driver.memory": own.spark_memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.sql.catalogImplementation": "in-memory",
        # what follows decides about figures: UTC, and TIMESTAMP without a time zone as in DuckDB's views
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.ansi.doubleQuotedIdentifiers": "true",
        "spark.sql.caseSensitive": "false",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    if master.startswith("spark://"):
        here = os.environ.get("SPARK_LOCAL_IP") or _reach(master)
        return chosen | {"spark.executor.memory": own.spark_memory, "spark.cores.max": str(own.spark_cores), "spark.driver.host": here}
    return chosen | {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


def _start(master: str) -> _Running:
    check_spark(master)
    from pyspark import SparkConf, SparkContext

    with warnings.catch_warnings():
        # pyspark imports this with its first literal, and it warns of pandas 3; its way to pandas is not taken (collect_frame)
        warnings.simplefilter("ignore", FutureWarning)
        importlib.import_module("pyspark.testing.utils")
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is not None:
        raise LakeError("This process has a Spark session that the workbench did not start.", wanted=f"engine={master!r}",
                        todo="Stop it first (spark.stop()).")
    # pyspark prints every refused statement as JSON on stderr; the error itself is raised
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    folder = Path(tempfile.mkdtemp(prefix="cem-spark-"))
    conf = SparkConf(loadDefaults=False).setMaster(master).setAll(list(_configuration(master, folder).items()))
    log, wait_s, on_interrupt = folder / "driver.log", settings().spark_wait_s, signal.getsignal(signal.SIGINT)
    gateway, problem = None, ""
    try:
        # what the JVM has to say goes into a file: a notebook shows errors, which are raised, and nothing else
        with open(log, "wb") as told:
            gateway = launch_gateway(conf, popen_kwargs={"stdout": told, "stderr": subprocess.STDOUT})
        # a port that answers and is no master would keep us for a minute
        watch = threading.Timer(wait_s, gateway.proc.kill)
        watch.start()
        try:
            context = SparkContext(conf=conf, gateway=gateway)
        finally:
            watch.cancel()
        problem = _await_executor(context, master, wait_s)
        if problem:
            context.stop()
    except Exception as error:
        problem = str(error).strip().partition("\n")[0] or type(error).__name__
    finally:
        # pyspark puts its own handler there
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, on_interrupt)
    if problem:
        last = _last_lines(log)
        SparkContext._active_spark_context = None
        _end(gateway, folder)
        raise LakeError("Spark could not be started.", wanted=f"a working session within {wait_s} s (CEM_SPARK_WAIT_S)",
                        came="; ".join(one for one in (problem, last) if one), where=master,
                        todo="Check that the address is a Spark master's with free cores and memory (CEM_SPARK_CORES, CEM_SPARK_MEMORY).")
    return _Running(master, SparkSession(context), gateway, folder)


def _await_executor(context: Any, master: str, wait_s: float) -> str:
    """Wait until a worker gave an executor; returns what is wrong when none did."""
    until = time.monotonic() + wait_s
    # the driver counts as one
    while master.startswith("spark://") and context._jsc.sc().getExecutorMemoryStatus().size() < 2:
        if time.monotonic() > until:
            return "no worker of the cluster gave an executor"
        time.sleep(0.1)
    return ""


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    return " | ".join([one for one in lines if "ERROR" in one or "Exception" in one][-3:])


def _end(gateway: Any, folder: Path) -> None:
    """End the JVM, so that the next start has its own settings."""
    from pyspark import SparkContext

    if gateway is not None:
        try:
            gateway.shutdown()
        except Exception as error:
            # it may be dead already; what counts is that it is
            logging.getLogger(__name__).debug("the gateway did not shut down: %s", error)
        process = gateway.proc
        process.stdin.close()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(15)
    SparkContext._gateway = SparkContext._jvm = None
    shutil.rmtree(folder, ignore_errors=True)


atexit.register(stop_spark)
