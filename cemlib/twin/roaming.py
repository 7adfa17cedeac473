"""Roaming as a wrapped part of the model: its nodes are declared here, and computed block by block in the modules beside.

Attempts, retries, steering and presence follow each other too closely for one function a node. What a scenario may change is declared
all the same: each wrapped node below is a place where :class:`~cemlib.twin.acts.Acts` takes hold, with its parents.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

from cemlib.twin import causes
from cemlib.twin.calls import sms_feed, voice_feed
from cemlib.twin.care import ticket_feed
from cemlib.twin.data_sessions import data_feed
from cemlib.twin.faults import Faults
from cemlib.twin.feed import Feed
from cemlib.twin.presence import presence_feed, signalling_feed
from cemlib.twin.scm import Domain
from cemlib.twin.signalling import Attempts, register, tries_at_the_small_partner, who_the_profile_change_hits
from cemlib.twin.streams import Streams
from cemlib.twin.subscribers import build_population
from cemlib.twin.travel import build_roamer_days, build_trips, trips_to_the_small_partner
from cemlib.twin.world import World

__all__ = ["ROAMING", "RoamingBlock", "settle_faults"]

ROAMING = Domain("roaming", constants=["devices", "imsi_ranges", "networks", "hubs", "countries"])
for _grain in ("stay", "attempt", "roaming_session", "roaming_call", "roaming_text", "probe"):
    ROAMING.entities(_grain)

_DIRECTIONS = ("inbound", "outbound")
_RATS = ("2g", "3g", "4g", "5g")
for _name, _labels in (("country", "countries"), ("direction", _DIRECTIONS), ("day", None)):
    ROAMING.wrapped(f"stay_{_name}", "stay", labels=_labels, meaning=f"The {_name} of a day abroad.")
ROAMING.wrapped("stay_network", "stay", ["stay_country"], labels="networks", meaning="The network that serves a day abroad: the target of steering and what is reached of it.")
ROAMING.wrapped("stay_plmn", "stay", ["stay_network"], labels="networks", meaning="The partner's network of a day: visited by ours, home of a visitor.")
ROAMING.wrapped("stay_hub", "stay", ["stay_plmn"], labels="hubs", meaning="The hub through which the partner is reached.")
ROAMING.wrapped("stay_is_silent", "stay", ["stay_plmn", "stay_hub"], meaning="Registered, and nothing is used on the day.")
for _grain, _parents in (("attempt", ["stay_plmn"]), ("roaming_session", ["stay_plmn", "stay_is_silent"]), ("roaming_call", ["stay_plmn", "stay_is_silent"]), ("roaming_text", ["stay_plmn", "stay_is_silent"])):
    for _name, _labels in (("plmn", "networks"), ("hub", "hubs"), ("country", "countries"), ("direction", _DIRECTIONS), ("rat", _RATS), ("device", "devices"), ("imsi_range", "imsi_ranges")):
        ROAMING.wrapped(f"{_grain}_{_name}", _grain, _parents if _name in ("plmn", "hub", "country") else [], labels=_labels, meaning=f"The {_name} of a row.")
    if _grain != "attempt":
        ROAMING.wrapped(f"{_grain}_has_volte", _grain, meaning="Whether the device can VoLTE while roaming.")
ROAMING.wrapped("attempt_protocol", "attempt", ["attempt_rat"], meaning="The protocol that carries the answer.")
ROAMING.wrapped("attempt_account_age_days", "attempt", meaning="Age of the subscription.")
ROAMING.wrapped("attempt_cause", "attempt", ["attempt_plmn", "attempt_rat", "attempt_protocol"], labels=causes.LABELS, meaning="How a registration attempt ends.")
ROAMING.wrapped("roaming_session_slowness", "roaming_session", ["roaming_session_plmn"], meaning="Factor on round trip and DNS, divisor of throughput.")
ROAMING.wrapped("roaming_session_fails", "roaming_session", ["roaming_session_plmn", "roaming_session_rat"], meaning="Whether the session is not set up.")
ROAMING.wrapped("roaming_session_cause", "roaming_session", [], meaning="The GTPv2 cause of a session that fails.")
ROAMING.wrapped("roaming_session_written", "roaming_session", ["roaming_session_slowness"], meaning="When the session's record is written.")
ROAMING.wrapped("roaming_call_fails", "roaming_call", ["roaming_call_plmn", "roaming_call_rat"], meaning="Whether the call is not set up.")
ROAMING.wrapped("roaming_call_written", "roaming_call", ["roaming_call_fails"], meaning="When the call's record is written.")
ROAMING.wrapped("roaming_text_written", "roaming_text", [], meaning="When the message's record is written.")
for _name, _labels in (("plmn", "networks"), ("hub", "hubs"), ("country", "countries"), ("step", None), ("is_steered", None)):
    ROAMING.wrapped(f"probe_{_name}", "probe", labels=_labels, meaning=f"The {_name} of a test's step.")
ROAMING.wrapped("probe_cause", "probe", ["probe_plmn"], meaning="How a step of an active test ends.")
ROAMING.wrapped("roaming_failures", "stay", ["attempt_cause", "stay_is_silent"], meaning="Failed registrations of a day abroad, steering left out.")

ROAMING.wrapped_feed("roaming_signalling", "attempt", ["attempt_cause", "attempt_plmn", "attempt_rat"])
ROAMING.wrapped_feed("roaming_presence", "stay", ["stay_plmn"])
ROAMING.wrapped_feed("roaming_data", "roaming_session", ["roaming_session_plmn", "roaming_session_slowness", "roaming_session_fails", "roaming_session_cause", "roaming_session_written", "stay_is_silent"])
ROAMING.wrapped_feed("roaming_voice", "roaming_call", ["roaming_call_plmn", "roaming_call_fails", "roaming_call_written", "stay_is_silent"])
ROAMING.wrapped_feed("roaming_sms", "roaming_text", ["roaming_text_plmn", "roaming_text_written", "stay_is_silent"])
ROAMING.wrapped_feed("roaming_probe", "probe", ["probe_cause"])
ROAMING.wrapped_feed("settlement_usage", "stay", ["stay_plmn", "stay_is_silent"], part="commerce")
ROAMING.wrapped_feed("care_ticket", "stay", ["roaming_failures", "stay_is_silent"], part="roaming")


class RoamingBlock:
    """The roamers among some customers, and their part of the visitors.

    Attributes
    ----------
    people, days, tries : DataFrame, DataFrame, Attempts
        SIMs, one row for each day that somebody roams, and registration attempts.
    hit : numpy.ndarray
        Which SIMs a profile change strikes.
    """

    def __init__(self, world: World, streams: Streams, people: pd.DataFrame, faults: Faults) -> None:
        self._world, self._streams, self._faults = world, streams, faults
        self.people = people
        self.days = build_roamer_days(world, streams, people, build_trips(world, streams, people), faults)
        self.tries: Attempts
        self.tries, self.hit = register(world, streams, people, self.days, faults)

    def feeds(self) -> Iterator[Feed]:
        """The records of the block, feed by feed."""
        world, streams, people, days, faults = self._world, self._streams, self.people, self.days, self._faults
        yield signalling_feed(world, streams, people, days, self.tries)
        yield presence_feed(world, streams, people, days)
        yield data_feed(world, streams, people, days, faults)
        yield voice_feed(world, streams, people, days, faults)
        yield sms_feed(world, streams, people, days, faults)
        yield ticket_feed(world, streams, people, days, self.tries, faults)

    def trouble(self, first: int, customers: int) -> np.ndarray:
        """What each day of some customers hurt because of roaming: failed attempts beyond the first, silence."""
        days, own = self.days, self.days["is_own"].to_numpy()
        failures = np.bincount(self.tries.rd[self.tries.failed & ~self.tries.is_steered], minlength=len(days))
        hurt = np.minimum(0.4 * np.maximum(failures - 1, 0), 3.0) + 0.5 * days["is_silent"].to_numpy()
        place = (days["sub"].to_numpy() - first) * self._world.days + days["day"].to_numpy()
        found = np.zeros(customers * self._world.days)
        np.maximum.at(found, place[own], hurt[own])
        return found


def settle_faults(world: World, streams: Streams, faults: Faults, subscribers: int) -> Faults:
    """Choose whom the facts strike that are told as a number of attempts or a share: from the world as it is without them.

    The choice looks at all customers once, so that it does not depend on the blocks in which the records are made.
    """
    if not (faults.has("small_partner") or faults.has("s6a_reject")):
        return faults
    people = build_population(world, streams, subscribers)
    trips = build_trips(world, streams, people)
    faults = dataclasses.replace(faults, small_trips=trips_to_the_small_partner(world, streams, trips))

    def among(chosen: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The people of some trips, and their days."""
        row = np.unique(trips["person"].to_numpy()[chosen])
        part = people.iloc[row].reset_index(drop=True)
        return part, build_roamer_days(world, streams, part, build_trips(world, streams, part), faults)

    if faults.has("small_partner"):
        part, days = among(trips["trip"].isin(faults.small_trips).to_numpy() | (trips["is_own"].to_numpy() & (trips["country_row"].to_numpy() == world.networks["country_row"][world.row_of(faults.small_plmn)])))
        faults = dataclasses.replace(faults, small_tries=tries_at_the_small_partner(world, streams, part, days, faults))
    if faults.has("s6a_reject"):
        country = world.networks["country_row"][world.row_of(faults.s6a_plmn)]
        part, days = among(trips["is_own"].to_numpy() & (trips["country_row"].to_numpy() == country))
        faults = dataclasses.replace(faults, s6a_customers=who_the_profile_change_hits(world, streams, part, days, faults))
    return faults
