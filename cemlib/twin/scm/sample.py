"""Values of a graph's nodes for some entities, computed when they are asked for and kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cemlib.errors import ContractError, ParameterError
from cemlib.twin.exact import Quantile, normal_quantile
from cemlib.twin.scm.graph import Graph, Node
from cemlib.twin.scm.intervention import Intervention, chosen_rows
from cemlib.twin.streams import Streams

__all__ = ["Draw", "Rows", "Sample"]

# room for the steps and events of one coarser row in an id
_STEPS, _FIRST_STEP, _EVENTS = 4096, 1024, 1024


@dataclass(frozen=True)
class Rows:
    """The rows of a grain: their ids, the row of the coarser grain, their number in it, their time."""

    ids: np.ndarray
    above: np.ndarray | None = None
    number: np.ndarray | None = None
    at: np.ndarray | None = None
    shape: tuple[int, ...] = ()


class Draw:
    """The noise U of one node: a stream for each row id, whatever other rows there are.

    Attributes
    ----------
    ids, number : numpy.ndarray
        Of the rows; number is the step or the event's number within its coarser row.
    shape : tuple of int
        Entities x steps where the grain is of steps (rows are in this order).
    row_above : numpy.ndarray or None
        Row of the coarser grain.
    """

    def __init__(self, node: str, rows: Rows, streams: Streams) -> None:
        self._node, self.streams = node, streams
        self.ids, self.number, self.shape, self.row_above = rows.ids, rows.number, rows.shape, rows.above

    def uniform(self, what: str = "") -> np.ndarray:
        """Numbers in (0, 1); what tells several draws of a node apart."""
        return self.streams.uniform(f"{self._node}.{what}" if what else self._node, self.ids)

    def of(self, quantile: Quantile, what: str = "") -> np.ndarray:
        """Numbers of any distribution."""
        return quantile(self.uniform(what))

    def normal(self, what: str = "") -> np.ndarray:
        """Standard normal numbers."""
        return self.of(normal_quantile(), what)

    def chance(self, probability, what: str = "") -> np.ndarray:
        """True with a probability."""
        return self.uniform(what) < probability

    def pick(self, weights, what: str = "") -> np.ndarray:
        """The index of one of the weights, in proportion to them."""
        ladder = np.cumsum(np.asarray(weights, dtype=np.float64))
        return np.searchsorted(ladder / ladder[-1], self.uniform(what), side="right").clip(0, len(ladder) - 1).astype(np.int16)

    def poisson(self, mean, what: str = "") -> np.ndarray:
        """Poisson counts."""
        return self.streams.poisson(f"{self._node}.{what}" if what else self._node, self.ids, mean)


class Sample:
    """A part of the world: some entities, all their steps and events.

    Parameters
    ----------
    graph : Graph
    streams : Streams
    entities : dict
        Grain of entities to their ids.
    steps : dict
        Grain of steps to (first step, step after the last).
    constants : dict
        Values of the graph's constants.
    interventions : iterable of Intervention
    given : dict
        Values of wrapped nodes.
    shared : Sample, optional
        A sample of the shared grains of the same world: taken, not computed again.

    Examples
    --------
    >>> from cemlib.twin.scm.graph import Domain
    >>> shop = Domain("shop")
    >>> shop.entities("buyer")
    >>> @shop.node("buyer", decimals=3)
    ... def wish(draw): return draw.uniform()
    >>> @shop.node("buyer")
    ... def buys(wish): return wish > 0.5
    >>> one = Sample(Graph.of(shop), Streams(1), entities={"buyer": range(4)})
    >>> other = one.do([Intervention("wish", set=0.9)])
    >>> one["buys"].tolist(), other["buys"].tolist()
    ([True, False, True, False], [True, True, True, True])
    """

    def __init__(self, graph: Graph, streams: Streams, *, entities: Mapping[str, Iterable[int]], steps: Mapping[str, tuple[int, int]] | None = None,
                 constants: Mapping[str, Any] | None = None, interventions: Iterable[Intervention] = (), given: Mapping[str, np.ndarray] | None = None,
                 shared: Sample | None = None) -> None:
        self.graph, self.streams = graph, streams
        self._entities = {name: np.asarray(ids if isinstance(ids, np.ndarray) else list(ids), dtype=np.int64) for name, ids in entities.items()}
        self._steps, self._constants = dict(steps or {}), dict(constants or {})
        self._given, self._shared = dict(given or {}), shared
        self._base: Sample | None = None
        self._values: dict[str, np.ndarray] = {}
        self._rows: dict[str, Rows] = {}
        self._ups: dict[tuple[str, str], np.ndarray | None] = {}
        self._set_interventions(interventions)

    def _set_interventions(self, interventions: Iterable[Intervention]) -> None:
        self.interventions = tuple(interventions)
        self._acting: dict[str, list[Intervention]] = {}
        for one in self.interventions:
            node = self.graph.node(one.node)
            for name in one.where:
                self.graph.node(name)
                if name in self.graph.descendants(node.name) | {node.name}:
                    raise ParameterError("An intervention cannot choose rows by what it changes.", came=f"where: {name}", where=f"do({node.name})")
            self._acting.setdefault(one.node, []).append(one)

    def do(self, interventions: Iterable[Intervention], *, shared: Sample | None = None, given: Mapping[str, np.ndarray] | None = None) -> Sample:
        """The same world with other interventions: the same noise, and what does not descend from them is not even computed again.

        Parameters
        ----------
        interventions : iterable of Intervention
            All that hold in the new world, in place of this one's.
        shared : Sample, optional
            The shared grains of the new world, when the interventions reach them.
        given : dict, optional
            Values of wrapped nodes that differ in the new world.
        """
        other = object.__new__(Sample)
        other.__dict__.update(self.__dict__)
        other._values, other._rows, other._ups = {}, {}, {}
        other._shared = shared if shared is not None else self._shared
        other._set_interventions(interventions)
        other._given = {**self._given, **(given or {})}
        changed = {one.node for one in (*self.interventions, *other.interventions) if one not in self.interventions or one not in other.interventions}
        changed |= set(given or {})
        other._touched = changed | self.graph.descendants(*changed) if changed else frozenset()
        other._base = self
        return other

    _touched: frozenset[str] | set[str] = frozenset()

    # --- rows

    def rows(self, grain: str) -> Rows:
        """The rows of a grain."""
        if grain not in self._rows:
            self._rows[grain] = self._make_rows(grain)
        return self._rows[grain]

    def _make_rows(self, name: str) -> Rows:
        grain = self.graph.grains[name]
        if self._shared is not None and grain.is_shared:
            return self._shared.rows(name)
        if self._base is not None and not self._counts_above(name) & self._touched:
            return self._base.rows(name)
        if grain.kind == "entities":
            if name not in self._entities:
                raise ContractError(f"The ids of the entities {name!r} are not given.")
            return Rows(self._entities[name], shape=(len(self._entities[name]),))
        above = self.rows(grain.of)
        if grain.kind == "steps":
            first, end = self._steps[name]
            step = np.tile(np.arange(first, end), len(above.ids))
            row = np.repeat(np.arange(len(above.ids)), end - first)
            return Rows(above.ids[row] * _STEPS + step + _FIRST_STEP, row, step, step * grain.step_ms, (len(above.ids), end - first))
        count = self[grain.count].astype(np.int64).clip(0, _EVENTS - 1)
        row = np.repeat(np.arange(len(count)), count)
        number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        return Rows(above.ids[row] * _EVENTS + number, row, number, None, (len(row),))

    def _counts_above(self, name: str) -> set[str]:
        found, here = set(), name
        while here:
            found |= {self.graph.grains[here].count} - {None}
            here = self.graph.grains[here].of
        return found

    def at(self, grain: str) -> np.ndarray | None:
        """The time of a grain's rows; None where they have none."""
        declared = self.graph.grains[grain]
        return self[declared.clock] if declared.clock else self.rows(grain).at

    def above(self, grain: str, target: str) -> np.ndarray | None:
        """For each row of a grain its row of a coarser one; None for the grain itself."""
        if (grain, target) not in self._ups:
            here, found = grain, None
            for hop in self.graph.route(grain, target):
                step, here = (self.rows(here).above, self.graph.grains[here].of) if hop == "^" else (self[hop], self.graph.nodes[hop].to)
                found = step if found is None else step[found]
            self._ups[grain, target] = found
        return self._ups[grain, target]

    # --- values

    def __getitem__(self, name: str) -> np.ndarray:
        """The values of a node, one for each row of its grain."""
        if name not in self._values:
            self._values[name] = self._value(self.graph.node(name))
        return self._values[name]

    def lifted(self, name: str, grain: str) -> np.ndarray:
        """The values of a node for the rows of a finer grain."""
        values, up = self[name], self.above(grain, self.graph.nodes[name].grain)
        return values if up is None else values[up]

    def labels(self, name: str) -> tuple[str, ...] | None:
        """What the codes of a node stand for."""
        found = self.graph.node(name).labels
        return tuple(self._constants[found]) if isinstance(found, str) else found

    def constant(self, name: str) -> Any:
        """A constant of the world."""
        return self._constants[name]

    def release(self, *grains: str) -> None:
        """Forget the values and rows of grains; what is asked for again is computed again, to the same bits."""
        for name in [name for name in self._values if self.graph.nodes[name].grain in grains]:
            del self._values[name]
        for grain in grains:
            self._rows.pop(grain, None)
        for pair in [pair for pair in self._ups if pair[0] in grains]:
            del self._ups[pair]

    def _value(self, node: Node) -> np.ndarray:
        if self._shared is not None and self.graph.grains[node.grain].is_shared:
            return self._shared[node.name]
        if self._base is not None and node.name not in self._touched:
            return self._base[node.name]
        if node.name in self._given:
            return self._given[node.name]
        if node.rule is None:
            raise ContractError(f"The node {node.name!r} is computed by a wrapped part; its values are not given.")
        rows = self.rows(node.grain)
        parents = [self._parent(node, name) for name in node.parents]
        values = np.asarray(node.rule(Draw(node.name, rows, self.streams), *parents) if node.draws else node.rule(*parents))
        if values.shape != rows.ids.shape:
            values = np.broadcast_to(values, rows.ids.shape)
        values = self.intervened(node.name, values, rows)
        return np.round(values, node.decimals) if node.decimals is not None and values.dtype.kind == "f" else values

    def _parent(self, node: Node, name: str) -> Any:
        if name in self.graph.constants:
            return self._constants[name]
        if name in node.pool:
            return self._pooled(name, node.grain, node.pool[name])
        return self.lifted(name, node.grain)

    def _pooled(self, name: str, grain: str, how: str) -> np.ndarray:
        fine = self.graph.nodes[name]
        up, values, size = self.above(fine.grain, grain), self[name], len(self.rows(grain).ids)
        if how == "any":
            return np.bincount(up[values.astype(bool)], minlength=size) > 0
        if how == "max":
            found = np.full(size, -np.inf)
            np.maximum.at(found, up, values)
            return found
        # whole numbers below 2^53: their float sums are exact in every order
        scale = 10.0 ** (fine.decimals or 0)
        return np.bincount(up, weights=np.rint(values * scale), minlength=size) / scale

    def intervened(self, name: str, values: np.ndarray, rows: Rows | None = None) -> np.ndarray:
        """Values of a node after the interventions on it."""
        for one in self._acting.get(name, ()):
            grain = self.graph.nodes[name].grain
            rows = rows or self.rows(grain)

            def chance(per: str | None, label: str = one.name, grain: str = grain, rows: Rows = rows) -> np.ndarray:
                up = self.above(grain, per) if per else None
                ids = rows.ids if not per else self.rows(per).ids if up is None else self.rows(per).ids[up]
                return self.streams.uniform(f"do.{label}", ids)

            timed = one.since is not None or one.until is not None
            chosen = chosen_rows(one, len(values), self.at(grain) if timed else None,
                                 lambda parent, grain=grain: (self.lifted(parent, grain), self.labels(parent)), chance)
            if one.is_effective and chosen.any():
                new = one.new_values(values[chosen], self.labels(name))
                values = values.astype(np.result_type(values, new)) if values.dtype.kind != "b" else values.copy()
                values[chosen] = new
        return values
