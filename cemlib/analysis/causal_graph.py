"""A declared causal graph, and what to adjust for."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import pandas as pd
import yaml

from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["CausalGraph"]


class CausalGraph:
    """Who acts on whom, as the user declares it.

    Parameters
    ----------
    edges : iterable of (str, str)
        Cause and effect.
    unobserved : iterable of str
        Variables that act but are not measured.

    Raises
    ------
    ParameterError
        The graph has a cycle.

    Examples
    --------
    >>> graph = CausalGraph.from_yaml("edges: [tier -> stalls, tier -> mos, stalls -> wait, wait -> mos]")
    >>> graph.adjustment_set(["stalls"], "mos")
    ['tier']
    >>> sorted(graph.mediators(["stalls"], "mos"))
    ['wait']
    """

    def __init__(self, edges: Iterable[tuple[str, str]], unobserved: Iterable[str] = ()) -> None:
        self.parents: dict[str, set[str]] = {}
        for edge in edges if isinstance(edges, Iterable) else [edges]:
            if not isinstance(edge, tuple | list) or [type(one) for one in edge] != [str, str]:
                raise ParameterError("An arrow is not told as wanted.", wanted='("cause", "effect")', came=repr(edge)[:80], todo="A text of arrows is read by CausalGraph.from_yaml.")
            cause, effect = edge
            self.parents.setdefault(cause, set())
            self.parents.setdefault(effect, set()).add(cause)
        self.unobserved = set(unobserved)
        for name in self.unobserved - set(self.parents):
            raise UnknownNameError("variable", name, self.parents, where="unobserved")
        try:
            self.order = list(TopologicalSorter(self.parents).static_order())
        except CycleError as error:
            raise ParameterError("The graph has a cycle: nothing can be its own cause.", came=" -> ".join(error.args[1]), todo="Take out one of these arrows.") from error

    @classmethod
    def from_yaml(cls, text: str) -> CausalGraph:
        """Read ``edges`` ("cause -> effect" each) and ``unobserved`` (names)."""
        try:
            read = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ParameterError("The graph is no YAML.", came=str(error)[:100]) from error
        if not isinstance(read, dict) or not isinstance(read.get("edges"), list) or set(read) - {"edges", "unobserved"}:
            raise ParameterError("The graph is not told as wanted.", wanted="edges: a list of 'cause -> effect', unobserved: a list of names")
        edges = []
        for one in read["edges"]:
            parts = [part.strip() for part in str(one).split("->")]
            if len(parts) != 2 or not all(parts):
                raise ParameterError("An arrow is not told as wanted.", wanted="cause -> effect", came=str(one))
            edges.append((parts[0], parts[1]))
        return cls(edges, read.get("unobserved") or ())

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """These variables and all that act on them."""
        found, waiting = set(), list(names)
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(self.parents[one])
        return found

    def descendants(self, names: Iterable[str]) -> set[str]:
        """These variables and all on which they act."""
        found = set(names)
        for one in self.order:
            if self.parents[one] & found:
                found.add(one)
        return found

    def mediators(self, treatments: Iterable[str], outcome: str) -> set[str]:
        """Variables through which the treatments act on the outcome."""
        treatments = set(treatments)
        return self.descendants(treatments) & self.ancestors([outcome]) - treatments - {outcome}

    def _separated(self, treatments: set[str], outcome: str, given: set[str]) -> bool:
        """d-separation without the arrows out of the treatments, in the moral graph of the ancestors (Lauritzen et al. 1990)."""
        parents = {name: causes - treatments for name, causes in self.parents.items()}
        kept = CausalGraph([(cause, name) for name, causes in parents.items() for cause in causes])
        for name in self.parents:
            kept.parents.setdefault(name, set())
        inside = kept.ancestors(treatments | {outcome} | given)
        beside: dict[str, set[str]] = {name: set() for name in inside}
        for name in inside:
            family = [*parents[name], name]
            for one in family:
                beside[one] |= set(family) - {one}
        reached, waiting = set(), list(treatments)
        while waiting:
            one = waiting.pop()
            if one not in reached:
                reached.add(one)
                waiting.extend(beside[one] - given)
        return outcome not in reached

    def adjustment_set(self, treatments: Iterable[str], outcome: str) -> list[str] | None:
        """Observed variables that close every backdoor (Pearl 2009, 3.3); None when there are none that do.

        Those that act on the outcome stay in even where they open no backdoor: they make the effect more precise.

        Raises
        ------
        UnknownNameError
            A variable is not in the graph.
        ParameterError
            One treatment acts on another: their joint effect is not one of a backdoor.
        """
        treatments = set(treatments)
        for name in treatments | {outcome}:
            if name not in self.parents:
                raise UnknownNameError("variable", name, self.parents, where="graph")
        for name in treatments:
            if (below := (self.descendants([name]) - {name}) & treatments):
                raise ParameterError(f"{name} acts on {', '.join(sorted(below))}.", wanted="changes of variables that do not act on each other", todo="Change one of them.")
        below = self.descendants(treatments)
        given = self.ancestors(treatments | {outcome}) - below - self.unobserved - {outcome}
        if not self._separated(treatments, outcome, given):
            return None
        for name in sorted(given):
            # what does not act on the outcome itself only costs precision
            alone = CausalGraph([(cause, effect) for effect, causes in self.parents.items() for cause in causes - treatments])
            acts = outcome in alone.parents and name in alone.ancestors([outcome])
            if not acts and self._separated(treatments, outcome, given - {name}):
                given = given - {name}
        return sorted(given)

    def layout(self, treatments: Iterable[str] = (), outcome: str = "", adjusted: Iterable[str] = ()) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The graph to be drawn: causes on the left, effects on the right, few crossing arrows.

        Parameters
        ----------
        treatments, outcome, adjusted : names
            They tell the roles.

        Returns
        -------
        nodes, edges : pandas.DataFrame
            Nodes ``name``, ``x`` (layer from 0), ``y`` (place in the layer, centred at 0), ``role`` (change, outcome, adjusted, mediator, unobserved,
            other); edges ``cause``, ``effect``, ``is_backdoor`` (on a way into what is changed), ``via``
            (points ``(x, y)`` by which an arrow over several layers passes beside the variables there).

        Examples
        --------
        >>> nodes, _ = CausalGraph([("tier", "stalls"), ("tier", "mos"), ("stalls", "mos")]).layout(["stalls"], "mos", ["tier"])
        >>> nodes[["name", "x", "role"]].to_records(index=False).tolist()
        [('tier', 0, 'adjusted'), ('stalls', 1, 'change'), ('mos', 2, 'outcome')]
        """
        treatments, adjusted = set(treatments), set(adjusted)
        for name in treatments | adjusted | ({outcome} - {""}):
            if name not in self.parents:
                raise UnknownNameError("variable", name, self.parents, where="graph")
        layer: dict[str, int] = {}
        for name in self.order:
            layer[name] = max((layer[one] + 1 for one in self.parents[name]), default=0)
        between = self.mediators(treatments, outcome) if treatments and outcome else set()
        place, bends = self._places(layer)
        role = {name: "change" if name in treatments else "outcome" if name == outcome else "unobserved" if name in self.unobserved else "adjusted" if name in adjusted
                else "mediator" if name in between else "other" for name in self.order}
        nodes = pd.DataFrame([{"name": name, "x": layer[name], "y": place[name], "role": role[name]} for name in self.order])
        into = self.ancestors(treatments) - treatments
        edges = [{"cause": cause, "effect": effect, "is_backdoor": bool(treatments) and cause in into, "via": bends[cause, effect]}
                 for effect in self.order for cause in sorted(self.parents[effect])]
        return nodes, pd.DataFrame(edges, columns=["cause", "effect", "is_backdoor", "via"])

    def _places(self, layer: dict[str, int]) -> tuple[dict[str, float], dict[tuple[str, str], list[tuple[int, float]]]]:
        """Place of each variable in its layer, and the points by which a long arrow passes the layers between (Sugiyama et al. 1981): each stands at the
        mean of its neighbours, swept to and fro.
        """
        # an arrow over several layers has a stand-in in each, so that it passes beside the variables there
        chains = {(cause, effect): [cause, *[f"{cause}>{effect}>{one}" for one in range(layer[cause] + 1, layer[effect])], effect]
                  for effect in self.order for cause in sorted(self.parents[effect])}
        layers: list[list[str]] = [[name for name in self.order if layer[name] == one] for one in range(max(layer.values()) + 1)]
        beside: dict[str, list[str]] = {name: [] for name in self.order}
        for (cause, _), chain in chains.items():
            for number, one in enumerate(chain[1:-1], 1):
                layers[layer[cause] + number].append(one)
            for one, other in pairwise(chain):
                beside.setdefault(one, []).append(other)
                beside.setdefault(other, []).append(one)
        place: dict[str, float] = {}

        def spread(names: list[str]) -> None:
            place.update({name: number - (len(names) - 1) / 2 for number, name in enumerate(names)})

        for names in layers:
            spread(names)
        for sweep in range(6):
            for names in layers if sweep % 2 == 0 else layers[::-1]:
                spread(sorted(names, key=lambda name: (sum(place[one] for one in beside[name]) / max(len(beside[name]), 1), name)))
        bends = {(cause, effect): [(layer[cause] + number, place[one]) for number, one in enumerate(chain[1:-1], 1)] for (cause, effect), chain in chains.items()}
        return {name: place[name] for name in self.order}, bends
