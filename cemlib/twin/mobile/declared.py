"""The mobile customer's life: its domain object, its constants, and the geography that nothing changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemlib.twin.scm import Domain
from cemlib.twin.season import DAY_MS, HOUR_MS, USAGE, WEEK
from cemlib.twin.streams import Streams
from cemlib.twin.world import World

__all__ = ["HISTORY_DAYS", "MOBILE", "RATS", "SITES", "Geography", "build_geography", "seasons_of_days", "seasons_of_hours"]

#: Sites of the home network; each has a place for a cell of every radio access.
SITES = 240
RATS = ("2g", "3g", "4g", "5g")
#: Days of aggregates before the period: 13 months with it.
HISTORY_DAYS = 365

MOBILE = Domain("mobile", constants=["world", "geography", "hour_season", "day_season", "history_season", "families", "days", "people"])
MOBILE.entities("cell", is_shared=True)
MOBILE.steps("cell_hour", of="cell", step_ms=HOUR_MS, is_shared=True)
MOBILE.steps("cell_history", of="cell", step_ms=DAY_MS, is_shared=True)
MOBILE.entities("customer")
MOBILE.steps("customer_day", of="customer", step_ms=DAY_MS)
MOBILE.events("session", of="customer_day", count="session_count", clock="session_at")
MOBILE.events("call", of="customer_day", count="call_count", clock="call_at")
MOBILE.events("text", of="customer_day", count="text_count", clock="text_at")
MOBILE.events("move", of="customer_day", count="move_count", clock="move_at")


@dataclass(frozen=True)
class Geography:
    """Where the network is.

    Attributes
    ----------
    region : numpy.ndarray
        Row of the world's regions of each site.
    latitude, longitude : numpy.ndarray
    is_urban : numpy.ndarray
    exists : numpy.ndarray
        Sites x radio access: whether there is such a cell; 4G is everywhere.
    of_region : numpy.ndarray
        Sites sorted by region; ``first[r]`` to ``first[r + 1]`` are those of a region.
    first : numpy.ndarray
    """

    region: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    is_urban: np.ndarray
    exists: np.ndarray
    of_region: np.ndarray
    first: np.ndarray

    def site_in(self, region: np.ndarray, u: np.ndarray) -> np.ndarray:
        """A site of each region, the first ones more often than the last."""
        first, count = self.first[region], self.first[region + 1] - self.first[region]
        return self.of_region[first + (u * u * count).astype(np.int64)]

    def cell_at(self, site: np.ndarray, rat: np.ndarray) -> np.ndarray:
        """The cell that serves: of the wanted radio access, or 4G where the site has none of it."""
        return site * len(RATS) + np.where(self.exists[site, rat], rat, 2)


def build_geography(world: World, streams: Streams) -> Geography:
    """Sites in the regions by their shares, two at least in each.

    Examples
    --------
    >>> from cemlib.twin.world import build_world
    >>> geography = build_geography(build_world(3), Streams(1))
    >>> int(np.bincount(geography.region).min()), bool(geography.exists[:, 2].all())
    (2, True)
    """
    ids, regions = np.arange(SITES), world.regions
    sure = np.repeat(np.arange(len(regions)), 2)
    region = np.concatenate([sure, streams.pick("site.region", ids[len(sure):], regions["share"])])
    half = regions["half_deg"].to_numpy()[region]
    urban = streams.uniform("site.urban", ids) < 0.45
    share = np.array([[0.9, 0.75, 1.0, 0.25], [0.95, 0.9, 1.0, 0.75]])[urban.astype(int)]
    exists = np.stack([streams.uniform(f"site.{rat}", ids) < share[:, at] for at, rat in enumerate(RATS)], axis=1)
    order = np.argsort(region, kind="stable")
    return Geography(
        region, np.round(regions["lat"].to_numpy()[region] + half * (2 * streams.uniform("site.lat", ids) - 1), 6),
        np.round(regions["lon"].to_numpy()[region] + half * (2 * streams.uniform("site.lon", ids) - 1), 6), urban, exists, order,
        np.concatenate([[0], np.cumsum(np.bincount(region, minlength=len(regions)))]))


def seasons_of_hours(world: World) -> np.ndarray:
    """Load of each hour of the period against the mean, by the local clock."""
    day, hour = np.repeat(np.arange(world.days), 24), np.tile(np.arange(24), world.days)
    local = (hour + world.offsets[-1, day] // HOUR_MS) % 24
    curve = np.array(USAGE) / np.mean(USAGE)
    return np.round(curve[local] * WEEK[(day + 6) % 7], 6)


def seasons_of_days(first: int, end: int) -> np.ndarray:
    """Load of some days against that of the period's first: the week, a dent in summer and at the year's end, growth of 18 % a year."""
    day = np.arange(first, end)
    of_year = (day + 59) % 365  # the period begins on 1 March
    summer = -0.08 * np.maximum(0, 1 - np.abs(of_year - 222) / 35)
    turn = 0.06 * np.maximum(0, 1 - np.abs(of_year - 357) / 8)
    return np.round(WEEK[(day + 6) % 7] * (1 + summer + turn) * (1 + 0.18 * day / 365), 6)
