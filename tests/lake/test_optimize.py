"""Optimize: few files, closed days ordered by subscriber, the same content, whatever dies in between and whatever comes late."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crashing import figures, optimize_and_die
from invented_source import Invented, registrations

from cemlib.errors import CallError, LakeError, UnknownNameError
from cemlib.lake import delta, open_lake, optimize
from cemlib.schema import table

NOW = timedelta(0)
DAYS = ("2026-03-01", "2026-03-02")


class Other(Invented):
    """A second source of the same table."""

    code = "other"


@pytest.fixture
def lake(tmp_path, incoming):
    with open_lake(tmp_path / "the lake ü") as opened:
        for number in range(3):
            for day in DAYS:
                name = f"{number}-{day}.txt"
                opened.ingest((Other if number == 2 else Invented)(incoming(name, registrations(day, 40, first=number * 40))), door=object())
        yield opened


def stored_keys(lake, day: str) -> list[list[tuple]]:
    """Subscriber and event time of each row of a day, file by file as they lie there."""
    paths = sorted((lake.path / "tables" / "registration" / f"event_date={day}").glob("*.parquet"))
    held = {one.path for one in lake._stored_tables()["registration"].files}
    return [list(zip(*(pq.ParquetFile(path).read([name])[name].to_pylist() for name in ("subscriber_key", "attempted_at")), strict=True))
            for path in paths if str(path) in held]


def test_a_day_becomes_one_ordered_file_with_the_same_content(lake):
    before, fresh, past = figures(lake.path), lake.freshness(), lake.snapshot()
    assert [len(one) for one in stored_keys(lake, DAYS[0])] == [40, 40, 40]
    summary = lake.optimize("registration", closed_after=NOW)
    assert [(one.table, str(one.day), one.reason, one.files, one.records) for one in summary.portions] == [
        ("registration", day, "order", 3, 120) for day in DAYS]
    assert (summary.files_before, summary.files_after, summary.records) == (6, 2, 240)
    for day in DAYS:
        (rows,) = stored_keys(lake, day)
        assert len(rows) == 120
        assert rows == sorted(rows)
    assert figures(lake.path) == before
    # each of the ordered files holds two sources; what the status tells stays true
    assert lake.freshness().equals(fresh)
    assert fresh[["source_code", "records"]].values.tolist() == [["invented", 160], ["other", 80]]
    with open_lake(lake.path, at=past) as old:
        assert old.query("SELECT count(*) FROM registration").fetchall() == [(240,)]
    line = json.loads((lake.path / "ledger.jsonl").read_text().splitlines()[-1])
    assert (line["event"], line["table"], line["records"], sorted(line["ordered"]["registration"])) == ("optimized", "registration", 240, list(DAYS))


def test_the_written_files_have_the_lakes_form(lake):
    lake.optimize(closed_after=NOW)
    (file, *_) = lake._stored_tables()["registration"].files
    held = pq.ParquetFile(file.path)
    assert held.schema_arrow.field("attempted_at").type == table("registration").field("attempted_at").arrow_type
    # unpacked at every question, so by what is quickest to unpack
    packed = {held.metadata.row_group(0).column(at).path_in_schema: held.metadata.row_group(0).column(at).compression for at in range(held.metadata.num_columns)}
    assert packed.pop("record_id") == "ZSTD"
    assert set(packed.values()) == {"LZ4"}
    assert held.metadata.row_group(0).column(0).statistics is not None


def test_the_files_of_a_large_ordered_day_hold_customers_of_their_own(tmp_path, incoming, monkeypatch):
    monkeypatch.setattr(delta, "ORDERED", replace(delta.ORDERED, group_rows=1024, file_bytes=100_000))
    with open_lake(tmp_path / "lake") as lake:
        lake.ingest(Invented(incoming("large.txt", registrations(DAYS[0], 9000))), door=object())
        lake.optimize("registration", closed_after=NOW)
        files = sorted(lake._stored_tables()["registration"].files, key=lambda file: file.first_subscriber)
    assert len(files) > 1
    assert sum(file.records for file in files) == 9000
    # a timeline opens one or, where a customer lies on the seam, two of them
    assert all(before.last_subscriber <= after.first_subscriber for before, after in pairwise(files))


def test_a_second_run_has_nothing_to_do(lake):
    lake.optimize(closed_after=NOW)
    state = lake.snapshot()
    again = lake.optimize(closed_after=NOW)
    assert (again.portions, again.records, lake.snapshot()) == ([], 0, state)


def test_a_day_with_newcomers_is_let_alone(lake):
    summary = lake.optimize()
    assert (summary.portions, summary.open_days) == ([], 2)


def test_late_records_reopen_their_day_and_the_next_run_orders_it_again(lake, incoming):
    lake.optimize(closed_after=NOW)
    lake.ingest(Invented(incoming("late.txt", registrations(DAYS[0], 50, first=100))), door=object())
    # 100 … 119 were known; 30 are new
    assert [len(one) for one in stored_keys(lake, DAYS[0])] in ([120, 30], [30, 120])
    summary = lake.optimize("registration", closed_after=NOW)
    assert [(str(one.day), one.records) for one in summary.portions] == [(DAYS[0], 150)]
    (rows,) = stored_keys(lake, DAYS[0])
    assert (len(rows), rows) == (150, sorted(rows))
    assert lake.freshness()[["source_code", "records"]].values.tolist() == [["invented", 190], ["other", 80]]


def test_many_small_files_of_an_open_day_are_compacted(lake, incoming):
    for number in range(5):
        lake.ingest(Invented(incoming(f"more{number}.txt", registrations(DAYS[0], 10, first=200 + 10 * number))), door=object())
    summary = lake.optimize()
    # eight files of the first day of registrations, eleven of the reference table; the second day has three only
    assert [(one.table, str(one.day), one.reason, one.files) for one in summary.portions] == [
        ("identity", "None", "compact", 8), ("registration", DAYS[0], "compact", 8)]
    assert lake.query("SELECT count(*), count(DISTINCT record_id) FROM registration").fetchall() == [(290, 290)]
    assert lake.query("SELECT count(*) FROM identity").fetchall() == [(170,)]


def test_a_dry_run_tells_and_writes_nothing(lake):
    before = sorted(str(one) for one in lake.path.rglob("*"))
    summary = lake.optimize(closed_after=NOW, dry_run=True)
    assert [one["reason"] for one in summary.to_dict()["portions"]] == ["order", "order"]
    assert sorted(str(one) for one in lake.path.rglob("*")) == before


def test_a_row_that_would_be_lost_undoes_the_portion(lake, monkeypatch):
    before, files = figures(lake.path), stored_keys(lake, DAYS[0])
    reorder = optimize.LakeChanges(lake.path).delta.reorder.__func__

    def losing(self, stored, rows, *rest):
        reorder(self, stored, pa.Table.from_batches(rows).slice(1).to_batches(), *rest)

    monkeypatch.setattr("cemlib.lake.delta.DeltaFolder.reorder", losing)
    with pytest.raises(LakeError, match="not what was read before"):
        lake.optimize("registration", closed_after=NOW)
    assert (figures(lake.path), stored_keys(lake, DAYS[0])) == (before, files)
    assert not lake.status()["unfinished"]


def test_a_value_that_would_change_undoes_the_portion(lake, monkeypatch):
    reorder = optimize.LakeChanges(lake.path).delta.reorder.__func__

    def altering(self, stored, rows, *rest):
        whole = pa.Table.from_batches(rows)
        place = whole.schema.get_field_index("setup_s")
        whole = whole.set_column(place, whole.schema.field(place), [[0.5, *whole["setup_s"].to_pylist()[1:]]])
        reorder(self, stored, whole.to_batches(), *rest)

    monkeypatch.setattr("cemlib.lake.delta.DeltaFolder.reorder", altering)
    with pytest.raises(LakeError, match="not what was read before"):
        lake.optimize("registration", closed_after=NOW)
    assert lake.query("SELECT DISTINCT setup_s FROM registration").fetchall() == [(0.25,)]


def test_a_day_that_cannot_be_read_to_its_end_leaves_no_half_files(lake, monkeypatch):
    before, there = figures(lake.path), sorted((lake.path / "tables").rglob("*.parquet"))
    reorder = optimize.LakeChanges(lake.path).delta.reorder.__func__

    def breaking(self, stored, rows, *rest):
        def half():
            yield next(iter(rows)).slice(0, 100)
            raise OSError("the disk is gone")

        reorder(self, stored, half(), *rest)

    monkeypatch.setattr("cemlib.lake.delta.DeltaFolder.reorder", breaking)
    with pytest.raises(Exception, match="the disk is gone"):
        lake.optimize("registration", closed_after=NOW)
    assert sorted((lake.path / "tables").rglob("*.parquet")) == there
    assert figures(lake.path) == before


# journal, rewritten, table, ledger, manifest: of the first portion, and one step into the second
@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 7])
def test_killed_at_a_step_and_run_again(step, lake, processes, monkeypatch):
    before = figures(lake.path)
    one = processes.Process(target=optimize_and_die, args=(lake.path, step))
    one.start()
    one.join()
    assert one.exitcode == -signal.SIGKILL
    assert figures(lake.path) == before
    lake.refresh()
    lake.optimize(closed_after=NOW)
    assert figures(lake.path) == before
    for day in DAYS:
        (rows,) = stored_keys(lake, day)
        assert (len(rows), rows) == (120, sorted(rows))
    assert not lake.status()["unfinished"]


def test_the_portions_leave_room_for_other_writers(lake, incoming, monkeypatch):
    monkeypatch.setattr(optimize, "_PORTION_RECORDS", 1)
    taken = []

    def come_between(event):
        if event["event"] == "done" and not taken:
            taken.append(open_lake(lake.path).ingest(Invented(incoming("late.txt", registrations(DAYS[1], 5, first=500))), door=object()))

    summary = lake.optimize("registration", closed_after=NOW, progress=come_between)
    # the second day changed between the look and its turn
    assert ([str(one.day) for one in summary.skipped], taken[0].records) == ([DAYS[1]], 5)
    assert lake.query("SELECT count(*) FROM registration").fetchall() == [(245,)]


def test_wrong_calls(lake):
    with pytest.raises(UnknownNameError, match="registratoin"):
        lake.optimize("registratoin")
    with pytest.raises(CallError, match="opened in the past"):
        open_lake(lake.path, at=lake.snapshot()).optimize()
