"""Bands of levels and counts: their rate holds whatever the noise, outages are found, and what cannot be judged is told."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from cemlib.analysis import SeasonalBand
from cemlib.analysis.conformal import Calibration
from cemlib.analysis.weekly import WeeklyProfile, read_matrix
from cemlib.errors import ParameterError

BEGIN = pd.Timestamp("2026-02-02", tz="UTC")  # a Monday
PAST = 28 * 24


def wave(at: pd.DatetimeIndex) -> np.ndarray:
    """Half at night, and three fifths of it at weekends."""
    return (1 + 0.5 * np.sin((at.hour.to_numpy() - 9) / 24 * 2 * np.pi)) * np.where(at.day_of_week >= 5, 0.6, 1.0)


def world(seed: int, entities: int, hours: int, noise: str = "poisson", base: float = 300.0) -> pd.DataFrame:
    rng, at = np.random.default_rng(seed), pd.date_range(BEGIN, periods=hours, freq="h")
    mean = base * rng.uniform(0.5, 3, entities)[:, None] * wave(at)
    stray = np.ones(mean.shape)
    if noise == "heavy":
        stray = np.maximum(1 + 0.05 * rng.standard_t(3, mean.shape), 0)
    if noise == "sticky":
        stray = np.zeros(mean.shape)
        for place in range(1, hours):
            stray[:, place] = 0.7 * stray[:, place - 1] + rng.normal(0, 0.05, entities)
        stray = np.exp(stray)
    return pd.DataFrame({"entity": np.repeat(np.arange(entities), hours), "at": at.append([at] * (entities - 1)), "value": rng.poisson(mean * stray).ravel().astype(float)})


def cut(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    first = frame["at"] < BEGIN + pd.Timedelta(PAST, "h")
    return frame[first], frame[~first].reset_index(drop=True)


@pytest.mark.parametrize(("noise", "kind"), [("poisson", "count"), ("poisson", "level"), ("heavy", "level"), ("sticky", "count")])
def test_the_share_of_false_alarms_holds_whatever_the_noise(noise, kind):
    past, now = cut(world(1, 30, PAST + 336, noise))
    watched = SeasonalBand(kind=kind).fit(past).watch(now)
    # 10,080 bins at .002: 20 expected, 32 have a probability of .004
    assert (watched.bins["verdict"] == "below").sum() <= 32
    assert (watched.bins["verdict"] == "above").sum() <= 32
    assert watched.expected_false_alarms == pytest.approx(168 * (0.002 + 0.008**2))
    assert len(watched.table) <= 32
    inside = watched.bins["value"].between(watched.bins["low"], watched.bins["high"]).mean()
    assert 0.93 < inside < 0.975


def test_an_outage_is_one_alarm_also_where_the_past_has_one():
    past, now = cut(world(2, 6, PAST + 336))
    past = past.assign(value=np.where((past["at"] >= BEGIN + pd.Timedelta(200, "h")) & (past["at"] < BEGIN + pd.Timedelta(206, "h")), 0.0, past["value"]))
    begin = BEGIN + pd.Timedelta(PAST + 100, "h")
    out = (now["at"] >= begin) & (now["at"] < begin + pd.Timedelta("3h"))
    band = SeasonalBand(kind="count").fit(past)
    assert (band.expected_["left_out"] >= 5).all()
    watched = band.watch(now.assign(value=now["value"].where(~out, 0.15 * now["value"])))
    hits = watched.table[(watched.table["opened_at"] >= begin) & (watched.table["opened_at"] < begin + pd.Timedelta("2h"))]
    assert hits["entity"].tolist() == list(range(6))
    assert (hits["state"] == "closed").all()
    assert (hits["good_since"] == begin + pd.Timedelta("3h")).sum() >= 5
    assert len(watched.table) <= 6 + 4
    one = hits.iloc[0]
    mine = watched.bins[(watched.bins["entity"] == one["entity"]) & (watched.bins["at"] >= one["since"]) & (watched.bins["at"] < one["good_since"])]
    assert one["excess"] == pytest.approx((mine["expected"] - mine["value"]).sum())


def test_a_holiday_is_like_a_weekend_and_the_clock_is_the_places():
    at = pd.date_range("2026-03-02", periods=6 * 7 * 24, freq="h", tz="UTC")
    # Warsaw goes to summer time on 29 March: its nine o'clock moves from 08:00 to 07:00 UTC
    local = at.tz_convert("Europe/Warsaw")
    rng = np.random.default_rng(3)
    free = (local.day_of_week >= 5) | (local.strftime("%Y-%m-%d") == "2026-04-06")
    frame = pd.DataFrame({"entity": "A", "at": at, "value": np.where((local.hour >= 9) & ~free, 100.0, 20.0) + rng.normal(0, 2, len(at))})
    past, now = frame[frame["at"] < "2026-03-30"], frame[frame["at"] >= "2026-03-30"]
    right = SeasonalBand(time_zone="Europe/Warsaw", holidays=[dt.date(2026, 4, 6)]).fit(past).judge(now)
    assert (right["verdict"] == "within").mean() > 0.98
    assert (SeasonalBand(time_zone="Europe/Warsaw").fit(past).judge(now)["verdict"] == "below").sum() >= 15
    assert (SeasonalBand().fit(past).judge(now)["verdict"] == "above").sum() >= 9


def test_ranks_by_hand():
    # residuals -3 … 3 and spreads of 1.4826 x 2 for all: a new -3 is as low as one of seven, so (1 + 1)/8; and as high as all
    calibration = Calibration(0.2).fit(np.array([[-3.0, -2, -1, 0, 1, 2, 3]]), np.zeros(7, int), 1, 86400)
    low, high = calibration.tails(np.array([0, 0]), np.array([0, 0]), np.array([-3.0, 0.5]))
    assert low.tolist() == [2 / 8, 5 / 8]
    assert high.tolist() == [8 / 8, 4 / 8]
    assert calibration.scale[0] == pytest.approx(1.4826 * 2)


def test_each_week_is_foretold_from_the_others():
    grid = pd.date_range("2026-03-02", periods=21, freq="D")
    values = np.repeat([10.0, 12.0, 20.0], 7)[None] + np.tile([0, 1, 0, 1, 0, 0, 0], 3)
    found = WeeklyProfile("UTC", (5, 6), frozenset()).fit(grid, values, pd.Timedelta("1D"))
    # working days: medians of the other two weeks 12 and 20 -> 16 or so; the last week lies far above both others
    assert (found.residuals[0, 14:19] > 7).all()
    assert not found.is_constant[0]


def test_one_short_series_leans_on_the_others_and_alone_says_what_is_wanted():
    past, now = cut(world(4, 8, PAST + 24))
    band = SeasonalBand(0.0005, kind="count").fit(past)
    assert set(band.expected_["calibration"]) == {"pooled"}
    assert (band.judge(now.assign(value=0.0))["verdict"] == "below").all()
    with pytest.raises(ParameterError, match="so small a share of false alarms") as told:
        SeasonalBand(0.0005, kind="count").fit(past[past["entity"] == 0])
    assert "1999 residuals" in told.value.wanted


def test_what_cannot_be_judged_is_told_by_name():
    past, now = cut(world(5, 4, PAST + 24))
    value = past["value"].mask(past["entity"] == 1).mask((past["entity"] == 2) & (past["at"] > BEGIN + pd.Timedelta("4D")))
    past = past.assign(value=value.where(past["entity"] != 3, 7.0))
    band = SeasonalBand(kind="count").fit(past)
    assert band.left_out_ == {1: "no values", 2: "too few bins", 3: "constant"}
    judged = band.judge(pd.concat([now, now.head(1).assign(entity="new"), now.head(1).assign(at=now["at"].max() + pd.Timedelta("1h"), value=np.nan)]))
    assert judged["verdict"].iloc[-2:].tolist() == ["unknown", "no_data"]
    assert set(judged.loc[judged["entity"].isin([1, 2, 3]), "verdict"]) == {"unknown"}
    assert judged.loc[judged["entity"] == 0, "p_low"].notna().sum() == 24
    with pytest.raises(ParameterError, match="No entity can be judged"):
        SeasonalBand().fit(past[past["entity"] == 3])


def test_gaps_and_the_order_of_rows_change_little_or_nothing():
    past, now = cut(world(6, 3, PAST + 48))
    expected = SeasonalBand().fit(past).judge(now)
    again = SeasonalBand().fit(past.sample(frac=1, random_state=2)).judge(now)
    assert again[["expected", "p_low"]].equals(expected[["expected", "p_low"]])
    holes = SeasonalBand().fit(past.sample(frac=0.9, random_state=3)).judge(now)
    assert np.allclose(holes["expected"], expected["expected"], rtol=0.15)


@pytest.mark.parametrize(("change", "words"), [
    (lambda one: one.drop(columns="value"), "column is missing"),
    (lambda one: one.assign(value="high"), "holds text"),
    (lambda one: one.assign(value=-1.0), "count is negative"),
    (lambda one: one.head(24 * 9), "two weeks"),
    (lambda one: one.head(1), "Too few bins"),
    (lambda one: pd.concat([one, one.head(1)]), "same time twice"),
    (lambda one: one.assign(at="2026"), "no times"),
    (lambda one: one.assign(at=one["at"] + pd.to_timedelta(np.arange(len(one)) * 13, "s")), "follow no grid|do not divide"),
    (lambda one: one.assign(entity=None), "no entity"),
])
def test_a_past_that_makes_no_sense_is_refused(change, words):
    with pytest.raises(ParameterError, match=words):
        SeasonalBand(kind="count").fit(change(world(7, 1, PAST)))


def test_a_hundred_thousand_entities_have_a_stated_limit():
    at = pd.Series(pd.date_range("2026-03-01", periods=672, freq="h"))
    with pytest.raises(ParameterError, match="too many entities and bins") as told:
        read_matrix(np.zeros(672, int), 100_000, at, np.ones(672), pd.Timedelta("1h"))
    assert "20,000,000 cells" in told.value.wanted
    # a hundred thousand of days go
    days = pd.date_range("2026-03-02", periods=28, freq="D")
    value = np.random.default_rng(9).normal(10, 1, (100_000, 28))
    found = WeeklyProfile("UTC", (5, 6), frozenset()).fit(days, value, pd.Timedelta("1D"))
    assert abs(float(np.nanmean(found.residuals))) < 0.05


def test_parameters_that_make_no_sense_are_refused():
    for wrong in ({"alpha": 0}, {"kind": "ratio"}, {"worse": "down"}, {"hold": 0.0001}, {"calm": 0}, {"time_zone": "Mars"}):
        with pytest.raises(ParameterError):
            SeasonalBand(**wrong)
    with pytest.raises(ParameterError, match="not been fitted"):
        SeasonalBand().judge(world(8, 1, 2))
