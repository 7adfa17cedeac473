"""True causes: F1 of planted patterns, false causes where nothing happened, and seconds a case; on cases drawn afresh and on two public sets.

The public sets are read from the folder of shared data (``CEM_SHARED``; left out where it is absent): B0 of the Squeeze benchmark (sums against a forecast; ISSRE 2019)
and incidents of a live-streaming service (stalling viewers of all viewers in the labelled minute against the mean of the four minutes before; RobustSpot). Nothing is set to
them: the defaults of the estimator are used. F1 is that of exact matches pooled over all cases, its interval a bootstrap of cases.
``python -m tests.bench.bench_localise --seed 7 --cases 200`` prints it for another seed.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from cemlib.analysis import RootCauseLocator
from cemlib.twin.grade.true_cause import draw_ratio, draw_sum, score_patterns
from tests.bench.measure import figure

SHARED = Path(os.environ.get("CEM_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data"
Item = tuple[RootCauseLocator, dict, list[dict]]


def drawn(seed: int, cases: int, shape: str, kind: str) -> Iterator[Item]:
    """Cases of the grader's own generator."""
    for number in range(cases):
        case = (draw_ratio if shape == "ratio" else draw_sum)(np.random.default_rng([seed, number, len(shape), len(kind)]), kind)
        value, weight = ("num", "den") if shape == "ratio" else ("amount", None)
        if kind != "planted" or case.truth:
            yield RootCauseLocator(shape), {"actual": case.actual, "expected": case.expected, "dims": case.dims, "value": value, "weight": weight}, [case.truth] if case.truth else []


def squeeze_b0() -> Iterator[Item]:
    """The cases of B0 that are there."""
    for truth in sorted((SHARED / "rca_b0").glob("*/injection_info.csv")):
        for row in pd.read_csv(truth).itertuples():
            path = truth.with_name(f"{row.timestamp}.csv.gz")
            if path.is_file():
                rows, dims = pd.read_csv(path), ["a", "b", "c", "d"]
                causes = [dict(part.split("=") for part in one.split("&")) for one in dict.fromkeys(row.set.split(";"))]
                yield RootCauseLocator("sum", 4), {"actual": rows.rename(columns={"real": "amount"}), "expected": rows.rename(columns={"predict": "amount"}), "dims": dims,
                                                   "value": "amount"}, causes


def streaming() -> Iterator[Item]:
    """The labelled incidents."""
    folder = SHARED / "rca_robustspot"
    for one in yaml.safe_load((folder / "anomaly.yaml").read_text()):
        rows = pd.read_csv(folder / f"{one['data']}.csv")
        rows["value"] = rows[["value", "cnt"]].min(axis=1)
        minutes = np.sort(rows["min"].unique())
        at = int(np.searchsorted(minutes, one["timestamp"]))
        dims = [name for name in rows if name not in ("min", "value", "cnt")]
        base = rows[rows["min"].isin(minutes[max(at - 4, 0):at])].groupby(dims, as_index=False)[["value", "cnt"]].sum()
        base[["value", "cnt"]] /= min(at, 4)
        causes = one["cause"] if isinstance(one["cause"], list) else [one["cause"]]
        yield RootCauseLocator("ratio"), {"actual": rows[rows["min"] == one["timestamp"]], "expected": base, "dims": dims, "value": "value", "weight": "cnt"}, causes


def measure_cases(items: Iterator[Item]) -> tuple[list[tuple[list[dict], list[dict]]], float, list[str]]:
    """What was found beside what is true, mean CPU seconds of a case, and the verdicts."""
    pairs, used, verdicts = [], 0.0, []
    for locator, given, truth in items:
        begun = time.process_time()
        found = locator.fit(given.pop("actual"), given.pop("expected"), given.pop("dims"), **given)
        used += time.process_time() - begun
        pairs.append((found.causes_["pattern"].tolist(), truth))
        verdicts.append(found.verdict_)
    return pairs, used / max(len(pairs), 1), verdicts


def f1_interval(pairs: list, seed: int) -> tuple[float, float, float]:
    """F1 and its 95 % bootstrap interval over cases."""
    value, counts = score_patterns(pairs)
    counts, rng = np.array(counts), np.random.default_rng(seed)
    drawn_sums = counts[rng.integers(0, len(counts), (2000, len(counts)))].sum(axis=1)
    f1 = 2 * drawn_sums[:, 0] / np.maximum(2 * drawn_sums[:, 0] + drawn_sums[:, 1] + drawn_sums[:, 2], 1)
    return value, *(float(one) for one in np.quantile(f1, [0.025, 0.975]))


def rows_of(name: str, items: Callable[[], Iterator[Item]], seed: int, f1: float | None, seconds: float | None) -> Iterator[dict]:
    """The rows of one set with causes."""
    pairs, used, _ = measure_cases(items())
    if not pairs:
        yield {"name": f"{name}: not on this machine (CEM_SHARED)"}
        return
    value, low, high = f1_interval(pairs, seed)
    yield figure(f"{name}: F1 of {len(pairs)} cases (95 % {low:.3f} – {high:.3f})", value, "1", at_least=f1)
    yield figure(f"{name}: CPU of a case", used, "s", at_most=seconds)


def run(size: int, seed: int | None = None, cases: int = 100) -> Iterator[dict]:
    """All rows; the size of the operator does not matter here."""
    seed = int(time.time()) if seed is None else seed
    yield {"name": f"seed {seed}"}
    yield from rows_of("public sums (B0)", squeeze_b0, seed, 0.93, 0.5)
    yield from rows_of("public ratios (live streaming)", streaming, seed, 0.60, 0.05)
    for shape in ("ratio", "sum"):
        yield from rows_of(f"drawn {shape}", lambda shape=shape: drawn(seed, cases, shape, "planted"), seed, 0.75, None)
        verdicts = measure_cases(drawn(seed, cases, shape, "null"))[2]
        yield figure(f"drawn {shape}: no cause in {len(verdicts)} cases without any", float(np.mean([one != "cause" for one in verdicts])), "1", at_least=0.95)
    verdicts = measure_cases(drawn(seed, cases, "ratio", "mix"))[2]
    yield figure(f"drawn ratio: {len(verdicts)} shifts of the mix called mix", float(np.mean([one == "mix" for one in verdicts])), "1", at_least=0.9)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--cases", type=int, default=100)
    given = parser.parse_args()
    for row in run(0, given.seed, given.cases):
        print(row["name"], "" if "value" not in row else f"{row['value']:.3f}", row.get("wanted", ""), {True: "met", False: "missed"}.get(row.get("is_met"), ""), flush=True)


if __name__ == "__main__":
    main()
