"""How a benchmark measures: wall time, CPU seconds and peak memory of a job, medians of several runs, and what a figure should reach."""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Measured", "figure", "machine", "measure", "parse_size", "percentile"]


@dataclass(frozen=True)
class Measured:
    """A job's medians; ``result`` is what its last run gave."""

    name: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    runs: int
    result: Any = None

    def row(self, **more: Any) -> dict:
        """The row of the table."""
        return {"name": self.name, "wall_s": self.wall_s, "cpu_s": self.cpu_s, "peak_mb": self.peak_mb, "runs": self.runs, **more}


def parse_size(text: str) -> int:
    """Records as a number, or with k or M behind it.

    Examples
    --------
    >>> parse_size("10M"), parse_size("20000"), parse_size("2.5k")
    (10000000, 20000, 2500)
    """
    number, factor = text.strip(), 1
    if number[-1:] in ("k", "K", "M"):
        number, factor = number[:-1], 1_000_000 if number[-1] == "M" else 1000
    try:
        found = round(float(number) * factor)
    except ValueError:
        found = 0
    if found < 1:
        raise SystemExit(f"SIZE is not a number of records: {text!r}. Wanted: 10M, 100M or 20000.")
    return found


def measure(name: str, job: Callable[[], Any], *, runs: int = 3, warm: int = 0) -> Measured:
    """Run a job several times (``warm`` times before, not counted); medians, and the highest memory of any run.

    CPU seconds are of all threads and of children that ended. The peak is this process' own, begun anew for each run.
    """
    walls, cpus, peaks, result = [], [], [], None
    for number in range(warm + runs):
        result = None
        _forget_peak()
        begun, used = time.perf_counter(), _cpu_s()
        result = job()
        if number >= warm:
            walls.append(time.perf_counter() - begun)
            cpus.append(_cpu_s() - used)
            peaks.append(peak_mb())
    return Measured(name, statistics.median(walls), statistics.median(cpus), max(peaks), runs, result)


def figure(name: str, value: float, unit: str, *, at_most: float | None = None, at_least: float | None = None) -> dict:
    """A figure of the table, as a ratio of two jobs of the same run, with what it should reach."""
    row: dict[str, Any] = {"name": name, "value": value, "unit": unit}
    if at_most is not None:
        row |= {"wanted": f"<= {at_most:g}", "is_met": value <= at_most}
    if at_least is not None:
        row |= {"wanted": f">= {at_least:g}", "is_met": value >= at_least}
    return row


def percentile(values: list[float], share: float) -> float:
    """The smallest value that so large a share of the values does not exceed.

    Examples
    --------
    >>> percentile([3.0, 1.0, 2.0, 4.0], 0.5), percentile([3.0, 1.0, 2.0, 4.0], 0.95)
    (2.0, 4.0)
    """
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]


def peak_mb() -> float:
    """The highest memory of this process since it was last forgotten."""
    for line in Path("/proc/self/status").read_text().splitlines() if os.path.exists("/proc/self/status") else []:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _cpu_s() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def machine() -> dict:
    """What the figures were measured on."""
    import importlib.metadata
    import platform

    packages = ("deltalake", "duckdb", "narwhals", "numpy", "pandas", "polars", "pyarrow", "pyspark")
    versions = {}
    for name in packages:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cores": len(os.sched_getaffinity(0)), "memory_gb": round(pages / 2**30, 1), "load_before": round(os.getloadavg()[0], 2),
            "system": f"{platform.system()} {platform.release()}", "python": platform.python_version(), "versions": versions}
