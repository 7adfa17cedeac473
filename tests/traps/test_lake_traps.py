"""Traps of a lake that lead to wrong numbers; each answer is worked out by hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from cemlib.lake import open_lake

_spec = importlib.util.spec_from_file_location("invented_source", Path(__file__).parents[1] / "lake" / "invented_source.py")
invented = importlib.util.module_from_spec(_spec)
sys.modules.setdefault("invented_source", invented)
_spec.loader.exec_module(invented)


@pytest.fixture
def take(tmp_path):
    """Ingest a text as a file of its own; returns the lake."""
    lake = open_lake(tmp_path / "lake")

    def taken(text):
        path = tmp_path / f"{len(list(tmp_path.glob('*.txt')))}.txt"
        path.write_text(text)
        summary = lake.ingest(invented.Invented(path), door=object())
        assert summary.failed == []
        return lake

    yield taken
    lake.close()


def one(lake, sql):
    return lake.query(sql).fetchall()


def test_duplicate_record_in_two_files_counts_once(take):
    line = "R,1,2026-03-01T10:00:00+00:00,2026-03-01T10:01:00+00:00,1,0\n"
    take(line)
    # the same record again, in a file with another one: 2 records, not 3
    assert one(take(line + "R,2,2026-03-01T10:00:00+00:00,2026-03-01T10:01:00+00:00,2,0\n"), "SELECT count(*) FROM registration") == [(2,)]


def test_a_null_in_a_natural_key_equals_a_null(take):
    # network's key is (plmn, tadig, valid from); SQL's NULL = NULL is not true, so a plain join would add the row each time
    take("N,99901,,One,2026-01-01T00:00:00+00:00\n")
    take("N,99901,,One,2026-01-01T00:00:00+00:00\nN,99902,,Two,2026-01-01T00:00:00+00:00\n")
    assert one(take("N,99901,,Renamed,2026-01-01T00:00:00+00:00\n"), "SELECT plmn_code, network_name FROM network ORDER BY 1") == [
        ("99901", "Renamed"), ("99902", "Two")]


def test_a_leading_zero_survives(take):
    # 01 is not 1, and 99901 is not 999001
    lake = take("N,99901,,A,2026-01-01T00:00:00+00:00\nN,999001,,B,2026-01-01T00:00:00+00:00\nN,00101,,C,2026-01-01T00:00:00+00:00\n")
    assert one(lake, "SELECT plmn_code FROM network ORDER BY plmn_code") == [("00101",), ("999001",), ("99901",)]


def test_a_late_record_changes_its_own_day_only(take):
    take("R,1,2026-03-01T23:59:59+00:00,2026-03-02T00:00:01+00:00,1,0\n")
    lake = take("R,2,2026-03-01T12:00:00+00:00,2026-03-09T00:00:00+00:00,2,5004\n")
    # day 1: one success, one failure that came eight days late; no other day
    assert one(lake, "SELECT day_date::VARCHAR, count(*), count(*) FILTER (WHERE cause_code = '0') FROM registration GROUP BY 1") == [("2026-03-01", 2, 1)]


@pytest.mark.parametrize(("offset", "day"), [("+14:00", "2026-02-28"), ("-12:00", "2026-03-01"), ("+00:00", "2026-03-01")])
def test_the_day_is_that_of_utc(take, offset, day):
    # 08:00 at +14:00 is 18:00 UTC of the day before; at -12:00 it is 20:00 UTC of the same day
    lake = take(f"R,1,2026-03-01T08:00:00{offset},2026-03-09T00:00:00+00:00,1,0\n")
    assert one(lake, f"SELECT count(*) FROM registration WHERE day_date = DATE '{day}'") == [(1,)]


def test_the_night_the_clocks_change_has_its_hours_once(take):
    # Berlin, 25 October 2026: from 01:30 to 03:30 local there are three hours of real time, in UTC 23:30 … 02:30
    text = "".join(f"R,{n},2026-10-{24 if n == 0 else 25}T{(23 + n) % 24:02}:30:00+00:00,2026-10-26T00:00:00+00:00,{n},0\n" for n in range(4))
    assert one(take(text), "SELECT hour_at::VARCHAR, count(*) FROM registration GROUP BY 1 ORDER BY 1") == [
        ("2026-10-24 23:00:00", 1), ("2026-10-25 00:00:00", 1), ("2026-10-25 01:00:00", 1), ("2026-10-25 02:00:00", 1)]


def test_an_engine_in_another_time_zone_gives_the_same_times(take):
    lake = take("R,1,2026-03-01T23:30:00+00:00,2026-03-02T00:00:00+00:00,1,0\n")
    lake.connection.execute("SET TimeZone = 'Asia/Tokyo'")
    assert one(lake, "SELECT attempted_at::VARCHAR, hour_at::VARCHAR, day_date::VARCHAR, weekday_hour FROM registration") == [
        ("2026-03-01 23:30:00", "2026-03-01 23:00:00", "2026-03-01", 167)]


def test_a_path_with_blanks_and_umlauts_is_read(tmp_path):
    # Delta's file_uris() would give %20 and %C3%BC, and DuckDB would find no file
    path = tmp_path / "a.txt"
    path.write_text("R,1,2026-03-01T10:00:00+00:00,2026-03-01T10:01:00+00:00,1,0\n")
    with open_lake(tmp_path / "our lake, ünïcode 100%") as lake:
        lake.ingest(invented.Invented(path), door=object())
        lake.ingest(invented.Invented(path), door=object())
        assert one(lake, "SELECT count(*) FROM registration") == [(1,)]
