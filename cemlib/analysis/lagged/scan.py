"""Correlations of all pairs at all lags, and how surprising the largest one is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.stats import norm

__all__ = ["Scan", "circular_scan", "correlations_at_lags", "maximum_p", "pair_bins", "spiky_p"]

_CHUNK = 2_000_000  # values of a circular scan held at a time


@dataclass(frozen=True)
class Scan:
    """The largest correlation of each pair of a rectangle.

    Attributes
    ----------
    lag : ndarray of int (left, right)
        Positive: the right series follows the left one by so many bins.
    r : ndarray (left, right)
        Correlation of the rests there.
    n : ndarray (left, right)
        Bins in which both are known there.
    """

    lag: np.ndarray
    r: np.ndarray
    n: np.ndarray


def _overlap(one: np.ndarray, lag: int) -> tuple[slice, slice]:
    bins = len(one)
    return (slice(0, bins - lag), slice(lag, bins)) if lag >= 0 else (slice(-lag, bins), slice(0, bins + lag))


def correlations_at_lags(left: np.ndarray, right: np.ndarray, lags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pearson correlation of ``left[t]`` and ``right[t + lag]`` over the bins that both have.

    Parameters
    ----------
    left, right : ndarray (bins, series)
        About mean 0; NaN is missing.
    lags : ndarray of int

    Returns
    -------
    r, n : ndarray (lags, left, right)

    Examples
    --------
    >>> x = np.array([[1.0], [-1], [1], [1], [-1], [-1]])
    >>> r, n = correlations_at_lags(x, np.roll(x, 1, axis=0), np.array([0, 1]))
    >>> r[:, 0, 0].round(2).tolist(), n[:, 0, 0].tolist()
    ([-0.33, 1.0], [6.0, 5.0])
    """
    known = [np.isfinite(one) for one in (left, right)]
    whole = all(one.all() for one in known)
    x, y = (np.where(mask, one, 0.0) for mask, one in zip(known, (left, right)))
    marks = None if whole else [mask.astype(float) for mask in known]
    squares = x**2, y**2
    r, n = np.empty((len(lags), x.shape[1], y.shape[1])), np.empty((len(lags), x.shape[1], y.shape[1]))
    for number, lag in enumerate(lags):
        here, there = _overlap(x, int(lag))
        product = x[here].T @ y[there]
        if whole:
            n[number] = here.stop - here.start
            scale = squares[0][here].sum(axis=0)[:, None] * squares[1][there].sum(axis=0)[None, :]
        else:
            n[number] = marks[0][here].T @ marks[1][there]
            scale = (squares[0][here].T @ marks[1][there]) * (marks[0][here].T @ squares[1][there])
        r[number] = np.divide(product, np.sqrt(scale), out=np.zeros_like(product), where=scale > 0)
    return np.clip(r, -1, 1), n


def pair_bins(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Bins in which both series of each pair are known."""
    return np.isfinite(left).astype(float).T @ np.isfinite(right).astype(float)


def maximum_p(r: np.ndarray, freedom: np.ndarray, lags: int) -> np.ndarray:
    """Probability of so large a correlation at any of the lags when the rests are independent (Fisher's z, Šidák).

    Examples
    --------
    >>> float(maximum_p(np.array(0.2), np.array(500), 49).round(4))
    0.0003
    """
    z = np.arctanh(np.clip(np.abs(r), 0, 1 - 1e-12)) * np.sqrt(np.maximum(freedom - 3, 1))
    return -np.expm1(lags * np.log1p(-np.minimum(2 * norm.sf(z), 1 - 1e-15)))


def circular_scan(left: np.ndarray, right: np.ndarray, pairs: tuple[np.ndarray, np.ndarray], bins: int, workers: int = 1):
    """Yield the circular correlation at every shift, chunk by chunk of the pairs.

    Parameters
    ----------
    left, right : ndarray (bins, series)
    pairs : tuple of ndarray
        Columns of left and of right.
    bins : int
        Only the last so many bins are used.
    workers : int
        Threads of the Fourier transforms.

    Yields
    ------
    slice, ndarray (pairs of the chunk, shifts)
        The correlation times the root of the bins that both have: about 1 standard deviation wide without a link.
    """
    known = [np.isfinite(one[-bins:]) for one in (left, right)]
    whole = all(one.all() for one in known)
    waves = [fft.rfft(np.where(mask, one[-bins:], 0.0).astype(np.float32), axis=0, workers=workers).T.copy() for mask, one in zip(known, (left, right))]
    marks = None if whole else [fft.rfft(mask.astype(np.float32), axis=0, workers=workers).T.copy() for mask in known]
    step = max(_CHUNK // bins, 1)
    for begin in range(0, len(pairs[0]), step):
        part = slice(begin, min(begin + step, len(pairs[0])))
        found = fft.irfft(np.conj(waves[0][pairs[0][part]]) * waves[1][pairs[1][part]], n=bins, axis=1, workers=workers)
        if whole:
            count = np.float32(bins)
        else:
            count = np.maximum(fft.irfft(np.conj(marks[0][pairs[0][part]]) * marks[1][pairs[1][part]], n=bins, axis=1, workers=workers), 1)
        yield part, found / np.sqrt(count)


def tail_p(value: np.ndarray, pool: np.ndarray, share: float = 0.05) -> np.ndarray:
    """Probability of values this large by a pool of values without a link; beyond its upper share by an exponential tail.

    Parameters
    ----------
    value : ndarray
    pool : ndarray
        Sorted upwards.
    share : float

    Notes
    -----
    Few shifts cannot show small probabilities. The tail (after Knijnenburg et al. 2009, with shape 0, which normal tails lie below) has its scale
    raised by one standard error, so it errs to the cautious side.
    """
    size = pool.size
    many = max(int(share * size), 1)
    edge = pool[-many - 1] if size > many else pool[0]
    excess = pool[-many:] - edge
    scale = max(float(excess.mean()) * (1 + 1 / np.sqrt(many)), 1e-12)
    above = size - np.searchsorted(pool, value, side="left")
    inside = (1 + above) / (1 + size)
    return np.where(value > edge, np.minimum(inside, (1 + many) / (1 + size) * np.exp(-np.maximum(value - edge, 0) / scale)), inside)


def spiky_p(left: np.ndarray, right: np.ndarray, r: float, n: int, lags: int) -> float:
    """The same for a pair of few large spikes, for which no normal tail holds.

    Parameters
    ----------
    left, right : ndarray
        Rests, without missing ones.
    r : float
        The largest correlation at the lags.
    n, lags : int

    Notes
    -----
    Half of Chernoff's bound when each value of one meets any value of the other: cautious by a factor of about ten. The middle of the values is taken
    in groups, the extremes as they are.

    Examples
    --------
    Two of ten spikes among 500 bins meet at one of 49 lags: that happens often.

    >>> spikes = np.r_[np.full(10, 7.0), np.full(490, -1 / 7)]
    >>> spiky_p(spikes, spikes, 0.18, 500, 49) > 0.2, float(maximum_p(np.array(0.18), np.array(500), 49)) < 0.01
    (True, True)
    """
    x, many = _grouped(left * np.sign(r))
    y, share = _grouped(right)
    share = share / share.sum()
    target, scale = abs(r) * np.sqrt(n), np.sqrt(len(left))
    steps = np.geomspace(0.05, 20, 24)[:, None, None]
    exponent = steps * np.multiply.outer(x, y) / scale
    top = exponent.max(axis=2)
    log = top + np.log((share * np.exp(exponent - top[..., None])).sum(axis=2))
    single = 0.5 * float(np.exp(np.minimum(((many * log).sum(axis=1) * n / many.sum() - steps[:, 0, 0] * target).min(), 0)))
    return float(-np.expm1(lags * np.log1p(-min(2 * single, 1 - 1e-12))))


def _grouped(values: np.ndarray, extremes: int = 16, groups: int = 32) -> tuple[np.ndarray, np.ndarray]:
    ordered = np.sort(values)
    if ordered.size <= 2 * extremes + groups:
        return ordered, np.ones(ordered.size)
    middle = np.array_split(ordered[extremes:-extremes], groups)
    return (np.concatenate([ordered[:extremes], [one.mean() for one in middle], ordered[-extremes:]]),
            np.concatenate([np.ones(extremes), [one.size for one in middle], np.ones(extremes)]))
