"""A declared causal graph, and what to adjust for."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

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
        for cause, effect in edges:
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
