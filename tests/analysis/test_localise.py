"""True causes: planted patterns come back, null cases have none, names and rows change nothing, bad input is told."""

from __future__ import annotations

import time
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.analysis import RootCauseLocator, match_pattern
from cemlib.errors import ParameterError, UnknownNameError

DIMS = ["cell", "device", "service"]
SIZES = (6, 4, 3)


def operator(seed: int, fault: dict | None = None, factor: float = 4.0, attempts: float = 120.0, drift: float = 1.0, rate: float = 0.03):
    """Two periods of 72 cells of unequal size; in the second one a pattern fails ``factor`` times as often."""
    rng = np.random.default_rng(seed)
    cells = pd.DataFrame(list(product(*[[f"{dim}{one}" for one in range(size)] for dim, size in zip(DIMS, SIZES)])), columns=DIMS)
    mean = attempts * rng.lognormal(0, 0.8, len(cells))
    base = rate * rng.lognormal(0, 0.4, len(cells))
    now = base * drift
    if fault is not None:
        now = np.where(match_pattern(cells, fault), now * factor, now)
    frames = []
    for rates in (base, now):
        att = rng.poisson(mean)
        frames.append(cells.assign(att=att, fail=rng.binomial(att, np.minimum(rates, 0.9)))[att > 0])
    return frames[1], frames[0]


def locate(now, then, **more):
    return RootCauseLocator("ratio", **more).fit(now, then, DIMS, value="fail", weight="att")


@pytest.mark.parametrize("fault", [{"cell": "cell2"}, {"cell": "cell1", "device": "device3"}, {"cell": "cell4", "device": "device0", "service": "service1"}],
                         ids=["one", "two", "three"])
def test_a_planted_pattern_is_found(fault):
    found = locate(*operator(5, fault, factor=8.0, attempts=1500))
    assert found.verdict_ == "cause"
    assert found.causes_.pattern.tolist() == [fault]
    assert found.causes_.direction[0] == "up"
    assert found.causes_.p[0] < 0.01
    assert found.causes_.contribution[0] > 0
    # one cell of 72 hardly moves the whole, so that a share of its movement is not told
    assert np.isnan(found.causes_.share_explained[0]) if len(fault) == 3 else 0.5 < found.causes_.share_explained[0] < 1.5
    assert found.claim == "association"


def test_a_fault_in_a_ratio_of_successes_goes_down():
    now, then = operator(6, {"cell": "cell2"}, factor=6.0)
    ok = [frame.assign(fail=frame["att"] - frame["fail"]) for frame in (now, then)]
    found = locate(*ok)
    assert (found.causes_.pattern[0], found.causes_.direction[0]) == ({"cell": "cell2"}, "down")


def test_depth_is_a_limit():
    frames = operator(5, {"cell": "cell1", "device": "device3"}, factor=8.0, attempts=400)
    assert locate(*frames, max_depth=2).causes_.depth.max() == 2
    assert locate(*frames, max_depth=1).causes_.depth.tolist() == [1]


def test_nothing_is_found_where_nothing_happened():
    verdicts = [locate(*operator(seed)).verdict_ for seed in range(40)]
    # wanted are at most 5 %
    assert sum(one == "cause" for one in verdicts) <= 2
    assert verdicts.count("none") >= 36


def test_a_change_of_all_cells_is_no_pattern():
    found = [locate(*operator(seed, drift=1.5)) for seed in range(20)]
    assert sum(one.verdict_ == "everywhere" for one in found) >= 18
    assert sum(len(one.causes_) for one in found) <= 1


def test_a_shift_of_the_mix_is_called_mix():
    # each cell fails exactly as often as before; more attempts are made in the bad one
    then = pd.DataFrame({"cell": ["good", "bad"], "plan": "x", "fail": [100, 400], "att": [10_000, 4_000]})
    now = pd.DataFrame({"cell": ["good", "bad"], "plan": "x", "fail": [40, 1000], "att": [4_000, 10_000]})
    found = RootCauseLocator("ratio").fit(now, then, ["cell", "plan"], value="fail", weight="att")
    assert found.verdict_ == "mix"
    assert "cell" in found.message_
    assert found.causes_.empty
    whole = found.shift_.set_index("dimension").loc["all"]
    # 500 of 14,000 became 1,040 of 14,000
    assert whole["mix_shift"] == pytest.approx(540 / 14_000)
    assert whole["rate_shift"] == pytest.approx(0, abs=1e-12)


def test_a_small_fault_beside_a_shift_of_the_mix_is_not_its_cause():
    # 3,010 of 70,500 become 5,450 of 70,500 since traffic went to cell b; cell c fails five times as often, which is 40 of the 2,440 more
    then = pd.DataFrame({"cell": ["a", "b", "c"], "fail": [1000, 2000, 10], "att": [50_000, 20_000, 500]})
    now = pd.DataFrame({"cell": ["a", "b", "c"], "fail": [400, 5000, 50], "att": [20_000, 50_000, 500]})
    found = RootCauseLocator("ratio").fit(now, then, ["cell"], value="fail", weight="att")
    assert (found.verdict_, len(found.causes_)) == ("mix", 0)
    assert found.waterfall_["step"].tolist() == ["expected", "mix", "rest", "actual"]
    # without the shift the same fault is the cause
    alone = RootCauseLocator("ratio").fit(then.assign(fail=[1000, 2000, 50]), then, ["cell"], value="fail", weight="att")
    assert (alone.verdict_, alone.causes_["text"].tolist()) == ("cause", ["cell = c"])


def test_simpson_each_cell_is_better_and_the_whole_is_worse():
    then = pd.DataFrame({"cell": ["good", "bad"], "fail": [100, 400], "att": [10_000, 4_000]})
    now = pd.DataFrame({"cell": ["good", "bad"], "fail": [36, 900], "att": [4_000, 10_000]})
    found = RootCauseLocator("ratio").fit(now, then, ["cell"], value="fail", weight="att")
    whole = found.shift_.set_index("dimension").loc["all"]
    # rates .01 -> .009 and .1 -> .09; weights 10/14, 4/14 -> 4/14, 10/14: (-.001 - .01) * .5 and (.095 - .0095) * 6/14
    assert whole["rate_shift"] == pytest.approx(-0.0055)
    assert whole["mix_shift"] == pytest.approx(0.0855 * 6 / 14)
    assert found.verdict_ == "mix"


def test_the_waterfall_adds_up():
    found = locate(*operator(7, {"device": "device1"}))
    steps = found.waterfall_.set_index("step")["value"]
    assert steps.iloc[:-1].sum() == pytest.approx(steps["actual"])
    assert steps["expected"] == pytest.approx(found.expected_)


def test_dimensions_that_say_the_same_are_listed_as_equivalent():
    now, then = operator(8, {"device": "device1"})
    now, then = (frame.assign(vendor=frame["device"].map(lambda one: "v" + one)) for frame in (now, then))
    found = RootCauseLocator("ratio").fit(now, then, [*DIMS, "vendor"], value="fail", weight="att")
    told = [found.causes_.pattern[0], *found.equivalents_.pattern]
    assert {"device": "device1"} in told
    assert {"vendor": "vdevice1"} in told
    # the same leaves said with more words are no other explanation
    assert {"device": "device1", "vendor": "vdevice1"} not in told


def renamed(frame: pd.DataFrame, rng: np.random.Generator, names: dict, values: dict) -> pd.DataFrame:
    out = frame.sample(frac=1, random_state=int(rng.integers(1 << 31)))
    out = out.assign(**{dim: out[dim].map(values[dim]) for dim in DIMS}).rename(columns=names)
    return out[list(rng.permutation(out.columns))]


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from(["ratio", "count", "sum"]))
def test_names_and_orders_change_nothing(seed, kind):
    rng = np.random.default_rng(seed)
    now, then = operator(seed, {"cell": "cell2", "device": "device1"} if seed % 3 else None, factor=5)
    weight = "att" if kind == "ratio" else None
    names = dict(zip(DIMS, rng.permutation(["x", "y", "z"])))
    values = {dim: dict(zip(now[dim].unique(), rng.permutation(now[dim].unique()))) for dim in DIMS}
    for frame in (now, then):
        for dim in DIMS:
            for one in frame[dim].unique():
                values[dim].setdefault(one, one + "'")
    value = "fail" if kind != "sum" else "att"
    before = RootCauseLocator(kind).fit(now, then, DIMS, value=value, weight=weight)
    dims = list(rng.permutation(list(names.values())))
    after = RootCauseLocator(kind).fit(renamed(now, rng, names, values), renamed(then, rng, names, values), dims, value=value, weight=weight)
    assert after.verdict_ == before.verdict_
    assert [{names[dim]: values[dim][one] for dim, one in pattern.items()} for pattern in before.causes_.pattern] == after.causes_.pattern.tolist()
    for column in ("p", "llr", "share_explained", "excess", "risk"):
        assert np.array_equal(before.causes_[column].to_numpy(float), after.causes_[column].to_numpy(float), equal_nan=True), column


def test_split_rows_are_the_same_cell():
    now, then = operator(9, {"cell": "cell3"})
    halves = pd.concat([now.assign(fail=now["fail"] // 2, att=now["att"] // 2), now.assign(fail=now["fail"] - now["fail"] // 2, att=now["att"] - now["att"] // 2)])
    assert locate(halves, then).causes_.drop(columns="pattern").equals(locate(now, then).causes_.drop(columns="pattern"))


PLACES = {"cell": 8, "device": 6, "service": 4, "plan": 8}


def amounts(seed: int, fault: dict | None, factor: float = 0.5, noise: float = 0.03):
    rng = np.random.default_rng(seed)
    cells = pd.DataFrame(list(product(*[[f"{dim}{one}" for one in range(size)] for dim, size in PLACES.items()])), columns=list(PLACES))
    forecast = rng.lognormal(5, 1, len(cells))
    real = forecast * rng.normal(1, noise, len(cells)).clip(0.5, 1.5)
    if fault:
        real = np.where(match_pattern(cells, fault), real * factor, real)
    return cells.assign(mb=real), cells.assign(mb=forecast)


@pytest.mark.parametrize("fault", [{"cell": "cell2"}, {"cell": "cell1", "device": "device3"}, {"cell": "cell4", "device": "device0", "service": "service1"}],
                         ids=["one", "two", "three"])
def test_sums_are_located(fault):
    now, then = amounts(3, fault)
    found = RootCauseLocator("sum").fit(now, then, list(PLACES), value="mb")
    assert found.causes_.pattern.tolist() == [fault]
    assert found.causes_.direction[0] == "down"
    inside = match_pattern(now, fault)
    assert found.causes_.excess[0] == pytest.approx(now["mb"][inside].sum() - then["mb"][inside].sum())


def test_sums_without_a_fault_have_no_cause():
    found = [RootCauseLocator("sum").fit(*amounts(seed, None, noise=0.02 + 0.004 * seed), list(PLACES), value="mb").verdict_ for seed in range(40)]
    assert found.count("cause") <= 2


def test_counts_are_located_without_trials():
    now, then = operator(4, {"service": "service2"}, factor=3)
    found = RootCauseLocator("count").fit(now, then, DIMS, value="fail")
    assert found.causes_.pattern.tolist() == [{"service": "service2"}]
    assert found.actual_ == now["fail"].sum()


def test_a_new_value_and_a_missing_one_are_values():
    now, then = operator(4)
    fresh = pd.DataFrame({"cell": ["new"] * 3, "device": ["device0", None, "device1"], "service": ["service0", "service1", "service2"], "att": [400, 300, 500], "fail": [200, 150, 260]})
    found = locate(pd.concat([now, fresh]), then)
    assert found.causes_.pattern.tolist() == [{"cell": "new"}]
    lost = now.assign(device=now["device"].where(now["device"] != "device2"), fail=now["fail"].where(now["device"] != "device2", now["att"] // 2))
    (pattern,) = locate(lost, then.assign(device=then["device"].where(then["device"] != "device2"))).causes_.pattern
    assert list(pattern) == ["device"]
    assert pd.isna(pattern["device"])


def test_bad_input_is_told():
    now, then = operator(1)
    with pytest.raises(UnknownNameError, match="celll"):
        RootCauseLocator().fit(now, then, ["celll"], value="fail", weight="att")
    with pytest.raises(ParameterError, match="negative"):
        locate(now.assign(fail=-1), then)
    with pytest.raises(ParameterError, match="more events than trials"):
        locate(now.assign(fail=now["att"] + 1), then)
    with pytest.raises(ParameterError, match="no row with all"):
        locate(now.assign(fail=np.nan), then)
    with pytest.raises(ParameterError, match="no row with all"):
        locate(now.iloc[:0], then)
    with pytest.raises(ParameterError, match="holds text"):
        locate(now.assign(fail="x"), then)
    with pytest.raises(ParameterError, match="needs the trials"):
        RootCauseLocator().fit(now, then, DIMS, value="fail")
    with pytest.raises(ParameterError, match="max_depth"):
        RootCauseLocator(max_depth=5)
    with pytest.raises(ParameterError, match="dimensions are none"):
        RootCauseLocator().fit(now, then, [], value="fail", weight="att")
    with pytest.raises(ParameterError, match="numbers in one table"):
        locate(now.assign(cell=1), then)


def test_a_dimension_of_a_hundred_thousand_values_is_refused_at_once():
    rows = pd.DataFrame({"who": np.arange(100_000).astype(str), "fail": 1, "att": 10})
    begun = time.monotonic()
    with pytest.raises(ParameterError, match="100,000 values"):
        RootCauseLocator().fit(rows, rows, ["who"], value="fail", weight="att")
    assert time.monotonic() - begun < 20


def test_constant_and_empty_figures_have_a_verdict():
    now, then = operator(1)
    assert locate(now.assign(fail=0), then.assign(fail=0)).verdict_ == "too few"
    assert locate(now.assign(fail=now["att"]), then.assign(fail=then["att"])).verdict_ == "none"
    few = pd.DataFrame({"cell": ["a", "b"], "fail": [1, 0], "att": [3, 4]})
    assert RootCauseLocator().fit(few, few, ["cell"], value="fail", weight="att").verdict_ == "too few"
    still = pd.DataFrame({"cell": ["a", "b"], "mb": [3.0, 4.0]})
    assert RootCauseLocator("sum").fit(still, still, ["cell"], value="mb").verdict_ == "none"
    assert RootCauseLocator("sum").fit(still.assign(mb=0), still.assign(mb=0), ["cell"], value="mb").verdict_ == "too few"
