"""What a reader sees: typed views, buckets, snapshots and the past, derived relations, freshness."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pytest
from invented_source import Invented, registrations

from cemlib.errors import CallError, LakeError, UnknownNameError
from cemlib.lake import Snapshot, open_lake
from cemlib.schema import tables

DOOR = object()
BUCKETS = ["minute5_at", "minute15_at", "hour_at", "day_date", "week_date", "month_date", "weekday_hour"]


@pytest.fixture
def lake(tmp_path):
    with open_lake(tmp_path / "lake") as opened:
        yield opened


def test_a_lake_without_data_has_typed_empty_tables(lake):
    for name, declared in tables().items():
        relation = lake.relation(name)
        shown = dict(zip(relation.columns, map(str, relation.types)))
        wanted = {one.name: "TIMESTAMP" if one.type == "timestamp" else one.duckdb_type for one in declared.fields()}
        if declared.kind == "fact":
            wanted |= dict(zip(BUCKETS, ["TIMESTAMP", "TIMESTAMP", "TIMESTAMP", "DATE", "DATE", "DATE", "BIGINT"]))
        assert shown == wanted
        assert relation.fetchall() == []
        assert not lake.has(name)
    assert (lake.tables(), lake.rejects().empty, lake.freshness().empty, lake.files().empty) == ([], True, True, True)
    assert not lake.path.exists()


def test_a_table_with_data_has_the_same_columns_and_types(lake, incoming):
    empty = {name: [(column, str(kind)) for column, kind in zip(lake.relation(name).columns, lake.relation(name).types)] for name in tables()}
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 2) + "N,99901,,A,2026-01-01T00:00:00+00:00\n")), door=DOOR)
    for name in ("registration", "identity", "network"):
        assert lake.has(name)
        assert [(column, str(kind)) for column, kind in zip(lake.relation(name).columns, lake.relation(name).types)] == empty[name]


@pytest.mark.parametrize(("at", "answer"), [
    # a Sunday: weekday 6, 6 * 24 + 23 = 167
    ("2026-03-01T23:59:59.999999+00:00", ("23:55:00", "23:45:00", "23:00:00", date(2026, 3, 1), date(2026, 3, 1), 167)),
    # a Monday
    ("2026-03-02T00:00:00+00:00", ("00:00:00", "00:00:00", "00:00:00", date(2026, 3, 2), date(2026, 3, 1), 0)),
    # 02:07 in Berlin on the night the clocks go forward is 01:07 UTC (03:07 there): a Sunday, 144 + 1
    ("2026-03-29T03:07:00+02:00", ("01:05:00", "01:00:00", "01:00:00", date(2026, 3, 29), date(2026, 3, 1), 145)),
    # the first and the second 02:30 in Berlin on the night they go back: 00:30 and 01:30 UTC
    ("2026-10-25T02:30:00+02:00", ("00:30:00", "00:30:00", "00:00:00", date(2026, 10, 25), date(2026, 10, 1), 144)),
    ("2026-10-25T02:30:00+01:00", ("01:30:00", "01:30:00", "01:00:00", date(2026, 10, 25), date(2026, 10, 1), 145)),
])
def test_buckets_are_of_utc(lake, incoming, at, answer):
    lake.ingest(Invented(incoming("a.txt", f"R,1,{at},2026-12-01T00:00:00+00:00,1,0\n")), door=DOOR)
    ((*times, day, _, month, hour),) = lake.query(f"SELECT {', '.join(BUCKETS)} FROM registration").fetchall()
    utc = datetime.fromisoformat(at).astimezone(UTC)
    assert [one.isoformat(sep=" ") for one in times] == [f"{utc.date()} {one}" for one in answer[:3]]
    assert (day, month, hour) == answer[3:]
    assert lake.query("SELECT attempted_at FROM registration").fetchall() == [(utc.replace(tzinfo=None),)]


def test_a_frame_is_narwhals_on_the_relation(lake, incoming):
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 20))), door=DOOR)
    frame = lake.frame("registration")
    assert isinstance(frame, nw.LazyFrame)
    # numbers 0 and 10 of 0 … 19 are rejected with 5004
    failed = frame.filter(nw.col("cause_code") != "0").group_by("day_date").agg(nw.len().alias("n")).collect()
    assert failed.to_dict(as_series=False) == {"day_date": [date(2026, 3, 1)], "n": [2]}
    assert frame.collect_schema()["attempted_at"] == nw.Datetime("us")


def test_values_are_bound_and_unknown_names_are_refused(lake, incoming):
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 20))), door=DOOR)
    assert lake.query("SELECT count(*) FROM registration WHERE cause_code = ?", ["5004"]).fetchall() == [(2,)]
    assert lake.query("SELECT count(*) FROM registration WHERE cause_code = $c", {"c": "' OR 1=1 --"}).fetchall() == [(0,)]
    with pytest.raises(UnknownNameError, match="registratoin") as error:
        lake.relation("registratoin")
    assert error.value.near == ["registration"]
    with pytest.raises(UnknownNameError):
        lake.has("nothing")


def test_a_derived_relation_is_made_once_per_snapshot(lake, incoming):
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 20))), door=DOOR)
    failed = "SELECT * FROM registration WHERE cause_code <> $ok"
    assert len(lake.materialize("failed", failed, {"ok": "0"}).fetchall()) == 2
    assert len(lake.materialize("failed", "SELECT this is never looked at").fetchall()) == 2
    assert lake.frame("failed").collect().shape[0] == 2
    assert lake.is_materialized("failed")
    assert not lake.refresh()
    assert lake.is_materialized("failed")
    lake.ingest(Invented(incoming("b.txt", registrations("2026-03-02", 10))), door=DOOR)
    assert not lake.is_materialized("failed")
    assert len(lake.materialize("failed", lake.query(failed, {"ok": "0"})).fetchall()) == 3
    for name, made in [("cause", pa.table({"a": [1, 2]})), ("frame", pd.DataFrame({"a": [1, 2]})),
                       ("lazy", lake.frame("registration").select(nw.col("cause_code")).head(2))]:
        assert len(lake.materialize(name, made).fetchall()) == 2
    for name in ("registration", "Robert'); DROP TABLE x", ""):
        with pytest.raises(CallError, match="cannot have this name"):
            lake.materialize(name, "SELECT 1")


def test_the_past_gives_the_same_figures_again(lake, incoming):
    empty = lake.snapshot()
    states = []
    for number in range(3):
        lake.ingest(Invented(incoming(f"{number}.txt", registrations("2026-03-01", 10, first=number * 5) + f"bad {number}\n")), door=DOOR)
        states.append((lake.snapshot(), datetime.now(UTC), lake.query("SELECT count(*) FROM registration").fetchall(), lake.rejects()))
    # 10, then 5 new ones a file
    assert [one[2] for one in states] == [[(10,)], [(15,)], [(20,)]]
    for snapshot, instant, figure, rejects in states:
        for at in (snapshot, snapshot.id, instant, instant.isoformat(), instant.replace(tzinfo=None), Snapshot(**snapshot.to_dict())):
            with open_lake(lake.path, at=at) as past:
                assert past.query("SELECT count(*) FROM registration").fetchall() == figure
                assert past.snapshot() == snapshot
                assert past.rejects().equals(rejects)
                assert not past.refresh()
                assert len(past.files()) == len(rejects)
    assert open_lake(lake.path, at=empty).tables() == []
    assert open_lake(lake.path, at="2020-01-01").tables() == []
    with pytest.raises(CallError, match="opened in the past"):
        open_lake(lake.path, at=states[0][0]).ingest(Invented(incoming("x.txt", "")), door=DOOR)
    with pytest.raises(LakeError, match="never was in the state"):
        open_lake(lake.path, at=Snapshot.of({"registration": 99}))
    with pytest.raises(UnknownNameError, match="snapshot"):
        open_lake(lake.path, at="no such id")


def test_a_reader_keeps_its_state_until_it_refreshes(lake, incoming):
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 10))), door=DOOR)
    with open_lake(lake.path) as reader:
        before = reader.snapshot()
        assert len(reader.relation("registration").fetchall()) == 10
        lake.ingest(Invented(incoming("b.txt", registrations("2026-03-01", 20))), door=DOOR)
        assert (reader.snapshot(), len(reader.relation("registration").fetchall())) == (before, 10)
        assert reader.refresh()
        assert (reader.snapshot(), len(reader.relation("registration").fetchall())) == (lake.snapshot(), 20)


def test_freshness_and_delay(lake, incoming):
    # received 1, 2, … 21 minutes after 10:00: the median delay is 11 min, the 95 % quantile of 21 values the 20th: 20 min
    text = "".join(f"R,{n},2026-03-01T10:00:00+00:00,2026-03-01T10:{n:02}:00+00:00,{n},0\n" for n in range(1, 22))
    # a record of more than thirty days before says nothing about the delay now
    text += "R,0,2026-01-01T10:00:00+00:00,2026-03-01T00:00:00+00:00,0,0\n"
    lake.ingest(Invented(incoming("a.txt", text)), door=DOOR)
    (row,) = lake.freshness().to_dict("records")
    assert row == {"source_code": "invented", "table_name": "registration", "records": 22, "delay_p50_s": 660.0, "delay_p95_s": 1200.0,
                   "last_event_at": pd.Timestamp("2026-03-01 10:00"), "last_received_at": pd.Timestamp("2026-03-01 10:21")}


def test_status_and_files(lake, incoming):
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 3) + "bad\n")), door=DOOR)
    status = lake.status()
    assert {one["table"]: (one["records"], one["version"], one["files"], one["first_day"]) for one in status["tables"]} == {
        "identity": (3, 1, 1, None), "registration": (3, 1, 1, "2026-03-01")}
    assert (status["files"], status["records"], status["accepted"], status["rejected"], status["unfinished"]) == (1, 4, 3, 1, False)
    assert status["snapshot"]["versions"] == {"identity": 1, "registration": 1}
    (line,) = lake.files().to_dict("records")
    assert (line["file_name"], line["records"], line["added"], line["known"]) == ("a.txt", 4, 6, 0)


def test_a_lake_that_was_closed_can_be_used_again(lake, incoming):
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 3))), door=DOOR)
    lake.materialize("one", "SELECT 1")
    lake.close()
    assert (lake.has("registration"), lake.is_materialized("one"), len(lake.relation("registration").fetchall())) == (True, False, 3)


def test_nothing_is_printed_at_exit(tmp_path):
    # narwhals' caches keep DuckDB's types alive; without the lake's care stderr gets 'nanobind: leaked 27 instances!'
    code = ("import sys, cemlib.lake as l, narwhals as nw\n"
            "lake = l.open_lake(sys.argv[1])\n"
            "lake.frame('registration').group_by('cause_code').agg(nw.len()).collect().to_pandas()\n")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "lake")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
