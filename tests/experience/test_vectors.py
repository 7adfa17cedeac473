"""Every golden vector of the models of experience, to the digits given."""

import numpy as np
import pandas as pd
import pytest

from cemlib.experience import (
    follow_bursts,
    map_r_to_mos,
    rate_simplified,
    rate_transmission,
    recall_call,
    score_page_load,
    spread_ratings,
)
from cemlib.experience.emodel import SIMPLIFIED_CODECS


@pytest.fixture(scope="module")
def golden(shared_vectors):
    return lambda name: pd.read_csv(shared_vectors / f"{name}.csv")


def test_the_e_model_term_by_term(golden):
    rows = golden("g107_emodel")
    assert len(rows) == 28
    rating = rate_transmission(components=True, **{name: rows[name] for name in ("Ta", "T", "Tr", "Ie", "Bpl", "Ppl", "BurstR", "A", "sT", "mT")})
    assert rating.counts["scored"] == 28
    assert set(rating.components) == {"No", "Ro", "Iolr", "Ist", "Iq", "Is", "Idte", "Idle", "Idd", "Id", "Ie_eff"}
    for name, values in rating.components.items():
        assert values == pytest.approx(rows[name].to_numpy(), abs=5.1e-7), name
    assert rating.r == pytest.approx(rows["R"].to_numpy(), abs=5.1e-7)
    assert rating.mos.values == pytest.approx(rows["MOS_CQ"].to_numpy(), abs=5.1e-7)
    assert 100 * rating.good_or_better_ratio == pytest.approx(rows["GoB"].to_numpy(), abs=5.1e-5)
    assert 100 * rating.poor_or_worse_ratio == pytest.approx(rows["PoW"].to_numpy(), abs=5.1e-5)


def test_the_documented_defaults_and_the_table_of_r_and_mos():
    # outside anchors: R = 93.2 at the defaults of G.107; MOS of R 50 … 90 as its Table B.1 rounds them
    assert round(float(rate_transmission().r), 1) == 93.2
    assert map_r_to_mos([50, 60, 70, 80, 90]).round(2).tolist() == [2.58, 3.1, 3.6, 4.02, 4.34]


def test_wideband_equals_the_open_implementation():
    clean, late = rate_transmission(wideband=True), rate_transmission(wideband=True, Ta=150, T=150, Tr=300, Ie=5)
    assert (float(clean.r), float(clean.mos.values)) == pytest.approx((128.846315, 4.499152), abs=5.1e-7)
    assert (float(late.r), float(late.mos.values)) == pytest.approx((122.421331, 4.439743), abs=5.1e-7)


def test_the_simplified_form(golden):
    rows = golden("voip_simplified_cole_rosenbluth")
    assert len(rows) == 30
    assert set(rows["codec"].str.lower()) == set(SIMPLIFIED_CODECS)
    for codec, some in rows.groupby("codec"):
        rating = rate_simplified(some["one_way_delay_ms"], some["loss_ratio"], codec.lower())
        assert rating.r == pytest.approx(some["R"].to_numpy(), abs=5.1e-7)
        assert rating.mos.values == pytest.approx(some["mos"].to_numpy(), abs=5.1e-7)


def test_bursts_and_gaps(golden):
    rows = golden("clark_burst_gap")
    assert len(rows) == 3
    seen = follow_bursts(rows["Ie_gap"], rows["Ie_burst"], rows["gap_s"], rows["burst_s"], rows["I1_prev"])
    for values, name in ((seen.at_gap_end, "I2"), (seen.at_burst_end, "I1_new"), (seen.mean, "Ie_av")):
        assert values == pytest.approx(rows[name].to_numpy(), abs=5.1e-7), name


def test_recency(golden):
    rows = golden("clark_recency")
    assert len(rows) == 7
    assert recall_call(rows["Ie_av"], rows["I_end"], rows["y_s"]) == pytest.approx(rows["Ie_end_of_call"].to_numpy(), abs=5.1e-7)


def test_page_load(golden):
    rows = golden("g1030_web")
    assert len(rows) == 48
    for (best, worst), some in rows.groupby(["min_s", "max_s"]):
        assert score_page_load(some["session_s"], best, worst).values == pytest.approx(some["mos"].to_numpy(), abs=5.1e-7)


def test_the_share_of_dissatisfied(golden):
    rows = golden("sos_beta_gob_pow")
    assert len(rows) == 21
    spread = spread_ratings(rows["mos"], rows["sos_a"])
    assert spread.good_or_better_ratio == pytest.approx(rows["GoB_ge3_5"].to_numpy(), abs=1e-13)
    assert spread.poor_or_worse_ratio == pytest.approx(rows["PoW_le2_5"].to_numpy(), abs=1e-13)
    assert spread.alpha == pytest.approx(rows["beta_alpha"].to_numpy(), rel=1e-12)
    assert spread.beta == pytest.approx(rows["beta_beta"].to_numpy(), rel=1e-12)


def test_many_rows_give_what_few_give(golden):
    # many rows with one parameter take a shorter way through a spline
    mos = np.random.default_rng(1).uniform(1, 5, 20_500)
    for sos in (0.01, 0.25, 0.9):
        many, few = spread_ratings(mos, sos), [spread_ratings(part, sos) for part in np.array_split(mos, 2)]
        assert many.poor_or_worse_ratio == pytest.approx(np.concatenate([one.poor_or_worse_ratio for one in few]), abs=1e-9)
        assert many.good_or_better_ratio == pytest.approx(np.concatenate([one.good_or_better_ratio for one in few]), abs=1e-9)
