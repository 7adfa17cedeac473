"""Names, conditions and windows as a user writes them."""

import datetime as dt

import pandas as pd
import pytest
from tiny_lake import NETWORK, TinyLake, at

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.kpi import evaluate
from cemlib.kpi.selection import alias_columns, parse_instant

LAKE = TinyLake(network=NETWORK, registration=[
    {"attempted_at": at("00:00", 10), "rat_code": "2g", "setup_s": 0.5}, {"attempted_at": at("23:59:59", 10), "rat_code": "4g", "setup_s": 1.5},
    {"attempted_at": at("00:00", 11), "rat_code": None, "setup_s": None, "visited_plmn_code": "99911", "is_steering": True, "cause_code": "8"},
])


def count(**given):
    return evaluate(LAKE, "roaming_registration_attempt_count", **given).frame["num"].sum()


@pytest.mark.parametrize(("where", "found"), [
    ({"rat": "2g"}, 1), ({"rat_code": "2g"}, 1), ({"rat": ["2g", "4g"]}, 2), ({"rat": None}, 1), ({"rat": ["2g", None]}, 2), ({"rat": []}, 0),
    ({"rat": ("!=", "2g")}, 1), ({"rat": ("!=", None)}, 2), ({"rat": ("==", None)}, 1), ({"rat": ("in", ["2g"])}, 1), ({"rat": float("nan")}, 1),
    ({"setup_s": (">", 0.5)}, 1), ({"setup_s": (">=", 0.5)}, 2), ({"setup_s": ("<", 1)}, 1), ({"is_success": True}, 2),
    ({"rat": "2g", "setup_s": (">", 1)}, 0), ({"day": "2026-03-10"}, 2), ({"day": dt.date(2026, 3, 10)}, 2),
    ({"hour": "2026-03-10T23:00"}, 1), ({"hour": pd.Timestamp("2026-03-10T23:00")}, 1), ({"country": "ES"}, 1),
])
def test_conditions(where, found):
    assert count(where=where) == found


def test_the_window_is_half_open_and_a_date_is_its_midnight():
    assert count(since="2026-03-10", until="2026-03-11") == 2
    assert count(since="2026-03-10T00:00:01") == 2
    assert count(until="2026-03-10T23:59:59Z") == 1
    assert count(since=dt.date(2026, 3, 11)) == 1
    # 01:00 in a zone two hours ahead is 23:00 of the day before in UTC
    assert count(since="2026-03-11T01:00:00+02:00") == 2
    assert count(since=pd.Timestamp("2026-03-11", tz="UTC")) == 1


@pytest.mark.parametrize("given", [
    {"since": "yesterday"}, {"since": 5}, {"since": "2026-03-11", "until": "2026-03-11"}, {"where": {"rat": ("~", "2g")}},
    {"where": {"rat": ("<", None)}}, {"where": {"rat": 4}}, {"where": {"setup_s": "1"}}, {"where": {"is_success": "yes"}},
    {"where": {"rat": ("2g", "3g", "4g")}}, {"where": {"setup_s": True}},
])
def test_what_makes_no_sense_is_refused(given):
    with pytest.raises(ParameterError):
        count(**given)


def test_a_misspelt_column_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="partner"):
        count(where={"parnter": "ALFA"})
    with pytest.raises(UnknownNameError, match="country"):
        count(by="contry")


def test_the_short_name_means_the_code_before_all_else():
    names = alias_columns(["partner_name", "partner_code", "minute15_at", "weekday_hour", "subscriber_key", "vendor_name"])
    assert {name: names[name] for name in ("partner", "minute15", "weekday_hour", "subscriber", "vendor")} == {
        "partner": "partner_code", "minute15": "minute15_at", "weekday_hour": "weekday_hour", "subscriber": "subscriber_key",
        "vendor": "vendor_name"}


def test_instants():
    assert parse_instant(None) is None
    assert parse_instant("2026-03-10T12:00:00.250Z") == dt.datetime(2026, 3, 10, 12, 0, 0, 250_000)
    assert parse_instant(dt.datetime(2026, 3, 10, 12, tzinfo=dt.timezone(dt.timedelta(hours=-5)))) == dt.datetime(2026, 3, 10, 17)
