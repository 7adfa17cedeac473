"""Local time: the days on which the clocks change, offsets that are no whole hours, and windows that are given without a zone."""

import datetime as dt
import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.errors import KpiError, ParameterError, UnknownNameError
from cemlib.kpi import evaluate

_spec = importlib.util.spec_from_file_location("tiny_lake", Path(__file__).parents[1] / "enrich" / "tiny_lake.py")
tiny_lake = sys.modules.get("tiny_lake") or importlib.util.module_from_spec(_spec)
if "tiny_lake" not in sys.modules:
    sys.modules["tiny_lake"] = tiny_lake
    _spec.loader.exec_module(tiny_lake)
TinyLake = tiny_lake.TinyLake

ATTEMPTS, WARSAW = "roaming_registration_attempt_count", "Europe/Warsaw"


def tries(*moments):
    return TinyLake(registration=[{"attempted_at": dt.datetime.fromisoformat(one).replace(tzinfo=dt.UTC)} for one in moments])


def each_hour(first, many):
    begin = dt.datetime.fromisoformat(first)
    return [(begin + dt.timedelta(hours=n)).isoformat() for n in range(many)]


def counted(result):
    name = result.by[0]
    return {str(key): int(num) for key, num in zip(result.frame[name], result.frame["num"])}


def test_the_day_of_25_hours():
    # Warsaw, 25 October 2026: at 01:00 UTC 03:00 becomes 02:00. The local day is 24 Oct 22:00 UTC … 25 Oct 23:00 UTC.
    # One try in each UTC hour of 24 Oct 20:30 … 26 Oct 01:30: 30 tries, of which 25 on the day
    lake = tries(*each_hour("2026-10-24T20:30", 30))
    hours = evaluate(lake, ATTEMPTS, by="hour", since="2026-10-25", until="2026-10-26", time_zone=WARSAW)
    assert hours.frame["num"].tolist() == [1] * 25
    shown = [str(one) for one in hours.frame["hour"]]
    assert shown[:5] == ["2026-10-25 00:00:00+02:00", "2026-10-25 01:00:00+02:00", "2026-10-25 02:00:00+02:00", "2026-10-25 02:00:00+01:00",
                         "2026-10-25 03:00:00+01:00"]
    assert shown[-1] == "2026-10-25 23:00:00+01:00"
    assert counted(evaluate(lake, ATTEMPTS, by="day", time_zone=WARSAW)) == {"2026-10-24 00:00:00": 2, "2026-10-25 00:00:00": 25, "2026-10-26 00:00:00": 3}
    # UTC knows nothing of it
    assert counted(evaluate(lake, ATTEMPTS, by="day")) == {"2026-10-24 00:00:00": 4, "2026-10-25 00:00:00": 24, "2026-10-26 00:00:00": 2}


def test_the_day_of_23_hours():
    # Warsaw, 29 March 2026: at 01:00 UTC 02:00 becomes 03:00. The local day is 28 March 23:00 UTC … 29 March 22:00 UTC
    lake = tries(*each_hour("2026-03-28T21:30", 28))
    hours = evaluate(lake, ATTEMPTS, by="hour", since="2026-03-29", until="2026-03-30", time_zone=WARSAW)
    assert hours.frame["num"].tolist() == [1] * 23
    assert [str(one) for one in hours.frame["hour"]][1:3] == ["2026-03-29 01:00:00+01:00", "2026-03-29 03:00:00+02:00"]
    days = evaluate(lake, ATTEMPTS, by="local_date", time_zone=WARSAW)
    assert counted(days) == {"2026-03-28 00:00:00": 2, "2026-03-29 00:00:00": 23, "2026-03-30 00:00:00": 3}
    # the weekday's hours: Sunday is 144 … 167, and Sunday 02 h (146) is not there
    asked = evaluate(lake, ATTEMPTS, by="weekday_hour", since="2026-03-29", until="2026-03-30", time_zone=WARSAW)
    assert asked.frame["weekday_hour"].tolist() == [144, 145, *range(147, 168)]


def test_an_offset_of_45_minutes():
    # Kathmandu is 5:45 ahead: 18:14:59 UTC is 23:59:59, 18:15 UTC is midnight
    lake = tries("2026-03-10T18:14:59", "2026-03-10T18:15", "2026-03-10T19:14:59", "2026-03-10T19:15")
    zone = "Asia/Kathmandu"
    assert counted(evaluate(lake, ATTEMPTS, by="hour", time_zone=zone)) == {
        "2026-03-10 23:00:00+05:45": 1, "2026-03-11 00:00:00+05:45": 2, "2026-03-11 01:00:00+05:45": 1}
    assert counted(evaluate(lake, ATTEMPTS, by="day", time_zone=zone)) == {"2026-03-10 00:00:00": 1, "2026-03-11 00:00:00": 3}
    assert evaluate(lake, ATTEMPTS, since="2026-03-11", time_zone=zone).value() == 3
    assert evaluate(lake, ATTEMPTS, since="2026-03-11T01:00", time_zone=zone).value() == 1


def test_clocks_that_change_by_half_an_hour():
    # Lord Howe, 5 April 2026: at 15:00 UTC 02:00 (+11) becomes 01:30 (+10:30). The hour of 01:30 +10:30 has 30 minutes
    lake = tries("2026-04-04T14:15", "2026-04-04T14:45", "2026-04-04T15:15", "2026-04-04T15:45")
    assert counted(evaluate(lake, ATTEMPTS, by="hour", time_zone="Australia/Lord_Howe")) == {
        "2026-04-05 01:00:00+11:00": 2, "2026-04-05 01:30:00+10:30": 1, "2026-04-05 02:00:00+10:30": 1}


def test_weeks_begin_on_monday_and_months_on_their_first_in_local_time():
    # Sunday 8 March 2026, 23:30 UTC is Monday 00:30 in Warsaw; 31 March 22:30 UTC is 1 April 00:30 (summer time)
    lake = tries("2026-03-08T23:30", "2026-03-31T22:30")
    assert counted(evaluate(lake, ATTEMPTS, by="week")) == {"2026-03-02 00:00:00": 1, "2026-03-30 00:00:00": 1}
    assert counted(evaluate(lake, ATTEMPTS, by="week", time_zone=WARSAW)) == {"2026-03-09 00:00:00": 1, "2026-03-30 00:00:00": 1}
    assert counted(evaluate(lake, ATTEMPTS, by="month")) == {"2026-03-01 00:00:00": 2}
    assert counted(evaluate(lake, ATTEMPTS, by="month", time_zone=WARSAW)) == {"2026-03-01 00:00:00": 1, "2026-04-01 00:00:00": 1}
    assert evaluate(lake, ATTEMPTS, by="weekday_hour", time_zone=WARSAW).frame["weekday_hour"].tolist() == [0, 48]


def test_the_records_behind_a_local_hour():
    lake = tries("2026-10-25T00:10", "2026-10-25T00:20", "2026-10-25T01:10")
    result = evaluate(lake, ATTEMPTS, by="hour", time_zone=WARSAW)
    first, second = result.frame["hour"]
    assert (len(result.rows(hour=first)), len(result.rows(hour=second))) == (2, 1)
    assert (result.value(hour=first), result.value(hour="2026-10-25T02:00+01:00")) == (2, 1)
    assert result.recompute(result.rows(hour=first))["num"] == 2
    plain = evaluate(lake, ATTEMPTS, since="2026-10-25", time_zone=WARSAW).to_dict()
    assert (plain["time_zone"], plain["since"].isoformat()) == (WARSAW, "2026-10-25T00:00:00+02:00")
    assert evaluate(lake, ATTEMPTS).to_dict()["time_zone"] == "UTC"
    # a condition on a local bucket
    assert evaluate(lake, ATTEMPTS, where={"hour": "2026-10-25T02:00+02:00"}, time_zone=WARSAW).value() == 2
    assert evaluate(lake, ATTEMPTS, where={"day": "2026-10-25"}, time_zone=WARSAW).value() == 3


def test_derived_tables_have_local_buckets_too():
    lake = TinyLake(registration=[{"attempted_at": dt.datetime(2026, 3, 10, 23, 30, tzinfo=dt.UTC)}],
                    data_session=[{"started_at": dt.datetime(2026, 3, 10, 23, 30, tzinfo=dt.UTC)}])
    for code in ("roaming_registration_episode_count", "roaming_active_count"):
        assert counted(evaluate(lake, code, by="day", time_zone=WARSAW)) == {"2026-03-11 00:00:00": 1}
        assert counted(evaluate(lake, code, by="day")) == {"2026-03-10 00:00:00": 1}


def test_what_is_not_clear_is_refused():
    lake = tries("2026-10-25T00:10")
    with pytest.raises(UnknownNameError, match="Europe/Warsaw"):
        evaluate(lake, ATTEMPTS, time_zone="Europe/Warsav")
    with pytest.raises(ParameterError, match="show twice"):
        evaluate(lake, ATTEMPTS, since="2026-10-25T02:30", time_zone=WARSAW)
    with pytest.raises(ParameterError, match="skip"):
        evaluate(lake, ATTEMPTS, since="2026-03-29T02:30", time_zone=WARSAW)
    with pytest.raises(ParameterError, match="needs a time zone"):
        evaluate(lake, ATTEMPTS, by="local_date")
    with pytest.raises(KpiError, match="UTC days"):
        evaluate(lake, "roaming_silent_ratio", time_zone=WARSAW)
    # Havana puts the clocks back from 01:00 to 00:00: the day begins at the first of its two midnights, 04:00 UTC
    assert evaluate(lake, ATTEMPTS, since="2026-11-01", time_zone="America/Havana").since == dt.datetime(2026, 11, 1, 4)


@settings(max_examples=8)
@given(zone=st.sampled_from([WARSAW, "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Pacific/Apia"]),
       seconds=st.lists(st.integers(0, 400 * 86_400), min_size=1, max_size=40))
def test_no_record_is_lost_or_doubled_and_the_local_day_is_that_of_another_calendar(zone, seconds):
    # of years that are over: what governments decide of the coming ones is known to one calendar before the other
    moments = [dt.datetime(2024, 12, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=one) for one in seconds]
    lake = TinyLake(registration=[{"attempted_at": one} for one in moments])
    for bucket in ("minute5", "minute15", "hour", "day", "week", "month", "weekday_hour"):
        assert evaluate(lake, ATTEMPTS, by=bucket, time_zone=zone).frame["num"].sum() == len(moments)
    # the engine's own calendar is asked here, and never by the views
    asked = lake.query("SELECT CAST(timezone($zone, make_timestamptz(epoch_us(attempted_at))) AS DATE) AS day, count(*) AS many FROM registration "
                       "GROUP BY 1 ORDER BY 1", {"zone": zone}).fetchall()
    found = evaluate(lake, ATTEMPTS, by="day", time_zone=zone).frame
    assert [(one.date(), int(num)) for one, num in zip(pd.to_datetime(found["day"]), found["num"])] == asked
