"""What customers say and do, as the systems of care, market research and sales write it; and the test calls of care."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.twin.dirt import Dirt
from cemlib.twin.feed import EPOCH_MS, codes, instants
from cemlib.twin.mobile.declared import MOBILE
from cemlib.twin.mobile.feeling import CATEGORIES
from cemlib.twin.mobile.records import local_offsets, named
from cemlib.twin.season import DAY_MS, HOUR_MS
from cemlib.twin.subscribers import fiction_numbers, padded

__all__: list[str] = []

_REASONS = ("No_Coverage", "Slow_Internet", "Calls", "Bill", "Roaming", "Question")
_TOPICS = ("coverage", "internet", "calls", "bill", "roaming", "other")

MOBILE.events("test_call", of="customer_day", count="day_test_calls", clock="test_call_at")


def _waking(u: np.ndarray, day: np.ndarray) -> np.ndarray:
    return day * DAY_MS + (7 * HOUR_MS) + (13 * HOUR_MS * u).astype(np.int64)


def _iso_local(at: np.ndarray, world) -> pa.Array:
    offset = local_offsets(world, at)
    text = pc.strftime(pa.array(at // 1000 * 1000 + EPOCH_MS + offset).cast(pa.timestamp("ms")).cast(pa.timestamp("s"), safe=False), "%Y-%m-%dT%H:%M:%S")
    return pc.binary_join_element_wise(text, codes(["+01:00", "+02:00"], offset > HOUR_MS), "")


@MOBILE.node("customer_day", unit="ms")
def day_word_at(draw, day_number):
    """The hour in which a customer complains, answers or writes on the day, in waking hours."""
    return _waking(draw.uniform(), day_number)


@MOBILE.node("customer_day")
def day_has_ticket(draw, day_complains):
    """Whether the complaint becomes a ticket."""
    return day_complains & draw.chance(0.7)


@MOBILE.node("customer_day")
def day_small_print(draw):
    """What channels and lengths are drawn from."""
    return draw.uniform()


@MOBILE.node("test_call", unit="ms")
def test_call_at(draw, day_number):
    """When care tries the number, in office hours."""
    return day_number * DAY_MS + 8 * HOUR_MS + (8 * HOUR_MS * draw.uniform()).astype(np.int64)


@MOBILE.node("test_call")
def test_call_fails(draw):
    """Whether it is not answered: the customer often does not pick up an unknown number, and the tool hangs up early."""
    return draw.chance(0.35)


@MOBILE.node("test_call")
def test_call_written(test_call_at):
    """When the record was written."""
    return test_call_at + 300_000


@MOBILE.feed("care_ticket", "customer_day", part="mobile", file="tickets_mobile.csv", keep="day_has_ticket", dirt=Dirt(
    {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2, "bad_time": 1}, {"bad_time": "opened"}))
def care_ticket(ids, day_word_at, day_complaint_category, day_small_print, customer_row, people, days):
    """Tickets of complaints at home."""
    u = day_small_print
    closed = day_word_at + (HOUR_MS * (1 + 40 * u * u)).astype(np.int64)
    number = named(people.msisdn, customer_row)
    empty = codes([""], np.zeros(len(ids)))
    return {
        "ticket_id": pa.array(np.char.add("TM-", padded(ids, 12))), "opened": instants(day_word_at), "closed": instants(closed, closed >= days * DAY_MS),
        "msisdn": number.cast(pa.string()), "category": codes([*CATEGORIES[:4], "roaming_data"], day_complaint_category),
        "channel": codes(["phone", "chat", "app", "shop"], np.searchsorted([0.5, 0.74, 0.92], u)),
        "severity": codes(["minor", "major", "critical"], np.searchsorted([0.72, 0.96], u * 7 % 1)), "vplmn": empty, "country": codes(["FR"], np.zeros(len(ids))),
    }


@MOBILE.feed("contact_log", "customer_day", file="contacts.csv", keep="day_contacts", dirt=Dirt(
    {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2, "bad_time": 1, "unknown_code": 1}, {"bad_time": "Started", "unknown_code": "Channel"},
    {"bad_time": "31.02.2026 08:00:00", "unknown_code": "PIGEON"}))
def contact_log(ids, day_word_at, day_complains, day_complaint_category, day_small_print, customer_row, people, world):
    """Contacts as the contact centre logs them, in local time without offset; some numbers are withheld."""
    u, offset = day_small_print, local_offsets(world, day_word_at)
    started = pc.strftime(pa.array(day_word_at - 240_000 + EPOCH_MS + offset).cast(pa.timestamp("ms")).cast(pa.timestamp("s"), safe=False), "%d.%m.%Y %H:%M:%S")
    number = named(people.msisdn, customer_row).cast(pa.string()).to_numpy(zero_copy_only=False)
    return {
        "Started": started, "Number": pa.array(np.where(u > 0.97, "withheld", number)), "Channel": codes(["CALL", "CHAT", "APP", "SHOP"], np.searchsorted([0.5, 0.74, 0.92], u)),
        "Reason": codes(_REASONS, np.where(day_complains, day_complaint_category, 5)), "Agent": codes([f"a{one}" for one in range(40)], (u * 40).astype(np.int64)),
        "HandleTime": pa.array((90 + 600 * (u * 13 % 1)).astype(np.int64)), "Notes": codes([""], np.zeros(len(ids))),
    }


@MOBILE.feed("survey", "customer_day", file="survey_answers.csv", keep="day_answers", dirt=Dirt(
    {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2, "bad_time": 1, "out_of_range": 2, "unknown_code": 1},
    {"bad_time": "answered_at", "out_of_range": "score", "unknown_code": "question"}, {"out_of_range": "11", "unknown_code": "HAPPY"}))
def survey(ids, day_word_at, day_score, day_complaint_category, day_small_print, customer_row, people, world):
    """Answers to "would you recommend us", 0 to 10."""
    u = day_small_print
    driver = np.where(day_score >= 9, np.where(u < 0.5, 5, 1), day_complaint_category)
    return {
        "answered_at": _iso_local(day_word_at, world), "msisdn": named(people.msisdn, customer_row).cast(pa.string()), "question": codes(["NPS"], np.zeros(len(ids))),
        "score": pa.array(day_score), "driver": codes(["Coverage", "Speed", "Voice", "Price", "Roaming", "Service"], driver),
        "sent_by": codes(["SMS", "call"], u < 0.2), "comment": codes([""], np.zeros(len(ids))),
    }


@MOBILE.feed("social_listening", "customer_day", file="social_posts.csv", keep="day_posts", dirt=Dirt(
    {"too_few_columns": 1, "too_many_columns": 1, "duplicate": 1, "bad_time": 1}, {"bad_time": "published"}))
def social_listening(ids, day_word_at, day_discontent, day_complaint_category, day_small_print, customer_region, world):
    """Public posts; nothing joins them to a customer."""
    u, unhappy = day_small_print, day_discontent > 0.2
    polarity = np.clip(np.rint(35 - 70 * day_discontent + 40 * (u - 0.5)), -100, 100).astype(np.int64)
    missing = u > 0.93
    return {
        "published": instants(day_word_at), "crawled": instants(day_word_at + HOUR_MS), "network": codes(["Chirper", "forum", "Wall"], np.searchsorted([0.6, 0.8], u)),
        "author": pa.array(np.char.add("u", padded(ids % 1_000_003, 7))), "text": codes(["-"], np.zeros(len(ids))),
        "topic": codes(_TOPICS, np.where(unhappy, np.array([0, 1, 2, 3, 4])[day_complaint_category], 5)),
        "polarity": pa.array(np.where(missing, "n/a", polarity.astype("<U5"))), "brand": codes([world.home["name"]], np.zeros(len(ids))),
        "region": codes([*world.regions["state"], ""], np.where(u < 0.3, len(world.regions), customer_region)), "url": codes([""], np.zeros(len(ids))),
    }


@MOBILE.node("customer_day")
def day_leaves(day_churns, day_is_customer):
    """Whether the customer leaves on the day."""
    return day_churns & day_is_customer


@MOBILE.feed("subscription_order", "customer_day", file="orders.csv", keep="day_leaves", dirt=Dirt(
    {"too_few_columns": 1, "too_many_columns": 1, "duplicate": 1, "unknown_code": 1}, {"unknown_code": "order_type"}, {"unknown_code": "GIFT"}))
def subscription_order(ids, day_word_at, day_small_print, customer_row, customer_plan, people, world):
    """Customers who leave: ported out, or ceased."""
    u = day_small_print
    at = day_word_at // DAY_MS * DAY_MS + 9 * HOUR_MS
    return {
        "order_id": pa.array(np.char.add("O-", padded(ids, 12))), "msisdn": named(people.msisdn, customer_row).cast(pa.string()),
        "order_type": codes(["PORT_OUT", "CEASE"], u < 0.25), "effective": _iso_local(at, world), "completed": _iso_local(at + 45_000, world),
        "tariff": codes(world.plans, customer_plan), "channel": codes(["web", "shop"], u < 0.4), "agent": codes([""], np.zeros(len(ids))),
    }


@MOBILE.feed("mobile_voice", "test_call", part="tests", file="calls_tests_{day}.parquet", written="test_call_written", keep="day_is_customer")
def test_calls(ids, test_call_at, test_call_fails, customer_row, customer_home_site, people, days):
    """Calls of care's test tool to customers who complained: short, and often not answered."""
    from cemlib.twin.mobile.records import cell_names

    ring, none = test_call_at + 2300, np.zeros(len(ids))
    mine = named(people.msisdn, customer_row).cast(pa.string())
    return {
        "icid": pa.array(np.char.add("TC", padded(ids, 15))), "leg": named(["MT"], none), "invite": instants(test_call_at),
        "ringing": instants(ring), "answer": instants(ring + 4000, test_call_fails), "release": instants(ring + np.where(test_call_fails, 12_000, 9000)),
        "exported": instants(test_call_at + 300_000), "imsi": named(people.imsi, customer_row), "imei": named(people.imei, customer_row), "plmn": named(["99970"], none),
        "cell": cell_names(customer_home_site * 4 + 2, test_call_at, days), "access": named(["LTE"], none),
        "calling": pa.array(np.repeat(fiction_numbers(np.array([59_999])), len(ids))), "called": mine, "proto": named(["SIP"], none),
        "final_response": named(["200", "480"], test_call_fails), "abnormal_release": np.zeros(len(ids), np.int8), "mos_x100": np.where(test_call_fails, 65535, 410).astype(np.int64),
    }


