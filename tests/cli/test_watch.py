"""``cem ingest --watch`` and ``--retry`` as a user meets them: a terminal, a log, a program, Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from cemlib.cli import cem

COMMAND = [sys.executable, "-W", "error", "-c", "from cemlib.cli import main; main()"]
HOME = Path(__file__).resolve().parents[2]
GOLDEN = HOME / "tests" / "golden" / "sources" / "rating.csv"
UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    (tmp_path / "drop").mkdir()
    return tmp_path


def run(*arguments: str):
    return CliRunner().invoke(cem, list(arguments))


@pytest.mark.parametrize("arguments", [
    ("rating", "--once"), ("rating", "a.csv", "--settle", "1"), ("rating", "a.csv", "--watch", "."), ("rating", "--watch", ".", "--dry-run"),
    ("rating", "--watch", "no-such-folder"), ("rating", "--watch", ".", "--interval", "0"),
])
def test_options_that_do_not_go_together(place, arguments):
    result = run("ingest", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_once_in_a_log(place):
    shutil.copy(GOLDEN, place / "drop" / "ratings_1.csv")
    (place / "drop" / "ratings_2.csv").write_bytes(b"")
    (place / "drop" / "notes.md").write_text("x")
    result = run("ingest", "rating", "--watch", str(place / "drop"), "--once", "--settle", "0")
    assert result.exit_code == 1
    # by hand in the golden sample: seven records, of which three are good
    one, two = result.stdout.splitlines()
    assert re.fullmatch(rf"{UTC} ingested ratings_1.csv  3 of 7 records accepted, 4 rejected: .*  -> done/ratings_1.csv", one)
    assert re.fullmatch(rf"{UTC} failed ratings_2.csv  -> failed/ratings_2.csv", two)
    lines = result.stderr.splitlines()
    assert any(re.fullmatch(rf"{UTC} left alone: notes.md \(not named ratings.*\)", line) for line in lines)
    assert "    The file is empty." in lines
    assert re.fullmatch(rf"{UTC} ended: 1 taken, 1 failed, 3 records accepted, 4 rejected", lines[-1])


def test_json_lines(place):
    for number in range(2):
        (place / "drop" / f"ratings_{number}.csv").write_text(GOLDEN.read_text() + "\n" * number)
    result = run("ingest", "rating", "--watch", str(place / "drop"), "--once", "--settle", "0", "--json")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["file"], one["status"], one["records"], Path(one["moved_to"]).parent.name) for one in told] == [
        ("ratings_0.csv", "ingested", 7, "done"), ("ratings_1.csv", "ingested", 7, "done")]
    assert (result.exit_code, run("ingest", "rating", "--watch", str(place / "drop"), "--once", "--settle", "0", "--json").stdout) == (0, "")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(place, how):
    shutil.copy(GOLDEN, place / "drop" / "ratings_1.csv")
    watching = subprocess.Popen([*COMMAND, "ingest", "rating", "--watch", str(place / "drop"), "--settle", "0", "--interval", "0.1"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=HOME)
    assert "ingested ratings_1.csv" in watching.stdout.readline()
    watching.send_signal(how)
    out, err = watching.communicate(timeout=180)
    assert (watching.returncode, out) == (0, "")
    assert "ended: 1 taken, 3 records accepted, 4 rejected" in err


def test_the_live_line_of_a_terminal(place):
    shutil.copy(GOLDEN, place / "drop" / "ratings_1.csv")
    leader, follower = pty.openpty()
    watching = subprocess.Popen([*COMMAND, "ingest", "rating", "--watch", str(place / "drop"), "--settle", "0", "--interval", "0.1"],
                                stdout=follower, stderr=follower, cwd=HOME, env={**os.environ, "TERM": "xterm", "COLUMNS": "200"})
    os.close(follower)
    # bytes: a read may end within a letter
    written, until = b"", time.monotonic() + 180
    while b"1 taken" not in written and time.monotonic() < until:
        written += os.read(leader, 65536)
    watching.send_signal(signal.SIGINT)
    try:
        while more := os.read(leader, 65536):
            written += more
    except OSError:
        pass  # Linux tells the end of a terminal by an error
    os.close(leader)
    assert watching.wait(timeout=180) == 0
    seen = written.decode()
    assert f"waits for files in {place / 'drop'}" in seen
    assert "1 taken · 3 records accepted · 4 rejected" in seen
    assert "-> done/ratings_1.csv" in seen
    assert "Traceback" not in seen


def mended(place, **columns) -> str:
    """The mapping of ratings with other columns."""
    import yaml

    mapping = yaml.safe_load((HOME / "cemlib" / "sources" / "mappings" / "demo_rating.yaml").read_text())
    mapping["columns"] |= columns
    (place / "mended.yaml").write_text(yaml.safe_dump(mapping))
    return str(place / "mended.yaml")


@pytest.fixture
def ratings(place):
    """Four ratings that were taken; one has a category that the mapping does not know."""
    path = place / "ratings.csv"
    head = GOLDEN.read_text().splitlines()[0]
    path.write_text("\n".join([head, *(f"2026-03-02T08:0{at}:00.000Z,+3363998000{at},Home Mobile,4G,indoor,{at + 1},{category},41.0,28.9,Marmara"
                                       for at, category in enumerate(["satisfactory", "poor_voice", "echo", "satisfactory"]))]) + "\n")
    assert "3 of 4 records; 1 rejected" in run("ingest", "rating", str(path)).stderr
    return str(path)


KNOWN = {"satisfactory": "satisfactory", "poor_voice": "poor_voice", "call_dropped": "call_dropped"}


def test_retry_with_a_mended_mapping(place, ratings):
    better = mended(place, category={"to": "answered_category_code", "values": {**KNOWN, "echo": "poor_voice"}})
    told = json.loads(run("ingest", "rating", ratings, "--retry", "--mapping", better, "--dry-run", "--json").stdout)
    assert (told["retried"], told["regained"], told["rejected"]) == (1, 1, 0)
    assert "unknown_code" in run("lake", "rejects").stdout
    result = run("ingest", "rating", ratings, "--retry", "--mapping", better)
    assert result.exit_code == 0
    assert "Regained: 1 records that had been rejected before" in result.stderr
    status = json.loads(run("lake", "status", "--json").stdout)
    assert (status["records"], status["accepted"], status["rejected"]) == (4, 4, 0)
    assert "unknown_code" not in run("lake", "rejects").stdout
    assert "1 of 1 files were there already" in run("ingest", "rating", ratings, "--retry", "--mapping", better).stderr


@pytest.mark.parametrize("category", [KNOWN, {**KNOWN, "echo": "poor_voice"}], ids=["nothing regained", "one regained"])
def test_retry_with_a_mapping_that_reads_accepted_records_otherwise(place, ratings, category):
    # operators in lower case: the three accepted records would change
    worse = mended(place, operator={"to": "operator_name", "fold": True}, category={"to": "answered_category_code", "values": category})
    result = run("ingest", "rating", ratings, "--retry", "--mapping", worse)
    assert result.exit_code == 1
    assert "The mended reading gives accepted records other values." in result.stderr
    assert "operator_name in 3 records" in result.stderr
    assert json.loads(run("lake", "status", "--json").stdout)["accepted"] == 3
