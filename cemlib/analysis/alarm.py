"""Alarms that open, hold and close once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

__all__ = ["ALARM_COLUMNS", "Alarms", "Spell", "alarm_table", "find_spells", "recover_after"]

#: Columns of :attr:`Alarms.table`.
ALARM_COLUMNS = ("entity", "state", "since", "opened_at", "closed_at", "good_since", "window", "n", "observed", "expected", "limit", "excess", "p", "bins")


@dataclass(frozen=True)
class Alarms:
    """What was found by watching series.

    Attributes
    ----------
    table : DataFrame
        One row per alarm, of :data:`ALARM_COLUMNS`. ``state``: open or closed. ``since``: the bin from which it was bad (estimated);
        ``opened_at``: the bin at whose end that was sure enough; ``good_since``: the first bin after it that was good again;
        ``closed_at``: the bin at whose end that was sure enough. ``window``: the span of time that opened it. The evidence, from ``since``
        until ``good_since``: ``n`` trials (of a level: bins), ``observed`` and ``expected``, ``excess`` (failures, or sum of the level,
        beyond what was expected). ``limit`` (what would have been within the band) and ``p`` are those of the opening.
    bins : DataFrame
        The verdict of each bin looked at.
    expected_false_alarms : float
        Per entity and week where nothing is wrong: at most so many.
    n, n_entities : int
        Bins and entities that were judged.
    missing_share : float
        Share of the bins between an entity's first and last that are not there or empty.
    period : tuple
        First and last bin.
    left_out : dict
        What was not looked at, with the reason.
    method : str
    parameters : dict
    claim : str
        ``"association"``: something is other than before; why is not said.
    """

    table: pd.DataFrame
    bins: pd.DataFrame
    expected_false_alarms: float
    n: int
    n_entities: int
    missing_share: float
    period: tuple
    method: str
    parameters: dict
    left_out: dict = field(default_factory=dict)
    claim: str = "association"

    @property
    def open(self) -> pd.DataFrame:
        """The alarms that have not closed."""
        return self.table[self.table["state"] == "open"]

    def summary(self) -> str:
        """What was found, in a sentence."""
        return (f"{len(self.table)} alarms ({len(self.open)} open) at {self.table['entity'].nunique()} of {self.n_entities} entities in {self.n:,} bins; "
                f"where nothing is wrong, at most {self.expected_false_alarms:.2g} per entity and week.")


def alarm_table(rows: list[tuple], like: pd.Series) -> pd.DataFrame:
    """Rows as the table of alarms, in the order of their opening; its types do not depend on what was found.

    Parameters
    ----------
    rows : list of tuple
        Of :data:`ALARM_COLUMNS`.
    like : Series
        Times of the bins, whose type the times of the alarms have.

    Examples
    --------
    >>> alarm_table([], pd.Series(pd.to_datetime(["2026-03-01"], utc=True)))["opened_at"].dtype.kind
    'M'
    """
    kinds = dict.fromkeys(("since", "opened_at", "closed_at", "good_since"), like.dtype) | dict.fromkeys(("n", "bins"), "int64")
    kinds |= dict.fromkeys(("observed", "expected", "limit", "excess", "p"), "float64")
    columns = zip(*rows) if rows else [()] * len(ALARM_COLUMNS)
    table = pd.DataFrame({name: pd.Series(list(values), dtype=kinds.get(name, object)) for name, values in zip(ALARM_COLUMNS, columns)})
    return table.sort_values(["opened_at", "entity"], kind="stable").reset_index(drop=True)


@dataclass(frozen=True)
class Spell:
    """The bins of an alarm, as positions.

    Attributes
    ----------
    opened : int
        The bin that opened it.
    closed, good_since : int or None
        The bin that closed it, and the first of the good ones before; None while it is open.
    """

    opened: int
    closed: int | None
    good_since: int | None


def find_spells(opening: Callable[[int, int], int | None], closing: Callable[[int, int], tuple[int, int] | None]) -> list[Spell]:
    """Walk through a series from alarm to alarm.

    After an alarm has closed, nothing before its recovery counts any more: what opened it cannot open it again.

    Parameters
    ----------
    opening : callable
        ``opening(first, start)``: the first bin from ``first`` on that opens an alarm on the evidence of bins from ``start`` on, or None.
    closing : callable
        ``closing(opened, start)``: the bin that closes it and the first good one, or None.

    Examples
    --------
    >>> bad = [0, 1, 1, 0, 0, 1]
    >>> def opening(first, start):
    ...     return next((place for place in range(first, 6) if bad[place]), None)
    >>> def closing(opened, start):
    ...     return next(((place, place) for place in range(opened, 6) if not bad[place]), None)
    >>> [(spell.opened, spell.closed) for spell in find_spells(opening, closing)]
    [(1, 3), (5, None)]
    """
    first, start, found = 0, 0, []
    while (opened := opening(first, start)) is not None:
        closed, good_since = closing(opened, start) or (None, None)
        found.append(Spell(opened, closed, good_since))
        if closed is None:
            break
        first, start = closed + 1, good_since
    return found


def recover_after(evidence: np.ndarray, enough: float) -> tuple[int, int] | None:
    """When the evidence for recovery, which never falls below none, is enough (Page 1954).

    Parameters
    ----------
    evidence : array
        What each bin says: above 0 for good again, below for still bad, 0 for nothing.
    enough : float

    Returns
    -------
    (int, int) or None
        The bin at which it is enough, and the first of those that made it so.

    Examples
    --------
    >>> recover_after(np.array([1.0, -9.0, 1.0, 0.0, 1.0, 1.0]), 3)
    (5, 2)
    """
    level, first = 0.0, 0
    for place, says in enumerate(evidence):
        if level <= 0:
            first = place
        level = max(level + says, 0.0)
        if level >= enough:
            return place, first
    return None
