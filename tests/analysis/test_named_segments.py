"""Rules that somebody names, and segments that are one for whoever acts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cemlib.analysis import NamedSegments, Segmenter, merge_alike
from cemlib.errors import ParameterError, UnknownNameError

RULES = {"VIP": "vip_tier is gold or platinum", "IoT fleet": "fleet is given", "silent": "volume_gb <= 0 and calls <= 0", "roamer": "roaming_days > 0",
         "heavy": "volume_gb in the top 10 %", "unknown age": "age is missing", "staff": "is_staff is true"}


def customers() -> pd.DataFrame:
    """A hundred: 0 … 99 GB."""
    X = pd.DataFrame({"volume_gb": np.arange(100.0), "calls": 5.0, "roaming_days": 0.0, "vip_tier": "none", "fleet": None, "age": 40.0, "is_staff": False})
    X.loc[[0, 1], "calls"] = 0
    X.loc[[95, 50], "vip_tier"] = ["gold", "platinum"]
    X.loc[20:31, "fleet"] = "meters"
    X.loc[[96, 40], "roaming_days"] = 3
    X.loc[[60, 61], "age"] = np.nan
    X.loc[70, "is_staff"] = True
    return X


def test_each_customer_is_in_the_first_segment_whose_rule_is_met():
    fit = NamedSegments(RULES, smallest=2).fit(customers())
    # top 10 %: above the 90 % quantile 89.1, so 90 … 99; of them 95 is VIP and 96 roams
    counts = {"VIP": 2, "IoT fleet": 12, "silent": 1, "roamer": 2, "heavy": 8, "unknown age": 2, "staff": 1, "others": 72}
    assert fit.labels_.value_counts().to_dict() == counts
    table = fit.table_.set_index("segment")
    assert table.loc["heavy", "rule"] == "volume_gb in the top 10 % (volume_gb > 89.1)"
    assert table.loc["heavy", "elsewhere"] == 2
    assert table.loc["IoT fleet", "share"] == 0.12
    # a single person's figures are not shown
    assert pd.isna(table.loc["silent", "n"])
    assert np.isnan(table.loc["silent", "share"])


def test_limits_are_those_of_the_fit_and_what_is_missing_meets_nothing():
    fit = NamedSegments({"heavy": "volume_gb in the top 10 %"}).fit(customers())
    later = pd.DataFrame({"volume_gb": [89.0, 90.0, np.nan]})
    assert fit.predict(later).tolist() == ["others", "heavy", "others"]
    assert NamedSegments({"low": "volume_gb < 5"}).fit(later).table_["unknown"].tolist() == [1, 0]


@pytest.mark.parametrize("rule", ["volume_gb", "volume_gb => 3", "volume_gb in the top 0 %", "volume_gb >= 3 or calls >= 2", ""])
def test_a_rule_that_cannot_be_read_is_shown(rule):
    with pytest.raises(ParameterError, match="rule of 'x'"):
        NamedSegments({"x": rule})


def test_what_does_not_fit_the_table_is_told():
    with pytest.raises(UnknownNameError, match="volume_bg"):
        NamedSegments({"x": "volume_bg > 3"}).fit(customers())
    with pytest.raises(ParameterError, match="holds text"):
        NamedSegments({"x": "vip_tier > 3"}).fit(customers())
    with pytest.raises(ParameterError, match="no limits yet"):
        NamedSegments(RULES).predict(customers())
    with pytest.raises(ParameterError, match="no rules"):
        NamedSegments({})


def world(seed: int, slopes: dict[str, tuple[float, float]], n: int = 400) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    rng = np.random.default_rng(seed)
    segment = pd.Series(np.repeat(list(slopes), n))
    X = pd.DataFrame(rng.normal(size=(len(segment), 2)), columns=["quality", "price"])
    effect = np.array([slopes[name] for name in segment])
    level = segment.map({name: place for place, name in enumerate(slopes)})
    return X, pd.Series((X.to_numpy() * effect).sum(axis=1) + level + rng.normal(size=len(X)) * (1 + 0.5 * X["quality"].abs())), segment


def test_segments_with_the_same_reasons_are_one_and_levels_do_not_matter():
    X, outcome, segment = world(1, {"young": (0.8, -0.2), "old": (0.1, -0.7), "students": (0.8, -0.2)})
    found = merge_alike(X, outcome, segment, ["quality", "price"])
    assert found.names == {"old": "old", "students": "students + young", "young": "students + young"}
    assert found.effects.loc["students + young", "quality"] == pytest.approx(0.8, abs=0.12)
    assert found.labels.value_counts().to_dict() == {"students + young": 800, "old": 400}
    assert (found.pairs["p"] <= 0.05).all()


def test_equal_segments_are_seldom_left_apart():
    apart = sum(len(set(merge_alike(*world(seed, {"a": (0.5, 0.5), "b": (0.5, 0.5), "c": (0.5, 0.5)}, 150), ["quality", "price"]).names.values())) > 1 for seed in range(100))
    # at .05: of a hundred, 12 or more have a probability of .004
    assert apart <= 11


def test_few_customers_and_bad_input_are_told():
    X, outcome, segment = world(2, {"a": (1, 0), "b": (-1, 0)}, 100)
    segment.iloc[-3:] = "tiny"
    assert merge_alike(X, outcome, segment, ["quality"]).too_few == ("tiny",)
    for wrong in ({"drivers": []}, {"drivers": ["quality"], "alpha": 2}):
        with pytest.raises(ParameterError):
            merge_alike(X, outcome, segment, **wrong)
    with pytest.raises(ParameterError, match="same customers"):
        merge_alike(X, outcome.iloc[:-1], segment, ["quality"])
    with pytest.raises(ParameterError, match="same for all"):
        merge_alike(X.assign(quality=1.0), outcome, segment, ["quality"])
    with pytest.raises(ParameterError, match="enough customers"):
        merge_alike(X.head(4), outcome.head(4), segment.head(4), ["quality"])


def test_a_skewed_crowd_is_one_segment():
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.gamma(2.0, size=(800, 4)), columns=list("abcd"))
    assert Segmenter({"x": list("ab"), "y": list("cd")}, k_max=4).fit(X).k_ == 1
