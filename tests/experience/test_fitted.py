"""A KQI learnt from ratings: on real ratings by people it has not seen, on none at all, and on wrong input."""

import numpy as np
import pandas as pd
import pytest

from cemlib.errors import ParameterError, UnknownNameError
from cemlib.experience.fitted import VIDEO_FEATURES, FittedKqi

COLUMNS = {"resolution_lines": "QoA_VLCresolution", "video_kbps": "QoA_VLCbitrate", "framerate": "QoA_VLCframerate", "dropped_frames": "QoA_VLCdropped",
           "audio_kbps": "QoA_VLCaudiorate", "audio_losses": "QoA_VLCaudioloss", "buffering_count": "QoA_BUFFERINGcount", "buffering_ms": "QoA_BUFFERINGtime",
           "technology_rank": "QoS_type"}


@pytest.fixture(scope="module")
def viewings(shared_data):
    rows = pd.read_csv(shared_data / "poqemon_qoe" / "pokemon.csv")
    return pd.DataFrame({ours: rows[theirs] for ours, theirs in COLUMNS.items()}), rows["MOS"], rows["user_id"]


def test_real_ratings_by_people_it_has_not_seen(viewings):
    found = FittedKqi().evaluate(*viewings, repeats=1, draws=60)
    assert (found.rows, found.people) == (1543, 181)
    assert found.base_ratio == pytest.approx(211 / 1543)
    assert found.auc >= 0.93
    assert found.low < found.auc < found.high
    # a higher one would be the answer predicted from the answer
    assert found.auc < 0.97
    assert found.auc > found.baseline_auc + 0.02
    assert found.brier < found.base_ratio * (1 - found.base_ratio) / 2


def test_answers_without_a_cause_are_not_predicted(viewings):
    sessions, ratings, people = viewings
    # ratings shuffled among all: nothing is left to be learnt
    shuffled = np.random.default_rng(3).permutation(ratings)
    found = FittedKqi().evaluate(sessions, shuffled, people, repeats=1, draws=60)
    assert found.low < 0.5 < found.high


def test_the_risk_goes_the_declared_way(viewings):
    sessions, ratings, people = viewings
    kqi = FittedKqi().fit(sessions, ratings, people)
    assert (kqi.n_, kqi.people_) == (1543, 181)
    for name, sign in VIDEO_FEATURES.items():
        if sign:
            steps = pd.concat([sessions.median().to_frame().T] * 200, ignore_index=True).assign(**{name: np.linspace(0, sessions[name].max(), 200)})
            assert np.all(np.diff(kqi.predict_risk(steps).values) * sign >= -1e-12), name


def test_what_is_missing_or_impossible_is_counted_and_null(viewings):
    sessions, ratings, people = viewings
    spoilt = sessions.astype(float)
    spoilt.loc[0, "video_kbps"], spoilt.loc[1, "buffering_ms"] = np.nan, -5.0
    kqi = FittedKqi().fit(spoilt, ratings, people)
    assert kqi.counts_ == {"rows": 1543, "scored": 1541, "missing": 1, "impossible": 1}
    risk = kqi.predict_risk(spoilt.head(3))
    assert np.isnan(risk.values).tolist() == [True, True, False]
    assert (risk.counts["missing"], risk.counts["impossible"]) == (1, 1)


def test_feedback_beside_the_features_is_not_read(viewings):
    sessions, ratings, people = viewings
    plain, beside = (FittedKqi().fit(frame, ratings, people).predict_risk(sessions).values for frame in (sessions, sessions.assign(QoF_video=ratings)))
    assert np.array_equal(plain, beside)


def test_wrong_calls_are_refused(viewings):
    sessions, ratings, people = viewings
    with pytest.raises(UnknownNameError, match="buffering_ms") as caught:
        FittedKqi().fit(sessions.rename(columns={"buffering_ms": "bufering_ms"}), ratings, people)
    assert caught.value.near[0] == "bufering_ms"
    with pytest.raises(ParameterError, match="Too few ratings"):
        FittedKqi().fit(sessions.head(30), ratings.head(30), people.head(30))
    with pytest.raises(ParameterError, match="Each session"):
        FittedKqi().fit(sessions, ratings.head(3), people)
    with pytest.raises(ParameterError, match="direction"):
        FittedKqi({"buffering_ms": 2})
    with pytest.raises(ParameterError, match="not fitted"):
        FittedKqi().predict_risk(sessions)
