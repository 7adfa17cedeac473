"""When things happen: the day's course in local time, the week, and the delay with which a feed writes."""

from __future__ import annotations

import numpy as np

from cemlib.twin import exact
from cemlib.twin.streams import Streams

__all__ = ["DAY_MS", "HOUR_MS", "SIGNALLING", "USAGE", "WARM_UP_DAYS", "WEEK", "begins_of", "expand", "export_times", "hours_down", "times_of_day"]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
#: Trips are drawn from so many days before the period on, so that it begins with people already abroad.
WARM_UP_DAYS = 16

#: Weight of each local hour. Signalling is high in the morning and at arrivals, usage in the evening.
SIGNALLING = (2.2, 1.6, 1.3, 1.2, 1.4, 2.2, 3.6, 5.2, 6.0, 5.8, 5.4, 5.3, 5.5, 5.4, 5.2, 5.2, 5.4, 5.8, 6.0, 5.6, 5.0, 4.4, 3.6, 2.8)
USAGE = (2.0, 1.2, 0.8, 0.6, 0.7, 1.2, 2.5, 4.0, 4.8, 5.0, 5.0, 5.2, 5.8, 5.4, 5.0, 5.0, 5.4, 6.0, 6.8, 7.4, 7.6, 7.0, 5.6, 3.8)
#: Factor of each weekday, Monday first.
WEEK = np.array([0.94, 0.93, 0.95, 0.98, 1.06, 1.10, 1.04])


def times_of_day(u: np.ndarray, hours: tuple[float, ...]) -> np.ndarray:
    """Turn numbers in (0, 1) into local milliseconds of the day that follow the hourly weights.

    Examples
    --------
    >>> times_of_day(np.array([0.0, 0.5]), (1,) * 24).tolist()
    [0, 43200000]
    """
    ladder = np.concatenate([[0.0], np.cumsum(hours)])
    return np.interp(u * ladder[-1], ladder, np.arange(25) * float(HOUR_MS)).astype(np.int64).clip(0, DAY_MS - 1)


def expand(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For rows that have counts of events: the row of each event, and the event's number within its row.

    Examples
    --------
    >>> row, number = expand(np.array([2, 0, 1]))
    >>> row.tolist(), number.tolist()
    ([0, 0, 2], [0, 1, 0])
    """
    row = np.repeat(np.arange(len(counts)), counts)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)


def export_times(streams: Streams, feed: str, ids, ready_at: np.ndarray, median_s: float, p95_s: float) -> np.ndarray:
    """When a feed wrote its records: a skewed delay after they were ready; 0.3 % come 6 to 20 hours late.

    Parameters
    ----------
    streams : Streams
    feed : str
        The feed's name; each has its own streams.
    ids : array
        The records' ids.
    ready_at : array
        When each record could be written first, in ms.
    median_s, p95_s : float
        Median and 95th percentile of the usual delay, in seconds.
    """
    sigma = exact.log(p95_s / median_s) / 1.6448536269514722
    delay_s = np.minimum(streams.lognormal(f"{feed}.delay", ids, median_s, sigma), 5.5 * 3600)
    late = streams.uniform(f"{feed}.late", ids) < 0.003
    delay_s = np.where(late, 3600 * (6 + 14 * streams.uniform(f"{feed}.late_by", ids)), delay_s)
    return ready_at + (delay_s * 1000).astype(np.int64)


def begins_of(up: np.ndarray) -> np.ndarray:
    """Where something that was up goes down (rows x hours); what is down at first went down then.

    Examples
    --------
    >>> begins_of(np.array([[True, False, False, True, False]])).tolist()
    [[False, True, False, False, True]]
    """
    before = np.concatenate([np.ones((len(up), 1), bool), up[:, :-1]], axis=1)
    return before & ~up


def hours_down(up: np.ndarray) -> np.ndarray:
    """Hours until it is up again, counted from each hour on (rows x hours); 0 while it is up.

    Examples
    --------
    >>> hours_down(np.array([[True, False, False, True, False]])).tolist()
    [[0, 2, 1, 0, 1]]
    """
    left = np.zeros(up.shape, np.int64)
    for hour in range(up.shape[1] - 1, -1, -1):
        left[:, hour] = np.where(up[:, hour], 0, 1 + (left[:, hour + 1] if hour + 1 < up.shape[1] else 0))
    return left
