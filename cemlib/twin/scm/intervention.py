"""Interventions: ``do(node = value)`` for some rows in some time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cemlib.errors import ParameterError, UnknownNameError

__all__ = ["Intervention", "chosen_rows", "matches"]


@dataclass(frozen=True)
class Intervention:
    """One change of the world.

    Attributes
    ----------
    node : str
        Whose values change.
    set, add, times : optional
        The new value (a number, a label or a boolean), what is added, or the factor; exactly one of these or ``apply``.
    apply : callable, optional
        ``f(old values) -> new values``.
    where : dict
        Nodes to a value, a list of values, or a pair ``{"from": low, "to": high}`` (to: exclusive); each must hold.
    since, until : float, optional
        In ms since the period's start; for rows with a time only.
    share : float
        The share of the chosen rows that change, drawn by row, or by the entity of the grain ``per``.
    per : str, optional
    name : str
        Names the stream from which the share is drawn.
    is_effective : bool
        False in the no-effect twin: everything is worked out, nothing changes.

    Examples
    --------
    >>> Intervention("cell_power_db", add=-12.0, where={"cell_site": "S-004"}).new_values(np.array([1.0, 3.0]), None).tolist()
    [-11.0, -9.0]
    """

    node: str
    set: Any = None
    add: float | None = None
    times: float | None = None
    apply: Callable[[np.ndarray], np.ndarray] | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    since: float | None = None
    until: float | None = None
    share: float = 1.0
    per: str | None = None
    name: str = "do"
    is_effective: bool = True

    def __post_init__(self) -> None:
        given = [name for name in ("set", "add", "times", "apply") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ParameterError(f"An intervention on {self.node!r} needs one change.", wanted="set, add, times or apply", came=", ".join(given) or "none")
        if not 0 <= self.share <= 1:
            raise ParameterError(f"The share of an intervention on {self.node!r} is out of range.", wanted="0 … 1", came=str(self.share))

    def without_effect(self) -> Intervention:
        """The same intervention in the no-effect twin."""
        return replace(self, is_effective=False)

    def new_values(self, old: np.ndarray, labels: tuple[str, ...] | None) -> np.ndarray:
        """What the values become where the intervention acts."""
        if self.apply is not None:
            return self.apply(old)
        if self.add is not None:
            return old + self.add
        if self.times is not None:
            return old * self.times
        return np.full_like(old, _code(self.set, labels, self.node))


def _code(value: Any, labels: tuple[str, ...] | None, node: str) -> Any:
    if not isinstance(value, str):
        return value
    if labels is None:
        raise ParameterError(f"The values of {node!r} are numbers.", came=repr(value))
    if value not in labels:
        raise UnknownNameError(f"value of {node}", value, labels)
    return labels.index(value)


def matches(values: np.ndarray, wanted: Any, labels: tuple[str, ...] | None, node: str) -> np.ndarray:
    """Which values a condition of ``where`` names.

    Examples
    --------
    >>> matches(np.array([0, 1, 2]), ["3g", "4g"], ("2g", "3g", "4g"), "rat").tolist()
    [False, True, True]
    >>> matches(np.array([0, 1, 2]), {"from": 1, "to": 2}, None, "size").tolist()
    [False, True, False]
    """
    if isinstance(wanted, Mapping):
        if set(wanted) - {"from", "to"}:
            raise ParameterError(f"A condition on {node!r} is a value, a list, or from and to.", came=str(dict(wanted)))
        return (values >= wanted.get("from", -np.inf)) & (values < wanted.get("to", np.inf))
    if isinstance(wanted, list | tuple | frozenset | set):
        return np.isin(values, [_code(one, labels, node) for one in wanted])
    return values == _code(wanted, labels, node)


def chosen_rows(one: Intervention, count: int, at: np.ndarray | None, lookup: Callable[[str], tuple[np.ndarray, tuple[str, ...] | None]],
                chance: Callable[[str | None], np.ndarray]) -> np.ndarray:
    """Which rows an intervention reaches.

    Parameters
    ----------
    one : Intervention
    count : int
        Number of rows.
    at : numpy.ndarray or None
        The time of each row.
    lookup : callable
        The values (one a row) and labels of a node of ``where``.
    chance : callable
        Uniform numbers for the rows, by row or by the entity of a grain.
    """
    chosen = np.ones(count, dtype=bool)
    if one.since is not None or one.until is not None:
        if at is None:
            raise ParameterError(f"The rows of {one.node!r} have no time: since and until do not apply.")
        chosen &= (at >= (-np.inf if one.since is None else one.since)) & (at < (np.inf if one.until is None else one.until))
    for name, wanted in one.where.items():
        values, labels = lookup(name)
        chosen &= matches(values, wanted, labels, name)
    if one.share < 1:
        chosen &= chance(one.per) < one.share
    return chosen
