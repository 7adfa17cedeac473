"""The app's state and page without a browser: what is clicked, and what is then shown."""

from __future__ import annotations

import random
import re

import pytest
from cemwidgets.mobile import MobileState
from cemwidgets.mobile.view import MobilePage

import cemlib as cem
from cemlib.usecases import view_mobile

RATINGS = "answered,msisdn,operator,network,place,rating,category,lat,lon,state\n"
TESTS = "tested,user_id,operator,technology,state,city,brand,model,dl_mbps,ul_mbps,ping_ms,rsrp,rsrq,sinr,wifi_rssi,link_mbps\n"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """600 ratings: Alder outdoors in <Upland> is bad; and 90 speed tests of Alder."""
    folder, rng = tmp_path_factory.mktemp("page"), random.Random(3)
    rows = []
    for one in range(600):
        operator, place, state = rng.choice(["Alder", "Birch"]), rng.choice(["indoor", "outdoor"]), rng.choice(["<Upland>", "Lowland"])
        bad = rng.random() < (0.8 if (operator, place, state) == ("Alder", "outdoor", "<Upland>") else 0.1)
        north = 46 if state == "<Upland>" else 48
        rows.append(f"2026-03-{1 + one % 28:02d}T10:00:00.000Z,+1500555{one:04d},{operator},4G,{place},{1 if bad else 5},"
                    f"{'poor_voice' if bad else 'satisfactory'},{north + rng.random():.4f},{2 + rng.random():.4f},{state}\n")
    (folder / "ratings.csv").write_text(RATINGS + "".join(rows))
    (folder / "tests.csv").write_text(TESTS + "".join(
        f"2026-03-{1 + one % 28:02d}T11:00:00.000Z,u{one},Alder,4g,Lowland,,,,{10 + one},5,30,-90,-10,12,,\n" for one in range(90)))
    lake = cem.open_lake(folder / "lake")
    lake.ingest(cem.sources.Rating(folder / "ratings.csv"))
    lake.ingest(cem.sources.SpeedTest(folder / "tests.csv"))
    yield lake
    lake.close()


@pytest.fixture
def state(lake):
    return MobileState(view_mobile(lake))


def test_a_selection_opens_and_closes(state):
    cell = {"operator": "Alder", "technology": "4g", "place": "outdoor", "state": "<Upland>"}
    assert state.depth() == ""
    state.select(**cell)
    assert "Alder, 4G, outdoor, &lt;Upland&gt;" in state.depth()
    assert "By operator, the rest alike" in state.depth()
    assert 'aria-selected="true"' in state.cells()
    state.select(**cell)
    assert state.chosen == {}
    assert state.depth() == ""


def test_everything_is_escaped(state):
    state.select(state="<Upland>")
    for part in (state.head, state.cards, state.map, state.cells, state.levels, state.complaints, state.speed, state.depth, state.foot):
        for live in (True, False):
            assert "<Upland>" not in part(live)


def test_the_worst_cell_is_the_planted_one(state):
    worst = state.view.cells.iloc[0]
    assert [worst[name] for name in ("operator", "place", "state", "verdict")] == ["Alder", "outdoor", "<Upland>", "above"]
    assert "Alder on 4G, outdoors in <Upland>" in state.view.answer[1]


def test_figures_carry_their_full_value(state):
    found = re.search(r'data-figure="dissatisfied_ratio" data-value="([^"]+)"', state.cards())
    assert float(found[1]) == state.view.figures["dissatisfied_ratio"]


def test_a_twin_has_nothing_to_click(state):
    state.select(operator="Alder")
    for part in (state.cards, state.cells, state.levels, state.speed):
        assert "<button" not in part(False)
    assert "By technology" in state.levels(False)
    assert "1 – 7" not in state.cells(False)


def test_a_state_of_the_map_sends_itself(state):
    html = state.map()
    assert 'data-event="select" data-state="Lowland"' in html
    assert 'aria-label="Lowland: ' in html
    assert "var(--cem-q" in html


def test_a_page_answers_clicks_and_filters(lake):
    page = MobilePage(lake, view_mobile(lake), ["days is no parameter."])
    assert "days is no parameter." in page.head.html
    page.levels.clicked = {"event": "tab", "to": "place", "n": 1}
    assert "outdoor" in page.levels.html
    page.levels.clicked = {"event": "select", "place": "outdoor", "n": 2}
    assert page.state.chosen == {"place": "outdoor"}
    assert "are dissatisfied" in page.depth.html
    page.depth.clicked = {"event": "records", "n": 1}
    behind = page.records._state.frame
    assert len(behind) == page.state.detail.total["n"]
    assert list(behind.columns[:2]) == ["occurred_at", "time_grain_code"]
    page.cards.clicked = {"event": "records", "kpi": "speed_test_throughput_median", "n": 1}
    assert len(page.records._state.frame) == 90
    page.filters.set(operator="Birch")
    assert page.view.chosen["operator"] == "Birch"
    assert page.head.html.count("Birch: ") == 1
    # the selection holds, within the filter; the records of before are gone
    assert page.state.chosen == {"place": "outdoor"}
    assert page.records.html == ""
    page.filters.set(operator="all")
    page.cells.clicked = {"event": "more", "of": "cells", "n": 1}
    assert "fewer" in page.cells.html
    assert "<table" in page.where.static()
    assert not any(panel.notice for panel in (page.levels, page.depth, page.cards, page.cells))


def test_a_manager_is_told_why_there_are_no_records(lake, monkeypatch):
    monkeypatch.setenv("CEM_ROLE", "manager")
    page = MobilePage(lake, view_mobile(lake))
    page.cards.clicked = {"event": "records", "kpi": "rating_csat_ratio", "n": 1}
    assert "not shown" in page.records.html


def test_an_empty_lake_shows_a_page(tmp_path):
    with cem.open_lake(tmp_path / "lake") as empty:
        page = MobilePage(empty, view_mobile(empty))
    assert "No ratings are loaded" in page.head.html
    assert all(getattr(page, name).html or name == "depth" for name in page.part_names if name != "cards")


def test_slow_tests_beside_the_unhappy(tmp_path):
    """Alder's answers outdoors in Upland are bad, and its 40 tests there give 5 Mbit/s where the other 60 give 50."""
    rows = []
    for one in range(400):
        bad = one % 4 == 0
        where = "outdoor,{},poor_voice,46.1,2.{:04d},Upland" if bad else "indoor,{},satisfactory,48.1,2.{:04d},Lowland"
        rows.append(f"2026-03-{1 + one % 28:02d}T10:00:00.000Z,+1500555{one:04d},{'Alder' if bad or one % 2 else 'Birch'},4G," + where.format(1 if bad else 5, one) + "\n")
    rows += [f"2026-03-02T10:00:00.000Z,+1500556{one:04d},Birch,4G,outdoor,{1 if one < 20 else 5},satisfactory,48.1,2.{one:04d},Lowland\n" for one in range(200)]
    rows += [f"2026-03-02T10:00:00.000Z,+1500557{one:04d},Alder,4G,outdoor,{1 if one < 20 else 5},satisfactory,48.1,2.{one:04d},Lowland\n" for one in range(200)]
    (tmp_path / "ratings.csv").write_text(RATINGS + "".join(rows))
    (tmp_path / "tests.csv").write_text(TESTS + "".join(
        f"2026-03-{1 + one % 28:02d}T11:00:00.000Z,u{one},Alder,4g,{'Upland' if one < 40 else 'Lowland'},,,,{5 if one < 40 else 50},5,30,-90,-10,12,,\n"
        for one in range(100)))
    with cem.open_lake(tmp_path / "lake") as lake:
        lake.ingest(cem.sources.Rating(tmp_path / "ratings.csv"))
        lake.ingest(cem.sources.SpeedTest(tmp_path / "tests.csv"))
        view = view_mobile(lake)
    assert "Alder on 4G, outdoors in Upland: 100.0 % of 100" in view.answer[1]
    assert view.answer[1].endswith("There its 4G speed tests download at 5.0 Mbit/s in the median (95 % 5.0 – 5.0), where all 4G tests give 50.0.")
    assert view.figures["worst_cell_speed_median_mbps"] == 5.0
