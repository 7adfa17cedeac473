"""Draws series whose links are known: none at all, or one at a known lag. Of the grader and of the benchmark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

__all__ = ["NULLS", "autoregressive", "draw_nulls", "draw_planted", "hourly", "weekly_shape"]


def autoregressive(rng: np.random.Generator, rho: float, bins: int, series: int) -> np.ndarray:
    """Stationary AR(1) series of variance 1; a random walk for ``rho`` 1.

    Examples
    --------
    >>> made = autoregressive(np.random.default_rng(0), 0.5, 4000, 2)
    >>> made.shape, bool(abs(made.std() - 1) < 0.1)
    ((4000, 2), True)
    """
    noise = rng.normal(size=(bins, series))
    if rho >= 1:
        return noise.cumsum(axis=0)
    out = noise * np.sqrt(1 - rho**2)
    out[0] = noise[0]
    for bin_ in range(1, bins):
        out[bin_] += rho * out[bin_ - 1]
    return out


def weekly_shape(rng: np.random.Generator, bins: int) -> np.ndarray:
    """A shape of the day with another one at weekends, its size about three times the noise."""
    hour, is_weekend = np.arange(bins) % 24, (np.arange(bins) // 24) % 7 >= 5
    day = sum(rng.normal() / wave * np.cos(2 * np.pi * wave * (hour - rng.integers(24)) / 24) for wave in (1, 2, 3))
    weekend = rng.normal() + rng.normal() * np.cos(2 * np.pi * (hour - rng.integers(24)) / 24)
    return 3 * (day + is_weekend * weekend)


def hourly(values: np.ndarray, prefix: str) -> pd.DataFrame:
    """Series as a table of hours."""
    frame = pd.DataFrame(values, columns=[f"{prefix}{number:03d}" for number in range(values.shape[1])])
    frame.insert(0, "at", pd.date_range("2026-01-05", periods=len(values), freq="h", tz="UTC"))
    return frame


def _rho(rng: np.random.Generator) -> float:
    return float(rng.uniform(0, 0.97))


#: Kinds of unlinked series: bins, and ``make(rng, bins, series)`` which draws those of one side. With a third part: both sides share it.
NULLS: dict[str, tuple[int, Callable[[np.random.Generator, int, int], np.ndarray], bool]] = {
    "white": (500, lambda rng, bins, series: rng.normal(size=(bins, series)), False),
    "AR(1), rho 0 to .97": (500, lambda rng, bins, series: autoregressive(rng, _rho(rng), bins, series), False),
    "AR(1), rho .97": (500, lambda rng, bins, series: autoregressive(rng, 0.97, bins, series), False),
    "random walks": (500, lambda rng, bins, series: autoregressive(rng, 1, bins, series), False),
    "differenced random walks": (500, lambda rng, bins, series: np.diff(autoregressive(rng, 1, bins + 1, series), axis=0), False),
    "shared season, 4 weeks": (4 * 168, lambda rng, bins, series: autoregressive(rng, _rho(rng), bins, series), True),
    "shared season, 6 weeks": (6 * 168, lambda rng, bins, series: autoregressive(rng, _rho(rng), bins, series), True),
    "shared season, 8 weeks": (8 * 168, lambda rng, bins, series: autoregressive(rng, _rho(rng), bins, series), True),
}


def draw_nulls(rng: np.random.Generator, kind: str, series: int = 12) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables of series between which there is no link.

    Parameters
    ----------
    rng : numpy.random.Generator
    kind : str
        Of :data:`NULLS`.
    series : int
        Of each table.
    """
    bins, make, is_shared = NULLS[kind]
    shape = weekly_shape(rng, bins)[:, None] if is_shared else 0.0
    return hourly(make(rng, bins, series) + shape, "x"), hourly(make(rng, bins, series) + shape, "y")


def draw_planted(rng: np.random.Generator, *, r: float, bins: int, series: int, planted: int, season: bool = False) -> tuple[pd.DataFrame, pd.DataFrame, dict[int, int]]:
    """Two tables, of which the first ``planted`` columns are linked one to one at lags that are drawn.

    Returns
    -------
    left, right : DataFrame
    lags : dict of int to int
        Column to the bins by which the right one follows.
    """
    rho, longest = _rho(rng), 24
    x = autoregressive(rng, rho, bins + 2 * longest, series)
    y = autoregressive(rng, rho, bins, series)
    lags = {column: int(rng.integers(-longest, longest + 1)) for column in range(planted)}
    for column, lag in lags.items():
        y[:, column] = r * x[longest - lag:longest - lag + bins, column] + np.sqrt(1 - r * r) * y[:, column]
    shape = weekly_shape(rng, bins)[:, None] if season else 0.0
    return hourly(x[longest:longest + bins] + shape, "x"), hourly(y + shape, "y"), lags
