"""The pager without a browser."""

from __future__ import annotations

import cemwidgets as cw
import pandas as pd
from cemwidgets.records import PageState
from hypothesis import given
from hypothesis import strategies as st

FRAME = pd.DataFrame({"n": range(120), "name": [f"<b>{one}</b>" for one in range(120)]})


@given(st.lists(st.integers(), max_size=60), st.integers(1, 9))
def test_the_pages_hold_every_row_once(values, size):
    state, seen = PageState(pd.DataFrame({"n": values}), size), []
    state.sort("n")
    for page in range(1, state.pages + 1):
        state.go(page)
        seen += state.rows()["n"].tolist()
    assert seen == sorted(values)


def test_a_page_that_does_not_exist_becomes_the_nearest():
    state = PageState(FRAME, 50)
    state.go(99)
    assert state.page == 3
    state.go(-4)
    assert state.page == 1


def test_paging_sorting_and_export():
    records, sent = cw.Records(FRAME, size=50), []
    records.send = sent.append
    records.clicked = {"event": "page", "to": "3", "n": 1}
    assert "101 – 120 of 120" in records.html
    records.clicked = {"event": "sort", "column": "n", "n": 2}
    records.clicked = {"event": "sort", "column": "n", "n": 3}
    assert 'aria-sort="descending"' in records.html
    assert "&lt;b&gt;119&lt;/b&gt;" in records.html
    records.clicked = {"event": "export", "n": 4}
    # the whole table, in the order shown
    assert sent[0]["text"].splitlines()[:2] == ["n,name", "119,<b>119</b>"]
    assert len(sent[0]["text"].splitlines()) == 121


def test_hidden_records_are_named_and_cannot_be_exported():
    records, sent = cw.Records(FRAME, hidden="Fewer than 10 subscribers."), []
    records.send = sent.append
    assert "Fewer than 10 subscribers." in records.html
    assert "<table" not in records.html
    records.clicked = {"event": "export", "n": 1}
    assert sent == []


def test_none_leaves_the_place_empty_and_no_rows_are_told():
    records = cw.Records()
    assert records.html == ""
    records.show(FRAME.iloc[:0], title="Records")
    assert "No records." in records.html


def test_the_twin_has_no_buttons():
    assert "<button" not in cw.Records(FRAME).static()


def test_places_hold_their_childrens_twins():
    page = cw.Stack(cw.Columns(cw.Boxed("Map", cw.Panel("<p>a</p>"), note="by country")), cw.Records(FRAME))
    html = page.static()
    assert "<p>a</p>" in html
    assert "Map<small>by country</small>" in html
    assert "1 – 50 of 120" in html
