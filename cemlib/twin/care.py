"""Tickets of customer care: the everyday ones, and those that failed registrations, slow or unused data bring about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.twin.faults import Faults
from cemlib.twin.feed import Feed, codes, instants, tokens
from cemlib.twin.season import DAY_MS, HOUR_MS
from cemlib.twin.signalling import Attempts
from cemlib.twin.streams import Streams
from cemlib.twin.world import World

__all__ = ["ticket_feed"]

_AT_HOME = {"billing": 0.34, "coverage_home": 0.24, "plan": 0.16, "device": 0.14, "other": 0.12}
_CATEGORIES = (*_AT_HOME, "roaming_no_service", "roaming_data", "roaming_voice")
_CHANNELS, _CHANNEL_SHARES = ("phone", "chat", "app", "shop"), (0.5, 0.24, 0.18, 0.08)
_SEVERITIES, _SEVERITY_SHARES = ("minor", "major", "critical"), (0.72, 0.24, 0.04)
_ABROAD = 1 << 40


def _spaced(number: str) -> str:
    return f"{number[:3]} {number[3]} {number[4:6]} {number[6:8]} {number[8:10]} {number[10:]}"


def _chance_abroad(world: World, days: pd.DataFrame, tries: Attempts, faults: Faults) -> list[np.ndarray]:
    """For each roamer day: chance of a ticket for no service, for data and for voice, as what happened that day makes it."""
    own = days["is_own"].to_numpy()
    failures = np.bincount(tries.rd[tries.failed & ~tries.is_steered], minlength=len(days))
    plmn = world.networks["plmn"].to_numpy()[days["plmn_row"].to_numpy()]
    slow = faults.slow_by(plmn, own, days["start"].to_numpy()) > 1
    return [own * np.minimum(0.012 * np.maximum(failures - 1, 0), 0.2) + own * 0.002,
            own * (0.0045 + 0.02 * slow + 0.015 * days["is_silent"].to_numpy()), own * 0.0025]


def ticket_feed(world: World, streams: Streams, people: pd.DataFrame, days: pd.DataFrame, tries: Attempts, faults: Faults) -> Feed:
    """All tickets of our customers, in the order in which they were opened."""
    own = np.flatnonzero(people["is_own"])
    at_home = own[streams.uniform("ticket.home", people["sub"].to_numpy()[own]) < 0.07 * world.days / 30]
    ids = [people["sub"].to_numpy()[at_home]]
    person, category = [at_home], [streams.pick("ticket.category", ids[0], list(_AT_HOME.values()))]
    row = [np.full(len(at_home), -1)]
    at = [(streams.uniform("ticket.time", ids[0]) * (world.end - HOUR_MS)).astype(np.int64)]
    for number, chance in enumerate(_chance_abroad(world, days, tries, faults)):
        hit = np.flatnonzero(streams.uniform(f"ticket.abroad{number}", days["rd"]) < chance)
        ids.append(_ABROAD * (number + 1) + days["rd"].to_numpy()[hit])
        person.append(days["person"].to_numpy()[hit])
        category.append(np.full(len(hit), len(_AT_HOME) + number))
        row.append(hit)
        # some hours into the day abroad, in the waking hours at home
        at.append(days["day"].to_numpy()[hit] * DAY_MS + ((8 + 13 * streams.uniform("ticket.hour", ids[-1])) * HOUR_MS).astype(np.int64))
    ids, person, category, row, at = (np.concatenate(parts) for parts in (ids, person, category, row, at))
    closed = at + (streams.lognormal("ticket.length", ids, 15, 1.2) * HOUR_MS).clip(5 * 60_000).astype(np.int64)
    plmn_row = np.where(row < 0, len(world.networks), days["plmn_row"].to_numpy()[row])
    spaced = streams.uniform("ticket.spaced", ids) < 0.3
    msisdn = people["msisdn"].to_numpy(object)[person]
    table = pa.table({
        "ticket_id": pa.array(np.char.add("T-", tokens(streams, "ticket.id", ids))), "opened": instants(at), "closed": instants(closed, closed >= world.end),
        "msisdn": pa.array([_spaced(one) if apart else one for one, apart in zip(msisdn.tolist(), spaced.tolist())]),
        "category": codes(_CATEGORIES, category), "channel": codes(_CHANNELS, streams.pick("ticket.channel", ids, _CHANNEL_SHARES)),
        "severity": codes(_SEVERITIES, streams.pick("ticket.severity", ids, _SEVERITY_SHARES)),
        "vplmn": codes([*world.networks["plmn"], ""], plmn_row), "country": codes([*world.networks["country"], world.home["country"]], plmn_row),
    })
    return Feed("care_ticket", table, ids).take(np.lexsort((ids, at)))
