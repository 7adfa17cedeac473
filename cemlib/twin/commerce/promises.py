"""The small files beside: service level agreements, exchange rates, the calendar of events."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from cemlib.twin.clocks import day_text
from cemlib.twin.dirt import Dirt
from cemlib.twin.feed import Feed
from cemlib.twin.world import World

__all__ = ["account_feed", "promise_feeds"]

_DIRT = Dirt({"too_few_columns": 1, "duplicate": 1, "unknown_code": 1}, {"unknown_code": "SEGMENT"}, {"unknown_code": "PET"})
_SLAS = (
    ("SLA-PLATINUM", "data_session_setup_success_ratio", ">=", "0.99", "M", "MAINT", "5000"), ("SLA-PLATINUM", "voice_call_setup_success_ratio", ">=", "0.985", "M", "MAINT", "5000"),
    ("SLA-PLATINUM", "roaming_registration_success_ratio", ">=", "0.95", "M", "FM", "2500"), ("SLA-GOLD", "data_session_setup_success_ratio", ">=", "0.985", "M", "MAINT", "1500"),
    ("SLA-GOLD", "voice_call_drop_ratio", "<=", "0.01", "M", "MAINT", "1500"), ("SLA-FIXED", "resource_availability_ratio", ">=", "0.9995", "Q", "MAINT", "800"),
)


def promise_feeds(world: World) -> list[Feed]:
    """What was promised, what currencies cost, and what happens outside the network.

    Examples
    --------
    >>> from cemlib.twin.world import build_world
    >>> [(feed.name, feed.table.num_rows) for feed in promise_feeds(build_world(30))]
    [('sla_catalogue', 6), ('exchange_rate', 4), ('event_calendar', 9)]
    """
    slas = pa.table({name: list(column) for name, column in zip(("sla", "kpi", "operator", "target", "period", "excluded", "penalty_eur"), zip(*_SLAS))}
                    | {"from": ["2026-01-01"] * len(_SLAS), "to": [""] * len(_SLAS)})
    rates = pa.table({"CUR": ["SDR", "SDR", "USD", "USD"], "PRICE": ["1,2165", "1,2233", "0,9105", "0,9200"],
                      "FROM": ["01.01.2025", "01.02.2026", "01.01.2025", "01.02.2026"], "UNTIL": ["01.02.2026", "", "01.02.2026", ""]})
    events = [("public_holiday", "FR", "2026-05-01", "2026-05-02"), ("public_holiday", "FR", "2026-07-14", "2026-07-15"), ("school_holiday", "FR", "2026-04-11", "2026-04-27")]
    for day in range(6, world.days, 5):
        (begins,) = day_text(day, "%Y-%m-%d").to_pylist()
        # matches on Saturdays and in between, in the evening
        events.append(("match", "FR", f"{begins}T20:00:00+01:00", f"{begins}T22:15:00+01:00"))
    events.append(("storm", "FR", *(f"{one}T06:00:00+01:00" for one in day_text(np.array([world.days // 2, world.days // 2 + 1]), "%Y-%m-%d").to_pylist())))
    calendar = pa.table({"event": [one[0] for one in events], "country": [one[1] for one in events], "object": [""] * len(events), "begins": [one[2] for one in events],
                         "ends": [one[3] for one in events], "note": [""] * len(events)})
    return [Feed(name, table, np.arange(table.num_rows), file=file, delimiter=delimiter) for name, table, file, delimiter in
            (("sla_catalogue", slas, "slas.csv", ","), ("exchange_rate", rates, "fx.csv", ";"), ("event_calendar", calendar, "calendar.csv", ","))]


def account_feed(people: pd.DataFrame) -> Feed:
    """The accounts of watched customers with the agreement that holds for each since the year began.

    Examples
    --------
    >>> from cemlib.twin.streams import Streams
    >>> from cemlib.twin.subscribers import build_population
    >>> from cemlib.twin.world import build_world
    >>> feed = account_feed(build_population(build_world(3), Streams(1), 2000))
    >>> sorted(set(feed.table.column("SLA_ID").to_pylist()))
    ['SLA-GOLD', 'SLA-PLATINUM']
    """
    watched = people[people["is_own"] & (people["vip_tier"] != "")].sort_values(["account_id", "vip_tier"], ascending=[True, False]).drop_duplicates("account_id")
    none = [""] * len(watched)
    table = pa.table({
        "ACCOUNT_NO": pa.array(watched["account_id"].to_numpy(object), pa.string()), "PARENT_ACCOUNT_NO": pa.array(none, pa.string()),
        "SEGMENT": pa.array(watched["account_type"].map({"consumer": "RES", "household": "HH", "enterprise": "ENT"}).to_numpy(object), pa.string()),
        "VIP_LEVEL": pa.array(watched["vip_tier"].str[0].str.upper().to_numpy(object), pa.string()),
        "SLA_ID": pa.array(("SLA-" + watched["vip_tier"].str.upper()).to_numpy(object), pa.string()),
        "START_DATE": pa.array(["01/01/2026"] * len(watched), pa.string()), "END_DATE": pa.array(["31/12/2999"] * len(watched), pa.string()),
    })
    return Feed("account_register", table, watched["sub"].to_numpy(), file="accounts.csv", delimiter=";", dirt=_DIRT)
