"""The view of the segments: planted groups, how they fare, who moved, and who may see what."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.usecases import view_segments
from cemlib.usecases.segments.features import Feature
from cemlib.usecases.segments.lake_outcomes import LAKE_OUTCOMES
from cemlib.usecases.segments.movement import compare_segments, profile_segments, trace_moves
from cemlib.usecases.segments.outcomes import measure_segments
from cemlib.usecases.segments.wording import measured_rule

_spec = importlib.util.spec_from_file_location("grouped_lake", Path(__file__).with_name("grouped_lake.py"))
grouped_lake = sys.modules.get("grouped_lake") or importlib.util.module_from_spec(_spec)
if "grouped_lake" not in sys.modules:
    sys.modules["grouped_lake"] = grouped_lake
    _spec.loader.exec_module(grouped_lake)


@pytest.fixture(scope="module")
def lake():
    return grouped_lake.make_lake()


@pytest.fixture(scope="module")
def view(lake):
    return view_segments(lake, role="analyst")


@pytest.fixture
def named(view):
    return view.again(by="named")


def test_the_planted_groups_are_found(view):
    assert view.is_stable
    assert view.segments["subscribers"].tolist() == [100, 60]
    labels = view._reader.found.labels
    abroad = {grouped_lake.name_of(one) for one in grouped_lake.ABROAD}
    assert set(labels[labels == view.segments["segment"].iloc[1]].index) == abroad
    assert view.counts == {"customers": 160, "in_segments": 160, "unknown": 0, "odd": view.counts["odd"], "groups": 2, "small": 0}
    assert "2 segments" in view.answer[0]
    assert view.fidelity == 1.0


def test_how_they_fare_is_counted_by_hand(view):
    home, away = (view.segments.iloc[place] for place in (0, 1))
    # 50 at home answered 10; 30 abroad answered 3
    assert (home["nps"], home["nps_n"], away["nps"], away["nps_n"]) == (100, 50, -100, 30)
    # every third of 100 … 159: 20 tickets among 60 customers; 1 of 100 and 2 of 60 left
    assert away["tickets"] == pytest.approx(1000 * 20 / 60)
    assert home["tickets"] == 0
    assert (home["churn"], away["churn"]) == (pytest.approx(1), pytest.approx(100 * 2 / 60))
    # Wilson for 2 of 60: centre (2 + 1.92) / 63.84, worked out with the formula
    z = 1.959963984540054
    middle, half = (2 / 60 + z**2 / 120) / (1 + z**2 / 60), z * np.sqrt(2 / 60 * 58 / 60 / 60 + z**2 / 14400) / (1 + z**2 / 60)
    assert (away["churn_low"], away["churn_high"]) == (pytest.approx(100 * (middle - half)), pytest.approx(100 * (middle + half)))
    assert home["index"] > away["index"]
    assert view.answer[1].startswith(f"Index is worst in “{away['segment']}”")
    assert view.segments["bill_n"].tolist() == [100, 60]


def test_who_moved(view):
    # in the fourteen days before, forty of the sixty were at home
    assert view.kept["n"] == 160
    assert view.kept["value"] == pytest.approx(120 / 160)
    moved = view.migration.set_index(["before", "after"])["customers"]
    home, away = view.segments["segment"]
    assert moved.to_dict() == {(home, home): 100, (home, away): 40, (away, away): 20, (away, home): 0}


def test_places_are_squares_of_the_most_used_cells(view):
    assert view.places[["latitude_deg", "longitude_deg", "subscribers"]].values.tolist() == [[45.25, 2.25, 80], [46.25, 2.25, 80]]
    chosen = view.again(segment=view.segments["segment"].iloc[1])
    assert chosen.places["n"].tolist() == [30, 30]
    assert chosen.chosen["segment"] == view.segments["segment"].iloc[1]


def test_two_side_by_side(view):
    compared = view.compared.set_index("name")
    home, away = view.segments["segment"]
    assert compared[["one_segment", "other_segment"]].iloc[0].tolist() == [away, home]
    assert 70 < compared.at["abroad", "one"] < 90
    assert compared.at["abroad", "other"] == 0
    assert compared.at["abroad", "is_apart"]
    assert not compared.at["bill", "is_apart"]
    assert compared.at["nps_outcome", "difference"] == -200


RATE = [Feature("rate", "behaviour", "Mbit/s", "Rate", is_log=False)]


def test_a_median_lies_between_the_order_statistics_that_bound_it():
    # of 20 values a binomial(20, 1/2) leaves .041 at the 6th and the 15th (Conover, table A3); of 5 none of them bounds it at 95 %
    values = pd.Series([*range(1, 21), *range(5)], dtype=float)
    labels = pd.Series(["a"] * 20 + ["b"] * 5)
    shown = profile_segments(pd.DataFrame({"rate": values}), labels, RATE, "analyst").set_index("segment")
    assert shown.loc["a", ["value", "low", "high"]].tolist() == [10.5, 6, 15]
    assert shown.at["b", "value"] == 2
    assert shown.loc["b", ["low", "high"]].isna().all()
    assert shown["is_suppressed"].tolist() == [False, False]
    hidden = profile_segments(pd.DataFrame({"rate": values}), labels, RATE, "manager").set_index("segment")
    assert hidden.loc["b", ["value", "low", "high", "strength"]].isna().all()


def test_features_are_apart_where_their_intervals_are():
    row = {"feature": "rate", "title": "Rate", "unit": "Mbit/s", "strength": 0.0}
    profiles = pd.DataFrame([row | {"segment": "a", "value": 4.0, "low": 3.0, "high": 5.0}, row | {"segment": "b", "value": 6.0, "low": 5.5, "high": 7.0, "strength": 0.6},
                             row | {"segment": "c", "value": 6.0, "low": 4.5, "high": 7.0, "strength": 0.6}, row | {"segment": "d", "value": 6.0, "low": 5.5, "high": 7.0, "strength": 0.4}])
    apart = {other: compare_segments(profiles, pd.DataFrame({"segment": []}), "a", other, []).loc[0, "is_apart"] for other in "bcd"}
    assert apart == {"b": True, "c": False, "d": False}


def test_too_few_answers_are_not_compared():
    labels = pd.Series(["a"] * 40 + ["b"] * 40)
    values = pd.DataFrame({"index": 70.0, "nps": [9.0] * 40 + [2.0] * 4 + [np.nan] * 36, "tickets": 0.0, "churn": 0.0, "bill": 10.0})
    segments = measure_segments(labels, values, LAKE_OUTCOMES)
    assert segments.set_index("segment")["nps_state"].to_dict() == {"a": "ok", "b": "too_few"}
    profiles = pd.DataFrame({"segment": [], "feature": []})
    row = compare_segments(profiles, segments, "a", "b", LAKE_OUTCOMES).set_index("name").loc["nps_outcome"]
    assert row["one"] == 100
    assert np.isnan(row["other"])
    assert not row["is_apart"]


def test_a_manager_sees_no_small_group():
    before = pd.Series(["a"] * 50 + ["b"] * 50)
    after = pd.Series(["a"] * 45 + ["b"] * 55)
    shown, kept = trace_moves(before, after, "manager")
    by = shown.set_index(["before", "after"])
    # 5 moved from a to b: those who stayed in a would tell them, or the 55 who are in b now less those who stayed
    assert by["is_suppressed"].all()
    assert kept["n"] == 100
    assert trace_moves(before, after, "analyst")[0]["is_suppressed"].sum() == 0


def test_rules_are_told_as_they_are_measured():
    # ln(1 + 10) = 2.398 and ln(1 + 100) = 4.615 megabytes a day
    assert measured_rule("data above 2.398 and at most 4.6152, other above 3") == "data above 10.0 and at most 100 MB a day, other above 3"


def test_one_group_is_an_answer(lake):
    # before 14 March nearly everybody was at home: those abroad are 20 of 160
    early = view_segments(lake, period="2026-03-01/2026-03-13", role="analyst")
    assert early.segments["subscribers"].sum() == 160
    assert early.migration.empty
    assert any("before were not recorded" in one for one in early.missing) or len(early.segments) == 1


def test_what_does_not_exist_is_refused_or_told(lake):
    with pytest.raises(UnknownNameError, match="midle"):
        view_segments(lake, segment="midle", role="analyst")
    with pytest.raises(ParameterError, match="period"):
        view_segments(lake, period="march", role="analyst")
    lenient = view_segments(lake, period="march", segment="midle", role="analyst", strict=False)
    assert lenient.chosen["period"] == "last"
    assert len([one for one in lenient.missing if "left out" in one]) == 2


def test_a_lake_with_few_customers_says_so(lake):
    few = grouped_lake.satisfied_lake.SatisfiedLake(subscriber=[{"subscriber_key": grouped_lake.name_of(1), "subscriber_kind_code": "mobile", "status_code": "active"}],
                                                    data_session=[{"subscriber_key": grouped_lake.name_of(1), "direction_code": "home"}])
    view = view_segments(few, role="analyst")
    assert view.segments.empty
    assert "too few mobile customers" in view.answer[0]
    assert view.figures == {"segments": 0.0}


def test_named_sets_are_counted_by_hand(named):
    rules = named.rules.set_index("segment")
    # sixty have sessions abroad; a twentieth of 160 has most data, and all eight of them are abroad too
    assert rules["n"].to_dict() == {"roamer": 60, "heavy": 0, "others": 100}
    assert rules.at["heavy", "elsewhere"] == 8
    assert rules.at["roamer", "rule"] == "days with use abroad at least 1"
    assert rules.at["heavy", "rule"].startswith("data volume in the top 5 % (above ")
    segments = named.segments.set_index("segment")
    assert segments["subscribers"].to_dict() == {"roamer": 60, "heavy": 0, "others": 100}
    assert segments["nps"].dropna().to_dict() == {"roamer": -100, "others": 100}
    assert segments.at["heavy", "nps_state"] == "no_data"
    assert named.counts["in_sets"] == 60
    assert "segment_2_customers" in named.figures
    # the forty who were at home before were in no set
    moved = named.migration.set_index(["before", "after"])["customers"]
    assert (moved["others", "roamer"], moved["roamer", "roamer"]) == (40, 20)


def test_what_the_lake_does_not_know_is_no_empty_set(named):
    assert [one.partition(":")[0] for one in named.untold] == ["VIP", "IoT fleet", "silent"]
    assert "no list of watched customers" in named.untold[0]
    assert "no voice calls" in named.untold[2]
    assert not {"VIP", "IoT fleet", "silent"} & set(named.rules["segment"])
    assert "3 more cannot be told" in named.answer[-1]


def test_watched_customers_and_fleets_are_sets():
    lake = grouped_lake.make_lake(watched=range(12), things=range(500, 515))
    named = view_segments(lake, by="named", role="analyst")
    rules = named.rules.set_index("segment")["n"]
    assert (rules["VIP"], rules["IoT fleet"], rules["roamer"]) == (12, 15, 60)
    # things are no customers among whom segments are looked for
    assert named.again(by="found").counts["customers"] == 160
    assert named.counts["customers"] == 175


def test_a_manager_cannot_work_out_a_small_set(monkeypatch):
    lake = grouped_lake.make_lake(watched=range(3), things=range(500, 515))
    named = view_segments(lake, by="named", role="manager")
    hidden = named.segments[named.segments["is_suppressed"]]
    # three are hidden, and the next smallest with them: the number of all is shown
    assert set(hidden["segment"]) == {"VIP", "IoT fleet"}
    assert hidden[["subscribers", "index", "tickets", "churn_n"]].isna().all(axis=None)
    assert named.rules.set_index("segment").loc[["VIP", "IoT fleet"], "n"].isna().all()
    # eight of the heavy are roamers: fewer than ten are not told
    assert named.rules.set_index("segment")["elsewhere"].isna()["heavy"]
    assert named.profiles[named.profiles["segment"] == "VIP"]["value"].isna().all()


@pytest.mark.parametrize(("text", "said"), [("sets: [VIP]", "not told as wanted"), ("sets: {rich: bil >= 100}", "bil"), ("sets: {rich: bill about 100}", "cannot be read"), ("sets: {", "cannot be read")])
def test_rules_beside_the_lake_take_the_place(lake, tmp_path, monkeypatch, text, said):
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    (tmp_path / "named_sets.yaml").write_text("sets: {rich: bill >= 20, traveller: days_abroad >= 5}")
    assert view_segments(lake, by="named", role="analyst").rules["segment"].tolist() == ["rich", "traveller", "others"]
    (tmp_path / "named_sets.yaml").write_text(text)
    with pytest.raises((ParameterError, UnknownNameError), match=said):
        view_segments(lake, by="named", role="analyst")
    lenient = view_segments(lake, by="named", role="analyst", strict=False)
    assert lenient.segments.empty
    assert any(said in one for one in lenient.missing)
