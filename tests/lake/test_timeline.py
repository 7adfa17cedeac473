"""One subscriber's timeline: every record of the subscriber and of nobody else, in order, whatever the files look like."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pandas as pd
import pytest
from invented_source import Invented, registrations

from cemlib.errors import CallError, ParameterError, UnknownNameError
from cemlib.lake import open_lake
from cemlib.lake.timeline import timeline_tables
from cemlib.schema import table

KEY = "0123456789abcdef0123456789abcdef"


class Person(Invented):
    """All registrations and tickets are of one subscriber."""

    def _fact(self, text, event, received):
        return {**super()._fact(text, event, received), "subscriber_key": KEY}

    def _r(self, cells, text):
        return [(name, {**row, "subscriber_key": KEY}) for name, row in super()._r(cells, text)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    place = tmp_path_factory.mktemp("timeline")

    def incoming(name, text):
        (place / name).write_text(text)
        return place / name

    with open_lake(place / "the lake ü's") as opened:
        for day in ("2026-03-02", "2026-03-01"):
            opened.ingest(Invented(incoming(f"others-{day}.txt", registrations(day, 30))), door=object())
        # two registrations of each day, and a ticket between them that was opened at the instant of one
        opened.ingest(Person(incoming("person.txt", "".join(
            f"R,{number},{at}+00:00,2026-03-03T00:00:00+00:00,7,0\n" for number, at in
            [(901, "2026-03-02T09:00:00"), (902, "2026-03-01T23:59:59"), (903, "2026-03-01T00:00:00"), (904, "2026-03-02T00:00:00")])
            + "T,t1,2026-03-02T00:00:00+00:00,,2026-03-03T00:00:00+00:00\n")), door=object())
        yield opened


EXPECTED = [("2026-03-01 00:00:00", "registration", "903"), ("2026-03-01 23:59:59", "registration", "902"),
            ("2026-03-02 00:00:00", "registration", "904"), ("2026-03-02 00:00:00", "ticket", None), ("2026-03-02 09:00:00", "registration", "901")]


def told(frame: pd.DataFrame) -> list[tuple]:
    names = frame["diagnostic_code"].astype(object).where(frame["diagnostic_code"].notna(), None) if "diagnostic_code" in frame else [None] * len(frame)
    return list(zip(frame["event_at"].dt.strftime("%Y-%m-%d %H:%M:%S"), frame["table_name"], names, strict=True))


def test_all_of_one_subscriber_in_order(lake):
    found = lake.timeline(KEY)
    assert told(found) == EXPECTED
    assert list(found.columns[:2]) == ["event_at", "table_name"]
    # columns that hold nothing are left out; those of both tables are there
    assert {"ticket_id", "category_code", "cause_code", "record_id", "received_at"} <= set(found.columns)
    assert not {"closed_at", "throughput_down_mbps", "event_date"} & set(found.columns)
    assert found["ticket_id"].dropna().tolist() == ["t1"]
    assert found["received_at"].tolist() == [pd.Timestamp("2026-03-03")] * 5


@pytest.mark.parametrize(("since", "until", "expected"), [
    ("2026-03-02", None, EXPECTED[2:]), (None, "2026-03-02", EXPECTED[:2]), (date(2026, 3, 1), date(2026, 3, 2), EXPECTED[:2]),
    (datetime(2026, 3, 1, 0, 0, 1), "2026-03-02T00:00:01", EXPECTED[1:4]), ("2026-03-02T01:00:00+01:00", None, EXPECTED[2:]),
    (datetime(2026, 3, 2, 8, 59, 59, tzinfo=timezone(timedelta(0))), None, EXPECTED[4:]), ("2026-03-05", None, []), (None, "2026-02-01", []),
])
def test_a_window_holds_its_beginning_and_not_its_end(lake, since, until, expected):
    assert told(lake.timeline(KEY, since, until)) == expected


def test_the_order_of_the_files_changes_nothing(lake):
    before = lake.timeline(KEY)
    past = lake.snapshot()
    lake.optimize(closed_after=timedelta(0))
    pd.testing.assert_frame_equal(lake.timeline(KEY), before)
    with open_lake(lake.path, at=past) as old:
        pd.testing.assert_frame_equal(old.timeline(KEY), before)


def test_some_tables_alone(lake):
    assert told(lake.timeline(KEY, tables=["ticket"])) == [EXPECTED[3]]
    assert lake.timeline(KEY, tables=["message"]).empty
    with pytest.raises(UnknownNameError):
        lake.timeline(KEY, tables=["tickets"])
    with pytest.raises(CallError, match="names no subscriber"):
        lake.timeline(KEY, tables=["alarm"])


def test_nobody_and_an_empty_lake(lake, tmp_path):
    nobody = "f" * 32
    assert list(lake.timeline(nobody).columns) == list(open_lake(tmp_path / "none").timeline(nobody).columns) == ["event_at", "table_name"]


@pytest.mark.parametrize("key", ["999010000000012", "", "' OR 1=1 --", None, KEY.upper()])
def test_an_identifier_in_clear_is_refused_and_not_repeated(lake, key):
    with pytest.raises(ParameterError) as error:
        lake.timeline(key)
    assert not key or key not in str(error.value)
    with pytest.raises(ParameterError, match="not an instant"):
        lake.timeline(KEY, since="yesterday")


def test_every_fact_with_a_subscriber_is_looked_at():
    assert set(timeline_tables()) == {
        "registration", "attachment", "data_session", "voice_call", "message", "media_session", "iot_report", "line_measurement", "probe_test",
        "usage_record", "bill_line", "ticket", "interaction", "survey_answer", "social_post", "subscription_event"}
    assert all(table(name).event_at for name in timeline_tables())


def test_what_a_timeline_sets_is_as_before_afterwards(lake):
    def prefetching() -> list[tuple]:
        return lake.query("SELECT current_setting('disable_parquet_prefetching')").fetchall()

    before = prefetching()
    assert len(lake.timeline(KEY)) == len(EXPECTED)
    assert prefetching() == before
