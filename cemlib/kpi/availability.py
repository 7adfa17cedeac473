"""Availability: from times between failures and to repair, from outages, and of parts put together.

The usual definitions of reliability engineering (MTBF / (MTBF + MTTR), series, parallel); what a contract excludes is a
choice of the contract and therefore an argument. All functions are vectorised and give NaN where nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from cemlib.errors import ParameterError

__all__ = ["find_availability", "find_downtime", "find_parallel_availability", "find_series_availability", "measure_availability"]


def _share(values: ArrayLike) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.where((values >= 0) & (values <= 1), values, np.nan)


def find_availability(mtbf: ArrayLike, mttr: ArrayLike) -> np.ndarray:
    """Availability by mean time between failures (up time) and mean time to repair, in one unit.

    Examples
    --------
    Fails every 999 hours, repaired in one; impossible times give null:

    >>> find_availability([999, 10, -1], [1, 0, 1]).tolist()
    [0.999, 1.0, nan]
    """
    mtbf, mttr = np.asarray(mtbf, dtype=np.float64), np.asarray(mttr, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        known = (mtbf >= 0) & (mttr >= 0) & (mtbf + mttr > 0) & np.isfinite(mtbf + mttr)
        return np.where(known, mtbf / np.where(known, mtbf + mttr, 1.0), np.nan)


def find_series_availability(parts: ArrayLike, axis: int = -1) -> np.ndarray:
    """Availability of parts in series: all of them are needed.

    Examples
    --------
    >>> float(find_series_availability([0.99, 0.999]).round(6))
    0.98901
    """
    return np.prod(_share(parts), axis=axis)


def find_parallel_availability(parts: ArrayLike, axis: int = -1) -> np.ndarray:
    """Availability of parts in parallel: one of them is enough, and they fail independently of each other.

    Examples
    --------
    >>> float(find_parallel_availability([0.99, 0.99]).round(6))
    0.9999
    """
    return 1 - np.prod(1 - _share(parts), axis=axis)


def find_downtime(availability: ArrayLike, period: float = 365 * 24 * 60) -> np.ndarray:
    """The downtime that an availability leaves in a period, in the period's unit; by default minutes of a year of 365 days.

    Examples
    --------
    >>> find_downtime([0.999, 0.99999, 1.2]).round(3).tolist()
    [525.6, 5.256, nan]
    """
    return (1 - _share(availability)) * period


def _unite(spans: Iterable[tuple[float, float]], since: float, until: float, what: str) -> np.ndarray:
    """The spans within since … until, sorted and without overlaps: an outage that two systems report is one outage."""
    rows = np.array([(float(begin), float(end)) for begin, end in spans], dtype=np.float64).reshape(-1, 2)
    if np.isnan(rows).any() or (rows[:, 0] > rows[:, 1]).any():
        wrong = rows[np.isnan(rows).any(axis=1) | ~(rows[:, 0] <= rows[:, 1])][0]
        raise ParameterError(f"A span of the {what} ends before it begins, or an end is missing.", wanted="begin <= end", came=f"{wrong[0]:g} … {wrong[1]:g}",
                             todo="Give an outage that still lasts the end of the period.")
    rows = np.clip(rows, since, until)
    rows = rows[rows[:, 1] > rows[:, 0]]
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    united: list[list[float]] = []
    for begin, end in rows.tolist():
        if united and begin <= united[-1][1]:
            united[-1][1] = max(united[-1][1], end)
        else:
            united.append([begin, end])
    return np.array(united).reshape(-1, 2)


def _overlap(left: np.ndarray, right: np.ndarray) -> float:
    """The time that two lists of united spans have in common."""
    begin, end = np.maximum(left[:, None, 0], right[None, :, 0]), np.minimum(left[:, None, 1], right[None, :, 1])
    return float(np.maximum(end - begin, 0).sum())


def measure_availability(
    outages: Iterable[tuple[float, float]], since: float, until: float, excluded: Iterable[tuple[float, float]] = (), *,
    excluded_counts_as: str = "not_agreed",
) -> tuple[float, float, float]:
    """Availability of a period as a service level agreement measures it.

    Parameters
    ----------
    outages, excluded : iterable of (begin, end)
        Outages, and what the contract leaves out (maintenance windows, force majeure), in seconds on one clock. Overlaps
        count once; what lies beyond the period is cut off.
    since, until : float
        The period.
    excluded_counts_as : str
        not_agreed: excluded time is taken off the period too; up: the period stays whole, an outage within it does not count.

    Returns
    -------
    availability, downtime, agreed : float
        availability is NaN where no agreed time is left. The additive parts are the other two: over several periods,
        divide their sums.

    Examples
    --------
    A day with an outage of two hours, one of them in a maintenance window of four:

    >>> hour = 3600
    >>> availability, down, agreed = measure_availability([(1 * hour, 3 * hour)], 0, 24 * hour, [(2 * hour, 6 * hour)])
    >>> round(availability, 6), down / hour, agreed / hour
    (0.95, 1.0, 20.0)
    """
    if not since < until:
        raise ParameterError("A period ends after it begins.", wanted="since < until", came=f"{since} … {until}")
    if excluded_counts_as not in ("not_agreed", "up"):
        raise ParameterError("Excluded time is taken off the period or counts as up.", wanted="not_agreed or up", came=str(excluded_counts_as), where="excluded_counts_as")
    down, out = _unite(outages, since, until, "outages"), _unite(excluded, since, until, "exclusions")
    length = float((out[:, 1] - out[:, 0]).sum())
    agreed = until - since - (length if excluded_counts_as == "not_agreed" else 0.0)
    downtime = float((down[:, 1] - down[:, 0]).sum()) - _overlap(down, out)
    return (1 - downtime / agreed if agreed > 0 else float("nan")), downtime, agreed
