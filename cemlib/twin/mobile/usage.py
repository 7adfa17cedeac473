"""What customers do on a day and what comes of it: data sessions, calls, short messages, attach and handover."""

from __future__ import annotations

import numpy as np

from cemlib.twin import exact
from cemlib.twin.mobile.declared import MOBILE, RATS
from cemlib.twin.season import DAY_MS, HOUR_MS, SIGNALLING, USAGE, times_of_day

__all__ = ["PROCEDURES", "SERVICES"]

SERVICES = ("web", "video", "messaging", "other")
PROCEDURES = ("attach", "tau", "handover", "service_request")
_CAPACITY = np.array([0.12, 3.5, 38.0, 170.0])
_RADIO_RTT = np.array([380.0, 95.0, 38.0, 20.0])
_VOLUME = np.array([2.6e6, 24e6, 0.3e6, 1.0e6])
_UP_SHARE = np.array([0.09, 0.03, 0.45, 0.16])


@MOBILE.node("customer_day")
def day_number(draw):
    """Number of the day in the period."""
    return draw.number


@MOBILE.node("customer_day", decimals=4)
def day_activity(draw, customer_activity, customer_is_active, day_season):
    """How much is used on the day."""
    return customer_activity * customer_is_active * day_season[draw.number] * draw.of(exact.lognormal_quantile(0.35))


@MOBILE.node("customer_day")
def session_count(draw, day_activity):
    """Data sessions of the day."""
    return draw.poisson(np.minimum(2.3 * day_activity, 120))


@MOBILE.node("customer_day")
def call_count(draw, day_activity):
    """Calls of the day, test calls left out."""
    return draw.poisson(np.minimum(0.75 * np.sqrt(day_activity), 30))


@MOBILE.node("customer_day")
def text_count(draw, day_activity):
    """Short messages of the day."""
    return draw.poisson(np.minimum(0.4 * np.sqrt(day_activity), 30))


@MOBILE.node("customer_day")
def move_count(draw, day_activity):
    """Attach, tracking area updates and handovers that are recorded."""
    return draw.poisson(np.minimum(1.4 * np.sqrt(day_activity), 30))


def _at(u, day, world, hours):
    local = times_of_day(u, hours)
    return day * DAY_MS + (local - world.offsets[-1, day]) % DAY_MS


def _site(u, v, home, work, region, geography):
    """At home, at work, or somewhere in the region."""
    return np.where(u < 0.52, home, np.where(u < 0.78, work, geography.site_in(region, v)))


def _cell_hour(cell, at, days):
    return cell * (days * 24) + at // HOUR_MS


@MOBILE.node("session", unit="ms")
def session_at(draw, day_number, world):
    """Begin of the session."""
    return _at(draw.uniform(), day_number, world, USAGE)


@MOBILE.node("session", labels=SERVICES)
def session_service(draw):
    """What the session is for."""
    return draw.pick([0.44, 0.2, 0.27, 0.09])


@MOBILE.node("session")
def session_site(draw, customer_home_site, customer_work_site, customer_region, geography):
    """Where it is."""
    return _site(draw.uniform(), draw.uniform("elsewhere"), customer_home_site, customer_work_site, customer_region, geography)


@MOBILE.node("session")
def session_is_indoor(draw):
    """Whether the customer is indoors."""
    return draw.chance(0.7)


@MOBILE.node("session", labels=RATS)
def session_rat(draw, customer_device, session_site, world, geography):
    """Radio access that the device and the site make of it."""
    u, rat = draw.uniform(), np.full(len(draw.ids), 2)
    rat[u < 0.065] = 1
    rat[u < 0.015] = 0
    rat[(u > 0.38) & world.device_has_5g[customer_device]] = 3
    return np.where(geography.exists[session_site, rat], rat, 2).astype(np.int8)


@MOBILE.node("session", to="cell")
def session_cell(session_site, session_rat):
    """The cell that serves."""
    return session_site * len(RATS) + session_rat


@MOBILE.node("session", to="cell_hour")
def session_cell_hour(session_cell, session_at, days):
    """The cell's hour."""
    return _cell_hour(session_cell, session_at, days)


@MOBILE.node("session", decimals=1, unit="dBm")
def session_rsrp(draw, cell_level_db, cell_hour_power_db, session_is_indoor, customer_wall_db):
    """Received power."""
    return np.clip(-92 + cell_level_db + cell_hour_power_db - session_is_indoor * customer_wall_db + 6 * draw.normal(), -140, -50)


@MOBILE.node("session", decimals=1, unit="dB")
def session_sinr(draw, session_rsrp, cell_hour_load):
    """Signal to interference and noise."""
    return np.clip(19 + 0.42 * (session_rsrp + 92) - 11 * cell_hour_load + 3 * draw.normal(), -15, 30)


@MOBILE.node("session", decimals=5)
def session_fail_chance(cell_hour_fail_rate, cell_hour_is_up, session_rsrp):
    """Chance that the session is not set up."""
    weak = 0.02 * np.clip(-(session_rsrp + 112) / 6, 0, 4)
    return np.where(cell_hour_is_up, np.minimum(cell_hour_fail_rate + weak, 0.6), 0.92)


@MOBILE.node("session")
def session_fails(draw, session_fail_chance):
    """Whether the session is not set up."""
    return draw.chance(session_fail_chance)


@MOBILE.node("session", decimals=5)
def session_drop_chance(cell_hour_fail_rate, session_sinr):
    """Chance that the session is lost."""
    return np.minimum(0.8 * cell_hour_fail_rate + 0.01 * np.clip(-session_sinr / 4, 0, 4), 0.4)


@MOBILE.node("session")
def session_drops(draw, session_drop_chance, session_fails):
    """Whether the session is lost after it was set up."""
    return draw.chance(session_drop_chance) & ~session_fails


@MOBILE.node("session", decimals=3, unit="Mbit/s")
def session_mbps(draw, session_rat, session_sinr, cell_hour_load):
    """Throughput while data flow."""
    level = exact.exp(0.075 * (session_sinr - 12)) * (1 - 0.68 * np.minimum(cell_hour_load, 1.1))
    return np.clip(_CAPACITY[session_rat] * level * draw.of(exact.lognormal_quantile(0.55)), 0.008, 900)


@MOBILE.node("session", decimals=1, unit="ms")
def session_rtt(draw, session_rat, cell_hour_load):
    """Round trip."""
    return np.clip(_RADIO_RTT[session_rat] * (1 + 1.1 * cell_hour_load * cell_hour_load) * draw.of(exact.lognormal_quantile(0.35)), 4, 20_000)


@MOBILE.node("session", decimals=0, unit="byte")
def session_bytes(draw, session_service, customer_activity, session_mbps):
    """Bytes down: heavy tails; nobody waits half an hour for them."""
    return np.minimum(_VOLUME[session_service] * np.sqrt(customer_activity) * draw.of(exact.lognormal_quantile(1.5)), session_mbps * 2.2e8)


@MOBILE.node("session", decimals=0, unit="ms")
def session_length(draw, session_bytes, session_mbps, session_drops):
    """Duration."""
    whole = np.maximum(90_000 * draw.of(exact.lognormal_quantile(1.0)), session_bytes / session_mbps / 125 * 1.1 + 900)
    return np.where(session_drops, whole * draw.uniform("cut"), whole).clip(300, 6 * HOUR_MS)


@MOBILE.node("session", decimals=0, unit="ms")
def session_setup(draw, session_rtt):
    """Time to set up."""
    return np.clip((70 + 2.2 * session_rtt) * draw.of(exact.lognormal_quantile(0.3)), 20, 30_000)


@MOBILE.node("session", decimals=0, unit="ms")
def session_ready(draw, session_service, session_rtt, session_mbps):
    """What the user waited for: the page, the first picture, the sent message."""
    size = np.array([1.9, 1.2, 0.08, 0.4])[session_service]  # MB until it is usable
    return np.clip((6 * session_rtt + 8000 * size / session_mbps) * draw.of(exact.lognormal_quantile(0.25)), 40, 90_000)


@MOBILE.node("session", decimals=0, unit="ms")
def session_stall(draw, session_service, session_mbps, session_length):
    """Time a video stood still: below 3 Mbit/s it begins to."""
    short = np.clip(1 - session_mbps / 3.0, 0, 1)
    return np.where(session_service == 1, 0.35 * short * session_length * draw.uniform(), 0)


@MOBILE.node("session", decimals=2, unit="MOS")
def session_quality(session_service, session_ready, session_stall, session_length, session_fails, session_drops):
    """What the user thinks of the session, 1 to 5: waiting on a logarithmic scale (as in G.1030), stalls, failure."""
    felt = np.array([3.85, 3.65, 4.05, 3.85])[session_service] - np.array([0.95, 0.8, 0.6, 0.6])[session_service] * exact.log(session_ready / 1000)
    felt = felt - 9 * session_stall / session_length - 1.3 * session_drops
    return np.where(session_fails, 1.0, np.clip(felt, 1, 5))


@MOBILE.node("call", unit="ms")
def call_at(draw, day_number, world):
    """Begin of the call."""
    return _at(draw.uniform(), day_number, world, USAGE)


@MOBILE.node("call")
def call_site(draw, customer_home_site, customer_work_site, customer_region, geography):
    """Where it is."""
    return _site(draw.uniform(), draw.uniform("elsewhere"), customer_home_site, customer_work_site, customer_region, geography)


@MOBILE.node("call", labels=RATS)
def call_rat(draw, customer_device, call_site, world, geography):
    """VoLTE where the device can, 3G or 2G where it cannot."""
    rat = np.where(world.device_has_volte[customer_device] & draw.chance(0.93), 2, np.where(draw.uniform("old") < 0.75, 1, 0))
    return np.where(geography.exists[call_site, rat], rat, 2).astype(np.int8)


@MOBILE.node("call", to="cell")
def call_cell(call_site, call_rat):
    """The cell that serves."""
    return call_site * len(RATS) + call_rat


@MOBILE.node("call", to="cell_hour")
def call_cell_hour(call_cell, call_at, days):
    """The cell's hour."""
    return _cell_hour(call_cell, call_at, days)


@MOBILE.node("call", decimals=1, unit="dBm")
def call_rsrp(draw, cell_level_db, cell_hour_power_db, customer_wall_db):
    """Received power."""
    return np.clip(-92 + cell_level_db + cell_hour_power_db - 0.6 * customer_wall_db + 6 * draw.normal(), -140, -50)


@MOBILE.node("call")
def call_fails(draw, cell_hour_fail_rate, cell_hour_is_up, call_rsrp):
    """Whether the call is not set up."""
    weak = 0.015 * np.clip(-(call_rsrp + 114) / 6, 0, 4)
    return draw.chance(np.where(cell_hour_is_up, 0.7 * cell_hour_fail_rate + weak, 0.9))


@MOBILE.node("call")
def call_is_answered(draw, call_fails):
    """Whether somebody answers."""
    return draw.chance(0.74) & ~call_fails


@MOBILE.node("call")
def call_drops(draw, cell_hour_fail_rate, call_rsrp, call_is_answered):
    """Whether the call is lost."""
    return draw.chance(0.8 * cell_hour_fail_rate + 0.012 * np.clip(-(call_rsrp + 114) / 6, 0, 4)) & call_is_answered


@MOBILE.node("call", decimals=0, unit="ms")
def call_setup(draw, call_rat):
    """Time until it rings."""
    return np.array([6200.0, 5200.0, 2100.0, 1900.0])[call_rat] * draw.of(exact.lognormal_quantile(0.28))


@MOBILE.node("call", decimals=0, unit="ms")
def call_talk(draw, call_drops):
    """Time talked: most short, a few very long."""
    talk = np.clip(70_000 * draw.of(exact.lognormal_quantile(1.15)), 1500, 3 * HOUR_MS)
    return np.where(call_drops, talk * draw.uniform("cut"), talk)


@MOBILE.node("call", decimals=2, unit="MOS")
def call_mos(draw, call_rat, call_rsrp):
    """Quality of speech, narrowband scale."""
    level = np.array([3.6, 3.75, 4.15, 4.15])[call_rat]
    return np.clip(level - 0.05 * np.clip(-(call_rsrp + 108), 0, 30) - np.abs(0.25 * draw.normal()) + 0.15, 1, 4.41)


@MOBILE.node("call", decimals=2, unit="MOS")
def call_quality(call_mos, call_fails, call_drops, call_is_answered):
    """What the user thinks of the call, 1 to 5."""
    return np.where(call_fails, 1.0, np.where(call_drops, 1.8, np.where(call_is_answered, np.minimum(call_mos + 0.2, 5), 4.0)))


@MOBILE.node("text", unit="ms")
def text_at(draw, day_number, world):
    """When the message is sent."""
    return _at(draw.uniform(), day_number, world, USAGE)


@MOBILE.node("text", to="cell")
def text_cell(draw, customer_home_site, customer_work_site, customer_region, geography):
    """The cell that serves."""
    site = _site(draw.uniform(), draw.uniform("elsewhere"), customer_home_site, customer_work_site, customer_region, geography)
    return geography.cell_at(site, np.where(draw.uniform("rat") < 0.85, 2, 1))


@MOBILE.node("text", to="cell_hour")
def text_cell_hour(text_cell, text_at, days):
    """The cell's hour."""
    return _cell_hour(text_cell, text_at, days)


@MOBILE.node("text")
def text_fails(draw, cell_hour_is_up, cell_hour_fail_rate):
    """Whether it does not arrive."""
    return draw.chance(np.where(cell_hour_is_up, 0.004 + 0.5 * cell_hour_fail_rate, 0.5))


@MOBILE.node("move", unit="ms")
def move_at(draw, day_number, world):
    """When it happens."""
    return _at(draw.uniform(), day_number, world, SIGNALLING)


@MOBILE.node("move", labels=PROCEDURES)
def move_procedure(draw):
    """What it is."""
    return draw.pick([0.12, 0.33, 0.37, 0.18])


@MOBILE.node("move", to="cell")
def move_cell(draw, customer_home_site, customer_work_site, customer_region, customer_device, world, geography):
    """The cell that serves; handovers are made on the way."""
    site = _site(draw.uniform(), draw.uniform("elsewhere"), customer_home_site, customer_work_site, customer_region, geography)
    return geography.cell_at(site, np.where(world.device_has_5g[customer_device] & draw.chance(0.4, "5g"), 3, 2))


@MOBILE.node("move", to="cell_hour")
def move_cell_hour(move_cell, move_at, days):
    """The cell's hour."""
    return _cell_hour(move_cell, move_at, days)


@MOBILE.node("move")
def move_fails(draw, cell_hour_is_up, cell_hour_fail_rate, move_procedure):
    """Whether it fails."""
    return draw.chance(np.where(cell_hour_is_up, cell_hour_fail_rate * np.array([1.5, 0.8, 2.0, 0.6])[move_procedure], 0.9))
