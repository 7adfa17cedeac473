"""A change over a table and files beside it: killed or failing at every step, it is there wholly or not at all."""

from __future__ import annotations

import json
import signal

import pytest
from crashing import alter, alter_and_die
from invented_source import Invented, registrations

from cemlib.errors import LakeError
from cemlib.lake import change as change_module
from cemlib.lake import open_lake
from cemlib.lake.change import LakeChanges

# journal, begun, table, replaced, grown, ledger, manifest
STEPS = 7


@pytest.fixture
def lake_path(tmp_path, incoming):
    path = tmp_path / "lake"
    with open_lake(path) as lake:
        lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 5))), door=object())
    for name in ("old.bin", "gone.bin", "grown.bin"):
        (path / name).write_text(name)
    return path


def found(path) -> tuple:
    with open_lake(path) as lake:
        rows = lake.query("SELECT count(*) FROM registration").fetchall()[0][0]
    held = {one.name: one.read_text() for one in path.glob("*.bin*")}
    return rows, held


BEFORE = (5, {"old.bin": "old.bin", "gone.bin": "gone.bin", "grown.bin": "grown.bin"})
AFTER = (10, {"old.bin": "newer", "fresh.bin": "fresh", "grown.bin": "grown.bin and more"})


def test_a_change_is_published_with_its_ledger_line(lake_path):
    before = open_lake(lake_path).snapshot()
    alter(lake_path)
    assert found(lake_path) == AFTER
    line = json.loads((lake_path / "ledger.jsonl").read_text().splitlines()[-1])
    assert (line["event"], line["rows"], line["attempt"], list(line["tables_at"])) == ("altered", 5, 1, ["registration"])
    assert not (lake_path / "journal.json").exists()
    with open_lake(lake_path, at=before) as past:
        assert past.query("SELECT count(*) FROM registration").fetchall() == [(5,)]


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_killed_at_a_step_it_is_undone_or_done(step, lake_path, processes):
    one = processes.Process(target=alter_and_die, args=(lake_path, step))
    one.start()
    one.join()
    assert one.exitcode == -signal.SIGKILL
    # readers see the table before or after; the journal tells
    assert found(lake_path)[0] == (10 if step == STEPS else 5)
    assert open_lake(lake_path).status()["unfinished"]
    changes = LakeChanges(lake_path)
    with changes.locked():
        changes.recovered()
    assert found(lake_path) == (AFTER if step == STEPS else BEFORE)
    assert not (lake_path / "journal.json").exists()
    if step < STEPS:
        alter(lake_path)
        assert found(lake_path) == AFTER


@pytest.mark.parametrize("point", ["begun", "table", "grown", "ledger"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_undoes_it_at_once(point, error, lake_path, monkeypatch):
    raised = []

    def fail(reached):
        if reached == point and not raised:
            raised.append(point)
            raise error

    monkeypatch.setattr(change_module, "_reached", fail)
    with pytest.raises(error):
        alter(lake_path)
    assert found(lake_path) == BEFORE
    assert not (lake_path / "journal.json").exists()
    monkeypatch.undo()
    alter(lake_path)
    assert found(lake_path) == AFTER


def test_a_table_that_another_tool_wrote_is_not_built_upon(lake_path):
    changes = LakeChanges(lake_path)
    head = changes.delta.head(change_module.table("registration"))
    changes.delta.append(change_module.table("registration"), head.to_pyarrow_table(), ("another tool", 1))
    with pytest.raises(LakeError, match="not at the version"):
        alter(lake_path)
    assert found(lake_path) == BEFORE
