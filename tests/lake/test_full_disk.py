"""A disk that is really full, at every stage of an ingest: told, undone, readable meanwhile, and good again when there is room."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess

import pytest
from crashing import figures
from invented_source import Invented, registrations

from cemlib.errors import LakeError
from cemlib.lake import change, ingest, open_lake
from cemlib.lake.drop import FileDrop
from cemlib.lake.staging import StagedFile

DOOR = object()


@pytest.fixture
def disk(tmp_path):
    """A file system of 3 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(disk):
    with open(disk / "filler", "ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"x" * size):
                    pass


def take(lake, path, progress=None):
    """What an ingest tells that does not get through: raised, or in the result."""
    try:
        (found,) = lake.ingest(Invented(path, batch=500), door=DOOR, progress=progress).files
    except LakeError as error:
        return str(error)
    assert (found.status, found.is_lake_fault) == ("failed", True)
    return found.error


# a step is named by what was done last: what comes after it finds the disk full
@pytest.mark.parametrize("stage", ["before", "staging", "locked", "journal", "table registration", "table identity", "quarantine", "ledger"])
def test_full_at_a_stage(disk, incoming, monkeypatch, stage):
    lake = open_lake(disk / "lake")
    lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 5) + "bad\n")), door=DOOR)
    before = figures(lake.path)
    path = incoming("b.txt", registrations("2026-03-02", 1500) + "bad\n" * 20)
    with monkeypatch.context() as patched:
        told = None
        if stage == "before":
            fill(disk)
        elif stage == "staging":
            # rows are held on disk from the first batch on
            patched.setattr(ingest, "StagedFile", functools.partial(StagedFile, memory_bytes=1))

            def told(event):
                if event["event"] == "records":
                    fill(disk)
        else:
            patched.setattr(change, "_reached", lambda point: fill(disk) if point == stage else None)
        error = take(lake, path, told)
        assert "No space left" in error or "os error 28" in error
        assert (disk / "filler").exists()
        # readers find what was there, also in a process that comes new, and with the disk still full
        assert figures(disk / "lake") == before
        assert open_lake(disk / "lake").status()["records"] == 6
        # and a second try on the full disk changes nothing about that
        patched.undo()
        assert take(lake, path)
        assert figures(disk / "lake") == before
    (disk / "filler").unlink()
    found = lake.ingest(Invented(path), door=DOOR)
    assert (found.accepted, found.rejected) == (1500, 20)
    assert figures(lake.path)["registration"][0][0] == 1505
    assert not lake.status()["unfinished"]
    assert list((lake.path / "staging").iterdir()) == []


def test_a_file_drop_keeps_its_files_until_there_is_room(disk, tmp_path):
    folder, told = tmp_path / "drop", []
    folder.mkdir()
    (folder / "a.txt").write_text(registrations("2026-03-01", 500))
    lake = open_lake(disk / "lake")
    lake.ingest(Invented(), door=DOOR)
    fill(disk)

    def tell(event):
        told.append(event["event"])
        if told.count("lake") == 2:
            (disk / "filler").unlink(missing_ok=True)
        if "moved_to" in event:
            drop.stop()

    drop = FileDrop(lake, folder, Invented, settle_s=0.0, interval_s=0.05, door=DOOR, tell=tell)
    drop.watch()
    assert told.count("lake") == 2
    assert [one.name for one in (folder / "done").iterdir()] == ["a.txt"]
    assert lake.query("SELECT count(*) FROM registration").fetchall() == [(500,)]
