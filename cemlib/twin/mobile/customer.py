"""Who the customers are as far as their experience goes: where they live, what they expect, how long they remember."""

from __future__ import annotations

import numpy as np

from cemlib.twin import exact
from cemlib.twin.mobile.declared import MOBILE

__all__ = ["HALF_LIVES", "SEGMENTS"]

SEGMENTS = ("patient", "usual", "demanding", "thrifty")
#: Days until half of a bad day is forgotten, by segment.
HALF_LIVES = np.array([3.0, 6.0, 14.0, 6.0])
_EXPECTS = np.array([3.55, 3.8, 4.1, 3.75])
_ADAPTS = np.array([0.10, 0.06, 0.03, 0.06])
_PEAK = np.array([0.15, 0.3, 0.5, 0.3])

# of the customer base, as it is exported; see cemlib.twin.subscribers
MOBILE.wrapped("customer_device", "customer", labels="devices", meaning="The device, by its TAC.")
MOBILE.wrapped("customer_plan", "customer", labels="plans", meaning="The tariff.")
MOBILE.wrapped("customer_is_business", "customer", meaning="Whether an enterprise pays.")
MOBILE.wrapped("customer_imsi_range", "customer", labels="imsi_ranges", meaning="The first eight digits of the IMSI.")
MOBILE.wrapped("customer_is_active", "customer", meaning="Whether the subscription is active.")
MOBILE.wrapped("roaming_trouble", "customer_day", ["roaming_failures"], decimals=1, meaning="What a day abroad hurt: failed registrations, slow or no data.")


@MOBILE.node("customer", labels="regions")
def customer_region(draw, world):
    """Region of the home."""
    return draw.pick(world.regions["share"])


@MOBILE.node("customer")
def customer_home_site(draw, customer_region, geography):
    """Site at home."""
    return geography.site_in(customer_region, draw.uniform())


@MOBILE.node("customer")
def customer_work_site(draw, customer_region, geography):
    """Site at work, in the same region."""
    return geography.site_in(customer_region, draw.uniform())


@MOBILE.node("customer", labels=SEGMENTS)
def customer_segment(draw):
    """What kind of customer: it sets expectation, memory and what the price means."""
    return draw.pick([0.3, 0.4, 0.18, 0.12])


@MOBILE.node("customer", decimals=4)
def customer_activity(draw, customer_is_business):
    """How much is used: most little, a few very much."""
    return np.minimum(draw.of(exact.lognormal_quantile(0.75)) * 0.78 * np.where(customer_is_business, 1.15, 1.0), 12.0)


@MOBILE.node("customer", decimals=2, unit="dB")
def customer_wall_db(draw):
    """What the walls of the home take from the signal."""
    return 7 + 6 * draw.of(exact.weibull_quantile(1.6))


@MOBILE.node("customer", decimals=3, unit="MOS")
def customer_first_expectation(draw, customer_segment):
    """The quality expected at first."""
    return _EXPECTS[customer_segment] + 0.15 * draw.normal()


@MOBILE.node("customer", decimals=4)
def customer_adaptation(customer_segment):
    """How fast the expectation follows what is had."""
    return _ADAPTS[customer_segment]


@MOBILE.node("customer", decimals=3, unit="d")
def customer_half_life(customer_segment):
    """Days until half of a bad day is forgotten."""
    return HALF_LIVES[customer_segment]


@MOBILE.node("customer", decimals=3)
def customer_peak_weight(customer_segment):
    """How much the worst day counts beside all of them."""
    return _PEAK[customer_segment]


@MOBILE.node("customer", decimals=3)
def customer_temper(draw, families):
    """How discontent somebody is without cause; heavy tails where the family says so."""
    return 0.45 * draw.of(exact.student_quantile(3.0) if families.noise == "student" else exact.normal_quantile())


@MOBILE.node("customer", decimals=2, unit="EUR")
def customer_price(customer_plan, world):
    """Monthly price of the tariff."""
    return world.prices[customer_plan]


@MOBILE.node("customer", decimals=2, unit="EUR")
def customer_fair_price(draw, customer_price, customer_segment):
    """What the service is worth to the customer."""
    return customer_price * (1.08 - 0.1 * (customer_segment == 3)) * draw.of(exact.lognormal_quantile(0.12))
