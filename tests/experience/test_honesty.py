"""The card: areas by hand and against scipy, chance is called chance, and what comes later is never learnt from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from invented_evidence import invent
from rows_source import Rows, write_rows
from scipy import stats
from sklearn.metrics import roc_auc_score

from cemlib.errors import CallError, ParameterError, UnknownNameError
from cemlib.experience import calibrate, find_quadrants, load_index
from cemlib.experience.concordance import compare_auc, correlate_ranks
from cemlib.experience.honesty import check_outcome, score_naively
from cemlib.experience.outcomes import Outcome
from cemlib.experience.scoring import score_evidence, score_experience
from cemlib.lake import open_lake

INDEX = load_index()


@pytest.fixture(scope="module")
def scores():
    return score_evidence(invent(INDEX, seed=11, customers=1500), INDEX)


def outcome(unhappy):
    unhappy = np.asarray(unhappy, dtype=float)
    return Outcome("tickets", "tickets opened", unhappy, -unhappy)


def test_areas_are_those_of_the_library_and_their_intervals_cover():
    rng = np.random.default_rng(3)
    event = rng.uniform(size=300) < 0.3
    risk, other = np.round(event + rng.normal(size=300), 1), rng.normal(size=300)
    found = compare_auc(event, risk, other)
    assert found.auc == pytest.approx(roc_auc_score(event, risk))
    assert found.other == pytest.approx(roc_auc_score(event, other))
    # the spread of the area over many draws of two normal populations one apart, whose area is Phi(1 / sqrt 2)
    truth, hits = stats.norm.cdf(1 / np.sqrt(2)), 0
    for _ in range(200):
        draw = np.concatenate([rng.normal(1, 1, 40), rng.normal(0, 1, 120)])
        one = compare_auc(np.arange(160) < 40, draw, -draw)
        hits += one.low <= truth <= one.high
        assert one.difference == pytest.approx(2 * one.auc - 1)
    assert hits >= 180
    same = compare_auc(event, risk, risk)
    assert (same.difference, same.difference_low, same.p) == (0, 0, 1)


def test_rank_correlations_are_those_of_the_library():
    rng = np.random.default_rng(4)
    a = rng.normal(size=80)
    b = np.round(a + rng.normal(size=80))
    rho, low, high = correlate_ranks(a, b)
    assert rho == pytest.approx(stats.spearmanr(a, b).statistic)
    assert low < rho < high
    assert np.isnan(correlate_ranks(a, np.ones(80))).all()


def test_shuffled_labels_are_called_chance(scores):
    rng = np.random.default_rng(5)
    risk = scores.weighed.score
    unhappy = (risk < np.nanquantile(risk, 0.1)).astype(float)
    covered = slopes = 0
    for _ in range(200):
        found = check_outcome(outcome(rng.permutation(unhappy)), risk, score_naively(scores))
        covered += found.figures["auc_low"] <= 0.5 <= found.figures["auc_high"]
        slopes += found.figures["slope_low"] <= 0.5
    assert covered >= 180
    assert slopes >= 180
    real = check_outcome(outcome(unhappy), risk, score_naively(scores))
    assert real.figures["auc"] == 1.0


def test_an_index_that_tells_no_more_is_said_to_be_no_better(scores):
    naive, rng = score_naively(scores), np.random.default_rng(6)
    chance = 1 / (1 + np.exp((naive - np.nanmean(naive)) / 3 + 2))
    by_quality = check_outcome(outcome(rng.uniform(size=len(naive)) < chance), scores.weighed.score, naive)
    assert by_quality.is_better is False
    assert by_quality.sentence.endswith("The index is no better than the baseline.")
    score = scores.weighed.score
    chance = 1 / (1 + np.exp((score - np.nanmean(score)) / 3 + 2))
    by_index = check_outcome(outcome(rng.uniform(size=len(naive)) < chance), score, naive)
    assert by_index.is_better
    assert "better than the baseline by" in by_index.sentence
    # chances that are learnt from a score that is right are right
    assert by_index.figures["slope_low"] < 1 < by_index.figures["slope_high"]
    assert by_index.groups["share"].iloc[0] > by_index.groups["share"].iloc[-1]
    assert by_index.groups["customers"].sum() == by_index.customers


def test_too_few_events_have_no_figures(scores):
    found = check_outcome(outcome(np.arange(1500) < 9), scores.weighed.score, score_naively(scores))
    assert (found.state, found.figures, found.is_better) == ("too_few", {}, None)
    assert "too few" in found.sentence


def person_days(person, days, bad=()):
    return [("voice_call", {"call_id": f"{person}-{day}-{one}", "subscriber_key": person, "started_at": f"2026-03-{day:02d}T10:{one:02d}", "setup_s": 3.0, "mos_value": 4.1,
                            "answered_at": f"2026-03-{day:02d}T10:{one:02d}", "is_dropped": day in bad, "direction_code": "home"}) for day in days for one in range(3)]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    place = tmp_path_factory.mktemp("honesty")
    rows = []
    for number in range(40):
        person = f"p{number:02d}"
        rows.append(("subscriber", {"subscriber_key": person, "plan_code": "plus", "valid_from_at": "2025-01-01T00:00"}))
        # the first twelve have bad days before the tickets, the others after them
        rows += person_days(person, range(1, 31), bad=(15, 16, 17) if number < 12 else (25, 26, 27, 28, 29, 30))
        if number < 12:
            rows.append(("ticket", {"ticket_id": f"t{number}", "subscriber_key": person, "opened_at": "2026-03-22T09:00", "category_code": "voice"}))
        rows.append(("survey_answer", {"subscriber_key": person, "occurred_at": "2026-03-23T09:00", "question_code": "nps_11", "score_value": 3.0 if number < 12 else 9.0}))
    with open_lake(place / "lake") as opened:
        done = opened.ingest(Rows(write_rows(place / "rows.json", rows)), door=object())
        assert [one.error for one in done.files] == [""]
        yield opened


INDEX_OF_VOICE = INDEX.model_copy(update={"evidence": INDEX.evidence.model_copy(update={"least_weight": 0.1})})


def test_the_card_knows_nothing_of_what_comes_later(lake):
    found = score_experience(lake, month="2026-03", index=INDEX_OF_VOICE)
    # over the whole month those who did not complain had the worse days; before the tickets those who did
    assert found.frame["score"].iloc[:1].notna().all()
    card = found.honesty
    assert card.scored == ("2026-03-01", "2026-03-21")
    assert card.held_against[0] == "2026-03-22"
    checks = {one.outcome: one for one in card.checks}
    assert checks["tickets"].figures["auc"] == 1.0
    assert (checks["survey:nps_11"].unhappy, checks["survey:nps_11"].customers) == (12, 40)
    assert checks["survey:nps_11"].figures["spearman"] > 0.8
    assert card.sentences[0].endswith("associations, no causes.")
    assert card.to_dict()["checks"][0]["outcome"] == "survey:nps_11"
    assert {one.segment for one in card.by_segment} == {"plus"}
    # outcomes after the window: then the whole window is scored
    after = score_experience(lake, window=("2026-03-01", "2026-03-16"), index=INDEX_OF_VOICE).honesty
    assert (after.scored, after.held_against) == (("2026-03-01", "2026-03-15"), ("2026-03-16", "2026-03-23"))
    # the same customers stand behind the card of their segments
    assert score_experience(lake, "segment", month="2026-03", index=INDEX_OF_VOICE).honesty.checks[1].figures == checks["tickets"].figures


def test_where_no_card_can_be_had_it_says_why(lake, scores):
    assert "name customers" in score_experience(lake, "visited_plmn", month="2026-03", index=INDEX_OF_VOICE).honesty.note
    assert "no outcomes" in scores.honesty.note
    assert "too short" in score_experience(lake, window=("2026-03-24", "2026-03-30"), index=INDEX_OF_VOICE).honesty.note


def test_four_groups_by_hand(lake, scores):
    found = find_quadrants(score_experience(lake, month="2026-03", index=INDEX_OF_VOICE))
    frame = found.frame.set_index("group")
    assert frame["subscribers"].sum() == 40
    assert frame.loc[["unhappy_explained", "unhappy_otherwise"], "subscribers"].sum() == 12
    told = pd.DataFrame({"subscriber_key": scores.keys[:4], "score_value": [2, 10, 2, 10]})
    limit = float(np.sort(scores.weighed.score[:4])[2])
    by_hand = find_quadrants(scores, surveys=told, score_limit=limit)
    wanted = [("unhappy" if answer <= 6 else "content") + ("_explained" if (score < limit) == (answer <= 6) else "_otherwise" if answer <= 6 else "_regardless")
              for answer, score in zip([2, 10, 2, 10], scores.weighed.score[:4])]
    assert by_hand.customers["group"].tolist() == wanted
    assert by_hand.frame["share"].sum() == pytest.approx(1)
    with pytest.raises(UnknownNameError):
        find_quadrants(scores, "nps", surveys=told)
    with pytest.raises(ParameterError, match="off its scale"):
        find_quadrants(scores, surveys=told, score_limit=101)
    with pytest.raises(CallError, match="no lake"):
        find_quadrants(scores)


def answers_by(scores, values, noise, seed):
    rng = np.random.default_rng(seed)
    z = (values - np.nanmean(values)) / np.nanstd(values)
    answer = np.clip(np.rint(7 + 1.5 * z + noise * rng.normal(size=len(z))), 0, 10)
    return pd.DataFrame({"subscriber_key": scores.keys, "score_value": answer})[np.isfinite(values)]


def test_weights_follow_the_answers_and_are_written_beside(scores, tmp_path):
    path = INDEX.save(tmp_path / "open_index.yaml")
    old = load_index(path)
    price = np.where(scores.terms.known[:, -1], scores.terms.scores[:, -1], np.nan)
    found = calibrate(old, answers_by(scores, price, 1.0, 1), scores, write=True)
    after = found.weights.set_index("name")["after"]
    assert after["price"] > 0.4
    assert found.correlation > found.correlation_before + 0.03
    assert found.correlation_low < found.correlation < found.correlation_high
    assert (found.path, found.index.version) == (tmp_path / "open_index-1.2.yaml", "1.2")
    again = load_index(found.path)
    assert again.calibrated.from_version == "1.1"
    assert again.weights.price == after["price"]
    assert load_index(path).version == "1.1"
    with pytest.raises(CallError, match="never overwritten"):
        calibrate(old, answers_by(scores, price, 1.0, 1), scores, write=True)
    assert "fitted weights correlate" in found.sentence


def test_answers_that_say_nothing_change_nothing(scores):
    kept = 0
    for seed in range(5):
        noise = pd.DataFrame({"subscriber_key": scores.keys, "score_value": np.random.default_rng(seed).integers(0, 11, len(scores))})
        found = calibrate(INDEX, noise, scores)
        kept += not np.isfinite(found.penalty)
    assert kept >= 4
    assert found.index.version == "1.2"


def test_what_cannot_be_calibrated_is_refused(scores):
    few = pd.DataFrame({"subscriber_key": scores.keys[:50], "score_value": np.arange(50) % 11})
    with pytest.raises(ParameterError, match="Too few answers"):
        calibrate(INDEX, few, scores)
    with pytest.raises(UnknownNameError):
        calibrate(INDEX, few.rename(columns={"score_value": "score"}), scores)
    slower = INDEX.model_copy(update={"memory": INDEX.memory.model_copy(update={"half_life_bad_days": 60.0})})
    with pytest.raises(CallError, match="another index"):
        calibrate(slower, few, scores)
