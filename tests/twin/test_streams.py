from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cemlib.errors import ParameterError
from cemlib.twin.season import DAY_MS, expand, times_of_day
from cemlib.twin.streams import Streams

IDS = st.lists(st.integers(0, 2**53), min_size=1, max_size=50, unique=True)


@given(seed=st.integers(0, 2**63), ids=IDS, extra=IDS)
def test_a_row_s_draw_does_not_depend_on_the_other_rows(seed, ids, extra):
    streams = Streams(seed)
    alone = streams.uniform("node", np.array(ids))
    among = streams.uniform("node", np.array(extra + ids))[len(extra):]
    assert (alone == among).all()
    assert ((alone > 0) & (alone < 1)).all()


@given(seed=st.integers(0, 2**32))
def test_nodes_entities_and_seeds_have_streams_of_their_own(seed):
    ids = np.arange(8)
    streams = Streams(seed)
    assert (streams.uniform("one", ids) != streams.uniform("other", ids)).all()
    assert (streams.uniform("one", ids) != Streams(seed + 1).uniform("one", ids)).all()
    assert streams.generator("one", "a").random() != streams.generator("one", "b").random()
    # the names are kept apart: ("ab", "c") is not ("a", "bc")
    assert streams.generator("ab", "c").random() != streams.generator("a", "bc").random()


def test_draws_have_the_distributions_they_are_called_after():
    streams, ids = Streams(3), np.arange(200_000)
    # standard error of the mean: .29 / sqrt(200,000) = .00065
    assert streams.uniform("u", ids).mean() == pytest.approx(0.5, abs=0.003)
    assert streams.normal("n", ids).std() == pytest.approx(1.0, abs=0.01)
    # neighbours in id are not neighbours in value
    assert abs(np.corrcoef(streams.uniform("u", ids)[1:], streams.uniform("u", ids)[:-1])[0, 1]) < 0.01
    counts = streams.poisson("p", ids, 3.0)
    # a Poisson count has a variance equal to its mean
    assert (counts.mean(), counts.var()) == (pytest.approx(3.0, abs=0.03), pytest.approx(3.0, abs=0.06))
    assert np.median(streams.lognormal("l", ids, 5.0, 0.7)) == pytest.approx(5.0, rel=0.02)
    shares = np.bincount(streams.pick("c", ids, [1, 0, 3])) / len(ids)
    assert shares == pytest.approx([0.25, 0.0, 0.75], abs=0.01)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ParameterError, match="seed"):
        Streams(seed)


@given(st.lists(st.integers(0, 5), max_size=20))
def test_expand_gives_each_row_as_many_events_as_its_count(counts):
    row, number = expand(np.array(counts, dtype=np.int64))
    assert np.bincount(row, minlength=len(counts)).tolist() == counts
    assert number.tolist() == [k for count in counts for k in range(count)]


def test_times_of_day_follow_the_weights_of_the_hours():
    # all the weight in the hours 6 and 7, three times as much in 7: a quarter lies before 7 o'clock
    hours = (0,) * 6 + (1, 3) + (0,) * 16
    u = (np.arange(1000) + 0.5) / 1000
    at = times_of_day(u, hours)
    assert at.min() >= 6 * DAY_MS // 24
    assert at.max() < 8 * DAY_MS // 24
    assert (at < 7 * DAY_MS // 24).mean() == pytest.approx(0.25, abs=0.002)
