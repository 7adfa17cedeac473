"""200 SIGKILLs at random instants of an ingest: what was lost, torn or doubled, by what readers find after each."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.measure import figure

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lake"))


def run(size: int, kills: int = 200) -> list[dict]:
    """Counts over all kills; the size of the other benchmarks does not matter here."""
    from killing import kill_at_random

    with tempfile.TemporaryDirectory() as place:
        found = kill_at_random(Path(place), kills)
    zero = ("lost", "torn", "doubled", "different", "accounts")
    names = {"run_s": "undisturbed ingest of 4 files", "lakes": "lakes filled on the way", "undone": "kills that left something to undo",
             "different": "lakes that differ from the undisturbed one", "accounts": "accounts that do not add up"}
    return [figure(names.get(name, name), value, "s" if name in ("run_s", "seconds") else "1", at_most=0 if name in zero else None)
            for name, value in found.items()]
