"""``cem lake``: one command tells all; optimize, vacuum and the past from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lake"))

from invented_source import Invented, registrations

from cemlib.cli import cem
from cemlib.lake import open_lake
from cemlib.lake.lock import WriterLock


def run(*arguments, **more):
    return CliRunner().invoke(cem, [str(one) for one in arguments], **more)


@pytest.fixture
def lake(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("CEM_OUT", str(tmp_path / "out"))
    with open_lake(tmp_path / "lake") as opened:
        for number in range(2):
            path = tmp_path / f"{number}.txt"
            path.write_text(registrations("2026-03-01", 20, first=20 * number) + "bad\n" * (number + 1))
            opened.ingest(Invented(path), door=object())
        yield opened


def write_record(folder: Path, snapshot: dict | None) -> Path:
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"notebook": "x", "snapshot": snapshot}))
    return folder / "run.json"


def test_status_tells_all_at_once(lake):
    told = run("lake", "status").stdout
    assert f"snapshot {lake.snapshot().id}, written" in told
    assert "2 files, the last one" in told
    assert "43 records: 40 accepted, 3 rejected" in told
    lines = [line.split() for line in told.splitlines()]
    assert ["invented", "malformed", "3"] in lines
    (table,) = [line for line in lines if line[:1] == ["registration"]]
    assert (table[1:4], table[-2:]) == (["40", "2", "2"], ["2026-03-01", "2026-03-01"])
    # events one a minute from 0:00 to 0:39, received at 23:59:59: the median delay is 23 h 40 min
    (source,) = [line for line in lines if line[:2] == ["invented", "registration"]]
    assert (source[2], source[3], source[-4:]) == ("40", "2026-03-01T00:39:00", ["24", "h", "24", "h"])
    held = json.loads(run("lake", "status", "--json").stdout)
    assert held["rejects"] == [{"source_code": "invented", "reason_code": "malformed", "records": 3}]
    assert held["sources"] == [{"source_code": "invented", "table_name": "registration", "records": 40, "last_event_at": "2026-03-01T00:39:00",
                                "last_received_at": "2026-03-01T23:59:59", "delay_p50_s": 85_229.0, "delay_p95_s": 86_282.0}]
    assert (held["writer"], held["unfinished_change"]) == (None, None)


def test_status_tells_a_writer_from_a_dead_one(lake):
    (lake.path / "journal.json").write_text(json.dumps({"event": "ingested", "at": "2026-03-01T10:00:00+00:00", "tables": {"registration": 1}}))
    with WriterLock(lake.path / "writer.lock", 1):
        found = lake.status()
        assert (found["unfinished"], found["writer"]["pid"] > 0) == (False, True)
        assert "A writer is at work: process" in run("lake", "status").stderr
    found = lake.status()
    assert (found["writer"], found["unfinished_change"]) == (None, {"event": "ingested", "at": "2026-03-01T10:00:00+00:00", "tables": ["registration"]})
    assert "A change (ingested," in run("lake", "status").stderr


def test_the_past_by_the_id_of_a_state(lake):
    first = json.loads(run("lake", "snapshots", "--json").stdout)[0]
    assert (first["event"], first["file_name"], first["records"], first["is_readable"]) == ("ingested", "0.txt", 21, True)
    assert [line.split()[-1] for line in run("lake", "snapshots").stdout.splitlines()[1:]] == ["readable", "readable"]
    assert json.loads(run("lake", "status", "--at", first["id"], "--json").stdout)["accepted"] == 20
    (row,) = json.loads(run("kpi", "eval", "roaming_registration_success_ratio", "--at", first["id"], "--json").stdout)["rows"]
    assert row["den"] == 20
    wrong = run("lake", "status", "--at", "no such state")
    assert (wrong.exit_code, "There is no snapshot named" in wrong.stderr) == (2, True)


def test_optimize(lake):
    told = run("lake", "optimize")
    assert (told.stdout, told.stderr.splitlines()) == ("", ["Nothing to do.", "1 days had newcomers within 24 h and are not ordered yet (--closed-after)."])
    dry = run("lake", "optimize", "registration", "--closed-after", "0s", "--dry-run")
    assert dry.stdout.splitlines()[1].split()[:7] == ["registration", "order", "by", "subscriber", "1", "2", "40"]
    done = run("lake", "optimize", "registration", "--closed-after", "0s")
    assert done.stderr.startswith("40 records in 2 files")
    assert json.loads(run("lake", "optimize", "registration", "--closed-after", "0s", "--json").stdout)["portions"] == []
    for wrong in (("registratoin",), ("--closed-after", "soon")):
        assert run("lake", "optimize", *wrong).exit_code == 2


def test_vacuum_asks_keeps_what_records_name_and_tells_what_is_lost(lake, tmp_path):
    ids = [one["id"] for one in json.loads(run("lake", "snapshots", "--json").stdout)]
    with open_lake(lake.path, at=ids[0]) as past:
        write_record(tmp_path / "out" / "weekly", past.snapshot().to_dict())
    write_record(tmp_path / "out" / "without", None)
    run("lake", "optimize", "registration", "--closed-after", "0s")
    files = sorted(lake.path.rglob("*.parquet"))
    dry = run("lake", "vacuum", "--keep", "0d", "--dry-run")
    assert len(dry.stdout.splitlines()) == 1
    assert "1 files," in dry.stderr
    assert f"1 states can then no longer be read: {ids[1]}" in dry.stderr
    assert f"Kept for run records: {ids[0]}" in dry.stderr
    assert run("lake", "vacuum", "--keep", "0d", input="n\n").exit_code != 0
    assert sorted(lake.path.rglob("*.parquet")) == files
    done = run("lake", "vacuum", "--keep", "0d", "--yes")
    assert (done.exit_code, len(files) - len(list(lake.path.rglob("*.parquet")))) == (0, 1)
    assert json.loads(run("lake", "status", "--at", ids[0], "--json").stdout)["tables"][1]["records"] == 20
    gone = run("lake", "status", "--at", ids[1])
    assert gone.exit_code == 1
    assert "a vacuum removed its files" in gone.stderr
    assert [line.split()[-1] for line in run("lake", "snapshots").stdout.splitlines()[1:]] == ["readable", "vacuumed", "readable", "readable"]
    assert "Nothing to remove." in run("lake", "vacuum", "--keep", "0d", "--yes").stderr


def test_a_run_record_that_cannot_be_read_stops_the_vacuum(lake, tmp_path):
    run("lake", "optimize", "registration", "--closed-after", "0s")
    files = sorted(lake.path.rglob("*.parquet"))
    elsewhere = write_record(tmp_path / "elsewhere" / "weekly", None)
    elsewhere.write_text("{")
    result = run("lake", "vacuum", "--keep", "0d", "--yes", "--records", tmp_path / "elsewhere")
    assert (result.exit_code, "A run record cannot be read" in result.stderr) == (1, True)
    assert sorted(lake.path.rglob("*.parquet")) == files
    assert run("lake", "vacuum", "--keep", "0d", "--yes").exit_code == 0
    assert run("lake", "vacuum", "--keep", "401d", "--yes").exit_code == 2


def test_an_empty_lake_has_nothing_to_keep(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "none"))
    monkeypatch.setenv("CEM_OUT", str(tmp_path / "out"))
    assert [run("lake", *one).exit_code for one in (["status"], ["snapshots"], ["optimize"], ["vacuum", "--yes"])] == [0] * 4
    assert not (tmp_path / "none").exists()
