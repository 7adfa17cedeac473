"""Days as they are felt: against what one was used to, and as they are remembered.

Expectation begins at what the tariff class expects and follows what is had with a half-life of days of use (adaptation level: Helson 1964).
A day above or below it has a score of its own. What is remembered of such days fades, bad ones slower than good ones
(Baumeister et al. 2001); the most extreme day and the last ones count apart (peak and end: Kahneman et al. 1993). The forms and the constants are our own.

Every result is a weighted mean of scores of 0 … 100 and so cannot leave that range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemlib.experience.index import SatisfactionIndex

__all__ = ["Moments", "remember_days"]

# how many observations the spread over all stands for, beside a customer's own
_POOLED = 3.0
_Z = 1.959964


@dataclass(frozen=True)
class Moments:
    """What is felt of one KPI, unit by unit; NaN where there was no day.

    Attributes
    ----------
    felt, felt_half : ndarray
        Mean score of the window's days against expectation, and half its 95 % interval.
    remembered, remembered_half : ndarray
        The same with forgetting, peak and end, of all days.
    expected : ndarray
        The score that is expected after the last day.
    worst_day : ndarray of int
        The day of the most extreme score; -1 where there was none.
    """

    felt: np.ndarray
    felt_half: np.ndarray
    remembered: np.ndarray
    remembered_half: np.ndarray
    expected: np.ndarray
    worst_day: np.ndarray


def remember_days(unit: np.ndarray, day: np.ndarray, score: np.ndarray, first: np.ndarray, index: SatisfactionIndex, *, since: int, until: int) -> Moments:
    """Follow expectation and memory through the days of each unit.

    Parameters
    ----------
    unit, day : ndarray of int
        A row for each day on which a unit used the service, in any order; a pair comes once.
    score : ndarray
        Of the day, 0 … 100.
    first : ndarray
        What each unit expects at first, 0 … 100; its length is the number of units.
    index : SatisfactionIndex
        Its ``expectation`` and ``memory``.
    since, until : int
        The window's first day and the day after its last.

    Examples
    --------
    >>> from cemlib.experience.index_reading import load_index
    >>> bad_then, bad_now = ([20, 90, 90, 90], [90, 90, 90, 20])
    >>> unit, day = np.repeat([0, 1], 4), np.tile([0, 1, 2, 3], 2)
    >>> felt = remember_days(unit, day, np.array(bad_then + bad_now, float), np.array([90.0, 90.0]), load_index(), since=0, until=4)
    >>> bool(felt.remembered[0] > felt.remembered[1]), felt.worst_day.tolist()
    (True, [0, 3])
    """
    expect, n = index.expectation, len(first)
    at, worth = np.array(expect.points, dtype=np.float64).T
    neutral = float(np.interp(0.0, at, worth))
    speed = 1 - 0.5 ** (1 / expect.half_life_days)
    order = np.argsort(day, kind="stable")
    order = order[day[order] < until]
    begins = np.searchsorted(day[order], np.arange(until + 1))
    expected, extreme, worst_day = first.astype(np.float64).copy(), np.full(n, neutral), np.full(n, -1, dtype=np.int32)
    sums = {name: np.zeros(n) for name in ("felt", "felt_sq", "felt_n", "kept", "kept_sq", "kept_w", "kept_w2", "end", "end_n", "all_n")}
    for now in range(until):
        rows = order[begins[now]:begins[now + 1]]
        if not rows.size:
            continue
        who, had = unit[rows], score[rows]
        felt = np.interp(had - expected[who], at, worth)
        expected[who] += speed * (had - expected[who])
        _add_day(sums, who, felt, until - 1 - now, neutral, index)
        # of two equally extreme days the later one counts
        more = np.abs(felt - neutral) >= np.abs(extreme[who] - neutral)
        extreme[who[more]], worst_day[who[more]] = felt[more], now
        if now >= since:
            for name, value in (("felt", felt), ("felt_sq", felt * felt), ("felt_n", 1.0)):
                sums[name][who] += value
    return _finish(sums, extreme, expected, worst_day, neutral, index)


def _add_day(sums: dict[str, np.ndarray], who: np.ndarray, felt: np.ndarray, age: int, neutral: float, index: SatisfactionIndex) -> None:
    memory = index.memory
    keep = np.where(felt < neutral, 0.5 ** (age / memory.half_life_bad_days), 0.5 ** (age / memory.half_life_good_days))
    for name, value in (("kept", keep * felt), ("kept_sq", keep * felt * felt), ("kept_w", keep), ("kept_w2", keep * keep), ("all_n", 1.0)):
        sums[name][who] += value
    if age < memory.end_days:
        sums["end"][who] += felt
        sums["end_n"][who] += 1


def _finish(sums: dict[str, np.ndarray], extreme: np.ndarray, expected: np.ndarray, worst_day: np.ndarray, neutral: float, index: SatisfactionIndex) -> Moments:
    memory = index.memory
    with np.errstate(divide="ignore", invalid="ignore"):
        felt = sums["felt"] / sums["felt_n"]
        scatter = np.maximum(sums["felt_sq"] - sums["felt_n"] * felt * felt, 0.0)
        felt_half = _Z * np.sqrt(_smooth(scatter, sums["felt_n"]) / sums["felt_n"])
        weight = sums["kept_w"] + memory.neutral_days
        faded = (sums["kept"] + memory.neutral_days * neutral) / weight
        own = sums["kept"] / sums["kept_w"]
        scatter = np.maximum(sums["kept_sq"] - sums["kept_w"] * own * own, 0.0)
        half = _Z * np.sqrt(_smooth(scatter, sums["kept_w"]) * sums["kept_w2"]) / weight
        end = np.where(sums["end_n"] > 0, sums["end"] / sums["end_n"], faded)
    remembered = (1 - memory.peak - memory.end) * faded + memory.peak * extreme + memory.end * end
    empty = sums["all_n"] == 0
    return Moments(felt, felt_half, np.where(empty, np.nan, remembered), np.where(empty, np.nan, half), np.where(empty, np.nan, expected), worst_day)


def _smooth(scatter: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The variance of each unit's days, drawn towards that of all: two days say little about spread."""
    total = np.nansum(scatter[n > 1])
    free = float((n[n > 1] - 1).sum())
    pooled = total / free if free > 0 else 25.0**2
    return (np.nan_to_num(scatter) + _POOLED * pooled) / (np.maximum(n - 1, 0) + _POOLED)
