"""Nothing is revealed without its audit line, and a line that is changed or missing shows."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest
from persons import REASON, reveal_and_die, reveal_on_full_disk

from cemlib.errors import LakeError, ParameterError
from cemlib.lake import erase_person, read_audit, reveal_identifiers, rotate_key
from cemlib.sources import Door

UNKNOWN = "0" * 32


@pytest.fixture(scope="module")
def filled(tmp_path_factory, filled_lake):
    place = tmp_path_factory.mktemp("audit")
    shutil.copytree(filled_lake, place / "lake")
    return place / "lake"


@pytest.fixture
def lake_path(filled):
    """A lake whose audit log has three lines already."""
    for name in ("audit.jsonl", "vault/audit.head", "vault/carried.sealed"):
        (filled / name).unlink(missing_ok=True)
    for reason in ("the first case", "the second case", "the third case"):
        reveal_identifiers(filled, [UNKNOWN], reason, by="Legal")
    return filled


@pytest.fixture
def key():
    return Door().imsi("999010000000001").key


def lines(lake_path) -> list[dict]:
    return [json.loads(one) for one in (lake_path / "audit.jsonl").read_text().splitlines()]


def test_a_line_tells_who_when_which_why_and_whether_found(lake_path, key):
    found = reveal_identifiers(lake_path, [key, UNKNOWN, key], REASON, by="Legal, A. Example")
    assert [(one.key, one.is_found, one.identifier) for one in found] == [(key, True, "999010000000001"), (UNKNOWN, False, None)]
    line = lines(lake_path)[-1]
    assert {name: line[name] for name in ("number", "by", "event", "keys", "found", "reason")} == {
        "number": 4, "by": "Legal, A. Example", "event": "reveal", "keys": [key, UNKNOWN], "found": [True, False], "reason": REASON}
    assert line["user"]
    assert line["at"].endswith("+00:00")
    assert "999010000000001" not in (lake_path / "audit.jsonl").read_text()
    assert read_audit(lake_path) == (lines(lake_path), "")


@pytest.mark.parametrize("name", ["USER", "LOGNAME"])
def test_the_user_is_the_operating_system_s_not_the_environment_s(lake_path, key, name, monkeypatch):
    monkeypatch.setenv(name, "somebody else")
    reveal_identifiers(lake_path, [key], REASON)
    assert lines(lake_path)[-1]["user"] != "somebody else"


@pytest.mark.parametrize("harm", ["read-only", "a folder", "a pipe to nowhere"])
@pytest.mark.parametrize("what", ["reveal", "erase", "rotate"])
def test_a_log_that_cannot_be_written_refuses(lake_path, key, harm, what):
    path = lake_path / "audit.jsonl"
    held = path.read_bytes()
    if harm == "read-only":
        path.chmod(0o400)
    else:
        path.unlink()
        path.mkdir() if harm == "a folder" else path.symlink_to("/dev/full")
    before = sorted((one.name, one.stat().st_mtime_ns) for one in (lake_path / "vault").iterdir())
    try:
        with pytest.raises(LakeError, match="audit line cannot be written"):
            {"reveal": lambda: reveal_identifiers(lake_path, [key], REASON), "erase": lambda: erase_person(lake_path, key, REASON),
             "rotate": lambda: rotate_key(lake_path, b"another secret of the tests")}[what]()
        assert sorted((one.name, one.stat().st_mtime_ns) for one in (lake_path / "vault").iterdir()) == before
    finally:
        path.rmdir() if path.is_dir() else path.unlink()
        path.write_bytes(held)
    assert read_audit(lake_path)[1] == ""


def run(processes, target, *arguments) -> int:
    one = processes.Process(target=target, args=arguments)
    one.start()
    one.join()
    return one.exitcode


def test_a_full_disk_refuses(lake_path, key, tmp_path, processes):
    assert run(processes, reveal_on_full_disk, lake_path, key, tmp_path / "answer") == 0
    assert (tmp_path / "answer").read_text().startswith("refused: The audit line cannot be written")
    assert len(lines(lake_path)) == 3
    assert reveal_identifiers(lake_path, [key], REASON)[0].is_found
    assert read_audit(lake_path)[1] == ""


@pytest.mark.parametrize(("at", "written"), [("before _append", 3), ("after _append", 4), ("before _write_head", 4), ("after _write_head", 4)])
def test_killed_before_the_line_is_on_the_disk_nothing_was_revealed(lake_path, key, at, written, tmp_path, processes):
    assert run(processes, reveal_and_die, lake_path, key, tmp_path / "answer", at) == -signal.SIGKILL
    assert not (tmp_path / "answer").exists()
    assert len(lines(lake_path)) == written
    assert read_audit(lake_path)[1] == ""
    assert reveal_identifiers(lake_path, [key], REASON)[0].is_found
    found, wrong = read_audit(lake_path)
    assert (len(found), wrong) == (written + 1, "")


def test_a_line_torn_by_a_crash_is_cut_off(lake_path, key):
    with open(lake_path / "audit.jsonl", "a") as file:
        file.write('{"number": 4, "at": "20')
    assert read_audit(lake_path)[1] == ""
    reveal_identifiers(lake_path, [key], REASON)
    assert [one["number"] for one in lines(lake_path)] == [1, 2, 3, 4]
    assert read_audit(lake_path)[1] == ""


def altered(held: list[str], harm: str) -> list[str]:
    first, second, third = held
    return {
        "a changed word": [first.replace("first", "worst"), second, third],
        "the first removed": [second, third],
        "one removed within": [first, third],
        "the last removed": [first, second],
        "all removed": [],
        "two exchanged": [second, first, third],
        "one put in": [first, second, second.replace("second", "zeroth"), third],
        "one put behind": [first, second, third, third.replace('"number": 3', '"number": 4')],
        "torn in the end": [first, second, third[:40]],
    }[harm]


@pytest.mark.parametrize("harm", ["a changed word", "the first removed", "one removed within", "the last removed", "all removed", "two exchanged",
                                  "one put in", "one put behind", "torn in the end", "no file", "no head", "another head", "an older head and log"])
def test_tampering_shows(lake_path, key, harm):
    path, head = lake_path / "audit.jsonl", lake_path / "vault" / "audit.head"
    if harm == "no file":
        path.unlink()
    elif harm == "no head":
        head.unlink()
    elif harm == "another head":
        head.write_text(head.read_text().replace('"number": 3', '"number": 2'))
    elif harm == "an older head and log":
        # without the secret no head can be made for a shorter log
        held = path.read_text().splitlines(keepends=True)
        path.write_text("".join(held[:2]))
        head.write_text(json.dumps({"number": 2, "chain": json.loads(held[1])["chain"], "seal": json.loads(held[2])["chain"]}))
    else:
        held = altered(path.read_text().splitlines(keepends=True), harm)
        path.write_text("".join(held))
    assert read_audit(lake_path)[1] != ""
    if harm not in ("a changed word", "two exchanged", "the first removed", "one removed within", "one put in"):
        # what shows at the log's end is seen before the next line is written; the rest by reading it all
        with pytest.raises(LakeError, match="changed by another hand"):
            reveal_identifiers(lake_path, [key], REASON)
    path.unlink(missing_ok=True)


def test_the_sealed_state_does_not_come_anew_beside_a_log(lake_path, key):
    (lake_path / "vault" / "carried.sealed").unlink()
    with pytest.raises(LakeError, match="missing beside an audit log"):
        reveal_identifiers(lake_path, [key], REASON)


@pytest.mark.parametrize("reason", ["", "x", "because", "aaaaaaaaaaaa aaaaaaaaaa", "1234567 8901", "call of 999010000000001 today",
                                    "asked by +33 6 39 98 00 01 herself", "word " * 300])
def test_a_reason_says_something_and_holds_no_identifier(lake_path, key, reason):
    with pytest.raises(ParameterError) as error:
        reveal_identifiers(lake_path, [key], reason)
    assert "999010000000001" not in str(error.value)
    assert len(lines(lake_path)) == 3


@pytest.mark.parametrize("text", ["999010000000001", "+33639980001", "", "g" * 32])
def test_what_is_no_pseudonym_is_not_repeated(lake_path, text):
    with pytest.raises(ParameterError, match="no pseudonym") as error:
        reveal_identifiers(lake_path, [text], REASON)
    assert not text or text not in str(error.value)
    assert len(lines(lake_path)) == 3


def test_a_lake_that_is_none(tmp_path):
    with pytest.raises(LakeError, match="There is no lake"):
        reveal_identifiers(tmp_path / "none", [UNKNOWN], REASON)
    assert os.listdir(tmp_path) == []
