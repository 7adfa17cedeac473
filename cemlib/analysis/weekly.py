"""What is usual at an hour of a kind of day: medians of like hours, each week foretold from the others."""

from __future__ import annotations

import datetime as dt
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.errors import ParameterError

__all__ = ["WeeklyFit", "WeeklyProfile", "median_by_row", "read_matrix"]

_FOLLOWS = 0.9  # the level of the week before is followed where that makes the residuals' spread smaller than this share
_LARGEST = 20_000_000  # cells of entity and bin that are held at once, several times: about a gigabyte


def read_matrix(code: np.ndarray, entities: int, at: pd.Series, values: np.ndarray, width: pd.Timedelta) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Values as entity x bin on a grid without holes; missing ones are NaN.

    Raises
    ------
    ParameterError
        When the grid would have more than twenty million cells.

    Examples
    --------
    >>> at = pd.Series(pd.to_datetime(["2026-03-01 00:00", "2026-03-01 02:00"]))
    >>> read_matrix(np.array([0, 0]), 1, at, np.array([1.0, 2.0]), pd.Timedelta("1h"))[1].tolist()
    [[1.0, nan, 2.0]]
    """
    grid = pd.date_range(at.min(), at.max(), freq=width)
    if entities * len(grid) > _LARGEST:
        raise ParameterError("There are too many entities and bins to be held at once.", wanted=f"at most {_LARGEST:,} cells", came=f"{entities:,} entities x {len(grid):,} bins",
                             todo="Fit parts of the entities, or wider bins.")
    out = np.full((entities, len(grid)), np.nan)
    out[code, ((at - at.min()) // width).to_numpy()] = values
    return grid, out


@dataclass(frozen=True)
class WeeklyFit:
    """What the fit says about the past.

    Attributes
    ----------
    residuals : array, entity x bin
        Each week's from the profile of the others.
    slot : array of int
        Slot of the day of each bin.
    slots : int
        Slots of a day.
    is_constant, follows : array of bool
        Whether all values are the same; whether the level of the week before is followed.
    least : int
        Residuals below which an entity is not judged.
    """

    residuals: np.ndarray
    slot: np.ndarray
    slots: int
    is_constant: np.ndarray
    follows: np.ndarray
    least: int


class WeeklyProfile:
    """Medians by hour of day and kind of day (working day, weekend) in a zone's time.

    Parameters
    ----------
    time_zone : str
    weekend : tuple of int
    holidays : frozenset of date

    Examples
    --------
    >>> grid = pd.date_range("2026-03-02", periods=28, freq="D")
    >>> profile = WeeklyProfile("UTC", (5, 6), frozenset())
    >>> found = profile.fit(grid, np.tile([5.0, 5, 5, 5, 5, 1, 1], 4)[None] + np.arange(28) % 2, pd.Timedelta("1D"))
    >>> profile.expect(np.array([0, 0]), pd.Series(pd.to_datetime(["2026-03-30", "2026-04-04"])))[0].tolist()
    [5.5, 1.5]
    """

    def __init__(self, time_zone: str, weekend: tuple[int, ...], holidays: frozenset[dt.date]) -> None:
        self.time_zone, self.weekend, self.holidays = time_zone, weekend, holidays

    def _places(self, at: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
        """Slot of the day and whether the day is a weekend, by the clock of the place."""
        local = at.tz_localize("UTC").tz_convert(self.time_zone)
        slot = (local.hour * 3600 + local.minute * 60 + local.second).to_numpy() // int(self.width.total_seconds())
        free = np.isin(local.day_of_week, self.weekend)
        if self.holidays:
            free |= np.isin(local.strftime("%Y-%m-%d"), [str(one) for one in self.holidays])
        return np.minimum(slot, self._slots - 1), free.astype(int)

    def fit(self, grid: pd.DatetimeIndex, values: np.ndarray, width: pd.Timedelta) -> WeeklyFit:
        """Learn the profile, and foretell each week from the others.

        Raises
        ------
        ParameterError
            With fewer than two weeks.
        """
        self.width = width
        self._slots = max(int(pd.Timedelta("1D") / width), 1)
        per_week = 7 * self._slots
        weeks = len(grid) // per_week
        if weeks < 2:
            raise ParameterError("Too few bins: the past is too short for a weekly season.", wanted=f"two weeks, {2 * per_week} bins", came=f"{len(grid)} bins")
        slot, free = self._places(grid)
        # the oldest days that make no full week go with the first one
        week = np.maximum((np.arange(len(grid)) - (len(grid) - weeks * per_week)) // per_week, 0)
        steady, following = np.empty(values.shape), np.full(values.shape, np.nan)
        for one in range(weeks):
            inside, before = week == one, week == one - 1
            others = self._medians(values[:, ~inside], slot[~inside], free[~inside])
            steady[:, inside] = values[:, inside] - others[:, free[inside], slot[inside]]
            if one:
                level = median_by_row(values[:, before] - others[:, free[before], slot[before]])
                following[:, inside] = steady[:, inside] - np.nan_to_num(level)[:, None]
        later = week > 0
        follows = _spread(following[:, later]) < _FOLLOWS * _spread(steady[:, later])
        residuals = np.where(follows[:, None], following, steady)
        self._profile = self._medians(values, slot, free)
        last = week == weeks - 1
        rest = median_by_row(values[:, last] - self._profile[:, free[last], slot[last]])
        self._level = np.where(follows, np.nan_to_num(rest), 0.0)
        with np.errstate(invalid="ignore"):
            is_constant = np.nanmax(np.where(np.isfinite(values), values, -np.inf), axis=1) <= np.nanmin(np.where(np.isfinite(values), values, np.inf), axis=1)
        return WeeklyFit(residuals, slot, self._slots, is_constant, follows, per_week if self._slots > 1 else 2 * per_week)

    def _medians(self, values: np.ndarray, slot: np.ndarray, free: np.ndarray) -> np.ndarray:
        """Entity x kind of day x slot; where a kind of day has fewer than two values, all days."""
        out = np.full((len(values), 2, self._slots), np.nan)
        for one in range(self._slots):
            here = slot == one
            both = median_by_row(values[:, here])
            for kind in (0, 1):
                mine = values[:, here & (free == kind)]
                out[:, kind, one] = np.where(np.isfinite(mine).sum(axis=1) >= 2, median_by_row(mine), both)
        return out

    def expect(self, row: np.ndarray, at: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Expected value of these entities (by row) at these times, and the slot of the day.

        A slot that never had a value expects none (NaN).
        """
        slot, free = self._places(pd.DatetimeIndex(at))
        return self._profile[row, free, slot] + self._level[row], slot


def median_by_row(values: np.ndarray) -> np.ndarray:
    """The median of what is there in each row; NaN for a row without values.

    Examples
    --------
    >>> median_by_row(np.array([[1.0, np.nan, 3.0], [np.nan] * 3])).tolist()
    [2.0, nan]
    """
    with warnings.catch_warnings():
        # a slot without any value has no median: that is told by NaN
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmedian(values, axis=1) if values.shape[1] else np.full(len(values), np.nan)


def _spread(values: np.ndarray) -> np.ndarray:
    return median_by_row(np.abs(values - median_by_row(values)[:, None]))
