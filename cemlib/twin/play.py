"""Plays a scenario: the operator's files to one place, the truth to another.

The truth is a folder that no analysis reads:

``truth.json``
    ``format`` 1; ``arguments`` (seed, subscribers, days, bad_rate); ``scenario`` (name, title, question, kind, ``effects``: false in
    the no-effect twin, families, half_lives_days by segment); ``period``; ``causes``: for each id, says, is_cause (false: a decoy),
    pattern (canonical column to the value or values that a localisation should name), outcome, direction, lag_days, nodes, since and
    until (ISO 8601 or null), feeds (those whose records may differ from the no-effect twin's); ``outcomes``: for each its mean, its mean
    in the no-effect twin and the effect, over all customers and over the affected ones; ``affected_customers``; ``planted`` and ``networks``
    (roaming, see :mod:`cemlib.twin.truth`); ``files``: for each path records, bad and reasons; ``not_arrived`` by feed.
``customers.parquet`` (where the mobile domain is played)
    A row for each customer: customer, imsi, msisdn, account; segment, region, device, plan, half_life (days), peak_weight, adaptation,
    first_expectation, temper, activity, price, fair_price, is_business; the potential outcomes complaints, expected_complaints, churns,
    discontent, satisfaction (0 to 10), gap (MOS), each factual and as ``<name>_no_effect``; is_affected.
``days.parquet``
    A row for each day and segment: customer_days and the sums of gap, hurt, memory, discontent, complaint_risk, complains, contacts,
    answers, satisfaction, churns, each factual and as ``<name>_no_effect``: effects over time, and their lag.

In the no-effect twin both columns are the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cemlib.errors import CallError
from cemlib.twin.assembly import Assembly, Plan
from cemlib.twin.mobile.customer import HALF_LIVES, SEGMENTS
from cemlib.twin.operator import OperatorFiles, check_truth_place
from cemlib.twin.production import OUTCOMES, Produced, write_plan
from cemlib.twin.scenario import Scenario, instant_of
from cemlib.twin.scm import Graph
from cemlib.twin.truth import iso, tell_truth

__all__ = ["check_empty", "play_scenario", "read_truth"]


def check_empty(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises
    ------
    CallError
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CallError("The folder is not empty; nothing was written.", where=str(folder), todo="Give an empty or new folder, or call with --force to write into it.")


def play_scenario(scenario: Scenario, out: str | Path, *, truth: str | Path | None = None, seed: int = 1, subscribers: int = 20_000, days: int = 30,
                  bad_rate: float = 0.002, effects: bool = True, jobs: int = 1, force: bool = False, block: int | None = None, is_renamed: bool = False, file_days: int | None = None,
                  progress: Callable[[str, int, int], None] | None = None) -> OperatorFiles:
    """Write the files of an operator to whom a scenario happens.

    Parameters
    ----------
    scenario : Scenario
    out : str or Path
        Each feed gets a folder below it.
    truth : str or Path, optional
        The folder for what is true; its layout is told in this module's docstring.
    seed, subscribers, days, bad_rate : int, int, int, float
    effects : bool
        False: the no-effect twin.
    jobs : int
        Processes.
    force : bool
        Write into folders that hold something.
    block : int, optional
        Customers in a block.
    is_renamed : bool
        Deal the names of the world anew, by the seed.
    file_days : int, optional
        Days that a dated file holds.
    progress : callable, optional
        Called with (what, done, in all).

    Returns
    -------
    OperatorFiles

    Raises
    ------
    CallError
        When a folder is not empty.
    ParameterError, UnknownNameError

    Examples
    --------
    >>> import tempfile
    >>> from cemlib.twin.scenario import load_scenario
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = play_scenario(load_scenario("steering_burst"), f"{place}/raw", truth=f"{place}/truth", subscribers=200, days=3)
    ...     read_truth(f"{place}/truth")["causes"][0]["is_cause"]
    False
    """
    out = Path(out)
    check_truth_place(truth, out)
    for folder in (out, *([Path(truth)] if truth is not None else [])):
        if not force:
            check_empty(folder)
    plan = scenario.plan(seed=seed, subscribers=subscribers, days=days, bad_rate=bad_rate, block=block, is_renamed=is_renamed, file_days=file_days)
    graph = Assembly(Plan(seed=seed, subscribers=100, days=days, domains=plan.domains, interventions=plan.interventions)).graph
    found = write_plan(out, plan, effects=effects, with_truth=truth is not None, jobs=jobs, progress=progress)
    if truth is not None:
        _write_truth(Path(truth), scenario, plan, effects, found, graph)
    return OperatorFiles(out, tuple(found.files), None if truth is None else Path(truth), dict(found.not_arrived), found.seconds)


def read_truth(folder: str | Path) -> dict[str, Any]:
    """The truth of a play as JSON has it."""
    return json.loads((Path(folder) / "truth.json").read_text(encoding="utf-8"))


def _write_truth(folder: Path, scenario: Scenario, plan: Plan, effects: bool, found: Produced, graph: Graph) -> None:
    from cemlib.twin.faults import Faults

    folder.mkdir(parents=True, exist_ok=True)
    world = plan.world()
    told: dict[str, Any] = {
        "format": 1, "arguments": {"seed": plan.seed, "subscribers": plan.subscribers, "days": plan.days, "bad_rate": plan.bad_rate},
        "scenario": {"name": scenario.name, "title": scenario.title, "question": scenario.question, "kind": scenario.kind, "effects": effects,
                     "families": vars(plan.families), "half_lives_days": dict(zip(SEGMENTS, HALF_LIVES.tolist()))},
        **tell_truth(world, Faults.planted(plan.facts if effects else (), days=plan.days).renamed(world.renamed), found.counts),
        "causes": [_cause(one, plan.days, graph) for one in scenario.causes],
    }
    if found.customers:
        customers = pd.concat(found.customers, ignore_index=True).sort_values("customer", ignore_index=True)
        customers.to_parquet(folder / "customers.parquet", index=False)
        keys = ["day", "segment"]
        pd.concat(found.days).groupby(keys, sort=True).sum().reset_index().to_parquet(folder / "days.parquet", index=False)
        hit = customers["is_affected"].to_numpy()
        told["affected_customers"] = int(hit.sum())
        told["outcomes"] = {name.removeprefix("customer_"): _effect(customers, name.removeprefix("customer_"), hit) for name in OUTCOMES}
    files = {file.path: {"records": file.records, "bad": sum(file.bad.values()), "reasons": file.bad} for file in sorted(found.files, key=lambda one: one.path)}
    text = json.dumps({**told, "files": files, "not_arrived": dict(sorted(found.not_arrived.items()))}, indent=1, ensure_ascii=False)
    (folder / "truth.json").write_text(text + "\n", encoding="utf-8")


def _cause(cause: Any, days: int, graph: Graph) -> dict[str, Any]:
    nodes = sorted({one.node for one in cause.do})
    since = [instant_of(one.since, days) for one in cause.do if one.since]
    until = [instant_of(one.until, days) for one in cause.do if one.until]
    return {**cause.model_dump(exclude={"do"}), "nodes": nodes, "since": iso(min(since)) if since else None, "until": iso(max(until)) if until else None,
            "do": [one.model_dump(exclude_none=True) for one in cause.do], "feeds": sorted(graph.feeds_after(*nodes)) if nodes else []}


def _effect(customers: pd.DataFrame, name: str, hit: np.ndarray) -> dict[str, float | None]:
    factual, null = customers[name].to_numpy(float), customers[f"{name}_no_effect"].to_numpy(float)

    def mean(values: np.ndarray) -> float | None:
        # whole millionths: the sum does not depend on the order
        return round(float(np.rint(values * 1e6).sum() / 1e6 / len(values)), 6) if len(values) else None

    return {"mean": mean(factual), "mean_no_effect": mean(null), "effect": mean(factual - null), "effect_on_affected": mean((factual - null)[hit])}
