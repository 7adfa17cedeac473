"""How long the satisfaction index takes for a million customers: a whole scoring of evidence that is in memory, and anew after a moved weight."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

from cemlib.experience import load_index
from cemlib.experience.scoring import score_evidence

from .measure import figure

CUSTOMERS = 1_000_000


def run(size: int, customers: int = CUSTOMERS) -> list[dict]:
    """Seconds as rows of the common table; the size of the operator does not matter here."""
    maker = Path(__file__).parents[1] / "experience" / "invented_evidence.py"
    spec = importlib.util.spec_from_file_location("invented_evidence", maker)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    index = load_index()
    evidence = module.invent(index, seed=1, customers=customers, days=10, active=0.4)
    begun = time.perf_counter()
    scores = score_evidence(evidence, index)
    whole = time.perf_counter() - begun
    seconds = []
    for price in (0.1, 0.2, 0.3):
        begun = time.perf_counter()
        moved = scores.rescore({"price": price})
        frame = moved.frame
        seconds.append(time.perf_counter() - begun)
    scored = int(frame["score"].notna().sum())
    return [
        {"name": f"index: terms and scores, {customers:,} customers x 10 days", "value": whole, "unit": "s"},
        figure(f"index: scored anew after a moved weight, {scored:,} customers with interval, state and band", sorted(seconds)[1], "s", at_most=2.0),
    ]
