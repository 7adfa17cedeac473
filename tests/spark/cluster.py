"""A standalone Spark cluster of this machine's: one master, workers with a core each, from the pip package."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pyspark

from cemlib.report.serve import free_port

WAIT_S = 180
# small data: the time goes into compiling, so compile little
DEFAULTS = """spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.executor.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
"""


class Cluster:
    def __init__(self, place: Path, workers: int = 2) -> None:
        self.place = place
        self.conf = place / "conf"
        self.conf.mkdir()
        (self.conf / "spark-defaults.conf").write_text(DEFAULTS)
        self._processes: list[subprocess.Popen] = []
        port = free_port(0)
        self._page = free_port(port + 1)
        self.url = f"spark://127.0.0.1:{port}"
        try:
            self._run("master", "org.apache.spark.deploy.master.Master", "--port", str(port), "--webui-port", str(self._page))
            self._await("the master", lambda: self.state() is not None)
            for number in range(1, workers + 1):
                self._run(f"worker{number}", "org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "1g", "--webui-port", "0",
                          "--work-dir", str(place / "work"), self.url)
            self._await("the workers", lambda: self.alive() == workers)
        except BaseException:
            self.stop()
            raise

    def _run(self, name: str, main: str, *arguments: str) -> None:
        command = [str(Path(pyspark.__file__).parent / "bin" / "spark-class"), main, "--host", "127.0.0.1", *arguments]
        environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_CONF_DIR": str(self.conf), "SPARK_DAEMON_MEMORY": "256m",
                                    "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
        with open(self.place / f"{name}.log", "wb") as log:
            # a group of its own: Ctrl-C reaches the tests, and they end the cluster with all its executors
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True))

    def _await(self, what: str, is_there) -> None:
        until = time.monotonic() + WAIT_S
        while not is_there():
            if time.monotonic() > until or any(one.poll() is not None for one in self._processes):
                raise AssertionError(f"{what} did not come up\n{self.logs()}")
            time.sleep(0.2)

    def state(self) -> dict | None:
        with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(f"http://127.0.0.1:{self._page}/json/", timeout=5) as answer:
            return json.load(answer)
        return None

    def alive(self) -> int:
        return sum(one["state"] == "ALIVE" for one in (self.state() or {"workers": []})["workers"])

    def logs(self) -> str:
        found = [*sorted(self.place.glob("*.log")), *sorted(self.place.glob("work/*/*/stderr"))]
        return "\n".join(f"--- {one.relative_to(self.place)}\n" + "\n".join(one.read_text(errors="replace").splitlines()[-25:]) for one in found)

    def stop(self) -> None:
        for asked in (signal.SIGTERM, signal.SIGKILL):
            for one in reversed(self._processes):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(one.pid, asked)
            if asked == signal.SIGTERM:
                for one in self._processes:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        one.wait(10)
        for one in self._processes:
            one.wait()
        self._processes = []
