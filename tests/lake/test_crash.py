"""SIGKILL at every step of a commit, then the same files again: the same lake, nothing lost and nothing doubled."""

from __future__ import annotations

import json
import signal

import pyarrow as pa
import pytest
from crashing import figures, take, take_and_die, take_on_disk_and_die
from deltalake import DeltaTable, write_deltalake
from invented_source import registrations
from killing import contents, faults, kill_at_random, write_files

# steps per file: locked, journal, one per table, quarantine, ledger, manifest
FIRST = registrations("2026-03-01", 90) + "bad of one\nN,99901,,Old,2026-01-01T00:00:00+00:00\nT,t1,2026-03-01T10:00:00+00:00,,2026-03-01T11:00:00+00:00\n"
SECOND = registrations("2026-03-01", 90, first=45) + "bad of two\nN,99901,,New,2026-01-01T00:00:00+00:00\n" \
    "T,t1,2026-03-01T10:00:00+00:00,2026-03-01T12:00:00+00:00,2026-03-01T13:00:00+00:00\n"
STEPS = 2 * 9


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("incoming")
    (folder / "1.txt").write_text(FIRST)
    (folder / "2.txt").write_text(SECOND)
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, files):
    lake = tmp_path_factory.mktemp("undisturbed") / "lake"
    take(lake, files)
    found = figures(lake)
    # numbers 0 … 134, the ticket closed, the network renamed, one bad line in each file
    assert found["registration"] == [(135, 135, 135)]
    assert found["ticket"] == [("t1", "2026-03-01 12:00:00")]
    assert found["network"] == [("99901", None, "New")]
    assert found["rejected"] == [["1.txt", 91, "bad of one"], ["2.txt", 91, "bad of two"]]
    return found


def run(processes, target, *arguments) -> int:
    one = processes.Process(target=target, args=arguments)
    one.start()
    one.join()
    return one.exitcode


@pytest.mark.parametrize("step", [*range(1, STEPS + 1)])
def test_killed_at_a_step_and_run_again(step, tmp_path, files, undisturbed, processes):
    lake = tmp_path / "lake"
    assert run(processes, take_and_die, lake, files, step) == -signal.SIGKILL
    seen = figures(lake)
    # whole files only: none, the first, or both
    assert seen["registration"] in ([(0, 0, 0)], [(90, 90, 90)], [(135, 135, 135)])
    assert len(seen["accounts"]) == {0: 0, 90: 1, 135: 2}[seen["registration"][0][0]]
    assert len(seen["rejected"]) == len(seen["accounts"])
    assert run(processes, take, lake, files) == 0
    assert figures(lake) == undisturbed
    assert not (lake / "journal.json").exists()
    assert list((lake / "staging").iterdir()) == []


@pytest.mark.parametrize("step", [3, 5, 6, 7, 9, 12, 14, 16])
def test_killed_while_files_are_taken_as_they_are(step, tmp_path, files, undisturbed, processes):
    lake = tmp_path / "lake"
    assert run(processes, take_on_disk_and_die, lake, files, step) == -signal.SIGKILL
    assert figures(lake)["registration"] in ([(0, 0, 0)], [(90, 90, 90)], [(135, 135, 135)])
    # the second run goes on to its end: no step of this number
    assert run(processes, take_on_disk_and_die, lake, files, 1_000) == 0
    assert figures(lake) == undisturbed


@pytest.mark.parametrize("steps", [(5, 1, 2, 3), (14, 2, 1, 4), (8, 1, 9)])
def test_killed_again_while_undoing(steps, tmp_path, files, undisturbed, processes):
    lake = tmp_path / "lake"
    for step in steps:
        assert run(processes, take_and_die, lake, files, step) == -signal.SIGKILL
    take(lake, files)
    assert figures(lake) == undisturbed


def test_what_a_crash_left_does_not_come_to_light_with_another_file(tmp_path, files, processes):
    lake = tmp_path / "lake"
    # the first file dies after its tables were committed; then only the second one comes
    assert run(processes, take_and_die, lake, files / "1.txt", 7) == -signal.SIGKILL
    take(lake, files / "2.txt")
    found = figures(lake)
    assert found["registration"] == [(90, 90, 90)]
    assert found["accounts"] == [["2.txt", 93, 92, 1]]
    assert found["rejected"] == [["2.txt", 91, "bad of two"]]


def test_killed_at_random_instants(tmp_path, processes):
    found = kill_at_random(tmp_path, kills=20, files=3, processes=processes)
    assert (found["kills"], found["lost"], found["torn"], found["doubled"], found["accounts"], found["different"]) == (20, 0, 0, 0, 0, 0)


def test_the_search_for_faults_finds_them(tmp_path):
    """Rows taken away, doubled and slipped in by hand: else nothing found would say nothing."""
    write_files(tmp_path / "incoming", 2)
    lake = tmp_path / "lake"
    take(lake, tmp_path / "incoming")
    assert set(faults(lake).values()) == {0}
    before = contents(lake)
    place = lake / "tables" / "registration"
    held = pa.table(DeltaTable(place).to_pyarrow_table())
    slipped = held.slice(0, 1).set_column(held.schema.get_field_index("diagnostic_code"), "diagnostic_code", pa.array(["999"]))
    write_deltalake(place, pa.concat_tables([held.slice(1), held.slice(5, 2), slipped]), mode="overwrite", partition_by=["event_date"])
    manifest = json.loads((lake / "manifest.json").read_text())
    manifest["tables"]["registration"]["version"] = DeltaTable(place).version()
    (lake / "manifest.json").write_text(json.dumps(manifest))
    assert {name: count for name, count in faults(lake).items() if count} == {"lost": 1, "torn": 1, "doubled": 2}
    assert contents(lake) != before
