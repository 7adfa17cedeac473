"""``cem reveal``, ``cem erase`` and ``cem lake rotate-key`` as they are called."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

import cemlib as cem
from cemlib.cli.group import cem as command
from cemlib.sources import Door

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "sources"
REASON = ["--reason", "case 12 of the tests"]


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    with cem.open_lake() as lake:
        lake.ingest(cem.sources.CustomerBase(GOLDEN / "customer_base.csv"))

    def run(*arguments: str, text: str | None = None):
        return CliRunner().invoke(command, list(arguments), input=text)

    return run


@pytest.fixture
def key():
    return Door().imsi("999010000000001").key


def test_a_key_is_revealed_and_logged(call, key):
    answer = call("reveal", key, *REASON, "--json")
    assert answer.exit_code == 0
    (found,) = json.loads(answer.stdout)
    assert (found["identifier_type"], found["identifier"], found["is_found"]) == ("imsi", "999010000000001", True)
    log = call("reveal", "--log", "--json")
    assert log.exit_code == 0
    told = json.loads(log.stdout)
    assert (told["is_whole"], [line["keys"] for line in told["lines"]]) == (True, [[key]])
    assert "999010000000001" not in log.output


def test_an_unknown_key_is_said_and_logged(call, key):
    answer = call("reveal", key, "0" * 32, *REASON)
    assert answer.exit_code == 1
    assert "999010000000001" in answer.stdout
    assert "1 of 2 keys are not in the vault" in answer.stderr
    assert json.loads(call("reveal", "--log", "--json").stdout)["lines"][0]["found"] == [True, False]


@pytest.mark.parametrize("arguments", [[], ["--log", "0" * 32], ["0" * 32], ["0" * 32, "--reason", "x"], ["999010000000001", *REASON]])
def test_a_wrong_call_ends_with_2(call, arguments):
    answer = call("reveal", *arguments)
    assert answer.exit_code == 2
    assert "999010000000001" not in answer.output
    assert json.loads(call("reveal", "--log", "--json").stdout)["lines"] == []


def test_a_changed_log_ends_with_1(call, key, tmp_path):
    call("reveal", key, *REASON)
    path = tmp_path / "lake" / "audit.jsonl"
    path.write_text(path.read_text().replace("case 12", "case 13"))
    answer = call("reveal", "--log")
    assert answer.exit_code == 1
    assert "was changed" in answer.stderr


def test_erase_asks_first(call, key, tmp_path):
    (tmp_path / "fits").mkdir()
    (tmp_path / "fits" / "one.fit").write_text("")
    answer = call("erase", key, *REASON, text="n\n")
    assert answer.exit_code == 1
    assert "1 kept fits" in answer.stderr
    assert call("reveal", key, *REASON).exit_code == 0
    answer = call("erase", key, *REASON, "--yes", "--json")
    assert answer.exit_code == 0
    told = json.loads(answer.stdout)
    assert told["fits"] == 1
    assert not (tmp_path / "fits" / "one.fit").exists()
    assert (told["is_done"], told["vault_entries"], told["tables"]) == (True, 3, {"account": 1, "identity": 2, "subscriber": 1})
    assert "vacuum" in answer.stderr
    assert call("reveal", key, *REASON).exit_code == 1
    assert call("erase", key, *REASON, "--yes").exit_code == 1


def test_rotate_key_makes_the_key_file(call, key, tmp_path, monkeypatch):
    new = tmp_path / "keys" / "new.key"
    assert call("lake", "rotate-key", "--new-key-file", str(new), "--dry-run").exit_code == 0
    assert not new.exists()
    answer = call("lake", "rotate-key", "--new-key-file", str(new), "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["tables"] == {"account": 3, "identity": 7, "subscriber": 4}
    assert stat.S_IMODE(os.stat(new).st_mode) == 0o600
    assert call("reveal", key, *REASON).exit_code == 1
    monkeypatch.setenv("CEM_KEY_FILE", str(new))
    monkeypatch.delenv("CEM_KEY")
    assert call("reveal", Door().imsi("999010000000001").key, *REASON).exit_code == 0
