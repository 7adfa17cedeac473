"""Columns of every kind go in; what is missing or impossible comes out as null and is counted, never as a score."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.experience import (
    Score,
    curve,
    rate_simplified,
    rate_transmission,
    require_one_scale,
    score_page_load,
    score_video_quality,
    score_viewing,
    spread_ratings,
)
from cemlib.experience.inputs import BLOCK, read_values

WANTED = [score_page_load(2.0).to_list()[0], None, score_page_load(4.0).to_list()[0]]


@pytest.mark.parametrize("column", [
    [2, None, 4], (2.0, float("nan"), 4.0), np.array([2, np.nan, 4], dtype=np.float32), np.array([2, None, 4], dtype=object),
    np.ma.masked_array([2.0, -9.0, 4.0], mask=[False, True, False]), pd.Series([2, None, 4]), pd.Series([2, None, 4], dtype="Int64"),
    pd.Series([2, None, 4], dtype="float64[pyarrow]"), pd.Series([2, pd.NA, 4], dtype=object), pa.array([2, None, 4]),
    pa.array([2.0, None, 4.0], pa.float32()), pa.chunked_array([[2], [None, 4]]), pa.array([2, None, 4]).dictionary_encode(),
], ids=lambda column: f"{type(column).__module__.split('.')[0]}-{getattr(column, 'dtype', getattr(column, 'type', type(column).__name__))}")
def test_any_column_of_numbers(column):
    score = score_page_load(column)
    assert score.to_list() == pytest.approx(WANTED)
    assert score.values.dtype == np.float64
    assert score.counts == {"rows": 3, "scored": 2, "missing": 1, "impossible": 0, "outside": 0, "extrapolated": 0}
    assert np.asarray(score).tolist()[0] == WANTED[0]


@pytest.mark.parametrize("wrong", [["2", "4"], "2", pd.Series(["2"]), pa.array(["2"]), pa.array(["2"]).dictionary_encode(), pd.Series([dt.datetime(2026, 3, 1)]), [[1, 2], [3]], [1, "2"],
                                   pd.Series([1, "2"], dtype=object), np.array([dt.timedelta(1)], dtype="m8[s]"), [1 + 2j]])
def test_what_is_no_number_is_refused_by_name(wrong):
    with pytest.raises(ParameterError, match="session_s") as caught:
        read_values(wrong, "session_s")
    assert caught.value.wanted.startswith("numbers")


def test_nothing_given_gives_nothing():
    assert score_page_load([]).to_list() == []
    assert rate_transmission(Ta=pd.Series([], dtype="float64")).counts["rows"] == 0
    assert score_page_load(None).to_list() == [None]


@pytest.mark.parametrize(("call", "impossible"), [
    (lambda: rate_transmission(Ppl=[140.0, -1.0, 3.0, np.inf]).mos, 3),
    (lambda: rate_transmission(Ta=[-5.0, 20.0]).mos, 1),
    (lambda: rate_simplified([20.0, 20.0], [1.4, 0.01]).mos, 1),
    (lambda: score_page_load([-1.0, np.inf, 1.0]), 2),
    (lambda: score_viewing(5000, 1920, 1080, 25, 60, stall_s=[-3.0, 3.0]), 1),
    (lambda: score_viewing([-5000.0, 5000.0], 1920, 1080, 25, 60), 1),
    (lambda: score_video_quality([0.0, 5000.0], 1920, 1080), 1),
    (lambda: curve("voice_drop_ratio")([1.4, -0.1, 0.1]), 2),
    (lambda: curve("wifi_signal")([12.0, -60.0]), 1),
    (lambda: curve("data_session_setup_time")([-0.1, 1.0]), 1),
])
def test_an_impossible_value_never_gets_a_score(call, impossible):
    score = call()
    assert score.counts["impossible"] == impossible
    assert score.counts["scored"] == score.counts["rows"] - impossible == np.isfinite(score.values).sum()


def test_an_impossible_mos_has_no_dissatisfied():
    spread = spread_ratings([0.5, 6.0, 3.0])
    assert spread.counts["impossible"] == 2
    assert np.isnan(spread.poor_or_worse_ratio).tolist() == [True, True, False]


def test_beyond_the_range_is_null_or_a_counted_guess():
    strict, guess = (rate_transmission(codec="g711_plc", Ppl=[5.0, 30.0], Ta=20, beyond=beyond) for beyond in ("null", "extrapolate"))
    assert strict.mos.to_list()[1] is None
    assert (strict.counts["outside"], strict.counts["extrapolated"], strict.counts["scored"]) == (1, 0, 1)
    assert 1 <= guess.mos.to_list()[1] < guess.mos.to_list()[0]
    assert (guess.counts["outside"], guess.counts["extrapolated"], guess.counts["scored"]) == (0, 1, 2)
    # 140 % is no guess either
    assert rate_transmission(Ppl=[140.0], beyond="extrapolate").mos.to_list() == [None]


def test_long_bursts_are_valid_at_little_loss_only():
    rating = rate_transmission(Bpl=25.1, Ppl=[1.9, 2.0, 5.0], BurstR=[3.0, 3.0, 2.0])
    assert np.isnan(rating.r).tolist() == [False, True, False]
    with pytest.raises(ParameterError, match="together") as caught:
        rate_transmission(Bpl=25.1, Ppl=5, BurstR=3)
    assert "BurstR = 3" in str(caught.value)


@pytest.mark.parametrize(("wrong", "message"), [
    ({"Ppl": 140}, "Ppl .* impossible"), ({"Ta": -1}, "Ta .* impossible"), ({"Ppl": 30}, "Ppl .* outside"), ({"Ta": 501}, "Ta .* outside"),
    ({"SLR": 19}, "SLR .* outside"), ({"qdu": 0.5}, "qdu .* outside"), ({"A": 21}, "A .* impossible"), ({"BurstR": 0.5}, "BurstR .* outside"),
    ({"Bpl": 4.2}, "Bpl .* outside"), ({"WEPL": 111}, "WEPL .* outside"), ({"Ie": 41}, "Ie .* outside"), ({"Dr": 9}, "LSTR .* outside"),
])
def test_a_single_number_off_its_range_is_refused_by_name(wrong, message):
    with pytest.raises(ParameterError, match=message) as caught:
        rate_transmission(**wrong)
    assert caught.value.wanted
    assert caught.value.came


@pytest.mark.parametrize(("wrong", "near"), [
    ({"ppl": 1}, "Ppl"), ({"burst_r": 1}, None), ({"codec": "g711plc"}, "g711_plc"), ({"delay_class": "verylow"}, "very_low"), ({"beyond": "extrapolat"}, "extrapolate"),
    ({"wideband": True, "STMR": 15}, None),
])
def test_a_misspelt_name_is_refused_with_the_nearest(wrong, near):
    with pytest.raises(UnknownNameError) as caught:
        rate_transmission(**wrong)
    if near:
        assert near in caught.value.near


def test_a_codec_and_its_numbers_are_not_both_given():
    with pytest.raises(ParameterError, match="twice"):
        rate_transmission(codec="g711", Ie=0)
    with pytest.raises(ParameterError, match="twice"):
        rate_transmission(delay_class="low", mT=100)
    with pytest.raises(ParameterError, match="narrowband"):
        rate_transmission(codec="g711", wideband=True)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ParameterError, match="different lengths") as caught:
        rate_transmission(Ta=[1, 2, 3], Ppl=[1, 2])
    assert "Ta: 3" in caught.value.came


def test_scales_are_not_mixed():
    narrow, wide = rate_transmission().mos, rate_transmission(wideband=True).mos
    assert (narrow.method, wide.method) == ("g107_nb", "g1071_wb")
    require_one_scale(narrow, rate_transmission(Ta=200).mos)
    with pytest.raises(ParameterError, match="different scales"):
        require_one_scale(narrow, wide)
    with pytest.raises(ParameterError, match="narrowband"):
        _ = rate_transmission(wideband=True).good_or_better_ratio
    require_one_scale(narrow.to_percent(), rate_transmission(Ta=200).mos.to_percent())


def test_percent_of_a_scale():
    score = Score(np.array([1.0, 3.0, 5.0, np.nan]), "x", "x", "MOS", 1.0, 5.0)
    assert score.to_percent().to_list() == [0.0, 50.0, 100.0, None]
    with pytest.raises(ParameterError):
        score.to_percent(5, 1)


def test_a_row_is_counted_once_for_its_gravest_reason():
    # impossible and missing; impossible and outside; missing and outside; outside twice; good
    rating = rate_transmission(Bpl=10.0, Ppl=[140.0, 140.0, None, 30.0, 3.0], Ta=[None, 700.0, 700.0, 700.0, 70.0])
    assert rating.counts == {"rows": 5, "scored": 1, "missing": 1, "impossible": 2, "outside": 1, "extrapolated": 0}


@settings(max_examples=25)
@given(st.lists(st.sampled_from([0.0, 1.0, 5.0, 30.0, 140.0, -2.0, np.nan, np.inf]), min_size=1, max_size=12), st.integers(0, 3))
def test_counts_add_up_and_a_row_is_scored_alone_as_among_others(values, shift):
    # enough rows for several blocks, so that the seams are crossed
    column = np.tile(np.array(values), BLOCK // len(values) + 1 + shift)
    rating = rate_transmission(Ppl=column, Bpl=10.0)
    counts = rating.counts
    assert counts["scored"] + counts["missing"] + counts["impossible"] + counts["outside"] == counts["rows"] == column.size
    assert counts["scored"] == np.isfinite(rating.r).sum()
    alone = rate_transmission(Ppl=np.array(values), Bpl=10.0).r
    assert np.array_equal(rating.r, np.tile(alone, BLOCK // len(values) + 1 + shift), equal_nan=True)


def test_the_shape_is_kept():
    table = np.array([[1.0, 2.0], [np.nan, 4.0]])
    assert score_page_load(table).values.shape == (2, 2)
    assert rate_transmission(Ta=table, Ppl=np.array([[1.0], [2.0]])).r.shape == (2, 2)
