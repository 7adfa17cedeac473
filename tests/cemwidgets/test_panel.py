"""Panels without a browser: escaping, events, what an error becomes, and the static twin."""

from __future__ import annotations

from html.parser import HTMLParser

import cemwidgets as cw
import pytest
from cemwidgets.page.view import Fold
from cemwidgets.panel.state import Events
from hypothesis import given
from hypothesis import strategies as st

from cemlib.errors import CallError, LakeError


class Tree(HTMLParser):
    """Every start tag with its attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


COLUMNS = [cw.Column("name", "Name", narrow="head"), cw.Column("n", "Count", "number")]


def test_what_a_handler_says_is_shown_on_the_panel():
    panel = cw.Panel("<p>here</p>")
    panel.on("ask", lambda event: cw.notice("Asked.", event["what"]))
    panel.clicked = {"event": "ask", "what": "<b>why", "n": 1}
    assert "Asked." in panel.notice
    assert "&lt;b&gt;why" in panel.notice
    panel.clicked = {"event": "other", "n": 2}
    assert panel.notice == ""


def test_why_is_a_link_to_the_app_with_everything_filled_in():
    html = cw.actions(share="", why={"kpi": "a_ratio", "where": 'x=1; y="2'})
    ((_, link),) = [one for one in Tree(html).tags if one[0] == "a"]
    assert link["href"] == "root_cause.ipynb?kpi=a_ratio&where=x%3D1%3B+y%3D%222"
    assert "<a" not in cw.actions(share="", why={})


def test_a_heading_without_words_is_no_heading():
    html = cw.table([cw.Column("a", "A"), cw.Column("b", "", "picture")], [{"a": 1, "b": ""}])
    assert [tag for tag, _ in Tree(html.split("<tbody>")[0]).tags if tag in ("th", "td")] == ["th", "td"]


@given(st.text())
def test_text_never_becomes_markup(text):
    html = cw.question(text, [text]) + cw.card(text, text, note=text, name=text) + cw.table(COLUMNS, [{"name": text, "n": 1, "code": text}], event="go", key="code")
    assert {tag for tag, _ in Tree(html).tags} <= {"header", "h1", "div", "p", "strong", "span", "small", "table", "thead", "tbody", "tr", "th", "td"}


@given(st.text(min_size=1))
def test_what_a_row_sends_is_what_was_given(text):
    rows = [attrs for tag, attrs in Tree(cw.table(COLUMNS, [{"name": "x", "code": text}], event="go", key="code")).tags if tag == "tr" and "data-event" in attrs]
    assert [row["data-code"] for row in rows] == [text]


def test_a_figure_carries_its_full_precision():
    (_, attrs), = Tree(cw.figure("ratio", 0.1 + 0.2, "0.3")).tags
    assert float(attrs["data-value"]) == 0.1 + 0.2


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_missing_figure_is_a_dash_and_never_zero(value):
    assert cw.number(value) == cw.percent(value) == "–"
    (_, attrs), = Tree(cw.figure("ratio", value, "–")).tags
    assert attrs["data-value"] == ""


def test_an_event_cannot_take_the_name_that_keeps_focus():
    with pytest.raises(CallError, match="named 'key'"):
        cw.table(COLUMNS, [{"name": "x", "key": "P1"}], event="go", key="key")


def test_a_selected_row_is_marked_for_eyes_and_for_screen_readers():
    html = cw.table(COLUMNS, [{"name": "a", "code": "A"}, {"name": "b", "code": "B"}], event="go", key="code", selected="B")
    marked = {attrs["data-code"]: (attrs["aria-selected"], "is-selected" in attrs.get("class", "")) for tag, attrs in Tree(html).tags if "data-code" in attrs}
    assert marked == {"A": ("false", False), "B": ("true", True)}


def test_events_reach_their_handler_and_the_one_that_hears_all():
    heard, events = [], Events()
    events.on("a", lambda event: heard.append(("a", event["x"])))
    events.on("*", lambda event: heard.append(("*", event["event"])))
    events.tell({"event": "a", "x": "1"})
    events.tell({"event": "b"})
    assert heard == [("a", "1"), ("*", "a"), ("*", "b")]


def test_an_error_of_ours_is_told_in_its_own_words_and_another_one_without_its_text(caplog):
    events = Events()
    events.on("ours", lambda event: (_ for _ in ()).throw(LakeError("The lake is being written.", todo="Try again.")))
    events.on("other", lambda event: {}["customer 4711"])
    assert "The lake is being written." in events.tell({"event": "ours"})
    told = events.tell({"event": "other"})
    assert "4711" not in told
    assert "log of the server" in told
    assert "4711" in caplog.text


def test_view_to_state_and_state_to_view():
    panel = cw.Panel("<p>0</p>")
    panel.on("next", lambda event: setattr(panel, "html", f"<p>{event['to']}</p>"))
    panel.clicked = {"event": "next", "to": "1", "n": 1}
    assert (panel.html, panel.handled, panel.notice) == ("<p>1</p>", 1, "")
    # the same event again is another event: its number differs
    panel.html = "<p>0</p>"
    panel.clicked = {"event": "next", "to": "1", "n": 2}
    assert (panel.html, panel.handled) == ("<p>1</p>", 2)


def test_a_failed_handler_still_ends_the_waiting_and_the_next_event_takes_the_message_away():
    panel = cw.Panel()
    panel.on("bad", lambda event: 1 / 0)
    panel.clicked = {"event": "bad", "n": 1}
    assert panel.handled == 1
    assert "could not be computed" in panel.notice
    panel.clicked = {"event": "good", "n": 2}
    assert panel.notice == ""


def test_the_bundle_has_the_live_view_and_the_twin(monkeypatch):
    data, _ = cw.Panel("<p>here</p>")._repr_mimebundle_()
    assert data["text/html"] == '<div class="cem"><p>here</p></div>'
    assert "application/vnd.jupyter.widget-view+json" in data
    # in an app the kernel answers: the twin would only make the page slower
    monkeypatch.setenv("VOILA_BASE_URL", "/")
    assert "text/html" not in cw.Panel("<p>here</p>")._repr_mimebundle_()[0]


def test_a_fold_hides_what_is_in_it_until_it_is_asked_for_and_tells_so_to_a_screen_reader():
    inside = cw.Panel("<p>deep</p>")
    fold = Fold("Rules", inside, note="in plain words")
    head = fold.children[0]
    assert "is-shut" in fold._dom_classes
    assert Tree(head.html).tags[0][1]["aria-expanded"] == "false"
    head.clicked = {"event": "fold", "key": "fold", "n": 1}
    assert "is-shut" not in fold._dom_classes
    assert Tree(head.html).tags[0][1]["aria-expanded"] == "true"
    head.clicked = {"event": "fold", "key": "fold", "n": 2}
    assert "is-shut" in fold._dom_classes
    # on paper it is open, whatever stands in the app
    tree = Tree(fold.static())
    assert ("details", {"class": "cem-fold", "open": None}) in tree.tags
    assert "deep" in tree.text
