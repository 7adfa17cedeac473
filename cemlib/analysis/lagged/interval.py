"""Intervals of correlations by resampling blocks of bins."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

__all__ = ["block_interval", "effective_bins"]


def block_interval(left: np.ndarray, right: np.ndarray, lag: np.ndarray, *, spent: np.ndarray | int = 0, block: int, draws: int, level: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Interval of the correlation of each pair at its lag.

    Parameters
    ----------
    left, right : ndarray (bins, pairs)
        The rests of each pair, side by side; NaN is missing.
    lag : ndarray of int (pairs,)
    spent : ndarray of int (pairs,)
        Coefficients that were taken out of both: the interval is as much wider.
    block : int
        Bins that stay together: what goes together for a day is not taken for independent.
    draws : int
    level : float
    rng : numpy.random.Generator

    Returns
    -------
    low, high : ndarray (pairs,)

    Notes
    -----
    The standard error on Fisher's scale is that of the draws (Künsch 1989); the blocks are drawn alike for all pairs.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(2000, 1))
    >>> y = 0.3 * x + np.sqrt(1 - 0.09) * rng.normal(size=(2000, 1))
    >>> low, high = block_interval(x, y, np.array([0]), block=24, draws=200, level=0.95, rng=rng)
    >>> bool(0.2 < low[0] < 0.3 < high[0] < 0.4)
    True
    """
    bins = len(left)
    rows = np.arange(bins)[:, None] + lag
    inside = (rows >= 0) & (rows < bins)
    y = np.where(inside, np.take_along_axis(right, np.clip(rows, 0, bins - 1), axis=0), np.nan)
    known = np.isfinite(left) & np.isfinite(y)
    x, y = np.where(known, left, 0.0), np.where(known, y, 0.0)
    starts = np.arange(0, bins, block)
    sums = np.stack([np.add.reduceat(part, starts, axis=0) for part in (known.astype(float), x, y, x * x, y * y, x * y)])
    counts = rng.multinomial(len(starts), np.full(len(starts), 1 / len(starts)), size=draws).astype(float)
    drawn = _correlate(np.einsum("db,sbp->sdp", counts, sums, optimize=True))
    middle = np.arctanh(np.clip(_correlate(sums.sum(axis=1)), -0.999999, 0.999999))
    error = np.arctanh(np.clip(drawn, -0.999999, 0.999999)).std(axis=0, ddof=1)
    n = known.sum(axis=0)
    reach = norm.ppf((1 + level) / 2) * error * np.sqrt(n / np.maximum(n - spent, 1))
    return np.tanh(middle - reach), np.tanh(middle + reach)


def _correlate(sums: np.ndarray) -> np.ndarray:
    n, x, y, xx, yy, xy = sums
    n = np.maximum(n, 1)
    scale = np.maximum(xx - x * x / n, 0) * np.maximum(yy - y * y / n, 0)
    return np.divide(xy - x * y / n, np.sqrt(scale), out=np.zeros_like(xy), where=scale > 0)


def effective_bins(left: np.ndarray, right: np.ndarray, n: np.ndarray, most: int) -> np.ndarray:
    """How many independent bins the series of each pair are worth (Bartlett 1935, Bayley and Hammersley 1946).

    Parameters
    ----------
    left, right : ndarray (bins, series)
        Series with their own course; NaN is missing.
    n : ndarray (left, right)
        Bins that both have.
    most : int
        Lags of the autocorrelations that are summed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.normal(size=(1000, 2))
    >>> bool(800 < effective_bins(noise[:, :1], noise[:, 1:], np.array([[1000.0]]), 20)[0, 0] < 1200)
    True
    """
    one, other = (_autocorrelations(part, most) for part in (left, right))
    # the weights of the far lags fall to zero, so that the sum of many noisy products stays small
    taper = (1 - np.arange(1, most + 1) / (most + 1))[:, None]
    inflation = 1 + 2 * (one * taper).T @ other
    return np.clip(n / np.maximum(inflation, 1e-3), 2, n)


def _autocorrelations(values: np.ndarray, most: int) -> np.ndarray:
    known = np.isfinite(values)
    filled = np.where(known, values - np.nansum(values, axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
    power = np.maximum((filled**2).sum(axis=0) / np.maximum(known.sum(axis=0), 1), 1e-300)
    out = np.empty((most, values.shape[1]))
    for lag in range(1, most + 1):
        both = np.maximum((known[lag:] & known[:-lag]).sum(axis=0), 1)
        out[lag - 1] = (filled[lag:] * filled[:-lag]).sum(axis=0) / both / power
    return np.clip(out, -1, 1)
