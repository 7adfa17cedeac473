"""The view of the satisfaction index: bands, parts that add up, weights that are moved, survey against index, and who may see whom."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.errors import ParameterError, PrivacyError, UnknownNameError
from cemlib.experience import load_index
from cemlib.settings import settings as cem_settings
from cemlib.usecases import view_satisfaction
from cemlib.usecases.satisfaction.indexes import choose_index, edit_weights, slider_weights, weights_text
from cemlib.usecases.satisfaction.parts import group_parts

_spec = importlib.util.spec_from_file_location("satisfied_lake", Path(__file__).with_name("satisfied_lake.py"))
satisfied_lake = sys.modules.get("satisfied_lake") or importlib.util.module_from_spec(_spec)
if "satisfied_lake" not in sys.modules:
    sys.modules["satisfied_lake"] = satisfied_lake
    _spec.loader.exec_module(satisfied_lake)
name_of = satisfied_lake.name_of


@pytest.fixture(scope="module")
def lake():
    return satisfied_lake.make_lake()


@pytest.fixture(scope="module")
def view(lake):
    return view_satisfaction(lake, role="analyst")


@pytest.fixture(scope="module")
def for_manager(lake):
    return view_satisfaction(lake, role="manager", weights="memory=0.6")


def test_those_with_failed_sessions_are_the_lowest(view):
    assert set(view.lowest["subscriber_key"].head(6)) == {name_of(one) for one in satisfied_lake.BAD}
    assert view.mean["n"] == 52
    assert view.bands["customers"].sum() == 52
    assert view.figures["scored"] == 52
    # what failed costs most, and the sentence says it
    assert "data_session_setup_success_ratio" in view.drivers["term"].iloc[0]
    assert "data session set-up success" in view.answer[1]


def test_why_asks_about_what_costs_most(view):
    # records from the 1st to the 20th of March, so the last ten of the thirty days against the ten before
    assert view.why == {"kpi": "data_session_setup_success_ratio", "period": "2026-03-11/2026-03-20"}


def test_the_parts_of_a_customer_add_up(view):
    one = view.explain(name_of(satisfied_lake.BAD[0]))
    parts = group_parts(one)
    assert parts["points"].sum() == pytest.approx(one.score, abs=1e-9)
    # each part begins where the ones above end
    assert parts["start"].to_numpy()[1:] == pytest.approx(parts["points"].cumsum().to_numpy()[:-1], abs=1e-9)
    assert parts["weight"].sum() == pytest.approx(1)
    # no bill, no SMS: their weight went to the others
    assert set(parts["service"]) == {"data", "voice"}
    assert view.explain(segment="plus").score == pytest.approx(view.segments.set_index("segment_code").at["plus", "score"])


def test_survey_against_index_in_four_groups(view):
    found = view.groups.frame.set_index("group")["subscribers"]
    # the six with failed sessions say so; four are unhappy though they had what the others had
    assert found[["unhappy_explained", "unhappy_otherwise"]].sum() == 10
    assert found["unhappy_explained"] >= 6
    assert found.sum() == 48
    assert view.groups.words == "recommendation 0 – 10, unhappy up to 6"
    assert view.figures["group_unhappy_explained"] == found["unhappy_explained"]


def test_the_honesty_card_is_held_against_what_came_afterwards(view):
    # the last third of the window is held out: its answers are later than what was scored
    (row,) = view.checks[view.checks["segment"] == ""].to_dict("records")
    assert (row["outcome"], row["customers"], row["unhappy"], row["state"]) == ("survey:nps_11", 48, 10, "ok")
    assert 0.5 < row["auc"] <= 1
    assert row["sentence"] in view.answer[-1]
    assert view.figures["auc_survey_nps_11"] == row["auc"]
    assert view.fifths["customers"].sum() == 48


def test_a_moved_weight_scores_anew_and_the_address_leads_there_again(view):
    moved = view.move("memory", 0.6).move("voice", 0.5)
    assert moved.mean_after["value"] != moved.mean["value"]
    assert moved.mean == view.mean
    assert moved.moves.bands["customers"].sum() == moved.moves.summary["compared"] == 52
    again = view.again(weights=moved.chosen["weights"])
    assert again.mean_after["value"] == pytest.approx(moved.mean_after["value"], abs=1e-3)
    # who is explained is explained with the moved weights
    assert moved.explain(name_of(satisfied_lake.BAD[0])).score != pytest.approx(view.explain(name_of(satisfied_lake.BAD[0])).score, abs=0.1)
    assert view.again(weights="").moves is None


def test_a_manager_sees_groups_and_no_single_customer(for_manager):
    assert for_manager.lowest.empty
    assert for_manager.moves.customers.empty
    with pytest.raises(PrivacyError):
        for_manager.explain(name_of(satisfied_lake.BAD[0]))
    # two customers share the segment "tiny"
    with pytest.raises(PrivacyError):
        for_manager.explain(segment="tiny")
    segments = for_manager.segments.set_index("segment_code")
    assert np.isnan(segments.at["tiny", "score"])
    assert not np.isnan(segments.at["plus", "score"])
    for frame, size in ((for_manager.groups.frame, "subscribers"), (for_manager.moves.bands, "customers"), (for_manager.spread, "customers"), (segments, "subscribers")):
        shown = frame[size].dropna()
        assert ((shown == 0) | (shown >= 10)).all()
    # six or so, and four or less, are hidden
    assert for_manager.groups.frame.set_index("group")["subscribers"].isna()[["unhappy_explained", "unhappy_otherwise"]].all()
    assert np.isnan(for_manager.figures["group_unhappy_explained"])
    # ten of 48 are unhappy: the check is told; by segment they are fewer, and hidden
    checks = for_manager.checks
    assert checks.loc[checks["segment"] == "", "unhappy"].tolist() == [10]
    parts = checks[checks["segment"] != ""].set_index("segment")
    assert parts.loc[["basic", "plus"], "unhappy"].isna().all()
    assert not parts.loc[["basic", "plus"], "sentence"].str.contains(r"\d of").any()
    # six are between: neither their share nor the one that tells it, of the content, is shown, in words neither
    assert for_manager.bands.set_index("band")["share_ratio"].isna().to_dict() == {"unhappy": False, "between": True, "content": True}
    assert for_manager.answer[0].startswith("**0.0 % of 52 customers are unhappy (below 70)**; the mean is ")


def test_what_does_not_exist_is_refused_or_told(lake, tmp_path):
    with pytest.raises(UnknownNameError, match="prize"):
        view_satisfaction(lake, weights="prize=0.3")
    with pytest.raises(ParameterError, match="cannot be read"):
        view_satisfaction(lake, weights="price")
    with pytest.raises(UnknownNameError, match="defualt"):
        view_satisfaction(lake, index="defualt")
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: hunter2\n")
    told = view_satisfaction(lake, index=str(secret), other="nothing", weights="prize=1", month="2031-01", strict=False)
    assert told.chosen == {"month": "last", "index": "default", "other": "", "weights": ""}
    assert len(told.missing) >= 3
    # an address that anybody can write opens no file
    assert "hunter2" not in "".join(told.missing)


def test_an_empty_lake_says_so():
    empty = view_satisfaction(satisfied_lake.SatisfiedLake(subscriber=[{"subscriber_key": "a", "subscriber_kind_code": "mobile", "status_code": "active"}]))
    assert empty.answer == ["No customer has enough records for a score."]
    assert empty.moves is None


def test_a_file_of_the_operator_can_be_chosen_and_compared(lake, tmp_path, monkeypatch):
    (tmp_path / "data" / "indexes").mkdir(parents=True)
    (tmp_path / "data" / "reference").symlink_to(cem_settings().reference_path)
    monkeypatch.setenv("CEM_HOME", str(tmp_path))
    load_index().with_weights({"price": 0.5}).save(tmp_path / "data" / "indexes" / "dearer.yaml")
    assert choose_index("dearer", with_path=False).weights.price == 0.5
    found = view_satisfaction(lake, other="dearer", role="analyst", strict=False)
    assert ("dearer", "dearer") in found.choices["other"]
    assert found.moves.versions == ("1.1", "1.1+")
    assert found.chosen["weights"] == ""


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["quality", "memory", "price", "data", "sms"]), st.integers(0, 95)), min_size=1, max_size=5))
def test_any_row_of_moves_can_be_told_in_a_text(moves):
    before = load_index()
    after = before
    for name, percent in moves:
        try:
            after = after.with_weights({name: percent / 100})
        except ParameterError:
            # the others of its kind are all 0 already
            continue
    again = edit_weights(before, weights_text(before, after))
    for kind, room in slider_weights(after).items():
        assert sum(room.values()) == pytest.approx(1)
        assert slider_weights(again)[kind] == pytest.approx(room, abs=2e-6)
