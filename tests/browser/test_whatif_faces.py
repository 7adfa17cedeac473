"""The what-if in three faces: the same figures in notebook, app and report; a lever that is moved, an address that leads back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import cemlib as cem
from cemlib.report.serve import start_apps
from tests.browser.faces import figures_of, read_figures, show_notebook

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

from whatif_study import write_study

CHANGES = "stall_ratio-50%;price_amount+10%"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A lake's folder with a study of a thousand customers beside it."""
    folder = tmp_path_factory.mktemp("whatif")
    write_study(folder / "studies", 1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CEM_LAKE", str(folder / "lake"))
        # only what a test opens is started
        patch.setenv("CEM_PREHEAT", "0")
        yield folder


@pytest.fixture(scope="module")
def report(place):
    return cem.run_report("whatif_satisfaction", out=place / "out", to=("html", "csv"), role="analyst", study="invented", changes=CHANGES, saved="segment=top~stall_ratio-20%")


@pytest.fixture(scope="module")
def apps(place):
    server = start_apps(0, role="analyst")
    yield server
    server.stop()


def test_the_three_faces_show_the_same_figures(report, apps, open_page):
    shown = figures_of((report.out / "report.html").read_text(encoding="utf-8"))
    assert set(shown) >= {"effect", "rating_then", "extrapolation_ratio", "cost"}
    assert {name: float(value) for name, value in shown.items()} == {name: report.figures[name] for name in shown}
    assert figures_of(show_notebook("whatif_satisfaction", study="invented", changes=CHANGES)) == shown
    base, token = apps.url.split("/?")
    page = open_page(f"{base}/voila/render/whatif_satisfaction.ipynb?{token}&study=invented&changes=stall_ratio-50%25%3Bprice_amount%2B10%25")
    page.wait_for_selector(".cem-footer", timeout=180_000)
    assert read_figures(page, len(shown)) == shown


def test_a_lever_redraws_the_chart_and_the_address_follows(apps, open_page, serious):
    base, token = apps.url.split("/?")
    page = open_page(f"{base}/voila/render/whatif_satisfaction.ipynb?{token}&study=invented&who=segment%3Dnobody")
    page.wait_for_selector(".cem-footer", timeout=180_000)
    assert "nobody" in page.inner_text(".cem-notice")
    lever = page.locator("[data-key=lever-stall_ratio]")
    lever.focus()
    for _ in range(3):
        lever.press("ArrowLeft")
    page.wait_for_function("() => location.search.includes('stall_ratio-3')")
    page.wait_for_selector(".cem-bands path.then")
    assert float(page.get_attribute("[data-figure=effect]", "data-value")) > 0
    assert page.evaluate("() => document.activeElement.dataset.key") == "lever-stall_ratio"
    # the map answers keys, the table beside it says the same, and a click there takes it back
    point = page.locator(".cem-gains .point").first
    driver = point.get_attribute("data-driver")
    point.focus()
    point.press("Enter")
    page.wait_for_selector(f"tr[aria-selected=true][data-driver='{driver}']")
    assert "Good is" in page.inner_text("[data-key=about]")
    page.click(f"tr[data-driver='{driver}']")
    page.wait_for_selector(f".cem-gains .point[aria-pressed=false][data-driver='{driver}']")
    page.click("[data-key=act-keep]")
    page.wait_for_function("() => location.search.includes('saved=')")
    assert serious(page) == []
