"""The report's face: one file with the static twins, which a browser without network shows whole."""

from __future__ import annotations

import nbformat
import pytest

from cemlib.report.render import render_html


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The static twins of the tests' page, rendered as a report renders them."""
    import importlib.util
    from pathlib import Path

    place = Path(__file__).parent / "notebooks" / "widget_page.py"
    spec = importlib.util.spec_from_file_location("widget_page", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    bundle, _ = module.WidgetPage().view()._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "gone"}, **{kind: text for kind, text in bundle.items() if kind.startswith("text/")}})
    cells = [nbformat.v4.new_markdown_cell("## Words\nbetween the pictures"), nbformat.v4.new_code_cell("secret_code = 1", outputs=[output])]
    notebook = nbformat.v4.new_notebook(cells=cells)
    facts = {"title": "Widgets", "status": "ok", "started_at": "2026-03-31T06:00:00+00:00", "parameters": {"rat": "all"}, "snapshot": {"id": "abc123"}, "result_hash": "f00d", "seconds": 3.2}
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(notebook, facts), encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_the_report_shows_every_twin_without_network(report, open_page, serious, width, scheme):
    page = open_page(report.as_uri(), width=width, scheme=scheme)
    assert page.inner_text("h1").startswith("Which partners are failing")
    assert page.get_attribute("[data-figure=success_ratio]", "data-value") == "0.98123"
    frame = page.wait_for_selector(".cem-map iframe", state="attached").content_frame()
    frame.wait_for_selector("path.land.q6")
    shown = page.locator(".cem-trend svg").evaluate_all("all => all.filter(one => one.getBoundingClientRect().width > 0).length")
    assert shown == 1
    text = page.inner_text("body")
    assert "secret_code" not in text
    assert "abc123" in text
    assert "rat = all" in text
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []
