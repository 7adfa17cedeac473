"""The what-if view: scenarios of a study, what is told wrong, and the privacy of small groups."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cemwidgets.whatif import WhatIfState
from cemwidgets.whatif.view import WhatIfPage
from hypothesis import given
from hypothesis import strategies as st

import cemlib as cem
from cemlib.errors import ParameterError, ReportError, UnknownNameError
from cemlib.usecases import view_segments, what_if_satisfaction
from cemlib.usecases.studies.catalogue import load_study, study_names
from cemlib.usecases.studies.study import Feature, in_words
from cemlib.usecases.whatif.changes import read_changes, write_changes
from cemlib.usecases.whatif.driver_wording import describe_weighing
from cemlib.usecases.whatif.figures import plain

LEVERS = {
    "stalls": Feature(label="Stalls", lever="add", low=-2, high=2), "mbps": Feature(label="Speed", lever="percent"),
    "bars": Feature(label="Signal", lever="at_least", low=1, high=5), "wait": Feature(label="Wait", lever="at_most", low=0, high=9),
}
STUDY = """
title: Invented customers
source: {file: invented.csv, rating: rating, customer: who}
features:
  stalls: {label: Stalls, better: -1, lever: add, low: -2, high: 2, step: 0.5, cost: 3}
  mbps: {label: Speed, unit: Mbit/s, better: 1, lever: at_least, low: 0, high: 40, step: 10, cost: 1}
  tier: {label: Tier, kind: category}
groups: [region]
edges: [tier -> stalls, tier -> mbps, tier -> outcome, stalls -> outcome, mbps -> outcome, mood -> mbps, mood -> outcome]
unobserved: [mood]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A lake's folder with a study beside it: 600 customers, two ratings each; seven live on an island."""
    folder = tmp_path_factory.mktemp("whatif")
    rng = np.random.default_rng(2)
    who = np.arange(1200) // 2
    tier = np.where(who % 3 == 0, "gold", "basic")
    stalls = rng.normal(1, 1, 1200) - (tier == "gold")
    mbps = rng.uniform(5, 40, 1200)
    rating = np.clip(3.2 - 0.4 * stalls + 0.01 * mbps - 0.3 * (tier == "gold") + rng.normal(0, 0.4, 1200), 1, 5)
    region = np.where(who < 7, "island", np.where(who < 300, "north", "south"))
    frame = pd.DataFrame({"who": who, "rating": rating, "stalls": stalls, "mbps": mbps, "tier": tier, "region": region})
    (folder / "studies").mkdir()
    frame.to_csv(folder / "studies" / "invented.csv", index=False)
    (folder / "studies" / "invented.yaml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CEM_LAKE", str(folder / "lake"))
        yield folder


@pytest.fixture(scope="module")
def lake(place):
    return cem.open_lake(place / "lake")


@pytest.fixture(scope="module")
def view(lake):
    return what_if_satisfaction(lake, study="invented", changes="stalls-0.5", saved="region=north~stalls-1|all~")


def test_the_scenario_says_what_was_planted(view):
    result = view.scenario.result
    assert result.effect == pytest.approx(0.2, abs=0.03)
    assert result.claim == "causal under stated graph"
    assert result.adjustment_set == ["mbps", "tier: gold"]
    assert "would rise" in view.answer[0]
    # one step of half a stall for each of 600 customers
    assert view.scenario.cost == pytest.approx(1800)
    assert view.figures["effect"] == result.effect
    assert view.scenario.bands["then"].sum() == pytest.approx(1)


def test_small_groups_have_no_figures(view):
    compared = view.scenario.compared.set_index("segment")
    assert compared.loc["island", "state"] == "too few"
    assert np.isnan(compared.loc["island", "effect"])
    assert "region=island" not in dict(view.choices["who"])
    alone = view.play("region=island", {"stalls": -1.0})
    assert "Too few" in alone.problem
    assert (alone.now, alone.result) == (None, None)


def test_an_open_backdoor_is_never_called_causal(view):
    moved = view.play("all", {"mbps": 20.0})
    assert moved.result.claim.startswith("adjusted association")
    assert "mood" in moved.result.warnings[0]
    assert moved.result.n_moved == (view.model.X_["mbps"] < 20).sum()


def test_an_address_leads_back_to_the_same_scenario(view, lake):
    again = what_if_satisfaction(lake, **view.chosen)
    assert again.chosen == view.chosen
    assert again.figures == view.figures
    assert [one.who for one in again.saved] == ["region=north", "all"]


@given(st.fixed_dictionaries({"stalls": st.floats(-9, 9).map(lambda one: round(one, 2)), "mbps": st.integers(-99, 99).map(float), "bars": st.sampled_from([2.0, 4.5]), "wait": st.sampled_from([0.0, 3.0])}))
def test_changes_are_read_as_they_were_written(values):
    moved = {name: value for name, value in values.items() if value}
    moved["wait"] = values["wait"]
    assert read_changes(write_changes(moved, LEVERS), LEVERS) == pytest.approx(moved)


@pytest.mark.parametrize(("changes", "said"), [("stals-1", "stals"), ("stalls-1%", "cannot be read"), ("mbps+1", "cannot be read"), ("bars+1", "cannot be read"),
                                                ("stalls-1;stalls-2", "twice"), ("stalls--1", "cannot be read"), ("stalls+1e9", "cannot be read")])
def test_a_change_told_wrong_is_an_error(changes, said):
    with pytest.raises((ParameterError, UnknownNameError), match=said):
        read_changes(changes, LEVERS)


def test_in_an_app_what_cannot_be_used_is_told(lake):
    view = what_if_satisfaction(lake, study="invented", who="region=nrth", changes="stals-1", saved="x", driver="Stals", strict=False)
    assert len(view.missing) == 4
    assert view.missing[0] == "There is no region named 'nrth'. “region=nrth” is left out. Did you mean 'north'?"
    assert view.missing[3] == "There is no driver named 'Stals'. It is left out. Did you mean 'Stalls'?"
    assert view.driver == ""
    assert view.scenario.who == "all"
    with pytest.raises(UnknownNameError, match="nrth"):
        what_if_satisfaction(lake, study="invented", who="region=nrth")
    # one sentence after another; the seven of the island are no choice, so no message names them
    view = what_if_satisfaction(lake, study="invented", who="region=mars", strict=False)
    assert view.missing == ["There is no region named 'mars'. “region=mars” is left out. Choose one of: north, south."]
    assert what_if_satisfaction(lake, study="invented", who="region=island").scenario.who == "region=island"


def test_another_study_than_the_misspelt_one_says_what_of_the_address_is_left_out(lake):
    view = what_if_satisfaction(lake, study="inventd", who="region=north", changes="stalls-1", driver="Stalls", strict=False)
    assert view.missing[0].endswith("Did you mean 'invented'? Shown instead: Invented customers.")
    assert view.missing[1] == "What the address says of that study is left out too: who, changes, driver."
    assert len(what_if_satisfaction(lake, study="inventd", strict=False).missing) == 1


BAD_STUDIES = {"cyclic": ("tier -> mbps", "tier -> mbps, mbps -> tier", "tier -> mbps -> tier"), "worded": ("invented.csv", "worded.csv", "121 of 1,200 (10 %): 121 no number (“yes” in row 2, the first)")}


@pytest.fixture(scope="module")
def bad_studies(place):
    """A graph with a cycle, and more answers that are no ratings than may be."""
    frame = pd.read_csv(place / "studies" / "invented.csv")
    frame["rating"] = frame["rating"].astype(object)
    frame.loc[:120, "rating"] = "yes"
    frame.to_csv(place / "studies" / "worded.csv", index=False)
    for name, (old, new, _) in BAD_STUDIES.items():
        (place / "studies" / f"{name}.yaml").write_text(STUDY.replace(old, new))
    yield
    for name in BAD_STUDIES:
        (place / "studies" / f"{name}.yaml").unlink()


@pytest.mark.parametrize("name", BAD_STUDIES)
def test_a_study_that_cannot_be_opened_is_an_error_and_in_an_app_another_is_shown(bad_studies, lake, name):
    said = BAD_STUDIES[name][2]
    with pytest.raises(ParameterError) as told:
        what_if_satisfaction(lake, study=name)
    assert said in told.value.came
    # the lake has no ratings: the next study that can be opened
    view = what_if_satisfaction(lake, study=name, changes="stalls-1", strict=False)
    assert view.study.name == "invented"
    assert said in view.missing[0]
    assert view.missing[0].endswith("Shown instead: Invented customers.")
    assert view.scenario.values == {}


def test_answers_that_are_no_ratings_are_set_aside(place, lake):
    frame = pd.read_csv(place / "studies" / "invented.csv").astype({"rating": object, "mbps": object})
    frame.loc[[0, 1, 2, 7, 8], "rating"] = ["1, 3", "yes", 19, "", "Ann at the counter was rude"]
    frame.loc[9, "mbps"] = "fast"
    frame.loc[3, "who"] = None
    frame.to_csv(place / "studies" / "mended.csv", index=False)
    (place / "studies" / "mended.yaml").write_text(STUDY.replace("invented.csv", "mended.csv"))
    view = what_if_satisfaction(lake, study="mended", changes="stalls-0.5", role="analyst")
    # an empty cell is no answer
    told = ["Satisfaction: 4 of 1,199 answers are set aside: 2 no number (“yes” in row 3, the first), 1 several numbers in one (“1, 3” in row 2), 1 out of the scale 1 to 5 (“19” in row 4).",
            "Satisfaction: 1 of 1,200 rows has no answer (row 9)."]
    assert view.missing[:3] == ["Speed: 1 of 1,200 values is set aside: 1 no number (“fast” in row 11).", *told]
    assert "lake.set_aside('mended')" in view.missing[3]
    assert view.missing[4].startswith("1 of 1,200 rows name no customer and are left out (row 5).")
    assert "1,194 of 1,200 rows are used: 6 have no answer that can be used, or no customer." in view.cautions
    assert view.tables["set_aside"]["first_row"].min() == 2
    # single people's answers: a manager reads how many and why, neither which nor where
    seen = what_if_satisfaction(lake, study="mended", role="manager")
    assert seen.missing == [
        "Speed: 1 of 1,200 values is set aside: 1 no number.", "Satisfaction: 4 of 1,199 answers are set aside: 2 no number, 1 several numbers in one, 1 out of the scale 1 to 5.",
        "Satisfaction: 1 of 1,200 rows has no answer.", "1 of 1,200 rows name no customer and are left out."]
    assert list(seen.tables["set_aside"]) == ["file_name", "column", "reason_code", "reason", "n"]
    # five have no rating, one nobody; a row without a speed has its rating
    assert (len(view.model.y_), view.ratings.n_dropped) == (1194, 6)
    assert view.model.X_["mbps"].isna().sum() == 1
    assert view.tables["set_aside"].set_index(["column", "reason_code"])["n"].to_dict() == {
        ("mbps", "bad_number"): 1, ("rating", "bad_number"): 2, ("rating", "several_numbers"): 1, ("rating", "out_of_range"): 1, ("rating", "missing_value"): 1, ("who", "missing_value"): 1}
    assert view.scenario.result.effect == pytest.approx(0.2, abs=0.03)
    for name in ("mended.yaml", "mended.csv"):
        (place / "studies" / name).unlink()


def test_a_study_that_cannot_be_kept_is_shown_all_the_same(place, lake, monkeypatch):
    frame = pd.read_csv(place / "studies" / "invented.csv").astype({"rating": object})
    frame.loc[0, "rating"] = "yes"
    frame.to_csv(place / "studies" / "mended.csv", index=False)
    (place / "studies" / "mended.yaml").write_text(STUDY.replace("invented.csv", "mended.csv"))
    (lake.path / "quarantine").mkdir(parents=True, exist_ok=True)
    shutil.rmtree(lake.path / "quarantine")
    (lake.path / "quarantine").write_text("in the way")
    view = what_if_satisfaction(lake, study="mended")
    assert view.missing[1].startswith("What a study set aside cannot be kept.")
    (lake.path / "quarantine").unlink()
    what_if_satisfaction(lake, study="mended")
    assert lake.set_aside("mended")["raw"].tolist() == ["yes"]
    # what was mended is no longer there
    pd.read_csv(place / "studies" / "invented.csv").to_csv(place / "studies" / "mended.csv", index=False)
    what_if_satisfaction(lake, study="mended")
    assert lake.set_aside("mended").empty
    for name in ("mended.yaml", "mended.csv"):
        (place / "studies" / name).unlink()


def test_a_slider_past_the_data_has_no_figure_and_says_where_they_end(lake):
    for strict in (True, False):
        view = what_if_satisfaction(lake, study="invented", changes="mbps>=900", strict=strict)
        assert view.scenario.result is None
        assert view.scenario.problem.startswith("100 % of the ratings would be moved to where nobody was observed")
        assert "Speed was observed from 5" in view.scenario.problem
        for box in (WhatIfState(view).chart(), WhatIfState(view).compared()):
            assert "This cannot be told. 100 % of the ratings" in box
            assert "Speed was observed from 5.04 to 40 Mbit/s. Move less far." in box
        assert view.answer == [f"**The mean rating of all customers is {view.model.y_.mean():.2f}** (90 % {view.scenario.now_low:.2f} to {view.scenario.now_high:.2f}; 1,200 ratings, 600 customers)."]
    # the mean itself never leaves its scale
    found = view.whatif.do({"mbps": ">=9000"})
    assert 1 <= found.then <= 5
    assert view.whatif.compare({"mbps": ">=9000"}, view.groups["region"])[["now", "effect"]].sum(axis=1).between(1, 5).sum() == 2


def test_a_few_people_are_not_counted_for_a_manager(lake):
    for role, said in (("manager", "**Hidden:** nothing is shown of region island: it has fewer than 10 customers"), ("analyst", "**Too few to tell:** 7 customers are chosen (region island).")):
        view = what_if_satisfaction(lake, study="invented", who="region=island", role=role)
        assert view.answer[0].startswith(said)
        shown = what_if_satisfaction(lake, study="invented", changes="stalls-0.5", role=role)
        island = shown.tables["compared"].set_index("segment").loc["island"]
        assert pd.isna(island["n_customers"]) == (role == "manager")
        # of the improvements that are surely good for their cost the island's stand last
        assert ("for region island, 7 customers, too few<" in WhatIfState(shown).first()) == (role == "analyst")
        assert shown.tables["improvements_first"].query("segment == 'island'")["cost"].isna().all() == (role == "manager")
        # the north, the next smallest, would tell it
        assert any(one.startswith("Hidden of region: island, north;") for one in shown.cautions) == (role == "manager")


@pytest.mark.parametrize(("given", "said"), [({"study": "cyclic"}, "tier -> mbps -> tier"), ({"study": "invented", "changes": "stals-1"}, "Did you mean 'stalls'")], ids=["cycle", "no such variable"])
def test_a_report_of_what_cannot_be_told_ends_with_the_reason(bad_studies, place, given, said):
    with pytest.raises(ReportError) as told:
        cem.run_report("whatif_satisfaction", out=place / "out", to=("html",), role="manager", **given)
    assert said in str(told.value)


def test_six_scenarios_are_kept_and_each_once(lake):
    view = what_if_satisfaction(lake, study="invented")
    for number in range(6):
        view = view.show("all", {"stalls": -0.5 * (number + 1)}).save().save()
    assert len(view.saved) == 6
    other = view.show("all", {"mbps": 10.0})
    with pytest.raises(ParameterError, match="6 scenarios"):
        other.save()
    other = other.forget(0).save()
    assert other.saved[-1].values == {"mbps": 10.0}
    # the one that is shown is kept too: one row for both
    assert other.scenario_table()["state"].tolist() == ["kept"] * 5 + ["kept, shown now"]
    # a view is not changed by what comes after it
    assert view.saved[-1].values == {"stalls": -3.0}


def test_gain_and_first_improvement_agree_with_the_levers(view):
    assert set(view.importance["driver"]) == {"Stalls", "Speed"}
    assert (view.first.ranking["state"] == "too few").sum() == 2
    # the rate can be worked out from what stands beside it: points on the mean, customers and cost
    best = view.first.ranking.iloc[0]
    assert 100 * best["gain_per_cost"] == pytest.approx(best["effect"] * best["n_customers"] / best["cost"] * 100)
    shown = WhatIfState(view).first()
    assert f"for region {best['segment']}, {best['n_customers']:,} customers<" in shown
    assert "most rating points, summed over customers, per 100 of cost first" in shown
    assert f"{plain(best['gain'])} points for {best['cost']:,.0f}<" in shown
    assert {"drivers", "drivers_by_level", "shapes", "importance", "scenarios", "compared", "improvements_first", "budgets"} == set(view.tables)
    nodes, edges = view.drawn_graph()
    assert nodes.set_index("name")["role"].to_dict() == {"tier": "adjusted", "mood": "unobserved", "stalls": "change", "mbps": "adjusted", "outcome": "outcome"}
    assert len(edges) == 7


def test_what_is_known_of_a_driver_is_told_for_those_who_are_chosen(lake):
    view = what_if_satisfaction(lake, study="invented", who="region=north")
    told = " ".join(view.about("Stalls"))
    north = view.model.X_["stalls"][view.groups["region"] == "north"]
    good = 100 * (north <= view.model.X_["stalls"].quantile(0.25)).mean()
    assert f"{good:.0f} % of the moments of region north are good already" in told
    with pytest.raises(UnknownNameError, match="'Stalls'"):
        view.about("Stals")
    few = what_if_satisfaction(lake, study="invented", who="region=island")
    assert few.about("Stalls")[0] == "Too few of region island are known to say anything."
    assert few.figures["gain_1"] is None or np.isnan(few.figures["gain_1"])


def test_who_is_good_already_costs_nothing_and_the_whole_budget_pays_for_all(place, lake):
    frame = pd.read_csv(place / "studies" / "invented.csv")
    south = frame["region"] == "south"
    frame["mbps"] = frame["mbps"].where(~south, 39)
    view = _changed(place, lake, frame, STUDY)
    speed = view.first.ranking.query("improvement == 'Speed'").set_index("segment")["cost"]
    assert speed["south"] == 0
    # one of cost for each 10 Mbit/s that is missing, on average over the ratings; 293 customers
    goal, north = float(view.driven.importance("all", None).set_index("driver").loc["Speed", "changes"]["mbps"][2:]), frame["mbps"][frame["region"] == "north"]
    assert speed["north"] == pytest.approx(293 * (goal - north).clip(lower=0).mean() / 10)
    total = view.first.ranking["cost"].sum()
    assert view.first.budgets["budget"].tolist() == [10 * np.ceil(share * total / 10) for share in (0.1, 0.25, 0.5, 1)]


def test_a_percentage_lifts_no_zero(place, lake):
    frame = pd.read_csv(place / "studies" / "invented.csv")
    north, south = (np.flatnonzero(frame["region"] == one) for one in ("north", "south"))
    # in the north a few moments have no speed at all, in the south most
    frame.loc[north[:20], "mbps"] = 0
    frame.loc[south[: int(0.6 * len(south))], "mbps"] = 0
    view = _changed(place, lake, frame, STUDY.replace("lever: at_least, low: 0", "lever: percent, low: -50"))
    first = view.first.ranking.query("improvement == 'Speed'").set_index("segment")
    goal = float(view.driven.importance("all", None).set_index("driver").loc["Speed", "changes"]["mbps"][2:])
    had = frame["mbps"].iloc[north[20:]]
    assert first.loc["north", "cost"] == pytest.approx(293 * (100 * (goal - had).clip(lower=0) / had).mean() / 10)
    assert first.loc["south", "state"] == "no cost"
    assert np.isnan(first.loc["south", "cost"])
    assert view.first.budgets["budget"].max() < 1e6
    assert view.not_lifted == {"Speed": pytest.approx((frame["mbps"] == 0).sum() / (frame["mbps"] < goal).sum())}
    assert "which no percentage lifts" in WhatIfState(view).first()
    assert "for region south, 300 customers, no cost known" in WhatIfState(view).first()


def _changed(place, lake, frame, text):
    frame.to_csv(place / "studies" / "changed.csv", index=False)
    (place / "studies" / "changed.yaml").write_text(text.replace("invented.csv", "changed.csv"))
    try:
        return what_if_satisfaction(lake, study="changed")
    finally:
        (place / "studies" / "changed.yaml").unlink()


@pytest.mark.parametrize("role", ["price", "expectation"])
def test_drivers_of_each_level_and_price_or_expectation_where_the_study_names_it(place, lake, role):
    text = STUDY.replace("better: -1, lever: add", f"better: -1, role: {role}, lever: add").replace("better: 1, lever: at_least", "better: 1, role: quality, lever: at_least")
    (place / "studies" / "weighed.yaml").write_text(text)
    view = what_if_satisfaction(lake, study="weighed")
    assert set(view.driven.shares_by_level["segment"]) == {"island", "north", "south"}
    assert view.driven.shares_by_level.query("segment == 'island'")["share"].isna().all()
    assert view.driven.shares_by_level.query("segment == 'north'")["driver"].iloc[0] == "Stalls"
    told, other = (view.driven.price, view.driven.expectation)[:: 1 if role == "price" else -1]
    assert other is None
    # nothing was planted between the two
    assert told.low < 0 < told.high
    assert "cannot be told" in describe_weighing(told, role)
    assert "Quality and " + role in WhatIfState(view).weighed()
    assert [name for name in view.tables if name.startswith("quality_and_")] == [f"quality_and_{role}"]
    pd.testing.assert_frame_equal(view.tables[f"quality_and_{role}"], told.corners, check_dtype=False)
    (place / "studies" / "weighed.yaml").unlink()


@pytest.mark.parametrize(("old", "new", "said"), [
    ("lever: add", "lever: ad", "no lever named 'ad'. where: wrong.yaml, line 5, column 39 to do: Did you mean 'add'?"), ("step: 0.5", "stepp: 0.5", "no key named 'stepp'. where: wrong.yaml, line 5, column 69 to do: Did you mean 'step'?"),
    ("better: 1, lever", "better: 1, role: qualty, lever", "no role named 'qualty'. where: wrong.yaml, line 6, column 49 to do: Did you mean 'quality'?"),
    ("customer: who", "customr: who", "no key named 'customr'. where: wrong.yaml, line 3, column 46 to do: Did you mean 'customer'?"),
    ("groups: [region]", "grops: [region]", "no key named 'grops'. where: wrong.yaml, line 8, column 1 to do: Did you mean 'groups'?"), ("title: Invented customers", "", "lacks 'title'"),
    ("file: invented.csv", "file: gone.csv", "cannot be read"), ("rating: rating", "rating: ratng", "no column named 'ratng'. where: wrong.yaml, line 3, column 30; columns of invented.csv to do: Did you mean 'rating'"),
    ("customer: who", "customer: whom", "no column named 'whom'. where: wrong.yaml, line 3, column 46; columns of invented.csv, row 1, cut at a comma to do: Did you mean 'who'?"),
    ("groups: [region]", "groups: region", "columns with titles"), ("[region]", "[regoin]", "no column named 'regoin'. where: wrong.yaml, line 8, column 1 to do: Did you mean 'region'"), ("  mbps: {", "  mbsp: {", "no column named 'mbsp'. where: wrong.yaml, line 6, column 3;"),
    ("tier: {label: Tier", "teir: {label: Tier", "no column named 'teir'. where: wrong.yaml, line 7, column 3 to do: Did you mean 'tier'"),
    ("tier -> stalls", "teir -> stalls", "no variable named 'teir'. where: wrong.yaml, line 9, column 9 to do: Did you mean 'tier'"), ("tier -> stalls", "stalls, tier", "arrow"), ("mood -> mbps", "outcome -> tier", "cycle"),
    ("edges: [tier -> stalls, tier -> mbps, tier -> outcome, stalls -> outcome, mbps -> outcome, mood -> mbps, mood -> outcome]", "edges: []", "stalls -> outcome"),
    ("title:", "titel:", "no key named 'titel'. where: wrong.yaml, line 2, column 1 to do: Did you mean 'title'"), ("title: Invented customers", "title: [", "no YAML"),
    ("unobserved:", "groups: []\nunobserved:", "'groups' is there twice"), ("unobserved:", "scale: [5, 1]\nunobserved:", "low end"), ("step: 10", "step: -10", "greater than 0")],
    ids=lambda one: None if len(one) > 30 else one)
def test_a_study_told_wrong_is_an_error(place, lake, old, new, said):
    (place / "studies" / "wrong.yaml").write_text(STUDY.replace(old, new, 1))
    with pytest.raises((ParameterError, UnknownNameError)) as told:
        what_if_satisfaction(lake, study="wrong")
    assert said in " ".join(str(told.value).split())
    (place / "studies" / "wrong.yaml").unlink()


def test_the_word_none_is_a_value_and_a_lever_begins_where_it_moves_nobody(place, lake):
    """Of 600 customers 200 have no internet: their system writes None; and 15 Mbit/s are above what many had."""
    frame = pd.read_csv(place / "studies" / "invented.csv")
    frame["tier"] = np.where(frame["who"] % 3 == 0, "None", np.where(frame["who"] % 3 == 1, "", "fibre"))
    frame.to_csv(place / "studies" / "none.csv", index=False)
    (place / "studies" / "none.yaml").write_text(STUDY.replace("invented.csv", "none.csv").replace("low: 0, high: 40", "low: 15, high: 40").replace("[region]", "[tier]"))
    view = what_if_satisfaction(lake, study="none", changes="mbps>=15", who="tier=None")
    assert set(view.ratings.groups["tier"].cat.categories) == {"None", "fibre", "unknown"}
    assert view.levers["mbps"].low == 5
    assert 0.2 < view.scenario.result.n_moved / view.scenario.result.n < 0.4
    for one in ("none.csv", "none.yaml"):
        (place / "studies" / one).unlink()


@pytest.mark.parametrize(("told", "title"), [("{region: Part of the country, tier: }", "Part of the country"), ("[region, tier]", "region")], ids=["titles", "none"])
def test_groups_are_shown_by_their_titles(place, lake, told, title):
    (place / "studies" / "titled.yaml").write_text(STUDY.replace("[region]", told))
    view = what_if_satisfaction(lake, study="titled", changes="stalls-0.5", who="tier=gold", saved="region=south~stalls-1", role="manager")
    # a feature of the same column has given it its label
    assert dict(view.choices["who"])["region=south"] == f"{title}: south"
    assert dict(view.choices["who"])["tier=gold"] == "Tier: gold"
    assert "The mean rating of Tier gold would rise" in view.answer[0]
    assert view.scenario_table()["who"].tolist() == [f"{title} south", "Tier gold"]
    assert {name: set(view.tables[name]["group"]) for name in ("compared", "drivers_by_level", "improvements_first")} == {"compared": {title}, "drivers_by_level": {title}, "improvements_first": {title}}
    state = WhatIfState(view)
    assert f"<caption>Change by {title}</caption>" in state.compared().replace(' class="cem-hidden"', "")
    assert f"for {title} south" in state.first()
    assert f"{title} south:" in state.by_level()
    # an address names the column
    with pytest.raises(UnknownNameError, match=f"There is no {title} named"):
        what_if_satisfaction(lake, study="titled", who="region=nrth")
    (place / "studies" / "titled.yaml").unlink()


@given(st.text(alphabet="abzABZ09_.- é", min_size=1, max_size=12))
def test_a_name_in_words_loses_no_letter(name):
    kept = [one for one in name if one not in "_.- "]
    assert [one for one in in_words(name).casefold() if one not in "_.- "] == list("".join(kept).casefold())


def test_a_study_is_a_name_and_never_a_path(place):
    assert {"lake", "invented"} <= set(study_names())
    for name in ("../invented", "studies/invented", "/etc/passwd", "nothing"):
        with pytest.raises(UnknownNameError):
            load_study(name)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A lake without records, and an empty folder of studies beside it."""
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    (tmp_path / "studies").mkdir()
    return tmp_path / "studies"


def test_where_no_study_can_be_opened_the_page_says_of_each_why_not(elsewhere):
    (elsewhere / "mine.yaml").write_text(STUDY.replace("title:", "titel:"))
    view = what_if_satisfaction(cem.open_lake(elsewhere.parent / "lake"), study="mien", strict=False)
    told = view.refused.set_index("study")
    assert list(told.index) == ["mien", "lake", "mine"]
    assert told.loc["mien", "todo"] == "Did you mean 'mine'?"
    assert "cem ingest rating" in told.loc["lake", "todo"]
    assert told.loc["mine"].tolist() == ["There is no key named 'titel'. (mine.yaml, line 2, column 1)", "Did you mean 'title'?"]
    assert view.figures == {}
    page = WhatIfPage(view)
    for said in ("No study can be opened", "mine.yaml, line 2, column 1", "survey.yaml", "monthly_charge -&gt; outcome"):
        assert said in page.top.static(), said
    assert page.filters.query == "study=mien"
    # nothing of a scenario stands there, and nothing can be kept of none
    assert [one.children for one in (page.moving, page.moved, page.gains, page.deeper)] == [()] * 4
    assert "act-keep" not in page.filters.html
    page.work_ahead(after_s=0).join(10)
    # the file is mended, and chosen again
    pd.DataFrame({"who": range(40)}).to_csv(elsewhere / "invented.csv")
    for name in ("survey.yaml", "survey.csv"):
        shutil.copy(Path(__file__).parents[2] / "templates" / "study" / name, elsewhere / name)
    page.filters.clicked = {"event": "filter", "name": "study", "value": "mine", "n": 1}
    assert page.view.study.name == "survey"
    assert page.studies.html == ""
    assert len(page.moving.children) == 2
    with pytest.raises(UnknownNameError, match="Did you mean 'mine'"):
        what_if_satisfaction(cem.open_lake(elsewhere.parent / "lake"), study="mien")


def test_the_example_to_copy_opens_in_both_apps(elsewhere):
    for name in ("survey.yaml", "survey.csv"):
        shutil.copy(Path(__file__).parents[2] / "templates" / "study" / name, elsewhere / name)
    lake = cem.open_lake(elsewhere.parent / "lake")
    found = view_segments(lake, study="survey", role="analyst")
    assert found.is_stable
    assert found.segments["subscribers"].sum() == 240
    assert found.missing == []
    view = what_if_satisfaction(lake, study="survey", changes="speed_mbps+20%")
    assert (view.missing, view.scenario.result.claim) == ([], "causal under stated graph")
    assert view.choices["who"][1][1].startswith("Plan: ")


def test_a_lake_without_ratings_says_what_to_do(lake):
    with pytest.raises(ParameterError, match="no ratings") as told:
        what_if_satisfaction(lake)
    assert "cem ingest rating" in str(told.value)
