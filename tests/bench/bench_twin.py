"""The twin: the demo's size with everything in it, and 100,000 customers in 90 days to Parquet on two processes.

``SIZE`` scales both: at 20,000 the first has 20,000 customers in 30 days and the second 100,000 in 90.
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

from cemlib.twin.play import play_scenario
from cemlib.twin.scenario import load_scenario


def run(size: int) -> list[dict]:
    """Seconds, records and peak memory of both."""
    rows: list[dict] = []
    for name, scenario, subscribers, days, with_truth in (("demo size", "demo", size, 30, True), ("all domains, demo size", "calm", size, 30, True),
                                                          ("large", "calm", 5 * size, 90, True)):
        with tempfile.TemporaryDirectory() as place:
            begun = time.perf_counter()
            made = play_scenario(load_scenario(scenario), Path(place) / "raw", truth=Path(place) / "truth" if with_truth else None,
                                 subscribers=subscribers, days=days, jobs=2).to_dict()
            seconds = time.perf_counter() - begun
        what = f"{name}, {subscribers:,} customers x {days} days"
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1e6
        rows += [{"name": f"{what}: wall", "value": seconds, "unit": "s"}, {"name": f"{what}: records", "value": made["records"], "unit": "1"},
                 {"name": f"{what}: records per customer and day", "value": made["records"] / subscribers / days, "unit": "1"},
                 {"name": f"{what}: largest process so far", "value": peak, "unit": "GB"}]
    return rows
