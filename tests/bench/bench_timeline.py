"""One subscriber's timeline over 30 days and three tables, before and after the days were ordered; another subscriber at each call."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

from cemlib.lake import open_lake
from tests.bench.kept_lake import kept_lake
from tests.bench.measure import figure, measure, percentile


def run(size: int) -> Iterator[dict]:
    """The 50 and 95 % quantiles of the time of a call, after a few calls that warm the caches."""
    folder, before = kept_lake(size)
    people = max(size // 100, 1000)
    keys = [hashlib.md5(f"who{number * 7919 % people}".encode(), usedforsecurity=False).hexdigest() for number in range(120)]
    for told, at, calls in (("before ordering", before, 10), ("ordered", None, 100)):
        with open_lake(folder, at=at) as lake:
            yield measure(f"first call, {told}", lambda lake=lake: lake.timeline(keys[-1]), runs=1).row()
            for key in keys[-4:]:
                lake.timeline(key)
            times, rows = [], 0

            def ask(lake=lake, calls=calls, times=times) -> int:
                found = 0
                for key in keys[:calls]:
                    begun = time.perf_counter()
                    found += len(lake.timeline(key))
                    times.append(1000 * (time.perf_counter() - begun))
                return found

            done = measure(f"{calls} calls, {told}", ask, runs=1)
            rows = done.result
            yield done.row(value=rows / calls, unit="records a call")
            yield figure(f"p50, warm, {told}", percentile(times, 0.5), "ms")
            yield figure(f"p95, warm, {told}", percentile(times, 0.95), "ms", at_most=None if at else 100)
    with open_lake(folder) as lake:
        yield measure("status of the lake", lake.status, runs=1).row()
