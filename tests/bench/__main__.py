"""Run the benchmarks and print one table: ``make bench`` (``SIZE=10M`` records by default, ``ONLY=cube,timeline``).

Every ``bench_*.py`` beside this file has ``run(size) -> list of rows``, or yields them. A row is a dict with a name and a measurement
(``measure(...).row()``: wall_s, cpu_s, peak_mb, runs), a figure (``figure(...)``: value, unit, wanted), or both. Each file runs in a process of
its own, so that its peak memory is its own; what its process used as a whole is its last row. The table is also written to out/bench.json.
A benchmark that fails is told in the table, and the exit code is 1. Times are measured, never asserted: benchmarks are no part of the tests.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cemlib.settings import settings
from tests.bench.measure import machine, measure, parse_size

HERE = Path(__file__).parent


def main() -> int:
    """Run the chosen benchmarks one after the other; the exit code."""
    size = parse_size(os.environ.get("SIZE", "10M"))
    known = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    wanted = [one.strip() for one in os.environ.get("ONLY", "").split(",") if one.strip()] or known
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        print(f"There is no benchmark named {', '.join(unknown)}. Choose from: {', '.join(known)}", file=sys.stderr)
        return 2
    console, rows, about = Console(width=None if sys.stdout.isatty() else 160), [], machine()
    for name in wanted:
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += _child(name, size)
    console.print(_table(rows, size, about))
    out = settings().out / "bench.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({**about, "size": size, "rows": rows}, indent=1) + "\n")
    console.print(f"written to {out}")
    return 1 if any("error" in row for row in rows) else 0


def _child(name: str, size: int) -> list[dict]:
    """The rows of one benchmark, run in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="cem-bench-") as place:
        answer = Path(place) / "rows.json"
        done = subprocess.run([sys.executable, "-m", "tests.bench", name, str(size), str(answer)], check=False)
        try:
            found = json.loads(answer.read_text())
        except (OSError, ValueError):
            found = [{"name": "whole benchmark", "error": f"ended with {done.returncode} and without an answer"}]
    return [{"bench": name, **row} for row in found]


def _run(name: str, size: int, answer: Path) -> None:
    """Run one benchmark in this process and write its rows, those before an error too."""
    rows: list[dict] = []
    # the user's own secret is neither needed nor made
    os.environ.setdefault("CEM_KEY", "the-secret-of-the-benchmarks")

    def job() -> None:
        rows.extend(importlib.import_module(f"tests.bench.bench_{name}").run(size))

    try:
        whole = measure("whole benchmark", job, runs=1).row()
        # the peak is forgotten before each measurement within
        rows.append({**whole, "peak_mb": max([whole["peak_mb"], *(row.get("peak_mb", 0) for row in rows)])})
    except BaseException as error:
        traceback.print_exc()
        rows.append({"name": "whole benchmark", "error": f"{type(error).__name__}: {error}"})
    answer.write_text(json.dumps(rows))


def _table(rows: list[dict], size: int, about: dict) -> Table:
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    title = (f"{size:,} records; {about['cores']} cores, {about['memory_gb']} GB, load {about['load_before']} before; {about['system']}\n"
             f"Python {about['python']}, {versions}")
    shown = Table(title=title, title_justify="left")
    for column in ("benchmark", "what"):
        shown.add_column(column, overflow="fold")
    for column in ("wall s", "CPU s", "peak MB", "runs", "value"):
        shown.add_column(column, justify="right")
    for column in ("unit", "wanted", ""):
        shown.add_column(column)
    for row in rows:
        if "error" in row:
            shown.add_row(row["bench"], f"{row['name']}: {row['error']}".replace("[", "\\["), *[""] * 7, "failed")
            continue
        verdict = {True: "met", False: "missed", None: ""}[row.get("is_met")]
        shown.add_row(row["bench"], row["name"].replace("[", "\\["), *(_text(row.get(name)) for name in ("wall_s", "cpu_s", "peak_mb", "runs", "value")),
                      row.get("unit", ""), row.get("wanted", ""), verdict)
    return shown


def _text(value: float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _run(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        sys.exit(main())
