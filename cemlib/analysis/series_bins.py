"""Bins of series: one row per entity and time, checked before anything is reckoned from them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from cemlib.analysis.columns import read_numbers
from cemlib.errors import ParameterError

__all__ = ["bin_width", "check_trials", "read_times"]


def check_trials(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """The frame with whole ``num`` and ``den`` as floats.

    Parameters
    ----------
    frame : DataFrame
    columns : tuple of str
        What it must have: ``entity``, and of ``num``, ``den``, ``at`` what is needed.

    Raises
    ------
    ParameterError
        A column is missing, holds text or gaps, or a numerator lies outside 0 … denominator.

    Examples
    --------
    >>> check_trials(pd.DataFrame({"entity": ["A"], "num": [1], "den": [2]}), ("entity", "num", "den"))["den"].tolist()
    [2.0]
    """
    missing = [one for one in columns if one not in frame]
    if missing:
        raise ParameterError("A column is missing.", wanted=", ".join(columns), came=", ".join(map(str, frame.columns)))
    numbers = read_numbers(frame, [one for one in columns if one in ("num", "den")])
    frame = frame.assign(**{name: numbers[name] for name in numbers})
    bad = frame[list(columns)].isna().any(axis=1)
    if bad.any():
        raise ParameterError("The bins have missing values.", wanted=f"{', '.join(columns)} in every row", came=f"{int(bad.sum())} of {len(frame)} rows have none",
                             todo="A bin without data is left out, not filled.")
    if (frame["den"] < 0).any() or ("num" in columns and ((frame["num"] < 0) | (frame["num"] > frame["den"])).any()):
        raise ParameterError("A numerator lies outside 0 … denominator.", wanted="0 <= num <= den in every bin")
    return frame


def read_times(frame: pd.DataFrame, like: bool | None = None) -> tuple[pd.Series, bool]:
    """The times of the bins as instants, and whether they came with a zone.

    Times without a zone are UTC. Times of several zones are brought to UTC; with and without a zone do not go together.

    Parameters
    ----------
    frame : DataFrame
        With ``entity`` and ``at``.
    like : bool, optional
        Whether the times must have a zone, because those of the past had.

    Raises
    ------
    ParameterError
        For what is no time, a missing one, the same entity and time twice, or a mixture of times with a zone and without.

    Examples
    --------
    >>> frame = pd.DataFrame({"entity": ["A"], "at": [pd.Timestamp("2026-03-01 02:00", tz="Europe/Warsaw")]})
    >>> read_times(frame)[0].tolist()
    [Timestamp('2026-03-01 01:00:00+0000', tz='UTC')]
    """
    at = frame["at"]
    if at.dtype == object and len(at) and all(isinstance(one, dt.datetime) for one in at):
        aware = {one.tzinfo is not None for one in at if not pd.isna(one)}
        if len(aware) == 2:
            raise ParameterError("Some times have a zone, others have none.", wanted="all with a zone, or all in UTC", where="column at")
        at = pd.to_datetime(at, utc=True) if aware == {True} else pd.to_datetime(at)
    if not pd.api.types.is_datetime64_any_dtype(at):
        raise ParameterError("The bins' times are no times.", wanted="datetime", came=str(at.dtype), where="column at", todo="Convert them: pd.to_datetime(…, utc=True).")
    has_zone = at.dt.tz is not None
    if like is not None and has_zone != like:
        words = ("with a zone", "without a zone (UTC)")
        raise ParameterError("The times do not go with those of the past.", wanted=words[not like], came=words[not has_zone], where="column at")
    if at.isna().any():
        raise ParameterError("A bin has no time.", came=f"{int(at.isna().sum())} of {len(at)} rows", where="column at")
    at = at.dt.tz_convert("UTC") if has_zone else at.dt.tz_localize("UTC")
    twice = pd.DataFrame({"entity": frame["entity"].to_numpy(), "at": at.to_numpy()}).duplicated()
    if twice.any():
        first = frame[twice.to_numpy()].iloc[0]
        raise ParameterError("An entity has the same time twice.", wanted="one bin per entity and time", came=f"{int(twice.sum())} repeated",
                             where=f"{first['entity']} at {first['at']}",
                             todo="Sum the parts of a bin first. Local times repeat an hour when the clocks change: give UTC.")
    return at, has_zone


def bin_width(code: np.ndarray, at: pd.Series) -> pd.Timedelta:
    """The width of the bins: the greatest step that all times are multiples of.

    Parameters
    ----------
    code : array of int
        The entity of each bin.
    at : Series of datetime

    Raises
    ------
    ParameterError
        With fewer than two bins of any entity, or times that follow no grid.

    Examples
    --------
    >>> bin_width(np.array([0, 0, 0]), pd.Series(pd.to_datetime(["2026-03-01 00:00", "2026-03-01 01:00", "2026-03-01 05:00"], utc=True)))
    Timedelta('0 days 01:00:00')
    """
    ticks = at.to_numpy("datetime64[s]").astype("int64")
    order = np.lexsort((ticks, code))
    step = np.diff(ticks[order])[np.diff(code[order]) == 0]
    if not step.size:
        raise ParameterError("Too few bins: no entity has two.", wanted="a series of bins", came=f"{len(at)} bins")
    every = np.gcd.reduce(np.unique(step))
    usual = np.median(step)
    if every < usual / 12:
        raise ParameterError("The bins' times follow no grid.", wanted="bins of one width, such as full hours", came=f"steps of {usual:g} s and multiples of {every} s",
                             todo="Floor the times to the bin and sum.")
    return pd.Timedelta(int(every), "s")
