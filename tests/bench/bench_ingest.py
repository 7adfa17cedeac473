"""Ingest of a connector's CSV with all checks, against DuckDB's bare CSV to Parquet of the same file: SIZE / 10 records, 1 to 5 million."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cemlib
from cemlib.lake.engine import connect
from tests.bench.feed_files import CSV_TYPES, write_data_csv
from tests.bench.measure import figure, measure


def run(size: int) -> Iterator[dict]:
    """Both jobs three times on the same file, the lake made anew each time."""
    records = min(max(size // 10, 1_000_000), 5_000_000)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        path = write_data_csv(place / "data_2026-03-01.csv", records)

        def bare() -> None:
            connection = connect()
            connection.read_csv(str(path), columns=CSV_TYPES, header=True, delimiter=",").write_parquet(
                str(place / "bare.parquet"), compression="zstd", row_group_size=122_880)
            connection.close()

        def checked() -> int:
            shutil.rmtree(place / "lake", ignore_errors=True)
            with cemlib.open_lake(place / "lake") as lake:
                summary = lake.ingest(cemlib.sources.connector("roaming_data")(path))
            if summary.records != records or summary.rejected != len(range(7, records, 2000)):
                raise RuntimeError(f"The ingest does not account for the file: {summary}")
            return summary.accepted

        rows = [measure(f"bare CSV to Parquet, {records:,} records, {len(CSV_TYPES)} columns", bare, runs=3, warm=1),
                measure("ingest with all checks", checked, runs=3)]
        yield from (one.row(value=records / one.wall_s, unit="records/s") for one in rows)
        yield figure("ingest / bare, speed", rows[0].wall_s / rows[1].wall_s, "1", at_least=0.5)
        yield figure("ingest / bare, CPU", rows[1].cpu_s / rows[0].cpu_s, "1")
