"""The KPI cube hour x cell x service on Spark, with one worker and with two, beside DuckDB: a million records, reported only.

A standalone master and its workers from the pip package, a core each, as in the tests; both cores of a small machine are the workers'
and the driver's at once, so two workers are no twice as fast there. The figures of all three are asserted to be equal.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.bench_cube import KPIS, _figures, _of_result
from tests.bench.measure import figure, measure

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "spark"))
RECORDS = 1_000_000


def run(size: int) -> Iterator[dict]:
    """Seconds of the second and third evaluation on each cluster; the size of the other benchmarks does not matter here."""
    import cemlib as cem
    from cemlib.lake.spark_session import check_spark, stop_spark
    from tests.bench.wide_lake import make_lake

    check_spark("local[1]")
    from cluster import Cluster

    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "lake"
        make_lake(folder, RECORDS, 4, subscribers=20_000).close()

        def ask(lake):
            frame = cem.evaluate(lake, KPIS, by=["hour", "resource_id", "service"], rollups=False).frame
            return _figures(frame.sort_values(["kpi_code", "hour", "resource_id", "service"], kind="stable"), _of_result)

        with cem.open_lake(folder) as lake:
            duck = measure("DuckDB in this process", lambda: ask(lake), warm=1, runs=2)
        yield duck.row()
        seconds = {}
        for workers in (1, 2):
            home = Path(place) / f"cluster{workers}"
            home.mkdir()
            cluster = Cluster(home, workers=workers)
            os.environ |= {"SPARK_CONF_DIR": str(cluster.conf), "CEM_SPARK_MEMORY": "1g", "CEM_SPARK_CORES": str(workers), "CEM_SPARK_WAIT_S": "180"}
            try:
                with cem.open_lake(folder, engine=cluster.url) as lake:
                    done = measure(f"Spark, {workers} worker{'s' if workers > 1 else ''} with a core each", lambda lake=lake: ask(lake), warm=1, runs=2)
            finally:
                stop_spark()
                cluster.stop()
                os.environ.clear()
                os.environ.update(before)
            if done.result != duck.result:
                raise AssertionError(f"Spark with {workers} workers and DuckDB do not give the same figures")
            seconds[workers] = done.wall_s
            yield done.row()
        yield figure("one worker / two workers", seconds[1] / seconds[2], "ratio")
        yield figure("two workers / DuckDB", seconds[2] / duck.wall_s, "ratio")
