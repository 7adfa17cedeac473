"""The page: one file that asks nobody for anything."""

from __future__ import annotations

import os

import nbformat
import pytest

from cemlib.errors import ReportError
from cemlib.report.place import replace_folder, staging_folder
from cemlib.report.publish import RESULT_MIME
from cemlib.report.render import error_card, external_references, find_chromium, print_pdf, render_html

FACTS = {"title": "Tiny", "question": "?", "status": "ok", "parameters": {}, "snapshot": None, "started_at": "2026-03-01T00:00:00Z", "result_hash": "ab" * 32,
         "role": "manager", "notebook": "tiny", "kpis": {}, "versions": {}, "warnings": [], "error": None, "seconds": 1.0}


def notebook(*outputs: dict, source: str = "secret_code()") -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, outputs=[nbformat.v4.new_output("display_data", data=one) for one in outputs])
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), cell], metadata={"language_info": {"name": "python"}})


@pytest.mark.parametrize("page", [
    '<img src="https://a.example/x.png">', '<img srcset="//a.example/x.png 2x">', '<script src="x.js"></script>', '<link rel="stylesheet" href="/style.css">',
    '<iframe src="http://a.example"></iframe>', "<iframe srcdoc=\"&lt;img src='http://a.example/x'&gt;\"></iframe>", '<style>@import "http://a.example/x.css";</style>',
    "<style>a { background: url(http://a.example/x.png) }</style>", '<p style="background:url(\'//a.example/x\')">', '<svg><image xlink:href="http://a.example/x"/></svg>',
    '<svg><use href="sprite.svg#a"/></svg>', '<video poster="x.png"></video>', '<object data="x.swf"></object>', '<form action="https://a.example">', '<base href="https://a.example/">',
    "<IMG SRC=HTTP://a.example/x>",
])
def test_what_a_browser_would_fetch_is_found(page):
    assert len(external_references(page)) == 1


@pytest.mark.parametrize("page", [
    '<a href="https://www.3gpp.org">a standard</a>', '<img src="data:image/png;base64,AA==">', '<svg><use href="#a"/></svg>', "<script>let u = 'https://a.example'</script>",
    "<style>a { background: url(data:image/svg+xml,x) }</style>", "<iframe srcdoc=\"&lt;p&gt;map&lt;/p&gt;\"></iframe>", '<a href="#top">top</a>', "<p>src=https://a.example</p>",
])
def test_what_it_would_not_fetch_is_not(page):
    assert external_references(page) == []


def test_a_page_that_asks_another_host_is_not_made():
    with pytest.raises(ReportError, match="another host"):
        render_html(notebook({"text/html": '<script src="https://cdn.example/require.js"></script>'}), FACTS)


def test_the_page_has_the_twin_and_not_the_code():
    page = render_html(notebook(
        {"text/html": "<b>twin</b>", "application/vnd.jupyter.widget-view+json": {"model_id": "abc", "version_major": 2, "version_minor": 0}},
        {RESULT_MIME: {"figures": {"secret_figure": 1}}},
    ), FACTS)
    assert "<b>twin</b>" in page
    for word in ("secret_code", "secret_figure", "model_id", "require"):
        assert word not in page
    assert external_references(page) == []
    assert page.lower().count("content-security-policy") == 1
    assert page.lower().index("content-security-policy") < page.lower().index("<body")


def test_the_card_escapes_what_failed():
    card = error_card("<b>", "x" * 5000 + "<script>")
    assert "&lt;b&gt;" in card
    assert "<script>" not in card
    assert len(card) < 1500


def test_below_the_step_that_failed_nothing_is_shown():
    book = notebook({"text/html": "<i>kept</i>"}, {"text/plain": "<Widget object>"})
    book.cells.append(nbformat.v4.new_markdown_cell("# Never reached"))
    page = render_html(book, {**FACTS, "status": "failed"}, failure=(1, error_card("Title", "why")))
    assert "<i>kept</i>" in page
    assert page.index("kept") < page.index("This report is not complete")
    assert "Never reached" not in page
    assert "Widget object" not in page


@pytest.mark.browser
def test_the_pdf_is_printed_by_the_machines_chromium(tmp_path):
    if find_chromium() is None and os.environ.get("CEM_NO_BROWSER") == "1":
        pytest.skip("CEM_NO_BROWSER=1 and no Chromium")
    (tmp_path / "report.html").write_text(render_html(notebook({"text/html": "<b>printed</b><script>document.title = 'a' + 'b'</script>"}), FACTS))
    print_pdf(tmp_path / "report.html", tmp_path / "report.pdf")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert len(content) > 5000


def test_without_chromium_the_way_to_a_pdf_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("CEM_CHROMIUM", "no-such-browser")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium() is None
    with pytest.raises(ReportError, match="CEM_CHROMIUM"):
        print_pdf(tmp_path / "x.html", tmp_path / "x.pdf")


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_takes_the_place_of_another(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        # then the old one is moved away first
        monkeypatch.setattr("cemlib.report.place._exchange", lambda one, other: False)
    target = tmp_path / "report"
    for text in ("first", "second"):
        with staging_folder(tmp_path) as place:
            (place / text).write_text(text)
            assert place.parent == tmp_path
            replace_folder(place, target)
        assert [one.name for one in target.iterdir()] == [text]
        assert [one.name for one in tmp_path.iterdir()] == ["report"]


def test_a_run_that_ends_badly_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError, match="x"), staging_folder(tmp_path):
        raise ValueError("x")
    assert list(tmp_path.iterdir()) == []
