"""The KPI cube hour x cell x service of a wide fact: evaluate() against SQL written by hand, pandas, polars, a bare scan, and rollups.

Every contender has a process of its own, so that its peak memory is its own, with the same caps for DuckDB; they take turns, and the median
of the rounds is told. Wall times of a busy machine lie; the ratios of CPU seconds are told beside them.

What is compared, and is the same on both sides: the three keys and ten sums of each cell (records; successes by protocol and cause as the cause
table tells them; ended and dropped of the successes; number, sum and sum of squares of the set-up times of the successes and of the round trips,
in whole steps of their resolution), in the order of the keys, as a pandas frame fetched through Arrow, sums of values as float64. evaluate() gives
them as `KpiResult.sums()`. The frame with value, interval and state of every cell comes on top and is told apart. pandas and polars ask for the
causes alone, which in these records, of one protocol, is the same. The sums of evaluate(), of the SQL and of the rollups are asserted to be equal.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RECORDS = 10_000_000
ROUNDS = 5
#: pandas holds all columns at once: beyond this it is not tried.
PANDAS_MOST = 20_000_000
KPIS = ("data_session_attempt_count", "data_session_setup_success_ratio", "data_session_drop_ratio", "data_session_setup_mean", "data_session_rtt_mean")
COLUMNS = ("started_at", "resource_id", "service_code", "protocol_code", "cause_code", "is_dropped", "setup_s", "rtt_ms")
GOOD = ("0", "16", "17", "18", "19")

_SQL = """
WITH records AS (
    SELECT date_trunc('hour', make_timestamp(epoch_us(started_at))) AS hour, resource_id, service_code, is_dropped,
           cause_code = '0' OR (protocol_code = 'gtpv2' AND cause_code IN ('16', '17', '18', '19')) OR (protocol_code = 'q850' AND cause_code = '16')
           OR (protocol_code = 'diameter_base' AND cause_code IN ('2001', '2002')) OR (protocol_code = 'sip' AND cause_code = '200')
           OR (protocol_code = 'esm' AND cause_code IN ('50', '51', '52')) AS good,
           CAST(round(setup_s * 1000) AS BIGINT) AS setup, CAST(round(rtt_ms * 10) AS BIGINT) AS rtt
    FROM read_parquet($files)
)
SELECT hour, resource_id, service_code, count(*) AS n, count(*) FILTER (good) AS good,
       count(*) FILTER (good AND is_dropped IS NOT NULL) AS ended, count(*) FILTER (good AND is_dropped) AS dropped,
       count(*) FILTER (good AND setup IS NOT NULL) AS setups, CAST(sum(setup) FILTER (good) AS DOUBLE) AS setup_sum,
       CAST(sum(setup * setup) FILTER (good) AS DOUBLE) AS setup_squares,
       count(rtt) AS rtts, CAST(sum(rtt) AS DOUBLE) AS rtt_sum, CAST(sum(rtt * rtt) AS DOUBLE) AS rtt_squares
FROM records GROUP BY hour, resource_id, service_code ORDER BY hour, resource_id, service_code
"""


def _figures(frame, pairs) -> str:
    """A hash of the numerators and denominators, KPI by KPI, the cells in order."""
    digest = hashlib.sha256()
    for num, den, scale in pairs(frame):
        digest.update(np.round(np.asarray(num, dtype=np.float64) * scale).astype(np.int64).tobytes())
        digest.update(np.asarray(den, dtype=np.int64).tobytes())
    return digest.hexdigest()[:16]


def _of_result(frame):
    for code, scale in zip(KPIS, (1, 1, 1, 1000, 10)):
        one = frame[frame["kpi_code"] == code]
        yield one["num"], one["den"], scale


def _of_sums(frame):
    for code in KPIS:
        yield frame[f"{code}__num" if f"{code}__num" in frame else f"{code}__den"], frame[f"{code}__den"], 1


def _of_sql(frame):
    for num, den in (("n", "n"), ("good", "n"), ("dropped", "ended"), ("setup_sum", "setups"), ("rtt_sum", "rtts")):
        yield frame[num].astype("float64").fillna(0), frame[den], 1


def _squares(frame, names) -> str:
    """A hash of the sums of squares."""
    return hashlib.sha256(b"".join(np.asarray(frame[one], dtype=np.float64).astype(np.int64).tobytes() for one in names)).hexdigest()[:16]


def _of_all(frame, pairs, squares) -> str:
    return f"{_figures(frame, pairs)} {_squares(frame.fillna(0), squares)}"


def _contender(name: str, folder: str):
    """What a contender does in one round, and the hash of what came of it."""
    import cemlib as cem
    from cemlib.lake.engine import connect

    if name in ("evaluate", "rollups", "evaluate with intervals"):
        lake, intervals = cem.open_lake(folder), name.endswith("intervals")

        def ask():
            found = cem.evaluate(lake, KPIS, by=["hour", "resource_id", "service"], rollups=name == "rollups")
            return found.frame if intervals else found.sums()

        squares = [f"{code}__squares" for code in KPIS[3:]]
        return ask, (lambda frame: _figures(frame, _of_result)) if intervals else lambda frame: _of_all(frame, _of_sums, squares)
    files = sorted(str(one) for one in Path(folder, "tables", "data_session").glob("event_date=*/*.parquet"))
    if name in ("sql", "scan"):
        connection = connect()
        # hash() of every value: nothing of the columns can be left unread
        scan = f"SELECT {', '.join(f'bit_xor(hash({one}))' for one in COLUMNS)} FROM read_parquet($files)"
        return lambda: connection.sql(_SQL if name == "sql" else scan, params={"files": files}).to_arrow_table().to_pandas(), (
            (lambda frame: _of_all(frame, _of_sql, ["setup_squares", "rtt_squares"])) if name == "sql" else lambda frame: "")
    if name == "polars":
        return _with_polars(files), lambda frame: ""
    return _with_pandas(files), lambda frame: ""


def _with_pandas(files: list[str]):
    import pandas as pd
    import pyarrow.parquet as pq

    def run():
        frame = pd.concat([pq.read_table(one, columns=list(COLUMNS), partitioning=None).to_pandas() for one in files], ignore_index=True)
        frame["hour"] = frame["started_at"].dt.floor("h")
        frame["good"] = frame["cause_code"].isin(GOOD)
        frame["ended"] = frame["good"] & frame["is_dropped"].notna()
        frame["dropped"] = frame["ended"] & frame["is_dropped"].eq(True)
        frame["setup"] = (frame["setup_s"] * 1000).round().where(frame["good"])
        frame["rtt"] = (frame["rtt_ms"] * 10).round()
        frame["setup2"], frame["rtt2"] = frame["setup"] ** 2, frame["rtt"] ** 2
        grouped = frame.groupby(["hour", "resource_id", "service_code"], observed=True)
        return grouped.agg(n=("good", "size"), good=("good", "sum"), ended=("ended", "sum"), dropped=("dropped", "sum"), setups=("setup", "count"),
                           setup_sum=("setup", "sum"), setup_squares=("setup2", "sum"), rtts=("rtt", "count"), rtt_sum=("rtt", "sum"),
                           rtt_squares=("rtt2", "sum"))

    return run


def _with_polars(files: list[str]):
    import polars as pl

    def run():
        good, setup, rtt = pl.col("cause_code").is_in(GOOD), (pl.col("setup_s") * 1000).round(), (pl.col("rtt_ms") * 10).round()
        known = good & pl.col("is_dropped").is_not_null()
        return (pl.scan_parquet(files).group_by(pl.col("started_at").dt.truncate("1h").alias("hour"), "resource_id", "service_code").agg(
            pl.len().alias("n"), good.sum().alias("good"), known.sum().alias("ended"), (known & pl.col("is_dropped")).sum().alias("dropped"),
            setup.filter(good).count().alias("setups"), setup.filter(good).sum().alias("setup_sum"), (setup**2).filter(good).sum().alias("setup_squares"),
            rtt.count().alias("rtts"), rtt.sum().alias("rtt_sum"), (rtt**2).sum().alias("rtt_squares")).sort("hour", "resource_id", "service_code").collect())

    return run


def _serve(name: str, folder: str) -> None:
    """A contender's process: one line a round."""
    job, hashed = _contender(name, folder)
    for _ in sys.stdin:
        begun, used = time.perf_counter(), time.process_time()
        frame = job()
        seconds, cpu = time.perf_counter() - begun, time.process_time() - used
        told = {"seconds": seconds, "cpu": cpu, "rows": len(frame), "figures": hashed(frame),
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
        del frame
        print(json.dumps(told), flush=True)


def _race(names: list[str], folder: Path, rounds: int) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {name: [] for name in names}
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(subprocess.Popen([sys.executable, "-m", "tests.bench.bench_cube", name, str(folder)], text=True,
                                                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)) for name in names}
        # the first round warms the files and the plans and does not count
        for number in range(rounds + 1):
            for name, process in running.items():
                print("go", file=process.stdin, flush=True)
                line = process.stdout.readline()
                if not line:
                    raise RuntimeError(f"{name} ended in round {number}")
                if number:
                    found[name].append(json.loads(line))
        for process in running.values():
            process.stdin.close()
    return found


def run(size: int, folder: str | Path | None = None, rounds: int = ROUNDS) -> list[dict]:
    """Seconds, CPU seconds, peak memory and ratios of each contender.

    Parameters
    ----------
    size : int
        Records; less than a million means the default of 10 M (other benchmarks count subscribers).
    folder : str or Path, optional
        A lake of :func:`tests.bench.wide_lake.make_lake` to use again.
    rounds : int
        Of which the medians are told.
    """
    from cemlib.kpi.rollup import refresh_rollups
    from tests.bench.wide_lake import make_lake

    records = size if size >= 1_000_000 else RECORDS
    rows: list[dict] = []

    def tell(name: str, value: float, unit: str) -> None:
        rows.append({"name": name, "value": float(value), "unit": unit})

    with tempfile.TemporaryDirectory() as place:
        lake_folder = Path(folder) if folder is not None else Path(place) / "lake"
        if not (lake_folder / "manifest.json").exists():
            begun = time.perf_counter()
            # 10 M a day: at 100 M ten days
            make_lake(lake_folder, records, max(1, records // RECORDS), subscribers=max(1000, records // 50)).close()
            tell(f"write {records:,} records of 28 columns", time.perf_counter() - begun, "s")
        from cemlib.lake import Lake

        with Lake(lake_folder) as lake:
            begun = time.perf_counter()
            refresh_rollups(lake, 0)
            tell("make the rollups, both cubes", time.perf_counter() - begun, "s")
        names = ["sql", "evaluate", "rollups", "evaluate with intervals", "scan"]
        names += ["polars"] if importlib.util.find_spec("polars") else []
        names += ["pandas"] if records <= PANDAS_MOST else []
        found = _race(names, lake_folder, rounds)
    sums = {one["figures"] for name in ("sql", "evaluate", "rollups") for one in found[name]}
    if len(sums) != 1 or {one["figures"] for one in found["evaluate with intervals"]} != {one.split()[0] for one in sums}:
        raise AssertionError("evaluate(), SQL and rollups do not give the same figures")
    for name, told in found.items():
        tell(f"{name}, wall", statistics.median(one["seconds"] for one in told), "s")
        tell(f"{name}, CPU", statistics.median(one["cpu"] for one in told), "s")
        tell(f"{name}, peak memory", max(one["peak"] for one in told), "MB")
    tell("cells of the cube", found["sql"][0]["rows"], "1")
    median = {name: statistics.median(one["seconds"] for one in told) for name, told in found.items()}
    cpu = {name: statistics.median(one["cpu"] for one in told) for name, told in found.items()}
    tell("evaluate / sql (wanted: 1.05 at most)", median["evaluate"] / median["sql"], "ratio")
    tell("evaluate / sql, CPU", cpu["evaluate"] / cpu["sql"], "ratio")
    tell("evaluate with intervals / sql", median["evaluate with intervals"] / median["sql"], "ratio")
    tell("sql / rollups (wanted: 20 at least)", median["sql"] / median["rollups"], "ratio")
    tell("sql / rollups, CPU", cpu["sql"] / cpu["rollups"], "ratio")
    if "pandas" in median:
        tell("pandas / evaluate (wanted: 3 at least)", median["pandas"] / median["evaluate"], "ratio")
    else:
        tell(f"pandas: not run, more than {PANDAS_MOST:,} records at once are not held", 0, "s")
    if "polars" in median:
        tell("polars / evaluate", median["polars"] / median["evaluate"], "ratio")
    else:
        tell("polars: not installed", 0, "s")
    return rows


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2])
