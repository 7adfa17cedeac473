"""Voice calls (one record a leg) and short messages of roamers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.twin import exact
from cemlib.twin.causes import background_rates
from cemlib.twin.data_sessions import network_quality
from cemlib.twin.faults import Faults
from cemlib.twin.feed import Feed, codes, instants, numbers, tokens, use_columns, use_of_roamers
from cemlib.twin.presence import served_by, who
from cemlib.twin.season import HOUR_MS, USAGE, export_times
from cemlib.twin.signalling import RATS
from cemlib.twin.streams import Streams
from cemlib.twin.subscribers import FICTION_RANGES, fiction_numbers, padded
from cemlib.twin.world import World

__all__ = ["sms_feed", "voice_feed"]

_CALLS_PER_DAY, _SMS_PER_DAY = 2.35, 1.6
_SIP = {"480": 0.34, "486": 0.26, "503": 0.22, "408": 0.18}
_MAP_CALL = {"27": 0.34, "45": 0.26, "39": 0.20, "21": 0.12, "13": 0.08}
_SMS = {"27": 0.5, "32": 0.2, "34": 0.3}
_BOTH_LEGS = 1 << 52


def _other_party(streams: Streams, ids: np.ndarray) -> np.ndarray:
    """Somebody's number: mostly at home, some in Britain and the United States; ranges reserved for fiction all of them."""
    u = streams.uniform("voice.other", ids)
    place = (streams.uniform("voice.number", ids) * len(FICTION_RANGES) * 10_000).astype(np.int64)
    british = np.char.add("+447700900", padded(place % 1000, 3))
    american = np.char.add("+121255501", padded(place % 100, 2))
    return np.where(u < 0.88, fiction_numbers(place), np.where(u < 0.96, british, american))


def _second_legs(streams: Streams, days: pd.DataFrame, ids: np.ndarray, rd: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Calls between two roamers of ours: which of the calls they are, and the roamer day of the one who is called."""
    asked = np.flatnonzero(days["is_own"].to_numpy()[rd] & (streams.uniform("voice.between", ids) < 0.03))
    able = np.flatnonzero(days["is_own"].to_numpy() & ~days["is_silent"].to_numpy())
    able = able[np.argsort(days["day"].to_numpy()[able], kind="stable")]
    day_of = days["day"].to_numpy()[able]
    first, last = (np.searchsorted(day_of, days["day"].to_numpy()[rd[asked]], side=side) for side in ("left", "right"))
    place = first + ((last - first) * streams.uniform("voice.called", ids[asked])).astype(np.int64)
    called = able[np.minimum(place, len(able) - 1)]
    there = (days["start"].to_numpy()[called] < at[asked]) & (at[asked] < days["end"].to_numpy()[called])
    there &= days["person"].to_numpy()[called] != days["person"].to_numpy()[rd[asked]]
    return asked[there], called[there]


def voice_feed(world: World, streams: Streams, people: pd.DataFrame, days: pd.DataFrame, faults: Faults) -> Feed:
    """Legs of calls. A call counts as connected when it rings; a call nobody answers is no failure."""
    call, rd, at = use_of_roamers(world, streams, "voice", days, USAGE, _CALLS_PER_DAY * exact.power(days["activity"], 0.7))
    is_b = streams.uniform("voice.leg", call) < 0.42
    between, called_rd = _second_legs(streams, days, call, rd, at)
    is_b[between] = False
    quality = network_quality(world, streams)
    alone = len(call)
    call_rows = np.concatenate([np.arange(alone), between])  # row of the call of each leg
    ids = np.concatenate([call, call[between] + _BOTH_LEGS])
    leg_rd, leg_b = np.concatenate([rd, called_rd]), np.concatenate([is_b, np.ones(len(between), bool)])
    own, person, plmn_row = days["is_own"].to_numpy()[leg_rd], days["person"].to_numpy()[leg_rd], days["plmn_row"].to_numpy()[leg_rd]

    # the call's own fate is decided on its first leg
    first_plmn, first_person = plmn_row[:alone], person[:alone]
    volte_of = people["volte_roaming"].to_numpy()
    volte = volte_of[person] & quality["volte"].to_numpy()[plmn_row] & (streams.uniform("voice.volte", ids) < 0.8)
    rat = np.where(volte, 2, np.where(streams.uniform("voice.rat", ids) < 0.72, 1, 0))
    hour = at // HOUR_MS
    fails = streams.uniform("voice.fail", call) < background_rates(world, streams, "voice.fail", 0.011, 0.028)[first_plmn, hour]
    first_own = days["is_own"].to_numpy()[rd]
    rows = use_columns("roaming_call", world, people, first_own, first_person, first_plmn, rat[:alone])
    rows |= {"ids": call, "at": at, "owners": {"customer": days["sub"].to_numpy()[rd]}}
    fails = faults.act("roaming_call_fails", fails, **rows)
    answered = ~fails & (streams.uniform("voice.answer", call) < 0.8)
    drops = answered & (streams.uniform("voice.drop", call) < background_rates(world, streams, "voice.drop", 0.006, 0.014)[first_plmn, hour])
    way_home = world.countries["rtt_ms"].to_numpy()[days["country_row"].to_numpy()[rd]]
    setup = streams.lognormal("voice.setup", call, np.where(volte[:alone], 2300.0, 5200.0) + 6 * way_home, 0.3).astype(np.int64)
    ring = streams.lognormal("voice.ring", call, 7500, 0.55).clip(600, 60_000).astype(np.int64)
    talk = (streams.lognormal("voice.talk", call, 68_000, 1.2).clip(1500, 3 * HOUR_MS) * np.where(drops, streams.uniform("voice.cut", call), 1)).astype(np.int64)
    alert = at + setup
    answer = alert + ring
    release = np.where(fails, at + setup, np.where(answered, answer + talk, alert + 3 * ring))

    chosen = {name: column[call_rows] for name, column in
              {"at": at, "alert": alert, "answer": answer, "release": release, "fails": fails, "answered": answered, "drops": drops}.items()}
    # the called side sees the call a little later
    begin = chosen["at"] + np.where(ids >= _BOTH_LEGS, np.minimum(700, (chosen["alert"] - chosen["at"]) // 3), 0)
    mos = np.select([rat == 2, rat == 1], [4.08, 3.84], 3.62) + quality["mos"].to_numpy()[plmn_row] - np.where(chosen["drops"], 0.5, 0)
    mos = (mos - np.abs(0.32 * streams.normal("voice.mos", ids)) + 0.18).clip(1.0, 4.41)
    why = np.where(volte, 1 + streams.pick("voice.cause_sip", ids, list(_SIP.values())),
                   1 + len(_SIP) + streams.pick("voice.cause_map", ids, list(_MAP_CALL.values())))
    mine = people["msisdn"].to_numpy(object)[person]
    other = _other_party(streams, call).astype(object)[call_rows]
    # a call between two roamers has the same two numbers on both legs
    other[between] = people["msisdn"].to_numpy(object)[days["person"].to_numpy()[called_rd]]
    other[alone:] = people["msisdn"].to_numpy(object)[first_person[between]]
    written = export_times(streams, "voice", ids, chosen["release"], 360, 1800)
    every = use_columns("roaming_call", world, people, own, person, plmn_row, rat)
    written = faults.act("roaming_call_written", written, ids=ids, at=begin, **every)
    table = pa.table({
        "call_id": pa.array(np.char.add("V", tokens(streams, "voice.call_id", call))[call_rows]), "leg": codes(["a", "b"], leg_b),
        "start_time": instants(begin), "alert_time": instants(chosen["alert"], chosen["fails"]),
        "answer_time": instants(chosen["answer"], ~chosen["answered"]), "release_time": instants(chosen["release"]),
        "export_time": instants(written), "direction": codes(["IN", "OUT"], own), "imsi": who(people, person, "imsi"),
        "imei": who(people, person, "imei"), "vplmn": served_by(world, own, plmn_row), "rat": codes(RATS, rat),
        "calling": pa.array(np.where(leg_b, other, mine), pa.string()), "called": pa.array(np.where(leg_b, mine, other), pa.string()),
        "protocol": codes(["map_call", "sip"], volte), "cause": codes(["0", *_SIP, *_MAP_CALL], np.where(chosen["fails"], why, 0)),
        "dropped": pa.array(chosen["drops"].astype(np.int8)), "mos": numbers(mos, 2, ~chosen["answered"]),
    })
    return Feed("roaming_voice", table, ids, written)


def sms_feed(world: World, streams: Streams, people: pd.DataFrame, days: pd.DataFrame, faults: Faults) -> Feed:
    """Short messages sent or received by roamers."""
    ids, rd, at = use_of_roamers(world, streams, "sms", days, USAGE, _SMS_PER_DAY * np.sqrt(days["activity"].to_numpy()))
    own, person, plmn_row = days["is_own"].to_numpy()[rd], days["person"].to_numpy()[rd], days["plmn_row"].to_numpy()[rd]
    fails = streams.uniform("sms.fail", ids) < background_rates(world, streams, "sms.fail", 0.008, 0.02)[plmn_row, at // HOUR_MS]
    way = np.minimum(streams.lognormal("sms.way", ids, 4200, 0.75), 3 * HOUR_MS).astype(np.int64)
    written = export_times(streams, "sms", ids, at + np.where(fails, 20_000, way), 170, 900)
    rat = np.searchsorted([0.08, 0.3], streams.uniform("sms.rat", ids))
    written = faults.act("roaming_text_written", written, ids=ids, at=at, **use_columns("roaming_text", world, people, own, person, plmn_row, rat))
    table = pa.table({
        "submit_time": instants(at), "deliver_time": instants(at + way, fails), "export_time": instants(written),
        "direction": codes(["IN", "OUT"], own), "imsi": who(people, person, "imsi"), "vplmn": served_by(world, own, plmn_row),
        "rat": codes(RATS, rat), "protocol": codes(["sms"], np.zeros(len(ids), np.int32)),
        "cause": codes(["0", *_SMS], np.where(fails, 1 + streams.pick("sms.cause", ids, list(_SMS.values())), 0)),
    })
    return Feed("roaming_sms", table, ids, written)
