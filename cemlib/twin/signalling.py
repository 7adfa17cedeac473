"""Registration attempts: arrivals, updates, steering, failures with their causes, and retries.

An attempt's id is ``(day of the roamer x 1024 + number) x 16 + slot``. Slot 0 is the attempt itself, 1 and 2 the steering
rejects before it, 3 to 5 the retries after a failure, so that an id never depends on what happened to other attempts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cemlib.twin import causes, exact
from cemlib.twin.faults import Faults
from cemlib.twin.feed import coded
from cemlib.twin.season import DAY_MS, HOUR_MS, SIGNALLING, WEEK, expand, times_of_day
from cemlib.twin.streams import Streams
from cemlib.twin.world import World

__all__ = ["RATS", "Attempts", "register", "tries_at_the_small_partner", "who_the_profile_change_hits"]

RATS = np.array(["2G", "3G", "4G", "5G"])
_PER_DAY = 9.0
_ARRIVAL, _BURST = 1000, 1010


@dataclass(frozen=True)
class Attempts:
    """Registration attempts, column by column; ``cause`` is a row of :data:`cemlib.twin.causes.CAUSES`."""

    id: np.ndarray
    at: np.ndarray
    rd: np.ndarray  # row of the roamer days
    plmn_row: np.ndarray
    rat: np.ndarray
    protocol: np.ndarray
    cause: np.ndarray
    is_steered: np.ndarray  # rejected on purpose

    def take(self, rows) -> Attempts:
        """The attempts at some rows."""
        return Attempts(**{name: column[rows] for name, column in vars(self).items()})

    @classmethod
    def joined(cls, parts: list[Attempts]) -> Attempts:
        """Several lots of attempts as one."""
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})

    @property
    def failed(self) -> np.ndarray:
        """Which ones failed, on purpose or not."""
        return self.cause >= len(causes.SUCCESS)


class _Roamers:
    """Columns of the roamer days and people that every step needs, as arrays."""

    def __init__(self, world: World, people: pd.DataFrame, days: pd.DataFrame) -> None:
        self.days = days
        self.own = days["is_own"].to_numpy()
        self.plmn_row, self.country = days["plmn_row"].to_numpy(), days["country_row"].to_numpy()
        person = days["person"].to_numpy()
        self.sub, self.person = days["sub"].to_numpy(), person
        self.fiveg = people["fiveg"].to_numpy()[person]
        self.preferred = world.networks["is_preferred"].to_numpy()[self.plmn_row]


def _radio(world: World, streams: Streams, roamers: _Roamers, ids: np.ndarray, rd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The radio access and protocol of each attempt: outbound, the home network sees MAP and S6a; inbound, NAS causes too."""
    own = roamers.own[rd]
    # how far a network's 4G reaches is the network's own
    reach = 0.66 + 0.2 * streams.uniform("network.lte", np.arange(len(world.networks)))[roamers.plmn_row[rd]]
    u = streams.uniform("registration.rat", ids)
    rat = np.select([u < reach, u < reach + 0.6 * (1 - reach)], [2, 1], 0)
    stand_alone = ~own & roamers.fiveg[rd] & (rat == 2) & (streams.uniform("registration.sa", ids) < 0.22)
    rat = np.where(stand_alone, 3, rat)
    nas = ~own & (streams.uniform("registration.nas", ids) < 0.65)
    protocol = np.select([rat == 3, rat < 2, nas], ["5gmm", "map_update_location", "emm"], "diameter_3gpp")
    return rat, protocol


def _first_tries(world: World, streams: Streams, roamers: _Roamers) -> Attempts:
    days = roamers.days
    factor = exact.exp(0.3 * streams.normal("registration.activity", days["sub"]) - 0.045)
    count = streams.poisson("registration.count", days["rd"], _PER_DAY * factor * WEEK[(days["day"].to_numpy() + 6) % 7])
    row, number = expand(count.clip(0, _ARRIVAL - 1))
    ids = (days["rd"].to_numpy()[row] * 1024 + number) * 16
    day = days["day"].to_numpy()[row]
    country = np.where(roamers.own[row], roamers.country[row], len(world.countries))
    local = times_of_day(streams.uniform("registration.time", ids), SIGNALLING)
    at = day * DAY_MS + (local - world.offsets[country, day]) % DAY_MS
    inside = (at >= days["start"].to_numpy()[row]) & (at < days["end"].to_numpy()[row])
    # a device registers on arrival, whatever the hour
    arrived = np.flatnonzero(days["is_arrival"])
    arrival = (days["rd"].to_numpy()[arrived] * 1024 + _ARRIVAL) * 16
    at_arrival = days["start"].to_numpy()[arrived] + (1000 * (20 + 240 * streams.uniform("registration.arrival", arrival))).astype(np.int64)
    ids, row, at = (np.concatenate(pair) for pair in ((ids[inside], arrival), (row[inside], arrived), (at[inside], at_arrival)))
    keep = at < world.end
    ids, row, at = ids[keep], row[keep], at[keep]
    rat, protocol = _radio(world, streams, roamers, ids, row)
    none = np.zeros(len(ids), dtype=np.int64)
    return Attempts(ids, at, row, roamers.plmn_row[row], rat, protocol, none, none.astype(bool))


def _steering_rejects(world: World, streams: Streams, roamers: _Roamers, tries: Attempts, share: np.ndarray, node: str, plmn_row: int | None) -> Attempts:
    """One or two rejects on purpose, at another network of the country, shortly before some attempts on the preferred one."""
    own = roamers.own[tries.rd]
    chosen = np.flatnonzero(own & roamers.preferred[tries.rd] & np.isin(tries.protocol, list(causes.ROAMING_NOT_ALLOWED))
                            & (streams.uniform(f"{node}.chosen", tries.id) < share))
    before = tries.take(chosen)
    if plmn_row is None:
        others = np.zeros(len(chosen), dtype=np.int64)
        country = roamers.country[before.rd]
        for code in np.unique(country):
            rows = np.flatnonzero((world.networks["country_row"] == code) & ~world.networks["is_preferred"])
            others[country == code] = rows[streams.pick(f"{node}.network", before.id[country == code], world.networks["natural"].to_numpy()[rows])]
    else:
        others = np.full(len(chosen), plmn_row)
    cause = np.where(before.protocol == "diameter_3gpp", causes.ROAMING_NOT_ALLOWED["diameter_3gpp"], causes.ROAMING_NOT_ALLOWED["map_update_location"])
    gap = (1000 * (12 + 60 * streams.uniform(f"{node}.gap", before.id))).astype(np.int64)
    again = streams.uniform(f"{node}.again", before.id) < (0.25 if plmn_row is None else 0.9)
    first = Attempts(before.id + 1, before.at - gap, before.rd, others, before.rat, before.protocol, cause, np.ones(len(chosen), dtype=bool))
    second = Attempts(before.id + 2, before.at - gap - gap // 3, before.rd, others, before.rat, before.protocol, cause, np.ones(len(chosen), dtype=bool))
    both = Attempts.joined([first, second.take(again)])
    return both.take(both.at >= 0)


def _burst(world: World, streams: Streams, roamers: _Roamers, faults: Faults) -> Attempts:
    """The decoy: on one day the roamers of a country look around again and again, and are steered back each time."""
    start, end = faults.burst_window
    decoy = world.row_of(faults.burst_plmn)
    there = np.flatnonzero(roamers.own & roamers.preferred & (roamers.country == world.networks["country_row"][decoy])
                           & (roamers.days["day"].to_numpy() == start // DAY_MS))
    rd = roamers.days["rd"].to_numpy()[there]
    row, number = expand(streams.poisson("fault.burst.count", rd, 10.0).clip(0, 13))
    ids = (rd[row] * 1024 + _BURST + number) * 16
    rows = there[row]
    at = start + ((6.5 + 15 * streams.uniform("fault.burst.time", ids)) * HOUR_MS).astype(np.int64)
    inside = (at > roamers.days["start"].to_numpy()[rows] + 10 * 60_000) & (at < np.minimum(end, roamers.days["end"].to_numpy()[rows]))
    ids, rows, at = ids[inside], rows[inside], at[inside]
    rat, protocol = _radio(world, streams, roamers, ids, rows)
    none = np.zeros(len(ids), dtype=np.int64)
    back = Attempts(ids, at, rows, roamers.plmn_row[rows], rat, protocol, none, none.astype(bool))
    back = back.take(np.isin(back.protocol, list(causes.ROAMING_NOT_ALLOWED)))
    success = np.where(back.protocol == "diameter_3gpp", causes.SUCCESS["diameter_3gpp"], causes.SUCCESS["map_update_location"])
    back = Attempts(**{**vars(back), "cause": success})
    return Attempts.joined([back, _steering_rejects(world, streams, roamers, back, np.ones(len(back.id)), "fault.burst", decoy)])


def who_the_profile_change_hits(world: World, streams: Streams, people: pd.DataFrame, days: pd.DataFrame, faults: Faults) -> tuple[int, ...]:
    """The customers of the IMSI range whose new profile is rejected: so many that the planted share of the attempts fails.

    The choice depends on the attempts as they would be without the fault, so it is the same whatever else is planted.
    """
    tries = _first_tries(world, streams, _Roamers(world, people, days))
    person = days["person"].to_numpy()[tries.rd]
    mine = (days["is_own"].to_numpy()[tries.rd] & (tries.plmn_row == world.row_of(faults.s6a_plmn)) & (tries.rat == 2) & (tries.at >= faults.s6a_from))
    tried = np.bincount(person[mine], minlength=len(people))
    candidates = np.flatnonzero((tried > 0) & (people["imsi_range"] == faults.s6a_imsi_range).to_numpy())
    candidates = candidates[np.argsort(streams.uniform("fault.s6a.person", people["sub"].to_numpy()[candidates]), kind="stable")]
    # w of the first tries are hit; each brings 1 + rq + (rq)^2 + (rq)^3 attempts of which the share q fails
    q, r = faults.s6a_strength, _retry_share(np.array([True]))[0]
    brings = sum((r * q) ** k for k in range(4))
    wanted = faults.s6a_share / (q * brings - faults.s6a_share * (brings - 1)) * tried.sum()
    reached = np.cumsum(tried[candidates])
    return tuple(people["sub"].to_numpy()[candidates[reached - tried[candidates] / 2 <= wanted]].tolist())


def tries_at_the_small_partner(world: World, streams: Streams, people: pd.DataFrame, days: pd.DataFrame, faults: Faults) -> tuple[int, ...]:
    """The first attempts of ours in the last week at the partner too small to judge; it has no others."""
    roamers = _Roamers(world, people, days)
    tries = _first_tries(world, streams, roamers)
    late = (tries.plmn_row == world.row_of(faults.small_plmn)) & (tries.at >= faults.last_week) & roamers.own[tries.rd]
    return tuple(np.sort(tries.id[late])[: faults.small_attempts].tolist())


def _retry_share(is_s6a: np.ndarray) -> np.ndarray:
    return np.where(is_s6a, 0.5, 0.8)


class _Outcome:
    """What becomes of an attempt: the network's background, then the planted faults in turn."""

    def __init__(self, world: World, streams: Streams, people: pd.DataFrame, roamers: _Roamers, faults: Faults, hit: np.ndarray, small: np.ndarray) -> None:
        self.people = people
        self.world, self.streams, self.roamers, self.faults, self.hit, self.small = world, streams, roamers, faults, hit, small
        self.rates = causes.background_rates(world, streams, "registration.fail", 0.006, 0.016)
        self.by_hub = (world.networks["hub"] == faults.hub).to_numpy()

    def _columns(self, tries: Attempts) -> dict:
        """What a scenario may choose attempts by."""
        networks, people, roamers = self.world.networks, self.people, self.roamers
        return {
            "attempt_plmn": lambda: (tries.plmn_row, tuple(networks["plmn"])),
            "attempt_hub": lambda: coded(networks["hub"], tries.plmn_row), "attempt_country": lambda: coded(networks["country"], tries.plmn_row),
            "attempt_direction": lambda: (roamers.own[tries.rd].astype(int), ("inbound", "outbound")), "attempt_rat": lambda: (tries.rat, tuple(one.lower() for one in RATS.tolist())),
            "attempt_protocol": lambda: coded(pd.Series(tries.protocol), np.arange(len(tries.id)), causes.SUCCESS),
            "attempt_imsi_range": lambda: coded(people["imsi_range"], roamers.person[tries.rd], self.world.imsi_ranges),
            "attempt_device": lambda: (people["device"].to_numpy()[roamers.person[tries.rd]], tuple(self.world.devices["tac"])),
            "attempt_account_age_days": lambda: (-people["valid_from"].fillna(-9e12).to_numpy()[roamers.person[tries.rd]] / DAY_MS, None),
        }

    def __call__(self, tries: Attempts, again: np.ndarray | None = None) -> Attempts:
        streams, faults = self.streams, self.faults
        rate = self.rates[tries.plmn_row, tries.at // HOUR_MS] if again is None else again
        fails = streams.uniform("registration.fail", tries.id) < rate
        success = np.select([tries.protocol == name for name in causes.SUCCESS], list(causes.SUCCESS.values()))
        cause = np.where(fails, causes.mix_of(streams, "registration.cause", tries.id, tries.protocol), success)
        if faults.has("small_partner"):
            # chance, made certain: a handful of attempts, and too many of them fail
            rank = np.searchsorted(self.small, tries.id).clip(0, max(len(self.small) - 1, 0))
            mine = np.isin(tries.id, self.small)
            bad = mine & np.isin(rank % 10, faults.small_bad)
            cause = np.where(mine, np.where(bad, causes.mix_of(streams, "fault.small.cause", tries.id, tries.protocol), success), cause)
        if faults.has("s6a_reject"):
            person = self.roamers.person[tries.rd]
            struck = (self.hit[person] & (tries.plmn_row == self.world.row_of(faults.s6a_plmn)) & (tries.rat == 2) & self.roamers.own[tries.rd]
                      & (tries.at >= faults.s6a_from) & (streams.uniform("fault.s6a", tries.id) < faults.s6a_strength))
            cause = np.where(struck, causes.ROAMING_NOT_ALLOWED["diameter_3gpp"], cause)
        cause = faults.act("attempt_cause", cause, ids=tries.id, at=tries.at, labels=causes.LABELS, columns=self._columns(tries),
                           owners={"customer": self.roamers.sub[tries.rd]})
        if faults.has("hub_outage"):
            start, end = faults.hub_window
            struck = (self.by_hub[tries.plmn_row] & (tries.at >= start) & (tries.at < end)
                      & (streams.uniform("fault.hub", tries.id) < faults.hub_strength))
            silent = (tries.protocol != "diameter_3gpp") | (streams.uniform("fault.hub.cause", tries.id) < 0.55)
            cause = np.where(struck, np.where(silent, causes.NO_ANSWER, causes.UNABLE_TO_DELIVER), cause)
        return Attempts(**{**vars(tries), "cause": cause})


def _retries(world: World, streams: Streams, outcome: _Outcome, roamers: _Roamers, failed: Attempts, slot: int) -> Attempts:
    """The next try of those that failed: within minutes, mostly at the same network."""
    ids = (failed.id & ~np.int64(15)) + slot
    is_s6a = outcome.hit[roamers.person[failed.rd]] & (failed.cause == causes.ROAMING_NOT_ALLOWED["diameter_3gpp"]) & (
        failed.plmn_row == world.row_of(outcome.faults.s6a_plmn)) & (failed.at >= outcome.faults.s6a_from) & outcome.faults.has("s6a_reject")
    goes = (streams.uniform("retry.goes", ids) < _retry_share(is_s6a)) & ~np.isin(failed.id & ~np.int64(15), outcome.small)
    at = failed.at + (1000 * (14 + 110 * exact.power(streams.uniform("retry.gap", ids), 1.5))).astype(np.int64)
    goes &= at < np.minimum(roamers.days["end"].to_numpy()[failed.rd], world.end)
    elsewhere = roamers.own[failed.rd] & ~is_s6a & (streams.uniform("retry.elsewhere", ids) < 0.12)
    plmn_row = failed.plmn_row.copy()
    country = roamers.country[failed.rd]
    for code in np.unique(country[elsewhere]):
        rows = np.flatnonzero((world.networks["country_row"] == code).to_numpy())
        mine = elsewhere & (country == code)
        plmn_row[mine] = rows[streams.pick("retry.network", ids[mine], world.networks["natural"].to_numpy()[rows])]
    again = np.array([row[3] for row in causes.CAUSES])[failed.cause]
    tries = Attempts(ids, at, failed.rd, plmn_row, failed.rat, failed.protocol, failed.cause, failed.is_steered)
    return outcome(tries.take(goes), again[goes])


def register(world: World, streams: Streams, people: pd.DataFrame, days: pd.DataFrame, faults: Faults) -> tuple[Attempts, np.ndarray]:
    """All registration attempts of the period, and which persons the profile change hit."""
    roamers = _Roamers(world, people, days)
    tries = _first_tries(world, streams, roamers)
    hit = people["is_own"].to_numpy() & np.isin(people["sub"].to_numpy(), faults.s6a_customers)
    small = np.array(faults.small_tries, dtype=np.int64)
    if faults.has("small_partner"):
        late = (tries.plmn_row == world.row_of(faults.small_plmn)) & (tries.at >= faults.last_week)
        tries = tries.take(~late | np.isin(tries.id, small))
    arrival = (tries.id // 16) % 1024 == _ARRIVAL
    steered = _steering_rejects(world, streams, roamers, tries, np.where(arrival, 0.5, 0.06), "steering", None)
    outcome = _Outcome(world, streams, people, roamers, faults, hit, small)
    parts = [steered, outcome(tries)]
    failed = parts[-1].take(parts[-1].failed)
    for slot in (3, 4, 5):
        parts.append(_retries(world, streams, outcome, roamers, failed, slot))
        failed = parts[-1].take(parts[-1].failed)
    if faults.has("steering_burst"):
        parts.append(_burst(world, streams, roamers, faults))
    return Attempts.joined(parts), hit
