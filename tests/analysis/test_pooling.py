"""Small volumes by longer windows; alarms that open, hold and close once; input that makes no sense."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.analysis import PooledBaseline
from cemlib.analysis.alarm import recover_after
from cemlib.analysis.betabinomial import beta_shape
from cemlib.analysis.trailing import TrailingSums
from cemlib.errors import ParameterError

BEGIN = pd.Timestamp("2026-03-01", tz="UTC")


def series(rates, volume: int, seed: int, *, begin=BEGIN, entity: str = "A", rho: float = 0.002) -> pd.DataFrame:
    """Hours with these expected ratios."""
    rng, rates = np.random.default_rng(seed), np.asarray(rates, float)
    den = rng.poisson(volume, rates.size)
    num = rng.binomial(den, np.where(rates > 0, rng.beta(*beta_shape(np.maximum(rates, 1e-6), rho)), 0.0))
    return pd.DataFrame({"entity": entity, "at": pd.date_range(begin, periods=rates.size, freq="h"), "num": num, "den": den})


@pytest.fixture(scope="module")
def hundred():
    """A baseline of eight entities at a hundred calls an hour and 97 %."""
    return PooledBaseline().fit(pd.concat([series([0.97] * 672, 100, seed, begin=BEGIN - pd.Timedelta("28D"), entity=f"E{seed}") for seed in range(8)]))


def hours(number: float) -> pd.Timestamp:
    return BEGIN + pd.Timedelta(number, "h")


def test_an_outage_is_one_alarm_that_opens_in_time_and_closes(hundred):
    now = series([0.97] * 200 + [0.3] * 5 + [0.97] * 200, 100, 1, entity="E1")
    alarms = hundred.watch(now).table
    # the day's and the week's sums stay low long after it is over; they open nothing again
    assert len(alarms) == 1
    one = alarms.iloc[0]
    assert (one["since"], one["opened_at"], one["good_since"], one["state"]) == (hours(200), hours(200), hours(205), "closed")
    assert hours(206) <= one["closed_at"] <= hours(210)
    told = now[(now["at"] >= hours(200)) & (now["at"] < hours(205))]
    assert (one["n"], one["bins"]) == (told["den"].sum(), 5)
    assert one["observed"] == pytest.approx(told["num"].sum() / told["den"].sum())
    assert one["excess"] == pytest.approx(one["expected"] * one["n"] - told["num"].sum())
    assert one["observed"] < one["limit"] < one["expected"]


def test_a_failure_that_flaps_is_one_alarm(hundred):
    # one hour in three looks good
    bad = [0.75, 0.75, 0.97] * 8
    alarms = hundred.watch(series([0.97] * 100 + bad + [0.97] * 72, 100, 2, entity="E2")).table
    assert len(alarms) == 1
    assert hours(122) <= alarms["good_since"][0] <= hours(126)


def test_an_outage_that_only_gets_better_by_half_stays_open(hundred):
    alarms = hundred.watch(series([0.97] * 50 + [0.0] * 4 + [0.9] * 60, 100, 3, entity="E3")).table
    assert alarms["state"].tolist() == ["open"]
    assert alarms["since"][0] == hours(50)


def test_two_failures_are_two_alarms(hundred):
    alarms = hundred.watch(series([0.97] * 50 + [0.5] * 3 + [0.97] * 40 + [0.5] * 3 + [0.97] * 40, 100, 4, entity="E4")).table
    assert alarms["since"].tolist() == [hours(50), hours(93)]
    assert alarms["state"].tolist() == ["closed", "closed"]


def test_silence_is_no_recovery(hundred):
    now = series([0.97] * 50 + [0.4] * 3 + [0.97] * 30, 100, 5, entity="E5")
    now.loc[53:, ["num", "den"]] = 0
    assert hundred.watch(now).table["state"].tolist() == ["open"]
    assert hundred.watch(now[now["den"] > 0]).table["state"].tolist() == ["open"]


def test_pooling_finds_at_five_an_hour_what_an_hour_cannot_show():
    past = pd.concat([series([0.97] * 672, 5, seed, begin=BEGIN - pd.Timedelta("28D"), entity=f"E{seed}") for seed in range(10)])
    now = pd.concat([series([0.97] * 168 + [0.9] * 96, 5, 100 + seed, entity=f"E{seed}") for seed in range(10)])
    pooled = PooledBaseline().fit(past).watch(now, since=hours(168))
    alone = PooledBaseline(windows=["1h"]).fit(past).watch(now, since=hours(168))
    assert pooled.table["entity"].nunique() >= 8
    assert alone.table["entity"].nunique() <= 3
    assert set(pooled.table["window"]) <= {"6h", "24h", "7D"}


def test_quiet_weeks_raise_hardly_an_alarm_even_where_days_differ():
    rng = np.random.default_rng(7)

    def weeks(count, begin):
        days = np.repeat(rng.beta(*beta_shape(0.97, 0.002), size=(20, count * 7)), 24, axis=1)
        return pd.concat([series(days[one], 1000, 50 + one + count, entity=f"E{one}", begin=begin, rho=0.0005) for one in range(20)])

    watched = PooledBaseline().fit(weeks(4, BEGIN - pd.Timedelta("28D"))).watch(weeks(5, BEGIN))
    # 20 entities x 5 weeks: stated at most .168 per entity and week
    assert watched.expected_false_alarms == pytest.approx(0.168)
    assert len(watched.table) <= 0.168 * 100
    assert (watched.bins["verdict"] == "bad").mean() <= 0.0015


def test_failure_ratios_are_the_mirror(hundred):
    past = pd.concat([series([0.97] * 672, 100, seed, begin=BEGIN - pd.Timedelta("28D"), entity=f"E{seed}") for seed in range(8)])
    now = series([0.97] * 100 + [0.6] * 4 + [0.97] * 50, 100, 6, entity="E6")
    mirrored = PooledBaseline(worse="high").fit(past.assign(num=past["den"] - past["num"])).watch(now.assign(num=now["den"] - now["num"])).table
    same = hundred.watch(now).table
    assert mirrored[["since", "opened_at", "closed_at", "n", "p"]].equals(same[["since", "opened_at", "closed_at", "n", "p"]])
    assert np.allclose(mirrored[["observed", "expected", "limit"]], 1 - same[["observed", "expected", "limit"]])


def test_order_of_rows_and_zones_of_clocks_change_nothing(hundred):
    now = pd.concat([series([0.97] * 60 + [0.5] * 3 + [0.97] * 30, 100, 8, entity="E1"), series([0.97] * 93, 100, 9, entity="E2")])
    expected = hundred.watch(now).table
    other = now.assign(at=now["at"].dt.tz_convert("Europe/Warsaw")).sample(frac=1, random_state=1)
    assert hundred.watch(other).table.equals(expected)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 40), st.integers(0, 5)), min_size=1, unique_by=lambda one: one[:2]), st.sampled_from([(1, 1), (6, 1), (6, 3), (12, 6)]))
def test_trailing_sums_are_the_sums_one_by_one(rows, spans):
    frame = pd.DataFrame(sorted(rows), columns=["code", "hour", "den"])
    frame = frame.assign(at=pd.Timestamp("2026-03-01") + pd.to_timedelta(frame["hour"], "h"), num=frame["den"] // 2)
    span, part = spans
    found = TrailingSums(frame, pd.Timedelta("1h"), 12).over(np.arange(len(frame)), span, part)
    for place, row in enumerate(frame.itertuples()):
        mine = frame[(frame["code"] == row.code) & (frame["hour"] <= row.hour) & (frame["hour"] > row.hour - span)]
        parts = mine.groupby((row.hour - mine["hour"]) // part)["den"].sum()
        assert found.iloc[place].tolist() == [mine["num"].sum(), mine["den"].sum(), (parts**2).sum()]


def test_recovery_by_hand():
    # .5, 1, .4, 1.4, 2.4: it never fell to nothing; .5, 1, 0, 1, 2: it did, with the third
    assert recover_after(np.array([0.5, 0.5, -0.6, 1.0, 1.0]), 2) == (4, 0)
    assert recover_after(np.array([0.5, 0.5, -1.6, 1.0, 1.0]), 2) == (4, 3)
    assert recover_after(np.array([1.0, -2.0, 1.0]), 2) is None


def test_a_short_past_leaves_out_the_long_windows():
    base = PooledBaseline().fit(series([0.97] * 100, 50, 10))
    # 100 hours: eight times 6 h, eight times 1 h, but four times 24 h, and no two weeks
    assert list(base.windows_) == ["1h", "6h", "24h"]
    assert list(base.left_out_) == ["7D"]
    assert sum(base.windows_.values()) == pytest.approx(1)


def test_daily_bins_have_no_hourly_windows():
    days = series([0.97] * 60, 500, 16).assign(at=pd.date_range(BEGIN, periods=60, freq="D"))
    base = PooledBaseline().fit(days)
    assert base.windows_ == {"24h": 0.5, "7D": 0.5}
    assert base.left_out_ == {"1h": "narrower than the bins of 1 days 00:00:00", "6h": "narrower than the bins of 1 days 00:00:00"}


@pytest.mark.parametrize(("change", "words"), [
    (lambda one: one.drop(columns="at"), "column is missing"),
    (lambda one: one.assign(num=np.nan), "missing values"),
    (lambda one: one.assign(num="many"), "holds text"),
    (lambda one: one.assign(num=one["den"] + 1), "outside"),
    (lambda one: one.assign(den=0, num=0), "no trials"),
    (lambda one: one.head(1), "Too few bins"),
    (lambda one: one.head(3), "Too few bins"),
    (lambda one: pd.concat([one, one.tail(1)]), "same time twice"),
    (lambda one: one.assign(at=one["at"].astype(str)), "no times"),
    (lambda one: one.assign(at=one["at"].where(one.index > 0)), "missing values"),
    (lambda one: one.assign(at=[*one["at"].dt.tz_localize(None)[:5], *one["at"][5:]]), "Some times have a zone"),
    (lambda one: one.assign(at=one["at"] + pd.to_timedelta(np.arange(len(one)) * 7, "s")), "follow no grid|no multiple"),
])
def test_a_past_that_makes_no_sense_is_refused(change, words):
    with pytest.raises(ParameterError, match=words):
        PooledBaseline().fit(change(series([0.97] * 200, 30, 11)))


def test_bins_that_do_not_go_with_the_past_are_refused(hundred):
    now = series([0.97] * 50, 100, 12)
    with pytest.raises(ParameterError, match="do not go with those of the past"):
        hundred.watch(now.assign(at=now["at"].dt.tz_localize(None)))
    with pytest.raises(ParameterError, match="no grid of the past's width"):
        hundred.judge(now.assign(at=pd.date_range(BEGIN, periods=50, freq="15min")))
    with pytest.raises(ParameterError, match="not been fitted"):
        PooledBaseline().judge(now)
    for wrong in ({"windows": []}, {"windows": ["day"]}, {"worse": "lower"}, {"alpha": 2}, {"calm": 0}):
        with pytest.raises(ParameterError):
            PooledBaseline(**wrong)
    with pytest.raises(ParameterError, match="no multiple"):
        PooledBaseline(windows=["90min"]).fit(series([0.97] * 200, 30, 13))


def test_nothing_to_watch_and_constant_pasts_work(hundred):
    now = series([0.97] * 50, 100, 14, entity="E1")
    assert len(hundred.watch(now.head(0)).table) == 0
    assert len(hundred.watch(now, since=hours(999)).bins) == 0
    perfect = series([0.97] * 300, 50, 15).assign(num=lambda one: one["den"])
    base = PooledBaseline().fit(perfect)
    assert len(base.watch(perfect.tail(50)).table) == 0
    assert base.judge(perfect.tail(1).assign(num=0))["verdict"].tolist() == ["bad"]
