"""The shape of the day and of the week as Fourier terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Season", "fourier_season"]

_DAILY, _WEEKLY = 6, 3
_WEEK_H = 168.0


@dataclass(frozen=True)
class Season:
    """Columns of a regression.

    Attributes
    ----------
    base : ndarray (bins, columns)
        Daily (6 harmonics) and weekly (3) terms, as far as the bins and the length of the period allow.
    crossed : ndarray (bins, columns)
        Days of the week with a shape of their own (weekends): three daily harmonics, each beside two weekly ones. Empty where the period is too
        short to learn them.
    spread : ndarray (bins, columns)
        Terms for how much a series varies through the day.
    cells : ndarray of int (bins,), or None
        The bin of the week, where the period has two of them; the bin of the day where it has not.
    """

    base: np.ndarray
    crossed: np.ndarray
    spread: np.ndarray
    cells: np.ndarray | None


def fourier_season(times: pd.DatetimeIndex, grain: pd.Timedelta, kind: str | None = "fourier", zone: str | None = None) -> Season:
    """The terms for these bins.

    Parameters
    ----------
    times : DatetimeIndex
    grain : Timedelta
    kind : "fourier" or None
        None: no season.
    zone : str, optional
        IANA zone in which people live: when its clocks change, the shape of the day moves by an hour in UTC.

    Examples
    --------
    >>> season = fourier_season(pd.date_range("2026-03-01", periods=672, freq="h"), pd.Timedelta("1h"))
    >>> season.base.shape, season.crossed.shape, season.spread.shape
    ((672, 18), (672, 24), (672, 6))
    >>> fourier_season(pd.date_range("2026-03-01", periods=60, freq="D"), pd.Timedelta("1D")).base.shape
    (60, 6)
    """
    none = np.zeros((len(times), 0))
    if kind is None:
        return Season(none, none, none, None)
    if zone is not None and times.tz is not None:
        times = times.tz_convert(zone).tz_localize(None)
    hours = np.asarray((times - times[0]) / pd.Timedelta("1h"), float)
    span, step = hours[-1] + grain / pd.Timedelta("1h"), grain / pd.Timedelta("1h")
    fastest = 0.5 / step  # cycles an hour that the bins can show
    daily = [one / 24 for one in range(1, _DAILY + 1) if one / 24 <= fastest and span >= 72]
    weekly = [one / _WEEK_H for one in range(1, _WEEKLY + 1) if one / _WEEK_H <= fastest and span >= 2 * _WEEK_H]
    crossed = [one / 24 + beside / _WEEK_H for one in range(1, 4) for beside in (-2, -1, 1, 2)]
    if not daily or not weekly or max(crossed) > fastest or span < 3 * _WEEK_H:
        crossed = []
    period = _WEEK_H if span >= 2 * _WEEK_H else 24
    cells = np.round(hours % period / step).astype(int) if span >= 72 and period % step == 0 else None
    return Season(_waves(hours, daily + weekly), _waves(hours, crossed), _waves(hours, daily[:3]), cells)


def _waves(hours: np.ndarray, cycles: list[float]) -> np.ndarray:
    columns = [wave(2 * np.pi * one * hours) for one in cycles for wave in (np.sin, np.cos)]
    # at the fastest cycle the sine is zero in every bin
    return np.column_stack([one for one in columns if np.abs(one).max() > 1e-6]) if columns else np.zeros((hours.size, 0))
