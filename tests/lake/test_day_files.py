"""Large files are staged as the lake keeps them: the same rows, days, statistics and figures as by way of the memory."""

from __future__ import annotations

import functools
import json

import pytest
from invented_source import Invented, registrations

from cemlib.lake import ingest, open_lake
from cemlib.lake.delta import DeltaFolder
from cemlib.lake.staging import StagedFile
from cemlib.schema import table

DOOR = object()
DAYS = ("2026-03-01", "2026-03-02", "2026-03-05")


@pytest.fixture
def staged_on_disk(monkeypatch):
    """Whatever is read is held on disk."""
    monkeypatch.setattr(ingest, "StagedFile", functools.partial(StagedFile, memory_bytes=1))


@pytest.fixture
def adopted(monkeypatch):
    """The tables that took files as they were."""
    told, adopt = [], DeltaFolder.adopt
    monkeypatch.setattr(DeltaFolder, "adopt", lambda self, declared, files, *more: (told.append((declared.name, len(files))),
                                                                                  adopt(self, declared, files, *more)))
    return told


def rows_of(lake) -> list[tuple]:
    return lake.query("SELECT * FROM registration ORDER BY record_id").fetchall()


def three_days(first: int = 0) -> str:
    # the days stand mixed in the file, as late records do
    lines = [registrations(day, 20, first=first + 100 * at).splitlines() for at, day in enumerate(DAYS)]
    return "".join(line + "\n" for together in zip(*lines, strict=True) for line in together)


def test_new_rows_are_taken_as_files_by_day(tmp_path, incoming, staged_on_disk, adopted):
    path = incoming("a.txt", three_days())
    with open_lake(tmp_path / "lake") as lake:
        summary = lake.ingest(Invented(path, batch=7), door=DOOR)
        assert (summary.accepted, summary.known, adopted) == (60, 0, [("registration", 3)])
        assert lake.query("SELECT event_date::VARCHAR, count(*) FROM registration GROUP BY 1 ORDER BY 1").fetchall() == [(day, 20) for day in DAYS]
        on_disk = rows_of(lake)
    assert not list((tmp_path / "lake" / "staging").rglob("*.parquet"))
    monkey_free = tmp_path / "other"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ingest, "StagedFile", StagedFile)
        with open_lake(monkey_free) as lake:
            lake.ingest(Invented(path, batch=7), door=DOOR)
            assert rows_of(lake) == on_disk
    assert len(adopted) == 1


def test_rows_that_are_held_are_merged_and_not_taken_twice(tmp_path, incoming, staged_on_disk, adopted):
    with open_lake(tmp_path / "lake") as lake:
        lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 60))), door=DOOR)
        summary = lake.ingest(Invented(incoming("b.txt", registrations("2026-03-01", 60, first=40))), door=DOOR)
        assert summary.files[0].tables["registration"] == {"added": 40, "changed": 0, "known": 20}
        assert len(rows_of(lake)) == 100
        # new rows for a day that is there: no key is held, so the file is taken
        lake.ingest(Invented(incoming("c.txt", registrations("2026-03-01", 10, first=500))), door=DOOR)
        assert len(rows_of(lake)) == 110
    assert adopted == [("registration", 1), ("registration", 1)]


def test_the_same_record_twice_in_a_large_file_is_one_row(tmp_path, incoming, staged_on_disk, adopted):
    with open_lake(tmp_path / "lake") as lake:
        lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 1) * 3)), door=DOOR)
        assert (len(rows_of(lake)), adopted) == (1, [])


def test_delta_knows_the_bounds_of_the_files(tmp_path, incoming, staged_on_disk):
    with open_lake(tmp_path / "lake") as lake:
        lake.ingest(Invented(incoming("a.txt", three_days())), door=DOOR)
        declared = table("registration")
        stored = DeltaFolder(tmp_path / "lake" / "tables").at(declared, 1, False)
        told = {one.day.isoformat(): (one.records, one.source_code, one.first_subscriber, one.last_subscriber,
                                       one.last_event_at.replace(tzinfo=None)) for one in stored.files}
        wanted = lake.query("SELECT event_date::VARCHAR, count(*), min(source_code), min(subscriber_key), max(subscriber_key), max(attempted_at) "
                            "FROM registration GROUP BY 1").fetchall()
        assert told == {day: tuple(rest) for day, *rest in wanted}
        log = (tmp_path / "lake" / "tables" / "registration" / "_delta_log" / f"{1:020}.json").read_text().splitlines()
        stats = [json.loads(json.loads(line)["add"]["stats"]) for line in log if "add" in json.loads(line)]
        assert [(one["numRecords"], one["nullCount"]["home_plmn_code"], one["minValues"]["setup_s"]) for one in stats] == [(20, 20, 0.25)] * 3
        assert all("home_plmn_code" not in one["minValues"] for one in stats)


def test_a_crash_before_the_commit_leaves_nothing_that_is_read(tmp_path, incoming, staged_on_disk, monkeypatch):
    path = incoming("a.txt", three_days())

    def broken(*_):
        raise OSError(28, "No space left on device")

    with open_lake(tmp_path / "lake") as lake:
        with monkeypatch.context() as patched:
            patched.setattr("cemlib.lake.delta._commit", broken)
            assert lake.ingest(Invented(path), door=DOOR).files[0].status == "failed"
        assert lake.ingest(Invented(path), door=DOOR).accepted == 60
        assert len(rows_of(lake)) == 60
