"""The clocks of source systems: how an instant of the period is written in local time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.twin.feed import EPOCH_MS, codes
from cemlib.twin.season import DAY_MS, HOUR_MS

__all__ = ["day_text", "home_offset", "local_iso", "local_stamp", "local_text"]


def home_offset(world, at: np.ndarray) -> np.ndarray:
    """Local time at home minus UTC in ms; before the period it is winter."""
    day = at // DAY_MS
    return np.where(day < 0, HOUR_MS, world.offsets[-1, day.clip(0, world.days - 1)])


def local_text(at: np.ndarray, offset: np.ndarray | int, form: str) -> pa.Array:
    """Local times in a strftime form, without their offset; seconds are whole."""
    return pc.strftime(pa.array((at + EPOCH_MS + offset) // 1000).cast(pa.timestamp("s")), form)


def local_iso(at: np.ndarray, world) -> pa.Array:
    """ISO 8601 in local time with its offset."""
    offset = home_offset(world, at)
    return pc.binary_join_element_wise(local_text(at, offset, "%Y-%m-%dT%H:%M:%S"), codes(["+01:00", "+02:00"], offset > HOUR_MS), "")


def local_stamp(at: np.ndarray, offset: np.ndarray | int) -> pa.Array:
    """Digits alone, with milliseconds: 20260302081500.120."""
    millis = codes([f".{one:03d}" for one in range(1000)], (at + EPOCH_MS) % 1000)
    return pc.binary_join_element_wise(local_text(at, offset, "%Y%m%d%H%M%S"), millis, "")


def day_text(day: int | np.ndarray, form: str = "%d/%m/%Y") -> pa.Array:
    """The dates of some days of the period, negative before it."""
    return local_text(np.atleast_1d(np.asarray(day, np.int64)) * DAY_MS, 0, form)
