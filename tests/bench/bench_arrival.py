"""From the arrival of a million new records to the figure in a reader that was open all the time: ingest, refresh, evaluate."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cemlib
from tests.bench.feed_files import write_data_csv
from tests.bench.measure import figure, measure

_RECORDS = 1_000_000
_KPI = "data_session_setup_success_ratio"


def run(size: int) -> Iterator[dict]:
    """Three arrivals, a day each, in a lake that holds a day already; the size of the run does not matter here."""
    del size
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        files = [write_data_csv(place / f"data_2026-03-0{day}.csv", _RECORDS, first=day * _RECORDS, day=f"2026-03-0{day}") for day in range(1, 5)]
        kind = cemlib.sources.connector("roaming_data")
        with cemlib.open_lake(place / "lake") as writer, cemlib.open_lake(place / "lake") as reader:
            writer.ingest(kind(files[0]))
            reader.refresh()
            seen = [_figure(reader)]
            parts: dict[str, list[float]] = {"ingest": [], "refresh": [], "evaluate": []}
            waiting = iter(files[1:])

            def arrive() -> None:
                begun = time.perf_counter()
                writer.ingest(kind(next(waiting)))
                ingested = time.perf_counter()
                reader.refresh()
                refreshed = time.perf_counter()
                seen.append(_figure(reader))
                for part, seconds in zip(parts, (ingested - begun, refreshed - ingested, time.perf_counter() - refreshed), strict=True):
                    parts[part].append(seconds)

            done = measure(f"{_RECORDS:,} records to the figure", arrive, runs=3)
            if seen != sorted(set(seen)):
                raise RuntimeError(f"The reader did not see every arrival: {seen}")
            yield done.row()
            for part, seconds in parts.items():
                yield figure(f"of it {part}", sorted(seconds)[1], "s")
            yield figure("arrival to figure", done.wall_s, "s", at_most=5)


def _figure(lake) -> int:
    """The denominator that the reader sees, by hour and partner."""
    return int(cemlib.evaluate(lake, _KPI, by=["hour", "partner"]).to_pandas()["den"].sum())
