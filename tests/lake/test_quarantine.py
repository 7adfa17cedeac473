"""Rejected records are all kept, none in clear, for the owner alone."""

from __future__ import annotations

import stat

import pytest
from crashing import figures
from invented_source import Invented, registrations

from cemlib.errors import LakeError
from cemlib.lake import open_lake

DOOR = object()
RAW = "broken record of 286019876543210"


@pytest.fixture
def lake(tmp_path, incoming):
    with open_lake(tmp_path / "lake") as opened:
        opened.ingest(Invented(incoming("a.txt", registrations("2026-03-01", 5) + f"{RAW}\nalso broken\n"), batch=3), door=DOOR)
        yield opened


def sealed(lake):
    (path,) = (lake.path / "quarantine").iterdir()
    return path


def test_every_rejected_record_is_kept_with_file_line_column_reason_and_text(lake):
    assert lake.quarantined().values.tolist() == [
        ["a.txt", 6, "kind", "malformed", "not a known kind", RAW], ["a.txt", 7, "kind", "malformed", "not a known kind", "also broken"]]
    assert lake.quarantined("other.txt").empty
    assert lake.rejects().values.tolist() == [["invented", "a.txt", "kind", "malformed", "not a known kind", 2]]


def test_no_file_of_the_lake_holds_the_text_in_clear(lake):
    for path in lake.path.rglob("*"):
        if path.is_file():
            assert b"286019876543210" not in path.read_bytes(), path
    assert all(RAW not in str(lake.relation(name).fetchall()) for name in lake.tables())


def test_only_the_owner_may_read_it(lake):
    assert stat.S_IMODE((lake.path / "quarantine").stat().st_mode) == 0o700
    assert stat.S_IMODE(sealed(lake).stat().st_mode) == 0o600


def test_another_secret_opens_nothing(lake, monkeypatch):
    monkeypatch.setenv("CEM_KEY", "another secret of sixteen bytes")
    with pytest.raises(LakeError, match="another secret sealed it") as error:
        lake.quarantined()
    assert RAW not in str(error.value)


@pytest.mark.parametrize("harm", ["flip", "cut frame", "cut bytes", "swap"])
def test_a_changed_quarantine_shows(lake, harm):
    path = sealed(lake)
    held = bytearray(path.read_bytes())
    frames, position = [], 6
    while position < len(held):
        size = int.from_bytes(held[position:position + 4], "big") + 5 + 12
        frames.append(bytes(held[position:position + size]))
        position += size
    # a frame per batch with rejects (lines 6 and 7 are in the second and third batch of three) and the last one
    assert len(frames) == 3
    if harm == "flip":
        held[40] ^= 1
    elif harm == "cut frame":
        held = held[:6] + b"".join(frames[:-1])
    elif harm == "cut bytes":
        held = held[:-3]
    else:
        held = held[:6] + frames[1] + frames[0] + frames[2]
    path.write_bytes(bytes(held))
    with pytest.raises(LakeError, match="changed or cut"):
        lake.quarantined()
    # the tables and the counts are not touched by it
    assert lake.has("registration")
    assert lake.rejects()["records"].tolist() == [2]


def test_a_connector_that_tells_a_reason_per_record_does_not_fill_the_ledger(tmp_path, incoming):
    class Talkative(Invented):
        def _batch(self, lines):
            batch = super()._batch(lines)
            reasons = [f"reason {number}" for number in range(batch.rejected.num_rows)]
            batch.rejected = batch.rejected.set_column(3, "reason", [reasons])
            return batch

    with open_lake(tmp_path / "other") as lake:
        lake.ingest(Talkative(incoming("b.txt", "bad\n" * 500)), door=DOOR)
        assert (len(lake.rejects()), lake.rejects()["records"].sum()) == (201, 500)
        assert figures(lake.path)["accounts"] == [["b.txt", 500, 0, 500]]
