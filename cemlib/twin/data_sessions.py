"""Data sessions of roamers: set-up, DNS, round trip, throughput, volume. Home-routed: the way home sets the round trip."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.twin import exact
from cemlib.twin.causes import background_rates
from cemlib.twin.faults import Faults
from cemlib.twin.feed import Feed, codes, instants, numbers, use_columns, use_of_roamers
from cemlib.twin.presence import served_by, who
from cemlib.twin.season import DAY_MS, HOUR_MS, USAGE, export_times
from cemlib.twin.signalling import RATS
from cemlib.twin.streams import Streams
from cemlib.twin.world import World

__all__ = ["data_feed", "network_quality"]

_PER_DAY = 9.6
_SERVICES = ("web", "video", "messaging", "other")
_SERVICE_WEIGHTS = (0.45, 0.18, 0.27, 0.10)
# per radio access 2G … 5G: what the radio adds to the round trip, and the median throughput
_RADIO_RTT_MS = np.array([380.0, 85.0, 26.0, 12.0])
_RADIO_MBPS = np.array([0.09, 2.8, 17.0, 75.0])
_RADIO_VOLUME = np.array([0.03, 0.35, 1.0, 1.6])
# per service: median bytes down, spread, share up
_VOLUME = np.array([[3.2e6, 1.5, 0.09], [28e6, 1.35, 0.03], [0.35e6, 1.4, 0.45], [1.2e6, 1.8, 0.16]])
_ACCEPTED, _NEW_TYPE, _SINGLE_BEARER = "16", "18", "19"
_FAILURES = {"100": 0.30, "94": 0.14, "78": 0.16, "92": 0.08, "93": 0.08, "73": 0.08, "113": 0.06, "72": 0.06, "64": 0.04}


def network_quality(world: World, streams: Streams) -> pd.DataFrame:
    """Each network's own level: factor of round trip and throughput, MOS offset, whether VoLTE roaming works there."""
    draw = np.array([streams.generator("network.quality", plmn).normal(size=4) for plmn in world.networks["plmn"]])
    return pd.DataFrame({"rtt": exact.exp(0.10 * draw[:, 0]), "mbps": exact.exp(0.18 * draw[:, 1]), "mos": 0.06 * draw[:, 2], "volte": draw[:, 3] > -0.7})


def data_feed(world: World, streams: Streams, people: pd.DataFrame, days: pd.DataFrame, faults: Faults) -> Feed:
    """The data sessions of all roamers, as the user-plane probe writes them."""
    activity = days["activity"].to_numpy()
    ids, rd, at = use_of_roamers(world, streams, "data", days, USAGE, _PER_DAY * activity)
    own, person, plmn_row = days["is_own"].to_numpy()[rd], days["person"].to_numpy()[rd], days["plmn_row"].to_numpy()[rd]
    country = days["country_row"].to_numpy()[rd]
    quality = network_quality(world, streams)
    u = streams.uniform("data.rat", ids)
    reach = 0.74 + 0.18 * streams.uniform("network.lte", np.arange(len(world.networks)))[plmn_row]
    five = ~own & people["fiveg"].to_numpy()[person] & (streams.uniform("data.5g", ids) < 0.25)
    rat = np.where(u < reach, np.where(five, 3, 2), np.where(u < reach + 0.75 * (1 - reach), 1, 0))
    service = streams.pick("data.service", ids, _SERVICE_WEIGHTS)

    # evening load, in the local time of the network that serves
    local_hour = (at + world.offsets[np.where(own, country, len(world.countries)), at // DAY_MS]) // HOUR_MS % 24
    load = np.array(USAGE)[local_hour] / max(USAGE)
    slow = faults.slow_by(world.networks["plmn"].to_numpy()[plmn_row], own, at)
    rows = use_columns("roaming_session", world, people, own, person, plmn_row, rat)
    rows |= {"ids": ids, "at": at, "owners": {"customer": days["sub"].to_numpy()[rd]}}
    slow = faults.act("roaming_session_slowness", slow, **rows)
    way_home = world.countries["rtt_ms"].to_numpy()[country]
    rtt = (way_home + _RADIO_RTT_MS[rat]) * quality["rtt"].to_numpy()[plmn_row] * (1 + 0.22 * load**2)
    rtt = streams.lognormal("data.rtt", ids, rtt, 0.28) * slow
    dns = streams.lognormal("data.dns", ids, 0.62 * rtt, 0.45)
    mbps = _RADIO_MBPS[rat] * quality["mbps"].to_numpy()[plmn_row] * (1 - 0.38 * load**2) * np.sqrt(120 / (60 + way_home))
    mbps = np.maximum(streams.lognormal("data.mbps", ids, mbps, 0.8).clip(0.012, 600) / slow, 0.004)
    retx = (streams.lognormal("data.retx", ids, 0.006, 0.9) * np.sqrt(slow)).clip(0, 0.4)
    setup = streams.lognormal("data.setup", ids, 230 + 1.5 * way_home, 0.42).clip(60, 25_000)

    hour = at // HOUR_MS
    fails = streams.uniform("data.fail", ids) < background_rates(world, streams, "data.fail", 0.007, 0.018)[plmn_row, hour]
    drops = ~fails & (streams.uniform("data.drop", ids) < background_rates(world, streams, "data.drop", 0.004, 0.011)[plmn_row, hour])
    accompanied = streams.pick("data.accompanied", ids, [0.994, 0.004, 0.002])
    why = 3 + streams.pick("data.cause", ids, list(_FAILURES.values()))
    fails = faults.act("roaming_session_fails", fails, **rows)
    why = faults.act("roaming_session_cause", why, labels=(_ACCEPTED, _NEW_TYPE, _SINGLE_BEARER, *_FAILURES, "84"), **rows)
    volume = _VOLUME[service]
    down = streams.lognormal("data.volume", ids, volume[:, 0] * _RADIO_VOLUME[rat], 1.0 * volume[:, 1])
    # nobody waits longer than an hour for bytes: what does not fit in it is not fetched
    down = np.minimum(down, mbps * 1e6 / 8 * 2400)
    up = streams.lognormal("data.up", ids, np.maximum(down, 800) * volume[:, 2], 0.6)
    flow_s = down * 8 / (mbps * 1e6)
    length = np.maximum(streams.lognormal("data.length", ids, 95, 1.05).clip(2, 3 * 3600), 1.1 * flow_s + 1)
    length = np.where(drops, length * streams.uniform("data.cut", ids), length)
    end = at + np.where(fails, setup, setup + 1000 * length).astype(np.int64)
    written = faults.act("roaming_session_written", export_times(streams, "data", ids, end, 330, 2000), **rows)
    table = pa.table({
        "start_time": instants(at), "end_time": instants(end), "export_time": instants(written), "direction": codes(["IN", "OUT"], own),
        "imsi": who(people, person, "imsi"), "imei": who(people, person, "imei"), "vplmn": served_by(world, own, plmn_row),
        "rat": codes(RATS, rat), "apn": codes(["internet", "mms", "corporate"], np.where(
            days["is_business"].to_numpy()[rd] & (streams.uniform("data.corporate", ids) < 0.3), 2, streams.uniform("data.mms", ids) < 0.02)),
        "service": codes(_SERVICES, service), "protocol": codes(["gtpv2"], np.zeros(len(ids), np.int32)),
        "cause": codes([_ACCEPTED, _NEW_TYPE, _SINGLE_BEARER, *_FAILURES, "84"], np.where(fails, why, accompanied)),
        "setup_ms": numbers(setup, 0), "dns_ms": numbers(dns, 1, fails), "rtt_ms": numbers(rtt, 1, fails),
        "retx_ratio": numbers(retx, 5, fails), "dl_mbps": numbers(mbps, 3, fails),
        "dl_bytes": numbers(np.where(fails, 0, down), 0), "ul_bytes": numbers(np.where(fails, 0, up), 0),
        "dropped": pa.array(drops.astype(np.int8)),
    })
    return Feed("roaming_data", table, ids, written)
