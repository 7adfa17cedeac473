"""The main job: the demo operator's files into the lake, and the first roaming view of them. SIZE / 500 subscribers, 20,000 at the most."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cemlib as cem
from cemlib.twin import write_operator
from tests.bench.measure import figure, measure


def run(size: int) -> list[dict]:
    """Each part of the job once, and the records a second of the ingest."""
    subscribers = min(max(size // 500, 200), 20_000)
    rows: list[dict] = []

    def timed(name: str, job):
        rows.append((done := measure(name, job, runs=1)).row())
        return done

    with tempfile.TemporaryDirectory() as place:
        incoming = Path(place) / "incoming"
        timed(f"write the files of {subscribers:,} subscribers", lambda: write_operator(incoming, subscribers=subscribers, truth=Path(place) / "truth.json"))
        with cem.open_lake(Path(place) / "lake") as lake:
            feeds = sorted((one.name for one in incoming.iterdir()), key=lambda name: name != "partner_directory")
            done = timed("ingest all files", lambda: sum(lake.ingest(cem.sources.connector(name)(incoming / name)).records for name in feeds))
            rows.append(figure("ingest of all files", done.result / done.wall_s, "records/s"))
            timed("first roaming view", lambda: cem.usecases.monitor_roaming(lake))
            timed("second roaming view", lambda: cem.usecases.monitor_roaming(lake))
            timed("another service", lambda: cem.usecases.monitor_roaming(lake, service="data"))
    return rows
