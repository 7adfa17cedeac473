"""Fits that are kept: found again for the same inputs alone, whole or not at all, for the owner alone, and no more than so much."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cemlib as cem
from cemlib import running_code
from cemlib.analysis import SatisfactionModel, Segmenter
from cemlib.errors import ParameterError
from cemlib.lake import Snapshot, forget_fits
from cemlib.settings import settings
from cemlib.usecases import kept_fits, view_segments, what_if_satisfaction
from cemlib.usecases.asked import Asked
from cemlib.usecases.fits_ahead import fit_ahead
from cemlib.usecases.kept_fits import fingerprint, keep_fit
from cemlib.usecases.segments import lake_customers
from cemlib.usecases.segments.lake_customers import LakeCustomers
from cemlib.usecases.whatif.reader import _fit
from tests.usecases import grouped_lake, grouped_study

RATED = """
title: Invented ratings
source: {file: rated.csv, customer: who, rating: Score}
features:
  gb: {label: Data volume, unit: GB, better: 1, lever: add, low: 0, high: 5, step: 1, cost: 1}
  charge: {label: Charge, unit: EUR, better: -1, lever: percent, low: -20, high: 20, step: 5}
groups: [place]
edges: [gb -> outcome, charge -> outcome]
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of studies beside a lake without records; fits are kept."""
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("CEM_FITS_MB", "20")
    return tmp_path


@pytest.fixture
def studies(place):
    grouped_study.write_invented(place / "studies")
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"who": [f"c{one:03}" for one in range(240)], "gb": rng.uniform(0, 10, 240), "charge": rng.uniform(10, 40, 240), "place": rng.choice(["city", "land"], 240)})
    frame["Score"] = (2 + 0.25 * frame["gb"] - 0.03 * frame["charge"] + rng.normal(0, 0.4, 240)).round().clip(1, 5)
    frame.to_csv(place / "studies" / "rated.csv", index=False)
    (place / "studies" / "rated.yaml").write_text(RATED)
    return place / "studies"


def kept(place):
    return sorted((place / "fits").glob("*.fit"))


def test_made_once_for_the_same_inputs(place):
    made = []

    def make():
        made.append(1)
        return {"value": 7}

    assert [keep_fit("one", ["a", 1], make) for _ in range(3)] == [{"value": 7}] * 3
    assert len(made) == 1
    keep_fit("one", ["a", 2], make)
    keep_fit("other", ["a", 1], make)
    assert len(made) == 3
    # nothing is a result too
    assert [keep_fit("none", [], lambda: made.append(1)) for _ in range(2)] == [None, None]
    assert len(made) == 4


def test_for_the_owner_alone(place):
    keep_fit("one", [], lambda: 1)
    assert (place / "fits").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (place / "fits").iterdir()] == [0o600]


@pytest.mark.parametrize("harm", ["cut", "changed", "empty", "open to others", "a link"])
def test_what_cannot_be_trusted_is_made_anew(place, tmp_path, harm):
    keep_fit("one", [], lambda: "made first")
    path, = kept(place)
    content = path.read_bytes()
    if harm == "a link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    elif harm == "open to others":
        path.chmod(0o666)
    else:
        path.write_bytes({"cut": content[:-3], "changed": content[:-3] + b"xyz", "empty": b""}[harm])
    assert keep_fit("one", [], lambda: "made anew") == "made anew"
    # and it is whole again
    assert keep_fit("one", [], lambda: "made a third time") == "made anew"
    assert not path.is_symlink()


def test_an_error_is_not_kept(place):
    def fail():
        raise ParameterError("Too few.")

    with pytest.raises(ParameterError):
        keep_fit("one", [], fail)
    assert kept(place) == []
    assert keep_fit("one", [], lambda: 1) == 1


@pytest.fixture
def run_copy(place):
    """Run words in a process of its own, on a copy of the library that may be changed while it runs; what it printed."""
    home = shutil.copytree(Path(cem.__file__).parent, place / "copy" / "cemlib", ignore=shutil.ignore_patterns("__pycache__"))

    def run(words: str) -> str:
        names = "import os, pathlib, shutil, cemlib\nhome = pathlib.Path(cemlib.__file__).parent\nassert home == pathlib.Path.cwd() / 'cemlib'\n"
        done = subprocess.run([sys.executable, "-B", "-c", names + words], capture_output=True, text=True, timeout=300, cwd=home.parent, env={**os.environ, "PYTHONPATH": str(home.parent)})
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


KEEP = "from cemlib.usecases.kept_fits import keep_fit\n"
CHANGE = "(home / 'units.py').open('a').write('\\n# otherwise')\n"


def test_other_code_is_another_fit(place, run_copy):
    assert run_copy(KEEP + "print(keep_fit('one', [], lambda: 'first'))") == "first"
    assert run_copy(KEEP + "print(keep_fit('one', [], lambda: 'second'))") == "first"
    run_copy(CHANGE)
    assert run_copy(KEEP + "print(keep_fit('one', [], lambda: 'third'))") == "third"
    assert len(kept(place)) == 2


@pytest.mark.parametrize("words", [
    # before anything of fits is loaded: what was loaded by then is of the code before
    CHANGE + KEEP + "print(keep_fit('one', [], lambda: 'of the old code'))",
    KEEP + "def make():\n    " + CHANGE + "    return 'of the old code'\nprint(keep_fit('one', [], make))",
    # another file of the same size and time in its place
    KEEP + "path = home / 'units.py'; about = path.stat(); shutil.copy2(path, home / 'new'); os.replace(home / 'new', path)\n"
    "os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns)); print(keep_fit('one', [], lambda: 'of the old code'))",
], ids=["before", "meanwhile", "replaced"])
def test_a_process_keeps_nothing_when_its_code_was_changed_since_it_began(place, run_copy, words):
    assert run_copy(words) == "of the old code"
    assert kept(place) == []


@pytest.mark.parametrize("change", [lambda home: (home / "more.py").write_text(""), lambda home: (home / "part" / "one.py").unlink(), lambda home: (home / "two.yaml").write_text("b: 1"),
                                    shutil.rmtree], ids=["added", "removed", "changed", "all removed"])
def test_a_change_of_the_files_is_seen(tmp_path, monkeypatch, change):
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "one.py").write_text("")
    (tmp_path / "two.yaml").write_text("a: 10")
    monkeypatch.setattr(running_code, "_HOME", str(tmp_path))
    monkeypatch.setattr(running_code, "_noted", running_code._look())
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "one.py").write_text("")
    assert running_code.is_as_loaded()
    change(tmp_path)
    assert not running_code.is_as_loaded()


def test_another_version_of_a_package_is_seen(tmp_path, monkeypatch):
    place = tmp_path / "site-packages"
    (place / "numpy-1.0.dist-info").mkdir(parents=True)
    (place / "scikit_learn-1.0.dist-info").mkdir()
    (place / "black-1.0.dist-info").mkdir()
    monkeypatch.setattr(running_code, "_PLACES", [str(place)])
    monkeypatch.setattr(running_code, "_noted", running_code._look())
    (place / "black-1.0.dist-info").rename(place / "black-2.0.dist-info")
    assert running_code.is_as_loaded()
    (place / "scikit_learn-1.0.dist-info").rename(place / "scikit_learn-1.1.dist-info")
    assert not running_code.is_as_loaded()


def test_the_packages_whose_numbers_are_kept_are_found():
    assert {one.partition("-")[0] for one, about in running_code._noted.items() if not about} == set(running_code.PACKAGES)


def test_who_began_before_people_left_keeps_nothing_more(place):
    keep_fit("one", [], lambda: 1)
    assert forget_fits(place / "lake", dry_run=True) == len(kept(place)) == 1
    assert forget_fits(place / "lake") == 1
    assert kept(place) == []
    # it may have read those who left
    assert keep_fit("one", [], lambda: 2) == 2
    assert kept(place) == []
    code = "from cemlib.usecases.kept_fits import keep_fit; print(keep_fit('one', [], lambda: 3))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env={**os.environ}).stdout.strip() == "3"
    # what others keep is read
    assert keep_fit("one", [], lambda: 4) == 3


def test_what_is_written_while_people_leave_does_not_stay(place, monkeypatch):
    written = kept_fits._write

    def write(path, content):
        forget_fits(place / "lake")
        written(path, content)

    monkeypatch.setattr(kept_fits, "_write", write)
    assert keep_fit("one", [], lambda: 1) == 1
    assert kept(place) == []


def test_the_mark_of_the_emptying_is_not_thinned_out(place, monkeypatch):
    monkeypatch.setenv("CEM_FITS_MB", "1")
    forget_fits(place / "lake")
    os.utime(place / "fits" / "emptied", (1_000_000, 1_000_000))
    for number in range(6):
        keep_fit("one", [number], lambda: bytes(250_000))
    assert (place / "fits" / "emptied").exists()
    assert 3 <= len(kept(place)) < 6


def test_what_was_used_last_stays(place, monkeypatch):
    monkeypatch.setenv("CEM_FITS_MB", "1")
    block = bytes(250_000)
    for name in ("first", "fourth", "second", "third"):
        keep_fit(name, [], lambda: block)
    assert len(kept(place)) == 4
    for age, name in enumerate(("first", "second", "third", "fourth")):
        path, = (place / "fits").glob(f"{name}-*")
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    # the first is used once more, so the second is the oldest
    keep_fit("first", [], lambda: pytest.fail("it is kept"))
    keep_fit("fifth", [], lambda: block)
    assert [path.name.split("-")[0] for path in kept(place)] == ["fifth", "first", "fourth", "third"]
    assert sum(path.stat().st_size for path in kept(place)) <= 2**20
    # one that would drive out the others is made each time
    assert len(keep_fit("large", [], lambda: bytes(300_000))) == 300_000
    assert len(kept(place)) == 4


def test_nothing_is_kept_without_room_or_right(place, monkeypatch):
    monkeypatch.setenv("CEM_FITS_MB", "0")
    assert keep_fit("one", [], lambda: 1) == 1
    assert not (place / "fits").exists()
    monkeypatch.setenv("CEM_FITS_MB", "20")
    # a file stands where the folder should be
    (place / "fits").write_text("")
    assert keep_fit("one", [], lambda: 1) == 1


def test_many_processes_at_once(place):
    code = ("import sys; from cemlib.usecases.kept_fits import keep_fit\n"
            "for number in range(30): assert keep_fit('one', [number % 3], lambda: [number % 3] * 5000) == [number % 3] * 5000")
    running = [subprocess.Popen([sys.executable, "-c", code], env={**os.environ}) for _ in range(3)]
    assert [one.wait(300) for one in running] == [0, 0, 0]
    assert len(kept(place)) == len(list((place / "fits").iterdir())) == 3


cells = st.one_of(st.none(), st.floats(allow_nan=False), st.text(max_size=3))


@given(st.lists(cells, max_size=4), st.lists(cells, max_size=4))
def test_other_values_have_another_fingerprint(one, other):
    same = [(type(value), value, str(value)) for value in one] == [(type(value), value, str(value)) for value in other]
    assert (fingerprint(one) == fingerprint(other)) == same


@pytest.mark.parametrize(("one", "other"), [
    (["ab", "c"], ["a", "bc"]), ([1, [2]], [[1], 2]), ([1], ["1"]), ([None], ["None"]), ({"a": 1}, {"a": 2}), (np.array([1, 2]), np.array([1.0, 2.0])), (np.zeros((2, 3)), np.zeros((3, 2))),
    (pd.Series(["1"]), pd.Series([1])), (pd.Series(["a", None]), pd.Series(["a", "None"])), (pd.DataFrame({"a": [1.0]}), pd.DataFrame({"b": [1.0]})),
    (pd.Series(["x"], dtype=pd.CategoricalDtype(["x", "y"])), pd.Series(["x"], dtype=pd.CategoricalDtype(["x"])))])
def test_what_looks_alike_has_another_fingerprint(one, other):
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(one)


def test_what_has_no_fingerprint_is_refused():
    with pytest.raises(TypeError, match="object"):
        fingerprint(object())


# --- the fits of the use cases


def same(one, other):
    """Equal to the last digit, tables too."""
    if isinstance(one, pd.DataFrame | pd.Series):
        (pd.testing.assert_frame_equal if isinstance(one, pd.DataFrame) else pd.testing.assert_series_equal)(one, other, check_exact=True)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            same(one[name], other[name])
    else:
        assert one == other or (one != one and other != other), (one, other)


def test_kept_segments_are_those_that_were_found(place, studies, monkeypatch):
    lake = cem.open_lake(place / "lake")
    monkeypatch.setenv("CEM_FITS_MB", "0")
    wanted = view_segments(lake, study="invented", role="analyst")
    monkeypatch.setenv("CEM_FITS_MB", "20")
    first = view_segments(lake, study="invented", role="analyst")
    # from here on nobody may fit
    monkeypatch.setattr(Segmenter, "fit", lambda *given: pytest.fail("it is kept"))
    again = view_segments(lake, study="invented", role="analyst")
    for view in (first, again):
        for name in ("answer", "segments", "profiles", "rules", "compared", "figures", "counts", "stability", "fidelity"):
            same(getattr(wanted, name), getattr(view, name))
    division, others = again._reader.found, again._reader.customers.features.iloc[::-1]
    same(division.predict(others), division.labels.iloc[::-1])
    # no customer of the study stands in what is kept
    assert all(one.encode() not in path.read_bytes() for path in kept(place) for one in ("0007", "0059"))


def test_a_changed_file_is_another_fit(place, studies):
    lake = cem.open_lake(place / "lake")
    before = view_segments(lake, study="invented", role="analyst")
    usage = pd.read_csv(studies / "usage.csv", dtype=str)
    usage[usage["who"] > "0030"].to_csv(studies / "usage.csv", index=False)
    after = view_segments(lake, study="invented", role="analyst")
    assert after.segments["subscribers"].sum() < before.segments["subscribers"].sum() == 150
    text = (studies / "invented.yaml").read_text()
    (studies / "invented.yaml").write_text(text.replace("log: true", "log: false"))
    files = len(kept(place))
    view_segments(lake, study="invented", role="analyst")
    assert len(kept(place)) == files + 1


def test_a_kept_study_is_the_one_that_was_fitted(place, studies, monkeypatch):
    lake = cem.open_lake(place / "lake")
    asked = {"study": "rated", "who": "place=city", "changes": "gb+2", "role": "analyst"}
    monkeypatch.setenv("CEM_FITS_MB", "0")
    wanted = what_if_satisfaction(lake, **asked)
    tables = wanted.tables
    monkeypatch.setenv("CEM_FITS_MB", "20")
    same(tables, what_if_satisfaction(lake, **asked).tables)
    monkeypatch.setattr(SatisfactionModel, "_fit", lambda *given: pytest.fail("it is kept"))
    for name in ("asymmetry", "drivers", "knee", "weigh_price"):
        monkeypatch.setattr(SatisfactionModel, name, lambda *given, **more: pytest.fail("it is kept"))
    again = what_if_satisfaction(lake, **asked)
    same(tables, again.tables)
    same(wanted.figures, again.figures)
    assert (wanted.answer, wanted.cautions, wanted.footer) == (again.answer, again.cautions, again.footer)
    same(wanted.model.oof_, again.model.oof_)
    assert all(b"c007" not in path.read_bytes() for path in kept(place))


@pytest.mark.parametrize(("old", "new"), [("better: -1", "better: 0"), ("[gb -> outcome, ", "[gb -> charge, gb -> outcome, "), ("cost: 1", "cost: 2")])
def test_a_study_told_otherwise_is_fitted_anew(place, studies, old, new, monkeypatch):
    lake = cem.open_lake(place / "lake")
    before = what_if_satisfaction(lake, study="rated", role="analyst").tables
    (studies / "rated.yaml").write_text(RATED.replace(old, new))
    found = what_if_satisfaction(lake, study="rated", role="analyst").tables
    monkeypatch.setenv("CEM_FITS_MB", "0")
    anew = what_if_satisfaction(lake, study="rated", role="analyst").tables
    assert {name: table.to_csv() for name, table in found.items()} == {name: table.to_csv() for name, table in anew.items()}
    assert {name: table.to_csv() for name, table in found.items()} != {name: table.to_csv() for name, table in before.items()}


@pytest.mark.parametrize("asked", [{"seed": 1}, {"level": 0.8}, {"fit_rows": 200}, {"known_before": ["gb"]}, {"answers": ["QoF_*"]}, {"scale": (1, 6)}, {"monotone": {"gb": 1}}, {"family": "ordinal"}],
                         ids=["seed", "level", "fit_rows", "known_before", "answers", "scale", "monotone", "family"])
def test_a_model_that_asks_for_something_else_is_fitted_anew(place, asked, monkeypatch):
    ratings = SimpleNamespace(features=pd.DataFrame({"gb": [1.0]}), rating=pd.Series([1.0]), customer=pd.Series(["a"]))
    made = []
    monkeypatch.setattr(SatisfactionModel, "fit", lambda model, *given, learned=None: made.append(1) or SimpleNamespace(learned_=1))
    _fit(SatisfactionModel("gbm"), ratings)
    _fit(SatisfactionModel(**{"family": "gbm", **asked}), ratings)
    assert len(kept(place)) == 2


def test_a_model_that_takes_what_was_learned_predicts_as_the_one_that_learned(studies):
    frame = pd.read_csv(studies / "rated.csv")
    X, y = frame[["gb", "charge"]], frame["Score"]
    one = SatisfactionModel("gbm").fit(X, y, frame["who"])
    two = SatisfactionModel("gbm").fit(X, y, frame["who"], learned=one.learned_)
    assert two.learned_ is one.learned_
    assert one.predict_interval(X).to_csv() == two.predict_interval(X).to_csv()


def test_the_setting_is_a_number(monkeypatch):
    monkeypatch.setenv("CEM_FITS_MB", "much")
    with pytest.raises(ParameterError, match="CEM_FITS_MB"):
        settings()


class StatedLake:
    """A lake whose state is told: all else is that of another."""

    def __init__(self, lake, folder, version=1, written_at="2026-03-29"):
        self._lake, self.path, self._state = lake, folder, Snapshot.of({"data_session": version}, written_at)

    def snapshot(self):
        return self._state

    def __getattr__(self, name):
        return getattr(self._lake, name)


def test_what_was_read_of_customers_is_that_of_the_lakes_state(place, monkeypatch):
    lake = grouped_lake.make_lake()
    monkeypatch.setenv("CEM_FITS_MB", "0")
    wanted = LakeCustomers(lake, "last", Asked(True))
    frames = {"everyone": wanted.everyone, "values": wanted.values, "earlier": wanted.earlier}
    monkeypatch.setenv("CEM_FITS_MB", "20")
    for name, frame in frames.items():
        same(frame, getattr(LakeCustomers(StatedLake(lake, place / "lake"), "last", Asked(True)), name))
    assert len(list((place / "fits").glob("customers-*"))) == 3
    assert all(grouped_lake.name_of(7).encode() not in path.read_bytes() for path in kept(place))
    read = []
    monkeypatch.setattr(lake_customers, "collect_features", lambda *given: read.append(given) or frames["everyone"])
    same(frames["everyone"], LakeCustomers(StatedLake(lake, place / "lake"), "last", Asked(True)).everyone)
    assert read == []
    # another version, another day of writing, another place, other days: read anew
    for asked in ({"version": 2}, {"written_at": "2026-03-30"}, {"folder": place / "other"}):
        _ = LakeCustomers(StatedLake(lake, **{"folder": place / "lake", **asked}), "last", Asked(True)).everyone
    _ = LakeCustomers(StatedLake(lake, place / "lake"), "2026-03-20/2026-03-27", Asked(True)).everyone
    assert len(read) == 4


def test_what_is_fitted_ahead_is_there_for_the_first_reader(place, studies, monkeypatch):
    (studies / "wrong.yaml").write_text("title: Wrong\nsegments: none\n")
    lake = cem.open_lake(place / "lake")
    told = {(use_case, study): problem for use_case, study, problem in fit_ahead(lake)}
    assert {one for one, problem in told.items() if not problem} == {("segment_explorer", "invented"), ("whatif_satisfaction", "rated")}
    # the lake has no records, and a study is told wrong
    assert told["segment_explorer", "wrong"] == "A study lacks 'source'."
    assert told["segment_explorer", "lake"]
    assert told["whatif_satisfaction", "lake"] == "There are no ratings."
    monkeypatch.setattr(Segmenter, "fit", lambda *given: pytest.fail("it is fitted already"))
    monkeypatch.setattr(SatisfactionModel, "_fit", lambda *given: pytest.fail("it is fitted already"))
    monkeypatch.setattr(SatisfactionModel, "asymmetry", lambda *given: pytest.fail("it is fitted already"))
    assert view_segments(lake, study="invented", role="manager").is_stable
    _ = what_if_satisfaction(lake, study="rated", role="manager").tables


def test_fitting_ahead_in_a_process_of_its_own_tells_what_it_could_not(place, studies):
    done = subprocess.run([sys.executable, "-m", "cemlib.usecases.fits_ahead"], capture_output=True, text=True, timeout=300, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert "whatif_satisfaction of lake is not fitted ahead: There are no ratings." in done.stderr
    assert len(list((place / "fits").glob("segments-*"))) == 1
    assert len(list((place / "fits").glob("satisfaction-*"))) == 1
