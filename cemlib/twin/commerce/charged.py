"""Charged use as the clearing house delivers it: of each day abroad its data and, now and then, a call."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.twin.clocks import local_text
from cemlib.twin.dirt import Dirt
from cemlib.twin.feed import Feed, codes
from cemlib.twin.presence import who
from cemlib.twin.season import DAY_MS, HOUR_MS
from cemlib.twin.streams import Streams
from cemlib.twin.subscribers import padded
from cemlib.twin.world import World

__all__ = ["usage_feed"]

_DIRT = Dirt({"duplicate": 2, "missing_value": 2, "unknown_code": 1}, {"missing_value": "ChargedUnits", "unknown_code": "EventType"}, {"unknown_code": "FAX"})
_HOME = "ZZFRA"
_PRICE_MB, _PRICE_MINUTE = 0.0035, 0.06


def usage_feed(world: World, streams: Streams, people: pd.DataFrame, days: pd.DataFrame) -> Feed:
    """One record of data for each roamer day with use, and a call on four of ten; files come a day later, one a partner and day.

    Parameters
    ----------
    world, streams : World, Streams
    people, days : DataFrame
        Of a block, see :class:`cemlib.twin.roaming.RoamingBlock`.
    """
    used = np.flatnonzero(~days["is_silent"].to_numpy())
    rd = days["rd"].to_numpy()[used]
    calls = streams.uniform("charged.call", rd) < 0.4
    row, is_call = np.concatenate([used, used[calls]]), np.concatenate([np.zeros(len(used), bool), np.ones(int(calls.sum()), bool)])
    ids = days["rd"].to_numpy()[row] * 2 + is_call
    own, day = days["is_own"].to_numpy()[row], days["day"].to_numpy()[row]
    start = days["start"].to_numpy()[row]
    at = (start + (streams.uniform("charged.at", ids) * (days["end"].to_numpy()[row] - start)).astype(np.int64)) // 1000 * 1000
    activity = days["activity"].to_numpy()[row]
    megabytes = np.minimum(streams.lognormal("charged.mb", ids, 45 * activity, 0.9), 20_000)
    seconds = np.minimum(streams.lognormal("charged.s", ids, np.full(len(ids), 95.0), 1.0), 7200)
    quantity = np.where(is_call, np.rint(seconds), np.rint(megabytes * 1e6)).astype(np.int64)
    charge = np.where(is_call, seconds / 60 * _PRICE_MINUTE, megabytes * _PRICE_MB)
    country = np.where(own, days["country_row"].to_numpy()[row], len(world.countries))
    offset = world.offsets[country, day]
    tadig = np.array([one[0] for one in world.networks["tadigs"]])
    plmn = days["plmn_row"].to_numpy()[row]
    sender, recipient = np.where(own, tadig[plmn], _HOME), np.where(own, _HOME, tadig[plmn])
    written = (day + 1) * DAY_MS + 8 * HOUR_MS
    hours = np.abs(offset) // HOUR_MS
    zone = np.char.add(np.where(offset < 0, "-", "+"), np.char.add(padded(hours, 2), padded(np.abs(offset) % HOUR_MS // 60_000, 2)))
    number = padded(day + 17, 5)
    table = pa.table({
        "Sender": pa.array(sender), "Recipient": pa.array(recipient),
        "FileName": pa.array(np.char.add(np.char.add(np.char.add("CD", sender), recipient), number)),
        "FileAvailable": local_text(written, offset, "%Y%m%d%H%M%S"), "UtcTimeOffset": pa.array(zone), "Imsi": who(people, days["person"].to_numpy()[row], "imsi"),
        "EventType": codes(["GPRS", "MOC"], is_call), "LocalTimeStamp": local_text(at, offset, "%Y%m%d%H%M%S"), "ChargedUnits": pa.array(quantity),
        "ChargedItem": codes(["X", "D"], is_call), "ChargeE3": pa.array(np.rint(1000 * charge).astype(np.int64)), "Currency": codes(["SDR"], np.zeros(len(ids))),
    })
    return Feed("settlement_usage", table, ids, written, file="settlement_usage_{day}.parquet", dirt=_DIRT)
