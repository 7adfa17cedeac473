"""Fits before a reader asks: when the portal has started, when something has changed and is still, and one at a time."""

from __future__ import annotations

import sys

import pytest

from cemlib.lake import forget_fits
from cemlib.report.ahead_of_readers import AheadOfReaders, read_state


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
        (place / "studies" / "two.yaml").write_text("title: Two")
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


NAMED = "title: One\nsource: {file: %s, customer: who, join: [sub/plan.csv]}\n"


def test_the_files_that_a_study_names_are_looked_at_wherever_they_lie(place, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (place / "studies" / "sub").mkdir()
    far, below = tmp_path / "elsewhere" / "usage.csv", place / "studies" / "sub" / "plan.csv"
    (place / "studies" / "one.yaml").write_text(NAMED % far)
    before = read_state()
    # one that is named and comes later, one that changes, and one that nobody names
    far.write_text("who")
    after = read_state()
    assert set(after) - set(before) == {far}
    below.write_text("who")
    assert set(read_state()) - set(after) == {below}
    far.write_text("who,gb")
    assert read_state()[far] != after[far]
    last = read_state()
    (place / "studies" / "notes.txt").write_text("nothing of a study")
    assert read_state() == last
    (place / "studies" / "one.yaml").write_text("title: One")
    assert not {far, below} & set(read_state())


@pytest.mark.parametrize("told", ["[", "source: 1", "source: {file: 1, join: a.csv}", "source: {file: 'a\\0b', join: [1, null]}", "- a", "", b"\xff"],
                         ids=["no yaml", "no source", "no names", "no file's name", "a list", "empty", "no text"])
def test_a_study_told_wrong_names_nothing(place, told):
    path = place / "studies" / "one.yaml"
    path.write_bytes(told if isinstance(told, bytes) else told.encode())
    assert [one for one in read_state() if one.parent == path.parent] == [path]


def test_named_sets_causes_and_the_emptying_of_fits_are_looked_at(place, monkeypatch):
    monkeypatch.setenv("CEM_HOME", str(place))
    (place / "data" / "reference").mkdir(parents=True)
    before = read_state()
    (place / "named_sets.yaml").write_text("sets: {}")
    (place / "data" / "reference" / "cause.csv").write_text("cause")
    forget_fits(place / "lake")
    assert {one.relative_to(place).as_posix() for one in set(read_state()) - set(before)} == {"named_sets.yaml", "data/reference/cause.csv", "fits/emptied"}
