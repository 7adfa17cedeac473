"""The app of correlated sources without a browser: what is clicked, and what is then shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cemwidgets.correlation import CorrelationState
from cemwidgets.correlation.heat import heat_map, lag_bars
from cemwidgets.correlation.view import CorrelationPage
from cemwidgets.timeline import Strand, timeline_spec
from cemwidgets.timeline.view import Timeline

import cemlib as cem

RATINGS = "answered,msisdn,operator,network,place,rating,category,lat,lon,state\n"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Two weeks of ratings: more of them when they are bad, which is planted hour by hour."""
    folder, rng = tmp_path_factory.mktemp("page"), np.random.default_rng(3)
    rows = []
    for number, hour in enumerate(pd.date_range("2026-03-01", periods=14 * 24, freq="h")):
        trouble = rng.random() < 0.15
        for one in range(rng.poisson(24 if trouble else 8) + 1):
            rating = int(rng.choice([1, 5], p=[0.8, 0.2] if trouble else [0.2, 0.8]))
            rows.append(f"{hour:%Y-%m-%dT%H}:{one % 60:02d}:00.000Z,+1500555{(number * 7 + one) % 10000:04d},Alder,4G,indoor,{rating},satisfactory,46.1,2.0,Westermark\n")
    (folder / "ratings.csv").write_text(RATINGS + "".join(rows))
    lake = cem.open_lake(folder / "lake")
    lake.ingest(cem.sources.Rating(folder / "ratings.csv"))
    yield lake
    lake.close()


@pytest.fixture
def state(lake):
    return CorrelationState(cem.usecases.correlate_sources(lake, sources="ratings,dissatisfied,tickets", role="analyst"))


def test_the_planted_link_stands_first_and_opens(state):
    row = state.view.links.iloc[0]
    assert (row["left"], row["right"], row["verdict"], row["lag_bins"]) == ("dissatisfied", "ratings", "found", 0) or (row["left"], row["right"]) == ("ratings", "dissatisfied")
    assert row["effect"] > 0.3
    assert state.depth() == ""
    state.select(row["left"], row["right"])
    assert "Moments that speak most for it" in state.depth()
    assert len(state.marks()) == 3
    assert [one.title for one in state.strands()] == [row["title_left"], row["title_right"]]
    state.select(row["left"], row["right"])
    assert state.depth() == ""


def test_figures_carry_their_full_value(state):
    row = state.view.links.iloc[0]
    name = f"{row['left']}_{row['right']}_effect"
    assert f'data-figure="{name}" data-value="{state.view.figures[name]!r}"' in state.links()


def test_a_twin_has_nothing_to_click(state):
    row = state.view.links.iloc[0]
    state.select(row["left"], row["right"])
    for part in (state.head, state.sources, state.cards, state.links, state.heat, state.depth, state.foot):
        assert "<button" not in part(False)
        assert "data-event" not in part(False)


def test_series_are_chosen_by_chips_and_two_stay(state):
    assert state.toggled("alarms") == "dissatisfied,ratings,tickets,alarms"
    assert state.toggled("tickets") == "dissatisfied,ratings"
    state.view.sources[:] = state.view.sources[:2]
    assert state.toggled("ratings").count(",") == 1
    assert "sources=ratings" in state.address("")


def test_a_page_answers_clicks(lake, monkeypatch):
    page = CorrelationPage(lake, cem.usecases.correlate_sources(lake, sources="ratings,dissatisfied"), ["days is no parameter."])
    assert "days is no parameter." in page.head.html
    row = page.view.links.iloc[0]
    page.links.clicked = {"event": "pair", "left": row["left"], "right": row["right"], "id": "x", "n": 1}
    assert "Moments that speak most for it" in page.depth.html
    assert len(page.timeline.spec["vconcat"]) == 3
    moment = page.state.detail.moments.iloc[0]
    page.depth.clicked = {"event": "moment", "id": moment["at"].isoformat(), "right_at": moment["right_at"].isoformat(), "n": 1}
    shown = page.left_records._state.frame
    assert shown["occurred_at"].dt.floor("h").unique().tolist() == [moment["at"].tz_localize(None)]
    page.filters.set(grain="day")
    assert "too few to correlate" in page.head.html
    assert page.left_records.html == ""
    page.filters.set(grain="hour")
    page.sources.clicked = {"event": "source", "code": "tickets", "n": 1}
    assert "no records of table ticket" in page.head.html
    assert not any(panel.notice for panel in (page.links, page.depth, page.sources, page.head))
    monkeypatch.setenv("CEM_ROLE", "manager")
    page = CorrelationPage(lake, cem.usecases.correlate_sources(lake, sources="ratings,dissatisfied"))
    page.links.clicked = {"event": "pair", "left": row["left"], "right": row["right"], "n": 1}
    page.depth.clicked = {"event": "moment", "id": moment["at"].isoformat(), "right_at": moment["right_at"].isoformat(), "n": 1}
    assert "not shown" in page.left_records.html


def test_a_heat_map_frames_what_no_chance_explains():
    heat = pd.DataFrame({"left": "a", "right": "b", "lag_bins": [-1, 0, 1], "r": [0.02, -0.4, 0.1], "limit": 0.2})
    html = heat_map(heat, [("a", "b", "A → <B>", True)], "hour", True)
    assert html.count("class=is-sure") == 1
    assert "A → &lt;B&gt;: largest correlation -0.40 at lag 0 hours" in html
    assert "var(--cem-q0)" in html
    assert heat_map(heat, [("a", "b", "A", False)], "hour", False).count("is-sure") == 0
    assert "independent series stay within 0.20" in lag_bars(heat, 0, "hour", "A, B")


def test_a_timeline_has_a_strip_and_gaps_stay_gaps():
    frame = pd.DataFrame({"at": pd.date_range("2026-03-01", periods=3, freq="h", tz="UTC"), "value": [1.0, None, 3.0], "usual": [1.5, 1.5, 1.5]})
    spec = timeline_spec([Strand("Calls", "1", frame), Strand("Success", "ratio", frame)], marks=[frame["at"][1]])
    assert [part.get("title", {}) for part in spec["vconcat"]][1:] == ["Calls", "Success"]
    assert spec["vconcat"][0]["params"][0]["select"]["type"] == "interval"
    assert [row["value"] for row in spec["vconcat"][2]["data"]["values"]] == [100.0, None, 300.0]
    assert [layer["encoding"]["x"]["scale"]["domain"] for layer in spec["vconcat"][1]["layer"][:3]] == [{"param": "brush"}] * 3
    html = Timeline([Strand("Calls", "1", frame)]).static()
    assert html.count("<svg") == 2
    assert "Calls" in html
    assert Timeline([]).static() == '<div class="cem"></div>'
