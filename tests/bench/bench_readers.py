"""One writer with eight readers for 60 s: errors, torn reads, and how long a read takes meanwhile."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.measure import figure, percentile

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lake"))


def run(size: int, seconds: float = 60.0) -> list[dict]:
    """Counts and times over all readers; the size of the other benchmarks does not matter here."""
    from reading import read_while_writing

    with tempfile.TemporaryDirectory() as place:
        found = read_while_writing(Path(place), seconds)
    times = found["seconds"]
    return [
        figure("files written", found["files"], "1"), figure("reads", found["reads"], "1"),
        figure("states that each reader saw at least", found["states"], "1"),
        figure("torn reads", len(found["torn"]), "1", at_most=0), figure("errors", len(found["errors"]), "1", at_most=0),
        figure("a read, median", percentile(times, 0.5), "s"), figure("a read, p95", percentile(times, 0.95), "s"),
    ]
