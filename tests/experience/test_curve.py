"""Declared curves: monotone, on their scale, and refused with file, line and the nearest word when they are not."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from cemlib.errors import CallError, ParameterError, UnknownNameError
from cemlib.experience import Curve, curve, list_curves, load_curves, score_page_load

NAMES = [one["name"] for one in list_curves()]
GOOD = {"title": "Mine", "service": "data", "unit": "s", "better": "lower", "shape": "linear", "points": [[1, 100], [5, 0]], "good": 1, "poor": 4,
        "standard": "own", "why": "a test"}
BARE = {name: value for name, value in GOOD.items() if name != "points"}


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_curve_goes_one_way_on_its_scale(name):
    one = curve(name)
    flat = np.array(one.numbers).reshape(-1)
    ends = flat[::2] if one.shape == "linear" else flat
    low = max(one.possible[0], ends.min() - 10 * np.ptp(ends))
    high = min(one.possible[1], ends.max() + 10 * np.ptp(ends))
    score = one(np.linspace(low, high, 3001))
    assert score.counts["scored"] == 3001
    assert np.all(np.diff(score.values) * (1 if one.better == "higher" else -1) >= -1e-9)
    assert score.low <= score.values.min() < score.values.max() <= score.high
    # the thresholds mean something: as good as wanted is in the upper third, poor in the lower half
    good, poor = (one(threshold).to_percent().values for threshold in (one.good, one.poor))
    assert good > 64
    assert poor < 50


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_curve_says_where_it_comes_from(name):
    one = curve(name)
    assert one.standard.startswith(("own", "ITU-T", "ETSI"))
    assert one.why
    if not one.standard.startswith("own"):
        assert "not" in one.standard or "read" in one.standard
    assert one([one.good]).method == ("own" if one.standard.startswith("own") else one.standard.split(" (")[0])
    assert Curve.from_dict(name, one.to_dict()) == one


def test_the_services_that_have_no_standard_have_a_curve():
    assert {"messaging", "iot", "iptv", "wifi", "data", "sms", "voice", "web"} <= {one["service"] for one in list_curves()}


def test_the_curve_of_g1030_is_g1030():
    times = [0.1, 0.67, 1, 2, 3, 5.9, 6, 40]
    assert curve("web_page_load_time")(times).values == pytest.approx(score_page_load(times).values)


def test_a_linear_curve_by_hand():
    # (1, 100) … (5, 0): 2 s is a quarter of the way
    mine = Curve.from_dict("mine", GOOD)
    assert mine([0, 1, 2, 5, 99, None]).to_list() == [100, 100, 75, 0, 0, None]


def test_a_logarithmic_curve_by_hand():
    rate = Curve.from_dict("mine", BARE | {"unit": "Mbit/s", "better": "higher", "shape": "log", "best": 100, "worst": 1, "good": 50, "poor": 2})
    assert rate([0, 1, 10, 100, 1000]).values == pytest.approx([0, 0, 50, 100, 100])


def test_a_logistic_curve_by_hand():
    signal = Curve.from_dict("mine", BARE | {"unit": "dBm", "better": "higher", "shape": "logistic", "middle": -70, "width": 5, "good": -60, "poor": -80})
    # 1 / (1 + e^-1) = .731059, and its mirror image
    assert signal([-65, -70, -75, -1e9, 1e9]).values == pytest.approx([73.1059, 50, 26.8941, 0, 100], abs=1e-4)


def test_a_misspelt_name_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="wifi_signl") as caught:
        curve("wifi_signl")
    assert caught.value.near == ["wifi_signal"]
    with pytest.raises(UnknownNameError, match="service"):
        list_curves("wi-fi")


@pytest.mark.parametrize(("change", "message", "told"), [
    ({"pionts": []}, "not known: 'pionts'", "'points'"), ({"points": [[5, 100], [1, 0]]}, "out of order", "above the one before"),
    ({"points": [[1, 0], [5, 100]]}, "one way", "never rise"), ({"points": [[1, 50], [5, 50]]}, "one way", ""), ({"points": [[1, 120], [5, 0]]}, "leaves its scale", "0 … 100"),
    ({"points": [[1, 100]]}, "out of order", ""), ({"points": [[1, "x"], [2, 0]]}, "not a number", ""), ({"points": 3}, "not a number", ""),
    ({"points": [[1, 100], [float("inf"), 0]]}, "not finite", ""), ({"good": 9}, "thresholds upside down", "below poor"), ({"possible": [3, 1]}, "possible nowhere", "least < most"),
    ({"unit": "sec"}, "no unit", ""), ({"better": "up"}, "no better", ""), ({"shape": "linar"}, "no shape", "linear"), ({"scale": "mos"}, "no scale", "MOS"),
    ({"scale": "MOS"}, "leaves its scale", "1 … 5"), ({"shape": "logistic"}, "not known: 'points'", ""),
])
def test_a_curve_that_is_wrong_is_refused(change, message, told):
    with pytest.raises(CallError, match=message) as caught:
        Curve.from_dict("mine", GOOD | change, where="mine.yaml, line 3")
    assert told in str(caught.value)
    assert "mine.yaml, line 3" in caught.value.where


def test_a_curve_lacks_nothing():
    with pytest.raises(ParameterError, match="lacks why, points"):
        Curve.from_dict("mine", {name: value for name, value in GOOD.items() if name not in ("why", "points")})
    with pytest.raises(ParameterError, match="not a list of words"):
        Curve.from_dict("mine", 3)


def test_a_file_of_own_curves(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("# mine\nmine: " + yaml.safe_dump(GOOD, default_flow_style=True).replace("\n", " ") + "\n")
    own = load_curves(path)
    assert curve("mine", own)([2]).to_list() == [75]
    assert curve("wifi_signal", own).name == "wifi_signal"


@pytest.mark.parametrize(("text", "message", "where"), [
    ("mine: {title: Mine, unitt: s}\n", "'unitt'", "line 1"), ("\n\nmine: 3\n", "words", "line 3"), ("a: [", "cannot be read", "mine.yaml"), ("", "no curves", "mine.yaml"),
    ("- a\n", "no curves", "mine.yaml"),
])
def test_a_wrong_file_is_refused_with_its_line(tmp_path, text, message, where):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ParameterError, match=message) as caught:
        load_curves(path)
    assert where in caught.value.where


def test_a_curve_twice_and_a_file_that_is_not_there(tmp_path):
    line = "mine: " + yaml.safe_dump(GOOD, default_flow_style=True).replace("\n", " ") + "\n"
    (tmp_path / "mine.yaml").write_text(line + line)
    with pytest.raises(ParameterError, match="twice") as caught:
        load_curves(tmp_path / "mine.yaml")
    assert "lines 1 and 2" in caught.value.where
    with pytest.raises(ParameterError, match="cannot be read"):
        load_curves(Path(tmp_path) / "absent.yaml")
