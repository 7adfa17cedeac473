"""Cells: load with its day and week, power, availability, and how often a session fails in them."""

from __future__ import annotations

import numpy as np

from cemlib.twin import exact
from cemlib.twin.mobile.declared import HISTORY_DAYS, MOBILE, RATS

__all__ = ["VENDORS"]

VENDORS = ("Nordvik", "Sunfield", "Tessera")


@MOBILE.node("cell", labels=RATS)
def cell_rat(draw):
    """Radio access of the cell."""
    return draw.ids % len(RATS)


@MOBILE.node("cell")
def cell_site(draw):
    """Number of the site."""
    return draw.ids // len(RATS)


@MOBILE.node("cell", labels="regions")
def cell_region(cell_site, geography):
    """Region of the cell."""
    return geography.region[cell_site]


@MOBILE.node("cell", labels=VENDORS)
def cell_vendor(draw, cell_site):
    """Maker of the site's radio; one maker a site."""
    return draw.streams.pick("cell_vendor", cell_site, [5, 3, 2])


@MOBILE.node("cell")
def cell_exists(cell_site, cell_rat, geography):
    """Whether the site has a cell of this radio access."""
    return geography.exists[cell_site, cell_rat]


@MOBILE.node("cell", decimals=4)
def cell_base_load(draw, cell_site, geography):
    """Mean load of the cell; urban ones are fuller."""
    return (0.22 + 0.1 * geography.is_urban[cell_site]) * draw.of(exact.lognormal_quantile(0.3))


@MOBILE.node("cell", decimals=2, unit="dB")
def cell_level_db(draw):
    """How well the cell reaches its customers."""
    return 3.5 * draw.normal()


@MOBILE.node("cell_hour", decimals=3)
def cell_hour_load(draw, cell_base_load, hour_season):
    """Share of the cell's resources in use."""
    return np.minimum(cell_base_load * hour_season[draw.number] * draw.of(exact.lognormal_quantile(0.16)), 1.2)


@MOBILE.node("cell_hour")
def cell_hour_is_up(draw):
    """Whether the cell is on the air; short failures occur without any scenario."""
    return draw.uniform() > 0.0004


@MOBILE.node("cell_hour", decimals=1, unit="dB")
def cell_hour_power_db(draw):
    """Change of the cell's power against plan."""
    return np.zeros(len(draw.ids))


@MOBILE.node("cell_hour", decimals=5)
def cell_hour_fail_rate(draw, cell_hour_load):
    """Chance that a session or call fails for reasons of the cell: a background, and congestion."""
    return 0.0035 * draw.of(exact.lognormal_quantile(0.35)) + 0.12 * np.maximum(cell_hour_load - 0.85, 0)


@MOBILE.node("cell_hour", decimals=1, unit="degC")
def cell_hour_cabinet_c(draw, cell_hour_load):
    """An innocent counter of the cell (temperature of its cabinet): it follows the load and harms nobody."""
    return 31 + 16 * cell_hour_load + 1.2 * draw.normal()


@MOBILE.node("cell_hour", to="cell_history")
def cell_hour_day(draw, days):
    """The cell's day to which the hour belongs."""
    return draw.row_above * (HISTORY_DAYS + days) + HISTORY_DAYS + draw.number // 24


@MOBILE.node("cell_hour", decimals=3)
def cell_hour_carried(cell_hour_load, cell_hour_is_up):
    """Load that was carried."""
    return cell_hour_load * cell_hour_is_up


@MOBILE.node("cell_history", decimals=4, pool={"cell_hour_carried": "sum"})
def history_load(draw, cell_hour_carried, cell_base_load, history_season):
    """Mean load of a day, back to thirteen months ago; within the period that of its hours."""
    past = cell_base_load * history_season[draw.number + HISTORY_DAYS] * draw.of(exact.lognormal_quantile(0.05))
    return np.where(draw.number < 0, past, cell_hour_carried / 24)
