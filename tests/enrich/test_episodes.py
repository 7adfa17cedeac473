"""Episodes of registration tries, worked out by hand."""

import pytest
from tiny_lake import NETWORK, TinyLake, at

from cemlib.enrich import enriched, registration_episode
from cemlib.errors import KpiError

REFUSED = {"cause_vendor_code": "10415", "cause_code": "5004"}
TARGET = [{"country_code": "IT", "plmn_code": "99901", "target_ratio": 0.8}]


def episodes(*registrations, gap_min=None, **tables):
    lake = TinyLake(network=NETWORK, registration=list(registrations), **tables)
    frame = registration_episode(lake, gap_min)
    return frame.collect(backend="pandas").to_native().sort_values("first_attempted_at", ignore_index=True)


def tried(clock, **columns):
    return {"attempted_at": at(clock)} | columns


def test_a_gap_above_the_setting_begins_a_new_episode():
    # 10:00, 10:10 (gap 10: same), 10:20:01 (gap 10:01: new)
    found = episodes(tried("10:00"), tried("10:10"), tried("10:20:01"))
    assert found["attempts"].tolist() == [2, 1]
    assert [str(one) for one in found["last_attempted_at"]] == ["2026-03-10 10:10:00", "2026-03-10 10:20:01"]
    assert episodes(tried("10:00"), tried("10:10"), tried("10:20:01"), gap_min=11)["attempts"].tolist() == [3]


def test_one_subscriber_one_country_one_direction():
    found = episodes(tried("10:00"), tried("10:01", visited_plmn_code="99903"), tried("10:02", visited_plmn_code="99911"),
                     tried("10:03", subscriber_key="bert"),
                     tried("10:04", direction_code="inbound", visited_plmn_code="99970", home_plmn_code="99901"))
    assert found["attempts"].tolist() == [2, 1, 1, 1]
    assert found["country_code"].tolist() == ["IT", "ES", "IT", "IT"]
    assert found["episode_id"].nunique() == 4


def test_any_success_makes_it_a_success_and_the_last_success_speaks_for_it():
    found = episodes(tried("10:00", visited_plmn_code="99903", cause_code="5420"), tried("10:01", visited_plmn_code="99901"),
                     tried("10:02", visited_plmn_code="99903", cause_code="5420"))
    (one,) = found.to_dict("records")
    assert (one["is_success"], one["attempts"], one["rejects"], one["partner_code"], one["last_plmn"]) == (True, 3, 2, "ALFA", "99903")
    assert one["cause_code"] == "0"


def test_the_last_failure_that_is_not_steering_speaks_for_a_failed_one():
    found = episodes(tried("10:00", visited_plmn_code="99901", cause_code="5420"),
                     tried("10:01", visited_plmn_code="99903", is_steering=True, **REFUSED))
    (one,) = found.to_dict("records")
    assert (one["is_success"], one["partner_code"], one["cause_code"], one["is_only_steering"]) == (False, "ALFA", "5420", False)
    assert (one["rejects"], one["steering_rejects"], one["fault_side_code"]) == (2, 1, "us")


def test_steering_that_ends_nowhere_is_a_failed_episode():
    found = episodes(tried("10:00", visited_plmn_code="99903", is_steering=True, **REFUSED),
                     tried("10:01", visited_plmn_code="99903", is_steering=True, **REFUSED), steering_target=TARGET)
    (one,) = found.to_dict("records")
    assert (one["is_success"], one["is_only_steering"], one["partner_code"]) == (False, True, "BETA")


def test_steering_that_ends_on_the_preferred_network_is_a_success():
    found = episodes(tried("10:00", visited_plmn_code="99903", **REFUSED), tried("10:01"), steering_target=TARGET)
    (one,) = found.to_dict("records")
    assert (one["is_success"], one["steering_rejects"], one["is_only_steering"]) == (True, 1, False)


def test_networks_of_no_known_country_stand_for_themselves():
    found = episodes(tried("10:00", visited_plmn_code="99998"), tried("10:01", visited_plmn_code="99999"))
    assert found["attempts"].tolist() == [1, 1]
    assert found["country_code"].isna().all()


def test_attempts_of_the_episodes_are_the_attempts():
    tries = [tried(f"{hour:02d}:{minute:02d}", subscriber_key=f"s{minute % 3}", visited_plmn_code="99901" if minute % 2 else "99903",
                   cause_code="0" if minute % 5 else "5420") for hour in range(4) for minute in range(0, 60, 7)]
    assert int(episodes(*tries)["attempts"].sum()) == len(tries)


def test_the_episode_lies_in_the_buckets_of_its_first_try():
    (one,) = episodes(tried("10:59:59"), tried("11:00:30")).to_dict("records")
    assert str(one["hour_at"]) == "2026-03-10 10:00:00"
    assert str(one["minute15_at"]) == "2026-03-10 10:45:00"
    assert one["weekday_hour"] == 1 * 24 + 10  # a Tuesday


def test_no_registrations_no_episodes():
    with pytest.raises(KpiError, match="no registrations"):
        registration_episode(TinyLake())
    assert len(enriched(TinyLake(), "registration_episode").collect(backend="pandas").to_native()) == 0
