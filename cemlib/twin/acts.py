"""How interventions reach the wrapped part of the model: roaming, which is computed attempt by attempt and not node by node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cemlib.errors import ParameterError
from cemlib.twin.scm.intervention import Intervention, chosen_rows
from cemlib.twin.streams import Streams

__all__ = ["Acts"]

#: A column that conditions may name: its values, and what its codes stand for.
Column = Callable[[], tuple[np.ndarray, tuple[str, ...] | None]]


@dataclass(frozen=True)
class Acts:
    """The interventions on wrapped nodes.

    Attributes
    ----------
    streams : Streams
    by_node : dict
        Name of a node to its interventions, in their order.

    Examples
    --------
    >>> acts = Acts.of(Streams(1), [Intervention("slowness", times=3.0, where={"plmn": "B"})])
    >>> acts.apply("slowness", np.ones(2), ids=np.arange(2), columns={"plmn": lambda: (np.array([0, 1]), ("A", "B"))}).tolist()
    [1.0, 3.0]
    """

    streams: Streams
    by_node: Mapping[str, tuple[Intervention, ...]]

    @classmethod
    def of(cls, streams: Streams, interventions: Any = ()) -> Acts:
        """Sort interventions by their node."""
        found: dict[str, tuple[Intervention, ...]] = {}
        for one in interventions:
            found[one.node] = (*found.get(one.node, ()), one)
        return cls(streams, found)

    def apply(self, node: str, values: np.ndarray, *, ids: np.ndarray, columns: Mapping[str, Column], at: np.ndarray | None = None,
              labels: tuple[str, ...] | None = None, owners: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
        """The values of a node after its interventions.

        Parameters
        ----------
        node : str
        values, ids : numpy.ndarray
        columns : dict
            What conditions may name.
        at : numpy.ndarray, optional
            The rows' times.
        labels : tuple of str, optional
            What the values' codes stand for.
        owners : dict, optional
            Name of a grain to the ids of its entity for each row, for shares per entity.
        """
        for one in self.by_node.get(node, ()):
            chosen = chosen_rows(one, len(values), at, lambda name, node=node: _found(columns, name, node)(),
                                 lambda per, one=one: self.streams.uniform(f"do.{one.name}", _owner(owners, per, ids, node)))
            if one.is_effective and chosen.any():
                values = values.copy()
                values[chosen] = one.new_values(values[chosen], labels)
        return values


def _found(columns: Mapping[str, Column], name: str, node: str) -> Column:
    if name not in columns:
        raise ParameterError(f"{node!r} has no {name!r} to choose rows by.", wanted=", ".join(sorted(columns)), came=name)
    return columns[name]


def _owner(owners: Mapping[str, np.ndarray] | None, per: str | None, ids: np.ndarray, node: str) -> np.ndarray:
    if per is None:
        return ids
    if not owners or per not in owners:
        raise ParameterError(f"The share of an intervention on {node!r} cannot be drawn by {per!r}.", wanted=", ".join(sorted(owners or {})) or "no grain")
    return owners[per]
