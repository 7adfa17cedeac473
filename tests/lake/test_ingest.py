"""Nothing lost, nothing doubled: idempotence, overlaps, late records, accounting, bad files, two writers."""

from __future__ import annotations

import json
import time

import pyarrow as pa
import pytest
from crashing import figures, hold_lock, take, take_one_by_one
from invented_source import Batch, Invented, registrations

import cemlib.lake.lake as lake_module
from cemlib.errors import CallError, ContractError, IngestError, LakeError
from cemlib.lake import open_lake, set_door_factory
from cemlib.lake.staging import StagedFile

DOOR = object()


@pytest.fixture
def lake(tmp_path):
    with open_lake(tmp_path / "the lake ü") as opened:
        yield opened


def count(lake, table="registration"):
    return lake.query(f"SELECT count(*) FROM {table}").fetchall()[0][0]


def test_a_file_counts_once_under_whatever_name(lake, incoming):
    path = incoming("a.txt", registrations("2026-03-01", 50) + "bad\n")
    first = lake.ingest(Invented(path), door=DOOR)
    # 50 registrations and 1 bad line; each registration feeds two tables: 100 rows
    assert (first.records, first.accepted, first.rejected, first.added, first.known) == (51, 50, 1, 100, 0)
    before = figures(lake.path)
    assert [one.status for one in lake.ingest(Invented(path), door=DOOR).files] == ["already"]
    other = incoming("other.txt", path.read_text())
    summary = lake.ingest(Invented(other), door=DOOR)
    assert (summary.records, [one.status for one in summary.files]) == (0, ["already"])
    assert figures(lake.path) == before


def test_overlapping_files_are_merged_and_the_overlap_is_told(lake, incoming):
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 60))), door=DOOR)
    summary = lake.ingest(Invented(incoming("b.txt", registrations("2026-03-01", 60, first=40))), door=DOOR)
    # numbers 40-59 are in both: 20 of 60 are known, in each of the two tables
    assert summary.files[0].tables == {"registration": {"added": 40, "changed": 0, "known": 20},
                                       "identity": {"added": 40, "changed": 0, "known": 20}}
    assert (summary.accepted, summary.known, count(lake), count(lake, "identity")) == (60, 40, 100, 100)


def test_the_same_record_twice_in_one_file_is_one_row(lake, incoming):
    line = registrations("2026-03-01", 1)
    summary = lake.ingest(Invented(incoming("a.txt", line * 3)), door=DOOR)
    assert (count(lake), summary.known) == (1, 4)


def test_a_late_record_lands_in_its_own_day(lake, incoming):
    lake.ingest(Invented(incoming("day1.txt", registrations("2026-03-01", 10))), door=DOOR)
    lake.ingest(Invented(incoming("day2.txt", registrations("2026-03-02", 10)
                                  + registrations("2026-03-01", 2, first=100, received="2026-03-02"))), door=DOOR)
    assert lake.query("SELECT day_date::VARCHAR, count(*) FROM registration GROUP BY 1 ORDER BY 1").fetchall() == [
        ("2026-03-01", 12), ("2026-03-02", 10)]


def test_a_fact_with_newer_content_replaces_the_older_one_in_whatever_order(tmp_path, incoming):
    is_open = "T,t1,2026-03-01T10:00:00+00:00,,2026-03-01T11:00:00+00:00\n"
    is_closed = "T,t1,2026-03-01T10:00:00+00:00,2026-03-01T12:00:00+00:00,2026-03-01T13:00:00+00:00\n"
    paths = [incoming("open.txt", is_open), incoming("closed.txt", is_closed)]
    for number, order in enumerate([paths, paths[::-1]]):
        with open_lake(tmp_path / str(number)) as lake:
            told = [lake.ingest(Invented(path), door=DOOR).files[0].tables["ticket"] for path in order]
            assert lake.query("SELECT count(*), max(closed_at)::VARCHAR FROM ticket").fetchall() == [(1, "2026-03-01 12:00:00")]
        assert told[1] == ({"added": 0, "changed": 1, "known": 0} if number == 0 else {"added": 0, "changed": 0, "known": 1})


def test_a_reference_row_is_new_by_validity_and_replaced_by_content(lake, incoming):
    lake.ingest(Invented(incoming("a.txt", "N,99901,,Old,2026-01-01T00:00:00+00:00\nN,99902,INV02,Two,2026-01-01T00:00:00+00:00\n")), door=DOOR)
    summary = lake.ingest(Invented(incoming("b.txt", "N,99901,,New,2026-01-01T00:00:00+00:00\nN,99901,,Next,2026-02-01T00:00:00+00:00\n"
                                                     "N,99902,INV02,Two,2026-01-01T00:00:00+00:00\n")), door=DOOR)
    assert summary.files[0].tables["network"] == {"added": 1, "changed": 1, "known": 1}
    assert lake.query("SELECT network_name FROM network ORDER BY plmn_code, valid_from_at").fetchall() == [("New",), ("Next",), ("Two",)]


def test_a_dry_run_counts_and_writes_nothing(lake, incoming):
    path = incoming("a.txt", registrations("2026-03-01", 5) + "bad\n")
    summary = lake.ingest(Invented(path), door=DOOR, dry_run=True)
    assert (summary.records, summary.accepted, summary.rejected, summary.added) == (6, 5, 1, 10)
    assert not lake.path.exists()
    lake.ingest(Invented(path), door=DOOR)
    other = incoming("b.txt", registrations("2026-03-01", 7))
    before = sorted(str(one) for one in lake.path.rglob("*"))
    assert lake.ingest(Invented(other), door=DOOR, dry_run=True).files[0].tables["registration"] == {"added": 2, "changed": 0, "known": 5}
    assert sorted(str(one) for one in lake.path.rglob("*")) == before


def test_a_file_that_does_not_add_up_is_not_taken_and_keeps_no_other_out(lake, incoming):
    incoming("a.txt", registrations("2026-03-01", 5))
    good = incoming("b.txt", registrations("2026-03-02", 5))

    class Sloppy(Invented):
        def _batch(self, lines):
            batch = super()._batch(lines)
            batch.records += lines[0][1].startswith("R,0,2026-03-01")
            return batch

    summary = lake.ingest(Sloppy(good.parent), door=DOOR)
    assert [one.status for one in summary.files] == ["failed", "ingested"]
    assert "does not account for every record" in summary.files[0].error
    assert (summary.records, count(lake)) == (5, 5)


def test_an_error_in_the_middle_of_a_file_leaves_nothing(lake, incoming):
    class Truncated(Invented):
        def read(self, path, door):
            yield from super().read(path, door)
            raise EOFError("Compressed file ended before the end-of-stream marker was reached")

    summary = lake.ingest(Truncated(incoming("a.txt", registrations("2026-03-01", 5) + "bad\n")), door=DOOR)
    assert (summary.files[0].status, "end-of-stream" in summary.files[0].error) == ("failed", True)
    assert (lake.tables(), lake.files().empty, list((lake.path / "staging").iterdir())) == ([], True, [])


def test_a_file_that_grows_while_it_is_read_is_not_taken(lake, incoming):
    path = incoming("a.txt", registrations("2026-03-01", 5))

    class Growing(Invented):
        def read(self, path, door):
            yield from super().read(path, door)
            with open(path, "a") as file:
                file.write("more\n")

    assert "changed while it was read" in lake.ingest(Growing(path), door=DOOR).files[0].error
    assert not lake.has("registration")


def test_an_error_while_committing_is_undone_at_once(lake, incoming, monkeypatch):
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 5))), door=DOOR)
    before = figures(lake.path)
    path = incoming("b.txt", registrations("2026-03-01", 9))
    with monkeypatch.context() as patched:
        patched.setattr("cemlib.lake.delta.DeltaFolder.append", _disk_full_at(2, lake_module.DeltaFolder.append))
        summary = lake.ingest(Invented(path), door=DOOR)
    assert "No space left" in summary.files[0].error
    assert (figures(lake.path), lake.status()["unfinished"]) == (before, False)
    assert lake.ingest(Invented(path), door=DOOR).files[0].tables["registration"] == {"added": 4, "changed": 0, "known": 5}
    assert (count(lake), count(lake, "identity")) == (9, 9)


def _disk_full_at(number, write):
    calls = iter(range(1, 100))

    def full(*arguments):
        if next(calls) == number:
            raise OSError(28, "No space left on device")
        return write(*arguments)

    return full


def test_a_large_file_is_held_on_disk(tmp_path, incoming):
    source, path = Invented(batch=7), incoming("a.txt", registrations("2026-03-01", 50))
    in_memory, on_disk = StagedFile("a", tmp_path, None), StagedFile("a", tmp_path, None, memory_bytes=1)
    import duckdb

    with duckdb.connect() as connection:
        held = []
        for staged in (in_memory, on_disk):
            for batch in source.read(path, DOOR):
                staged.add(batch)
            staged.finish()
            assert staged.rows == {"registration": 50, "identity": 50}
            rows = pa.table(staged.relation("identity", connection).order("row_in_file").to_arrow_table())
            held.append(rows.column("identifier_key").to_pylist())
        assert held[0] == held[1]
        assert staged.relation("registration", connection).count("record_id").fetchall() == [(50,)]
    assert [path.parent.name for path in (tmp_path / "registration").rglob("*.parquet")] == ["event_date=2026-03-01"]
    assert not in_memory.day_files("registration")
    assert [(one.day.isoformat(), one.records) for one in on_disk.day_files("registration")] == [("2026-03-01", 50)]


def test_rows_that_break_their_contract_are_refused(tmp_path, incoming):
    batch = next(Invented().read(incoming("a.txt", registrations("2026-03-01", 3)), DOOR))
    rows = batch.tables["registration"]
    day = rows.schema.get_field_index("event_date")
    yesterday = rows.set_column(day, rows.schema.field(day), pa.array([20_000] * 3, pa.int32()).cast(pa.date32()))
    staged = StagedFile("a", tmp_path, None)
    with pytest.raises(ContractError, match="not the UTC day"):
        staged.add(Batch(3, {"registration": yesterday}, 3, batch.rejected))
    with pytest.raises(ContractError, match="columns are not those"):
        staged.add(Batch(3, {"registration": rows.drop_columns(["setup_s"])}, 3, batch.rejected))
    with pytest.raises(IngestError, match="account for every record"):
        staged.add(Batch(4, batch.tables, 3, batch.rejected))
    assert (staged.records, dict(staged.rows)) == (0, {})


def test_progress_is_told(lake, incoming):
    told = []
    incoming("a.txt", registrations("2026-03-01", 5))
    lake.ingest(Invented(incoming("b.txt", registrations("2026-03-02", 5)).parent, batch=2), door=DOOR, progress=told.append)
    assert [(one["event"], one["index"], one["files"], one["records"]) for one in told][:6] == [
        ("file", 1, 2, 0), ("records", 1, 2, 2), ("records", 1, 2, 4), ("records", 1, 2, 5), ("commit", 1, 2, 5), ("done", 1, 2, 5)]


def test_the_door_comes_from_whoever_knows_it(lake, incoming, monkeypatch):
    monkeypatch.setattr(lake_module, "_door_factory", None)
    path = incoming("a.txt", registrations("2026-03-01", 1))
    with pytest.raises(CallError, match="No door"):
        lake.ingest(Invented(path))
    seen = []
    set_door_factory(lambda of: seen.append(of) or DOOR)
    lake.ingest(Invented(path))
    assert seen == [lake]


def test_another_secret_is_refused(lake, incoming, monkeypatch):
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 1))), door=DOOR)
    monkeypatch.setenv("CEM_KEY", "another secret of sixteen bytes")
    with pytest.raises(LakeError, match="secret is not the one"):
        lake.ingest(Invented(incoming("b.txt", registrations("2026-03-02", 1))), door=DOOR)


def test_a_second_writer_waits_and_says_so(tmp_path, incoming, processes):
    path = incoming("a.txt", registrations("2026-03-01", 3))
    lake_path, taken, release = tmp_path / "lake", tmp_path / "taken", tmp_path / "release"
    lake_path.mkdir()
    holder = processes.Process(target=hold_lock, args=(lake_path, taken, release))
    holder.start()
    while not taken.exists():
        time.sleep(0.01)
    lake, told = open_lake(lake_path), []
    assert lake.status()["writer"]["pid"] == holder.pid
    with pytest.raises(LakeError, match="Another process is writing") as error:
        lake.ingest(Invented(path), door=DOOR, wait_s=0.1, progress=told.append)
    assert f"process {holder.pid} on" in str(error.value)
    assert [one["holder"]["pid"] for one in told if one["event"] == "waiting"] == [holder.pid]
    release.write_text("")
    assert lake.ingest(Invented(path), door=DOOR).accepted == 3
    holder.join()
    assert lake.status()["writer"] is None


def test_two_ingests_at_once_both_end_right(tmp_path, incoming, processes):
    for number in range(8):
        path = incoming(f"{number}.txt", registrations("2026-03-01", 100, first=number * 50))
    answers = [tmp_path / "one.json", tmp_path / "two.json"]
    running = [processes.Process(target=take, args=(tmp_path / "lake", path.parent, answer)) for answer in answers]
    for one in running:
        one.start()
    for one in running:
        one.join()
    summaries = [json.loads(answer.read_text()) for answer in answers]
    # eight files, each taken by one of the two; numbers 0 … 449 occur
    assert sum(one["ingested"] for one in summaries) == 8
    assert sum(one["already"] for one in summaries) == 8
    assert figures(tmp_path / "lake")["registration"] == [(450, 450, 450)]


def test_a_reader_sees_whole_files_while_another_writes(tmp_path, incoming, processes):
    for number in range(10):
        path = incoming(f"{number}.txt", registrations("2026-03-01", 100, first=number * 100))
    writer = processes.Process(target=take_one_by_one, args=(tmp_path / "lake", path.parent))
    writer.start()
    lake, seen = open_lake(tmp_path / "lake"), set()
    while True:
        is_over = not writer.is_alive()
        lake.refresh()
        pair = lake.query("SELECT (SELECT count(*) FROM registration), (SELECT count(*) FROM identity)").fetchall()[0]
        assert pair[0] == pair[1]
        assert pair[0] % 100 == 0
        seen.add(pair[0])
        if is_over:
            break
    writer.join()
    assert max(seen) == 1000
