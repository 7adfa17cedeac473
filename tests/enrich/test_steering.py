"""Deliberate steering is not a failure; the same cause without a success elsewhere is one."""

import pytest
from tiny_lake import NETWORK, TinyLake, at

from cemlib.enrich import Windows, enriched
from cemlib.errors import ParameterError

TARGET = [{"country_code": "IT", "plmn_code": "99901", "target_ratio": 0.8}]
REFUSED = {"cause_vendor_code": "10415", "cause_code": "5004", "visited_plmn_code": "99903"}


def steered(*registrations, target=TARGET, minutes=5):
    lake = TinyLake(network=NETWORK, steering_target=target, registration=list(registrations))
    found = enriched(lake, "registration", settings=Windows(steering_min=minutes)).collect(backend="pandas").to_native()
    return found.sort_values("record_id")["is_steering_reject"].tolist()


def tried(clock, **columns):
    return {"attempted_at": at(clock)} | columns


def test_what_the_source_says_holds():
    assert steered(tried("10:00", **REFUSED, is_steering=True)) == [True]
    # the source says no: a success elsewhere does not make it steering
    assert steered(tried("10:00", **REFUSED, is_steering=False), tried("10:01")) == [False, False]
    # a success is no reject, whatever the source says
    assert steered(tried("10:00", is_steering=True)) == [False]


def test_refused_here_then_let_in_on_another_network_of_the_country():
    assert steered(tried("10:00", **REFUSED), tried("10:04:59", visited_plmn_code="99901")) == [True, False]
    assert steered(tried("10:00", **REFUSED), tried("10:05", visited_plmn_code="99901")) == [True, False]
    assert steered(tried("10:00", **REFUSED), tried("10:05:01", visited_plmn_code="99901")) == [False, False]
    assert steered(tried("10:00", **REFUSED), tried("10:09", visited_plmn_code="99901"), minutes=10) == [True, False]


def test_map_8_steers_too_and_a_run_of_rejects_is_one_steering():
    refused = {"protocol_code": "map_update_location", "cause_code": "8", "visited_plmn_code": "99903"}
    assert steered(tried("10:00", **refused), tried("10:01", **refused), tried("10:02", **refused), tried("10:03")) == [
        True, True, True, False]


def test_what_is_no_steering():
    # alone; success before it; success of somebody else; in another country; on the same network; another cause
    assert steered(tried("10:00", **REFUSED)) == [False]
    assert steered(tried("09:59"), tried("10:00", **REFUSED)) == [False, False]
    assert steered(tried("10:00", **REFUSED), tried("10:01", subscriber_key="bert")) == [False, False]
    assert steered(tried("10:00", **REFUSED), tried("10:01", visited_plmn_code="99911")) == [False, False]
    assert steered(tried("10:00", **REFUSED), tried("10:01", visited_plmn_code="99903")) == [False, False]
    assert steered(tried("10:00", **REFUSED | {"cause_code": "5420"}), tried("10:01")) == [False, False]
    # 5004 of the base protocol is INVALID_AVP_VALUE
    base = REFUSED | {"protocol_code": "diameter_base", "cause_vendor_code": None}
    assert steered(tried("10:00", **base), tried("10:01")) == [False, False]


def test_nobody_is_steered_away_from_the_preferred_network():
    on_preferred = REFUSED | {"visited_plmn_code": "99901"}
    to_other = tried("10:01", visited_plmn_code="99903")
    assert steered(tried("10:00", **on_preferred), to_other) == [False, False]
    # where there is no target the pattern alone decides
    assert steered(tried("10:00", **on_preferred), to_other, target=[]) == [True, False]


def test_of_inbound_roamers_we_do_not_see_the_other_networks():
    inbound = {"direction_code": "inbound", "home_plmn_code": "99911", "visited_plmn_code": "99970"}
    assert steered(tried("10:00", **REFUSED | inbound), tried("10:01", **inbound)) == [False, False]


@pytest.mark.parametrize("wrong", [0, 1441, 2.5, True, "5"])
def test_a_window_is_a_whole_number_of_minutes(wrong):
    with pytest.raises(ParameterError, match="steering_min"):
        Windows(steering_min=wrong)


def test_the_environment_sets_the_windows(monkeypatch):
    from cemlib.enrich import windows

    monkeypatch.setenv("CEM_EPISODE_GAP_MIN", "20")
    assert windows() == Windows(episode_gap_min=20, steering_min=5)
    monkeypatch.setenv("CEM_STEERING_MIN", "soon")
    with pytest.raises(ParameterError, match="CEM_STEERING_MIN"):
        windows()
