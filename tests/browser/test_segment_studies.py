"""Segments of a study and named sets in three faces: the same figures in notebook, app and report; the chips lead from one to the other."""

from __future__ import annotations

import itertools
import json
import re
import urllib.request

import pytest

import cemlib as cem
from cemlib.report.serve import start_apps
from tests.browser.faces import figures_of, read_figures, show_notebook
from tests.usecases.grouped_study import write_invented


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A lake's folder without records, and a study beside it."""
    folder = tmp_path_factory.mktemp("segments")
    write_invented(folder / "studies")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CEM_LAKE", str(folder / "lake"))
        # only what a test opens is started
        patch.setenv("CEM_PREHEAT", "0")
        yield folder


@pytest.fixture(scope="module")
def apps(place):
    server = start_apps(0, role="analyst")
    yield server
    server.stop()


def test_the_page_says_what_it_waits_for(apps, place):
    base, token = apps.url.split("/?")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{base}/voila/render/segment_explorer.ipynb?{token}&study=invented", timeout=180) as answer:
        # the frame and the first words come before any cell is computed
        first = answer.read1()
        while b'id="loading_text"' not in first:
            first += answer.read1()
        assert b"cem-footer" not in first
        page = (first + answer.read()).decode()
    told = [json.loads(f"[{one}]") for one in re.findall(r"<script>cemStep\((.*?)\)</script>", page)]
    words = [one[0] for one in told]
    assert words[0] == "Loading the packages"
    assert "Reading the customers and finding the segments" in words
    # each step begins where the one before it ends, from nothing to all
    assert (told[0][1], told[-1][2]) == (0, 1)
    assert all(one[2] == two[1] for one, two in itertools.pairwise(told))


def test_the_three_faces_show_the_same_figures_of_a_study(place, apps, open_page, serious):
    report = cem.run_report("segment_explorer", out=place / "out", to=("html", "csv"), role="analyst", study="invented")
    shown = figures_of((report.out / "report.html").read_text(encoding="utf-8"))
    assert {"segments", "customers", "segment_1_satisfaction", "segment_2_satisfaction"} <= set(shown)
    assert {name: float(value) for name, value in shown.items()} == {name: report.figures[name] for name in shown}
    assert figures_of(show_notebook("segment_explorer", study="invented")) == shown
    base, token = apps.url.split("/?")
    page = open_page(f"{base}/voila/render/segment_explorer.ipynb?{token}&study=invented", width=400)
    page.wait_for_selector(".cem-footer", timeout=180_000)
    assert read_figures(page, len(shown)) == shown
    # a row is opened by keys, and what it opens is unfolded
    row = page.locator("tr[data-event=segment]").first
    row.focus()
    row.press("Enter")
    page.wait_for_selector("text=Side by side")
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    page.select_option("[data-key=chip-by] select", "named")
    page.wait_for_selector("text=data volume in the top 10 %")
    page.wait_for_function("() => location.search.includes('by=named') && !location.search.includes('segment=')")
    assert serious(page) == []
