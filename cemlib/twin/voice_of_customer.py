"""What customers say and measure: ratings of calls and speed tests, of our network and of two competitors'.

Who answers is not who uses: people rate when they are angry or delighted, and some rate often.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.twin import exact
from cemlib.twin.faults import Faults
from cemlib.twin.feed import Feed, codes, instants, numbers, tokens
from cemlib.twin.season import DAY_MS, HOUR_MS, USAGE, times_of_day
from cemlib.twin.streams import Streams
from cemlib.twin.subscribers import fiction_numbers
from cemlib.twin.world import World

__all__ = ["rating_feed", "speed_test_feed"]

MISSING = "2147483647"
_NETWORKS = ("2G", "3G", "4G", "5G", "unknown")
_NETWORK_SHARES, _NETWORK_LEVELS = (0.03, 0.10, 0.58, 0.17, 0.12), np.array([-0.75, -0.35, 0.05, 0.3, -0.05])
_PLACES = ("indoor", "outdoor", "travelling")
_PLACE_SHARES, _PLACE_LEVELS = (0.62, 0.23, 0.15), np.array([-0.12, 0.18, -0.3])
_CATEGORIES = ("satisfactory", "poor_voice", "call_dropped")
# rows: rating 1 … 5
_CATEGORY_SHARES = np.array([[0.04, 0.50, 0.46], [0.14, 0.58, 0.28], [0.72, 0.22, 0.06], [0.97, 0.025, 0.005], [0.99, 0.008, 0.002]])
_STEPS = np.array([-1.35, -0.8, -0.15, 0.75])
_TECHNOLOGIES, _TECHNOLOGY_SHARES = ("4g", "5g", "wifi4", "wifi5"), (0.45, 0.2, 0.13, 0.22)
_TECHNOLOGY_MBPS, _TECHNOLOGY_PING = np.array([34.0, 170.0, 36.0, 150.0]), np.array([38.0, 22.0, 24.0, 15.0])


def _when_and_where(world: World, streams: Streams, node: str, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Time, share of the busiest hour's load, home region and operator of some answers or tests."""
    day = np.minimum((streams.uniform(f"{node}.day", ids) * world.days).astype(np.int64), world.days - 1)
    local = times_of_day(streams.uniform(f"{node}.time", ids), USAGE)
    at = day * DAY_MS + (local - world.offsets[-1, day]) % DAY_MS
    load = np.array(USAGE)[local // HOUR_MS] / max(USAGE)
    region = streams.pick(f"{node}.region", ids, world.regions["share"])
    return at, load, region, streams.pick(f"{node}.operator", ids, world.operators["share"])


def _of_the_bad_region(world: World, faults: Faults, region: np.ndarray, operator: np.ndarray) -> np.ndarray:
    return faults.has("indoor_4g") & (world.regions["state"] == faults.region).to_numpy()[region] & (operator == 0)


def rating_feed(world: World, streams: Streams, people: pd.DataFrame, faults: Faults, count: int) -> Feed:
    """Call ratings from 1 to 5, some two thirds of ``count`` asked; a fifth of them without a place."""
    ids = np.arange(count)
    at, load, region, operator = _when_and_where(world, streams, "rating", ids)
    network, place = streams.pick("rating.network", ids, _NETWORK_SHARES), streams.pick("rating.place", ids, _PLACE_SHARES)
    own = people[people["is_own"] & (people["status"] == "active")]
    # few rate often: the square crowds the low places of a shuffled list
    shuffled = own["msisdn"].to_numpy()[np.argsort(streams.uniform("rating.shuffle", own["sub"]), kind="stable")]
    u = streams.uniform("rating.person", ids) ** 2
    rater = (u * np.where(operator == 0, len(shuffled), 18_000)).astype(np.int64)
    msisdn = np.where(operator == 0, shuffled[np.minimum(rater, len(shuffled) - 1)], fiction_numbers(rater % 20_000, first_range=4))
    temper = 0.55 * streams.normal("rating.temper", rater + 100_000 * operator)
    level = (0.42 + world.operators["level"].to_numpy()[operator] + _NETWORK_LEVELS[network] + _PLACE_LEVELS[place] - 0.3 * load
             + 0.06 * streams.normal("region.level", np.arange(len(world.regions)))[region])
    level = level + np.where(_of_the_bad_region(world, faults, region, operator) & (place == 0) & (network == 2), faults.region_level, 0.0)
    felt = level + temper + 0.95 * streams.normal("rating.noise", ids)
    rating = np.searchsorted(_STEPS, felt)
    answers = streams.uniform("rating.answers", ids) < (0.42 + 0.24 * np.minimum((felt - 0.2) ** 2, 2.0))
    ladder = np.cumsum(_CATEGORY_SHARES, axis=1)[rating]
    category = (streams.uniform("rating.category", ids)[:, None] > ladder[:, :2]).sum(axis=1)
    unplaced = streams.uniform("rating.unplaced", ids) < 0.2
    regions = world.regions
    lat = regions["lat"].to_numpy()[region] + regions["half_deg"].to_numpy()[region] * (2 * streams.uniform("rating.lat", ids) - 1)
    lon = regions["lon"].to_numpy()[region] + 1.3 * regions["half_deg"].to_numpy()[region] * (2 * streams.uniform("rating.lon", ids) - 1)
    table = pa.table({
        "answered": instants(at), "msisdn": pa.array(msisdn), "operator": codes(world.operators["operator"], operator),
        "network": codes(_NETWORKS, network), "place": codes(_PLACES, place), "rating": pa.array(rating + 1), "category": codes(_CATEGORIES, category),
        "lat": _place(lat, unplaced), "lon": _place(lon, unplaced), "state": codes([*regions["state"], ""], np.where(unplaced, len(regions), region)),
    })
    order = np.lexsort((ids, at))
    return Feed("rating", table, ids).take(order[answers[order]])


def _place(degrees: np.ndarray, unknown: np.ndarray) -> pa.Array:
    return pa.array(np.where(unknown, "-1", np.array([f"{one:.6f}" for one in degrees.tolist()])))


def speed_test_feed(world: World, streams: Streams, faults: Faults, count: int) -> Feed:
    """Speed tests on customers' devices over mobile radio and Wi-Fi, with the series of radio measurements that the app took."""
    ids = np.arange(count)
    at, load, region, operator = _when_and_where(world, streams, "speed", ids)
    technology = streams.pick("speed.technology", ids, _TECHNOLOGY_SHARES)
    user = (exact.power(streams.uniform("speed.user", ids), 1.7) * count * 0.7).astype(np.int64) * len(world.operators) + operator
    able = world.devices[(world.devices["volte"] == 1) & (world.devices["vendor"] != "Tessel")].reset_index(drop=True)
    device = streams.pick("speed.device", user, able["weight"])
    bad = _of_the_bad_region(world, faults, region, operator) & (technology == 0)
    mobile = technology < 2
    rsrp = -93 + 9 * streams.normal("speed.rsrp", ids) - 3 * (technology == 1) - 9 * bad
    speed = _TECHNOLOGY_MBPS[technology] * (1 - 0.35 * load**2) * exact.exp(0.25 * world.operators["level"].to_numpy()[operator])
    speed = speed * np.where(mobile, exact.exp(0.035 * (rsrp + 93)), 1) * np.where(bad, 0.55, 1)
    down = streams.lognormal("speed.down", ids, speed, 0.62).clip(0.05, 1600)
    up = streams.lognormal("speed.up", ids, down * 0.22 + 0.4, 0.5).clip(0.02, 400)
    ping = streams.lognormal("speed.ping", ids, _TECHNOLOGY_PING[technology] * (1 + 0.3 * load**2) * np.where(bad, 1.4, 1), 0.4)
    wifi = -58 + 8 * streams.normal("speed.wifi", ids)
    link = np.array([72.0, 72.0, 72.0, 433.0])[technology] * np.where(streams.uniform("speed.link", ids) < 0.4, 2, 1)
    # many devices do not tell their radio measurements
    hidden = streams.uniform("speed.hidden", ids) < 0.18
    table = pa.table({
        "tested": instants(at), "user_id": pa.array(np.char.add("u-", tokens(streams, "speed.user_id", user))),
        "operator": codes(world.operators["operator"], operator), "technology": codes(_TECHNOLOGIES, technology),
        "state": codes(world.regions["state"], region),
        "city": codes([f"{state} {town}" for state in world.regions["state"] for town in world.towns],
                      region * len(world.towns) + streams.pick("speed.town", ids, [4, 3, 2, 1])),
        "brand": codes(able["vendor"], device), "model": codes(able["model"], device),
        "dl_mbps": _or_missing(down, 1, streams.uniform("speed.no_down", ids) < 0.006),
        "ul_mbps": _or_missing(up, 1, streams.uniform("speed.no_up", ids) < 0.04), "ping_ms": _or_missing(ping, 0, streams.uniform("speed.no_ping", ids) < 0.01),
        "rsrp": _series(streams, "speed.rsrp_series", ids, rsrp, 1.6, ~mobile | hidden, (-140, -44)),
        "rsrq": _or_missing(-10.5 + 2.2 * streams.normal("speed.rsrq", ids) - 1.5 * bad, 0, ~mobile | hidden),
        "sinr": _or_missing(12 + 6 * streams.normal("speed.sinr", ids) + 0.4 * (rsrp + 93), 0, ~mobile | hidden),
        "wifi_rssi": _series(streams, "speed.wifi_series", ids, wifi, 1.2, mobile, (-95, -20)), "link_mbps": _or_missing(link, 0, mobile),
    })
    return Feed("speed_test", table, ids).take(np.lexsort((ids, at)))


def _or_missing(values: np.ndarray, decimals: int, missing: np.ndarray) -> pa.Array:
    return pa.array(np.where(missing, MISSING, numbers(values, decimals).cast(pa.string()).to_numpy(zero_copy_only=False)), pa.string())


def _series(streams: Streams, node: str, ids: np.ndarray, level: np.ndarray, spread: float, missing: np.ndarray, limits: tuple[int, int]) -> pa.Array:
    """Up to fourteen samples around each level, joined by semicolons; now and then a sample is missing."""
    length = 3 + (12 * streams.uniform(f"{node}.length", ids)).astype(np.int64)
    samples = ids[:, None] * 16 + np.arange(14)
    value = np.round(level[:, None] + spread * streams.normal(node, samples.ravel()).reshape(samples.shape)).astype(np.int64).clip(*limits)
    gap = streams.uniform(f"{node}.gap", samples.ravel()).reshape(samples.shape) < 0.01
    texts = np.where(gap, MISSING, value.astype("<U11"))
    return pa.array([MISSING if lost else ";".join(row[:n]) for lost, row, n in zip(missing.tolist(), texts.tolist(), length.tolist())])
