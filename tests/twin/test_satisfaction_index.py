"""The index on a twin: it follows what a customer feels, not what a customer gets."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import roc_auc_score

from cemlib.experience import load_index
from cemlib.experience.evidence import Evidence, Grain, Track
from cemlib.experience.honesty import score_naively
from cemlib.experience.scoring import score_evidence
from cemlib.twin.assembly import Assembly, Plan
from cemlib.twin.scenario import Cause, Do, load_scenario
from cemlib.twin.season import DAY_MS

CUSTOMERS, DAYS, WINDOW = 700, 75, 30


def play(seed: int):
    """A region whose signal has always been weak, so that its people are used to it; and two tariffs that cost a third more from the window on."""
    do = [Do(node="cell_hour_power_db", add=-14, where={"cell_region": "Valmarin"}), Do(node="day_price_factor", times=1.35, where={"customer_plan": ["plus", "max"]}, since=f"-{WINDOW - 1}d")]
    scenario = load_scenario("price_shock").model_copy(update={"causes": [Cause(id="both", says="drawn", do=do)]})
    plan = Plan(seed=seed, subscribers=CUSTOMERS, days=DAYS, domains=("mobile", "commerce"), interventions=scenario.interventions(DAYS))
    return Assembly(plan).sample(0, CUSTOMERS)


def add_up(world, grain: str, counts: np.ndarray, values: np.ndarray, is_share: bool) -> Track:
    """The sums of some records by customer and day."""
    cell = world.above(grain, "customer") * DAYS + (world[f"{grain}_at"] // DAY_MS).astype(int)
    den, num, squares = (np.bincount(cell[counts], weights, CUSTOMERS * DAYS) for weights in (None, values[counts].astype(float), values[counts].astype(float) ** 2))
    some = np.flatnonzero(np.bincount(cell[counts], minlength=CUSTOMERS * DAYS))
    return Track(some // DAYS, some % DAYS, num[some], den[some].astype(float), None if is_share else squares[some])


def measure(world) -> Evidence:
    """What an operator would measure of these customers."""
    up, set_up = ~world["session_fails"], ~world["call_fails"]
    every, call = np.ones(len(up), bool), np.ones(len(set_up), bool)
    tracks = {
        "data_session_setup_success_ratio": add_up(world, "session", every, up, True),
        "data_session_drop_ratio": add_up(world, "session", up, world["session_drops"], True),
        "data_session_rtt_mean": add_up(world, "session", up, world["session_rtt"], False),
        "voice_call_setup_success_ratio": add_up(world, "call", call, set_up, True),
        "voice_call_drop_ratio": add_up(world, "call", set_up, world["call_drops"], True),
        "voice_call_mos_mean": add_up(world, "call", set_up & world["call_is_answered"], world["call_mos"], False),
    }
    day, unit = np.nonzero(np.arange(DAYS)[:, None] % 30 == world["customer_bill_day"])
    amount = world["customer_price"][unit] * world["day_price_factor"].reshape(CUSTOMERS, DAYS)[unit, day]
    bills = pd.DataFrame({"unit": unit, "day": day, "amount": amount})
    keys = pd.Index([f"c{one}" for one in range(CUSTOMERS)], dtype=object, name="subscriber_key")
    return Evidence(Grain("subscriber_key", "subscriber_key"), keys, dt.date(2026, 3, 1), DAYS - WINDOW, DAYS, tracks, {}, world["customer_plan"].astype(str).astype(object), bills=bills)


@pytest.mark.parametrize("seed", [3, 4])
def test_content_with_little_and_unhappy_with_much_score_as_they_feel(seed):
    world = play(seed)
    scores = score_evidence(measure(world), load_index())
    quality = world["day_quality"].reshape(CUSTOMERS, DAYS)[:, -WINDOW:]
    used = (quality > 0).sum(axis=1)
    had = np.where(quality > 0, quality, 0).sum(axis=1) / np.maximum(used, 1)
    # what experience and price do to a customer, without the temper that nobody can measure
    felt = world["customer_temper"] - world["day_discontent"].reshape(CUSTOMERS, DAYS)[:, -WINDOW:].mean(axis=1)
    known = np.isfinite(scores.weighed.score) & (used > 3)
    score, plain, had, felt = (values[known] for values in (scores.weighed.score, score_naively(scores), had, felt))
    assert spearmanr(score, felt).statistic > spearmanr(plain, felt).statistic + 0.2
    rank_had, rank_felt = (rankdata(values) / known.sum() for values in (had, felt))
    content_with_little, unhappy_with_much = (rank_had < 1 / 3) & (rank_felt > 2 / 3), (rank_had > 2 / 3) & (rank_felt < 1 / 3)
    assert min(content_with_little.sum(), unhappy_with_much.sum()) >= 30
    both = content_with_little | unhappy_with_much
    # what they had says the opposite of what they feel; the index says what they feel
    assert roc_auc_score(unhappy_with_much[both], -had[both]) == 0
    assert roc_auc_score(unhappy_with_much[both], -plain[both]) < 0.5
    assert roc_auc_score(unhappy_with_much[both], -score[both]) > 0.7
    assert score[content_with_little].mean() > score[unhappy_with_much].mean() + 2
