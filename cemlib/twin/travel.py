"""Where people are: trips, and one row for each day that somebody roams with the network that serves the day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cemlib.twin import exact
from cemlib.twin.faults import Faults
from cemlib.twin.feed import coded
from cemlib.twin.season import DAY_MS, HOUR_MS, WARM_UP_DAYS, expand
from cemlib.twin.streams import Streams
from cemlib.twin.world import World

__all__ = ["build_roamer_days", "build_trips", "trips_to_the_small_partner"]

_TRIPS = 3


def _lengths(streams: Streams, ids: np.ndarray, is_business: np.ndarray, is_own: np.ndarray) -> np.ndarray:
    median = np.where(is_business, 2.6, 5.2) * np.where(is_own, 1.0, 0.8)
    return (streams.lognormal("trip.length", ids, median, 0.62).clip(0.3, 24) * DAY_MS).astype(np.int64)


def build_trips(world: World, streams: Streams, people: pd.DataFrame) -> pd.DataFrame:
    """The trips of the period: up to three a person, one after the other.

    Returns
    -------
    pandas.DataFrame
        trip (id), person (row of people), sub, is_own, country_row, start, end (ms since the period's start; a trip may begin before it).
    """
    # the share of travellers is that of 30 days; a short period has fewer
    share = 1 - exact.power(1 - people["travels"].to_numpy(), (world.days + WARM_UP_DAYS) / (30 + WARM_UP_DAYS))
    active = np.flatnonzero((people["status"] == "active").to_numpy() & (streams.uniform("trip.travels", people["sub"]) < share))
    sub = people["sub"].to_numpy()[active]
    business, own = people["is_business"].to_numpy()[active], people["is_own"].to_numpy()[active]
    count = 1 + (streams.uniform("trip.second", sub) < np.where(business, 0.45, 0.2)) + (streams.uniform("trip.third", sub) < 0.06)
    # more leave at weekends (leisure) or on Mondays (business)
    days = np.arange(-WARM_UP_DAYS, world.days)
    weekday = (days + 6) % 7  # the period starts on a Sunday
    leave = {False: np.array([0.8, 0.6, 0.7, 0.9, 1.5, 1.8, 1.2]), True: np.array([2.0, 1.3, 1.1, 0.9, 0.5, 0.3, 1.1])}
    day = np.where(business, days[streams.pick("trip.day_b", sub, leave[True][weekday])], days[streams.pick("trip.day", sub, leave[False][weekday])])
    end = day * DAY_MS + ((6 + 16 * streams.uniform("trip.hour", sub)) * HOUR_MS).astype(np.int64)
    parts = []
    for number in range(_TRIPS):
        trip = sub * 4 + number
        gap = 0 if number == 0 else ((1.5 - 4 * exact.log(streams.uniform("trip.gap", trip))) * DAY_MS).astype(np.int64)
        start = end + gap
        end = start + _lengths(streams, trip, business, own)
        parts.append(pd.DataFrame({"trip": trip, "person": active, "sub": sub, "is_own": own, "start": start, "end": end})[count > number])
    trips = pd.concat(parts, ignore_index=True)
    trips = trips[(trips["end"] > 0) & (trips["start"] < world.end)].sort_values("trip", ignore_index=True)
    abroad = streams.pick("trip.country", trips["trip"], world.countries["outbound"])
    home_of = world.networks["country_row"].to_numpy()[people["plmn_row"].to_numpy()[trips["person"]]]
    trips["country_row"] = np.where(trips["is_own"], abroad, home_of)
    return trips


def trips_to_the_small_partner(world: World, streams: Streams, trips: pd.DataFrame) -> tuple[int, ...]:
    """Two trips of ours in the last week, whatever the seed: those that go to the partner too small to judge."""
    late = trips["is_own"] & trips["start"].between(world.end - 6 * DAY_MS, world.end - 3 * DAY_MS)
    ids = trips["trip"].to_numpy()[late.to_numpy()]
    return tuple(ids[np.argsort(streams.uniform("trip.small", ids), kind="stable")[:2]].tolist())


def build_roamer_days(world: World, streams: Streams, people: pd.DataFrame, trips: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """One row for each trip and UTC day: who is where from when to when, served by which network.

    Returns
    -------
    pandas.DataFrame
        rd (id), person, sub, is_own, country_row, day, start, end, is_arrival, goes_on (the trip is longer than the day),
        plmn_row (the partner's network: visited by ours, home of a visitor), is_silent, activity, is_business.
    """
    small_country = world.networks["country_row"][world.row_of(faults.small_plmn)]
    trips = trips.assign(country_row=np.where(trips["trip"].isin(faults.small_trips), small_country, trips["country_row"]))
    first = (trips["start"].to_numpy().clip(0)) // DAY_MS
    last = np.minimum(trips["end"].to_numpy() - 1, world.end - 1) // DAY_MS
    row, number = expand(last - first + 1)
    trip = trips.iloc[row].reset_index(drop=True)
    day = first[row] + number
    rd = trip["trip"].to_numpy() * 128 + day
    start, end = np.maximum(trip["start"].to_numpy(), day * DAY_MS), np.minimum(trip["end"].to_numpy(), (day + 1) * DAY_MS)
    country = trip["country_row"].to_numpy()
    # a device keeps its network for two days or so, then may find another one
    block = trip["trip"].to_numpy() * 128 + day // 2
    served = np.zeros(len(rd), dtype=np.int64)
    for code in range(len(world.countries)):
        there = np.flatnonzero(country == code)
        rows = np.flatnonzero(world.networks["country_row"].to_numpy() == code)
        served[there] = rows[streams.pick("stay.network", block[there], world.networks["share"].to_numpy()[rows])]
    own, person = trip["is_own"].to_numpy(), trip["person"].to_numpy()
    place = {
        "stay_country": lambda: (country, tuple(world.countries.index)), "stay_direction": lambda: (own.astype(int), ("inbound", "outbound")),
        "stay_day": lambda: (day, None),
    }
    owners = {"customer": trip["sub"].to_numpy(), "trip": trip["trip"].to_numpy()}
    names = tuple(world.networks["plmn"])
    served = faults.act("stay_network", served, ids=block, columns=place, at=day * DAY_MS, labels=names, owners=owners)
    plmn_row = np.where(own, served, people["plmn_row"].to_numpy()[person])
    silent = (streams.uniform("stay.silent_trip", trip["trip"]) < 0.03) | (streams.uniform("stay.silent_day", rd) < 0.03)
    if faults.has("silent_roamers"):
        hit = own & (plmn_row == world.row_of(faults.silent_plmn))
        silent |= hit & (streams.uniform("fault.silent", rd) < faults.silent_share)
    place |= {"stay_plmn": lambda: (plmn_row, names), "stay_hub": lambda: coded(world.networks["hub"], plmn_row)}
    silent = faults.act("stay_is_silent", silent, ids=rd, columns=place, at=day * DAY_MS, owners=owners)
    return pd.DataFrame({
        "rd": rd, "trip": trip["trip"], "person": person, "sub": trip["sub"], "is_own": own, "country_row": country, "day": day,
        "start": start, "end": end, "is_arrival": trip["start"].to_numpy() >= day * DAY_MS, "goes_on": trip["end"].to_numpy() > (day + 1) * DAY_MS,
        "plmn_row": plmn_row, "is_silent": silent, "activity": people["activity"].to_numpy()[person],
        "is_business": people["is_business"].to_numpy()[person],
    })
