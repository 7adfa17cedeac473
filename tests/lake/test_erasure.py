"""A person out of the lake: nothing leads from the person to the records or back, and nothing else changes."""

from __future__ import annotations

import json
import shutil
import signal
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from persons import CALLS_HEAD, NEW, REASON, STAYS_HEAD, call, erase_and_die, state, stay, write_files

import cemlib as cem
from cemlib.errors import LakeError
from cemlib.lake import erase_person, open_lake, read_audit, reveal_identifiers, rotate_key
from cemlib.lake.vacuum import VacuumRun
from cemlib.sources import Door

# journal, four tables and the account's, quarantine, vault, carried, ledger, manifest
STEPS = 11


@pytest.fixture
def files(tmp_path):
    return write_files(tmp_path / "files")


@pytest.fixture
def lake_path(tmp_path, filled_lake):
    shutil.copytree(filled_lake, tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def keys():
    door = Door()
    return {"1": door.imsi("999010000000001").key, "2": door.imsi("999010000000002").key, "3": door.imsi("999010000000003").key,
            "m1": door.msisdn("+33639980001").key, "m2": door.msisdn("+33639980002").key, "m3": door.msisdn("+33639980003").key,
            "m9": door.msisdn("+33639980009").key, "a1": door.account("A-1").key, "a2": door.account("A-2").key}


def named(held: dict, keys: dict) -> dict:
    """The state with short names for the known pseudonyms, and ? for others; without ids of records."""
    names = {key: name for name, key in keys.items()}
    return {name: sorted([tuple(names.get(one, "?" if len(str(one)) == 32 else one) for one in row if one is not None) for row in rows], key=str)
            for name, rows in {**held, "calls": [row[:4] for row in held["calls"]], "stays": [row[:2] for row in held["stays"]]}.items() if name != "rejected"}


def test_the_person_s_pseudonyms_are_gone_from_tables_vault_and_quarantine(lake_path, keys):
    before = state(lake_path)
    # what a merge of segments that died had begun would keep the entry
    (lake_path / "vault" / "ab.segment.new").write_bytes(b"half a segment")
    result = erase_person(lake_path, keys["m1"], REASON, by="Data protection")
    assert not list((lake_path / "vault").glob("*.new"))
    assert result.keys[0] == keys["1"]
    assert set(result.keys) == {keys["1"], keys["m1"], keys["a1"]}
    assert result.shared_keys == [keys["m9"]]
    # identity: imsi 1, msisdn 1, msisdn 9 of January; calls 1 and 2 made, 3 and 4 received
    assert result.tables == {"account": 1, "attachment": 1, "identity": 3, "subscriber": 1, "voice_call": 4}
    assert (result.vault_entries, result.quarantined) == (3, 2)
    after = state(lake_path)
    assert named(after, keys) == {
        "calls": [("call-1", "?", "?", "m2"), ("call-2", "?", "?", "m2"), ("call-3", "2", "m9", "?"), ("call-4", "3", "m3", "?")],
        "stays": [("3", "2026-02-01 08:00:00"), ("?", "2026-02-01 08:00:00")],
        "identity": [("2", "2", "imsi", "2026-01-01 00:00:00"), ("2", "2", "imsi", "2026-03-02 00:00:00"), ("3", "3", "imsi", "2026-01-01 00:00:00"),
                     ("?", "?", "imsi", "2026-01-01 00:00:00"), ("?", "?", "msisdn", "2026-01-01 00:00:00"), ("?", "?", "msisdn", "2026-01-01 00:00:00"),
                     ("m2", "2", "msisdn", "2026-01-01 00:00:00"), ("m3", "3", "msisdn", "2026-01-01 00:00:00"), ("m9", "2", "msisdn", "2026-03-02 00:00:00")],
        "subscriber": [("2", "a2"), ("2", "a2"), ("3", "a2"), ("?", "?")],
        "account": [("?",), ("a2",)],
    }
    # the random ones still meet one another: the subscriber of both calls is one, and the identity's
    fresh = {row[1] for row in after["calls"] if row[0] in ("call-1", "call-2")}
    assert len(fresh) == 1
    assert fresh == {row[1] for row in after["identity"] if row[1] not in keys.values()} == {row[0] for row in after["stays"]} - {keys["3"]}
    # of the four rejected records the two with the IMSI or the number of the person went
    assert after["rejected"] == [one for one in before["rejected"] if "999010000000001" not in one and "33 6 39 98 00 01" not in one]
    assert len(after["rejected"]) == len(before["rejected"]) - 2
    found = {one.key: one.is_found for one in reveal_identifiers(lake_path, list(keys.values()), REASON)}
    assert {name for name, key in keys.items() if not found[key]} == {"1", "m1", "a1"}
    assert not any(one.is_found for one in reveal_identifiers(lake_path, sorted(fresh), REASON))
    lines, wrong = read_audit(lake_path)
    assert (lines[0]["event"], lines[0]["by"], lines[0]["found"], lines[0]["keys"], wrong) == ("erase", "Data protection", True, result.keys, "")


def test_neither_the_ledger_nor_the_commits_tell_which_pseudonym_took_the_place(lake_path, keys):
    versions = {one: one.stat().st_size for one in lake_path.rglob("_delta_log/*.json")}
    erase_person(lake_path, keys["1"], REASON)
    line = (lake_path / "ledger.jsonl").read_text().splitlines()[-1]
    assert json.loads(line)["event"] == "erased"
    new = [one for one in lake_path.rglob("_delta_log/*.json") if one not in versions]
    assert new
    infos = [json.loads(text)["commitInfo"] for one in new for text in one.read_text().splitlines() if "commitInfo" in text]
    assert len(infos) == len(new)
    fresh = {row[1] for row in state(lake_path)["identity"]} - set(keys.values())
    for key in {*keys.values(), *fresh}:
        assert key not in line
        assert not any(key in json.dumps(one) for one in infos)


def test_an_account_with_others_on_it_stays_theirs(lake_path, keys):
    result = erase_person(lake_path, keys["3"], REASON)
    assert set(result.keys) == {keys["3"], keys["m3"]}
    assert named(state(lake_path), keys)["subscriber"] == [("1", "a1"), ("2", "a2"), ("2", "a2"), ("?",)]
    assert named(state(lake_path), keys)["account"] == [("a1",), ("a2",)]


def test_later_records_begin_a_new_life_and_old_ones_do_not_come_back(lake_path, files, keys):
    door = Door()
    erase_person(lake_path, keys["1"], REASON)
    random_key = next(row[1] for row in state(lake_path)["calls"] if row[0] == "call-1")
    more = CALLS_HEAD + call(1, "2026-02-01", "999010000000001", "+33639980001", "+33639980002")
    more += call(20, "2026-03-07", "999010000000001", "+33 6 39 98 00 01", "+33639980002")
    (files / "calls2.csv").write_text(more)
    (files / "stays2.csv").write_text(STAYS_HEAD + stay("2026-02-01", "999010000000001") + stay("2026-03-07", "999010000000001"))
    with cem.open_lake(lake_path) as lake:
        # the door of before knows the old pseudonyms: what the lake remembers goes before
        calls = lake.ingest(cem.sources.RoamingVoice(files / "calls2.csv"), door=door)
        stays = lake.ingest(cem.sources.RoamingPresence(files / "stays2.csv"), door=door)
    assert (calls.added, calls.known, stays.added, stays.known) == (1, 1, 1, 1)
    held = state(lake_path)
    (new,) = [row for row in held["calls"] if row[0] == "call-20"]
    assert new[1] not in {keys["1"], random_key}
    assert {row[0] for row in held["stays"]} == {random_key, keys["3"], new[1]}
    found = reveal_identifiers(lake_path, [new[1], new[2]], REASON)
    assert [one.identifier for one in found] == ["999010000000001", "+33639980001"]
    # erased again, there is a third life
    erase_person(lake_path, new[1], REASON)
    (files / "calls3.csv").write_text(CALLS_HEAD + call(21, "2026-03-08", "999010000000001", "+33639980001", "+33639980002"))
    with cem.open_lake(lake_path) as lake:
        lake.ingest(cem.sources.RoamingVoice(files / "calls3.csv"))
    lives = {row[0]: row[1] for row in state(lake_path)["calls"]}
    assert len({lives["call-1"], lives["call-20"], lives["call-21"], new[1], keys["1"]}) == 5


def test_a_new_life_outlives_a_rotation(lake_path, files, keys, monkeypatch):
    erase_person(lake_path, keys["1"], REASON)
    for number, secret in ((20, None), (21, NEW)):
        if secret:
            rotate_key(lake_path, secret.encode())
            monkeypatch.setenv("CEM_KEY", secret)
        (files / f"{number}.csv").write_text(CALLS_HEAD + call(number, "2026-03-07", "999010000000001", "+33639980001", "+33639980002"))
        with cem.open_lake(lake_path) as lake:
            lake.ingest(cem.sources.RoamingVoice(files / f"{number}.csv"))
    lives = {row[0]: row[1] for row in state(lake_path)["calls"]}
    assert lives["call-20"] == lives["call-21"] != lives["call-1"]


class Erasing(cem.sources.RoamingVoice):
    """Somebody erases a person while this file is read."""

    def read(self, path, door):
        yield from super().read(path, door)
        if not getattr(self, "is_done", False):
            self.is_done = True
            erase_person(self.lake_path, self.key, REASON)


def test_a_file_that_was_read_during_an_erasure_is_read_again(lake_path, files, keys):
    (files / "calls2.csv").write_text(CALLS_HEAD + call(20, "2026-03-07", "999010000000001", "+33639980001", "+33639980002"))
    source = Erasing(files / "calls2.csv")
    source.lake_path, source.key = lake_path, keys["1"]
    with cem.open_lake(lake_path) as lake:
        assert lake.ingest(source).accepted == 1
    (new,) = [row for row in state(lake_path)["calls"] if row[0] == "call-20"]
    assert new[1] != keys["1"]
    assert reveal_identifiers(lake_path, [new[1]], REASON)[0].identifier == "999010000000001"


def test_old_versions_hold_the_old_pseudonym(lake_path, keys):
    snapshot = open_lake(lake_path).snapshot()
    erase_person(lake_path, keys["1"], REASON)
    with open_lake(lake_path, at=snapshot) as past:
        assert (keys["1"],) in past.query("SELECT subscriber_key FROM voice_call").fetchall()


def test_a_dry_run_counts_and_writes_nothing(lake_path, keys):
    before = state(lake_path)
    dry = erase_person(lake_path, keys["1"], REASON, dry_run=True)
    assert (dry.is_done, state(lake_path), read_audit(lake_path)[0]) == (False, before, [])
    done = erase_person(lake_path, keys["1"], REASON)
    assert {**done.to_dict(), "is_done": False} == dry.to_dict()


def test_what_cannot_be_erased_says_why(lake_path, keys):
    with pytest.raises(LakeError, match="several persons'") as error:
        erase_person(lake_path, keys["m9"], REASON)
    assert keys["1"] in str(error.value)
    assert keys["2"] in str(error.value)
    with pytest.raises(LakeError, match="of an account") as error:
        erase_person(lake_path, keys["a2"], REASON)
    assert "2 subscribers" in str(error.value)
    unknown = erase_person(lake_path, "0" * 32, REASON)
    assert (unknown.is_done, unknown.is_found) == (False, False)
    assert [(one["event"], one["found"]) for one in read_audit(lake_path)[0]] == [("erase", False)]
    erase_person(lake_path, keys["1"], REASON)
    with pytest.raises(LakeError, match="erased before"):
        erase_person(lake_path, next(row[1] for row in state(lake_path)["calls"] if row[0] == "call-1"), REASON)


@pytest.mark.parametrize("step", [1, 4, 7, 8, 9, 10, 11])
def test_killed_at_a_step_the_person_is_there_or_erased(step, lake_path, keys, processes):
    before = state(lake_path)
    one = processes.Process(target=erase_and_die, args=(lake_path, keys["1"], step))
    one.start()
    one.join()
    assert one.exitcode == -signal.SIGKILL
    # revealing is a next step that finishes or undoes it
    (found,) = reveal_identifiers(lake_path, [keys["1"]], REASON)
    assert found.is_found == (step < STEPS)
    assert not (lake_path / "journal.json").exists()
    assert not list(lake_path.rglob("*.before"))
    after = state(lake_path)
    if step < STEPS:
        assert after == before
        erase_person(lake_path, keys["1"], REASON)
        after = state(lake_path)
    assert len(after["rejected"]) == len(before["rejected"]) - 2
    assert {row[0] for row in after["calls"] if row[1] == keys["1"]} == set()
    assert len(after["calls"]) == len(before["calls"])
    assert read_audit(lake_path)[1] == ""


def test_a_vacuum_removes_the_old_versions_too(lake_path, keys):
    erase_person(lake_path, keys["1"], REASON)

    def files_with(key: str) -> set[str]:
        return {str(one) for one in lake_path.rglob("*.parquet") if key in json.dumps(pq.ParquetFile(one).read().to_pylist(), default=str)}

    assert len(files_with(keys["1"])) >= 4
    VacuumRun(lake_path, timedelta(0)).run()
    assert files_with(keys["1"]) == files_with(keys["m1"]) == set()
    assert len(state(lake_path)["calls"]) == 4
