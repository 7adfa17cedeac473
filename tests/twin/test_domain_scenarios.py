"""Scenarios of things, lines, international calls and deals: what is planted moves, and what stands beside it does not, to the last bit."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from cemlib.twin.assembly import Assembly
from cemlib.twin.commerce.declared import DEALS
from cemlib.twin.scenario import load_scenario
from cemlib.twin.wholesale.declared import CARRIERS, DESTINATIONS, INLETS

DAY = 86_400_000
SIZE = {"seed": 2, "subscribers": 1500, "days": 14}


@functools.cache
def both(name: str):
    """The sample of a scenario and of its no-effect twin."""
    plan = load_scenario(name).plan(**SIZE)
    return tuple(Assembly(plan, effects=effects).sample(0, SIZE["subscribers"]) for effects in (True, False))


def of(sample, name: str, grain: str) -> np.ndarray:
    return sample.lifted(name, grain)


def test_only_the_struck_fleet_falls_silent_and_only_from_then_on():
    fact, null = both("silent_meters")
    meters, late = of(fact, "thing_fleet", "report") == 0, of(fact, "report_due", "report") >= 10 * DAY
    arrives, before = fact["report_arrives"], null["report_arrives"]
    assert arrives[meters & late].mean() / before[meters & late].mean() == pytest.approx(0.7, abs=0.08)
    assert np.array_equal(arrives[~(meters & late)], before[~(meters & late)])
    assert np.array_equal(fact["report_coupling_db"], null["report_coupling_db"])


def test_water_takes_the_margin_of_copper_below_one_node():
    fact, null = both("dsl_water_ingress")
    struck = (of(fact, "line_node", "line_day") == 5) & (of(fact, "line_technology", "line_day") < 2) & (fact["line_day_number"] >= 8)
    drop = null["line_margin_db"][struck] - fact["line_margin_db"][struck]
    # 7 dB, less where the margin ends at its lower limit
    assert np.median(drop) == pytest.approx(7.0, abs=0.05)
    assert fact["line_retrains"][struck].mean() > 5 * null["line_retrains"][struck].mean()
    assert np.array_equal(fact["line_margin_db"][~struck], null["line_margin_db"][~struck])


def test_weak_wi_fi_is_no_fault_of_the_line():
    fact, null = both("home_wifi")
    struck = (of(fact, "line_box", "line_day") == 1) & (fact["line_day_number"] >= 8)
    assert (fact["line_wifi_dbm"][struck] - null["line_wifi_dbm"][struck]).tolist() == pytest.approx([-16.0] * struck.sum())
    assert np.array_equal(fact["line_wifi_dbm"][~struck], null["line_wifi_dbm"][~struck])
    assert np.array_equal(fact["line_sync_kbps"], null["line_sync_kbps"])


def test_one_server_of_television_stalls_in_one_evening():
    fact, null = both("cdn_fault")
    mine, at = of(fact, "line_head", "watch") == 1, fact["watch_at"]
    struck = mine & (at >= 12 * DAY + 17 * 3_600_000) & (at < 12 * DAY + 22 * 3_600_000)
    assert struck.sum() > 50
    assert fact["watch_freeze_ms"][struck].sum() > 5 * null["watch_freeze_ms"][struck].sum()
    assert np.array_equal(fact["watch_freeze_ms"][~struck], null["watch_freeze_ms"][~struck])


def test_one_route_of_one_carrier_fails():
    fact, null = both("carrier_route_fault")
    shared, twin = fact, null
    carrier, place = shared["transit_carrier"], shared["transit_destination"]
    struck = (carrier == CARRIERS.index("CIRRO")) & (place == list(DESTINATIONS).index("Morocco mobile")) & (shared["transit_at"] >= 11 * DAY + 8 * 3_600_000)
    assert shared["transit_is_blocked"][struck].mean() == pytest.approx(0.6, abs=0.12)
    assert np.array_equal(shared["transit_is_blocked"][~struck], twin["transit_is_blocked"][~struck])


def test_machines_call_by_night():
    fact, null = both("irsf_burst")
    hour, inlet = of(fact, "inlet_hour_number", "transit"), of(fact, "inlet_number", "transit")
    burst = fact["transit_is_fraud"]
    assert burst.sum() == 4 * 90
    assert set(inlet[burst].tolist()) == {[one[0] for one in INLETS].index("HOME_2")}
    assert set(hour[burst].tolist()) == {12 * 24 + one for one in (1, 2, 3, 4)}
    assert set(fact["transit_destination"][burst].tolist()) == {list(DESTINATIONS).index("Latvia premium")}
    # people's calls are as they were, call by call
    assert np.array_equal(fact["transit_talk_ms"][~burst], null["transit_talk_ms"])


def test_a_false_answer_lifts_the_answer_ratio_and_shortens_the_calls():
    fact, null = both("false_answer")
    struck = (fact["transit_carrier"] == CARRIERS.index("DELTON")) & (fact["transit_at"] >= 8 * DAY)
    assert fact["transit_is_false"][struck].mean() == pytest.approx(0.4, abs=0.08)
    assert (fact["transit_end"][struck] == 0).mean() > (null["transit_end"][struck] == 0).mean() + 0.1
    answered = fact["transit_end"] == 0
    assert np.median(fact["transit_talk_ms"][struck & answered]) < 0.8 * np.median(null["transit_talk_ms"][struck & (null["transit_end"] == 0)])
    assert np.array_equal(fact["transit_end"][~struck], null["transit_end"][~struck])


def test_a_deal_falls_short_and_the_others_do_not():
    fact, null = both("deal_shortfall")
    deal, month = of(fact, "deal_number", "deal_month"), fact["deal_month_number"]
    struck = (deal == list(DEALS).index("AG-BOREAL")) & (month * 30 >= 14 - 190)
    # rounded to a thousandth of a megabyte
    assert fact["deal_month_mb"][struck] == pytest.approx(0.66 * null["deal_month_mb"][struck], abs=0.002)
    assert np.array_equal(fact["deal_month_mb"][~struck], null["deal_month_mb"][~struck])


def test_steering_meets_the_commitment_and_hurts_who_travels_there():
    plan = load_scenario("deal_conflict").plan(seed=2, subscribers=4000, days=14)
    fact, null = (Assembly(plan, effects=effects) for effects in (True, False))
    one, other = (each.sample(0, 4000) for each in (fact, null))
    days = fact.roaming(0, 4000).days
    there = days[days["is_own"] & (days["day"] >= 4) & (fact.world.networks["country"].to_numpy()[days["plmn_row"]] == "DE")]
    assert (fact.world.networks["plmn"].to_numpy()[there["plmn_row"]] == "99907").mean() > 0.9
    assert one["day_discontent"].sum() > other["day_discontent"].sum()
    early = one["day_number"] < 4
    assert np.array_equal(one["day_discontent"][early], other["day_discontent"][early])


def test_the_largest_operator_has_numbers_for_all_who_rate():
    from cemlib.twin.assembly import PARTS, Plan

    assembly = Assembly(Plan(seed=1, subscribers=120_000, days=2, domains=("voice",)))
    rating = next(feed for feed in PARTS["voice"].shared_feeds(assembly) if feed.name == "rating")
    # some two thirds of those who are asked answer
    assert rating.table.num_rows == pytest.approx(32_000 * 6 * 2 / 30 * 0.64, rel=0.06)
    assert set(rating.table.column("msisdn").to_pandas().str.len()) <= {12, 13, 15, 16}


@pytest.mark.parametrize("name", ["imsi_range_missing", "partner_degradation", "hub_failure", "sunset_3g"])
def test_a_scenario_of_roaming_can_be_played_where_few_roam(name):
    plan = load_scenario(name).plan(seed=1, subscribers=100, days=10)
    assert Assembly(plan).roaming(0, 100).people["is_own"].sum() == 100


def test_a_name_that_does_not_exist_is_refused_all_the_same():
    from cemlib.errors import UnknownNameError

    scenario = load_scenario("imsi_range_missing")
    do = scenario.causes[0].do[0].model_copy(update={"where": {"attempt_protocol": "diameter_4gpp"}})
    wrong = scenario.model_copy(update={"causes": [scenario.causes[0].model_copy(update={"do": [do]})]})
    with pytest.raises(UnknownNameError) as caught:
        Assembly(wrong.plan(seed=1, subscribers=100, days=10)).roaming(0, 100)
    assert "diameter_3gpp" in caught.value.near
