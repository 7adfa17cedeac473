"""What is graded: each grading draws its cases, asks, and scores the answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cemlib.twin.grade.asking import Asking
from cemlib.twin.grade.cases import Case, draw_case
from cemlib.twin.grade.contentment import grade_index
from cemlib.twin.grade.correlation import grade_correlation
from cemlib.twin.grade.marks import Mark, share, spread
from cemlib.twin.grade.numbers import grade_alarms, grade_segments, grade_what_if
from cemlib.twin.grade.true_cause import grade_true_cause

__all__ = ["GRADINGS", "Grading"]

_START = dt.datetime(2026, 3, 1)


@dataclass(frozen=True)
class Grading:
    """One grading.

    Attributes
    ----------
    name, title : str
    cases : tuple of str
        The scenarios of which cases are drawn; empty: numbers alone.
    run : callable
        ``run(asking, seed, runs, size) -> marks``.
    needs : str
        The public name of the analysis.
    mutations : tuple of str
        Broken analyses that must score badly.
    """

    name: str
    title: str
    cases: tuple[str, ...]
    run: Callable[[Asking, int, int, dict[str, int]], Iterator[Mark]]
    needs: str
    mutations: tuple[str, ...] = ()


def _pairs(name: str, asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[tuple[Case, dict]]:
    """Each case with effect and without, and the answer to it."""
    for number in range(runs):
        for effects in (True, False):
            case = draw_case(name, seed=seed, number=number, effects=effects, **size)
            yield case, asking.of_operator("roaming", case)


def _hours(moment: str | None, truth: dict[str, Any]) -> float:
    return np.nan if moment is None else (dt.datetime.fromisoformat(moment) - _START).total_seconds() / 3600 - truth["since_h"]


def _grade_partners(asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[Mark]:
    name, found, named, wrong, judged, late, clean, quiet = "partners", 0, 0, 0, 0, [], 0, 0
    cases = 0
    for case, answer in _pairs("partner_degradation", asking, seed, runs, size):
        accused = {one["plmn"]: one for one in answer["accused"]}
        others = set(accused) - ({case.truth["plmn"]} if case.effects else set())
        wrong, judged = wrong + len(others), judged + len(answer["judged"])
        if case.effects:
            cases += 1
            hit = accused.get(case.truth["plmn"])
            found += hit is not None
            named += hit is not None and case.truth["cause"] in hit["cause"]
            late += [abs(_hours(hit["since"], case.truth))] if hit else []
        else:
            quiet, clean = quiet + 1, clean + (not accused)
    yield share(name, "a failing partner is found", found, cases, at_least=0.8)
    yield share(name, "and its cause is named", named, cases, at_least=0.75)
    yield spread(name, "begin is found within (h)", late, at_most=3.0)
    yield share(name, "nobody is accused where nothing is wrong", clean, quiet, at_least=0.9)
    yield share(name, "judged partners accused falsely", wrong, judged, at_most=0.02)


def _grade_hubs(asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[Mark]:
    name, found, cases, late, clean, quiet, accused = "hubs", 0, 0, [], 0, 0, 0
    for case, answer in _pairs("hub_failure", asking, seed, runs, size):
        if case.effects:
            cases += 1
            hits = [one for one in answer["hubs"] if one["hub"] == case.truth["hub"] and abs(_hours(one["since"], case.truth)) <= 2]
            found += bool(hits)
            late += [abs(_hours(hits[0]["since"], case.truth))] if hits else []
            accused += bool(answer["accused"])
        else:
            quiet, clean = quiet + 1, clean + (not answer["hubs"])
    yield share(name, "a hub that stood still is named, its hour within 2", found, cases, at_least=0.8)
    yield spread(name, "begin is found within (h)", late, at_most=1.0)
    yield share(name, "a partner of the hub is accused beside it", accused, cases, at_most=0.2)
    yield share(name, "no hub is named where nothing is wrong", clean, quiet, at_least=0.9)


def _grade_decoy(asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[Mark]:
    name, fell, ruled, cases = "steering_decoy", 0, 0, 0
    for case, answer in _pairs("steering_burst", asking, seed, runs, size):
        if case.effects:
            cases += 1
            fell += any(one["plmn"] == case.truth["plmn"] for one in answer["accused"])
            ruled += case.truth["plmn"] in answer["ruled_out"]
    yield share(name, "a burst of steering is taken for a fault", fell, cases, at_most=0.1)
    yield share(name, "and is told as ruled out", ruled, cases, at_least=0.8)


def _absent(asking: Asking, seed: int, runs: int, size: dict[str, int]) -> Iterator[Mark]:
    """Of an analysis that no grading knows yet."""
    yield from ()


_UNKNOWN = {
    "discontent": ("Who will complain or leave", "analysis.DiscontentModel"),
    "commitment": ("Whether a deal is met", "analysis.CommitmentForecast"),
}

#: All gradings by name.
GRADINGS: dict[str, Grading] = {one.name: one for one in (
    Grading("partners", "Which partner fails our roamers, and why", ("partner_degradation",), _grade_partners, "usecases.monitor_roaming", ("never", "always")),
    Grading("hubs", "Which signalling hub stood still", ("hub_failure",), _grade_hubs, "usecases.monitor_roaming", ("never", "always")),
    Grading("steering_decoy", "Steering is no fault", ("steering_burst",), _grade_decoy, "usecases.monitor_roaming", ("never",)),
    Grading("alarms", "Alarms at their stated rate, and in time", (), grade_alarms, "analysis.BetaBinomialBaseline", ("constant_p", "never")),
    Grading("segments", "Groups that are there, and none where there are none", (), grade_segments, "analysis.Segmenter", ("always", "never")),
    Grading("correlation", "Links between sources, and lags", (), grade_correlation, "analysis.LaggedCorrelation", ("constant_p", "never")),
    Grading("true_cause", "The pattern that explains a change", (), grade_true_cause, "analysis.RootCauseLocator", ("always", "never")),
    Grading("what_if", "The effect of a change on satisfaction", (), grade_what_if, "analysis.WhatIf", ("always", "never")),
    Grading("satisfaction_index", "The index against planted discontent", ("unhappy_customers",), grade_index, "score_experience", ("never",)),
    *(Grading(name, title, (), _absent, needs) for name, (title, needs) in _UNKNOWN.items()),
)}
