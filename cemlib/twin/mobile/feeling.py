"""From quality to what customers do: expectation that adapts, memory that fades, the price, and complaint, answer, post, churn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from cemlib.errors import ParameterError
from cemlib.twin import exact
from cemlib.twin.mobile.declared import MOBILE

__all__ = ["CATEGORIES", "Families"]

CATEGORIES = ("coverage_home", "data_slow", "voice", "billing", "roaming")
Loss = Literal["linear", "threshold", "weibull"]
Forgetting = Literal["exponential", "hyperbolic"]
Noise = Literal["normal", "student"]


@dataclass(frozen=True)
class Families:
    """The functional forms; the others than the first of each tell whether an analysis leans on the default.

    Attributes
    ----------
    loss : str
        How a gap hurts: linear; threshold (nothing below 0.5, then all of it); weibull (soft, then steep, then saturated).
    forgetting : str
        exponential, or hyperbolic (fast at first, then hardly at all) with the same half-life.
    noise : str
        normal, or student with three degrees of freedom.

    Examples
    --------
    >>> Families(loss="threshold").hurt(np.array([0.2, 0.9])).tolist()
    [0.0, 0.9]
    """

    loss: Loss = "linear"
    forgetting: Forgetting = "exponential"
    noise: Noise = "normal"

    def __post_init__(self) -> None:
        for name, kind in (("loss", Loss), ("forgetting", Forgetting), ("noise", Noise)):
            if getattr(self, name) not in get_args(kind):
                raise ParameterError(f"The family of {name} is unknown.", wanted=", ".join(get_args(kind)), came=str(getattr(self, name)))

    def hurt(self, gap: np.ndarray) -> np.ndarray:
        """What a gap of quality (in MOS) does to a customer."""
        if self.loss == "threshold":
            return np.where(gap > 0.5, gap, 0.0)
        if self.loss == "weibull":
            return 2.0 * (1 - exact.exp(-exact.power(gap / 1.2, 1.8)))
        return gap

    def memory(self, hurt: np.ndarray, half_life: np.ndarray) -> np.ndarray:
        """What is left at the end of each day (customers x days) of that day's and all earlier hurt."""
        days, left = hurt.shape[1], np.zeros_like(hurt)
        if self.forgetting == "exponential":
            keep, state = exact.exp(-0.6931471805599453 / half_life), np.zeros(len(hurt))
            for day in range(days):
                state = state * keep + hurt[:, day]
                left[:, day] = state
            return left
        for age in range(days):
            left[:, age:] += hurt[:, : days - age] * (1 / (1 + age / half_life))[:, None]
        return left


@MOBILE.node("customer_day", pool={"session_quality": "sum", "call_quality": "sum"}, decimals=3, unit="MOS")
def day_quality(session_quality, call_quality, session_count, call_count):
    """Mean quality of what was done on the day, -1 when nothing was done."""
    done = session_count + call_count
    return np.where(done > 0, (session_quality + call_quality) / np.maximum(done, 1), -1.0)


@MOBILE.node("customer_day", decimals=3, unit="MOS")
def day_expectation(draw, day_quality, customer_first_expectation, customer_adaptation):
    """Expected quality in the morning; it follows what is had."""
    quality = day_quality.reshape(draw.shape)
    expected = np.empty(draw.shape)
    first = draw.shape[1]
    state, speed = customer_first_expectation.reshape(-1, first)[:, 0].copy(), customer_adaptation.reshape(-1, first)[:, 0]
    for day in range(first):
        expected[:, day] = state
        had = quality[:, day] > 0
        state = np.where(had, state + speed * (quality[:, day] - state), state)
    return expected.ravel()


@MOBILE.node("customer_day", decimals=3, unit="MOS")
def day_gap(day_quality, day_expectation):
    """How far the day fell short of what was expected; a better day is no gap, and little joy."""
    return np.where(day_quality > 0, np.maximum(day_expectation - day_quality, 0), 0.0)


@MOBILE.node("customer_day", decimals=3)
def day_bill_surprise(draw):
    """What the bill of the day hurts beyond what was expected."""
    return 0.4 * (draw.uniform() < 0.0006)


@MOBILE.node("customer_day", decimals=4)
def day_price_factor(draw):
    """The price against the tariff's list price."""
    return np.ones(len(draw.ids))


@MOBILE.node("customer_day", decimals=4)
def day_unfairness(day_price_factor, customer_price, customer_fair_price, customer_segment):
    """How far the price is above what the service is worth to the customer."""
    weight = np.array([0.7, 1.0, 0.9, 2.0])[customer_segment]
    return weight * np.maximum(day_price_factor * customer_price / customer_fair_price - 1, 0)


@MOBILE.node("customer_day", decimals=4)
def day_hurt(day_gap, day_bill_surprise, roaming_trouble, families):
    """What the day does to the customer."""
    return families.hurt(day_gap) + day_bill_surprise + 0.5 * roaming_trouble


@MOBILE.node("customer_day", decimals=4)
def day_memory(draw, day_hurt, customer_half_life, families):
    """What is left in the evening of all hurt so far."""
    return families.memory(day_hurt.reshape(draw.shape), customer_half_life.reshape(draw.shape)[:, 0]).ravel()


@MOBILE.node("customer_day", decimals=4)
def day_peak(draw, day_hurt):
    """The worst day so far."""
    return np.maximum.accumulate(day_hurt.reshape(draw.shape), axis=1).ravel()


@MOBILE.node("customer_day", decimals=4)
def day_discontent(day_memory, day_peak, day_unfairness, customer_temper, customer_peak_weight, customer_half_life):
    """The state from which all words and deeds follow; memory counts as the mean of the days that it reaches over."""
    mean = day_memory * 0.75 / (customer_half_life / 0.6931471805599453 * 0.35 + 1)
    return (1 - customer_peak_weight) * mean + 0.5 * customer_peak_weight * day_peak + 1.6 * day_unfairness + customer_temper


@MOBILE.node("customer_day", decimals=6)
def day_complaint_risk(day_discontent, customer_is_active):
    """Chance of a complaint on the day."""
    return customer_is_active * exact.logistic(-7.7 + 2.0 * day_discontent)


@MOBILE.node("customer_day")
def day_churns(draw, day_discontent, customer_is_active):
    """Whether the customer would leave on the day."""
    return draw.chance(customer_is_active * exact.logistic(-9.3 + 1.5 * day_discontent))


@MOBILE.node("customer_day")
def day_is_customer(draw, day_churns, customer_is_active):
    """Whether the subscription is (still) active in the morning of the day."""
    gone = np.cumsum(day_churns.reshape(draw.shape), axis=1) - day_churns.reshape(draw.shape)
    return (gone == 0).ravel() & customer_is_active


@MOBILE.node("customer_day", decimals=0)
def day_complains(draw, day_complaint_risk, day_is_customer):
    """Whether the customer complains."""
    return draw.chance(day_complaint_risk) & day_is_customer


@MOBILE.node("customer_day", labels=CATEGORIES)
def day_complaint_category(draw, day_memory, day_unfairness, day_bill_surprise, roaming_trouble):
    """What the complaint is about: mostly what hurts, now and then something else."""
    u = draw.uniform()
    network = np.where(u < 0.4, 0, np.where(u < 0.75, 1, 2))
    chosen = np.where((day_unfairness > 0.12) | (day_bill_surprise > 0), 3, network)
    chosen = np.where(roaming_trouble > 0, 4, chosen)
    return np.where(draw.uniform("odd") < 0.12, 3, chosen)


@MOBILE.node("customer_day")
def day_contacts(draw, day_complains, day_is_customer):
    """Whether the customer contacts care: complaints, and everyday questions."""
    return day_is_customer & (day_complains | draw.chance(0.0035))


@MOBILE.node("customer_day")
def day_test_calls(draw, day_complains):
    """Test calls of care on the day after a ticket: they follow the complaint, they do not cause it."""
    yesterday = np.zeros(draw.shape, dtype=bool)
    yesterday[:, 1:] = day_complains.reshape(draw.shape)[:, :-1]
    return np.where(yesterday.ravel(), draw.poisson(0.4), 0)


@MOBILE.node("customer_day")
def day_is_asked(draw, day_is_customer):
    """Whether the customer is asked whether they would recommend us."""
    return draw.chance(1 / 30) & day_is_customer


@MOBILE.node("customer_day", decimals=4)
def day_answer_chance(day_discontent, customer_segment):
    """Who answers: the angry and the delighted, and the demanding more than the patient."""
    far = np.minimum(np.abs(day_discontent - 0.3), 2.0)
    return np.array([0.055, 0.07, 0.095, 0.075])[customer_segment] * (0.75 + 0.55 * far)


@MOBILE.node("customer_day")
def day_answers(draw, day_is_asked, day_answer_chance):
    """Whether the customer answers."""
    return day_is_asked & draw.chance(day_answer_chance)


@MOBILE.node("customer_day", decimals=3)
def day_satisfaction(day_discontent):
    """True willingness to recommend, 0 to 10, whether asked or not; it saturates at both ends."""
    return 10 * exact.logistic(1.9 - 1.25 * day_discontent)


@MOBILE.node("customer_day")
def day_score(draw, day_satisfaction):
    """The answer, 0 to 10; some say yes to everything."""
    score = np.rint(day_satisfaction + 1.1 * draw.normal())
    return np.where(draw.uniform("agree") < 0.07, 10, np.clip(score, 0, 10)).astype(np.int64)


@MOBILE.node("customer_day")
def day_posts(draw, day_discontent, day_is_customer):
    """Whether the customer writes in public."""
    return day_is_customer & draw.chance(0.0006 * exact.exp(np.minimum(0.9 * np.abs(day_discontent - 0.2), 3)))


@MOBILE.node("customer", pool={"day_churns": "any"})
def customer_churns(day_churns, customer_is_active):
    """Whether the customer leaves within the period."""
    return day_churns & customer_is_active


@MOBILE.node("customer", pool={"day_complains": "sum"}, decimals=0)
def customer_complaints(day_complains):
    """Complaints in the period."""
    return day_complains


@MOBILE.node("customer", pool={"day_complaint_risk": "sum"}, decimals=6)
def customer_expected_complaints(day_complaint_risk):
    """Complaints to be expected, without the luck of the draw."""
    return day_complaint_risk


@MOBILE.node("customer", pool={"day_discontent": "sum"}, decimals=4)
def customer_discontent(day_discontent, days):
    """Mean discontent."""
    return day_discontent / days


@MOBILE.node("customer", pool={"day_satisfaction": "sum"}, decimals=3)
def customer_satisfaction(day_satisfaction, days):
    """Mean willingness to recommend."""
    return day_satisfaction / days


@MOBILE.node("customer", pool={"day_gap": "sum"}, decimals=4, unit="MOS")
def customer_gap(day_gap, days):
    """Mean gap of quality."""
    return day_gap / days
