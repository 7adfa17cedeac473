"""One writer with eight readers for 60 s: errors, torn reads, and how long a read takes meanwhile."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lake"))


def run(size: int, seconds: float = 60.0) -> list[dict]:
    """Counts and times over all readers; the size of the other benchmarks does not matter here."""
    from reading import read_while_writing

    with tempfile.TemporaryDirectory() as place:
        found = read_while_writing(Path(place), seconds)
    times = found["seconds"]
    return [
        {"name": "files written", "value": found["files"], "unit": "1"}, {"name": "reads", "value": found["reads"], "unit": "1"},
        {"name": "states that each reader saw at least", "value": found["states"], "unit": "1"},
        {"name": "torn reads", "value": len(found["torn"]), "unit": "1"}, {"name": "errors", "value": len(found["errors"]), "unit": "1"},
        {"name": "a read, median", "value": times[len(times) // 2], "unit": "s"}, {"name": "a read, p95", "value": times[int(len(times) * 0.95)], "unit": "s"},
    ]
