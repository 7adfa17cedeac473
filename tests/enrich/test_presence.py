"""Who was there and used nothing, judged only when the use feeds have had their time."""

import datetime as dt

from tiny_lake import NETWORK, TinyLake, at

from cemlib.enrich import enriched


def roamer_days(**tables):
    found = enriched(TinyLake(network=NETWORK, **tables), "roamer_day").collect(backend="pandas").to_native()
    found["day"] = found["day_at"].dt.day
    return found.set_index(["subscriber_key", "visited_plmn_code", "day"]).sort_index()


def used(day, clock="12:00", delay_s=60, **columns):
    started = at(clock, day)
    return {"started_at": started, "received_at": started + dt.timedelta(seconds=delay_s)} | columns


def test_there_and_used_there_and_silent():
    found = roamer_days(
        registration=[{"attempted_at": at("08:00", 10)}, {"attempted_at": at("08:00", 10), "subscriber_key": "bert"},
                      # a reject is no presence
                      {"attempted_at": at("08:00", 10), "subscriber_key": "carl", "cause_code": "5420"}],
        data_session=[used(10), used(11), used(12)])
    assert found["is_registered"].to_dict() == {("anna", "99901", 10): True, ("anna", "99901", 11): False, ("anna", "99901", 12): False,
                                                ("bert", "99901", 10): True}
    assert found["is_used"].to_dict() == {("anna", "99901", 10): True, ("anna", "99901", 11): True, ("anna", "99901", 12): True,
                                          ("bert", "99901", 10): False}
    assert found["partner_code"].unique().tolist() == ["ALFA"]


def test_a_stay_covers_its_days_and_not_the_one_it_ends_at_midnight_of():
    found = roamer_days(attachment=[{"started_at": at("20:00", 10), "ended_at": at("00:00", 13)},
                                    {"started_at": at("20:00", 10), "ended_at": at("00:01", 11), "subscriber_key": "bert"}],
                        data_session=[used(14)])
    assert [key for key, there in found["is_registered"].items() if there] == [
        ("anna", "99901", 10), ("anna", "99901", 11), ("anna", "99901", 12), ("bert", "99901", 10), ("bert", "99901", 11)]


def test_a_stay_that_goes_on_is_known_until_the_last_receipt():
    found = roamer_days(attachment=[{"started_at": at("20:00", 10), "received_at": at("20:00", 11)}], data_session=[used(14)])
    assert [key[2] for key, there in found["is_registered"].items() if there] == [10, 11]


def test_a_day_is_judged_when_the_feed_has_had_its_delay():
    # every record comes 2 h late, the last one at 01:59 on the 12th: judged until 23:59 on the 11th; the 11th is not over by then
    late = [used(10, "12:00", 7200), used(11, "12:00", 7200), used(11, "23:59", 7200)]
    found = roamer_days(registration=[{"attempted_at": at("08:00", day)} for day in (10, 11, 12)], data_session=late)
    assert found["is_judged"].to_dict() == {("anna", "99901", 10): True, ("anna", "99901", 11): False, ("anna", "99901", 12): False}
    # one more, received at 02:00 on the 12th: the 11th is over
    found = roamer_days(registration=[{"attempted_at": at("08:00", day)} for day in (10, 11, 12)], data_session=[*late, used(12, "00:00", 7200)])
    assert found["is_judged"].tolist() == [True, True, False]


def test_the_slowest_feed_decides_and_a_feed_that_stopped_makes_nobody_silent():
    tables = {"registration": [{"attempted_at": at("08:00", day)} for day in (10, 11, 12)], "data_session": [used(13)]}
    assert roamer_days(**tables)["is_judged"].groupby("day").all().to_dict() == {10: True, 11: True, 12: True, 13: False}
    stopped = [{"submitted_at": at("12:00", 10), "received_at": at("12:01", 10)}]
    assert not roamer_days(**tables, message=stopped)["is_judged"].any()


def test_without_a_feed_of_use_nobody_is_judged():
    assert not roamer_days(registration=[{}])["is_judged"].any()


def test_a_use_that_failed_is_none():
    found = roamer_days(registration=[{"attempted_at": at("08:00", 10)}], data_session=[used(10, cause_code="73"), used(12, subscriber_key="bert")])
    assert not found.loc[("anna", "99901", 10), "is_used"]


def test_uses_are_the_records_of_the_three_feeds():
    lake = TinyLake(network=NETWORK, data_session=[{}, {}], voice_call=[{}], message=[{}, {"cause_code": "34"}])
    found = enriched(lake, "roamer_use").collect(backend="pandas").to_native()
    assert found["use_code"].value_counts().to_dict() == {"data": 2, "sms": 2, "voice": 1}
    assert int(found["is_success"].sum()) == 4
