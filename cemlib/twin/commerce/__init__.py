"""Money and promises: bills, roaming agreements and their settlement, charged use, service level agreements, what care did, the calendar."""

from __future__ import annotations

from collections.abc import Iterator

from cemlib.twin.assembly import Assembly, Part, register_part
from cemlib.twin.commerce import bills, deals
from cemlib.twin.commerce.charged import usage_feed
from cemlib.twin.commerce.declared import COMMERCE, DEALS, HISTORY_MONTHS, MONTH_DAYS
from cemlib.twin.commerce.promises import account_feed, promise_feeds
from cemlib.twin.feed import Feed

__all__ = ["COMMERCE", "bills", "deals"]


def _of_block(assembly: Assembly, first: int, end: int) -> Iterator[Feed]:
    yield account_feed(assembly.people(first, end))
    if "roaming" in assembly.parts:
        block = assembly.roaming(first, end)
        yield usage_feed(assembly.world, assembly.streams, block.people, block.days)


register_part("commerce", Part(
    COMMERCE,
    constants=lambda assembly: {"deal_reach": deals.reach_of(assembly.world), "customers": assembly.plan.subscribers},
    shared=lambda assembly: {"deal": range(len(DEALS))},
    steps=lambda assembly: {"deal_month": (-HISTORY_MONTHS, -(-assembly.plan.days // MONTH_DAYS))},
    wrapped_feeds=_of_block, shared_feeds=lambda assembly: promise_feeds(assembly.world)))
