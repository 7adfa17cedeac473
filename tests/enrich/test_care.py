"""Contacts with customers: which follows which, and how many for each subscriber and month; the answers worked out by hand."""

import datetime as dt

from tiny_lake import TinyLake, at

from cemlib.enrich import enriched
from cemlib.kpi import evaluate

DAY_S = 86_400.0


def ticket(day, clock="12:00", who="anna", about="bill", **columns):
    return {"ticket_id": f"{who}{day}{clock}{about}", "opened_at": at(clock, day), "subscriber_key": who, "category_code": about, **columns}


def held(who, since=1, until=None, **columns):
    return {"subscriber_key": who, "subscriber_kind_code": "mobile", "status_code": "active", "valid_from_at": at("00:00", since),
            "valid_to_at": None if until is None else at("00:00", until), **columns}


def rows(lake, name):
    return enriched(lake, name).collect(backend="pandas").to_native()


def test_a_ticket_follows_one_of_the_same_subscriber_and_category():
    lake = TinyLake(ticket=[ticket(10), ticket(12), ticket(13, about="coverage"), ticket(13, who="bert"), ticket(14, who=None), ticket(15, who=None)])
    found = rows(lake, "ticket").sort_values("opened_at")["since_previous_s"]
    assert found.dropna().tolist() == [2 * DAY_S]
    assert len(found) == 6
    # one of the four whose subscriber is known
    assert evaluate(lake, "care_ticket_repeat_ratio").frame[["num", "den"]].iloc[0].tolist() == [1, 4]


def test_two_tickets_of_one_instant_are_told_apart_by_their_record():
    found = rows(TinyLake(ticket=[ticket(10), ticket(10) | {"ticket_id": "other"}]), "ticket")
    assert sorted(found["since_previous_s"].fillna(-1)) == [-1, 0]


def test_the_one_before_is_found_however_few_records_are_asked_for():
    # the window begins after the first ticket, which still is the one before
    lake = TinyLake(ticket=[ticket(10), ticket(12)])
    assert evaluate(lake, "care_ticket_repeat_ratio", since="2026-03-12").frame[["num", "den"]].iloc[0].tolist() == [1, 1]


def test_how_long_it_took():
    found = rows(TinyLake(ticket=[ticket(10, closed_at=at("12:00", 11)), ticket(11)]), "ticket").sort_values("opened_at")["duration_s"]
    assert found.iloc[0] == DAY_S
    assert found.isna().tolist() == [False, True]


def test_months_of_subscribers_are_the_days_on_which_they_held_and_the_feeds_ran():
    # the feeds run from 30 March to 2 April: two days of each month
    april = [dt.datetime(2026, 4, 2, 9, tzinfo=dt.UTC)]
    lake = TinyLake(
        ticket=[ticket(30), ticket(31), ticket(31, who="nobody"), ticket(31, who=None)],
        interaction=[{"occurred_at": april[0], "subscriber_key": "bert", "channel_code": "phone"}],
        subscriber=[held("anna"), held("bert", since=31), held("carl", until=31), held("dora", status_code="ended"), held("eve", subscriber_kind_code="inbound_roamer")])
    found = rows(lake, "subscriber_month").set_index(["subscriber_key", "month_date"]).sort_index()
    assert found["held_days"].to_dict() == {
        ("anna", dt.datetime(2026, 3, 1)): 2, ("anna", dt.datetime(2026, 4, 1)): 2, ("bert", dt.datetime(2026, 3, 1)): 1,
        ("bert", dt.datetime(2026, 4, 1)): 2, ("carl", dt.datetime(2026, 3, 1)): 1}
    assert found["ticket_count"].tolist() == [2, 0, 0, 0, 0]
    assert found["contact_count"].tolist() == [0, 0, 0, 1, 0]
    row = evaluate(lake, "care_ticket_subscriber_rate").frame.iloc[0]
    # two tickets in eight days
    assert (row["num"], row["den"], row["value"]) == (2, 8, 2 / 8 * 1000 * 30.4375)
    assert row["state"] == "too_few"


def test_another_plan_in_the_month_is_no_other_subscriber():
    lake = TinyLake(ticket=[ticket(10), ticket(13)], subscriber=[held("anna", until=12, plan_code="silver"), held("anna", since=12, plan_code="gold"),
                                                                 held("anna", since=11, until=12, plan_code="overlap")])
    (row,) = rows(lake, "subscriber_month").to_dict("records")
    assert (row["held_days"], row["ticket_count"], row["plan_code"]) == (4, 2, "gold")
