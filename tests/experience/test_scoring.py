"""Scores: bounded, adding up, with nothing impossible in them, and re-scored without the lake."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_evidence import invent
from rows_source import Rows, write_rows

from cemlib.errors import CallError, ParameterError, UnknownNameError
from cemlib.experience import load_index, score_experience
from cemlib.experience.index import list_terms
from cemlib.experience.scoring import score_evidence
from cemlib.lake import open_lake

INDEX = load_index()
WEIGHTS = st.fixed_dictionaries({"quality": st.floats(0.01, 0.3), "price": st.floats(0, 0.3), "voice": st.floats(0, 0.9), "data_session_drop_ratio": st.floats(0, 0.9)})


@pytest.fixture(scope="module")
def scores():
    return score_evidence(invent(INDEX, seed=1, customers=400), INDEX)


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), customers=st.integers(1, 40), active=st.floats(0.02, 1), weights=WEIGHTS, missing=st.sampled_from(["renormalise", "no_score"]))
def test_a_score_is_the_sum_of_its_parts_and_stays_on_its_scale(seed, customers, active, weights, missing):
    index = INDEX.with_weights(weights).model_copy(update={"missing_services": missing})
    found = score_evidence(invent(INDEX, seed=seed, customers=customers, active=active), index)
    frame, parts = found.frame, found.contributions()
    scored = frame["score"].notna().to_numpy()
    assert (frame["state"].eq("ok").to_numpy() == scored).all()
    assert parts[~scored].isna().all(axis=None)
    some = frame[scored]
    assert np.abs(parts[scored].sum(axis=1).to_numpy() - some["score"].to_numpy()).max(initial=0) < 1e-9
    assert some["score"].between(0, 100).all()
    assert ((some["low"] <= some["score"]) & (some["score"] <= some["high"]) & (some["low"] >= 0) & (some["high"] <= 100)).all()
    weights_used = found.weighed.weights_of(np.flatnonzero(scored))
    assert np.allclose(weights_used.sum(axis=1), 1)
    # what is not known weighs nothing
    assert not weights_used[~found.terms.known[scored]].any()
    if missing == "no_score":
        quality = [(place, one.service) for place, one in enumerate(list_terms(index)) if one.facet == "quality"]
        for service in index.services:
            assert found.terms.known[np.ix_(scored, [place for place, name in quality if name == service])].any(axis=1).all()


def test_the_parts_of_an_explanation_add_up(scores):
    key = scores.frame.sort_values("score")["subscriber_key"].iloc[0]
    one = scores.explain(key)
    assert one.total == pytest.approx(one.score, abs=1e-9)
    assert one.parts["weight"].sum() == pytest.approx(1)
    assert one.parts["declared"].sum() == pytest.approx(1)
    assert one.sentences[0].startswith(f"The score is {one.score:.1f} of 100")
    assert "costs" in one.sentences[1]
    lost = one.parts["lost"].sum()
    assert lost == pytest.approx((one.parts["weight"] * one.parts["usual"]).sum() - one.score)
    assert one.to_dict()["parts"][0]["kpi"] == one.parts["kpi"].iloc[0]
    with pytest.raises(ParameterError, match="not scored"):
        scores.explain("nobody")


def test_the_terms_by_hand():
    """One customer, one KPI: 2 drops in 16 sessions; four records of the usual 0.004 are added."""
    from cemlib.experience.evidence import Track

    evidence = invent(INDEX, seed=2, customers=1)
    tracks = {"data_session_drop_ratio": Track(np.array([0]), np.array([29]), np.array([2.0]), np.array([16.0]), None)}
    found = score_evidence(dataclasses.replace(evidence, tracks=tracks, bills=None), INDEX)
    drawn = (2 + 4 * 0.004) / 20
    # the curve: 0.05 -> 40, 0.2 -> 0
    quality = 40 * (1 - (drawn - 0.05) / 0.15)
    # usual: 0.004 lies between 0 -> 100 and 0.01 -> 85: 94. 94 - 26.6 is more than 60 below: worth 0
    values = dict(zip(found.terms.names, found.terms.scores[0]))
    assert values["quality:data_session_drop_ratio"] == pytest.approx(quality)
    assert values["expectation:data_session_drop_ratio"] == pytest.approx(0, abs=1e-9)
    # faded (0 + 2 x 75) / 3 = 50, the most extreme day 0, the last days 0
    assert values["memory:data_session_drop_ratio"] == pytest.approx(0.55 * 50)
    assert found.frame["state"].tolist() == ["too_few"]
    share = INDEX.services["data"].weight * 0.25
    assert found.frame["known_weight"].iloc[0] == pytest.approx(0.8 * share)
    known = score_evidence(found.evidence, INDEX.model_copy(update={"evidence": INDEX.evidence.model_copy(update={"least_weight": 0.0})}))
    by_hand = (0.25 * share * quality + 0.35 * share * 27.5) / (0.8 * share)
    assert known.frame["score"].iloc[0] == pytest.approx(by_hand)


def test_a_bill_against_the_own_ones_and_against_the_class():
    evidence = dataclasses.replace(invent(INDEX, seed=3, customers=12), segments=np.array(["plus"] * 12, dtype=object))
    amounts = [10.0] * 11 + [12.5]
    bills = pd.DataFrame({"unit": range(12), "day": 20, "amount": amounts})
    # the first has had bills of 8 before; the others are held against the class' median, 10
    before = pd.DataFrame({"unit": [0, 0, 0], "day": [-10, -40, -70], "amount": [8.0, 8.0, 8.0]})
    found = score_evidence(dataclasses.replace(evidence, bills=pd.concat([bills, before])), INDEX).terms
    ratio = found.details["price"]["ratio"]
    assert ratio[[0, 1, 11]] == pytest.approx([1.25, 1.0, 1.25])
    assert found.scores[[0, 1, 11], -1] == pytest.approx([35, 80, 35])


def test_another_index_is_scored_without_the_lake(scores):
    lakeless = dataclasses.replace(scores.evidence, lake=None)
    moved = score_evidence(lakeless, INDEX, scores.terms).rescore({"price": 0.5})
    assert moved.terms is scores.terms
    again = score_evidence(lakeless, INDEX.with_weights({"price": 0.5}))
    assert np.array_equal(moved.frame["score"], again.frame["score"], equal_nan=True)
    slower = INDEX.model_copy(update={"memory": INDEX.memory.model_copy(update={"half_life_bad_days": 60.0})})
    assert scores.rescore(slower).terms is not scores.terms
    longer = INDEX.model_copy(update={"memory": INDEX.memory.model_copy(update={"reach_days": 90})})
    with pytest.raises(CallError, match="not read"):
        scores.rescore(longer)


def test_who_moves_and_why(scores):
    moved = scores.diff({"price": 0.5})
    assert np.abs(moved.changes.sum(axis=1).reindex(moved.frame["subscriber_key"]).to_numpy() - moved.frame["change"].to_numpy()).max() < 1e-9
    assert moved.frame["change"].abs().is_monotonic_decreasing
    # more weight on the price: who has the lowest price score falls, and the price is why
    first = moved.frame.iloc[0]
    assert (first["why"], np.sign(first["why_points"])) == ("price", np.sign(first["change"]))
    summary = moved.summary()
    # a few without a bill have too little left that is known
    assert 390 < summary["compared"] <= scores.frame["score"].notna().sum()
    assert summary["up"] + summary["down"] <= summary["compared"]
    same = scores.diff(INDEX)
    assert not same.frame["change"].any()


def test_the_drivers_share_out_the_differences(scores):
    drivers = scores.rank_drivers()
    assert drivers["spread"].sum() == pytest.approx(1)
    assert drivers["worst_for"].sum() == pytest.approx(1)
    assert drivers["lost"].is_monotonic_decreasing
    parts = scores.contributions().dropna()
    usual = (scores.weighed.weights_of(slice(None))[parts.index.get_indexer(parts.index)] * scores.terms.usual)
    assert drivers.set_index("term")["lost"].sum() == pytest.approx(usual.sum(axis=1).mean() - parts.sum(axis=1).mean(), abs=0.2)


def test_a_segment_is_the_mean_of_its_customers():
    evidence = invent(INDEX, seed=4, customers=300)
    single = score_evidence(evidence, INDEX)
    grouped = score_evidence(dataclasses.replace(evidence, grain=dataclasses.replace(evidence.grain, by="segment_code", group="plan_code"), groups=evidence.segments), INDEX)
    means = single.frame.groupby("segment")["score"].agg(["mean", "count", "std"])
    frame = grouped.frame.set_index("segment_code")
    assert list(frame.index) == ["basic", "plus"]
    assert frame["score"].to_numpy() == pytest.approx(means.loc[["basic", "plus"], "mean"].to_numpy())
    assert frame["subscribers"].tolist() == means.loc[["basic", "plus"], "count"].tolist()
    half = (frame["high"] - frame["low"]) / 2
    assert half.to_numpy() == pytest.approx((1.97 * means["std"] / np.sqrt(means["count"])).loc[["basic", "plus"]].to_numpy(), rel=0.02)
    assert np.abs(grouped.contributions().sum(axis=1).to_numpy() - frame["score"].to_numpy()).max() < 1e-9
    assert grouped.explain("plus").total == pytest.approx(frame.loc["plus", "score"])


def calls(person, day, count, setup_s=3.0, dropped=0, **more):
    return [("voice_call", {"call_id": f"{person}{day}{one}", "subscriber_key": person, "started_at": f"2026-03-{day:02d}T10:{one:02d}", "setup_s": setup_s,
                            "answered_at": f"2026-03-{day:02d}T10:{one:02d}", "mos_value": 4.1, "is_dropped": one < dropped, "direction_code": "home", **more}) for one in range(count)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    place = tmp_path_factory.mktemp("index")
    rows = [row for day in range(1, 11) for person in ("anna", "bert") for row in calls(person, day, 5, dropped=2 if person == "bert" else 0)]
    # the contract of the table refuses what is below 0; a day until a call is set up passes it, and cannot be either
    rows += calls("anna", 12, 3, setup_s=86_400.0) + calls("visitor", 5, 4, direction_code="inbound")
    with open_lake(place / "lake") as opened:
        done = opened.ingest(Rows(write_rows(place / "rows.json", rows)), door=object())
        assert [one.status for one in done.files] == ["ingested"]
        yield opened


def test_impossible_values_never_reach_a_score_and_are_counted(lake):
    curve = {"title": "Call set-up time", "service": "voice", "unit": "s", "better": "lower", "shape": "linear", "points": [[2, 100], [15, 0]], "good": 4, "poor": 8,
             "possible": [0, 3600], "standard": "own", "why": "nobody waits for an hour"}
    found = score_experience(lake, month="2026-03", index=INDEX.model_copy(update={"curves": INDEX.curves | {"voice_setup_time": curve}}))
    assert found.counts()["impossible_values"] == 3
    assert found.terms.impossible["voice_call_setup_mean"] == 3
    anna = found.terms.details["voice_call_setup_mean"]
    row = found.keys.get_loc("anna")
    # fifty calls of three seconds; the three impossible ones are in no sum, yet their calls were made
    assert (anna["num"][row], anna["den"][row]) == (150.0, 50.0)
    assert found.terms.details["voice_call_setup_success_ratio"]["den"][row] == 53
    # a third of a day would have made a bad set-up time of it
    assert found.terms.scores[row, found.terms.names.index("quality:voice_call_setup_mean")] > 90


@pytest.mark.parametrize("wrong", [-0.5, 1.4], ids=["negative", "beyond"])
def test_a_value_that_cannot_be_is_in_no_sum(wrong):
    """A loss of 140 % or a negative time: null and counted, whatever the table's contract says."""
    from cemlib.experience import curve
    from cemlib.experience.evidence import _possible_only
    from cemlib.kpi import Mean, evaluate_frame, find_kpi

    mean = dataclasses.replace(find_kpi("data_session_rtt_mean"), part=Mean("retransmission_ratio"))
    kept, outside = _possible_only(mean, curve("wifi_retry_ratio"))
    rows = {"retransmission_ratio": [0.2, 0.4, wrong, None]}
    assert evaluate_frame(rows, kept)[["num", "den"]].to_numpy().tolist() == [[pytest.approx(0.6), 2]]
    assert evaluate_frame(rows, outside)["num"].tolist() == [1]


def test_a_visitor_is_no_subscriber_and_who_drops_is_less_content(lake):
    frame = score_experience(lake, window=("2026-03-01", "2026-03-31"), index=None).frame.set_index("subscriber_key")
    assert set(frame.index) == {"anna", "bert"}
    found = score_experience(lake, month="2026-03", index=INDEX.model_copy(update={"evidence": INDEX.evidence.model_copy(update={"least_weight": 0.1})}))
    scored = found.frame.set_index("subscriber_key")["score"]
    assert scored["anna"] > scored["bert"] + 5
    assert found.rank_drivers()["term"].iloc[0].endswith("voice_call_drop_ratio")


def test_records_are_scored_by_what_they_say(lake):
    found = score_experience(lake, "visited_plmn", month="2026-03")
    assert found.frame["visited_plmn_code"].tolist() == ["99901"]
    # anna, bert and the visitor
    assert found.frame["subscribers"].tolist() == [3]
    assert score_experience(lake, "segment", month="2026-03").frame.empty
    assert score_experience(lake, "segment", month="2026-03", segments={"anna": "calm", "bert": "calm"}).evidence.groups.tolist() == ["calm", "calm"]


def test_wrong_calls_are_refused(lake):
    with pytest.raises(UnknownNameError) as caught:
        score_experience(lake, "segmnet")
    assert "segment" in caught.value.near
    for wrong in ({"month": "2026-13"}, {"month": "March"}, {"window": ("2026-03-02", "2026-03-01")}, {"window": "2026"}, {"month": "2026-03", "window": ("2026-03-01", "2026-03-02")}):
        with pytest.raises(ParameterError):
            score_experience(lake, **wrong)
    # nothing there: no rows, no error
    empty = score_experience(lake, month="2020-01")
    assert len(empty) == 0
    assert empty.rank_drivers()["keys"].eq(0).all()


def test_without_records_of_web_video_and_messaging_the_other_services_score_as_if_alone():
    """Without bills, that is: to a price they leave a part of their weight too, .2 / .84 instead of .2."""
    kept = {name: INDEX.services[name].model_copy(update={"weight": weight}) for name, weight in {"data": 0.55, "voice": 0.35, "sms": 0.1}.items()}
    alone = INDEX.model_copy(update={"services": kept, "evidence": INDEX.evidence.model_copy(update={"least_weight": 0.35})})
    evidence = dataclasses.replace(invent(alone, seed=8, customers=300), bills=None)
    one, other = (score_evidence(evidence, index).frame for index in (INDEX, alone))
    assert one["state"].tolist() == other["state"].tolist()
    assert one["score"].notna().sum() > 200
    np.testing.assert_allclose(one["score"], other["score"], rtol=0, atol=1e-9)
