"""Readers beside a writer: whole states only, no errors, never a lock."""

from __future__ import annotations

import json

import pytest
from invented_source import Invented, registrations
from reading import RECORDS, read_while_writing, torn

from cemlib.lake import open_lake


def test_eight_readers_beside_a_writer(tmp_path, processes):
    found = read_while_writing(tmp_path, seconds=3, processes=processes)
    assert (found["torn"], found["errors"]) == ([], [])
    # it says something only when the state changed under each reader
    assert found["states"] >= 2
    assert found["files"] >= 4


@pytest.mark.parametrize("table", ["registration", "identity", "network"])
def test_a_torn_state_shows(tmp_path, table):
    """A manifest made by hand that names the older version of one table."""
    with open_lake(tmp_path / "lake") as lake:
        for number in range(2):
            path = tmp_path / f"{number}.txt"
            path.write_text(registrations("2026-03-01", RECORDS, first=number * RECORDS) + f"N,99901,,{number},2026-01-01T00:00:00+00:00\n"
                            f"T,{number},2026-03-01T10:00:00+00:00,,2026-03-02T00:00:00+00:00\nbad\n")
            lake.ingest(Invented(path), door=object())
        assert torn(lake) == []
        manifest = json.loads((lake.path / "manifest.json").read_text())
        manifest["tables"][table]["version"] -= 1
        (lake.path / "manifest.json").write_text(json.dumps(manifest))
        lake.refresh()
        assert torn(lake)[0].startswith(table)
