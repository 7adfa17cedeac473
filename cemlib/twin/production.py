"""Writes a plan's files block by block, in one process or several, and collects what is true while it does."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from cemlib.twin.assembly import Assembly, Plan
from cemlib.twin.feed import Feed
from cemlib.twin.scm import Sample
from cemlib.twin.truth import count_truth
from cemlib.twin.writer import WrittenFile, write_feed

__all__ = ["OUTCOMES", "Produced", "write_plan"]

#: What is told of each customer in the truth: factual, and in the no-effect twin.
OUTCOMES = ("customer_complaints", "customer_expected_complaints", "customer_churns", "customer_discontent", "customer_satisfaction", "customer_gap")
_TRAITS = ("customer_segment", "customer_region", "customer_device", "customer_plan", "customer_half_life", "customer_peak_weight", "customer_adaptation",
           "customer_first_expectation", "customer_temper", "customer_activity", "customer_price", "customer_fair_price", "customer_is_business")
#: What is told of each day: sums over the customers, factual and in the no-effect twin.
_DAYS = ("day_gap", "day_hurt", "day_memory", "day_discontent", "day_complaint_risk", "day_complains", "day_contacts", "day_answers", "day_satisfaction", "day_churns")


@dataclass
class Produced:
    """What a plan has become, or a block of it.

    Attributes
    ----------
    files : list of WrittenFile
    not_arrived : dict
        Records by feed that were still on their way when the period ended.
    counts : collections.Counter
        Of roaming, see :mod:`cemlib.twin.truth`.
    customers, days : list of DataFrame
        Potential outcomes of each customer, and sums of each day and segment.
    seconds : float
    faults : Faults or None
        The facts with the entities that they struck.
    """

    files: list[WrittenFile] = field(default_factory=list)
    not_arrived: Counter = field(default_factory=Counter)
    counts: Counter = field(default_factory=Counter)
    customers: list[pd.DataFrame] = field(default_factory=list)
    days: list[pd.DataFrame] = field(default_factory=list)
    seconds: float = 0.0
    faults: object = None

    def add(self, other: Produced) -> None:
        """Take another block in."""
        self.files += other.files
        self.not_arrived += Counter(dict.fromkeys(other.not_arrived, 0))
        for name, late in other.not_arrived.items():
            self.not_arrived[name] = self.not_arrived.get(name, 0) + late
        self.counts.update(other.counts)
        self.customers += other.customers
        self.days += other.days


class _Works:
    """One process's share of the work: the assembly is built once."""

    def __init__(self, plan: Plan, effects: bool, folder: Path, with_truth: bool) -> None:
        self.plan, self.folder, self.with_truth, self.effects = plan, folder, with_truth, effects
        self.assembly = Assembly(plan, effects=effects)
        self.null: Assembly | None = None

    def write(self, feeds: Iterable[Feed], part: str, found: Produced, tell: Callable[[str], None]) -> None:
        plan = self.plan
        for feed in feeds:
            tell(feed.name)
            files, late = write_feed(self.folder, feed, self.assembly.streams, bad_rate=plan.bad_rate, days=plan.days, part=part,
                                     file_days=plan.file_days or (1 if plan.days <= 31 else 7), parquet=plan.is_columnar)
            found.files += files
            if feed.written_at is not None:
                found.not_arrived[feed.name] = found.not_arrived.get(feed.name, 0) + late

    def once(self, tell: Callable[[str], None]) -> Produced:
        """What is written once: master data, cells, probes, ratings."""
        found = Produced()
        for part in self.assembly.parts.values():
            self.write(part.shared_feeds(self.assembly), "", found, tell)
        self.write(self.assembly.feeds(self.assembly.shared, is_shared=True), "", found, tell)
        return found

    def block(self, number: int, tell: Callable[[str], None]) -> Produced:
        """The records and the truth of one block of customers."""
        found, blocks = Produced(), self.plan.blocks()
        first, end = blocks[number]
        part = f"{number:03d}" if len(blocks) > 1 else ""
        for one in self.assembly.parts.values():
            self.write(one.wrapped_feeds(self.assembly, first, end), part, found, tell)
        if self.with_truth and "roaming" in self.assembly.parts:
            block = self.assembly.roaming(first, end)
            found.counts = count_truth(self.assembly.world, block.people, block.days, block.tries, block.hit, self.assembly.faults)
        if "mobile" in self.assembly.parts:
            sample = self.assembly.sample(first, end)
            self.write(self.assembly.feeds(sample, is_shared=False), part, found, tell)
            if self.with_truth:
                sample.release("session", "call", "text", "move")
                self._tell_outcomes(sample, first, end, found)
        self.assembly.forget()
        return found

    def _tell_outcomes(self, sample: Sample, first: int, end: int, found: Produced) -> None:
        differs = self.effects and (self.plan.interventions or self.plan.facts)
        if differs and self.null is None:
            self.null = Assembly(self.plan, effects=False, base=self.assembly)
        twin = self.null.counterfactual(self.assembly, sample, first, end) if differs else sample
        people = self.assembly.people(first, end)
        own = people[people["is_own"]]
        frame = pd.DataFrame({"customer": own["sub"].to_numpy(), "imsi": own["imsi"].to_numpy(), "msisdn": own["msisdn"].to_numpy(), "account": own["account_id"].to_numpy()})
        for name in _TRAITS:
            labels = sample.labels(name)
            frame[name.removeprefix("customer_")] = np.array(labels)[sample[name]] if labels else sample[name]
        for name in OUTCOMES:
            what = name.removeprefix("customer_")
            frame[what], frame[f"{what}_no_effect"] = sample[name], twin[name]
        frame["is_affected"] = (sample["day_discontent"] != twin["day_discontent"]).reshape(len(frame), -1).any(axis=1)
        found.customers.append(frame)
        days, segments = self.plan.days, len(sample.labels("customer_segment") or ())
        place = sample.lifted("customer_segment", "customer_day") * days + sample["day_number"]
        told = pd.DataFrame({"day": np.tile(np.arange(days), segments), "segment": np.repeat(np.array(sample.labels("customer_segment")), days),
                             "customer_days": np.bincount(place, minlength=days * segments)})
        for name in _DAYS:
            for suffix, world in (("", sample), ("_no_effect", twin)):
                # whole millionths: sums do not depend on blocks
                told[name.removeprefix("day_") + suffix] = np.bincount(place, weights=np.rint(world[name] * 1e6), minlength=days * segments) / 1e6
        found.days.append(told)
        twin.release("session", "call", "text", "move", "customer_day")


_WORKS: dict[int, _Works] = {}


def _begin(*arguments: object) -> None:
    _WORKS[0] = _Works(*arguments)  # type: ignore[arg-type]


def _do(number: int) -> Produced:
    return _WORKS[0].once(_silent) if number < 0 else _WORKS[0].block(number, _silent)


def _silent(feed: str) -> None:
    """Nothing is told from another process."""


def write_plan(folder: Path, plan: Plan, *, effects: bool = True, with_truth: bool = True, jobs: int = 1,
               progress: Callable[[str, int, int], None] | None = None) -> Produced:
    """Write all files of a plan.

    Parameters
    ----------
    folder : Path
        Each feed gets a folder below it.
    plan : Plan
    effects : bool
        False: the no-effect twin.
    with_truth : bool
        Work out what is true as well (it takes a third longer).
    jobs : int
        Processes. The files are the same for any number.
    progress : callable, optional
        Called with (what, done, in all).

    Returns
    -------
    Produced
    """
    began, blocks = time.monotonic(), plan.blocks()
    tell = progress or (lambda what, done, total: None)
    found = Produced()
    if jobs <= 1 or len(blocks) == 1:
        works = _Works(plan, effects, folder, with_truth)
        total, done = _feed_count(works.assembly, len(blocks)), 0

        def told(feed: str) -> None:
            nonlocal done
            tell(feed, done, total)
            done += 1

        found.add(works.once(told))
        for number in range(len(blocks)):
            found.add(works.block(number, told))
        tell("done", total, total)
        found.faults = works.assembly.faults
    else:
        # spawned, not forked: the threads of pyarrow do not survive a fork
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(plan, effects, folder, with_truth)) as pool:
            waiting = [pool.submit(_do, number) for number in range(-1, len(blocks))]
            try:
                for done, _ in enumerate(as_completed(waiting)):
                    tell(f"block {done + 1} of {len(waiting)}", done + 1, len(waiting))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            for one in waiting:
                found.add(one.result())
    found.seconds = time.monotonic() - began
    return found


def _feed_count(assembly: Assembly, blocks: int) -> int:
    names = assembly.parts
    shared = 3 + ("roaming" in names) + 2 * ("voice" in names)
    each = 1 + 6 * ("roaming" in names)
    rules = [rule for rule in assembly.graph.feeds if not rule.is_wrapped]
    of_cells = sum(rule.grain.startswith("cell") for rule in rules)
    return shared + of_cells + blocks * (each + len(rules) - of_cells)
