"""The catalogue's state and page without a browser: what is searched, clicked and saved, and what is then shown."""

from __future__ import annotations

import re

import pytest
from cemwidgets.catalogue import CatalogueState
from cemwidgets.catalogue.view import CataloguePage

import cemlib as cem
from cemlib.kpi import catalogue
from cemlib.usecases import view_catalogue

RATINGS = "answered,msisdn,operator,network,place,rating,category,lat,lon,state\n"


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    """120 ratings, each fourth of them bad."""
    folder = tmp_path_factory.mktemp("catalogue")
    rows = [f"2026-03-{1 + one % 28:02d}T10:00:00.000Z,+1500555{one:04d},Alder,4G,indoor,{1 if one % 4 == 0 else 5},satisfactory,45.1,2.0,Westermark\n" for one in range(120)]
    (folder / "ratings.csv").write_text(RATINGS + "".join(rows))
    with cem.open_lake(folder / "lake") as lake:
        lake.ingest(cem.sources.Rating(folder / "ratings.csv"))
        yield view_catalogue(lake, days=28)


@pytest.fixture
def page(view):
    return CataloguePage(view, ["colour is no parameter."])


def test_every_figure_carries_its_full_value_and_missing_ones_have_none(view):
    html = CatalogueState(view).listing()
    shown = dict(re.findall(r'data-figure="([^"]+)" data-value="([^"]+)"', html))
    assert float(shown["rating_dissatisfied_ratio"]) == 0.25
    assert {name: float(value) for name, value in shown.items()} == {name: value for name, value in view.figures.items() if name in catalogue()}
    row = re.search(r'data-key="open-voice_call_drop_ratio".*?</tr>', html)[0]
    assert "no data" in row
    assert "data-figure" not in row


def test_the_opened_definition_says_all_that_makes_its_figure(view):
    state = CatalogueState(view.narrow(kpi="rating_dissatisfied_ratio"))
    html = state.definition()
    for words in ("25.0", "120 observations", "Formula", "÷", "Worked example", "Where it comes from", "survey_answer", "120 records",
                  "The SQL that runs", "FROM survey_answer", "Wilson", "lower is better", "own definition"):
        assert words in html
    assert "unverified" in CatalogueState(view.narrow(kpi="sms_delivery_success_ratio")).definition()


def test_a_twin_has_nothing_to_click_and_everything_unfolded(view):
    state = CatalogueState(view)
    for part in (state.cards, state.listing, state.definition):
        assert "<button" not in part(False)
        assert "data-event" not in part(False)
    assert "<details" in state.definition(False)
    assert " open" in re.search(r"<details[^>]*>", state.definition(False))[0]
    assert " open" not in re.search(r"<details[^>]*>", state.definition(True))[0]


def test_typing_finds_and_opens_the_best(page):
    assert "colour is no parameter." in page.head.html
    page.filters.clicked = {"event": "filter", "name": "search", "value": "  dissatisfied ", "live": "", "n": 1}
    assert page.filters.values["search"] == "dissatisfied"
    assert page.view.kpi == "rating_dissatisfied_ratio"
    assert 'data-key="opened-rating_dissatisfied_ratio"' in page.definition.html
    assert 'data-share="search=dissatisfied&amp;days=28&amp;kpi=rating_dissatisfied_ratio"' in page.filters.html
    page.filters.clicked = {"event": "filter", "name": "search", "value": "<b>disatisfied", "n": 2}
    assert "No definition fits" in page.listing.html
    assert "<b>dis" not in page.head.html + page.filters.html
    # what was opened stays
    assert 'data-key="opened-rating_dissatisfied_ratio"' in page.definition.html


def test_a_click_opens_shows_records_and_saves_the_sql(page):
    sent = []
    page.definition.send = sent.append
    page.listing.clicked = {"event": "open", "kpi": "rating_dissatisfied_ratio", "n": 1}
    assert 'class="is-selected"' in re.search(r'<tr data-key="open-rating_dissatisfied_ratio".*?>', page.listing.html)[0]
    page.definition.clicked = {"event": "records", "n": 1}
    assert len(page.records._state.frame) == 120
    page.definition.clicked = {"event": "sql", "n": 2}
    assert sent[0]["name"] == "rating_dissatisfied_ratio.sql"
    assert "FROM survey_answer" in sent[0]["text"]
    page.cards.clicked = {"event": "only", "filter": "now", "to": "ok", "n": 1}
    assert page.filters.values["now"] == "ok"
    assert page.records.html == ""
    assert "voice_call_drop_ratio" not in page.listing.html
    assert not any(panel.notice for panel in (page.listing, page.definition, page.cards, page.filters))


def test_a_manager_is_told_why_there_are_no_records(page, monkeypatch):
    monkeypatch.setenv("CEM_ROLE", "manager")
    page.definition.clicked = {"event": "records", "n": 1}
    assert "not shown" in page.records.html
