"""A lake of 52 invented customers: six have failed sessions and say so, four are unhappy for another reason, two share a small segment."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("tiny_lake", Path(__file__).parents[1] / "enrich" / "tiny_lake.py")
tiny_lake = sys.modules.get("tiny_lake") or importlib.util.module_from_spec(_spec)
if "tiny_lake" not in sys.modules:
    sys.modules["tiny_lake"] = tiny_lake
    _spec.loader.exec_module(tiny_lake)

BAD, OTHER, PEOPLE = range(27, 33), range(20, 24), range(52)


def name_of(one: int) -> str:
    """The pseudonym of a customer."""
    return f"{one:032x}"


class SatisfiedLake(tiny_lake.TinyLake):
    """The tiny lake with a file for each day, by which the last days that have records are found."""

    def data_files(self, name):
        return {day: frozenset({"one"}) for day in self._held[name].days} if name in self._held else {}


def make_lake() -> SatisfiedLake:
    """Everybody has a data session and a call on each of 20 days of March 2026."""
    start = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    people = [{"subscriber_key": name_of(one), "subscriber_kind_code": "mobile", "status_code": "active", "home_plmn_code": "99970",
               "plan_code": "tiny" if one >= 50 else "plus" if one >= 30 else "basic"} for one in PEOPLE]
    sessions, calls = [], []
    for one in PEOPLE:
        for day in range(20):
            at, fails = start + dt.timedelta(days=day, minutes=one), one in BAD and day % 2 == 0
            common = {"subscriber_key": name_of(one), "direction_code": "home", "visited_plmn_code": "99970", "home_plmn_code": "99970"}
            sessions.append(common | {"started_at": at, "cause_code": "73" if fails else "0", "setup_s": 0.5, "rtt_ms": None if fails else 55.0, "is_dropped": None if fails else False})
            calls.append(common | {"started_at": at, "setup_s": 2.5, "mos_value": 4.1, "is_dropped": False})
    answers = [{"subscriber_key": name_of(one), "question_code": "nps_11", "occurred_at": start + dt.timedelta(days=19),
                "score_value": 2.0 if one in BAD else 4.0 if one in OTHER else 9.0} for one in PEOPLE if one < 48]
    return SatisfiedLake(subscriber=people, data_session=sessions, voice_call=calls, survey_answer=answers)
