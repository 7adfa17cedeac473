"""Scan rectangles of pairs and say how surprising the largest correlation of each is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemlib.analysis.lagged.align import Aligned
from cemlib.analysis.lagged.rotation import ENOUGH, Rotated, rotate, rotation_p
from cemlib.analysis.lagged.scan import correlations_at_lags, maximum_p, spiky_p
from cemlib.analysis.lagged.whiten import Whitened

__all__ = ["Judged", "judge", "pairs_of"]

_SPIKY = 0.1  # excess kurtosis of the correlation from which no normal tail is trusted


@dataclass(frozen=True)
class Judged:
    """What was found of each pair.

    Attributes
    ----------
    lag, r, n, p : ndarray (pairs,)
        p is NaN where the bins are too few.
    resolution : float
        Smallest probability that the null can tell; 0: any.
    """

    lag: np.ndarray
    r: np.ndarray
    n: np.ndarray
    p: np.ndarray
    resolution: float


def pairs_of(aligned: Aligned, one_table: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """The pairs, as a list of blocks of (columns of the left series, columns of the right ones).

    Series meet within their entity; a series without one meets all. Within one table each pair comes once, and levels of one column do not meet.
    """
    series = aligned.series.assign(column=aligned.series["name"].str.split("=").str[0])
    left, right = series.index[series["side"] == "left"].to_numpy(), series.index[series["side"] == ("left" if one_table else "right")].to_numpy()
    everywhere = series["entity"].isna().to_numpy()
    entities = series["entity"].to_numpy(object)
    blocks = []
    for entity in [None, *dict.fromkeys(entities[~everywhere])]:
        here = everywhere if entity is None else (entities == entity)
        one, other = left[here[left]], right[here[right]]
        if entity is not None:
            # pairs of which one side is everywhere belong to the entity of the other
            extra = right[everywhere[right]] if not one_table else left[everywhere[left]]
            blocks.append(_meet(one, extra))
            if not one_table:
                blocks.append(_meet(left[everywhere[left]], other))
        blocks.append(_meet(one, other))
    columns = series["column"].to_numpy(object)
    out = []
    for one, other in blocks:
        if one_table:
            kept = (one < other) | (everywhere[one] != everywhere[other])
            kept &= columns[one] != columns[other]
            one, other = one[kept], other[kept]
        if len(one):
            out.append((one, other))
    return out


def _meet(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(one, len(other)), np.tile(other, len(one))


def judge(left: Whitened, right: Whitened, blocks: list[tuple[np.ndarray, np.ndarray]], *, side: int, fewest: int, bins_a_day: int, null: str, workers: int) -> Judged:
    """Scan all pairs of blocks.

    Parameters
    ----------
    left, right : Whitened
    blocks : list
        From :func:`pairs_of`.
    side : int
        Lags on each side of 0.
    fewest : int
        Bins that a pair must have in common.
    bins_a_day : int
    null : "dayshift" or "sidak"
    workers : int
    """
    lags = np.arange(-side, side + 1)
    found = [_scan(left, right, block, lags) for block in blocks]
    lag, r, n = (np.concatenate([one[part] for one in found]) for part in range(3))
    one, other = (np.concatenate([block[part] for block in blocks]) for part in range(2))
    freedom = n - np.minimum(left.used[one], right.used[other])
    p, resolution = maximum_p(r, freedom, len(lags)), 0.0
    enough = (n >= fewest) & (freedom > fewest / 2)
    if null == "dayshift":
        turned = rotate(left.rest, right.rest, (one, other), side, bins_a_day, workers)
        p = np.ones(len(r))
        p[enough] = rotation_p(turned.value[enough].astype(float), turned.null[enough])
        size = turned.null[enough].size
        resolution = 0.0 if size >= ENOUGH else 1 / (size + 1)
        lag, r, n = _at_their_lags(left, right, one, other, turned, (lag, r, n), lags)
    p = _mind_spikes(left, right, one, other, (r, n), p, len(lags))
    return Judged(lag, r, n, np.where(enough, p, np.nan), resolution)


def _scan(left: Whitened, right: Whitened, block: tuple[np.ndarray, np.ndarray], lags: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    (rows, one), (columns, other) = (np.unique(part, return_inverse=True) for part in block)
    r, n = correlations_at_lags(left.rest[:, rows], right.rest[:, columns], lags)
    # at the ends of the lags fewer bins are common: what counts is how far a correlation lies from 0 for its bins
    best = (np.abs(r) * np.sqrt(n)).argmax(axis=0)
    taken = np.ogrid[:r.shape[1], :r.shape[2]]
    return lags[best][one, other], r[best, taken[0], taken[1]][one, other], n[best, taken[0], taken[1]][one, other]


def _at_their_lags(left: Whitened, right: Whitened, one: np.ndarray, other: np.ndarray, turned: Rotated, scanned: tuple, lags: np.ndarray) -> tuple:
    """The correlations at the lags that the rotations point to, where those are not the scan's."""
    lag, r, n = (part.copy() for part in scanned)
    for number in np.unique(turned.lag[turned.lag != lag]):
        moved = np.flatnonzero((turned.lag != lag) & (turned.lag == number))
        for part in np.array_split(moved, max(len(moved) * len(left.rest) // 20_000_000, 1)):
            x, y = left.rest[:, one[part]], np.roll(right.rest[:, other[part]], -number, axis=0)
            inside = slice(0, len(y) - number) if number >= 0 else slice(-number, len(y))
            known = np.isfinite(x[inside]) & np.isfinite(y[inside])
            x, y = np.where(known, x[inside], 0), np.where(known, y[inside], 0)
            scale = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
            r[part], n[part] = np.divide((x * y).sum(axis=0), scale, out=np.zeros(len(part)), where=scale > 0), known.sum(axis=0)
    return turned.lag, r, n


def _mind_spikes(left: Whitened, right: Whitened, one: np.ndarray, other: np.ndarray, scanned: tuple, p: np.ndarray, lags: int) -> np.ndarray:
    """Where both series live from a few spikes, two that meet by chance look like a link: these pairs get a bound that knows their spikes."""
    r, n = scanned
    excess = []
    for part in (left, right):
        fourth = np.nansum(part.rest**4, axis=0) / np.maximum(np.isfinite(part.rest).sum(axis=0), 1)
        excess.append(np.maximum(fourth - 3, 0))
    doubtful = np.flatnonzero((excess[0][one] * excess[1][other] / np.maximum(n, 1) > _SPIKY) & (p < 0.1))
    out = p.copy()
    for pair in doubtful:
        x, y = left.rest[:, one[pair]], right.rest[:, other[pair]]
        out[pair] = max(out[pair], spiky_p(x[np.isfinite(x)], y[np.isfinite(y)], float(r[pair]), int(n[pair]), lags))
    return out
