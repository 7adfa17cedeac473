"""A file drop: complete files only, each moved once, nothing overwritten, nothing lost when the lake cannot be written."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest
from crashing import die_in_drop, hold_lock
from invented_source import Invented, Mended, registrations

from cemlib.errors import CallError, LakeError
from cemlib.lake import open_lake
from cemlib.lake.arrival import free_name, is_open_for_writing
from cemlib.lake.drop import FileDrop

DOOR = object()


class Refusing(Invented):
    """Cannot read a file that begins with #; says so with a number in it that may be somebody's."""

    def read(self, path, door):
        if path.read_text().startswith("#"):
            raise ValueError("cannot read 999010000000012 at ann@example.org")
        return super().read(path, door)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "drop"
    place.mkdir()
    return place


@pytest.fixture
def lake(tmp_path):
    with open_lake(tmp_path / "lake") as opened:
        yield opened


@pytest.fixture
def told():
    return []


def drop_of(lake, folder, told, kind=Refusing, **more):
    return FileDrop(lake, folder, kind, **{"patterns": ("*.txt",), "settle_s": 0.0, "interval_s": 0.05, "door": DOOR, "tell": told.append, **more})


def names(folder):
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def put(folder, name, text):
    (folder / name).write_text(text)


def test_what_is_taken_goes_to_done_and_what_cannot_be_read_to_failed(lake, folder, told):
    put(folder, "a.txt", registrations("2026-03-01", 3) + "bad\n")
    put(folder, "b.txt", "#")
    put(folder, "notes.md", "hello")
    for name in (".c.txt", "d.txt.part", "e.txt.filepart", "f.txt.tmp"):
        put(folder, name, "half")
    (folder / "g.txt").symlink_to(folder / "a.txt")
    (folder / "h.txt").mkdir()
    drop = drop_of(lake, folder, told)
    assert not drop.watch(once=True)
    assert names(folder) == [".c.txt", "d.txt.part", "done/a.txt", "e.txt.filepart", "f.txt.tmp", "failed/b.txt", "failed/b.txt.reason.txt", "notes.md"]
    files = {os.path.basename(one["path"]): one for one in told if "moved_to" in one}
    assert (files["a.txt"]["status"], files["a.txt"]["accepted"], files["a.txt"]["rejected"]) == ("ingested", 3, 1)
    assert {one["file"]: one["reason"] for one in told if one["event"] == "left"} == {"g.txt": "no regular file", "notes.md": "not named *.txt"}
    reason = (folder / "failed" / "b.txt.reason.txt").read_text()
    assert "cannot read … at …" in reason
    assert reason[:4].isdigit()
    assert drop.totals == {"ingested": 1, "failed": 1, "records": 4, "accepted": 3, "rejected": 1, "regained": 0}
    # the others are named once, however often the folder is looked into
    told.clear()
    drop.watch(once=True)
    assert told == []


def test_every_name_when_told_so(lake, folder, told):
    put(folder, "odd name.dat", registrations("2026-03-01", 3))
    assert drop_of(lake, folder, told, patterns=("*",)).watch(once=True)
    assert names(folder) == ["done/odd name.dat"]


def test_nothing_is_overwritten(lake, folder, told):
    for number in range(3):
        put(folder, "a.txt", registrations("2026-03-01", 1, first=number))
        put(folder, "b.txt", f"#{number}")
        drop_of(lake, folder, told).watch(once=True)
    assert names(folder) == ["done/a.txt", "done/a~2.txt", "done/a~3.txt", "failed/b.txt", "failed/b.txt.reason.txt", "failed/b~2.txt",
                             "failed/b~2.txt.reason.txt", "failed/b~3.txt", "failed/b~3.txt.reason.txt"]
    assert (folder / "failed" / "b~2.txt").read_text() == "#1"


@pytest.mark.parametrize(("name", "free"), [("a.csv.gz", "a~2.csv.gz"), ("v1.2.csv", "v1.2~2.csv"), ("plain", "plain~2")])
def test_a_free_name_keeps_its_endings(tmp_path, name, free):
    (tmp_path / name).touch()
    assert free_name(tmp_path / name).name == free


def test_a_file_is_taken_when_it_has_settled(lake, folder, told, monkeypatch):
    """Grows for a while, in steps shorter than the time to settle, by a clock of its own: a busy machine makes no step longer."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("cemlib.lake.drop.time", SimpleNamespace(monotonic=lambda: clock.now))
    put(folder, "a.txt", "")
    drop = drop_of(lake, folder, told, settle_s=0.6, interval_s=0.01)
    watching = threading.Thread(target=drop.watch)
    watching.start()
    for number in range(8):
        with open(folder / "a.txt", "a") as file:
            file.write(registrations("2026-03-01", 10, first=number * 10))
        time.sleep(0.03)
        clock.now += 0.5
    until = time.monotonic() + 180
    while not (folder / "done" / "a.txt").exists() and time.monotonic() < until:
        time.sleep(0.02)
        clock.now += 0.1
    drop.stop()
    watching.join()
    assert [one["records"] for one in told if "moved_to" in one] == [80]


def test_a_file_that_somebody_has_open_for_writing_is_not_taken(lake, folder, told, tmp_path):
    probe = tmp_path / "probe"
    probe.touch()
    with open(probe, "a"):
        if not is_open_for_writing(probe):
            pytest.skip("this file system does not tell who has a file open")
    with open(folder / "a.txt", "w") as file:
        file.write(registrations("2026-03-01", 3))
        file.flush()
        assert drop_of(lake, folder, told).watch(once=True)
        assert names(folder) == ["a.txt"]
        assert {one["event"] for one in told} == {"changed"}
    assert drop_of(lake, folder, told).watch(once=True)
    assert names(folder) == ["done/a.txt"]


def test_once_looks_twice_and_leaves_what_still_grows(lake, folder, told):
    put(folder, "a.txt", registrations("2026-03-01", 3))
    assert drop_of(lake, folder, told, settle_s=0.2).watch(once=True)
    assert names(folder) == ["done/a.txt"]


def test_a_file_that_changes_while_it_is_read_stays(lake, folder, told):
    put(folder, "a.txt", registrations("2026-03-01", 3))

    class Growing(Invented):
        def read(self, path, door):
            yield from super().read(path, door)
            with open(path, "a") as file:
                file.write(registrations("2026-03-01", 1, first=3))

    drop_of(lake, folder, told, Growing).watch(once=True)
    assert (names(folder), told[-1]["event"], lake.has("registration")) == (["a.txt"], "changed", False)
    assert drop_of(lake, folder, told).watch(once=True)
    assert told[-1]["records"] == 4


def test_another_file_of_the_same_name_that_came_after_reading_is_not_taken_for_it(lake, folder, told):
    put(folder, "a.txt", registrations("2026-03-01", 3))
    drop = drop_of(lake, folder, told)

    def replaced(event):
        told.append(event)
        if event["event"] == "done" and (folder / "a.txt").stat().st_size < 1000:
            put(folder, "a.txt", registrations("2026-03-01", 30))

    drop._tell = replaced
    drop.watch(once=True)
    assert (names(folder), lake.status()["records"]) == (["a.txt"], 3)
    drop.watch(once=True)
    assert (names(folder), lake.status()["files"]) == (["done/a.txt"], 2)


def test_a_file_that_goes_away_is_told(lake, folder, told):
    put(folder, "a.txt", registrations("2026-03-01", 3))

    class Vanishing(Invented):
        def files(self):
            self.paths[0].unlink()
            return self.paths

    drop_of(lake, folder, told, Vanishing).watch(once=True)
    assert told[-1] == {"event": "gone", "file": "a.txt"}
    assert names(folder) == []


@pytest.mark.parametrize("how", ["raised", "told"])
def test_a_lake_that_cannot_be_written_keeps_the_file_where_it_is(lake, folder, told, monkeypatch, how):
    put(folder, "a.txt", registrations("2026-03-01", 3))
    tries = []

    def full(*_, **__):
        tries.append(1)
        raise LakeError("The disk is full.") if how == "raised" else OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("cemlib.lake.commit.FileCommit.commit", full)
        drop = drop_of(lake, folder, told)
        assert not drop.watch(once=True)
        assert names(folder) == ["a.txt"]
        watching = threading.Thread(target=drop.watch)
        watching.start()
        while len(tries) < 4:
            time.sleep(0.02)
    while not (folder / "done" / "a.txt").exists():
        time.sleep(0.02)
    drop.stop()
    watching.join()
    faults = [one for one in told if one["event"] == "lake"]
    # each try waits twice as long as the one before
    assert [one["wait_s"] for one in faults][:4] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert ("disk is full" if how == "raised" else "No space left") in faults[0]["came"]
    assert drop.totals["ingested"] == 1
    assert lake.refresh() is False


def test_a_locked_lake_is_waited_for(lake, folder, told, tmp_path, processes):
    put(folder, "a.txt", registrations("2026-03-01", 3))
    lake.path.mkdir()
    taken, release = tmp_path / "taken", tmp_path / "release"
    holder = processes.Process(target=hold_lock, args=(lake.path, taken, release))
    holder.start()
    while not taken.exists():
        time.sleep(0.01)
    drop = drop_of(lake, folder, told)
    watching = threading.Thread(target=drop.watch)
    watching.start()
    while not told:
        time.sleep(0.01)
    assert (told[0]["event"], told[0]["holder"]["pid"]) == ("locked", holder.pid)
    # it ends at once when it is told to while it waits
    drop.stop()
    watching.join()
    assert names(folder) == ["a.txt"]
    release.write_text("")
    holder.join()
    assert drop_of(lake, folder, told).watch(once=True)
    assert names(folder) == ["done/a.txt"]


@pytest.mark.parametrize("at", ["done", "records", "moved"])
def test_killed_and_started_again(lake, folder, told, processes, at):
    for number in range(3):
        put(folder, f"{number}.txt", registrations("2026-03-01", 10, first=number * 10))
    killed = processes.Process(target=die_in_drop, args=(lake.path, folder, at))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert drop_of(lake, folder, told).watch(once=True)
    assert names(folder) == ["done/0.txt", "done/1.txt", "done/2.txt"]
    # killed after the second file was in the lake and before it was moved: known by its digest
    assert [one["status"] for one in told if "moved_to" in one] == {"done": ["already", "ingested"], "records": ["ingested", "ingested"], "moved": ["ingested"]}[at]
    assert lake.query("SELECT count(*), count(DISTINCT record_id) FROM registration").fetchall() == [(30, 30)]


def test_retry_takes_what_failed_again(lake, folder, told):
    put(folder, "a.txt", "#" + registrations("2026-03-01", 2))
    put(folder, "b.txt", "#")
    put(folder, "c.txt", "X" + registrations("2026-03-01", 1)[1:])
    drop_of(lake, folder, told).watch(once=True)
    (folder / "failed" / "gone.txt.reason.txt").write_text("left by a crash")
    assert names(folder)[0] == "done/c.txt"
    os.rename(folder / "done" / "c.txt", folder / "c.txt")

    class Better(Mended):
        def read(self, path, door):
            if path.read_text() == "#":
                raise ValueError("still bad")
            return super().read(path, door)

    told.clear()
    assert not drop_of(lake, folder, told, Better, retry=True).watch(once=True)
    assert names(folder) == ["done/a.txt", "done/c.txt", "failed/b.txt", "failed/b.txt.reason.txt"]
    assert "still bad" in (folder / "failed" / "b.txt.reason.txt").read_text()
    # the first line of a.txt is "#R,0,…" and stays rejected; c.txt was taken with a reject before, which comes in now
    assert {os.path.basename(one["path"]): (one["status"], one["accepted"], one["rejected"]) for one in told if "moved_to" in one} == {
        "a.txt": ("ingested", 1, 1), "b.txt": ("failed", 0, 0), "c.txt": ("retried", 1, 0)}


def test_a_folder_that_is_none_or_cannot_be_used(lake, tmp_path, told):
    with pytest.raises(CallError, match="no such folder"):
        drop_of(lake, tmp_path / "nothing", told)
    (tmp_path / "done").write_text("")
    with pytest.raises(CallError, match="cannot be written"):
        drop_of(lake, tmp_path, told)


def test_a_folder_that_goes_away_for_a_while(lake, folder, told):
    drop = drop_of(lake, folder, told)
    folder.rename(folder.with_name("away"))
    assert not drop.watch(once=True)
    assert (told[-1]["event"], told[-1]["came"]) == ("lake", "it is not there")
    folder.with_name("away").rename(folder)
    put(folder, "a.txt", registrations("2026-03-01", 3))
    assert drop.watch(once=True)
