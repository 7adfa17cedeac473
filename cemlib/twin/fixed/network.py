"""What lines share: the node's load and power, the cabinet's moisture, the servers of television."""

from __future__ import annotations

import numpy as np

from cemlib.twin import exact
from cemlib.twin.fixed.declared import FIXED, HEADS, NODES

__all__: list[str] = []


@FIXED.node("node")
def node_is_optical(draw):
    """Whether the node is an OLT; the others are DSLAMs."""
    return draw.ids % 8 < 3


@FIXED.node("node", labels="regions")
def node_region(draw, geography):
    """Region of the node."""
    return geography.region[(draw.ids * 5) % len(geography.region)]


@FIXED.node("node_hour")
def node_hour_is_up(draw):
    """Whether the node has power in the hour."""
    return draw.uniform() > 0.00008


@FIXED.node("node_hour", decimals=3)
def node_hour_load(draw, hour_season):
    """Share of the node's way to the core in use."""
    return np.minimum(0.34 * hour_season[draw.number] * draw.of(exact.lognormal_quantile(0.12)), 1.1)


@FIXED.node("cabinet", to="node")
def cabinet_node(draw):
    """The node that feeds the cabinet."""
    return draw.ids % NODES


@FIXED.node("cabinet")
def cabinet_number(draw):
    """Number of the cabinet or splitter."""
    return draw.ids


@FIXED.node("cabinet_day", decimals=1, unit="dB")
def cabinet_day_water_db(draw):
    """Noise that moisture in the joints adds for all copper pairs of the cabinet; rain comes and goes."""
    wet = draw.uniform("rain") < 0.18
    return np.where(wet, 0.6 * draw.of(exact.weibull_quantile(1.3)), 0.0)


@FIXED.node("head_hour", decimals=4)
def head_hour_stall(draw, hour_season):
    """Seconds of frozen picture a watched hour that come from the servers of television."""
    return 0.5 * hour_season[draw.number] * draw.of(exact.lognormal_quantile(0.4))


@FIXED.node("head_hour", decimals=5)
def head_hour_fails(draw):
    """Chance that a channel does not come."""
    return 0.002 * draw.of(exact.lognormal_quantile(0.4))


@FIXED.node("head_hour")
def head_hour_start(draw):
    """Begin of the hour."""
    return draw.number


@FIXED.node("head")
def head_number(draw):
    """Number of the server."""
    return draw.ids % HEADS
