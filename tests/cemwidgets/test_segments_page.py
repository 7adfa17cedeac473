"""The page of the segments: its parts, a row that opens a segment, and the same in the static twin."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from cemwidgets.segments.view import SegmentPage

from cemlib.usecases import view_segments

_place = Path(__file__).parents[1] / "usecases" / "grouped_lake.py"
_spec = importlib.util.spec_from_file_location("grouped_lake", _place)
grouped_lake = sys.modules.get("grouped_lake") or importlib.util.module_from_spec(_spec)
if "grouped_lake" not in sys.modules:
    sys.modules["grouped_lake"] = grouped_lake
    _spec.loader.exec_module(grouped_lake)


@pytest.fixture(scope="module")
def page():
    return SegmentPage(view_segments(grouped_lake.make_lake(), role="analyst"), ["days is not a parameter"])


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
    page._open({"event": "segment", "segment": away})
    assert page.filters.values["segment"] == away
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
