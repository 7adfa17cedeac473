"""The chip bar without a browser: only allowed values, one message a change, the address."""

from __future__ import annotations

import re
from html import unescape

import cemwidgets as cw
import pytest
from cemwidgets.filters import Listed

from cemlib.errors import ParameterError, UnknownNameError

ITEMS = [cw.Choice("rat", "RAT", (("all", "all"), ("4g", "4G")), "all"), cw.Day("since", "from", "2026-03-01", "2026-03-30")]


def test_a_change_tells_all_values_once_and_sets_the_address():
    told = []
    bar = cw.FilterBar(ITEMS, on_change=told.append)
    bar.clicked = {"event": "filter", "name": "rat", "value": "4g", "n": 1}
    assert told == [{"rat": "4g", "since": ""}]
    assert bar.query == "rat=4g"
    bar.set(rat="4g")
    assert len(told) == 1
    bar.clicked = {"event": "reset", "n": 2}
    assert (bar.values, bar.query) == ({"rat": "all", "since": ""}, "")


def test_what_the_browser_sends_is_never_trusted():
    bar = cw.FilterBar(ITEMS)
    bar.clicked = {"event": "filter", "name": "rat", "value": "' OR 1=1", "n": 1}
    assert bar.values["rat"] == "all"
    assert "cannot be" in bar.notice
    bar.clicked = {"event": "filter", "name": "nothing", "value": "x", "n": 2}
    assert "no filter named" in bar.notice.lower()
    with pytest.raises(ParameterError):
        bar.set(since="yesterday")
    with pytest.raises(UnknownNameError, match="rta"):
        bar.set(rta="4g")


def test_a_date_is_held_within_its_bounds():
    bar = cw.FilterBar(ITEMS)
    bar.set(since="2025-01-01")
    assert bar.values["since"] == "2026-03-01"


def test_the_twin_says_what_is_set_and_has_nothing_to_click():
    html = cw.FilterBar(ITEMS, {"rat": "4g", "since": "2026-03-05"}).static()
    assert "RAT 4G" in html
    assert "from 2026-03-05" in html
    assert "<select" not in html


def test_the_tail_follows_the_filters():
    bar = cw.FilterBar(ITEMS, tail=lambda query: cw.actions(share=query))
    bar.set(rat="4g")
    assert 'data-share="rat=4g"' in bar.html


def test_what_the_address_asked_for_is_a_chip_for_each_that_can_be_removed():
    heard = []
    bar = cw.FilterBar([*ITEMS, Listed("where", ";", lambda one: one.replace("=", " is "))], {"where": "hub=A;rat=<4g>"}, on_change=heard.append)
    assert "hub is A" in bar.html
    assert "rat is &lt;4g&gt;" in bar.html
    assert 'aria-label="Remove hub is A"' in bar.html
    assert ">Reset<" in bar.html
    assert "rat is &lt;4g&gt;" in bar.static()
    assert "<button" not in bar.static()
    bar.clicked = {"event": "filter", "name": "where", "value": unescape(re.findall(r'data-value="([^"]+)"', bar.html)[0]), "n": 1}
    assert heard[-1]["where"] == "rat=<4g>"
    bar.set(where="")
    assert "cem-chip-out" not in bar.html


def test_an_address_may_hold_more_than_the_chips():
    bar = cw.FilterBar(ITEMS, {"rat": "4g"}, address=lambda query: f"kpi=x&{query}", tail=lambda query: cw.actions(share=query))
    assert bar.query == "kpi=x&rat=4g"
    assert 'data-share="kpi=x&amp;rat=4g"' in bar.html


def test_words_are_tidied_and_escaped_and_told_while_they_are_typed():
    bar = cw.FilterBar([cw.Text("search", "search", "a word")])
    bar.clicked = {"event": "filter", "name": "search", "value": '  drop  <b>"' + "x" * 200, "n": 1}
    assert bar.values["search"].startswith('drop <b>"x')
    assert len(bar.values["search"]) == 80
    assert "<b>" not in bar.html
    assert 'data-live=""' in bar.html
    assert bar.query.startswith("search=drop")
    bar.set(search="")
    assert bar.query == ""
    assert "<input" not in bar.static()
