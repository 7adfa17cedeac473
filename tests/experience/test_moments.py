"""Expectation that follows what is had, and memory that keeps bad days longer: worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemlib.experience import load_index
from cemlib.experience.moments import remember_days

INDEX = load_index()


def change(**constants):
    """The default index with other constants of memory and expectation."""
    memory = INDEX.memory.model_copy(update={name: value for name, value in constants.items() if name in type(INDEX.memory).model_fields and name != "points"})
    expectation = INDEX.expectation.model_copy(update={name: value for name, value in constants.items() if name in type(INDEX.expectation).model_fields})
    return INDEX.model_copy(update={"memory": memory, "expectation": expectation})


def follow(scores, index, first=75.0, since=0):
    """One customer who used the service on the days that have a score."""
    days = [day for day, score in enumerate(scores) if score is not None]
    values = np.array([scores[day] for day in days], dtype=float)
    return remember_days(np.zeros(len(days), int), np.array(days, dtype=int), values, np.array([first]), index, since=since, until=len(scores))


def test_expectation_follows_by_half_after_its_half_life():
    index = change(half_life_days=2.0)
    # 75 to 35: after two days of use half of the 40 points are left, after four a quarter; a day without use changes nothing
    assert follow([35, None, 35], index).expected[0] == pytest.approx(35 + 40 / 2)
    assert follow([35, 35, 35, 35], index).expected[0] == pytest.approx(35 + 40 / 4)


def test_a_day_is_felt_against_what_was_expected():
    # points: 20 below is worth 35, as expected 75, 10 above 85; expectation hardly moves
    index = change(half_life_days=3650.0)
    assert follow([55], index).felt[0] == pytest.approx(35)
    assert follow([75], index).felt[0] == pytest.approx(75)
    assert follow([85], index).felt[0] == pytest.approx(85)
    assert follow([55, 75], index).felt[0] == pytest.approx((35 + 75) / 2, abs=0.1)


def test_memory_by_hand():
    index = change(half_life_days=3650.0, half_life_bad_days=2.0, half_life_good_days=1.0, neutral_days=1.0, peak=0.25, end=0.25, end_days=1)
    # three days, felt as 35 (bad, two days old: half is kept), 85 (good, a day old: half is kept), 75
    faded = (0.5 * 35 + 0.5 * 85 + 1 * 75 + 1 * 75) / (0.5 + 0.5 + 1 + 1)
    found = follow([55, 85, 75], index)
    assert found.remembered[0] == pytest.approx(0.5 * faded + 0.25 * 35 + 0.25 * 75, abs=0.05)
    assert found.worst_day.tolist() == [0]


def test_a_bad_day_is_remembered_longer_than_a_good_one():
    index = change(half_life_days=3650.0, peak=0.0, end=0.0)
    quiet = [75] * 20
    bad, good = (follow([one, *quiet], index).remembered[0] - 75 for one in (65, 85))
    # as far below as above, each on the curve's slopes: 10 below is worth 55 (between -20 -> 35 and -5 -> 65), 10 above 85
    assert bad / (55 - 75) > 3 * good / (85 - 75) > 0


def test_a_bad_day_fades_and_the_last_days_count_more():
    early, late = ([55 if day == bad else 75 for day in range(30)] for bad in (0, 29))
    assert follow(late, INDEX).remembered[0] < follow(early, INDEX).remembered[0] < 75


def test_who_is_used_to_little_is_content_with_it():
    little, fallen = [40] * 120, [95] * 117 + [60] * 3
    used, disappointed = (follow(scores, INDEX, first=90.0, since=90) for scores in (little, fallen))
    assert used.felt[0] > 73
    assert used.remembered[0] > disappointed.remembered[0]
    assert used.expected[0] == pytest.approx(40, abs=0.1)


def test_nothing_is_known_of_who_did_nothing():
    found = remember_days(np.array([1]), np.array([0]), np.array([50.0]), np.array([75.0, 75.0]), INDEX, since=0, until=3)
    assert np.isnan([found.felt[0], found.remembered[0], found.expected[0]]).all()
    assert found.worst_day[0] == -1
    # a day before the window is remembered, and is no part of the window
    before = remember_days(np.array([0]), np.array([0]), np.array([50.0]), np.array([75.0]), INDEX, since=1, until=3)
    assert np.isnan(before.felt[0])
    assert before.remembered[0] < 75


def test_what_comes_later_changes_nothing():
    days = np.arange(6)
    scores = np.array([80.0, 20, 70, 90, 10, 50])
    cut = remember_days(np.zeros(6, int), days, scores, np.array([75.0]), INDEX, since=0, until=4)
    other = remember_days(np.zeros(6, int), days, np.where(days >= 4, 99.0, scores), np.array([75.0]), INDEX, since=0, until=4)
    assert (cut.felt[0], cut.remembered[0]) == (other.felt[0], other.remembered[0])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.floats(0, 100)), max_size=40, unique_by=lambda one: one[:2]),
       st.lists(st.floats(0, 100), min_size=5, max_size=5), st.floats(0, 1), st.floats(0, 1))
def test_what_is_felt_never_leaves_its_scale(rows, first, peak, end):
    index = change(peak=peak, end=end * (1 - peak))
    unit, day, score = (np.array([row[place] for row in rows], dtype=kind) for place, kind in enumerate((int, int, float)))
    found = remember_days(unit, day, score, np.array(first), index, since=3, until=10)
    for values in (found.felt, found.remembered, found.expected):
        known = values[~np.isnan(values)]
        assert ((known >= -1e-9) & (known <= 100 + 1e-9)).all()
