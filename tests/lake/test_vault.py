"""The vault: every pseudonym that an ingest made leads back to its identifier, and nothing of the identifier stands in clear."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import stat

import pyarrow.parquet as pq
import pytest
from persons import IDENTIFIERS, NEW, REASON, fill, fill_and_die, state, write_files

import cemlib as cem
from cemlib.errors import LakeError
from cemlib.lake import change, erase_person, open_lake, reveal_identifiers, rotate_key
from cemlib.lake import vault as vault_module
from cemlib.lake.segment import Segment, halves
from cemlib.lake.vault import NewPairs, Vault
from cemlib.sources import Door


@pytest.fixture
def files(tmp_path):
    return write_files(tmp_path / "files")


@pytest.fixture
def lake_path(tmp_path, filled_lake):
    shutil.copytree(filled_lake, tmp_path / "lake")
    return tmp_path / "lake"


def keys_in(lake_path) -> set[str]:
    held = state(lake_path)
    return {one for name in ("identity", "subscriber", "account") for row in held[name] for one in row[:2]} - {"imsi", "msisdn"} | {
        one for row in held["calls"] for one in row[1:4]} - {None} | {row[0] for row in held["stays"]}


def clear_text(folder):
    """All bytes of all files, and the content of those that are compressed."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                # a record_id is random hex and may hold any digits
                columns = [one for one in pq.ParquetFile(path).schema_arrow.names if not one.endswith("record_id")]
                yield path, json.dumps(pq.ParquetFile(path).read(columns=columns).to_pylist(), default=str).encode()


def found_in_clear(folder) -> list[tuple[str, str]]:
    # identifiers of a few characters would be found by chance in sealed and compressed bytes
    return [(str(path), one) for path, held in clear_text(folder) for one in IDENTIFIERS if len(one) > 4 and one.encode() in held]


def test_every_pseudonym_of_the_tables_leads_back_to_its_identifier(lake_path):
    keys = sorted(keys_in(lake_path))
    found = {one.key: (one.identifier_type, one.identifier) for one in reveal_identifiers(lake_path, keys, REASON)}
    assert sorted(found.values()) == [
        ("account", "A-1"), ("account", "A-2"), ("imsi", "999010000000001"), ("imsi", "999010000000002"), ("imsi", "999010000000003"),
        ("msisdn", "+33639980001"), ("msisdn", "+33639980002"), ("msisdn", "+33639980003"), ("msisdn", "+33639980009")]
    door = Door()
    assert all(getattr(door, kind)(value).key == key for key, (kind, value) in found.items())


def test_no_raw_identifier_stands_in_clear_anywhere(lake_path, files, monkeypatch):
    # the search finds them where they are
    assert {one for _, one in found_in_clear(files)} == {one for one in IDENTIFIERS if len(one) > 4}
    (key, subject, *_) = state(lake_path)["identity"][0]
    reveal_identifiers(lake_path, [key], REASON)
    assert found_in_clear(lake_path) == []
    erase_person(lake_path, subject, REASON)
    rotate_key(lake_path, NEW.encode())
    monkeypatch.setenv("CEM_KEY", NEW)
    assert len({one.parent.name for one in lake_path.rglob("*") if one.is_file()}) > 8
    assert found_in_clear(lake_path) == []
    # and short ones in what is text
    texts = [one.read_text() for one in lake_path.rglob("*") if one.suffix in (".json", ".jsonl")]
    assert not any(f'"{one}"' in text for text in texts for one in IDENTIFIERS)


def test_what_waits_for_the_commit_is_sealed_too(tmp_path, files, monkeypatch):
    seen = []

    def look(point):
        if point == "journal":
            waiting = list((tmp_path / "lake" / "staging").rglob("*.segment"))
            seen.extend(stat.S_IMODE(one.stat().st_mode) for one in waiting)
            assert found_in_clear(tmp_path / "lake") == []

    monkeypatch.setattr(change, "_reached", look)
    monkeypatch.setattr(vault_module, "_AT_ONCE", 2)
    fill(tmp_path / "lake", files)
    # the first file brings all of them, the others none that is new
    assert seen == [0o600]
    assert not {one.is_found for one in reveal_identifiers(tmp_path / "lake", sorted(keys_in(tmp_path / "lake")), REASON)} - {True}


def test_only_the_owner_may_read_it(lake_path):
    (key, *_) = state(lake_path)["identity"][0]
    reveal_identifiers(lake_path, [key], REASON)
    assert stat.S_IMODE((lake_path / "vault").stat().st_mode) == 0o700
    held = [*(lake_path / "vault").iterdir(), lake_path / "audit.jsonl"]
    assert {one.suffix for one in held} == {".segment", ".sealed", ".head", ".jsonl"}
    assert {stat.S_IMODE(one.stat().st_mode) for one in held} == {0o600}


def test_another_secret_opens_nothing(lake_path, monkeypatch):
    (key, *_) = state(lake_path)["identity"][0]
    reveal_identifiers(lake_path, [key], REASON)
    monkeypatch.setenv("CEM_KEY", "another secret of the tests")
    with pytest.raises(LakeError, match="not the one that made the pseudonyms"):
        reveal_identifiers(lake_path, [key], REASON)
    with pytest.raises(LakeError, match="another secret sealed it"):
        Vault(lake_path).look_up([key])
    with pytest.raises(LakeError, match="another secret sealed it"):
        Vault(lake_path).read_state()


@pytest.mark.parametrize("place", ["block", "pseudonym", "cut"])
def test_a_changed_vault_shows(lake_path, place):
    (path, *_) = sorted((lake_path / "vault").glob("*.segment"))
    segment = Segment(path, Vault(lake_path).key)
    high, low = int(segment.high[-1]), int(segment.low[-1])
    held = bytearray(path.read_bytes())
    if place == "block":
        held[40] ^= 1
    elif place == "pseudonym":
        # the first entry takes the place of the last one
        at = held.index(int(segment.low[0]).to_bytes(8, "little"))
        held[at] ^= 1
    else:
        held = held[:-5]
    path.write_bytes(bytes(held))
    with pytest.raises(LakeError, match="changed or cut"):
        Vault(lake_path).look_up([f"{high:016x}{low:016x}"])


def test_a_dry_run_writes_nothing(tmp_path, files):
    with cem.open_lake(tmp_path / "lake") as lake:
        assert lake.ingest(cem.sources.CustomerBase(files / "base.csv"), dry_run=True).accepted == 5
    assert not (tmp_path / "lake").exists()


def test_only_new_entries_are_written(lake_path, files):
    before = Vault(lake_path).count()
    (files / "calls.csv").write_text((files / "calls.csv").read_text() + "\n")
    assert fill(lake_path, files)
    assert Vault(lake_path).count() == before
    # what the tables do not hold is not kept: no IMEI, whose TAC alone is stored
    kinds = {one["kind"] for part in Vault(lake_path).merged() for one in part.behind.to_pylist()}
    assert kinds == {"imsi", "msisdn", "account"}


class Failing(cem.sources.CustomerBase):
    """Fails after everything was read, once."""

    fails = True

    def read(self, path, door):
        yield from super().read(path, door)
        if Failing.fails:
            Failing.fails = False
            raise ValueError("the line broke")


def test_a_file_that_failed_leaves_no_gap(tmp_path, files):
    Failing.fails = True
    with cem.open_lake(tmp_path / "lake") as lake:
        door, again = Door(), tmp_path / "base2.csv"
        again.write_text((files / "base.csv").read_text() + "\n")
        # within one ingest, so that the door remembers what passed with the first file
        summary = lake.ingest(Failing(files / "base.csv", again), door=door)
        assert [one.status for one in summary.files] == ["failed", "ingested"]
        keys = [one for (one,) in lake.query("SELECT DISTINCT identifier_key FROM identity").fetchall()]
    assert len(keys) == 7
    assert all(one.is_found for one in reveal_identifiers(tmp_path / "lake", keys, REASON))


def test_one_door_for_two_lakes_fills_both_vaults(tmp_path, files):
    door = Door()
    for name in ("one", "two"):
        with cem.open_lake(tmp_path / name) as lake:
            lake.ingest(cem.sources.CustomerBase(files / "base.csv"), door=door)
    assert Vault(tmp_path / "one").count() == Vault(tmp_path / "two").count() > 0


# three files: locked, journal, tables (identity, account, subscriber; calls; stays), quarantine, vault, ledger, manifest
@pytest.mark.parametrize("step", [7, 8, 15])
def test_a_killed_ingest_leaves_no_pseudonym_without_its_entry(step, tmp_path, files, processes):
    lake_path = tmp_path / "lake"
    one = processes.Process(target=fill_and_die, args=(lake_path, files, step))
    one.start()
    one.join()
    assert one.exitcode == -signal.SIGKILL
    for _ in range(2):
        keys = sorted(keys_in(lake_path))
        assert all(one.is_found for one in reveal_identifiers(lake_path, keys, REASON)) if keys else True
        fill(lake_path, files)
    assert len(keys) == 9


def test_a_hundred_thousand_entries_are_found_and_merged(tmp_path, monkeypatch):
    monkeypatch.setattr(vault_module, "_AT_ONCE", 30_000)
    (tmp_path / "lake").mkdir()
    vault = Vault(tmp_path / "lake")
    whole = {hashlib.md5(b"%d" % one).hexdigest(): f"{one:015}" for one in range(100_000)}
    keys = list(whole)
    # 20 ingests of 5,000, of which each brings 1,000 of the one before again and 100 twice
    for start in range(0, 100_000, 5_000):
        notes = [(one, "imsi", whole[one], 0) for one in keys[max(0, start - 1_000):start + 5_000]]
        pairs = NewPairs(vault, tmp_path, lambda notes=notes: notes + notes[:100], 1)
        pairs.collect()
        pairs.move_in()
        vault.compact()
    assert vault.count() == 100_000
    # twice eight were merged into one, four are left
    assert len(vault.segments()) == 6
    asked = random.Random(1).sample(keys, 500)
    found = Vault(tmp_path / "lake").look_up([*asked, "0" * 32])
    assert {key: one["value"] for key, one in found.items()} == {key: whole[key] for key in asked}
    assert Vault(tmp_path / "lake").known(*halves(sorted(keys))).all()
    assert not vault.known(*halves(["0" * 32, "f" * 32])).any()
    # a merge that died before the merged ones were removed does no harm
    (largest, *_) = vault.segments()
    (vault.folder / "twin.segment").write_bytes(largest.path.read_bytes())
    parts = list(Vault(tmp_path / "lake").merged())
    assert len(parts) > 3
    assert sum(len(one.high) for one in parts) == 100_000


def test_a_lake_from_before_the_vault_opens_and_gets_one(lake_path, files, tmp_path):
    for one in (lake_path / "vault").iterdir():
        one.unlink()
    (lake_path / "vault").rmdir()
    with cem.open_lake(lake_path) as lake:
        assert len(lake.relation("identity").fetchall()) == 9
        (tmp_path / "more.csv").write_text(files.joinpath("base.csv").read_text() + "999010000000008,,A-8,consumer,basic,,active,2026-01-01\n")
        lake.ingest(cem.sources.CustomerBase(tmp_path / "more.csv"))
    assert all(one.is_found for one in reveal_identifiers(lake_path, [Door().imsi("999010000000008").key], REASON))
    assert open_lake(lake_path).has("identity")
