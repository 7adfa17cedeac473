"""The grader: cases are drawn afresh, analyses know nothing of the twin, and an analysis that is broken scores badly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import cemlib.twin.grade as package
from cemlib.cli import cem
from cemlib.errors import ParameterError, UnknownNameError
from cemlib.twin.grade import GRADINGS, grade
from cemlib.twin.grade.asking import Asking, GradingError
from cemlib.twin.grade.cases import draw_case
from cemlib.twin.grade.marks import Mark, MarkSheet, share, spread

ANSWERS = Path(package.__file__).with_name("answers.py")
SIZE = {"subscribers": 800, "days": 14}


def test_a_seed_draws_the_same_case_and_another_seed_another():
    cases = [draw_case("partner_degradation", seed=seed, number=number, effects=True, **SIZE) for seed in range(3) for number in range(4)]
    again = [draw_case("partner_degradation", seed=seed, number=number, effects=True, **SIZE) for seed in range(3) for number in range(4)]
    assert [one.truth for one in cases] == [one.truth for one in again]
    assert len({one.seed for one in cases}) == 12
    assert len({(one.truth["plmn"], one.truth["share"]) for one in cases}) > 8
    for one in cases:
        do = one.scenario.causes[0].do[0]
        # what is planted is what is told
        assert (do.where["attempt_plmn"], do.share, do.set) == (one.truth["plmn"], one.truth["share"], f"diameter_3gpp:{one.truth['cause']}")


def test_names_are_dealt_anew_in_each_case():
    hubs = {draw_case("steering_burst", seed=1, number=number, effects=True, **SIZE).truth["plmn"] for number in range(12)}
    assert len(hubs) > 6


def test_where_analyses_run_the_twin_cannot_be_imported():
    asked = [str(ANSWERS), "is_there", "usecases.monitor_roaming", ""]
    done = subprocess.run([sys.executable, *asked], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"is_there": True}
    code = f"import runpy, sys; sys.argv = {asked!r}; runpy.run_path({str(ANSWERS)!r}, run_name='__main__'); import cemlib.twin"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no access to the twin" in done.stderr
    with pytest.raises(GradingError, match="failed"):
        Asking().ask("roaming", "/no/such/folder/[")


class Played(Asking):
    """Answers as an analysis would give that is right, silent, or accuses whoever comes first."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def of_operator(self, question, case):
        truth, since = case.truth, None
        if "since_h" in truth:
            day, hour = divmod(truth["since_h"] + 1, 24)
            since = f"2026-03-{day + 1:02d}T{hour:02d}:00:00"
        judged = ["90000", "90001", truth.get("plmn", "90002")]
        nothing = {"accused": [], "hubs": [], "judged": judged, "ruled_out": []}
        if self.how == "always":
            return nothing | {"accused": [{"plmn": "90000", "cause": "5004", "since": None}], "hubs": [{"hub": "ANY", "since": since or "2026-03-01T00:00:00"}]}
        if self.how == "never" or not case.effects:
            return nothing
        return nothing | {
            "accused": [{"plmn": truth["plmn"], "cause": f"S6a {truth['cause']}", "since": since}] if "cause" in truth else [],
            "hubs": [{"hub": truth["hub"], "since": since}] if "hub" in truth else [], "ruled_out": [truth["plmn"]] if truth["scenario"] == "steering_burst" else [],
        }


class Felt(Asking):
    """Customers of a case: the first tenth lost a point of ten to what was planted; an index that knows it, and one that knows nothing."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def of_customers(self, question, case):
        keys, rng = [f"c{one:03d}" for one in range(100)], np.random.default_rng(case.seed)
        before = 6 + rng.normal(0, 0.1, 100)
        lost = np.where((np.arange(100) < 10) & case.effects, 1.0, 0.0)
        customers = pd.DataFrame({"satisfaction": before - lost, "satisfaction_no_effect": before}, index=keys)
        plain = rng.normal(80, 5, 100)
        score = 50 + 0 * lost if self.how == "never" else 10 * (before - lost)
        return {"scores": {key: {"score": one, "plain": other} for key, one, other in zip(keys, score, plain)}}, customers


def test_the_index_is_graded_on_customers_made_unhappy():
    right, never = ({one.name: one for one in GRADINGS["satisfaction_index"].run(Felt(how), 5, 4, SIZE)} for how in ("right", "never"))
    assert all(one.is_met is not False for one in right.values())
    rank = "customers made unhappy rank below the others (AUC)"
    assert (right[rank].value, right[rank].cases) == (1.0, 4)
    assert right["the same of true satisfaction, temper and all (oracle)"].value == 1.0
    assert 0.3 < right["the same customers where nothing was done to them (AUC)"].value < 0.57
    assert (never[rank].value, never[rank].is_met) == (0.5, False)
    truth = draw_case("unhappy_customers", seed=1, number=0, effects=True, **SIZE).truth
    do = {cause.id: cause.do[0] for cause in draw_case("unhappy_customers", seed=1, number=0, effects=True, **SIZE).scenario.causes}
    assert (do["signal"].where["cell_region"], do["price"].where["customer_plan"], do["price"].times) == (truth["region"], truth["plans"], truth["dearer"])


def marks(name: str, how: str) -> dict[str, Mark]:
    return {one.name: one for one in GRADINGS[name].run(Played(how), 5, 4, SIZE)}


@pytest.mark.parametrize("name", ["partners", "hubs", "steering_decoy"])
def test_a_right_analysis_meets_every_mark_and_a_broken_one_does_not(name):
    right = marks(name, "right")
    assert all(one.is_met for one in right.values())
    assert all(one.value is not None for one in right.values())
    for mutation in GRADINGS[name].mutations:
        assert any(one.is_met is False for one in marks(name, mutation).values()), mutation


def test_marks_of_partners_by_hand():
    right, always = marks("partners", "right"), marks("partners", "always")
    # four cases with an effect, four without; three partners judged in each of the eight; found an hour late
    assert (right["a failing partner is found"].value, right["a failing partner is found"].cases) == (1.0, 4)
    assert right["begin is found within (h)"].value == 1.0
    assert (right["judged partners accused falsely"].value, right["judged partners accused falsely"].cases) == (0.0, 24)
    # an innocent partner in each of the eight
    assert always["judged partners accused falsely"].value == pytest.approx(8 / 24)
    assert always["nobody is accused where nothing is wrong"].value == 0.0
    assert always["a failing partner is found"].value == 0.0


@pytest.mark.slow
def test_alarms_are_graded_on_numbers_and_a_constant_p_value_scores_badly(monkeypatch):
    monkeypatch.setattr("cemlib.twin.grade.numbers._VOLUMES", (100, 1000))
    sheet = grade(7, ["alarms"], runs=1)
    assert [one.is_met for one in sheet.marks] == [True, True, True]
    assert sheet.marks[0].cases > 19_000
    assert all(one.is_met is False for one in grade(7, ["alarms"], runs=1, mutation="constant_p").marks[:-1])
    assert grade(7, ["alarms"], runs=1, mutation="never").marks[-1].is_met is False


@pytest.mark.slow
def test_an_operator_is_played_ingested_and_asked_about():
    told = []
    case = draw_case("hub_failure", seed=2, number=0, effects=False, **SIZE)
    answer = Asking(tell=told.append).of_operator("roaming", case)
    assert answer["hubs"] == []
    assert set(answer) == {"accused", "hubs", "judged", "ruled_out"}
    assert [one.rpartition(": ")[2] for one in told] == ["files", "ingest", "roaming"]


def test_what_is_not_there_is_told_and_wrong_calls_are_refused(monkeypatch):
    absent = [name for name, one in GRADINGS.items() if not one.mutations]
    sheet = grade(1, absent[:2])
    assert [one.value for one in sheet.marks] == [None, None]
    assert all(one.note for one in sheet.absent)
    with pytest.raises(UnknownNameError) as caught:
        grade(1, ["partnres"])
    assert caught.value.near == ["partners"]
    with pytest.raises(ParameterError, match="too small"):
        grade(1, days=5)


def test_a_sheet_tells_what_was_missed():
    sheet = MarkSheet(3, (share("a", "x", 1, 10, at_least=0.5), spread("a", "y", [1, 2, float("nan")], at_most=3), Mark("b", "not there", None, None, None, 0)), 1.0)
    assert ([one.name for one in sheet.missed], [one.name for one in sheet.absent]) == (["x"], ["not there"])
    assert (sheet.to_dict()["missed"], sheet.to_dict()["marks"][1]["value"], sheet.marks[0].wanted) == (1, 1.5, ">= 0.5")
    # nothing is wanted of it, or nothing was measured: neither met nor missed
    assert share("a", "z", 0, 0, at_least=0.5).is_met is None


def test_the_command_lists_plans_and_writes(tmp_path, monkeypatch):
    run = CliRunner().invoke
    assert "steering_decoy" in run(cem, ["grade", "--list"]).output
    assert {one["name"] for one in json.loads(run(cem, ["grade", "--list", "--json"]).stdout)} == set(GRADINGS)
    assert "on 12 operators of 6,000 customers and 21 days" in run(cem, ["grade", "--only", "partners", "--only", "hubs", "--dry-run"]).stderr
    monkeypatch.setattr("cemlib.twin.grade.grade", lambda *args, **more: MarkSheet(3, (share("partners", "recall", 1, 10, at_least=0.5),), 1.0))
    done = run(cem, ["grade", "--only", "partners", "--out", str(tmp_path / "marks.json")])
    assert done.exit_code == 1
    assert "missed" in done.output
    assert json.loads((tmp_path / "marks.json").read_text())["missed"] == 1
    monkeypatch.setattr("cemlib.twin.grade.run.check_itself", lambda *args, **more: {("partners", "never"): True, ("hubs", "always"): False})
    checked = run(cem, ["grade", "--self-check"])
    assert checked.exit_code == 1
    assert "NO" in checked.output


@pytest.mark.slow
def test_correlations_are_graded_and_one_that_always_or_never_finds_scores_badly(monkeypatch):
    from cemlib.twin.grade import correlation

    kept = {kind: correlation.NULLS[kind] for kind in ("AR(1), rho 0 to .97",)}
    monkeypatch.setattr(correlation, "NULLS", kept)
    monkeypatch.setattr(correlation, "_SERIES", 6)
    sheet = {one.name: one for one in grade(3, ["correlation"], runs=1).marks}
    assert sheet["a link of r = .2 in 500 bins is found"].cases == 8 * 6
    assert sheet["a link of r = .2 in 500 bins is found"].value > 0.7
    assert sheet["and its lag is exact"].is_met
    assert all(sheet[f"p <= .05 without a link: {kind}"].value < 0.12 for kind in kept)
    for mutation in GRADINGS["correlation"].mutations:
        assert grade(3, ["correlation"], runs=1, mutation=mutation).missed
