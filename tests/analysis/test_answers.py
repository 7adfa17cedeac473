"""Answers that were given with the rating are told from measurements that are shown in marks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cemlib.analysis import SatisfactionModel
from cemlib.analysis.answers import chance_of_direction, judge_answers, looks_like_answers
from cemlib.analysis.leaks import find_leaks, find_suspects
from cemlib.errors import ParameterError

N = 1200
WHO = pd.Series(np.arange(N) // 2)


def marks(values: np.ndarray) -> pd.Series:
    return pd.Series(np.clip(np.round(3 + (values - values.mean()) / values.std()), 1, 5))


@pytest.fixture(scope="module")
def world():
    """KPIs that act on a felt satisfaction, a device's grade that acts as strongly and stands beside no KPI, and a mood that only answers know."""
    rng = np.random.default_rng(11)
    kpis = pd.DataFrame(rng.normal(size=(N, 4)), columns=["stalls", "wait", "speed", "price"])
    grade, mood = rng.normal(size=N // 2)[WHO], 0.6 * rng.normal(size=N)
    felt = kpis.to_numpy() @ [-0.5, -0.3, 0.4, -0.2] + 0.7 * grade + mood
    shown = {"bars": marks(kpis["speed"].to_numpy() + rng.normal(0, 0.3, N)), "grade": marks(grade), "asked": marks(felt + rng.normal(0, 0.5, N))}
    return kpis, pd.DataFrame(shown), marks(felt + rng.normal(0, 0.5, N)), rng


def test_an_answer_is_refused_and_a_display_as_strong_is_not(world):
    kpis, shown, rating, _ = world
    # all of them go with the rating by more than .4, which is all that a threshold would see; the grade nearly as much as the answer
    assert (shown[["grade", "asked"]].corrwith(rating, method="spearman") > 0.5).all()
    found = find_leaks(kpis.join(shown), rating, WHO)
    assert found["feature"].tolist() == ["asked"]
    assert "asked together" in found["sign"][0]
    with pytest.raises(ParameterError, match="asked: marks"):
        SatisfactionModel("gbm").fit(kpis.join(shown), rating, WHO)
    fitted = SatisfactionModel("gbm", known_before=["asked"]).fit(kpis.join(shown), rating, WHO)
    assert not any("may have been asked" in one for one in fitted.warnings_)


def test_what_a_customer_has_always_is_no_answer_to_each_question(world):
    kpis, shown, rating, _ = world
    assert judge_answers(kpis.join(shown[["grade"]]), rating, WHO, ["grade"])["state"].tolist() == ["measured"]
    # without the customers it may be an answer: said, not refused
    assert find_leaks(kpis.join(shown[["grade"]]), rating)["feature"].tolist() == []
    assert "may have been asked" in find_suspects(kpis.join(shown[["grade"]]), rating).set_index("feature")["sign"]["grade"]


def test_a_display_of_a_kpi_is_a_measurement_even_as_the_only_strong_one(world):
    _, _, _, rng = world
    speed = rng.normal(size=N)
    bars, rating = marks(speed + rng.normal(0, 0.2, N)), marks(speed + rng.normal(0, 0.6, N))
    told = judge_answers(pd.DataFrame({"speed": speed, "bars": bars}), rating, None, ["bars"]).iloc[0]
    assert told["rho"] > 0.7
    assert abs(told["own"]) < 0.2
    assert told["state"] == "measured"


def test_an_answer_turned_round_is_an_answer(world):
    kpis, shown, rating, _ = world
    told = judge_answers(kpis.assign(asked=6 - shown["asked"]), rating, WHO, ["asked"]).iloc[0]
    assert told["state"] == "answer"
    assert told["rho"] < -0.4
    assert told["own"] < -0.3


def test_of_a_questionnaire_the_questions_come_together(world):
    kpis, shown, rating, rng = world
    # about waiting more than about the whole: alone it would be doubtful
    aspect = marks(0.8 * (shown["asked"] - 3).to_numpy() - 1.1 * kpis["wait"].to_numpy() + 0.7 * kpis["stalls"].to_numpy() + rng.normal(0, 0.4, N))
    alone = judge_answers(kpis.assign(aspect=aspect), rating, WHO, ["aspect"])["state"].tolist()
    together = judge_answers(kpis.assign(aspect=aspect, asked=shown["asked"]), rating, WHO, ["aspect", "asked"])["state"].tolist()
    assert (alone, together) == (["doubtful"], ["answer", "answer"])


def test_about_an_aspect_its_name_may_decide_and_else_it_is_warned_of(world):
    kpis, shown, rating, _ = world
    rng = np.random.default_rng(29)
    aspect = marks(0.8 * (shown["asked"] - 3).to_numpy() - 1.1 * kpis["wait"].to_numpy() + 0.7 * kpis["stalls"].to_numpy() + rng.normal(0, 0.4, N))
    # q7 might as well be a measurement of what no KPI tells
    assert find_leaks(kpis.assign(q7=aspect), rating, WHO).empty
    assert find_suspects(kpis.assign(q7=aspect), rating, WHO)["feature"].tolist() == ["q7"]
    assert find_leaks(kpis.assign(satisfaction_app=aspect), rating, WHO)["feature"].tolist() == ["satisfaction_app"]
    # a name makes no answer of bars that have a KPI behind them
    assert find_leaks(kpis.assign(satisfaction_bars=shown["bars"]), rating, WHO).empty


def test_a_weak_answer_is_warned_of_and_a_weak_display_is_not(world):
    kpis, shown, rating, _ = world
    rng = np.random.default_rng(29)
    weak = marks((shown["asked"] + rng.normal(0, 2.0, N)).to_numpy())
    assert 0.25 < weak.corr(rating, method="spearman") < 0.4
    bars = marks(kpis["speed"].to_numpy() + rng.normal(0, 0.2, N))
    assert 0.25 < bars.corr(rating, method="spearman") < 0.4
    assert find_leaks(kpis.assign(weak=weak, bars=bars), rating, WHO).empty
    assert find_suspects(kpis.assign(weak=weak, bars=bars), rating, WHO)["feature"].tolist() == ["weak"]


def test_a_scale_is_seen_though_nobody_gave_the_worst_mark():
    rating, rng = pd.Series(np.tile(np.arange(11.0), 60)), np.random.default_rng(3)
    asked = pd.Series(np.clip(rating + rng.integers(-2, 3, 660), 2, 10))
    assert (asked.min(), asked.max()) == (2, 10)
    assert looks_like_answers(asked, rating)
    # four marks from 2 to 5 may be anything, and so may a count up to 9
    assert not looks_like_answers(asked.clip(2, 5), rating)
    assert not looks_like_answers(asked.clip(2, 9), rating)


@pytest.mark.parametrize(("price", "goes_with"), [(-0.8, [0, 0, 0, 2]), (-0.2, [-0.08, -0.05, 0.06, -0.03])], ids=["another proportion", "too little of it"])
def test_a_measurement_of_the_moment_goes_with_the_kpis_in_its_own_way(world, price, goes_with):
    kpis, _, _, rng = world
    level = rng.normal(size=N) + kpis.to_numpy() @ goes_with
    rating = marks(kpis.to_numpy() @ [-0.5, -0.3, 0.4, price] + 0.6 * level + rng.normal(0, 0.4, N))
    told = judge_answers(kpis.assign(level=marks(level)), rating, WHO, ["level"]).iloc[0]
    assert told["own"] > 0.5
    assert told["state"] == "doubtful"


def test_without_kpis_nothing_is_refused_by_its_marks_alone(world):
    _, shown, rating, _ = world
    assert judge_answers(shown[["asked"]], rating, WHO, ["asked"])["state"].tolist() == ["doubtful"]


@pytest.mark.parametrize(("cosine", "count", "chance"), [(0.5, 3, 0.25), (np.cos(np.pi / 10), 2, 0.1), (-0.2, 5, 1.0), (1.0, 1, 1.0)])
def test_the_cap_of_a_sphere_by_hand(cosine, count, chance):
    # of a circle the angle to either side over pi; of a sphere (1 - cosine) / 2
    assert chance_of_direction(cosine, count) == pytest.approx(chance)


def test_poqemon_answers_are_found_each_and_all(shared_data):
    read = pd.read_csv(shared_data / "poqemon_qoe" / "pokemon.csv")
    X = read.select_dtypes("number").drop(columns=["id", "user_id", "MOS"])
    asked = [name for name in X if name.startswith("QoF_")]
    assert find_leaks(X, read["MOS"], read["user_id"])["feature"].tolist() == asked
    for name in asked:
        assert find_leaks(X.drop(columns=[one for one in asked if one != name]), read["MOS"], read["user_id"])["feature"].tolist() == [name]
