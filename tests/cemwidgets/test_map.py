"""The map without a browser: the scale, what each state says, and a document that asks nobody for anything."""

from __future__ import annotations

import itertools
import json

import cemwidgets as cw
import pandas as pd
import pytest
from cemwidgets.map.drawing import document
from cemwidgets.map.shapes import countries
from cemwidgets.map.state import domain_of, legend, painted, step_of
from hypothesis import given
from hypothesis import strategies as st

from cemlib.errors import CallError
from cemlib.report.render import external_references

ROWS = pd.DataFrame({
    "country_code": ["TR", "KE", "IS", "FR"], "value": [0.871, 0.857, 0.9, None], "low": [0.86, 0.6, 0.8, None], "high": [0.881, 0.96, 0.95, None],
    "den": [4102, 14, 7, 0], "state": ["ok", "too_few", "suppressed", "no_data"],
})


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["higher", "lower"]))
def test_a_better_value_never_has_a_worse_step(one, other, better):
    if better == "lower":
        one, other = -one, -other
    low, high = sorted([one, other])
    assert step_of(abs(low), (0, 1), better) <= step_of(abs(high), (0, 1), better)


def test_each_state_looks_and_reads_different():
    by_code = {one["code"]: one for one in painted(ROWS, domain=(0.85, 1.0))}
    assert by_code["TR"] == {"code": "TR", "state": "ok", "step": 0, "label": "", "text": ["87.1 %", "95 % 86.0 – 88.1 %", "4,102 attempts"], "den": 4102.0}
    assert by_code["KE"]["step"] is None
    assert by_code["KE"]["text"] == ["too few to judge", "95 % 60.0 – 96.0 %", "14 attempts"]
    # neither value nor interval nor count of a suppressed group
    assert by_code["IS"]["text"] == ["hidden: too few subscribers"]
    assert by_code["FR"]["text"][0] == "no data"


def test_an_ok_without_a_value_is_no_data():
    (one,) = painted(pd.DataFrame({"country_code": ["TR"], "value": [None], "state": ["ok"]}))
    assert one["state"] == "no_data"


def test_the_ends_of_the_scale_are_round_and_hold_every_value():
    # spread 0.122 -> step 0.1, below four steps so 0.05: 0.85 … 1.0
    assert domain_of(pd.DataFrame({"value": [0.871, 0.993], "state": ["ok", "ok"]})) == (0.85, 1.0)
    assert domain_of(pd.DataFrame({"value": [], "state": []})) == (0.0, 1.0)
    low, high = domain_of(pd.DataFrame({"value": [0.42], "state": ["ok"]}))
    assert low < 0.42 < high


def test_the_legend_names_its_ends_and_turns_with_the_direction():
    assert "85 %" in legend((0.85, 1.0))
    assert "too few subscribers" not in legend((0.85, 1.0))
    assert "too few subscribers" in legend((0.85, 1.0), hidden=True)
    assert legend((0.0, 1.0), better="lower").index("cem-q6") < legend((0.0, 1.0), better="lower").index("cem-q0")


def test_wrong_rows_are_refused_in_words():
    with pytest.raises(CallError, match="lack columns"):
        painted(pd.DataFrame({"country": ["TR"]}))
    with pytest.raises(CallError, match="state"):
        painted(ROWS.assign(state="bad"))


def test_the_shapes_have_the_small_destinations_and_no_bar_across_the_map():
    features = {one["properties"]["code"]: one for one in countries()["features"]}
    assert "AQ" not in features
    for code in ("MT", "SG", "MV"):
        assert features[code]["geometry"]["type"] == "Point"
    for code in ("RU", "FJ", "US"):
        for polygon in features[code]["geometry"]["coordinates"]:
            longitudes = [x for x, _ in polygon[0]]
            assert max(abs(b - a) for a, b in itertools.pairwise(longitudes)) < 180
            if code == "RU":
                assert min(longitudes) > 0
    assert features["XK"]["properties"]["name"] == "Kosovo"


def test_the_document_asks_nobody_for_anything_and_cannot_be_broken_out_of():
    rows = painted(ROWS.assign(label="</script><script>alert(1)</script>"))
    html = document({"countries": rows, "marks": [], "selected": ""})
    assert external_references(html) == []
    assert "</script><script>alert" not in html


def test_show_and_click():
    world = cw.CountryMap(ROWS)
    heard = []
    world.on("map", heard.append)
    world.clicked = {"event": "map", "kind": "country", "code": "TR", "key": "TR", "label": "", "n": 1}
    assert heard == [{"event": "map", "kind": "country", "code": "TR", "key": "TR", "label": ""}]
    before = world.document
    world.show(ROWS.assign(value=0.99), selected="TR")
    assert world.document is before
    assert world.selected == "TR"


def test_the_static_twin_holds_the_same_figures():
    html = cw.CountryMap(ROWS).static()
    assert "4,102 attempts" in html
    assert '"interactive": false' in html.replace("&#39;", "'")
    assert external_references(html) == []
    assert json.dumps("hidden: too few subscribers") in html
