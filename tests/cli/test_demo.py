"""The demo job: built once, found again, and never mixed with somebody's own records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import cemlib
from cemlib import demo
from cemlib.cli import cem
from cemlib.errors import CallError

SIZE = {"subscribers": 200, "days": 2, "seed": 1}
ARGUMENTS = ["--subscribers", "200", "--days", "2", "--no-serve", "--no-reports"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A home of this test alone; its operator has the domains that are written fastest."""
    scenario = tmp_path / "small.yaml"
    scenario.write_text(json.dumps({"name": "small", "title": "t", "question": "q", "kind": "baseline", "domains": ["roaming", "voice"]}))
    monkeypatch.setattr(demo, "SCENARIO", scenario)
    monkeypatch.setenv("CEM_HOME", str(tmp_path))
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "data" / "lake"))
    monkeypatch.setenv("CEM_OUT", str(tmp_path / "out"))
    return tmp_path


def test_the_demo_is_built_once_and_found_again(place):
    told = []
    record = demo.build_demo(**SIZE, reports=False, progress=lambda *one: told.append(one))
    assert (record.files, record.lake) == ("written", "written")
    assert record.accepted + record.rejected == record.records > 1000
    assert record.rejected == sum(record.reasons.values()) > 0
    assert {one[0] for one in told} == {"files", "ingest"}
    assert all(0 <= done <= total for _, done, total, _ in told)
    # every connector of the demo has fed the lake, the partners first
    assert cemlib.open_lake().files()["source_code"].iloc[0] == "partner_directory"
    snapshot = cemlib.open_lake().snapshot().id

    again = demo.build_demo(**SIZE, reports=False)
    assert (again.files, again.lake, again.records) == ("already", "already", 0)
    assert cemlib.open_lake().snapshot().id == snapshot

    # another demo is not put on top of this one
    with pytest.raises(CallError, match="another demo"):
        demo.build_demo(subscribers=300, days=2, seed=1, reports=False)

    # a lake that was cut short is finished, not doubled
    counts = cemlib.open_lake().status()["tables"]
    demo._mark(place / "data" / "lake", SIZE, False)
    assert demo.build_demo(**SIZE, reports=False).lake == "written"
    assert cemlib.open_lake().status()["tables"] == counts

    fresh = demo.build_demo(**SIZE, reports=False, fresh=True)
    assert (fresh.files, fresh.lake, fresh.records) == ("written", "written", record.records)


@pytest.mark.parametrize("folder", ["data/incoming", "data/lake"])
def test_what_the_demo_did_not_write_is_never_touched(place, folder):
    own = place / folder / "own.csv"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    for fresh in (False, True):
        with pytest.raises(CallError, match="did not write"):
            demo.build_demo(**SIZE, reports=False, fresh=fresh)
    assert own.read_text() == "mine"
    assert demo.what_fresh_removes() == []
    # and nothing was begun elsewhere
    assert [one.name for one in (place / "data").iterdir()] == [own.parent.name]


def test_the_demo_s_operator_has_every_domain_and_feeds_every_table_that_a_feed_can(tmp_path, monkeypatch):
    from cemlib.intake import ingest_folder, plan_folder
    from cemlib.twin.assembly import PARTS
    from cemlib.twin.play import play_scenario, read_truth
    from cemlib.twin.scenario import load_scenario

    scenario = load_scenario(demo.SCENARIO)
    assert {"base", *scenario.domains} == set(PARTS)
    raw, truth = tmp_path / "raw", tmp_path / "truth"
    play_scenario(scenario, raw, truth=truth, subscribers=2500, days=4, seed=1, bad_rate=0.01)
    # what somebody else put there is told and left alone
    (raw / "holiday_photos").mkdir()
    codes, unknown = plan_folder(raw)
    assert (codes[0], unknown) == ("partner_directory", ["holiday_photos"])
    told = []
    found = list(ingest_folder(tmp_path / "lake", raw, jobs=2, progress=lambda *one: told.append(one)))
    assert told[-1][:2] == (len(codes), len(codes)) == (len(found), len(found))
    # every written record is accepted or rejected, and rejected for what was planted, file by file
    files = read_truth(truth)["files"]
    taken = {f"{Path(one.path).parent.name}/{Path(one.path).name}": one for summary in found for one in summary.files}
    assert taken.keys() == files.keys()
    for name, one in taken.items():
        # two files with a heading alone may be the same bytes: the second is there already
        assert one.status == "ingested" or (one.status, files[name]["records"]) == ("already", 0), name
        assert (one.records, one.reasons) == (files[name]["records"], files[name]["reasons"]), name
        assert one.accepted + one.rejected == one.records
    lake = cemlib.open_lake(tmp_path / "lake")
    # pairs of passive and active records are made, no feed writes them; in four days nobody of so few may have left
    assert set(cemlib.schema.tables()) - set(lake.tables()) <= {"reconciliation", "subscription_event"}
    # who is watched has an agreement, and the agreement has terms
    ((watched, without),) = lake.query("SELECT count(*), count(*) FILTER (sla_code NOT IN (SELECT sla_code FROM sla_term)) FROM account WHERE sla_code IS NOT NULL").fetchall()
    assert watched > 20
    assert without == 0
    with pytest.raises(CallError, match="no sub-folder"):
        plan_folder(tmp_path / "truth")
    # the same by the command: everything is there already
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    again = CliRunner().invoke(cem, ["ingest", "all", str(raw), "--json"])
    assert again.exit_code == 0, again.output
    assert sum(one["records"] for one in json.loads(again.stdout)) == 0
    assert "holiday_photos" in again.stderr
    assert CliRunner().invoke(cem, ["ingest", "all", str(raw), "--retry"]).exit_code == 2


def test_a_demo_lake_with_other_sources_is_not_filled_up(place):
    place_of_lake = place / "data" / "lake"
    own = place / "own.csv"
    own.write_text("answered,msisdn,operator,network,place,rating,category,lat,lon,state\n2026-03-01T00:00:00Z,+33639980001,Own,4G,indoor,5,satisfactory,48.8,2.3,Nord\n")
    mapping = place / "own.yaml"
    text = (demo_mappings() / "demo_rating.yaml").read_text()
    mapping.write_text(text.replace("code: rating", "code: own_rating", 1))
    lake = cemlib.open_lake(place_of_lake)
    summary = lake.ingest(cemlib.sources.Rating(own, mapping=mapping))
    assert summary.accepted == 1
    with pytest.raises(CallError):
        demo.build_demo(**SIZE, reports=False)
    # even where somebody has put the demo's mark on it
    demo._mark(place_of_lake, SIZE, False)
    with pytest.raises(CallError, match="other sources"):
        demo.build_demo(**SIZE, reports=False)
    assert cemlib.open_lake(place_of_lake).files()["source_code"].tolist() == ["own_rating"]


def demo_mappings():
    from pathlib import Path

    return Path(cemlib.sources.__file__).parent / "mappings"


def test_the_command_says_what_it_does_and_asks_before_it_removes(place):
    run = CliRunner().invoke
    first = run(cem, ["demo", *ARGUMENTS])
    assert first.exit_code == 0
    assert "Filling the lake" in first.stderr
    assert "rejected" in first.stderr
    assert "there already" in run(cem, ["demo", *ARGUMENTS]).stderr
    lake = place / "data" / "lake"
    dry = run(cem, ["demo", *ARGUMENTS, "--fresh", "--dry-run"])
    assert f"Would remove: {lake}" in dry.stderr
    refused = run(cem, ["demo", *ARGUMENTS, "--fresh"], input="n\n")
    assert (refused.exit_code, lake.is_dir()) == (1, True)
    again = run(cem, ["demo", *ARGUMENTS, "--fresh", "--yes", "--json"])
    assert again.exit_code == 0
    assert json.loads(again.stdout)["lake"] == "written"


def test_reports_are_run_once_per_snapshot(place, monkeypatch):
    """The notebooks and the lake are played: what counts is which are run, and that one that fails is told."""
    ran = []

    def run_report(name, **_):
        ran.append(name)
        if name == "mobile_insights":
            raise cemlib.CemError("broken", came="The step failed.", where="out/x.failed")
        folder = place / "out" / name
        folder.mkdir(parents=True)
        for file in ("report.html", "a.csv"):
            (folder / file).write_text("x")
        told = {"status": "ok", "snapshot": {"id": cemlib.open_lake().snapshot().id}, "files": [{"name": "report.html"}, {"name": "a.csv"}]}
        (folder / "run.json").write_text(json.dumps(told))
        return type("Run", (), {"out": folder, "seconds": 1.0, "warnings": []})

    monkeypatch.setattr(cemlib, "run_report", run_report)
    monkeypatch.setattr("cemlib.report.request.notebook_names", lambda: list(demo.REPORTS))
    demo.build_demo(**SIZE, reports=False)
    first = demo.build_demo(**SIZE, to=("html", "csv"))
    assert [(one["notebook"], one["state"]) for one in first.reports] == [(name, "failed" if name == "mobile_insights" else "written") for name in demo.REPORTS]
    assert first.failed[0]["message"] == "The step failed."
    second = demo.build_demo(**SIZE, to=("html", "csv"))
    assert [one["state"] for one in second.reports] == ["failed" if name == "mobile_insights" else "already" for name in demo.REPORTS]
    assert ran.count("roaming_monitoring") == 1
