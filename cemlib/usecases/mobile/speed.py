"""The speed tests: quantiles of the download throughput by technology, operator and state."""

from __future__ import annotations

from collections.abc import Callable

import narwhals as nw
import pandas as pd

from cemlib.lake import collect_frame
from cemlib.usecases.mobile.selection import UNKNOWN

__all__ = ["COLUMNS", "QUANTILES", "count_tests", "speed_by"]

#: KPI by the name of its column in the tables.
QUANTILES = {"p10": "speed_test_throughput_p10", "median": "speed_test_throughput_median", "p90": "speed_test_throughput_p90"}
#: Column of ``probe_test`` by dimension.
COLUMNS = {"operator": "operator_name", "technology": "technology_code", "state": "region_name"}


def count_tests(tests: nw.LazyFrame) -> pd.DataFrame:
    """Count the speed tests that measured a download.

    Returns
    -------
    DataFrame
        operator, technology, state ("unknown" where the source says nothing), grain, month, day, ``n``.
    """
    names = {**{column: name for name, column in COLUMNS.items()}, "time_grain_code": "grain", "month_date": "month", "day_date": "day"}
    counted = (
        tests.filter((nw.col("service_code") == "speed") & ~nw.col("throughput_down_mbps").is_null())
        .group_by(*names).agg(nw.len().alias("n"))
    )
    frame = collect_frame(counted).rename(columns=names)
    for one in COLUMNS:
        frame[one] = frame[one].astype("str").where(frame[one].notna(), UNKNOWN)
    return frame.sort_values([*COLUMNS, "day"], kind="stable", ignore_index=True)


def speed_by(measure: Callable[..., pd.DataFrame], dimension: str | None) -> pd.DataFrame:
    """The quantiles by one dimension, or of all tests.

    Parameters
    ----------
    measure : callable
        ``measure(kpis, by)`` gives the rows of :func:`cemlib.kpi.evaluate`.
    dimension : str or None

    Returns
    -------
    DataFrame
        The dimension, ``n`` tests, for p10, median and p90 the value in Mbit/s with ``_low`` and ``_high``, state_code (ok,
        too_few, suppressed). Technologies by name, the others with most tests first; what the source
        does not state last.
    """
    by = [] if dimension is None else [COLUMNS[dimension]]
    rows = measure(list(QUANTILES.values()), by)
    key = [] if dimension is None else [dimension]
    columns = [*key, "n", *(f"{name}{end}" for name in QUANTILES for end in ("", "_low", "_high")), "state_code"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    rows = rows.rename(columns={"state": "judged"}).rename(columns=dict.fromkeys(by, dimension))
    if dimension is not None:
        rows[dimension] = rows[dimension].astype("str").where(rows[dimension].notna(), UNKNOWN)
    made = rows[rows["kpi_code"] == QUANTILES["median"]].set_index(key or "kpi_code")[["den", "judged"]].rename(columns={"den": "n"})
    for name, code in QUANTILES.items():
        one = rows[rows["kpi_code"] == code].set_index(key or "kpi_code")[["value", "low", "high"]]
        one.columns = [name, f"{name}_low", f"{name}_high"]
        made[list(one.columns)] = one if key else one.to_numpy()
    made = made.reset_index()
    # the tails need more tests than the middle: where only they are too few, the row still has its median
    made["state_code"] = made["judged"]
    made = made[made["state_code"] != "no_data"]
    if dimension is None:
        return made[columns].reset_index(drop=True)
    # technologies by name, the others by their number of tests
    by_name = dimension == "technology"
    order = made.assign(_last=made[dimension] == UNKNOWN, _n=0 if by_name else made["n"]).sort_values(["_last", "_n", dimension], ascending=[True, False, True])
    return order[columns].reset_index(drop=True)
