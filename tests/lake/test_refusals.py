"""What a lake refuses: newer versions, foreign tables, damage, places that cannot be written. It stays readable."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from crashing import take_on_full_disk
from deltalake import DeltaTable, write_deltalake
from invented_source import Invented, registrations

from cemlib.errors import CallError, LakeError, ParameterError
from cemlib.lake import open_lake
from cemlib.schema import SCHEMA_VERSION, table

DOOR = object()


@pytest.fixture
def lake(tmp_path, incoming):
    with open_lake(tmp_path / "lake") as opened:
        opened.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 5))), door=DOOR)
        yield opened


def changed_manifest(lake, **changes):
    path = lake.path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(("changes", "message"), [
    ({"schema_version": SCHEMA_VERSION + 1}, "newer version of the workbench"),
    ({"layout": 99}, "newer version of the workbench"),
    ({"schema_version": 0}, "older schema"),
    ({"schema_version": None}, "not the manifest of a lake"),
])
def test_another_version_is_refused_for_reading_and_writing(lake, incoming, changes, message):
    changed_manifest(lake, **changes)
    with pytest.raises(LakeError, match=message):
        open_lake(lake.path)
    with pytest.raises(LakeError, match=message):
        lake.ingest(Invented(incoming("b.txt", registrations("2026-03-02", 5))), door=DOOR)


def test_a_damaged_or_missing_manifest_is_told(lake):
    (lake.path / "manifest.json").write_text("{")
    with pytest.raises(LakeError, match="damaged"):
        open_lake(lake.path)
    (lake.path / "manifest.json").unlink()
    with pytest.raises(LakeError, match="no manifest"):
        open_lake(lake.path)


def test_a_damaged_ledger_is_told(lake):
    (lake.path / "ledger.jsonl").write_bytes(b"")
    with pytest.raises(LakeError, match="ledger"):
        open_lake(lake.path).files()


def test_a_table_that_another_tool_wrote_to_is_not_built_upon(lake, incoming):
    held = DeltaTable(lake.path / "tables" / "identity")
    write_deltalake(held, pa.table(held.to_pyarrow_table()), mode="append")
    with pytest.raises(LakeError, match="not at the version"):
        lake.ingest(Invented(incoming("b.txt", registrations("2026-03-02", 5))), door=DOOR)
    # readers still read what the manifest names
    with open_lake(lake.path) as reader:
        assert len(reader.relation("identity").fetchall()) == 5


@pytest.mark.parametrize(("harm", "message"), [("vectors", "deletion vectors"), ("type", "another type"), ("partition", "partitioned otherwise")])
def test_a_foreign_table_is_refused(tmp_path, incoming, harm, message):
    lake = open_lake(tmp_path / "lake")
    lake.ingest(Invented(incoming("n.txt", "N,99901,,A,2026-01-01T00:00:00+00:00\n")), door=DOOR)
    schema = table("registration").arrow_schema()
    if harm == "type":
        schema = schema.set(schema.get_field_index("cause_code"), pa.field("cause_code", pa.int64()))
    DeltaTable.create(lake.path / "tables" / "registration", schema, partition_by=None if harm == "partition" else ["event_date"],
                      configuration={"delta.enableDeletionVectors": "true"} if harm == "vectors" else None)
    with pytest.raises(LakeError, match=message):
        lake.ingest(Invented(incoming("b.txt", registrations("2026-03-02", 5))), door=DOOR)
    changed_manifest(lake, tables={"registration": {"version": 0, "evolved": False}})
    with pytest.raises(LakeError, match=message):
        open_lake(lake.path).relation("registration")


def test_a_table_whose_rows_were_deleted_by_another_tool_is_refused(lake, incoming):
    """The log written by hand as Spark writes it: a file of five rows, two of which a deletion vector takes out (inline, base85)."""
    log = lake.path / "tables" / "registration" / "_delta_log"
    (added,) = [action["add"] for path in log.glob("*.json") for line in path.read_text().splitlines() if "add" in (action := json.loads(line))]
    vector = {"storageType": "i", "pathOrInlineDv": "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L", "sizeInBytes": 40, "cardinality": 2}
    actions = [{"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors", "appendOnly", "invariants"]}},
               {"remove": {"path": added["path"], "deletionTimestamp": 1, "dataChange": True}}, {"add": {**added, "deletionVector": vector}}]
    number = len(list(log.glob("*.json")))
    (log / f"{number:020}.json").write_text("\n".join(json.dumps(one) for one in actions) + "\n")
    # readers go on reading the version of the manifest, in which nothing was deleted
    assert len(open_lake(lake.path).relation("registration").fetchall()) == 5
    with pytest.raises(LakeError, match="deletion vectors"):
        open_lake(lake.path).ingest(Invented(incoming("b.txt", registrations("2026-03-02", 5))), door=DOOR)
    changed_manifest(lake, tables={"registration": {"version": number, "evolved": False}})
    with pytest.raises(LakeError, match="deletion vectors"):
        open_lake(lake.path).relation("registration")


def test_a_version_that_is_gone_is_told(lake):
    changed_manifest(lake, tables={"registration": {"version": 42, "evolved": False}})
    with pytest.raises(LakeError, match="cannot be read"):
        open_lake(lake.path).has("registration")


def test_a_table_of_a_newer_workbench_is_told(lake):
    changed_manifest(lake, tables={"hologram": {"version": 0, "evolved": False}})
    with pytest.raises(LakeError, match="does not know"):
        open_lake(lake.path).tables()


def test_a_lake_from_before_a_column_was_added_is_read_and_grows(lake, incoming):
    """A column that the stored table does not have yet reads as null; the next file adds it."""
    path = lake.path / "tables" / "registration"
    held = pa.table(DeltaTable(path).to_pyarrow_table())
    write_deltalake(path, held.drop_columns(["diagnostic_code"]), mode="overwrite", schema_mode="overwrite", partition_by=["event_date"])
    changed_manifest(lake, tables={"registration": {"version": DeltaTable(path).version(), "evolved": False}})
    with open_lake(lake.path) as older:
        assert older.query("SELECT count(*), count(diagnostic_code) FROM registration").fetchall() == [(5, 0)]
        (lake.path / "tables" / "identity").rename(lake.path / "identity")
        older.ingest(Invented(incoming("b.txt", registrations("2026-03-01", 8))), door=DOOR)
        assert older.query("SELECT count(*), count(diagnostic_code) FROM registration").fetchall() == [(8, 3)]


@pytest.mark.parametrize("name", ["writer.lock", "staging"])
def test_a_place_that_cannot_be_written(lake, incoming, name):
    path = incoming("b.txt", registrations("2026-03-02", 5))
    place = lake.path / name
    if place.is_dir():
        place.rmdir()
        place.write_text("")
    else:
        place.unlink()
        place.mkdir()
    with pytest.raises(LakeError, match="cannot be written"):
        lake.ingest(Invented(path), door=DOOR)
    assert len(open_lake(lake.path).relation("registration").fetchall()) == 5
    if place.is_file():
        place.unlink()
    else:
        place.rmdir()
    assert lake.ingest(Invented(path), door=DOOR).accepted == 5


def test_a_path_that_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match="not a folder"):
        open_lake(tmp_path / "file")


def test_a_lake_of_somebody_else_is_read_and_not_written():
    # not below tmp_path, whose parents only the owner may enter
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        os.chmod(place, 0o755)
        (place / "a.txt").write_text(registrations("2026-03-01", 5) + "bad\n")
        (place / "b.txt").write_text(registrations("2026-03-02", 5))
        lake = open_lake(place / "lake")
        lake.ingest(Invented(place / "a.txt"), door=DOOR)
        folders = [one for one in [lake.path, *lake.path.rglob("*")] if one.is_dir()]
        for one in folders:
            os.chmod(one, 0o700 if one.name == "quarantine" else 0o555)
        # root may write anywhere, so it steps down for a moment
        own = os.geteuid()
        if own == 0:
            os.seteuid(65534)
        try:
            with open_lake(lake.path) as reader:
                assert len(reader.relation("registration").fetchall()) == 5
                with pytest.raises(LakeError, match="cannot be written"):
                    reader.ingest(Invented(place / "b.txt"), door=DOOR)
                if own == 0:
                    with pytest.raises(LakeError, match="quarantine cannot be read"):
                        reader.quarantined()
        finally:
            os.seteuid(own)
            for one in folders:
                os.chmod(one, 0o755)


def test_a_disk_that_is_full(lake, tmp_path, incoming, processes):
    path, answer = incoming("b.txt", registrations("2026-03-02", 1400)), tmp_path / "answer"
    child = processes.Process(target=take_on_full_disk, args=(lake.path, path, answer))
    child.start()
    child.join()
    assert json.loads(answer.read_text())["failed"] == 1
    with open_lake(lake.path) as reader:
        assert len(reader.relation("registration").fetchall()) == 5
    assert lake.ingest(Invented(path), door=DOOR).accepted == 1400
    assert lake.query("SELECT count(*) FROM registration").fetchall() == [(1405,)]


def test_settings_that_duckdb_does_not_take(lake, monkeypatch):
    monkeypatch.setenv("CEM_MEMORY", "a lot")
    with pytest.raises(ParameterError, match="DuckDB cannot be opened"):
        open_lake(lake.path).relation("registration")


def test_a_path_that_the_delta_library_cannot_take_is_refused(tmp_path):
    with pytest.raises(CallError, match="square brackets"):
        open_lake(tmp_path / "lake [1]")
