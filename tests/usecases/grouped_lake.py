"""A lake of 160 invented customers: a hundred use little at home, sixty use much abroad; the sixty fare worse, and forty of them were at home before."""

from __future__ import annotations

import datetime as dt
import importlib.util
import random
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("satisfied_lake", Path(__file__).with_name("satisfied_lake.py"))
satisfied_lake = sys.modules.get("satisfied_lake") or importlib.util.module_from_spec(_spec)
if "satisfied_lake" not in sys.modules:
    sys.modules["satisfied_lake"] = satisfied_lake
    _spec.loader.exec_module(satisfied_lake)
name_of = satisfied_lake.name_of

PEOPLE, ABROAD, MOVED, LEFT = range(160), range(100, 160), range(120, 160), (7, 101, 102)


def make_lake(watched: range = range(0), things: range = range(0)) -> satisfied_lake.SatisfiedLake:
    """Twenty-eight days of March 2026, two sessions a day at home, six abroad; tickets and answers in the last fourteen; who is watched, and a fleet of things."""
    draw, start = random.Random(4), dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC)
    people = [{"subscriber_key": name_of(one), "subscriber_kind_code": "mobile", "status_code": "active", "home_plmn_code": "99970", "plan_code": "basic"} for one in PEOPLE]
    people = [one | {"account_key": name_of(place)} for place, one in enumerate(people)]
    people += [{"subscriber_key": name_of(one), "subscriber_kind_code": "iot", "status_code": "active", "fleet_code": "meters"} for one in things]
    accounts = {"account": [{"account_key": name_of(one), "account_type_code": "consumer", "vip_tier_code": "gold"} for one in watched]} if watched else {}
    usage = {one: draw.gauss(0, 0.25) for one in PEOPLE}
    sessions = []
    for one in PEOPLE:
        for day in range(28):
            is_abroad = one in ABROAD and (day >= 14 or one not in MOVED)
            for number in range(6 if is_abroad else 2):
                # some of their sessions are still at home
                is_out = is_abroad and draw.random() < 0.8
                volume = int(1e6 * (30 if is_abroad else 4) * 2 ** (usage[one] + draw.gauss(0, 0.2)))
                sessions.append({"subscriber_key": name_of(one), "direction_code": "outbound" if is_out else "home", "visited_plmn_code": "99901" if is_out else "99970",
                                 "home_plmn_code": "99970", "started_at": start + dt.timedelta(days=day, hours=2 * number, seconds=one), "cause_code": "0", "setup_s": 0.5,
                                 "rtt_ms": 180.0 if is_abroad else 45.0, "is_dropped": False, "volume_down_bytes": volume, "volume_up_bytes": volume // 10,
                                 "throughput_down_mbps": round(12 * 2 ** draw.gauss(0, 0.3), 3), "resource_id": "R-1" if one % 2 else "R-2"})
    last = start + dt.timedelta(days=20)
    bills = [{"account_key": name_of(one), "subscriber_key": name_of(one), "service_code": "subscription", "billed_at": at, "bill_amount": 20.0 + draw.gauss(0, 2),
              "currency_code": "EUR"} for one in PEOPLE for at in (start, last)]
    answers = [{"subscriber_key": name_of(one), "question_code": "nps_11", "occurred_at": last, "score_value": 3.0 if one in ABROAD else 10.0} for one in PEOPLE if one % 2 == 0]
    tickets = [{"ticket_id": f"T{one}", "subscriber_key": name_of(one), "opened_at": last, "category_code": "data"} for one in ABROAD if one % 3 == 0]
    churn = [{"subscriber_key": name_of(one), "event_code": "churn", "occurred_at": last} for one in LEFT]
    cells = [{"resource_id": name, "resource_type_code": "cell", "latitude_deg": at, "longitude_deg": 2.1} for name, at in (("R-1", 45.1), ("R-2", 46.3))]
    return satisfied_lake.SatisfiedLake(subscriber=people, data_session=sessions, bill_line=bills, survey_answer=answers, ticket=tickets, subscription_event=churn, resource=cells, **accounts)
