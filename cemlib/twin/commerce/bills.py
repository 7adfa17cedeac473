"""Bills of customers, and what care did for some who complained."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cemlib.twin.clocks import day_text, local_iso
from cemlib.twin.commerce.declared import COMMERCE
from cemlib.twin.dirt import Dirt
from cemlib.twin.feed import codes
from cemlib.twin.mobile.records import named
from cemlib.twin.season import HOUR_MS
from cemlib.twin.subscribers import padded

__all__: list[str] = []

#: What a unit of surprise is on the bill, in cents.
_SURPRISE_CENTS = 3_500
_ITEMS = ("SUBSCRIPTION", "ROAMING_DATA", "PREMIUM")


@COMMERCE.node("customer")
def customer_bill_day(draw):
    """Day of the billing cycle on which the bill is made out."""
    return (28 * draw.uniform()).astype(np.int64)


@COMMERCE.node("customer_day")
def day_is_billed(day_number, customer_bill_day, day_bill_surprise, day_is_customer):
    """Whether a bill is made out on the day; one that surprises comes on its own day."""
    return day_is_customer & ((day_number % 30 == customer_bill_day) | (day_bill_surprise > 0))


@COMMERCE.node("customer_day")
def day_is_made_good(draw, day_complains):
    """Whether care does something for who complained."""
    return day_complains & (draw.uniform() < 0.3)


@COMMERCE.node("customer_day")
def day_action(draw):
    """What care does: a call, a credit note, a new device on trial."""
    return draw.pick([0.5, 0.38, 0.12])


@COMMERCE.feed("bill", "customer_day", file="bills_1.csv.gz", delimiter=";", keep="day_is_billed", dirt=Dirt(
    {"too_few_columns": 2, "too_many_columns": 2, "duplicate": 2, "bad_number": 1, "unknown_code": 1}, {"bad_number": "AMOUNT_CENTS", "unknown_code": "ITEM"},
    {"bad_number": "12,5O", "unknown_code": "TIPS"}))
def bill(ids, day_number, customer_bill_day, day_bill_surprise, day_price_factor, customer_price, customer_row, people):
    """Lines of bills: the month's price, and what was used beyond it."""
    due, extra = day_number % 30 == customer_bill_day, day_bill_surprise > 0
    row = np.concatenate([np.flatnonzero(due), np.flatnonzero(extra)])
    row, line = row[np.argsort(row, kind="stable")], np.concatenate([np.zeros(due.sum(), np.int64), np.ones(extra.sum(), np.int64)])[np.argsort(row, kind="stable")]
    item = np.where(line == 0, 0, 1 + (ids[row] % 3 == 0))
    cents = np.where(line == 0, np.rint(100 * customer_price * day_price_factor)[row], np.rint(_SURPRISE_CENTS * day_bill_surprise)[row]).astype(np.int64)
    none = np.zeros(len(row))
    return {
        "BILL_NO": pa.array(np.char.add("B-", padded(ids[row], 12))), "LINE_NO": pa.array(line + 1), "ACCOUNT_NO": named(people.account, customer_row[row]).cast(pa.string()),
        "MSISDN": named(people.msisdn, customer_row[row]).cast(pa.string()), "ITEM": codes(_ITEMS, item), "BILL_DATE": day_text(day_number[row]),
        "AMOUNT_CENTS": pa.array(cents), "CURRENCY": codes(["EUR"], none),
    }


@COMMERCE.feed("customer_action", "customer_day", file="actions_1.csv", keep="day_is_made_good", dirt=Dirt(
    {"too_few_columns": 1, "too_many_columns": 1, "duplicate": 1, "bad_time": 1}, {"bad_time": "done"}))
def customer_action(ids, day_word_at, day_action, customer_row, people, world):
    """What was done for customers, a day or two after the complaint."""
    done = day_word_at + (20 + ids % 30) * HOUR_MS
    return {
        "done": local_iso(done, world), "finished": pc.if_else(pa.array(day_action == 2), pa.scalar(None, pa.string()), local_iso(done + 600_000, world)),
        "msisdn": named(people.msisdn, customer_row).cast(pa.string()), "action": codes(["proactive_call", "credit", "device_trial"], day_action),
        "trigger": pa.array(np.char.add("complaint-", padded(ids, 12))), "outcome": codes(["reached", "accepted", "not_reached"], ids % 3),
    }
