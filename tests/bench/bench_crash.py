"""200 SIGKILLs at random instants of an ingest: what was lost, torn or doubled, by what readers find after each."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lake"))


def run(size: int, kills: int = 200) -> list[dict]:
    """Counts over all kills; the size of the other benchmarks does not matter here."""
    from killing import kill_at_random

    with tempfile.TemporaryDirectory() as place:
        found = kill_at_random(Path(place), kills)
    units = {"run_s": "s", "seconds": "s"}
    names = {"run_s": "undisturbed ingest of 4 files", "lakes": "lakes filled on the way", "undone": "kills that left something to undo",
             "different": "lakes that differ from the undisturbed one", "accounts": "accounts that do not add up"}
    return [{"name": names.get(name, name), "value": value, "unit": units.get(name, "1")} for name, value in found.items()]
