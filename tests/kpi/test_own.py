"""KPIs of a user's own: added from a file, told what is wrong with it, and used like any other."""

from pathlib import Path

import pytest
import tiny_lake

from cemlib.errors import CemError, KpiError, UnknownNameError
from cemlib.kpi import (
    add_kpis,
    catalogue,
    check_kpis,
    describe,
    evaluate,
    find_kpi,
    list_kpis,
    own,
    remove_kpis,
    search_kpis,
)
from cemlib.settings import settings

SKELETON = Path(__file__).parents[2] / "templates" / "new_kpis.py"
CODE = "quick_session_share_ratio"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_KPIS", str(tmp_path / "kpis"))
    yield tmp_path
    for path in own.kept_files():
        path.unlink()
    own.refresh_kept()


def changed(folder, before, after, name="mine.py"):
    path, text = folder / name, SKELETON.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    return path


def test_the_skeleton_is_short_and_is_used_like_any_other(folder):
    assert len(SKELETON.read_text(encoding="utf-8").splitlines()) <= 20
    known = set(catalogue())
    (kpi,) = add_kpis(SKELETON)
    assert set(catalogue()) - known == {CODE}
    assert not kpi.is_built_in
    assert [one["code"] for one in list_kpis("new_kpis")] == [CODE]
    assert search_kpis("quick sessions")[0].code == CODE
    told = describe(CODE, by=["partner"])
    assert told.formula == "number of records where rtt_ms <= 50 and rtt_ms is known ÷ number of records where rtt_ms is known"
    assert (told.example.num, told.example.den) == (2, 3)
    assert "rtt_ms" in told.sql["sums"]
    assert told.lineage.connectors
    # two of three sessions, computed from a lake
    lake = tiny_lake.TinyLake(data_session=[{"rtt_ms": 20.0}, {"rtt_ms": 45.5}, {"rtt_ms": 51.0}, {"rtt_ms": None}])
    (row,) = evaluate(lake, [CODE, "data_session_rtt_mean"]).frame.head(1).to_dict("records")
    assert (row["num"], row["den"], row["state"]) == (2, 3, "too_few")


def test_a_checked_file_is_not_kept(folder):
    assert [one.code for one in check_kpis(SKELETON)] == [CODE]
    assert own.kept_files() == []
    with pytest.raises(UnknownNameError):
        find_kpi(CODE)


def test_a_file_of_the_same_name_replaces_the_one_before(folder):
    add_kpis(changed(folder, "<= 50", "<= 50"))
    add_kpis(changed(folder, "quick_session_share_ratio", "quick_session_other_ratio"))
    assert "quick_session_other_ratio" in catalogue()
    assert CODE not in catalogue()
    assert remove_kpis("mine.py") == ["quick_session_other_ratio"]
    assert "quick_session_other_ratio" not in catalogue()
    with pytest.raises(UnknownNameError, match="file of KPIs"):
        remove_kpis("mine")


@pytest.mark.parametrize(("before", "after", "line", "words"), [
    ("def quick", "deff quick", 9, ("not Python", "column")),
    ('unit="ratio"', 'unit="ration"', 8, ("unit, direction, level or window",)),
    ('table="data_session"', 'table="data_sesion"', 8, ("data_sesion", "'data_session'")),
    ('col("rtt_ms") <= 50', 'col("rtt_mss") <= 50', 8, ("rtt_mss", "'rtt_ms'", "table data_session")),
    ("(2, 3, 0.666667)", "(3, 3, 1)", 8, ("gives something else", "wanted: (3, 3, 1)", "came: (2, 3, 0.666667)")),
    (">>> work_example", "work_example", 8, ("shows a worked example",)),
    ("rtt_ms=[20.0", "rtt=[20.0", 8, ("worked example does not run",)),
    ("from cemlib.kpi import Ratio, kpi", "from cemlib.kpi import Ratoi, kpi", 5, ("cannot be run", "Ratoi")),
    ("quick_session_share_ratio", "data_session_drop_ratio", 8, ("of this name already", "cemlib.kpi.data")),
    ("quick_session_share_ratio", "quick", 8, ("service_event_measure",)),
    ('return Ratio(num=col("rtt_ms") <= 50, den=~col("rtt_ms").is_null())', "return 0.98", 8, ("returns Count",)),
    ('return Ratio(num=col("rtt_ms") <= 50, den=~col("rtt_ms").is_null())', 'return Ratio(num=col("rtt_ms").str.to_lowercase())', 8, ("quick",)),
    ('return Ratio(num=col("rtt_ms") <= 50, den=~col("rtt_ms").is_null())', "return Ratio(num=1 / 0)", 15, ("ZeroDivisionError",)),
], ids=["syntax", "unit", "table", "column", "example_differs", "no_example", "example_fails", "import", "taken", "name", "no_part", "type", "error"])
def test_what_is_wrong_is_told_with_file_and_line(folder, before, after, line, words):
    path, known = changed(folder, before, after), dict(catalogue())
    with pytest.raises(CemError) as caught:
        add_kpis(path)
    text = str(caught.value)
    assert f"{path}, line {line}" in text
    assert all(word in text for word in words), text
    # nothing of it is left
    assert dict(catalogue()) == known
    assert own.kept_files() == []


def test_files_that_are_no_kpis_are_refused(folder):
    (folder / "nothing.py").write_text("x = 1\n")
    with pytest.raises(KpiError, match="defines no KPI"):
        add_kpis(folder / "nothing.py")
    with pytest.raises(KpiError, match="word of letters"):
        add_kpis(changed(folder, "<=", "<=", name="my-kpis.py"))
    (folder / "latin.py").write_bytes("é".encode("latin-1"))
    with pytest.raises(KpiError, match="cannot be read"):
        add_kpis(folder / "latin.py")


def test_a_kept_file_that_has_broken_is_left_out_with_a_warning(folder):
    add_kpis(SKELETON)
    (settings().kpi_path / "new_kpis.py").write_text("import nothing_of_this_name\n")
    with pytest.warns(RuntimeWarning, match=r"new_kpis\.py are not in the catalogue(.|\n)*line 1"):
        assert CODE not in catalogue()
    # told once, not at every look
    assert "sms_delivery_mean" in catalogue()


def test_a_package_brings_kpis_by_its_entry_point(folder, monkeypatch):
    package = folder / "packaged_kpis.py"
    package.write_text(SKELETON.read_text(encoding="utf-8").replace(CODE, "packaged_session_share_ratio"), encoding="utf-8")
    info = folder / "packaged_kpis-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: packaged-kpis\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[cemlib.kpis]\nours = packaged_kpis\nbroken = no_such_module_of_kpis\n")
    monkeypatch.syspath_prepend(folder)
    own.import_entry_points.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match="no_such_module_of_kpis"):
            found = catalogue()
        assert found["packaged_session_share_ratio"].service == "packaged_kpis"
    finally:
        own.registered().pop("packaged_session_share_ratio", None)
        own.import_entry_points.cache_clear()
        monkeypatch.undo()
        catalogue()
