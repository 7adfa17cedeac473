"""One feed of the operator: its records as an arrow table, who they are (ids) and when each was written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.twin.season import DAY_MS, WEEK, expand, times_of_day
from cemlib.twin.streams import Streams
from cemlib.twin.world import PERIOD_START, World

__all__ = ["EPOCH_MS", "Feed", "coded", "codes", "instants", "numbers", "tokens", "use_columns", "use_of_roamers"]

#: Start of the period in ms since 1970.
EPOCH_MS = int(PERIOD_START.timestamp() * 1000)


@dataclass(frozen=True)
class Feed:
    """Records of one kind.

    Attributes
    ----------
    name : str
        Folder below the incoming folder.
    table : pyarrow.Table
        The columns of the file; instants as timestamps in ms.
    ids : numpy.ndarray
        A number for each record that no other record of the feed has; the dirt is drawn by it.
    written_at : numpy.ndarray or None
        When each record was written, in ms since the period's start; None: one file without delay, in the table's order.
    file : str
        Name of its files, ``{day}`` for the day; empty: as in :data:`cemlib.twin.writer.LAYOUT`.
    dirt : Dirt or None
        What can be wrong; None: as in :data:`cemlib.twin.dirt.DIRT`.
    delimiter : str
    is_sorted : bool
        The records are in the order in which they were written.
    """

    name: str
    table: pa.Table
    ids: np.ndarray
    written_at: np.ndarray | None = None
    file: str = ""
    dirt: Any = None
    delimiter: str = ","
    is_sorted: bool = False

    def take(self, rows: np.ndarray) -> Feed:
        """The records at some rows."""
        written = None if self.written_at is None else self.written_at[rows]
        return replace(self, table=self.table.take(pa.array(rows)), ids=self.ids[rows], written_at=written)

    def between(self, first: int, end: int) -> Feed:
        """The records from one to another, without a copy."""
        written = None if self.written_at is None else self.written_at[first:end]
        return replace(self, table=self.table.slice(first, end - first), ids=self.ids[first:end], written_at=written)


def instants(ms: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    """Milliseconds since the period's start as instants; null where missing."""
    return pa.array(np.asarray(ms, dtype=np.int64) + EPOCH_MS, mask=missing).cast(pa.timestamp("ms", tz="UTC"))


def codes(names, index: np.ndarray) -> pa.Array:
    """Text by its index in a short list."""
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array([str(one) for one in names], pa.string())).cast(pa.string())


def coded(column: pd.Series, rows: np.ndarray, also: Iterable[str] = ()) -> tuple[np.ndarray, tuple[str, ...]]:
    """A text column as codes, taken at some rows, and what the codes stand for.

    Parameters
    ----------
    column : Series of str
    rows : numpy.ndarray
    also : iterable of str
        Names that exist, though none of few rows may have them: a scenario may choose by them all the same.

    Examples
    --------
    >>> coded(pd.Series(["b", "a"]), np.array([0, 0, 1]), also=["c"])
    (array([1, 1, 0]), ('a', 'b', 'c'))
    """
    names = pd.Index(sorted({*column.unique(), *also}))
    return names.get_indexer(column)[rows], tuple(names)


def numbers(values: np.ndarray, decimals: int, missing: np.ndarray | None = None) -> pa.Array:
    """Numbers rounded before they are written, so that the last bits of a processor do not matter.

    Examples
    --------
    >>> numbers(np.array([1.26, 7.0]), 1, np.array([False, True])).to_pylist()
    [1.3, None]
    """
    rounded = np.round(values, decimals)
    return pa.array(rounded.astype(np.int64) if decimals == 0 else rounded + 0.0, mask=missing)


def tokens(streams: Streams, node: str, ids: np.ndarray) -> np.ndarray:
    """Twelve hexadecimal digits for each id, as systems name their records.

    Examples
    --------
    >>> tokens(Streams(1), "call", np.array([5])).item() == tokens(Streams(1), "call", np.array([4, 5]))[1]
    True
    """
    value = (streams.uniform(node, ids) * 2.0**48).astype(np.int64)
    digits = value[:, None] >> np.arange(44, -4, -4) & 15
    return np.ascontiguousarray(np.frombuffer(b"0123456789abcdef", np.uint8)[digits].astype(np.uint32)).view("<U12")[:, 0]


def use_of_roamers(world: World, streams: Streams, node: str, days: pd.DataFrame, hours, per_day) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When roamers use a service: ids, row of the roamer day, and time of each use; silent days have none.

    Parameters
    ----------
    world, streams : World, Streams
    node : str
        Name of the service's streams.
    days : pandas.DataFrame
        The roamer days.
    hours : tuple of float
        Weight of each local hour.
    per_day : numpy.ndarray
        Mean number of uses on each roamer day, were it whole.
    """
    busy = WEEK[(days["day"].to_numpy() + 6) % 7]
    count = streams.poisson(f"{node}.count", days["rd"], np.minimum(per_day * busy, 300)).clip(0, 1023)
    row, number = expand(np.where(days["is_silent"], 0, count))
    ids = days["rd"].to_numpy()[row] * 1024 + number
    day = days["day"].to_numpy()[row]
    country = np.where(days["is_own"].to_numpy()[row], days["country_row"].to_numpy()[row], len(world.countries))
    local = times_of_day(streams.uniform(f"{node}.time", ids), hours)
    at = day * DAY_MS + (local - world.offsets[country, day]) % DAY_MS
    inside = (at >= days["start"].to_numpy()[row]) & (at < days["end"].to_numpy()[row])
    return ids[inside], row[inside], at[inside]


def use_columns(what: str, world: World, people: pd.DataFrame, own: np.ndarray, person: np.ndarray, plmn_row: np.ndarray, rat: np.ndarray) -> dict:
    """What a scenario may choose roamers' sessions, calls or messages by, as the arguments of ``Faults.act``."""
    networks = world.networks
    return {"columns": {
        f"{what}_plmn": lambda: (plmn_row, tuple(networks["plmn"])), f"{what}_hub": lambda: coded(networks["hub"], plmn_row),
        f"{what}_country": lambda: coded(networks["country"], plmn_row), f"{what}_direction": lambda: (own.astype(int), ("inbound", "outbound")),
        f"{what}_rat": lambda: (rat, ("2g", "3g", "4g", "5g")), f"{what}_device": lambda: (people["device"].to_numpy()[person], tuple(world.devices["tac"])),
        f"{what}_imsi_range": lambda: coded(people["imsi_range"], person, world.imsi_ranges), f"{what}_has_volte": lambda: (people["volte_roaming"].to_numpy()[person], None),
    }}
