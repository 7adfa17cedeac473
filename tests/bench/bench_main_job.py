"""The main job: files of the demo operator, ingest with all checks, first and second view."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import cemlib as cem
from cemlib.twin import write_operator


def run(size: int) -> list[dict]:
    """Seconds of each part and records a second of the ingest."""
    rows: list[dict] = []

    def timed(name: str, job):
        begun = time.perf_counter()
        result = job()
        rows.append({"name": name, "value": time.perf_counter() - begun, "unit": "s"})
        return result

    with tempfile.TemporaryDirectory() as place:
        incoming = Path(place) / "incoming"
        timed("write the demo operator's files", lambda: write_operator(incoming, subscribers=size, truth=Path(place) / "truth.json"))
        with cem.open_lake(Path(place) / "lake") as lake:
            feeds = sorted((one.name for one in incoming.iterdir()), key=lambda name: name != "partner_directory")
            records = timed("ingest all files", lambda: sum(lake.ingest(cem.sources.connector(name)(incoming / name)).records for name in feeds))
            rows.append({"name": "ingest", "value": records / rows[-1]["value"], "unit": "records/s"})
            timed("first roaming view", lambda: cem.usecases.monitor_roaming(lake))
            timed("second roaming view", lambda: cem.usecases.monitor_roaming(lake))
            timed("another service", lambda: cem.usecases.monitor_roaming(lake, service="data"))
    return rows
