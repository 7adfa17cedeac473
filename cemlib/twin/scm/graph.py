"""The graph: grains (what there are rows of), nodes ``f(parents, U)``, and feeds that write node values as records.

A :class:`Domain` declares a part of the operator; :meth:`Graph.of` puts domains together and checks them. A rule's parents are
its argument names, so the graph cannot differ from the code. See the package's docstring for an example.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cemlib.errors import ContractError, UnknownNameError

__all__ = ["Domain", "FeedRule", "Grain", "Graph", "Node"]


@dataclass(frozen=True)
class Grain:
    """What there are rows of.

    Attributes
    ----------
    name : str
    kind : str
        entities (their ids are given), steps (each entity x each step of time), events (each row of the coarser grain has a count of them).
    of : str or None
        The coarser grain of steps and events.
    count : str or None
        The node that says how many events each coarser row has.
    clock : str or None
        The node with the time (ms) of events.
    step_ms : int
        Length of a step.
    is_shared : bool
        The same rows in every block (cells, networks): computed once.
    """

    name: str
    kind: str
    of: str | None = None
    count: str | None = None
    clock: str | None = None
    step_ms: int = 0
    is_shared: bool = False


@dataclass(frozen=True)
class Node:
    """A variable of the model.

    Attributes
    ----------
    name, grain, domain : str
    rule : callable or None
        ``f(draw, parent, …)``; None: the values are given from outside (computed by a wrapped part).
    parents : tuple of str
        Nodes and constants, by the rule's argument names.
    decimals : int or None
        Values are rounded to so many decimals; a node that is pooled needs it.
    unit, meaning : str
    labels : tuple of str, str or None
        What the codes of a categorical node stand for, or the name of the constant that tells.
    to : str or None
        The values are rows of this grain: a link.
    pool : dict
        Parents of a finer grain to how they are pooled: sum, max or any.
    """

    name: str
    grain: str
    domain: str
    rule: Callable | None
    parents: tuple[str, ...]
    decimals: int | None = None
    unit: str = ""
    meaning: str = ""
    labels: tuple[str, ...] | str | None = None
    to: str | None = None
    pool: Mapping[str, str] = field(default_factory=dict)
    draws: bool = False


@dataclass(frozen=True)
class FeedRule:
    """How rows become the records of a feed: ``f(ids, node, …) -> dict of columns``.

    Attributes
    ----------
    name : str
        The feed; its connector reads the folder of this name.
    part : str
        Several rules may write one feed, each its part.
    written : str or None
        The node with the time (ms) at which a record was written; None: one undated file.
    keep : str or None
        The node that says which rows are recorded.
    file : str
        Name of its files; ``{day}`` stands for the day on which the records were written.
    dirt : Dirt or None
        What can be wrong with its records (``cemlib.twin.dirt``).
    delimiter : str
        Of text files.
    is_wrapped : bool
        A wrapped part writes it; the rule only tells from what it descends.
    """

    name: str
    part: str
    grain: str
    domain: str
    rule: Callable
    parents: tuple[str, ...]
    written: str | None = None
    keep: str | None = None
    file: str = ""
    dirt: Any = None
    delimiter: str = ","
    is_wrapped: bool = False


class Domain:
    """A part of the operator: its grains, nodes and feeds.

    Parameters
    ----------
    name : str
    constants : iterable of str
        Names of values that every rule may take by argument name (the geography, the tariff list); they are given when the model runs.
    needs : iterable of str
        Domains without which this one cannot be.
    """

    def __init__(self, name: str, *, constants: Iterable[str] = (), needs: Iterable[str] = ()) -> None:
        self.name, self.constants, self.needs = name, tuple(constants), tuple(needs)
        self.grains: dict[str, Grain] = {}
        self.nodes: dict[str, Node] = {}
        self.feeds: list[FeedRule] = []

    def entities(self, name: str, *, is_shared: bool = False) -> None:
        """Declare a grain of entities, whose ids are given."""
        self._add(self.grains, name, Grain(name, "entities", is_shared=is_shared))

    def steps(self, name: str, *, of: str, step_ms: int, is_shared: bool = False) -> None:
        """Declare a grain of entities x steps of time."""
        self._add(self.grains, name, Grain(name, "steps", of=of, step_ms=step_ms, is_shared=is_shared))

    def events(self, name: str, *, of: str, count: str, clock: str | None = None) -> None:
        """Declare a grain of events."""
        self._add(self.grains, name, Grain(name, "events", of=of, count=count, clock=clock))

    def node(self, grain: str, *, decimals: int | None = None, unit: str = "", labels: tuple[str, ...] | str | None = None,
             to: str | None = None, pool: Mapping[str, str] | None = None) -> Callable[[Callable], Callable]:
        """Declare a node; the function's name is its name, its arguments are its parents, its docstring its meaning."""
        def declare(rule: Callable) -> Callable:
            names = tuple(inspect.signature(rule).parameters)
            draws = names[:1] == ("draw",)
            self._add(self.nodes, rule.__name__, Node(
                rule.__name__, grain, self.name, rule, names[1:] if draws else names, decimals, unit,
                (inspect.getdoc(rule) or "").split("\n")[0], labels, to, dict(pool or {}), draws))
            return rule
        return declare

    def wrapped(self, name: str, grain: str, parents: Iterable[str] = (), *, meaning: str = "", labels: tuple[str, ...] | str | None = None,
                decimals: int | None = None) -> None:
        """Declare a node whose values a wrapped part computes; interventions reach it there."""
        self._add(self.nodes, name, Node(name, grain, self.name, None, tuple(parents), decimals, meaning=meaning, labels=labels))

    def feed(self, name: str, grain: str, *, file: str, written: str | None = None, keep: str | None = None, part: str = "", dirt: Any = None,
             delimiter: str = ",") -> Callable[[Callable], Callable]:
        """Declare a feed's rule: the arguments are ``ids`` and nodes or constants, the result the columns of the file."""
        def declare(rule: Callable) -> Callable:
            names = tuple(one for one in inspect.signature(rule).parameters if one != "ids")
            self.feeds.append(FeedRule(name, part or self.name, grain, self.name, rule, names, written, keep, file, dirt, delimiter))
            return rule
        return declare

    def wrapped_feed(self, name: str, grain: str, parents: Iterable[str], *, part: str = "") -> None:
        """Declare a feed that a wrapped part writes, so that the graph knows from what it descends."""
        self.feeds.append(FeedRule(name, part or self.name, grain, self.name, lambda: None, tuple(parents), is_wrapped=True))

    def _add(self, place: dict, name: str, one: object) -> None:
        if name in place:
            raise ContractError(f"{name!r} is declared twice.", where=f"twin domain {self.name}")
        place[name] = one


class Graph:
    """Domains put together: every name exists, nothing depends on itself, every parent can be brought to its child's grain.

    Examples
    --------
    >>> shop = Domain("shop")
    >>> shop.entities("buyer")
    >>> @shop.node("buyer")
    ... def wish(draw): return draw.uniform()
    >>> @shop.node("buyer")
    ... def buys(wish): return wish > 0.5
    >>> sorted(Graph.of(shop).descendants("wish"))
    ['buys']
    """

    def __init__(self, domains: tuple[Domain, ...]) -> None:
        self.domains = domains
        self.grains: dict[str, Grain] = {}
        self.nodes: dict[str, Node] = {}
        for domain in domains:
            for place, found in ((self.grains, domain.grains), (self.nodes, domain.nodes)):
                for name, one in found.items():
                    if name in place:
                        raise ContractError(f"{name!r} is declared by two domains.", where=f"twin domain {domain.name}")
                    place[name] = one
        # a wrapped node may descend from a domain that is left out
        self.nodes = {name: node if node.rule else replace(node, parents=tuple(one for one in node.parents if one in self.nodes)) for name, node in self.nodes.items()}
        self.feeds = tuple(feed for domain in domains for feed in domain.feeds)
        self.constants = frozenset(name for domain in domains for name in domain.constants)
        self._check()

    @classmethod
    def of(cls, *domains: Domain) -> Graph:
        """Put domains together."""
        return cls(domains)

    def node(self, name: str) -> Node:
        """A node by name.

        Raises
        ------
        UnknownNameError
            With the nearest names.
        """
        if name not in self.nodes:
            raise UnknownNameError("node of the twin", name, self.nodes)
        return self.nodes[name]

    def route(self, grain: str, target: str) -> tuple[str, ...]:
        """How a row of one grain leads to a row of a coarser one: names of links, or ``^`` for the grain that it is of.

        Raises
        ------
        ContractError
            When there is no way.
        """
        seen, front = {grain}, [(grain, ())]
        while front:
            here, way = front.pop(0)
            if here == target:
                return way
            hops = [(node.to, node.name) for node in self.nodes.values() if node.grain == here and node.to]
            hops += [(self.grains[here].of, "^")] if self.grains[here].of else []
            for there, hop in hops:
                if there not in seen:
                    seen.add(there)
                    front.append((there, (*way, hop)))
        raise ContractError(f"A row of {grain!r} does not lead to one of {target!r}.", todo="Declare a link: a node with to=…")

    def causes_of(self, name: str) -> frozenset[str]:
        """The nodes that a node takes directly: its parents, the links that lead to them, and what says how many rows there are."""
        node = self.nodes[name]
        return self._causes(node.grain, node.parents, node.pool) if node.rule else frozenset(node.parents)

    def _causes(self, grain: str, parents: Iterable[str], pool: Mapping[str, str] | None = None) -> frozenset[str]:
        found: set[str] = set()
        here: str | None = grain
        while here:
            found |= {self.grains[here].count} - {None}
            here = self.grains[here].of
        for parent in parents:
            if parent in self.constants:
                continue
            found.add(parent)
            fine, coarse = (grain, self.nodes[parent].grain) if parent not in (pool or {}) else (self.nodes[parent].grain, grain)
            at = fine
            for hop in self.route(fine, coarse):
                if hop == "^":
                    at = self.grains[at].of
                else:
                    found.add(hop)
                    at = self.nodes[hop].to
            if parent in (pool or {}):
                found |= {self.grains[self.nodes[parent].grain].count} - {None}
        return frozenset(found)

    def descendants(self, *names: str) -> frozenset[str]:
        """All nodes that change when these change, without themselves."""
        children: dict[str, set[str]] = {}
        for name in self.nodes:
            for parent in self.causes_of(name):
                children.setdefault(parent, set()).add(name)
        found: set[str] = set()
        front = [self.node(name).name for name in names]
        while front:
            for child in children.get(front.pop(), ()):
                if child not in found:
                    found.add(child)
                    front.append(child)
        return frozenset(found - set(names))

    def feeds_after(self, *names: str) -> frozenset[str]:
        """The feeds whose records may change when these nodes change."""
        changed = self.descendants(*names) | set(names)
        return frozenset(feed.name for feed in self.feeds
                         if self.causes_of_feed(feed) & changed)

    def causes_of_feed(self, feed: FeedRule) -> frozenset[str]:
        """The nodes that a feed takes directly."""
        if feed.is_wrapped:
            return frozenset(feed.parents)
        return self._causes(feed.grain, [*feed.parents, *(one for one in (feed.written, feed.keep) if one)])

    def _check(self) -> None:
        known = set(self.nodes) | self.constants
        for owner, parents in [(node.name, (*node.parents, *node.pool)) for node in self.nodes.values()] + [(feed.name, feed.parents) for feed in self.feeds]:
            for parent in parents:
                if parent not in known:
                    raise UnknownNameError("node of the twin", parent, known, where=f"an argument of {owner}")
        for grain in self.grains.values():
            for other, choices in ((grain.of, self.grains), (grain.count, self.nodes), (grain.clock, self.nodes)):
                if other is not None and other not in choices:
                    raise UnknownNameError("part of the twin", other, choices, where=f"grain {grain.name}")
        for node in self.nodes.values():
            if node.grain not in self.grains:
                raise UnknownNameError("grain of the twin", node.grain, self.grains, where=f"node {node.name}")
            for parent in node.pool:
                if self.nodes[parent].decimals is None and node.pool[parent] == "sum":
                    raise ContractError(f"{parent!r} is summed and must say to how many decimals it is rounded.", where=f"node {node.name}",
                                        todo="Declare it with decimals=…: sums are taken over whole numbers.")
        self.order()

    def order(self) -> tuple[str, ...]:
        """All nodes, parents before children.

        Raises
        ------
        ContractError
            When a node depends on itself.
        """
        done: list[str] = []
        state: dict[str, int] = {}
        for root in self.nodes:
            stack = [(root, iter(sorted(self.causes_of(root))))] if root not in state else []
            state.setdefault(root, 1)
            while stack:
                name, rest = stack[-1]
                parent = next(rest, None)
                if parent is None:
                    state[name] = 2
                    done.append(name)
                    stack.pop()
                elif state.get(parent) == 1:
                    raise ContractError("A node depends on itself.", came=" <- ".join([*(one for one, _ in stack), parent]))
                elif parent not in state:
                    state[parent] = 1
                    stack.append((parent, iter(sorted(self.causes_of(parent)))))
        return tuple(done)
