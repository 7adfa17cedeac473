"""Active tests from the partners' networks: six steps every four hours, with a SIM that is not steered and now and then one that is."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cemlib.twin.data_sessions import network_quality
from cemlib.twin.faults import Faults
from cemlib.twin.feed import Feed, coded, codes, instants, numbers, tokens
from cemlib.twin.season import DAY_MS, HOUR_MS, export_times
from cemlib.twin.streams import Streams
from cemlib.twin.world import World

__all__ = ["probe_feed"]

_STEPS = ("attach", "session", "dns", "http", "call", "sms")
_SERVICES = ("registration", "data", "data", "web", "voice", "sms")
_PROTOCOLS = ("diameter_3gpp", "gtpv2", "any", "any", "sip", "sms")
_FAILURES = ("5420", "100", "no_answer", "no_answer", "480", "32")
_FAIL_RATES = np.array([0.008, 0.007, 0.003, 0.006, 0.014, 0.010])
_BEGINS_S = np.array([0, 9, 14, 17, 45, 95])
_CAUSES = ("0", *dict.fromkeys(_FAILURES), "5004", "3002", "84")
_ROUNDS = 6


def _schedule(world: World, streams: Streams) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The tests: id, row of the network, whether the SIM is steered, begin. A probe is down on some days."""
    probed = np.flatnonzero(~world.networks["plmn"].isin(world.unprobed))
    network, day, turn, steered = (axis.ravel() for axis in np.meshgrid(
        probed, np.arange(world.days), np.arange(_ROUNDS), np.arange(2), indexing="ij"))
    ids = ((network * 128 + day) * 8 + turn) * 2 + steered
    works = streams.uniform("probe.works", network * 128 + day) < 0.985
    # a steered SIM is tried only where there is something to steer, at 8 h and 20 h
    has_choice = world.networks["target"].notna().to_numpy()[network] & (turn % 3 == 2)
    kept = works & ((steered == 0) | has_choice)
    at = day * DAY_MS + turn * 4 * HOUR_MS + (HOUR_MS // 2) + ((20 * streams.uniform("probe.time", ids) + 4 * steered) * 60_000).astype(np.int64)
    return ids[kept], network[kept], steered[kept] == 1, at[kept]


def probe_feed(world: World, streams: Streams, faults: Faults) -> Feed:
    """The steps of all tests; a step is only there when the one it needs has succeeded."""
    test, network, steered, begin = _schedule(world, streams)
    names = world.networks["plmn"].to_numpy()
    step = np.tile(np.arange(len(_STEPS)), len(test))
    row = np.repeat(np.arange(len(test)), len(_STEPS))
    ids = test[row] * 8 + step
    at = begin[row] + 1000 * _BEGINS_S[step] + (2000 * streams.uniform("probe.step", ids)).astype(np.int64)
    cause = np.where(streams.uniform("probe.fail", ids) < _FAIL_RATES[step], np.array(_FAILURES)[step], "0")
    rejected = (step == 0) & steered[row] & ~world.networks["is_preferred"].to_numpy()[network[row]] & (streams.uniform("probe.steered", ids) < 0.88)
    cause = np.where(rejected, "5004", cause)
    if faults.has("hub_outage"):
        start, end = faults.hub_window
        struck = ((step == 0) & (world.networks["hub"] == faults.hub).to_numpy()[network[row]] & (at >= start) & (at < end)
                  & (streams.uniform("fault.hub.probe", ids) < faults.hub_strength))
        cause = np.where(struck, np.where(streams.uniform("fault.hub.probe_cause", ids) < 0.55, "no_answer", "3002"), cause)
    code = np.array([_CAUSES.index(one) for one in np.unique(cause).tolist()])[np.unique(cause, return_inverse=True)[1]]
    plmn_row = network[row]
    code = faults.act("probe_cause", code, ids=ids, at=at, labels=_CAUSES, columns={
        "probe_plmn": lambda: (plmn_row, tuple(names)), "probe_hub": lambda: coded(world.networks["hub"], plmn_row),
        "probe_step": lambda: (step, _STEPS), "probe_country": lambda: coded(world.networks["country"], plmn_row),
        "probe_is_steered": lambda: (steered[row], None)})
    cause = np.array(_CAUSES)[code]
    failed = (cause != "0").reshape(-1, len(_STEPS))
    attached, has_session = ~failed[:, :1], ~failed[:, :2].any(axis=1, keepdims=True)
    there = np.concatenate([np.ones_like(attached), attached, has_session, has_session, attached, attached], axis=1).ravel()

    quality = network_quality(world, streams)
    way_home = world.countries["rtt_ms"].to_numpy()[world.networks["country_row"].to_numpy()[network]][row]
    slow = faults.slow_by(names[network][row], np.ones(len(row), bool), at)
    rtt = streams.lognormal("probe.rtt", ids, (way_home + 24) * quality["rtt"].to_numpy()[network][row], 0.15) * slow
    dns = streams.lognormal("probe.dns", ids, 0.6 * rtt, 0.25)
    mbps = streams.lognormal("probe.mbps", ids, 24 * quality["mbps"].to_numpy()[network][row] * np.sqrt(120 / (60 + way_home)), 0.4) / slow
    setup = streams.lognormal("probe.setup", ids, np.array([450, 260, 1, 1, 2400, 1])[step] + way_home * np.array([2, 1.5, 0, 0, 5, 0])[step], 0.2)
    mos = (4.08 + quality["mos"].to_numpy()[network][row] + 0.15 * streams.normal("probe.mos", ids)).clip(1, 4.41)
    ok = cause == "0"
    ends = at + np.where(ok, 1500, 12_000)
    written = export_times(streams, "probe", ids, ends, 40, 240)
    protocol = np.where(cause == "3002", "diameter_base", np.where((step == 0) & (cause == "no_answer"), "any", np.array(_PROTOCOLS)[step]))
    table = pa.table({
        "test_id": pa.array(np.char.add("PB-", tokens(streams, "probe.test_id", test))[row]), "step": codes(_STEPS, step),
        "start_time": instants(at), "export_time": instants(written), "vplmn": codes(names, network[row]),
        "direction": codes(["OUT"], np.zeros(len(row), np.int32)), "rat": codes(["4G"], np.zeros(len(row), np.int32)),
        "service": codes(_SERVICES, step), "protocol": pa.array(protocol), "cause": pa.array(cause),
        "steered": pa.array(steered[row].astype(np.int8)),
        "setup_ms": numbers(setup, 0, ~(ok & np.isin(step, [0, 1, 4]))), "dns_ms": numbers(dns, 1, ~(ok & (step == 2))),
        "rtt_ms": numbers(rtt, 1, ~(ok & (step == 3))), "dl_mbps": numbers(mbps, 3, ~(ok & (step == 3))), "mos": numbers(mos, 2, ~(ok & (step == 4))),
    })
    return Feed("roaming_probe", table, ids, written).take(np.flatnonzero(there))
