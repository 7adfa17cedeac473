"""The page of the satisfaction index without a browser: sliders, whose score is shown, what a manager does not see."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from cemwidgets.satisfaction import SatisfactionState
from cemwidgets.satisfaction.drawing import curve_picture, spread_picture
from cemwidgets.satisfaction.open_index import index_text
from cemwidgets.satisfaction.view import SatisfactionPage

from cemlib.experience import load_index
from cemlib.usecases import view_satisfaction

_spec = importlib.util.spec_from_file_location("satisfied_lake", Path(__file__).parents[1] / "usecases" / "satisfied_lake.py")
satisfied_lake = sys.modules.get("satisfied_lake") or importlib.util.module_from_spec(_spec)
if "satisfied_lake" not in sys.modules:
    sys.modules["satisfied_lake"] = satisfied_lake
    _spec.loader.exec_module(satisfied_lake)
name_of = satisfied_lake.name_of
PARTS = ("head", "cards", "spread", "drivers", "survey", "honesty", "segments", "customers", "parts", "weights", "moves", "index", "foot")


@pytest.fixture(scope="module")
def view():
    return view_satisfaction(satisfied_lake.make_lake(), role="analyst")


@pytest.fixture(scope="module")
def for_manager():
    return view_satisfaction(satisfied_lake.make_lake(), role="manager", weights="memory=0.6")


@pytest.fixture
def page(view):
    return SatisfactionPage(view, messages=["colour is no parameter."])


def test_figures_carry_their_full_value(view):
    state = SatisfactionState(view)
    shown = dict(re.findall(r'data-figure="([^"]+)" data-value="([^"]+)"', "".join(getattr(state, name)() for name in PARTS)))
    assert float(shown["mean_index"]) == view.figures["mean_index"]
    assert float(shown["group_unhappy_explained"]) >= 6
    assert float(shown["auc_survey_nps_11"]) == view.figures["auc_survey_nps_11"]
    assert float(shown["explained_score"]) == view.explain(state.customer).score


def test_a_twin_has_nothing_to_click(view):
    state = SatisfactionState(view.move("price", 0.4))
    for name in PARTS:
        html = getattr(state, name)(False)
        assert "<button" not in html
        assert "<input" not in html
        assert "data-event" not in html
    assert "What was had" in state.weights(False)
    assert re.findall(r"<details class=\"cem-details\"([^>]*?) data-key", state.index(False) + state.parts(False)) == [" open", " open"]


def test_a_slider_scores_anew_and_can_be_taken_back(page):
    assert "colour is no parameter." in page.head.html
    before = page.parts.html
    page.weights.clicked = {"event": "weight", "name": "memory", "value": "60", "live": "", "unit": " %", "n": 1}
    assert 'value="60"' in re.search(r'<input type="range" id="weight-memory".*?>', page.weights.html)[0]
    assert "was 35 %" in page.weights.html
    assert "customers with a score in both" in page.moves.html
    assert page.parts.html != before
    assert "line: with the other index" in page.spread.html
    assert "weights=quality=" in page.filters.html
    page.weights.clicked = {"event": "reset_weights", "n": 2}
    assert page.view.moves is None
    assert page.parts.html == before
    assert not any(panel.notice for panel in (page.weights, page.moves, page.parts))


def test_a_slider_that_leaves_nothing_to_the_others_is_told(page):
    page.weights.clicked = {"event": "weight", "name": "memory", "value": "nonsense", "n": 1}
    assert page.weights.notice
    page.weights.clicked = {"event": "weight", "name": "memry", "value": "20", "n": 2}
    assert "memory" in page.weights.notice


def test_a_row_or_a_pseudonym_opens_the_parts(page):
    assert f"Customer {name_of(satisfied_lake.BAD[0])[:10]}" in page.parts.html or page.state.customer in {name_of(one) for one in satisfied_lake.BAD}
    page.segments.clicked = {"event": "explain", "segment": "plus", "n": 1}
    assert "Segment plus" in page.parts.html
    assert "segment=plus" in page.filters.html
    page.customers.clicked = {"event": "customer", "value": f" {name_of(3)} ", "n": 1}
    assert page.state.customer == name_of(3)
    # a link that is shared names no customer
    assert name_of(3) not in page.filters.html
    page.customers.clicked = {"event": "customer", "value": "<b>nobody", "n": 2}
    assert "was not scored" in page.parts.html
    assert "<b>nobody" not in page.parts.html + page.customers.html


def test_the_parts_shown_end_at_the_score(view):
    html = SatisfactionState(view, customer=name_of(satisfied_lake.BAD[0])).parts()
    points = [float(one) for one in re.findall(r'class="is-main is-number" data-label="Points">([\d.]+)<', html.split("<details")[0])]
    assert sum(points[:-1]) == pytest.approx(points[-1], abs=0.05)
    total, score = re.search(r"add up to ([\d.]+), the score is ([\d.]+)\.", html).groups()
    assert total == score


def test_a_manager_gets_no_pseudonym(for_manager):
    state = SatisfactionState(for_manager)
    html = "".join(getattr(state, name)(live) for name in PARTS for live in (True, False))
    assert re.search(r"\b0{20}[0-9a-f]+", html) is None
    assert "analyst and to customer care only" in html
    assert state.segment
    asked = SatisfactionState(for_manager, customer=name_of(satisfied_lake.BAD[0]))
    assert "not shown to a manager" in asked.parts()
    for part in (state.survey, state.cards, state.segments):
        assert "hidden: too few customers" in part()


def test_an_index_is_saved_as_it_is_or_as_it_was_edited(page):
    sent = []
    page.weights.send = sent.append
    page.index.clicked = {"event": "save_index", "n": 1}
    assert sent[0]["name"] == "open_index_1.1.yaml"
    # comments included
    assert sent[0]["text"].startswith("# The satisfaction index")
    page.weights.clicked = {"event": "weight", "name": "price", "value": "40", "n": 1}
    page.weights.clicked = {"event": "save_edited", "n": 2}
    assert "price: 0.4" in sent[1]["text"]


def test_an_edited_file_can_be_read_again(tmp_path):
    edited = load_index().with_weights({"price": 0.4})
    (tmp_path / "edited.yaml").write_text(index_text(edited))
    assert load_index(tmp_path / "edited.yaml").weights == edited.weights


def test_pictures_stay_within_their_frame(view):
    html = curve_picture([(0.0, 100.0), (10.0, 0.0)], label="falls", marks=(2, 20), usual=50)
    assert 'cx="156.0"' in html
    assert html.count("stroke-dasharray") == 1
    assert "No scores" in spread_picture(view.spread.head(0), 70, 78)
