"""Vacuum: what is kept can be read to the bit, what is gone says so, and nothing else in the lake changes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest
from crashing import figures, vacuum_and_die
from deltalake import DeltaTable
from invented_source import Invented, registrations

from cemlib.errors import CallError, LakeError
from cemlib.lake import open_lake
from cemlib.lake.delta import DeltaFolder
from cemlib.lake.vacuum import _needed_files
from cemlib.schema import table

NOW = timedelta(0)


@pytest.fixture
def lake(tmp_path, incoming):
    """Three files, then the day is rewritten: the three files of the day are of no use to the newest state."""
    with open_lake(tmp_path / "the lake ü") as opened:
        for number in range(3):
            opened.ingest(Invented(incoming(f"{number}.txt", registrations("2026-03-01", 10, first=10 * number) + "bad\n" * (number + 1))), door=object())
        opened.optimize("registration", closed_after=NOW)
        yield opened


def data_files(lake) -> set[str]:
    return {str(one.relative_to(lake.path)) for one in (lake.path / "tables").rglob("*.parquet")}


def content(lake, at) -> list:
    with open_lake(lake.path, at=at) as past:
        return past.query("SELECT * FROM registration ORDER BY record_id").fetchall()


def age(lake, days: float) -> None:
    """Make all that the lake did happen so many days earlier."""
    lines = [json.loads(line) for line in (lake.path / "ledger.jsonl").read_text().splitlines()]
    for line in lines:
        line["at"] = (datetime.fromisoformat(line["at"]) - timedelta(days=days)).isoformat(timespec="microseconds")
    (lake.path / "ledger.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    manifest = json.loads((lake.path / "manifest.json").read_text())
    (lake.path / "manifest.json").write_text(json.dumps({**manifest, "written_at": lines[-1]["at"]}))
    lake.close()
    lake.__init__(lake.path)


def test_only_the_newest_state_is_left(lake):
    before, ids = figures(lake.path), list(lake.snapshots()["id"])
    files = data_files(lake)
    summary = lake.vacuum(NOW)
    # the three files of the rewritten day; the reference table was not rewritten
    assert summary.tables == {"registration": {"files": 3, "bytes": summary.bytes}}
    assert {one["path"] for one in summary.files} == files - data_files(lake)
    assert (len(files) - len(data_files(lake)), [one["id"] for one in summary.unreadable]) == (3, ids[:3])
    assert figures(lake.path) == before
    told = lake.snapshots()
    assert list(zip(told["event"], told["is_readable"], strict=True)) == [
        *[("ingested", False)] * 3, ("optimized", True), ("vacuumed", True)]
    for gone in (ids[0], lake.snapshots()["written_at"][1].to_pydatetime()):
        with pytest.raises(LakeError, match="can no longer be read") as error:
            open_lake(lake.path, at=gone)
        assert ids[3] in error.value.todo
    assert lake.vacuum(NOW).files == []
    assert open_lake(lake.path, at="2020-01-01").tables() == []


def test_states_within_the_time_to_keep_are_read_as_before(lake, incoming):
    age(lake, 100)
    lake.ingest(Invented(incoming("3.txt", registrations("2026-03-01", 10, first=30))), door=object())
    age(lake, 50)
    lake.ingest(Invented(incoming("4.txt", registrations("2026-03-01", 10, first=40))), door=object())
    lake.optimize("registration", closed_after=NOW)
    states = list(lake.snapshots()["id"])
    held = {one: content(lake, one) for one in states[3:]}
    summary = lake.vacuum(timedelta(days=90))
    # 150 days ago three files and an optimize; the last of these states was the lake's until 50 days ago, so it is kept
    assert [one["id"] for one in summary.unreadable] == states[:3]
    assert (summary.oldest["id"], summary.tables["registration"]["files"]) == (states[3], 3)
    assert {one: content(lake, one) for one in states[3:]} == held
    assert [len(one) for one in held.values()] == [30, 40, 50, 50]


def test_a_spared_state_is_read_to_the_bit(lake):
    found = lake.snapshots()
    with open_lake(lake.path, at=found["id"][1]) as past:
        spared = past.snapshot()
    held = content(lake, spared.id)
    files = {path: (lake.path / path).read_bytes() for path in data_files(lake)}
    summary = lake.vacuum(NOW, spare=[spared.versions, {"registration": 77}])
    assert (summary.spared, len(summary.files), [one["id"] for one in summary.unreadable]) == ([spared.id], 1, [found["id"][0], found["id"][2]])
    assert content(lake, spared.id) == held
    assert len(held) == 20
    assert all((lake.path / path).read_bytes() == files[path] for path in data_files(lake))
    assert list(lake.snapshots()["is_readable"]) == [False, True, False, True, True]
    # once it is no longer named, it goes too
    assert len(lake.vacuum(NOW).files) == 2
    assert list(lake.snapshots()["is_readable"]) == [False, False, False, True, True, True]


def test_a_dry_run_tells_and_removes_nothing(lake):
    before = {path: path.stat().st_mtime_ns for path in lake.path.rglob("*")}
    told = lake.vacuum(NOW, dry_run=True).to_dict()
    assert {path: path.stat().st_mtime_ns for path in lake.path.rglob("*")} == before
    done = lake.vacuum(NOW).to_dict()
    assert {**told, "dry_run": False} == done
    assert done["unreadable"][0]["versions"] == {"identity": 1, "registration": 1}


def test_what_a_crashed_writer_left_goes_after_a_day(lake):
    day = lake.path / "tables" / "registration" / "event_date=2026-03-01"
    staging = lake.path / "staging"
    old, young = day / "part-old.parquet", day / "part-young.parquet"
    abandoned, live = staging / "elsewhere+1+x", staging / "elsewhere+2+y"
    for path in (old, young):
        path.write_bytes(b"x" * 100)
    for folder in (abandoned, live):
        folder.mkdir()
        (folder / "rows.parquet").write_bytes(b"x" * 50)
    for path in (old, abandoned / "rows.parquet", abandoned):
        os.utime(path, (time.time() - 90_000,) * 2)
    summary = lake.vacuum()
    assert {(one["path"].rsplit("/", 1)[-1], one["bytes"], one["reason"]) for one in summary.files} == {
        ("part-old.parquet", 100, "orphan"), ("elsewhere+1+x", 50, "orphan")}
    assert (old.exists(), young.exists(), abandoned.exists(), live.exists()) == (False, True, False, True)
    assert len(lake.snapshots()) == 5


# journal, ledger, manifest, told, three files
@pytest.mark.parametrize("step", [1, 3, 4, 6])
def test_killed_at_a_step_and_run_again(step, lake, processes):
    before = figures(lake.path)
    one = processes.Process(target=vacuum_and_die, args=(lake.path, step))
    one.start()
    one.join()
    assert one.exitcode == -signal.SIGKILL
    assert figures(lake.path) == before
    lake.vacuum(NOW)
    assert figures(lake.path) == before
    assert len([path for path in data_files(lake) if "registration" in path]) == 1
    assert lake.vacuum(NOW).files == []
    # a lake that was vacuumed can be written on
    lake.optimize(closed_after=NOW)
    assert not lake.status()["unfinished"]


def test_a_file_is_needed_by_the_versions_between_its_adding_and_its_removal(tmp_path):
    delta, declared = DeltaFolder(tmp_path), table("network")
    delta.head(declared, create=True)
    for number in range(1, 9):
        delta.append(declared, declared.arrow_schema().empty_table().from_pylist(
            [{**dict.fromkeys(declared.columns), "plmn_code": str(number), "country_code": "TR", "valid_from_at": datetime(2026, 1, 1, tzinfo=UTC)}],
            schema=declared.arrow_schema()), ("x", number))
        if number in (3, 6):
            delta.restore(declared, delta.head(declared).version() - 2)
    for versions in ([0], [3], [1, 4], [2, 5, 10], [10], list(range(11))):
        expected = set()
        for version in versions:
            expected |= {one.rsplit("/", 1)[-1] for one in DeltaTable(tmp_path / "network", version=version).file_uris()}
        needed, known = _needed_files(tmp_path / "network", versions)
        assert (needed, len(known)) == (expected, 8)


def test_wrong_calls(lake):
    with pytest.raises(CallError, match="out of range"):
        lake.vacuum(timedelta(days=401))
    with pytest.raises(CallError, match="opened in the past"):
        open_lake(lake.path, at=lake.snapshot()).vacuum()
    (lake.path / "journal.json").write_text("{}")
    with pytest.raises(LakeError, match="was not finished"):
        lake.vacuum(dry_run=True)


def test_a_table_with_hundreds_of_commits_is_opened_from_its_last_checkpoint(tmp_path):
    delta, declared = DeltaFolder(tmp_path), table("network")
    delta.head(declared, create=True)
    for number in range(300):
        delta.append(declared, declared.arrow_schema().empty_table().from_pylist(
            [{**dict.fromkeys(declared.columns), "plmn_code": str(number), "country_code": "TR", "valid_from_at": datetime(2026, 1, 1, tzinfo=UTC)}],
            schema=declared.arrow_schema()), ("x", number))
    log = tmp_path / "network" / "_delta_log"
    last = json.loads((log / "_last_checkpoint").read_text())["version"]
    copy = tmp_path / "copy" / "network"
    shutil.copytree(tmp_path / "network", copy)
    for path in (copy / "_delta_log").glob("*.json"):
        if int(path.stem) <= last:
            path.unlink()
    # no commit before the checkpoint is there, and the table is the same: at most 20 commits are read
    assert len(list((copy / "_delta_log").glob("*.json"))) <= 20
    found = DeltaFolder(copy.parent).at(declared, 300, False)
    assert (found.version, found.records) == (300, 300)


def test_a_table_that_was_made_otherwise_gets_the_retention(lake):
    head = DeltaTable(lake.path / "tables" / "registration")
    assert head.metadata().configuration["delta.logRetentionDuration"] == "interval 400 days"
    delta = DeltaFolder(lake.path / "foreign")
    DeltaTable.create(lake.path / "foreign" / "network", table("network").arrow_schema())
    assert delta.keep_log(table("network"))
    assert delta.head(table("network")).metadata().configuration["delta.logRetentionDuration"] == "interval 400 days"
    assert not delta.keep_log(table("network"))
