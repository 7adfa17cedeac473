"""How long the models of experience take: seconds for ten million rows, every row different."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from cemlib.experience import (
    curve,
    follow_bursts,
    rate_simplified,
    rate_transmission,
    score_page_load,
    score_viewing,
    spread_ratings,
)

ROWS = 10_000_000


def run(size: int, rows: int = ROWS) -> list[dict]:
    """Seconds by model, as rows of the common table; the size of the operator does not matter here."""
    rng = np.random.default_rng(20260310)
    delay, loss, mos, seconds = rng.uniform(0, 400, rows), rng.uniform(0, 10, rows), rng.uniform(1, 5, rows), rng.exponential(4, rows)
    # one row in a hundred is null and one impossible, as in a real column
    loss[::100], loss[50::100] = np.nan, 140.0
    jobs: dict[str, Callable[[], object]] = {
        "E-model, delay and loss": lambda: rate_transmission(codec="g711_plc", Ta=delay, Ppl=loss).mos,
        "E-model, with talker and listener echo": lambda: rate_transmission(codec="g711_plc", Ta=delay, T=delay, Tr=2 * delay, Ppl=loss).mos,
        "simplified E-model": lambda: rate_simplified(delay, loss / 100).mos,
        "bursts and gaps": lambda: follow_bursts(mos, 8 * mos, seconds, seconds),
        "web page load (G.1030)": lambda: score_page_load(seconds),
        "video (P.1203-inspired)": lambda: score_viewing(300 * seconds + 100, 1280, 720, 25, 60 + delay, stall_s=seconds),
        "share of dissatisfied (SOS)": lambda: spread_ratings(mos),
        "curve, linear": lambda: curve("messaging_delivery_time")(seconds),
        "curve, logistic": lambda: curve("data_session_round_trip_time")(delay),
    }
    measured = []
    for name, job in jobs.items():
        begun = time.perf_counter()
        job()
        measured.append({"name": f"{name}, {rows:,} rows", "value": time.perf_counter() - begun, "unit": "s"})
    return measured
