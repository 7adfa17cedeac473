"""Fits before a reader asks: when the portal has started, when something has changed and is still, and one at a time."""

from __future__ import annotations

import sys

import pytest

from cemlib.report.ahead_of_readers import AheadOfReaders


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "one.yaml").write_text("title: One")
    return tmp_path


def starter(place, words="open(sys.argv[1], 'a').write('x')"):
    return AheadOfReaders((sys.executable, "-c", f"import sys; {words}", str(place / "started")))


def test_once_at_the_start_and_once_after_a_change_that_is_over(place):
    ahead = starter(place)
    assert ahead.look()
    ahead._process.wait(60)
    assert not ahead.look()
    (place / "studies" / "one.yaml").write_text("title: One, told otherwise")
    # it may still be written
    assert not ahead.look()
    assert ahead.look()
    ahead._process.wait(60)
    (place / "lake").mkdir()
    (place / "lake" / "manifest.json").write_text("{}")
    assert [ahead.look() for _ in range(3)] == [False, True, False]
    ahead._process.wait(60)
    assert (place / "started").read_text() == "xxx"


def test_one_at_a_time(place):
    ahead = starter(place, "sys.stdin.read(); import time; time.sleep(60)")
    try:
        assert ahead.look()
        (place / "studies" / "two.csv").write_text("who")
        assert [ahead.look() for _ in range(3)] == [False, False, False]
    finally:
        ahead._process.kill()
        ahead._process.wait(60)
    # what changed meanwhile is not forgotten
    assert ahead.look()
    ahead._process.kill()
    ahead._process.wait(60)


def test_without_studies_and_lake(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "nowhere" / "lake"))
    ahead = starter(tmp_path)
    # nothing is there: nothing can be fitted, and the start of a process is all that is lost
    assert ahead.look()
    ahead._process.wait(60)
