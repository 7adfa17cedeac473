"""Which bins of an entity's past are believed, and what they say: the past may hold the very failure that is to be found."""

from __future__ import annotations

import numpy as np

from cemlib.analysis.betabinomial import estimate_overdispersion, tail_parts
from cemlib.analysis.change import find_change

__all__ = ["LARGEST_RHO", "fit_entity", "weighted_median"]

_BLOCK_LIMIT = 3e-7  # probability (five standard deviations) at which a whole block (a day) is left out of the past
_COUNTABLE = 10  # failures a block from which the median block says more than the sum: below, half the blocks have none
_CLIP = 16.0  # how far (in squared standard deviations) a rare odd bin counts
_LOST_BINS = 0.02  # how many good bins of an entity may be left out by mistake, on average
#: More overdispersion than this is not believed.
LARGEST_RHO = 0.5


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value below which half of the weight lies.

    Examples
    --------
    >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.array([5.0, 1.0, 1.0]))
    3.0
    """
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def _good_blocks(num: np.ndarray, den: np.ndarray) -> np.ndarray:
    """Which blocks (days) of the past are believed."""
    good = np.ones(num.size, bool)
    if num.size < 5:
        return good
    change = find_change(np.arange(num.size), num, den, alpha=1e-4) if num.size >= 10 else None
    if change is not None:
        after = np.arange(num.size) >= change.at
        for odd in (after, ~after):
            # the shorter side of a clear fall is the failure, unless it is nearly as long as the other
            if odd.sum() <= 0.42 * num.size:
                good = ~odd
    for _ in range(3):
        total = den[good].sum()
        rate = np.clip(num[good].sum() / total, 0.5 / total, 1 - 0.5 / total)
        if np.median(den[good]) * min(rate, 1 - rate) >= _COUNTABLE:
            rate = np.clip(weighted_median(num[good] / den[good], den[good]), 0.5 / total, 1 - 0.5 / total)
        residual = (num - den * rate) / np.sqrt(den * rate * (1 - rate))
        scale = max(1.0, 1.4826 * float(np.median(np.abs(residual[good] - np.median(residual[good])))))
        far = np.flatnonzero(np.abs(residual) > 3 * scale)
        now = good.copy()
        if far.size:
            # the exact tail: four failures where half a one is usual are many standard deviations, but no miracle
            rho = min((scale**2 - 1) / max(np.median(den) - 1, 1), LARGEST_RHO)
            below, equal = tail_parts(num[far], den[far], rate, rho)
            now[far] &= np.minimum(below + equal, 1 - below) > _BLOCK_LIMIT
        if now.sum() < 0.5 * num.size or (now == good).all():
            break
        good = now
    return good


def _good_bins(num: np.ndarray, den: np.ndarray) -> tuple[np.ndarray, float, float, float]:
    """Which bins the fitted distribution can explain; with rate, overdispersion and its error from them."""
    good = np.ones(num.size, bool)
    total = den.sum()
    rate = float(np.clip(weighted_median(num / den, den), 0.5 / total, 1 - 0.5 / total))
    if num.size >= 8:
        # the median of small bins is 100 %: where it is, the mean is the better start
        rate = rate if rate < 1 - 1 / total else float(np.clip(num.sum() / total, 0.5 / total, 1 - 0.5 / total))
    rho, error = estimate_overdispersion(num, den, rate, clip=16.0)
    for _ in range(4):
        residual = np.abs(num - den * rate) / np.sqrt(den * rate * (1 - rate) * (1 + (den - 1) * max(rho, 0)))
        far = np.flatnonzero(residual > 3)
        now = np.ones(num.size, bool)
        if far.size and num.size >= 8:
            below, equal = tail_parts(num[far], den[far], rate, max(rho, 0.0))
            now[far] = np.minimum(below + equal, 1 - below) > _LOST_BINS / num.size / 2
        rate = float(np.clip(num[now].sum() / den[now].sum(), 0.5 / total, 1 - 0.5 / total))
        rho, error = estimate_overdispersion(num[now], den[now], rate)
        if (now == good).all():
            break
        good = now
    return good, rate, rho, error


def fit_entity(entity, block: np.ndarray, num: np.ndarray, den: np.ndarray, rare: float) -> dict:
    """Rate and overdispersion of one entity from the bins that are believed.

    Days that lie far from the weighted median day are left out as wholes, then single bins that the fitted distribution
    cannot explain.

    Parameters
    ----------
    entity : object
        Its name, handed on.
    block : array of int
        The day of each bin; bins are sorted by it.
    num, den : array
        Successes and trials, ``den > 0``.
    rare : float
        So small a share of odd days or bins widens the band.

    Returns
    -------
    dict
        num, n (sums over the believed bins), size (trials of the bin of a typical trial), bins, left_out, rho_own, rho_error.

    Examples
    --------
    >>> found = fit_entity("A", np.arange(10), np.array([97.0] * 9 + [0.0]), np.full(10, 100.0), 0.0)
    >>> int(found["num"]), found["left_out"]
    (873, 1)
    """
    start = np.flatnonzero(np.r_[True, block[1:] != block[:-1]])
    sizes = np.diff(np.r_[start, block.size])
    believed = _good_blocks(np.add.reduceat(num, start), np.add.reduceat(den, start))
    inside = np.repeat(believed, sizes)
    total = num.size
    good, rate, rho, error = _good_bins(num[inside], den[inside])
    wide = np.repeat(believed | ((~believed).sum() <= rare * believed.size), sizes)
    if (~good).sum() <= rare * good.size and (wide.sum() > inside.sum() or not good.all()):
        rho, error = estimate_overdispersion(num[wide], den[wide], rate, clip=_CLIP)
    num, den = num[inside][good], den[inside][good]
    return {"entity": entity, "num": num.sum(), "n": den.sum(), "size": (den**2).sum() / den.sum(), "bins": num.size,
            "left_out": total - num.size, "rho_own": rho, "rho_error": error}
