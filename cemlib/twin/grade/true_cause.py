"""Grades true causes: planted patterns in ratios and sums, cases where nothing happened, and shifts of the mix. The generators are the grader's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.twin.grade.asking import Asking
from cemlib.twin.grade.marks import Mark, share
from cemlib.twin.streams import Streams

__all__ = ["CauseCase", "draw_ratio", "draw_sum", "grade_true_cause", "score_patterns"]

_MOST_LEAVES = 4000
_BASE_PERIODS = 4


@dataclass(frozen=True)
class CauseCase:
    """Two tables by the same dimensions and the pattern that was changed.

    Attributes
    ----------
    actual, expected : pandas.DataFrame
        Dimensions, then ``num`` and ``den``, or ``amount``.
    dims : list of str
    truth : dict
        Empty: nothing was changed.
    """

    actual: pd.DataFrame
    expected: pd.DataFrame
    dims: list[str]
    truth: dict[str, str]


def _cells(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Cells of three to five dimensions and their shares of the traffic; names mean nothing."""
    sizes = [max(2, int(one)) for one in np.exp(rng.uniform(np.log(2), np.log(20), rng.integers(3, 6)))]
    while np.prod(sizes) > _MOST_LEAVES:
        sizes[int(np.argmax(sizes))] //= 2
    codes = np.stack([one.ravel() for one in np.indices(sizes)], axis=1)
    weight = np.prod([rng.dirichlet(np.full(size, 0.7))[codes[:, dim]] for dim, size in enumerate(sizes)], axis=0) * rng.lognormal(0, 1, len(codes))
    names = [f"d{one}" for one in rng.permutation(100)[: len(sizes)]]
    cells = pd.DataFrame({name: [f"v{one}" for one in rng.permutation(1000)[:size][codes[:, dim]]] for dim, (name, size) in enumerate(zip(names, sizes))})
    return cells, weight / weight.sum()


def _pattern(rng: np.random.Generator, cells: pd.DataFrame, weight: np.ndarray) -> dict[str, str]:
    depth = min(int(rng.choice([1, 2, 2, 3])), cells.shape[1])
    names = sorted(rng.choice(cells.columns, depth, replace=False))
    return {name: str(cells.loc[rng.choice(len(cells), p=weight), name]) for name in names} if depth == 1 else cells.loc[rng.choice(len(cells), p=weight), names].to_dict()


def _inside(cells: pd.DataFrame, pattern: dict[str, str]) -> np.ndarray:
    return np.logical_and.reduce([cells[name] == value for name, value in pattern.items()])


def draw_ratio(rng: np.random.Generator, kind: str) -> CauseCase:
    """Failures of attempts now and in four periods before: ``planted``, ``null`` or ``mix`` (the rates stay, the traffic moves).

    Rates differ between cells, from period to period (all together), and beyond chance (beta-binomial).
    """
    cells, weight = _cells(rng)
    volume, rate, rho = np.exp(rng.uniform(np.log(3000), np.log(60_000))), np.exp(rng.uniform(np.log(0.01), np.log(0.1))), np.exp(rng.uniform(np.log(1e-4), np.log(5e-3)))
    rates = rate * rng.lognormal(0, 0.2, len(cells))
    for name in cells:
        known = cells[name].unique()
        rates = rates * cells[name].map(dict(zip(known, rng.lognormal(0, 0.3, len(known))))).to_numpy()
    rates = np.minimum(rates, 0.6)

    def period(mean: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        attempts, now = rng.poisson(mean), np.minimum(own * np.exp(rng.normal(0, 0.05)), 0.95)
        return attempts, rng.binomial(attempts, rng.beta(now * (1 / rho - 1), (1 - now) * (1 / rho - 1)))

    base = [period(volume * weight, rates) for _ in range(_BASE_PERIODS)]
    truth, mean, now = {}, volume * weight, rates
    if kind == "planted":
        while not truth:
            pattern, factor = _pattern(rng, cells, weight), np.exp(rng.uniform(np.log(1.5), np.log(8)))
            inside = _inside(cells, pattern)
            expected = (mean * rates)[inside].sum()
            noise = expected * factor + rho * ((mean**2) * rates * (1 - rates))[inside].sum()
            if expected * (factor - 1) >= 6 * np.sqrt(noise + 1):
                truth, now = pattern, np.where(inside, np.minimum(rates * factor, 0.9), rates)
    if kind == "mix":
        # cells that fail often are asked more: the whole rises by a half
        tilt = rates ** 0.5
        while (mean * tilt * rates).sum() / (mean * tilt).sum() < 1.5 * (mean * rates).sum() / mean.sum() and tilt.max() < 1e6:
            tilt = tilt * rates ** 0.25 / (rates ** 0.25).mean()
        mean = mean * tilt * mean.sum() / (mean * tilt).sum()
    attempts, failures = period(mean, now)
    actual = cells.assign(num=failures, den=attempts)[attempts > 0]
    total = sum(one for one, _ in base)
    return CauseCase(actual, cells.assign(num=sum(one for _, one in base), den=total)[total > 0], list(cells), truth)


def draw_sum(rng: np.random.Generator, kind: str) -> CauseCase:
    """Amounts against a forecast that is off by some per cent in each cell; planted: a pattern of more than eight cells moves as one."""
    cells, weight = _cells(rng)
    forecast, noise = 1e6 * weight * len(weight), rng.uniform(0.005, 0.06)
    real, truth = forecast * rng.normal(1, noise, len(cells)).clip(0.2, 1.8), {}
    for _ in range(200 if kind == "planted" else 0):
        pattern, factor = _pattern(rng, cells, weight), rng.choice([rng.uniform(0.2, 0.75), rng.uniform(1.3, 2.5)])
        inside = _inside(cells, pattern)
        if 9 <= inside.sum() <= len(cells) / 2 and abs(factor - 1) * forecast[inside].sum() >= 0.02 * forecast.sum():
            truth, real = pattern, np.where(inside, real * factor, real)
            break
    return CauseCase(cells.assign(amount=real), cells.assign(amount=forecast), list(cells), truth)


def score_patterns(pairs: list[tuple[list[dict], list[dict]]]) -> tuple[float, list[tuple[int, int, int]]]:
    """F1 of exact matches pooled over cases, and hits, false and missed ones of each case.

    Examples
    --------
    >>> score_patterns([([{"cell": "a"}], [{"cell": "a"}]), ([{"cell": "b"}], [{"cell": "a"}])])[0]
    0.5
    """
    counts = []
    for got, true in pairs:
        told, planted = ({frozenset((str(name), str(value)) for name, value in one.items()) for one in some} for some in (got, true))
        counts.append((len(told & planted), len(told - planted), len(planted - told)))
    hits, false, missed = (sum(one[place] for one in counts) for place in range(3))
    return 2 * hits / max(2 * hits + false + missed, 1), counts


def grade_true_cause(asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[Mark]:
    """Planted patterns, cases without any, and shifts of the mix."""
    cases, truth = 20 + 20 * runs, {}
    kinds = {"ratio": draw_ratio, "sum": draw_sum}
    with asking.place() as place:
        for shape, draw in kinds.items():
            for kind in ("planted", "null", *(["mix"] if shape == "ratio" else [])):
                for number in range(cases):
                    name = f"{shape}_{kind}_{number:03d}"
                    case = draw(Streams(seed).generator(f"grade.true_cause.{shape}.{kind}", str(number)), kind)
                    truth[name] = case.truth
                    case.actual.to_parquet(place / f"{name}.actual.parquet", index=False)
                    case.expected.to_parquet(place / f"{name}.expected.parquet", index=False)
                    (place / f"{name}.json").write_text(json.dumps({"kind": shape, "dims": case.dims}))
        answer = asking.ask("true_cause", str(place))
    for shape, wanted in (("ratio", 0.75), ("sum", 0.75)):
        planted = {name: one for name, one in answer.items() if name.startswith(f"{shape}_planted") and truth[name]}
        first = sum(one["patterns"][:1] == [truth[name]] for name, one in planted.items())
        yield share("true_cause", f"{shape}: the planted pattern is the first cause, word for word", first, len(planted), at_least=wanted)
        told = sum(len(one["patterns"]) for one in planted.values())
        right = sum(truth[name] in one["patterns"] for name, one in planted.items())
        yield share("true_cause", f"{shape}: told causes that were planted", right, told, at_least=0.75)
        quiet = [one for name, one in answer.items() if name.startswith(f"{shape}_null")]
        yield share("true_cause", f"{shape}: no cause where nothing happened", sum(not one["patterns"] for one in quiet), len(quiet), at_least=0.95,
                    note="the interval tells what few cases can show")
    mixed = [one for name, one in answer.items() if name.startswith("ratio_mix")]
    yield share("true_cause", "ratio: a shift of the mix is called mix", sum(one["verdict"] == "mix" for one in mixed), len(mixed), at_least=0.9)
