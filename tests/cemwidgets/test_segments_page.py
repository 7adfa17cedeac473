"""The page of the segments: its parts, a row that opens a segment, and the same in the static twin."""

from __future__ import annotations

import pytest
from cemwidgets.segments.places import places_map
from cemwidgets.segments.view import SegmentPage

import cemlib as cem
from cemlib.usecases import view_segments
from tests.usecases import grouped_lake, grouped_study


@pytest.fixture(scope="module")
def view():
    return view_segments(grouped_lake.make_lake(), role="analyst")


@pytest.fixture
def page(view):
    """A page of one test alone: what one has opened is closed for the next."""
    return SegmentPage(view, ["days is not a parameter"])


def test_the_figures_stand_on_the_page(page):
    text = page.top.static()
    assert 'data-figure="segments" data-value="2.0"' in text
    assert 'data-figure="kept_ratio" data-value="0.75"' in text
    assert "days is not a parameter" in text
    table = page.segments.static()
    assert 'data-figure="segment_2_customers" data-value="60.0"' in table
    # nothing to click in a report
    assert "data-event" not in table


def test_a_row_opens_a_segment_and_closes_it(page):
    away = page.state.view.segments["segment"].iloc[1]
    fold = page.deeper.children[0]
    assert not fold.is_open
    page._open({"event": "segment", "segment": away})
    assert page.filters.values["segment"] == away
    # what the row opens is seen
    assert fold.is_open
    assert f"share of {away}" in page.places.html
    assert 'aria-selected="true"' in page.segments.html
    page._open({"event": "segment", "segment": away})
    assert page.filters.values["segment"] == "all"
    assert "choose a segment" in page.places.html


def test_every_figure_has_its_interval_or_says_why_not(page):
    table = page.segments.html
    assert "95 % intervals below each figure" in table
    # 50 answers of 10: the adjusted interval ends at 100
    assert "– 100" in table
    assert page.moves.html.count("%") >= 4


def test_a_hidden_square_has_no_size(page):
    places = page.view.places.assign(subscribers=[80, None], n=[80, None], share_ratio=[1.0, None], low=[0.95, None], high=[1.0, None], is_suppressed=[False, True])
    picture = places_map(places, "")
    assert "nan" not in picture
    assert 'r="3.0" fill="var(--cem-land)"' in picture
    assert "hidden, too few customers" in picture
    # all hidden: nobody is the largest
    assert "nan" not in places_map(places.iloc[1:], "")


def test_named_sets_are_a_chip(page):
    page.filters.set(by="named")
    assert "Named sets" in page.segments.html
    assert 'data-figure="segments" data-value="2.0"' in page.cards.html
    assert "days with use abroad at least 1" in page.rules.html
    # what cannot be told stands below the rules, and is no row of zeros
    assert "<li>VIP: the lake has no list of watched customers</li>" in page.rules.static()
    assert ">VIP<" not in page.rules.html
    page._open({"event": "segment", "segment": "roamer"})
    assert page.filters.values == {"by": "named", "period": "last", "segment": "roamer", "other": "all"}
    assert "by=named" in page.filters.query
    # found segments have other names: the set is let go
    page.filters.set(by="found")
    assert page.filters.values["segment"] == "all"
    assert not any("left out" in one for one in page.state.view.missing)


def test_a_study_has_no_map_and_no_period(tmp_path, monkeypatch):
    grouped_study.write_invented(tmp_path / "studies")
    monkeypatch.setenv("CEM_LAKE", str(tmp_path / "lake"))
    page = SegmentPage(view_segments(cem.open_lake(tmp_path / "lake"), study="invented", role="analyst", strict=False))
    assert [one.name for one in page.filters.items] == ["study", "by", "segment", "other"]
    assert (page.places.html, page.moves.html) == ("", "")
    # no fold without something in it
    assert [one.title for one in page.deeper.children] == ["A closer look", "Rules in plain words"]
    assert "Satisfaction, of 5" in page.segments.html
    assert "number of services" in page.head.static()
    page._export()
    page.filters.set(study="lake")
    assert "too few" in page.segments.html
    assert page.state.view.chosen["study"] == "lake"
