"""A call from inlet to answer: where to, by which carrier, what became of it, how long it took and lasted."""

from __future__ import annotations

import numpy as np

from cemlib.twin import exact
from cemlib.twin.season import HOUR_MS
from cemlib.twin.wholesale.declared import CARRIERS, DESTINATIONS, INLETS, WHOLESALE

__all__ = ["CAUSES", "TABLE"]

TABLE = np.array([one[1:] for one in DESTINATIONS.values()], dtype=float)
#: Q.850 causes of calls that are not answered; the first three are the called person's doing.
CAUSES = ("17", "19", "1", "34", "41", "3")
_PREMIUM = list(DESTINATIONS).index("Latvia premium")
_CALLS_A_CUSTOMER = 0.25


@WHOLESALE.node("carrier", labels=CARRIERS)
def carrier_number(draw):
    """The carrier."""
    return draw.ids


@WHOLESALE.node("carrier", decimals=3)
def carrier_grade(draw):
    """How much better or worse than usual the carrier's routes are."""
    return exact.exp(0.1 * draw.normal())


@WHOLESALE.node("carrier_hour")
def carrier_hour_is_up(draw):
    """Whether the carrier takes calls in the hour."""
    return draw.uniform() > 0.0001


@WHOLESALE.node("carrier_hour", decimals=5)
def carrier_hour_block(draw, carrier_grade):
    """Chance that the carrier has no circuit or fails."""
    return np.minimum(0.02 * draw.of(exact.lognormal_quantile(0.5)) / carrier_grade, 0.5)


@WHOLESALE.node("route", decimals=4, unit="EUR")
def route_price(draw):
    """What the carrier takes for a minute to the destination."""
    return TABLE[draw.ids % len(DESTINATIONS), 2] * (0.78 + 0.3 * draw.uniform())


@WHOLESALE.node("route")
def route_number(draw):
    """Carrier and destination."""
    return draw.ids


@WHOLESALE.node("inlet", labels=tuple(one[0] for one in INLETS))
def inlet_number(draw):
    """Whence the calls come."""
    return draw.ids


@WHOLESALE.node("inlet_hour")
def inlet_hour_number(draw):
    """Number of the hour."""
    return draw.number


@WHOLESALE.node("inlet_hour", decimals=3)
def inlet_hour_mean(inlet_number, inlet_hour_number, hour_season, subscribers):
    """Calls to be expected in the hour."""
    share, evening = np.array([one[1] for one in INLETS])[inlet_number], np.array([one[2] for one in INLETS])[inlet_number]
    season = np.where(evening, hour_season[inlet_hour_number], 0.5 + 0.5 * hour_season[inlet_hour_number])
    return subscribers * _CALLS_A_CUSTOMER / 24 * share * season


@WHOLESALE.node("inlet_hour")
def inlet_hour_usual(draw, inlet_hour_mean):
    """Calls of people."""
    return draw.poisson(np.minimum(inlet_hour_mean, 700)).clip(0, 800)


@WHOLESALE.node("inlet_hour")
def inlet_hour_fraud(draw):
    """Calls that a machine places to a premium destination, to share what they cost."""
    return np.zeros(len(draw.ids), np.int64)


@WHOLESALE.node("inlet_hour")
def transit_count(inlet_hour_usual, inlet_hour_fraud):
    """All calls of the hour."""
    return inlet_hour_usual + inlet_hour_fraud


@WHOLESALE.node("transit")
def transit_is_fraud(draw, inlet_hour_usual):
    """Whether a machine placed the call."""
    return draw.number >= inlet_hour_usual


@WHOLESALE.node("transit", unit="ms")
def transit_at(draw, inlet_hour_number):
    """Seizure."""
    return inlet_hour_number * HOUR_MS + (HOUR_MS * draw.uniform()).astype(np.int64)


@WHOLESALE.node("transit", labels=tuple(DESTINATIONS))
def transit_destination(draw, transit_is_fraud):
    """Where to."""
    return np.where(transit_is_fraud, _PREMIUM, draw.pick(TABLE[:, 1]))


@WHOLESALE.node("transit", labels=CARRIERS)
def transit_carrier(draw, transit_destination, inlet_number):
    """The carrier that takes it: the destination's first, second or third choice, never the one that gave it."""
    choice = draw.pick([0.62, 0.27, 0.11])
    carrier = (transit_destination * 3 + choice * (1 + transit_destination % 3)) % len(CARRIERS)
    return np.where(carrier == inlet_number - 4, (carrier + 1) % len(CARRIERS), carrier)


@WHOLESALE.node("transit", to="carrier_hour")
def transit_carrier_hour(transit_carrier, inlet_hour_number, days):
    """The hour of the carrier that takes the call."""
    return transit_carrier * days * 24 + inlet_hour_number


@WHOLESALE.node("transit", to="route")
def transit_route(transit_carrier, transit_destination):
    """Route: carrier and destination."""
    return transit_carrier * len(DESTINATIONS) + transit_destination


@WHOLESALE.node("transit")
def transit_is_blocked(draw, carrier_hour_block, carrier_hour_is_up):
    """Whether the carrier did not bring the call through."""
    return ~carrier_hour_is_up | (draw.uniform() < carrier_hour_block)


@WHOLESALE.node("transit")
def transit_is_false(draw):
    """Whether the carrier answers falsely: before anybody has, to bill what nobody talked."""
    return np.zeros(len(draw.ids), bool)


@WHOLESALE.node("transit", labels=("answered", *CAUSES))
def transit_end(draw, transit_destination, transit_is_blocked, transit_is_false, transit_is_fraud):
    """How the call ended. A false answer makes answered calls of all that were brought through."""
    u, good = draw.uniform(), np.where(transit_is_fraud, 0.93, TABLE[transit_destination, 3])
    unanswered = 1 + np.searchsorted([0.36, 0.94], draw.uniform("why"))
    end = np.where(u < good, 0, unanswered)
    end = np.where(transit_is_false, 0, end)
    return np.where(transit_is_blocked, 4 + np.searchsorted([0.55, 0.85], draw.uniform("block")), end).astype(np.int8)


@WHOLESALE.node("transit", decimals=0, unit="ms")
def transit_delay_ms(draw, transit_destination, carrier_grade, transit_is_false):
    """Post-dial delay; a false answer comes at once."""
    usual = TABLE[transit_destination, 5] / carrier_grade * draw.of(exact.lognormal_quantile(0.35))
    return np.minimum(np.where(transit_is_false, 0.35 * usual, usual), 60_000)


@WHOLESALE.node("transit", decimals=0, unit="ms")
def transit_ring_ms(draw, transit_is_false):
    """From ringing to the answer."""
    return np.where(transit_is_false, 200, 2500 + 11_000 * draw.uniform())


@WHOLESALE.node("transit", decimals=0, unit="ms")
def transit_talk_ms(draw, transit_destination, transit_is_false, transit_is_fraud):
    """Talk: most calls are short, a few very long; after a false answer people hang up soon."""
    talk = TABLE[transit_destination, 4] * draw.of(exact.lognormal_quantile(1.15))
    talk = np.where(transit_is_fraud, 240 + 60 * draw.uniform("fraud"), talk)
    talk = np.where(transit_is_false, 3 + 9 * draw.uniform("false"), talk)
    return 1000 * np.clip(talk, 1, 14_400)


@WHOLESALE.node("transit", labels=("ok", "missing", "changed", "invalid"))
def transit_cli(draw, inlet_number):
    """What became of the calling number: calls of carriers arrive with it missing or changed now and then."""
    u, foreign = draw.uniform(), inlet_number > 3
    return np.where(foreign, np.searchsorted([0.93, 0.965, 0.99], u), np.searchsorted([0.995, 0.998, 0.999], u)).astype(np.int8)


@WHOLESALE.node("transit", decimals=1, unit="MOS")
def transit_mos(draw, carrier_grade):
    """Quality of speech."""
    return np.clip(4.0 + 0.4 * (carrier_grade - 1) + 0.15 * draw.normal(), 1.5, 4.4)


@WHOLESALE.node("transit")
def transit_complains(draw, inlet_number, transit_is_false, transit_is_blocked):
    """Whether a customer of ours complains: of money for nothing, of calls that do not get through."""
    return (inlet_number < 4) & (draw.uniform() < 0.0002 + 0.03 * transit_is_false + 0.004 * transit_is_blocked)
