"""What a change of a variable says, and who would be moved by it to where nobody was seen."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from cemlib.errors import ParameterError

__all__ = ["MOSTLY_OUTSIDE", "Overlap", "change_values"]

#: Of a change that moves more than this share to where nobody was seen no figure is worth telling: the model would only be continued. A judgement.
MOSTLY_OUTSIDE = 0.5
#: Up to so many columns a tree finds neighbours faster than a look at all rows.
_FEW_COLUMNS = 15

#: Standard deviations that are none: what a value misses of itself when it is scaled and moved.
_SAME = 1e-9

_CHANGE = re.compile(r"(>=|<=)?\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(%?|[A-Za-z°µ][\w/·°µ^-]*)")


def change_values(values: pd.Series, name: str, change: float | str, unit: str | None = None) -> pd.Series:
    """The values after a change.

    Parameters
    ----------
    values : pandas.Series
    name : str
        For the message.
    change : float or str
        A number or ``"+3"`` is added, ``"+5%"`` is relative; ``">=20"`` lifts those below to 20, ``"<=0.1"`` lowers those above to 0.1.
        A unit may follow the number.
    unit : str, optional
        What the values are in; a change in another unit is refused. Without it no change can have a unit: nobody would know whether it is the right one.

    Raises
    ------
    ParameterError
        The change is none of these, or in another unit.

    Examples
    --------
    >>> speed = pd.Series([5.0, 40.0])
    >>> change_values(speed, "mbps", "+10%").tolist(), change_values(speed, "mbps", ">=20").tolist()
    ([5.5, 44.0], [20.0, 40.0])
    >>> change_values(pd.Series([-101.0]), "rsrp", "+3dB", unit="dB").tolist()
    [-98.0]
    """
    if isinstance(change, int | float | np.number) and not isinstance(change, bool) and np.isfinite(change):
        return values + float(change)
    # the minus sign of print, as pages show it
    match = _CHANGE.fullmatch(str(change).strip().replace("\u2212", "-"))
    if not match or (match[1] and match[3] == "%"):
        raise ParameterError(f"The change of {name!r} cannot be read.", wanted='a number, "+3", "+5%", ">=20" or "<=0.1"', came=repr(change))
    if match[3] not in ("", "%") and match[3] != unit:
        told = f"in {unit}" if unit else "a number without a unit"
        raise ParameterError(f"The change of {name!r} is in a unit that it is not measured in.", wanted=told, came=repr(change),
                             todo="Give the number alone." if unit else f'Give the number alone, or tell the unit: WhatIf(model, units={{"{name}": "{match[3]}"}}).')
    amount = float(match[2])
    if match[1]:
        return values.clip(lower=amount) if match[1] == ">=" else values.clip(upper=amount)
    return values * (1 + amount / 100) if match[3] == "%" else values + amount


def _neighbours(sample: np.ndarray) -> Callable[[np.ndarray, int], np.ndarray]:
    """How far rows are from the first, second … nearest of the sample."""
    if sample.shape[1] <= _FEW_COLUMNS:
        tree = KDTree(sample)
        return lambda rows, place: tree.query(rows, k=[place])[0][:, 0]
    # of more columns no tree is quick; the package takes a second and a half to load, so others do without
    from sklearn.neighbors import NearestNeighbors

    all_ = NearestNeighbors(algorithm="brute").fit(sample)
    return lambda rows, place: all_.kneighbors(rows, n_neighbors=place)[0][:, -1]


class Overlap:
    """Where customers were observed: the box of all variables, and the distance to the nearest of them.

    Parameters
    ----------
    seen : ndarray
        Rows by scaled variables.
    seed : int
    most : int
        Rows that stand for all of them.

    Examples
    --------
    >>> seen = np.random.default_rng(0).normal(size=(500, 2))
    >>> here, past = seen[:50], seen[:50] + 9
    >>> Overlap(seen).share_outside(here, here), Overlap(seen).share_outside(here, past)
    (0.0, 1.0)
    """

    def __init__(self, seen: np.ndarray, seed: int = 0, most: int = 5000) -> None:
        rng = np.random.default_rng(seed)
        self.low, self.high, self.seed = seen.min(axis=0) - _SAME, seen.max(axis=0) + _SAME, seed
        sample = seen[rng.permutation(len(seen))[:most]]
        self._distance = _neighbours(sample)
        # of steps that many share the next one is no distance away
        self._usual = max(np.quantile(self._distance(sample, 2), 0.99), _SAME)

    def share_outside(self, now: np.ndarray, then: np.ndarray, most: int = 2000) -> float:
        """Share of the rows that move and end beyond the box, or farther from everybody than 99 % of the observed are from each other."""
        if not len(then):
            return 0.0
        picked = np.random.default_rng(self.seed).permutation(len(then))[:most]
        now, then = now[picked], then[picked]
        moved = np.abs(then - now).max(axis=1) > _SAME
        beyond = ((then < self.low) | (then > self.high)).any(axis=1)
        open_ = moved & ~beyond
        if open_.any():
            beyond[open_] = self._distance(then[open_], 1) > self._usual
        return float(np.mean(moved & beyond))
