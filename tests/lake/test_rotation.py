"""Another secret: every pseudonym is the one that the door makes under it, wholly or not at all."""

from __future__ import annotations

import re
import shutil
import signal

import pytest
from invented_source import Invented, registrations
from persons import CALLS, NEW, OLD, REASON, call, rotate_and_die, state, write_files

import cemlib as cem
from cemlib.errors import LakeError, ParameterError
from cemlib.keys import derive_key
from cemlib.lake import erase_person, open_lake, read_audit, reveal_identifiers, rotate_key
from cemlib.lake.vault import Vault
from cemlib.sources import Door

# journal, five tables, quarantine, new vault, vault, ledger, manifest
STEPS = 11


@pytest.fixture
def files(tmp_path):
    return write_files(tmp_path / "files")


@pytest.fixture
def lake_path(tmp_path, filled_lake):
    shutil.copytree(filled_lake, tmp_path / "lake")
    return tmp_path / "lake"


def in_clear(lake_path) -> dict:
    """The state with identifiers in the place of pseudonyms: the same before and after."""
    held = state(lake_path)
    keys = {one for rows in held.values() for row in rows if isinstance(row, tuple) for one in row if re.fullmatch("[0-9a-f]{32}", str(one))}
    found = {one.key: f"{one.identifier_type} {one.identifier}" for one in reveal_identifiers(lake_path, sorted(keys), REASON) if one.is_found}
    records = {row[-1] for name in ("calls", "stays") for row in held[name]}
    assert keys - set(found) == records
    return {name: sorted((tuple("record" if one in records else found.get(one, one) for one in row) if isinstance(row, tuple) else row
                          for row in rows), key=str) for name, rows in held.items()}


def test_every_pseudonym_is_the_one_of_the_new_secret(lake_path, monkeypatch):
    before, clear, snapshot = state(lake_path), in_clear(lake_path), open_lake(lake_path).snapshot()
    result = rotate_key(lake_path, NEW.encode(), reason="yearly change of the secret")
    assert result.is_done
    assert result.tables == {"account": 2, "attachment": 2, "identity": 9, "subscriber": 4, "voice_call": 4}
    with pytest.raises(LakeError, match="not the one"):
        reveal_identifiers(lake_path, ["0" * 32], REASON)
    with pytest.raises(LakeError, match="another secret"):
        open_lake(lake_path).quarantined()
    monkeypatch.setenv("CEM_KEY", NEW)
    assert in_clear(lake_path) == clear
    door = Door(derive_key("pseudonym", NEW.encode()))
    after = state(lake_path)
    assert {row[1] for row in after["calls"]} == {door.imsi(f"99901000000000{one}").key for one in (1, 2, 3)}
    flat = [{one for name in ("calls", "stays", "identity", "subscriber", "account") for row in held[name] for one in row
             if re.fullmatch("[0-9a-f]{32}", str(one))} for held in (before, after)]
    assert not flat[0] & flat[1], "no pseudonym and no id of a record is left as it was"
    # old versions are read as they were
    with open_lake(lake_path, at=snapshot) as past:
        assert {one for (one,) in past.query("SELECT subscriber_key FROM voice_call").fetchall()} == {row[1] for row in before["calls"]}
    # the chain of the audit goes on under the new secret
    assert [one["event"] for one in read_audit(lake_path)[0]] == ["reveal", "rotate key", "reveal"]
    assert read_audit(lake_path)[1] == ""


def test_overlapping_files_meet_the_same_persons_and_records(lake_path, files, monkeypatch):
    for secret in (NEW, "a third secret of the tests"):
        rotate_key(lake_path, secret.encode())
        monkeypatch.setenv("CEM_KEY", secret)
    (files / "calls.csv").write_text(CALLS + call(9, "2026-03-06", "999010000000001", "+33639980001", "+33639980003"))
    with cem.open_lake(lake_path) as lake:
        summary = lake.ingest(cem.sources.RoamingVoice(files / "calls.csv"))
        assert (summary.added, summary.changed, summary.known) == (1, 0, 4)
        assert lake.query("SELECT count(DISTINCT subscriber_key), count(DISTINCT record_id) FROM voice_call").fetchall() == [(3, 5)]
        (files / "stays.csv").write_text((files / "stays.csv").read_text() + "\n")
        stays = lake.ingest(cem.sources.RoamingPresence(files / "stays.csv"))
        assert (stays.added, stays.changed, stays.known) == (0, 0, 2)


def test_a_dry_run_counts_and_writes_nothing(lake_path):
    reveal_identifiers(lake_path, ["0" * 32], REASON)
    before = {one: one.stat().st_mtime_ns for one in lake_path.rglob("*") if one.is_file() and one.name != "writer.lock"}
    result = rotate_key(lake_path, NEW.encode(), dry_run=True)
    assert (result.is_done, result.keys, result.quarantine_files, result.unknown) == (False, 11, 2, {})
    assert {one: one.stat().st_mtime_ns for one in lake_path.rglob("*") if one.is_file() and one.name != "writer.lock"} == before


def test_the_present_secret_is_no_new_one(lake_path):
    with pytest.raises(ParameterError, match="the present one"):
        rotate_key(lake_path, OLD.encode())


def test_pseudonyms_without_entry_are_refused_or_accepted(lake_path, incoming, monkeypatch):
    with open_lake(lake_path) as lake:
        lake.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 5))), door=object())
        before = lake.query("SELECT subscriber_key FROM registration").fetchall()
    with pytest.raises(LakeError, match="not in the vault") as error:
        rotate_key(lake_path, NEW.encode())
    assert "registration: 5" in str(error.value)
    assert not any(one in str(error.value) for (one,) in before)
    assert rotate_key(lake_path, NEW.encode(), accept_unknown=True).unknown == {"identity": 5, "registration": 5}
    monkeypatch.setenv("CEM_KEY", NEW)
    with open_lake(lake_path) as lake:
        after = lake.query("SELECT subscriber_key FROM registration").fetchall()
        assert len(set(after)) == 5
        assert not set(after) & set(before)
        # they still meet one another
        assert lake.query("SELECT count(*) FROM registration JOIN identity ON identifier_key = registration.subscriber_key").fetchall() == [(5,)]


def test_an_erased_person_stays_erased(lake_path, monkeypatch):
    erase_person(lake_path, Door().imsi("999010000000001").key, REASON)
    anonymous = {row[1] for row in state(lake_path)["calls"]}
    assert rotate_key(lake_path, NEW.encode()).unknown == {}
    monkeypatch.setenv("CEM_KEY", NEW)
    # the random pseudonym has nothing of either secret in it
    assert len(anonymous & {row[1] for row in state(lake_path)["calls"]}) == 1
    old = {one["value"] for part in Vault(lake_path).merged() for one in part.behind.to_pylist()}
    assert "999010000000001" not in old


def run(processes, target, *arguments) -> int:
    one = processes.Process(target=target, args=arguments)
    one.start()
    one.join()
    return one.exitcode


@pytest.mark.parametrize("step", [1, 4, 7, 8, 9, 10, 11])
def test_killed_at_a_step_the_lake_is_the_old_one_or_the_new_one(step, lake_path, processes, monkeypatch):
    before, clear = state(lake_path), in_clear(lake_path)
    assert run(processes, rotate_and_die, lake_path, step) == -signal.SIGKILL
    if step == STEPS:
        monkeypatch.setenv("CEM_KEY", NEW)
    # readable as it lies there, rejected records too
    seen = state(lake_path)
    assert seen["rejected"] == before["rejected"]
    assert (seen == before) == (step < STEPS)
    # the next one finishes or undoes it, whatever it wants
    assert in_clear(lake_path) == clear
    assert not (lake_path / "journal.json").exists()
    assert not list(lake_path.rglob("*.before"))
    if step < STEPS:
        assert state(lake_path) == before
        rotate_key(lake_path, NEW.encode())
        monkeypatch.setenv("CEM_KEY", NEW)
        assert in_clear(lake_path) == clear
