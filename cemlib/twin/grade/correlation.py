"""Grades correlations of sources: links where none are, planted links and their lags, and the share of false ones among those that are told."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cemlib.twin.grade.asking import Asking
from cemlib.twin.grade.linked import NULLS, draw_nulls, draw_planted
from cemlib.twin.grade.marks import Mark, share
from cemlib.twin.streams import Streams

__all__ = ["grade_correlation"]

_SERIES = 12


def grade_correlation(asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[Mark]:
    """Tables without links of every kind, and tables with planted ones, as many of each."""
    name, cases, lags = "correlation", 4 + 4 * runs, {}
    with asking.place() as place:
        for number in range(cases):
            for kind_number, kind in enumerate(NULLS):
                left, right = draw_nulls(Streams(seed).generator("grade.correlation.null", f"{kind}/{number}"), kind, _SERIES)
                left.merge(right, on="at").to_parquet(place / f"null{kind_number}_{number:03d}.parquet", index=False)
            for kind, given in {"weak": {"r": 0.2, "bins": 500, "planted": _SERIES}, "mixed": {"r": 0.35, "bins": 700, "planted": 4}}.items():
                rng = Streams(seed).generator(f"grade.correlation.{kind}", str(number))
                left, right, lags[f"{kind}_{number:03d}"] = draw_planted(rng, series=_SERIES, season=kind == "mixed", **given)
                left.merge(right, on="at").to_parquet(place / f"{kind}_{number:03d}.parquet", index=False)
        answer = asking.ask("correlation", str(place))
    for kind_number, kind in enumerate(NULLS):
        p = np.concatenate([np.ravel(one["p"]) for file, one in answer.items() if file.startswith(f"null{kind_number}_")])
        wanted = {"at_most": 0.10} if kind.endswith("4 weeks") else {"at_least": 0.03, "at_most": 0.07}
        yield share(name, f"p <= .05 without a link: {kind}", int((p <= 0.05).sum()), len(p), **wanted)
    found, exact, cases_, false, told, planted = 0, 0, 0, 0, 0, 0
    for file, truth in lags.items():
        one = answer[file]
        if file.startswith("weak"):
            hits = [column for column in truth if one["p"][column][column] <= 0.05]
            cases_, found = cases_ + len(truth), found + len(hits)
            exact += sum(one["lag"][column][column] == truth[column] for column in hits)
        else:
            links = {(row, column) for row, line in enumerate(one["q"]) for column, q in enumerate(line) if q <= 0.05}
            told, false = told + len(links), false + sum(row != column or row not in truth for row, column in links)
            planted += sum((column, column) in links for column in truth)
    yield share(name, "a link of r = .2 in 500 bins is found", found, cases_, at_least=0.85)
    yield share(name, "and its lag is exact", exact, found, at_least=0.8)
    yield share(name, "links of r = .35 among 144 pairs, 4 planted, are found", planted, 4 * cases, at_least=0.8)
    yield share(name, "false ones among the links told (q <= .05)", false, told, at_most=0.07)
