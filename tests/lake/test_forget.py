"""What is kept of customers beside the lake goes when a person is erased, the secret is changed, or old versions are removed; and only then."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import timedelta

import pytest
from persons import NEW, REASON

from cemlib.errors import LakeError
from cemlib.lake import erase_person, forget_fits, open_lake, rotate_key
from cemlib.sources import Door


@pytest.fixture
def lake_path(tmp_path, filled_lake):
    shutil.copytree(filled_lake, tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def fits(tmp_path):
    """Two fits, one that is being written, and a file that is none."""
    (tmp_path / "fits").mkdir()
    for name in ("customers-1.fit", "segments-2.fit", ".ab.part", "mine.txt"):
        (tmp_path / "fits" / name).write_text("a row for each customer")
    return tmp_path / "fits"


def erase(lake_path, dry_run):
    return erase_person(lake_path, Door().imsi("999010000000001").key, REASON, dry_run=dry_run)


def rotate(lake_path, dry_run):
    return rotate_key(lake_path, NEW.encode(), dry_run=dry_run)


def vacuum(lake_path, dry_run):
    with open_lake(lake_path) as lake:
        return lake.vacuum(timedelta(0), dry_run=dry_run)


@pytest.mark.parametrize("act", [erase, rotate, vacuum])
def test_fits_go_with_it_and_a_dry_run_counts_them(act, lake_path, fits):
    before = sorted(fits.iterdir())
    assert act(lake_path, True).to_dict()["fits"] == 3
    assert sorted(fits.iterdir()) == before
    assert act(lake_path, False).fits == 3
    assert sorted(one.name for one in fits.iterdir()) == ["emptied", "mine.txt"]


@pytest.mark.parametrize("act", [erase, rotate])
def test_what_fails_leaves_them(act, lake_path, fits, monkeypatch):
    monkeypatch.setenv("CEM_KEY", "another secret than the lake's")
    with pytest.raises(LakeError):
        act(lake_path, False)
    assert (fits / "customers-1.fit").exists()


def test_a_pseudonym_that_is_nowhere_leaves_them(lake_path, fits):
    assert erase_person(lake_path, "0" * 32, REASON).fits == 0
    assert (fits / "customers-1.fit").exists()


def test_a_lake_without_records_may_have_fits_of_studies(tmp_path, fits):
    assert (vacuum(tmp_path / "lake", True).fits, vacuum(tmp_path / "lake", False).fits, vacuum(tmp_path / "lake", False).fits) == (3, 3, 0)
    assert not (tmp_path / "lake").exists()


def test_fits_of_a_lake_that_was_opened_by_its_path_lie_beside_that_of_the_settings(lake_path, tmp_path, fits, monkeypatch):
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("CEM_LAKE", str(lake_path))
    assert forget_fits(tmp_path / "other" / "lake") == 3
    # beside both a process that is older is told to keep nothing
    assert all((tmp_path / one / "emptied").exists() for one in ("fits", "other/fits"))
    assert stat.S_IMODE((tmp_path / "other" / "fits").stat().st_mode) == 0o700


@pytest.mark.parametrize("act", [erase, rotate, vacuum])
def test_where_they_cannot_be_removed_nothing_else_is_done(act, lake_path, fits, monkeypatch):
    before = (lake_path / "manifest.json").read_bytes()
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != fits and may(path, mode))
    with pytest.raises(LakeError, match="cannot be removed") as error:
        act(lake_path, False)
    assert str(fits) in str(error.value)
    assert (lake_path / "manifest.json").read_bytes() == before


def test_where_no_folder_can_be_made_there_is_nothing_to_remove(tmp_path):
    (tmp_path / "fits").write_text("a file")
    assert forget_fits(tmp_path / "lake") == 0
    assert forget_fits(tmp_path / "nowhere" / "lake") == 0
    assert not (tmp_path / "nowhere").exists()
