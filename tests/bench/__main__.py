"""Run the benchmarks and print one table: ``make bench`` (``SIZE=20000`` subscribers by default).

Every ``bench_*.py`` beside this file has ``run(size) -> list of rows``, a row being a dict with name, value and unit. The table is
also written as JSON to out/bench.json. Benchmarks are never part of the tests: a time is measured, not asserted.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import resource
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cemlib.settings import settings


def main() -> None:
    """Run all benchmarks, slowest part last, and say on what machine."""
    size = int(os.environ.get("SIZE", "20000"))
    console = Console()
    rows = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        console.print(f"[dim]{path.stem} …[/dim]")
        begun, used = time.perf_counter(), time.process_time()
        for row in importlib.import_module(f"tests.bench.{path.stem}").run(size):
            rows.append({"bench": path.stem.removeprefix("bench_"), **row})
        rows.append({"bench": path.stem.removeprefix("bench_"), "name": "whole benchmark, wall", "unit": "s",
                     "value": time.perf_counter() - begun})
        rows.append({"bench": path.stem.removeprefix("bench_"), "name": "whole benchmark, CPU", "unit": "s",
                     "value": time.process_time() - used})
    rows.append({"bench": "all", "name": "peak memory", "unit": "MB",
                 "value": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})
    table = Table("benchmark", "what", "value", "unit", title=f"{os.cpu_count()} cores, Python {platform.python_version()}, size {size}")
    for row in rows:
        value = row["value"]
        table.add_row(row["bench"], row["name"], f"{value:,.4g}" if isinstance(value, float) else f"{value:,}", row["unit"])
    console.print(table)
    out = settings().out / "bench.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"cores": os.cpu_count(), "python": platform.python_version(), "size": size, "rows": rows}, indent=1))
    console.print(f"written to {out}")


if __name__ == "__main__":
    main()
