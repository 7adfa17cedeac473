"""The what-if page: levers move the view, parts say what it says, the twin has nothing to click."""

from __future__ import annotations

import io
import re
import zipfile
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd
import pytest
from cemwidgets.whatif import WhatIfState
from cemwidgets.whatif.drawing import bands_svg, graph_svg
from cemwidgets.whatif.gains_map import gains_svg
from cemwidgets.whatif.tables import budgets_table, drivers_table, importance_table
from cemwidgets.whatif.view import WhatIfPage
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.analysis import CausalGraph, SatisfactionModel
from cemlib.errors import ParameterError
from cemlib.usecases.studies.study import Study
from cemlib.usecases.whatif.ratings import Ratings
from cemlib.usecases.whatif.reader import Reader

TOLD = {
    "name": "invented", "path": "invented.yaml", "title": "Invented <b>customers</b>", "source": {"file": "x.csv", "rating": "rating", "customer": "who"},
    "features": {"stalls": {"label": "Stalls", "better": -1, "lever": "add", "low": -2, "high": 2, "step": 0.5, "cost": 3}, "tier": {"label": "Tier"}},
    "groups": ["region"], "edges": ["tier -> stalls", "tier -> outcome", "stalls -> outcome"],
}


@pytest.fixture
def view():
    rng = np.random.default_rng(4)
    features = pd.DataFrame({"stalls": rng.normal(size=400), "tier": rng.normal(size=400)})
    rating = (3 - 0.4 * features["stalls"] + rng.normal(0, 0.4, 400)).clip(1, 5)
    groups = pd.DataFrame({"region": pd.Categorical(np.where(np.arange(400) < 200, "north", "south"))})
    edges = [("tier", "stalls"), ("tier", "outcome"), ("stalls", "outcome")]
    return Reader(None, Study(**TOLD), Ratings(features, rating, pd.Series(range(400)), groups, edges, 0)).view()


def test_a_lever_moves_the_view_and_the_address(view):
    state = WhatIfState(view)
    assert state.address("study=invented") == "study=invented"
    state.move("stalls", "-1")
    assert state.view.scenario.values == {"stalls": -1.0}
    assert view.scenario.values == {}
    assert state.address("study=invented") == "study=invented&changes=stalls-1"
    shown = re.search(r'data-figure="effect" data-value="([^"]+)"', state.cards())
    assert float(shown[1]) == state.view.scenario.result.effect
    assert "Levers back" in state.levers()
    # no line breaks within "90 %"
    assert "90 %" not in state.cards() + state.compared() + state.drivers()
    state.move("stalls", "0")
    assert state.view.scenario.result is None
    assert "Move a lever" in state.chart()
    with pytest.raises(ParameterError, match="no number"):
        state.move("stalls", "much")


def test_scenarios_are_kept_shown_and_forgotten(view):
    page = WhatIfPage(view)
    chips = page.filters
    page.levers.clicked = {"event": "lever", "name": "stalls", "value": "-1", "n": 1}
    chips.clicked = {"event": "keep", "n": 2}
    chips.clicked = {"event": "filter", "name": "who", "value": "region=north", "n": 3}
    assert "saved=all~stalls-1" in chips.query.replace("%7E", "~")
    assert "who=region%3Dnorth" in chips.query
    assert page.view.scenario_table()["state"].tolist() == ["kept", "shown now"]
    assert re.findall(r'data-key="((?:load|forget)-\d)"', page.scenarios.html) == ["load-0", "forget-0"]
    assert "region north" in page.gains_map.html
    page.scenarios.clicked = {"event": "load", "number": "0", "n": 4}
    assert page.view.scenario.who == "all"
    assert "who=" not in chips.query
    # kept and shown: one row, which cannot be shown again
    assert page.view.scenario_table()["state"].tolist() == ["kept, shown now"]
    assert page.scenarios.html.count("kept, shown now") == 1
    assert re.findall(r'data-key="((?:load|forget)-\d)"', page.scenarios.html) == ["forget-0"]
    page.scenarios.clicked = {"event": "forget", "number": "0", "n": 5}
    assert page.view.saved == ()
    assert "saved=" not in chips.query
    page.levers.clicked = {"event": "reset", "n": 6}
    assert page.view.scenario.values == {}
    # what a browser sends is not trusted: a notice, not a crash
    chips.clicked = {"event": "filter", "name": "who", "value": "region=<b>", "n": 7}
    assert "could not be done" in chips.notice
    assert "<b>" not in chips.notice


def test_the_link_has_all_that_was_chosen(view):
    page = WhatIfPage(view)
    page.levers.clicked = {"event": "lever", "name": "stalls", "value": "-1", "n": 1}
    page.filters.clicked = {"event": "keep", "n": 2}
    page.gains_map.clicked = {"event": "driver", "driver": "Stalls", "n": 3}
    page.filters.clicked = {"event": "filter", "name": "who", "value": "region=north", "n": 4}
    link = dict(parse_qsl(re.search('data-share="([^"]+)"', page.filters.html)[1].replace("&amp;", "&")))
    assert link == {"study": "invented", "who": "region=north", "changes": "stalls-1", "saved": "all~stalls-1", "driver": "Stalls"}
    assert dict(parse_qsl(page.filters.query)) == link
    again = WhatIfPage(view.again(**link))
    for name in ("head", "levers", "chart", "gains_map", "importance", "about", "scenarios"):
        assert getattr(again, name).html == getattr(page, name).html, name
    assert "Good is at most" in again.about.html
    # in a report too: who asked for it wants to read it
    assert "Good is at most" in again.about.static()


def test_the_twin_has_nothing_to_click_and_text_is_escaped(view):
    state = WhatIfState(view, ["days=<script>"])
    state.move("stalls", "-2")
    state.show(state.view.save().pick("Stalls"))
    for name in ("head", "levers", "cards", "chart", "compared", "graph", "scenarios", "gains_map", "importance", "about", "first", "drivers", "by_level", "shapes", "weighed", "foot"):
        twin, live = getattr(state, name)(False), getattr(state, name)(True)
        assert "data-event" not in twin, name
        assert "<script>" not in live
        assert "<b>" not in live


def test_extrapolation_is_seen(view):
    state = WhatIfState(view)
    state.move("stalls", "-1.8")
    assert "is-watch" in state.cards()
    assert "guess" in state.foot()
    # the address may ask for more than the slider has: it stands on it, and of what nobody has seen no figure is told
    state.move("stalls", "-50")
    assert 'min="-50"' in state.levers()
    assert "of that the data say nothing. Stalls was observed from -" in state.head()
    assert 'data-figure="effect"' not in state.cards()
    assert "effect" not in state.view.figures


def test_pictures_hold_what_they_draw():
    bands = pd.DataFrame({"from": [1.0, 3.0], "to": [3.0, 5.0], "now": [0.5, 0.5], "then": [0.0, 1.0]})
    drawn = bands_svg(bands, (1, 5), 2.0, 4.0)
    # half of the height where half of them are, all of it where all are
    assert 'class="then" d="M0 96H0.0V96.0H50.0H50.0V6.0H100.0V96"' in drawn
    assert 'class="mean-then" x1="75.0"' in drawn
    nodes, edges = CausalGraph([("a", "b"), ("b", "c"), ("a", "c")]).layout(["b"], "c", ["a"])
    picture = graph_svg(nodes.assign(label=nodes["name"]), edges)
    assert picture.count("<rect") == 3
    assert "a acts on c" in picture
    # the arrow from a to c does not run through b
    (via,) = edges.loc[(edges["cause"] == "a") & (edges["effect"] == "c"), "via"]
    assert via[0][1] != nodes.set_index("name").loc["b", "y"]


def gains(**columns) -> pd.DataFrame:
    return pd.DataFrame({"driver": "Speed", "importance": 0.1, "low": 0.05, "high": 0.15, "performance": 50.0, "split": 0.1, "quadrant": "keep", "state": "ok", **columns})


def test_a_point_stands_where_its_row_says():
    drawn = gains_svg(gains(driver=["A", "<B>", "C"], importance=[0.2, 0.0, 0.1], low=[0.1, -0.1, 0.1], high=[0.3, 0.1, 0.1], performance=[0.0, 100.0, 50.0], state=["ok", "ok", "too few"]))
    # ticks from -.1 to .3 on 286 up to 76; 0 % at 66, 100 % at 530
    assert re.findall(r'class="dot" cx="([^"]+)" cy="([^"]+)"', drawn) == [("66.0", "128.5"), ("530.0", "233.5")]
    assert re.findall(r'class="range" d="M66.0 ([^V]+)V([^"]+)"', drawn) == [("181.0", "76.0")]
    # a narrow screen has no room for names at their points: a list below has them
    assert re.findall(r'<li value="(\d)">([^<]+)</li>', drawn) == [("1", "A"), ("2", "&lt;B&gt;")]
    # the interval of the second holds 0, so it is hollow; the third is not drawn; names are escaped
    assert re.findall(r'class="point([^"]*)"', drawn) == [" is-sure", ""]
    assert "<B>" not in drawn
    assert "1 A: 0 % of the moments are good already; gain +0.20, +0.10 to +0.30 rating points" in drawn
    assert "Too few" in gains_svg(gains(state=["too few"]))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-1, 1)), min_size=1, max_size=8))
def test_points_never_cover_each_other(pairs):
    performance, importance = (list(one) for one in zip(*pairs, strict=True))
    drawn = gains_svg(gains(driver=[f"driver {one}" for one in range(len(pairs))], importance=importance, low=importance, high=importance, performance=performance))
    dots = np.array([[float(one) for one in pair] for pair in re.findall(r'class="dot" cx="([^"]+)" cy="([^"]+)"', drawn)])
    near = np.abs(dots[:, None] - dots[None]).max(axis=2)[np.triu_indices(len(dots), 1)]
    # those at nearly one place stand side by side
    assert len(dots) == len(pairs)
    assert (near > 1).all()


def test_a_label_keeps_clear_of_another_point():
    drawn = gains_svg(gains(driver=["Dropped frames", "Audio loss"], importance=[0.0, -0.01], low=[-0.1, -0.1], high=[0.1, 0.1], performance=[64.0, 92.0]))
    # to its right, at its own height, the other point would lie under the words
    (left, _, side, _), _ = re.findall(r'<text x="([^"]+)" y="([^"]+)" text-anchor="(\w+)"><tspan class="number">(\d)', drawn)
    assert side == "end"
    assert float(left) < 363


def test_map_and_table_answer_together(view):
    page = WhatIfPage(view)
    chart, rows, about = page.gains_map, page.importance, page.about
    assert about.html == ""
    chart.clicked = {"event": "driver", "driver": "Stalls", "n": 1}
    assert 'data-key="point-Stalls" tabindex="0" role="button" aria-pressed="true"' in chart.html
    assert 'aria-selected="true"' in rows.html
    assert "Good is at most" in about.html
    rows.clicked = {"event": "driver", "driver": "Stalls", "n": 2}
    assert 'aria-pressed="false"' in chart.html
    assert 'aria-selected="true"' not in rows.html
    assert about.html == ""
    rows.clicked = {"event": "driver", "driver": "<b>", "n": 3}
    assert "could not be done" in rows.notice
    # another segment is another map, and a lever moves none
    shown = re.search(r'data-figure="gain_1" data-value="([^"]+)"', rows.html)[1]
    assert float(shown) == view.importance["importance"][0] == view.figures["gain_1"]
    page.filters.clicked = {"event": "filter", "name": "who", "value": "region=north", "n": 4}
    assert re.search(r'data-figure="gain_1" data-value="([^"]+)"', rows.html)[1] != shown
    assert "region north" in chart.html


def test_the_export_has_every_table_of_the_page(view, monkeypatch):
    page, sent = WhatIfPage(view), []
    monkeypatch.setattr(page.filters, "send", lambda message, buffers=None: sent.append((message, buffers)))
    page.levers.clicked = {"event": "lever", "name": "stalls", "value": "-1", "n": 1}
    page.filters.clicked = {"event": "export", "n": 2}
    ((message, (packed,)),) = sent
    assert (message["kind"], message["name"], message["mime"]) == ("download", "whatif_invented.zip", "application/zip")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        found = {name.removesuffix(".csv"): pd.read_csv(archive.open(name)) for name in archive.namelist()}
    assert set(found) == set(page.view.tables) >= {"scenarios", "compared", "importance", "improvements_first", "budgets", "drivers", "drivers_by_level", "shapes"}
    assert found["scenarios"]["effect"].tolist() == [page.view.scenario.result.effect]
    assert {label for _, label in page.state.ways} == {"Keep scenario", "Export"}


def test_what_the_study_does_not_tell_is_said_or_left_out(view):
    state = WhatIfState(view)
    assert state.weighed() == ""
    view.driven.without_cost = ["Stalls"]
    assert "tells no cost for Stalls" in state.first()


def test_a_direction_that_nobody_declared_is_not_recommended(view):
    features = {**TOLD["features"], "tier": {"label": "Tier", "lever": "add", "low": -2, "high": 2, "cost": 1}}
    other = Reader(None, Study(**{**TOLD, "features": features}), view.ratings).view()
    assert list(other.levers) == ["stalls", "tier"]
    assert other.importance["driver"].tolist() == ["Stalls"]
    assert set(other.first.ranking["improvement"]) == {"Stalls"}
    said = "does not tell which direction is good (better: 1 or −1) for Tier: nothing is recommended."
    assert said in WhatIfState(other).importance()
    assert said not in WhatIfState(view).importance()
    # where no driver has one, there is no map to be had by choosing others
    features = {name: {**one, "better": 0} for name, one in features.items()}
    none = WhatIfState(Reader(None, Study(**{**TOLD, "features": features}), view.ratings).view())
    assert "Of no driver it is told which direction is good." in none.gains_map()
    assert "for Stalls, Tier: nothing is recommended." in none.importance()
    assert none.first() == ""


def test_on_a_narrow_screen_the_graph_is_told_in_words(view):
    told = re.search(r'<ul class="cem-arrows">.*?</ul>', WhatIfState(view).graph())[0]
    assert "Satisfaction</strong> ← " in told
    assert "Stalls</strong> ← <span" in told


def test_what_harms_says_so_on_the_map_and_in_the_table():
    frame = gains(driver=["Speed", "Price"], importance=[0.1, -0.2], low=[0.05, -0.3], high=[0.15, -0.1], quadrant=["keep", "harms"], changes=[{}, {}])
    drawn = gains_svg(frame)
    assert ">Price (harms)<" in drawn
    assert ">Speed<" in drawn
    assert "rating points, harms" in drawn
    assert "harms" in importance_table(frame, {})


def test_a_share_below_nothing_is_about_nothing_with_its_interval():
    drawn = drivers_table(pd.DataFrame({"driver": ["Speed", "Age"], "share": [0.5, -0.009], "low": [0.4, -0.02], "high": [0.6, 0.004], "state": "ok"}))
    assert re.findall(r"(about 0|50\.0) <small>([^<]+)</small>", drawn) == [("50.0", "40.0 – 60.0"), ("about 0", "−2.0 – 0.4")]


@pytest.mark.parametrize(("cheapest", "said"), [(1250.0, "nothing: the cheapest sure improvement costs 1,250<"), (None, "nothing: no improvement is sure<")], ids=["dear", "none"])
def test_a_budget_too_small_says_what_would_do(cheapest, said):
    frame = pd.DataFrame({"budget": [100.0], "cost": [0.0], "chosen": [[]], "gain": [0.0], "effect": [0.0], "low": [0.0], "high": [0.0]})
    assert said in budgets_table(frame, "EUR", cheapest)


def test_the_page_tells_the_cheapest_and_what_no_percentage_lifts(view):
    shown = WhatIfState(view)
    assert "which no percentage lifts" not in shown.first()
    cheapest = view.first.ranking.query("state == 'ok'")["cost"].min()
    assert view.first.budgets["budget"].min() < cheapest
    assert f"the cheapest sure improvement costs {cheapest:,.0f}<" in shown.first()
    view.driven.not_lifted = lambda everybody: {"Speed": 0.25}
    assert "25.0 % of the moments of Speed that are not good yet are 0, which no percentage lifts" in shown.first()


@pytest.fixture
def counted(monkeypatch):
    """How often penalty and reward were worked out: what takes longest."""
    calls, real = [], SatisfactionModel.asymmetry
    monkeypatch.setattr(SatisfactionModel, "asymmetry", lambda self: calls.append(1) or real(self))
    return calls


def test_what_is_folded_is_worked_out_when_it_is_opened(view, counted):
    page = WhatIfPage(view)
    fold = page.deeper.children[1]
    inside = [*fold.children[1].children, *fold.children[2:]]
    assert [one.html for one in inside] == [""] * 4
    assert counted == []
    # a report is complete without a click
    assert "What loses and what wins" in fold.static()
    assert len(counted) == 1
    fold.turn()
    assert all(one.html for one in inside[:3])
    # closed and opened again, and another lever: it stands
    fold.turn()
    fold.turn()
    assert len(counted) == 1


def test_what_is_folded_is_there_before_the_reader_looks(view, counted):
    page = WhatIfPage(view)
    thread = page.work_ahead(after_s=0)
    assert thread.daemon
    thread.join(60)
    assert len(counted) == 1
    # the thread draws nothing: that is for the one who opens it
    assert page.deeper.children[1].children[2].html == ""
    page.deeper.children[1].turn()
    assert "What loses and what wins" in page.deeper.children[1].children[2].html
    assert len(counted) == 1
