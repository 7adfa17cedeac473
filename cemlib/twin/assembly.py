"""Puts the domains of a plan together and gives each block of customers its sample.

A domain joins in with a :class:`Part`: what it needs as constants, which entities a block has, how many steps. See CONTRIBUTING.md,
"Add a domain to the twin".
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.twin import mobile
from cemlib.twin.acts import Acts
from cemlib.twin.faults import Faults
from cemlib.twin.feed import EPOCH_MS, Feed
from cemlib.twin.mobile import Families
from cemlib.twin.probes import probe_feed
from cemlib.twin.reference import reference_feeds
from cemlib.twin.roaming import ROAMING, RoamingBlock, settle_faults
from cemlib.twin.scm import Domain, FeedRule, Graph, Intervention, Sample
from cemlib.twin.streams import Streams
from cemlib.twin.subscribers import build_population, check_subscribers, customer_lines
from cemlib.twin.voice_of_customer import rating_feed, speed_test_feed
from cemlib.twin.world import World, build_world, rename_world

__all__ = ["PARTS", "Assembly", "Part", "Plan", "register_part"]

_BLOCK_CUSTOMER_DAYS = 600_000
_PLANS = ("basic", "plus", "max", "travel", "business_s", "business_l")
_PRICES = np.array([12.0, 20.0, 32.0, 27.0, 25.0, 45.0])


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes
    ----------
    seed, subscribers, days : int
    bad_rate : float
        Share of bad records in each feed.
    domains : tuple of str
    facts : tuple of str
        Facts of :data:`cemlib.twin.faults.FAULTS` (the first operator's planted ones).
    interventions : tuple of Intervention
    families : Families
    block : int or None
        Customers in a block; None: so many that a block's records fit into memory. It changes the files' parts, never the records.
    parquet : bool or None
        Write Parquet where a feed is a text file otherwise; None: from two million customer days on.
    is_renamed : bool
        Deal the names of the world anew, by the seed; see :func:`cemlib.twin.world.rename_world`.
    file_days : int or None
        Days that a dated file holds; None: one, and seven in a period of more than a month.
    """

    seed: int = 1
    subscribers: int = 20_000
    days: int = 30
    bad_rate: float = 0.002
    domains: tuple[str, ...] = ("mobile", "roaming", "voice")
    facts: tuple[str, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    families: Families = field(default_factory=Families)
    block: int | None = None
    parquet: bool | None = None
    is_renamed: bool = False
    file_days: int | None = None

    def __post_init__(self) -> None:
        check_subscribers(self.subscribers)
        if not 2 <= self.days <= 120:
            raise ParameterError("The number of days is out of range.", wanted="2 … 120", came=str(self.days))
        if not 0 <= self.bad_rate <= 0.2:
            raise ParameterError("The share of bad records is out of range.", wanted="0 … 0.2", came=str(self.bad_rate))
        if self.file_days is not None and self.file_days < 1:
            raise ParameterError("A file holds one day at least.", came=str(self.file_days))
        if self.block is not None and self.block < 1:
            raise ParameterError("A block has one customer at least.", came=str(self.block))
        for name in self.domains:
            if name not in PARTS:
                raise UnknownNameError("domain of the twin", name, PARTS)

    def world(self) -> World:
        """The world of the plan."""
        world = build_world(self.days)
        return rename_world(world, Streams(self.seed)) if self.is_renamed else world

    @property
    def is_columnar(self) -> bool:
        """Whether large feeds are written as Parquet."""
        return self.subscribers * self.days >= 2_000_000 if self.parquet is None else self.parquet

    def blocks(self) -> list[tuple[int, int]]:
        """First customer of each block and the one after its last."""
        size = self.block or max(500, _BLOCK_CUSTOMER_DAYS // self.days)
        return [(first, min(first + size, self.subscribers)) for first in range(0, self.subscribers, size)]


@dataclass(frozen=True)
class Part:
    """How a domain joins in; every callable gets the :class:`Assembly`.

    Attributes
    ----------
    domain : Domain
        An empty one (or one of wrapped nodes) where the records are made otherwise.
    constants : callable, optional
        ``f(assembly) -> dict``: values that rules take by name.
    shared : callable, optional
        ``f(assembly) -> dict`` of the ids of shared entities.
    entities : callable, optional
        ``f(assembly, first, end) -> dict`` of the ids of the entities that go with customers first … end - 1.
    steps : callable, optional
        ``f(assembly) -> dict`` of (first step, end) by grain.
    given : callable, optional
        ``f(assembly, first, end) -> dict`` of values of wrapped nodes in a block.
    wrapped_feeds : callable, optional
        ``f(assembly, first, end) -> iterable of Feed``: records of a block that no rule of the graph makes.
    shared_feeds : callable, optional
        ``f(assembly) -> iterable of Feed``: records that are written once.
    """

    domain: Domain
    constants: Callable[..., Mapping[str, Any]] = lambda assembly: {}
    shared: Callable[..., Mapping[str, Iterable[int]]] = lambda assembly: {}
    entities: Callable[..., Mapping[str, Iterable[int]]] = lambda assembly, first, end: {}
    steps: Callable[..., Mapping[str, tuple[int, int]]] = lambda assembly: {}
    given: Callable[..., Mapping[str, np.ndarray]] = lambda assembly, first, end: {}
    wrapped_feeds: Callable[..., Iterable[Feed]] = lambda assembly, first, end: ()
    shared_feeds: Callable[..., Iterable[Feed]] = lambda assembly: ()


PARTS: dict[str, Part] = {}


def register_part(name: str, part: Part) -> None:
    """Let a domain join in under a name."""
    PARTS[name] = part


@dataclass(frozen=True)
class People:
    """The names of a block's customers, one each."""

    imsi: pa.Array
    imei: pa.Array
    imeisv: pa.Array
    msisdn: pa.Array
    account: pa.Array


class Assembly:
    """A plan made ready: the graph of its domains, the world, the shared sample.

    Parameters
    ----------
    plan : Plan
    effects : bool
        False: the no-effect twin, the same interventions with zero effect.
    base : Assembly, optional
        The same plan with other effects: what it has of the shared sample is taken over.
    """

    def __init__(self, plan: Plan, *, effects: bool = True, base: Assembly | None = None) -> None:
        self.plan, self.streams = plan, Streams(plan.seed)
        self.world: World = base.world if base else plan.world()
        self.parts = {name: PARTS[name] for name in ("base", *(one for one in plan.domains if one != "base"))}
        self.graph = Graph.of(*(part.domain for part in self.parts.values()))
        self.interventions = tuple(one if effects else one.without_effect() for one in plan.interventions)
        for one in self.interventions:
            for name in (one.node, *one.where):
                self.graph.node(name)
        wrapped = [one for one in self.interventions if self.graph.node(one.node).rule is None]
        facts = plan.facts if effects else ()
        faults = Faults.planted(facts, days=plan.days).renamed(self.world.renamed)
        self.faults = settle_faults(self.world, self.streams, faults, plan.subscribers) if "roaming" in self.parts else faults
        self.faults = dataclasses.replace(self.faults, acts=Acts.of(self.streams, wrapped))
        self._people: dict[tuple[int, int], pd.DataFrame] = {}
        self._roaming: dict[tuple[int, int], RoamingBlock] = {}
        self.constants = {name: value for part in self.parts.values() for name, value in part.constants(self).items()}
        self.steps = {name: value for part in self.parts.values() for name, value in part.steps(self).items()}
        shared = {name: ids for part in self.parts.values() for name, ids in part.shared(self).items()}
        self.in_graph = tuple(one for one in self.interventions if self.graph.node(one.node).rule is not None)
        self.shared = base.shared.do(self.in_graph) if base else Sample(
            self.graph, self.streams, entities=shared, steps=self.steps, constants=self.constants, interventions=self.in_graph)

    def people(self, first: int, end: int) -> pd.DataFrame:
        """The SIMs of a block, visitors included; the last block is remembered."""
        if (first, end) not in self._people:
            self._people = {(first, end): build_population(self.world, self.streams, self.plan.subscribers, (first, end))}
        return self._people[first, end]

    def roaming(self, first: int, end: int) -> RoamingBlock:
        """The roaming of a block; the last one is remembered."""
        if (first, end) not in self._roaming:
            self._roaming = {(first, end): RoamingBlock(self.world, self.streams, self.people(first, end), self.faults)}
        return self._roaming[first, end]

    def forget(self) -> None:
        """Give the memory of the last block back."""
        self._people, self._roaming = {}, {}

    def sample(self, first: int, end: int) -> Sample:
        """The sample of the customers first … end - 1."""
        entities = {name: ids for part in self.parts.values() for name, ids in part.entities(self, first, end).items()}
        given = {name: values for part in self.parts.values() for name, values in part.given(self, first, end).items()}
        constants = {**self.constants, "people": _names(self.people(first, end))}
        return Sample(self.graph, self.streams, entities=entities, steps=self.steps, constants=constants, interventions=self.in_graph, given=given, shared=self.shared)

    def counterfactual(self, of: Assembly, sample: Sample, first: int, end: int) -> Sample:
        """The same customers in this assembly's world, sharing with a sample of the other what does not differ."""
        given = {name: values for part in self.parts.values() for name, values in part.given(self, first, end).items() if self.faults != of.faults}
        given = {name: values for name, values in given.items() if not np.array_equal(values, sample[name])}
        return sample.do(self.in_graph, shared=self.shared, given=given)

    def feeds(self, sample: Sample, *, is_shared: bool) -> Iterator[Feed]:
        """The records that the graph's rules make of a sample, feed by feed."""
        for rule in self.graph.feeds:
            if not rule.is_wrapped and self.graph.grains[_root(self.graph, rule.grain)].is_shared == is_shared:
                yield records_of(sample, rule)


def _root(graph: Graph, grain: str) -> str:
    while graph.grains[grain].of:
        grain = graph.grains[grain].of
    return grain


def records_of(sample: Sample, rule: FeedRule) -> Feed:
    """The records of one feed, in the order in which they were written."""
    ids = sample.rows(rule.grain).ids
    rows = np.flatnonzero(sample.lifted(rule.keep, rule.grain)) if rule.keep else np.arange(len(ids))
    written = None
    if rule.written:
        written = sample.lifted(rule.written, rule.grain)[rows]
        order = np.lexsort((ids[rows], written))
        rows, written = rows[order], written[order]

    def value(name: str) -> Any:
        if name in sample.graph.constants:
            return sample.constant(name)
        values, up = sample[name], sample.above(rule.grain, sample.graph.nodes[name].grain)
        return values[rows] if up is None else values[up[rows]]

    arguments = {name: ids[rows] if name == "ids" else value(name) for name in inspect.signature(rule.rule).parameters}
    columns = {name: column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column) for name, column in rule.rule(**arguments).items()}
    table = pa.table(columns)
    ids = ids[rows] if table.num_rows == len(rows) else np.arange(table.num_rows)
    return Feed(rule.name, table, ids, written, file=rule.file, dirt=rule.dirt, delimiter=rule.delimiter, is_sorted=True)


def _names(people: pd.DataFrame) -> People:
    own = people[people["is_own"]]
    imei = own["imei"].to_numpy().astype(str)
    return People(*(pa.array(one.astype(object), pa.string()) for one in (
        own["imsi"].to_numpy(), imei, np.char.add(imei.astype("<U14"), "01"), own["msisdn"].to_numpy(), own["account_id"].to_numpy())))


def _mobile_given(assembly: Assembly, first: int, end: int) -> dict[str, np.ndarray]:
    own = assembly.people(first, end)
    own = own[own["is_own"]]
    with_roaming = "roaming" in assembly.parts
    return {
        "customer_device": own["device"].to_numpy(), "customer_plan": pd.Index(_PLANS).get_indexer(own["plan"]), "customer_is_business": own["is_business"].to_numpy().astype(bool),
        "customer_imsi_range": pd.Index(list(assembly.world.imsi_ranges)).get_indexer(own["imsi_range"]), "customer_is_active": (own["status"] == "active").to_numpy(),
        "roaming_trouble": assembly.roaming(first, end).trouble(first, end - first) if with_roaming else np.zeros((end - first) * assembly.plan.days),
    }


def _mobile_constants(assembly: Assembly) -> dict[str, Any]:
    world, days = assembly.world, assembly.plan.days
    return {
        "world": MobileWorld(world), "days": days, "families": assembly.plan.families,
        "geography": mobile.build_geography(world, assembly.streams), "hour_season": mobile.seasons_of_hours(world),
        "day_season": mobile.seasons_of_days(0, days), "history_season": mobile.seasons_of_days(-mobile.HISTORY_DAYS, days),
        "regions": tuple(world.regions["state"]), "devices": tuple(world.devices["tac"]), "plans": _PLANS, "imsi_ranges": tuple(world.imsi_ranges),
    }


class MobileWorld:
    """What rules of the mobile domain take of the world."""

    def __init__(self, world: World) -> None:
        self.home, self.days, self.regions, self.offsets = world.home, world.days, world.regions, world.offsets
        self.plans, self.prices, self.devices = _PLANS, _PRICES, tuple(world.devices["tac"])
        self.device_has_5g = world.devices["fiveg"].to_numpy() == 1
        self.device_has_volte = world.devices["volte"].to_numpy() == 1


def _roaming_constants(assembly: Assembly) -> dict[str, Any]:
    world = assembly.world
    return {"devices": tuple(world.devices["tac"]), "imsi_ranges": tuple(world.imsi_ranges), "networks": tuple(world.networks["plmn"]),
            "hubs": tuple(sorted(set(world.networks["hub"]))), "countries": tuple(world.countries.index)}


register_part("mobile", Part(
    mobile.MOBILE, _mobile_constants, shared=lambda assembly: {"cell": range(mobile.SITES * 4)},
    entities=lambda assembly, first, end: {"customer": range(first, end)},
    steps=lambda assembly: {"cell_hour": (0, assembly.plan.days * 24), "cell_history": (-mobile.HISTORY_DAYS, assembly.plan.days), "customer_day": (0, assembly.plan.days)},
    given=_mobile_given))


def _base_block(assembly: Assembly, first: int, end: int) -> Iterator[Feed]:
    customers, ids, order = customer_lines(assembly.people(first, end), assembly.streams, EPOCH_MS)
    yield Feed("customer_base", customers, ids).take(order)


def _voice_feeds(assembly: Assembly) -> Iterator[Feed]:
    plan = assembly.plan
    people = build_population(assembly.world, assembly.streams, plan.subscribers)
    share = plan.subscribers / 20_000 * plan.days / 30
    yield rating_feed(assembly.world, assembly.streams, people, assembly.faults, round(32_000 * share))
    yield speed_test_feed(assembly.world, assembly.streams, assembly.faults, round(8_000 * share))


# who there is, in every plan
register_part("base", Part(Domain("base"), wrapped_feeds=_base_block, shared_feeds=lambda assembly: reference_feeds(assembly.world)))
register_part("roaming", Part(
    ROAMING, _roaming_constants, wrapped_feeds=lambda assembly, first, end: assembly.roaming(first, end).feeds(),
    shared_feeds=lambda assembly: [probe_feed(assembly.world, assembly.streams, assembly.faults)]))
register_part("voice", Part(Domain("voice"), shared_feeds=_voice_feeds))
