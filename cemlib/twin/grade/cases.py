"""Draws the cases of a grading afresh: which partner, which hub, how bad, since when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cemlib.twin.assembly import Plan
from cemlib.twin.scenario import Cause, Do, Scenario, load_scenario
from cemlib.twin.streams import Streams
from cemlib.twin.world import World

__all__ = ["Case", "draw_case"]


@dataclass(frozen=True)
class Case:
    """A scenario with its parameters drawn.

    Attributes
    ----------
    scenario : Scenario
    seed, subscribers, days : int
    effects : bool
        False: the no-effect twin.
    truth : dict
        What an answer is held against.
    """

    scenario: Scenario
    seed: int
    subscribers: int
    days: int
    effects: bool
    truth: dict[str, Any] = field(default_factory=dict)


def draw_case(name: str, *, seed: int, number: int, subscribers: int, days: int, effects: bool) -> Case:
    """A case of a scenario: the same seed and number draw the same one; the no-effect twin has the same names and draws.

    Parameters
    ----------
    name : str
        partner_degradation, hub_failure, steering_burst or unhappy_customers.
    seed, number : int
    subscribers, days : int
    effects : bool

    Examples
    --------
    >>> one, other = (draw_case("partner_degradation", seed=3, number=0, subscribers=3000, days=14, effects=effects) for effects in (True, False))
    >>> one.truth["plmn"] == other.truth["plmn"], one.scenario == other.scenario
    (True, True)
    """
    case_seed = int(Streams(seed).sequence(f"grade.{name}", str(number)).generate_state(1)[0])
    rng = Streams(case_seed).generator("grade.case")
    plan = Plan(seed=case_seed, subscribers=subscribers, days=days, domains=("roaming",), is_renamed=True)
    world = plan.world()
    scenario, truth = {"partner_degradation": _partner, "hub_failure": _hub, "steering_burst": _burst, "unhappy_customers": _unhappy}[name](world, rng, days)
    return Case(scenario, case_seed, subscribers, days, effects, {"scenario": name, **truth})


def _time(days_before: int, hour: int) -> str:
    return f"-{days_before}d+{hour}h"


def _traffic(world: World) -> np.ndarray:
    """How many of our registrations go to each network."""
    return world.countries["outbound"].to_numpy()[world.networks["country_row"]] * world.networks["share"].to_numpy()


def _partner(world: World, rng: np.random.Generator, days: int) -> tuple[Scenario, dict]:
    """One of the fifteen largest partners answers with an error for a share of the registrations."""
    row = int(rng.choice(np.argsort(-_traffic(world))[:15]))
    plmn, code = str(world.networks["plmn"][row]), str(rng.choice(["4181", "5420"]))
    share, before, hour = round(float(rng.uniform(0.2, 0.45)), 2), int(rng.integers(2, 6)), int(rng.integers(6, 20))
    do = Do(node="attempt_cause", set=f"diameter_3gpp:{code}", where={"attempt_plmn": plmn, "attempt_direction": "outbound", "attempt_protocol": "diameter_3gpp"},
            share=share, since=_time(before, hour))
    scenario = _base(load_scenario("partner_degradation"), "partner_degradation", do)
    return scenario, {"plmn": plmn, "cause": code, "share": share, "since_h": (days - before) * 24 + hour}


def _hub(world: World, rng: np.random.Generator, days: int) -> tuple[Scenario, dict]:
    """All partners of a hub time out for an hour or more."""
    hub = str(rng.choice(sorted(set(world.networks["hub"]))))
    before, hour, lasts = int(rng.integers(2, 6)), int(rng.integers(7, 20)), int(rng.integers(1, 4))
    do = Do(node="attempt_cause", set="any:no_answer", where={"attempt_hub": hub}, share=0.9, since=_time(before, hour), until=_time(before, hour + lasts))
    return _base(load_scenario("hub_failure"), "hub_failure", do), {"hub": hub, "since_h": (days - before) * 24 + hour, "lasts_h": lasts}


def _burst(world: World, rng: np.random.Generator, days: int) -> tuple[Scenario, dict]:
    """The decoy: thousands of steering rejects, and success elsewhere within minutes."""
    scenario = load_scenario("steering_burst").model_copy(update={"domains": ["roaming"]})
    return scenario, {"plmn": world.renamed.get("99902", "99902")}


def _unhappy(world: World, rng: np.random.Generator, days: int) -> tuple[Scenario, dict]:
    """Signal is weak in one of the six largest regions for the last days, and two tariffs cost more for a month."""
    region = str(rng.choice(world.regions.sort_values("share", ascending=False)["state"].head(6)))
    plans = sorted(str(one) for one in rng.choice(["basic", "plus", "max"], 2, replace=False))
    weaker, dearer, before = round(float(rng.uniform(14, 24)), 1), round(float(rng.uniform(1.2, 1.45)), 2), int(rng.integers(5, 9))
    weak = Do(node="cell_hour_power_db", add=-weaker, where={"cell_region": region}, since=f"-{before}d")
    dear = Do(node="day_price_factor", times=dearer, where={"customer_plan": plans}, since="-30d")
    causes = [Cause(id=name, says="drawn", direction="down", outcome="satisfaction", do=[do]) for name, do in (("signal", weak), ("price", dear))]
    scenario = load_scenario("price_shock").model_copy(update={"domains": ["mobile", "commerce"], "causes": causes, "name": "unhappy_customers"})
    return scenario, {"region": region, "plans": plans, "weaker_db": weaker, "dearer": dearer, "before_d": before}


def _base(scenario: Scenario, name: str, do: Do) -> Scenario:
    cause = Cause(id="drawn", says="drawn", direction="down", outcome="roaming_registration_success_ratio", do=[do])
    return scenario.model_copy(update={"domains": ["roaming"], "causes": [cause], "name": name})
