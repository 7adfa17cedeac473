"""A line and its days: copper or fibre, the box and the walls of the home, what is measured, watched and complained of."""

from __future__ import annotations

import numpy as np

from cemlib.twin import exact
from cemlib.twin.fixed.declared import CABINETS, FIXED, HEADS, NODES, TECHNOLOGIES
from cemlib.twin.season import DAY_MS, HOUR_MS, USAGE, times_of_day

__all__ = ["BOXES", "PRODUCTS"]

BOXES = ("box_one", "box_two", "box_air")
#: technology: product, download and upload sold in kbit/s.
PRODUCTS = (("dsl_16", 16_000, 1_000), ("vdsl_50", 50_000, 10_000), ("fibre_1000", 1_000_000, 500_000))

FIXED.wrapped("line_block", "line", meaning="The first customer of the block.")


@FIXED.node("line", to="customer")
def line_customer(draw, line_block):
    """The customer whose line it is."""
    return draw.ids - line_block


@FIXED.node("line")
def line_number(draw):
    """Number of the line."""
    return draw.ids


@FIXED.node("line", to="cabinet")
def line_cabinet(draw):
    """Cabinet or splitter."""
    return (draw.uniform() * CABINETS).astype(np.int64)


@FIXED.node("line")
def line_node(cabinet_number):
    """Number of the access node."""
    return cabinet_number % NODES


@FIXED.node("line", labels=TECHNOLOGIES)
def line_technology(draw, node_is_optical):
    """Fibre where the node is an OLT, else VDSL, on long loops ADSL."""
    return np.where(node_is_optical, 2, np.where(draw.uniform() < 0.25, 0, 1))


@FIXED.node("line", decimals=0, unit="m")
def line_length_m(draw, line_technology):
    """Length of the loop from the cabinet, or of the fibre."""
    return np.array([2300.0, 420.0, 3000.0])[line_technology] * draw.of(exact.lognormal_quantile(0.4))


@FIXED.node("line", labels=BOXES)
def line_box(draw):
    """Model of the home's box."""
    return draw.pick([0.45, 0.35, 0.2])


@FIXED.node("line", decimals=1, unit="dB")
def line_wall_db(draw):
    """What walls and neighbours take from the Wi-Fi."""
    return 6 + 13 * draw.of(exact.weibull_quantile(1.8))


@FIXED.node("line", decimals=3)
def line_taste(draw):
    """How much is watched and called."""
    return np.minimum(draw.of(exact.lognormal_quantile(0.6)), 6.0)


@FIXED.node("line")
def line_head(draw):
    """The server of television that the line is assigned to."""
    return (draw.uniform() * HEADS).astype(np.int64)


@FIXED.node("line_day")
def line_day_number(draw):
    """Number of the day."""
    return draw.number


@FIXED.node("line_day", to="cabinet_day")
def line_cabinet_day(line_day_number, line_cabinet, days):
    """The cabinet's day."""
    return line_cabinet * days + line_day_number


@FIXED.node("line_day", decimals=1, unit="dB")
def line_margin_db(draw, line_technology, cabinet_day_water_db, line_length_m):
    """Noise margin of copper; fibre has none."""
    return np.where(line_technology == 2, 0.0, np.clip(9.5 - 0.0008 * line_length_m + 1.1 * draw.normal() - cabinet_day_water_db, -3, 30))


@FIXED.node("line_day", decimals=0, unit="kbit/s")
def line_attainable_kbps(line_technology, line_length_m, line_margin_db):
    """What the loop could carry."""
    copper = np.where(line_technology == 0, 22_000 * exact.exp(-line_length_m / 4000), 105_000 * exact.exp(-line_length_m / 900))
    return np.where(line_technology == 2, 1_000_000, copper * np.clip(0.55 + 0.05 * line_margin_db, 0.2, 1.2))


@FIXED.node("line_day", decimals=0, unit="kbit/s")
def line_sync_kbps(line_technology, line_attainable_kbps):
    """The rate at which the line is synchronised: at most what is sold."""
    sold = np.array([one[1] for one in PRODUCTS])[line_technology]
    return np.minimum(sold, 0.94 * line_attainable_kbps)


@FIXED.node("line_day", decimals=3, unit="dBm")
def line_optical_dbm(draw, line_technology, line_length_m):
    """Received optical power; copper has none."""
    return np.where(line_technology == 2, -16.5 - 0.0004 * line_length_m + 0.15 * draw.normal(), 0.0)


@FIXED.node("line_day")
def line_retrains(draw, line_technology, line_margin_db):
    """How often copper lost its synchronisation: hardly ever above 6 dB, often below 3."""
    return np.where(line_technology == 2, 0, draw.poisson(0.03 + 0.9 * np.maximum(5 - line_margin_db, 0)))


@FIXED.node("line_day", unit="s")
def line_errored_s(draw, line_technology, line_margin_db):
    """Seconds with errors."""
    return np.where(line_technology == 2, draw.poisson(0.02), draw.poisson(np.minimum(3 + 60 * np.maximum(6 - line_margin_db, 0), 390)))


@FIXED.node("line_day", decimals=1, unit="dBm")
def line_wifi_dbm(draw, line_wall_db):
    """Wi-Fi power at the usual place."""
    return np.clip(-36 - line_wall_db - 10 * draw.of(exact.weibull_quantile(1.5)), -94, -25)


@FIXED.node("line_day", decimals=0, unit="kbit/s")
def line_wifi_kbps(line_wifi_dbm, line_box):
    """Rate of the Wi-Fi link."""
    best = np.array([866_700.0, 433_300.0, 1_201_000.0])[line_box]
    return best * np.clip((line_wifi_dbm + 92) / 45, 0.02, 1)


@FIXED.node("line_day")
def watch_count(draw, line_taste, line_technology):
    """Channels watched; not over ADSL."""
    return np.where(line_technology == 0, 0, draw.poisson(np.minimum(2.2 * line_taste, 30)))


@FIXED.node("watch", unit="ms")
def watch_at(draw, line_day_number):
    """When the channel was chosen: television is of the evening."""
    evening = tuple(one * (2.2 if hour >= 18 else 1.0) for hour, one in enumerate(USAGE))
    return line_day_number * DAY_MS + (times_of_day(draw.uniform(), evening) - HOUR_MS) % DAY_MS


@FIXED.node("watch", to="head_hour")
def watch_head_hour(watch_at, line_head, days):
    """The hour of the server."""
    return line_head * days * 24 + watch_at // HOUR_MS


@FIXED.node("watch", decimals=0, unit="s")
def watch_s(draw):
    """How long it was watched: zapping and whole evenings."""
    return np.minimum(900 * draw.of(exact.lognormal_quantile(1.3)), 14_400)


@FIXED.node("watch", to="node_hour")
def watch_node_hour(watch_at, line_node, days):
    """The hour of the access node."""
    return line_node * days * 24 + watch_at // HOUR_MS


@FIXED.node("watch")
def watch_fails(draw, node_hour_is_up, head_hour_fails, line_margin_db, line_technology):
    """Whether the channel did not come."""
    return ~node_hour_is_up | (draw.uniform() < head_hour_fails + 0.02 * np.maximum(3 - line_margin_db, 0) * (line_technology < 2))


@FIXED.node("watch", decimals=0, unit="ms")
def watch_zap_ms(draw, line_wifi_dbm):
    """Channel change."""
    return (520 + 14 * np.maximum(-70 - line_wifi_dbm, 0)) * draw.of(exact.lognormal_quantile(0.3))


@FIXED.node("watch", decimals=0, unit="ms")
def watch_freeze_ms(draw, watch_s, head_hour_stall, line_errored_s, line_wifi_dbm):
    """Frozen picture: the server, the line, the Wi-Fi."""
    a_second = head_hour_stall / 3600 + 0.00004 * line_errored_s + 0.0009 * np.maximum(-76 - line_wifi_dbm, 0)
    return 1000 * np.minimum(watch_s * a_second * draw.of(exact.lognormal_quantile(1.0)), 0.9 * watch_s)


@FIXED.node("line_day")
def fixed_call_count(draw, line_taste):
    """Calls over the line."""
    return draw.poisson(np.minimum(0.45 * line_taste, 8))


@FIXED.node("fixed_call", unit="ms")
def fixed_call_at(draw, line_day_number):
    """When the call began."""
    return line_day_number * DAY_MS + (times_of_day(draw.uniform(), USAGE) - HOUR_MS) % DAY_MS


@FIXED.node("fixed_call", labels=("answered", "busy", "no answer", "failed"))
def fixed_call_end(draw, line_retrains):
    """How the try ended."""
    u, fails = draw.uniform(), np.minimum(0.006 + 0.004 * line_retrains, 0.3)
    return np.where(u < fails, 3, np.where(u < fails + 0.07, 1, np.where(u < fails + 0.22, 2, 0)))


@FIXED.node("fixed_call", decimals=0, unit="ms")
def fixed_call_talk_ms(draw):
    """Talk."""
    return 1000 * np.minimum(120 * draw.of(exact.lognormal_quantile(1.2)), 10_800)


@FIXED.node("fixed_call", decimals=2, unit="MOS")
def fixed_call_mos(draw, line_errored_s, line_wifi_dbm):
    """Quality of speech."""
    return np.clip(4.28 - 0.002 * line_errored_s - 0.02 * np.maximum(-76 - line_wifi_dbm, 0) + 0.08 * draw.normal(), 1.2, 4.4)


@FIXED.node("line_day", decimals=4, pool={"watch_freeze_ms": "sum"})
def line_trouble(watch_freeze_ms, line_retrains, line_wifi_dbm):
    """What the day hurt."""
    return np.minimum(0.02 * watch_freeze_ms / 1000, 2.5) + np.minimum(0.3 * line_retrains, 1.8) + 0.05 * np.maximum(-78 - line_wifi_dbm, 0)


@FIXED.node("line_day")
def line_complains(draw, line_trouble):
    """Whether the customer of the line complains on the day."""
    return draw.uniform() < 0.0004 + 0.008 * np.minimum(line_trouble, 4)


@FIXED.node("line_day")
def line_word_at(draw, line_day_number):
    """When the customer complains, in waking hours."""
    return line_day_number * DAY_MS + 8 * HOUR_MS + (12 * HOUR_MS * draw.uniform()).astype(np.int64)


@FIXED.node("line_day")
def line_ceases(draw, line_trouble):
    """Whether the line is given up."""
    return draw.uniform() < 0.00012 + 0.0006 * np.minimum(line_trouble, 4)
