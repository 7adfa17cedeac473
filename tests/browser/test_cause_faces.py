"""True cause in three faces: the figures of the notebook, the app and the report are equal, and a click opens the records."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

import cemlib as cem
from cemlib.report.serve import start_apps
from tests.browser.faces import figures_of, read_figures, show_notebook
from tests.usecases.test_root_cause import KPI, write_ratings

ASKED = {"kpi": KPI, "period": "2026-03-08/2026-03-14"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cause")
    write_ratings(folder / "ratings.csv")
    with cem.open_lake(folder / "lake") as lake:
        lake.ingest(cem.sources.Rating(folder / "ratings.csv"))
    patch = pytest.MonkeyPatch()
    patch.setenv("CEM_LAKE", str(folder / "lake"))
    # only what a test opens is started
    patch.setenv("CEM_PREHEAT", "0")
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def report(place):
    return cem.run_report("root_cause", out=place / "out", to=("html", "csv"), role="analyst", **ASKED)


@pytest.fixture(scope="module")
def apps(place):
    server = start_apps(0, role="analyst")
    yield server
    server.stop()


def test_report_notebook_and_app_show_the_same_figures(report, apps, open_page):
    html = (report.out / "report.html").read_text(encoding="utf-8")
    shown = figures_of(html)
    assert {name: float(value) for name, value in shown.items()}.items() <= report.figures.items()
    assert {"value", "share_explained", "mix_shift", "excess"} == set(shown)
    assert "operator Birch, place indoor" in html

    assert figures_of(show_notebook("root_cause", **ASKED)) == shown

    base, token = apps.url.split("/?")
    page = open_page(f"{base}/voila/render/root_cause.ipynb?{token}&kpi={ASKED['kpi']}&period={ASKED['period']}")
    page.wait_for_selector(".cem-footer", timeout=180_000)
    assert read_figures(page, len(shown)) == shown
    page.click("[data-event=records]")
    page.wait_for_selector("text=those that count against the KPI")


def test_why_leads_from_the_ratings_to_their_cause_and_a_filter_is_taken_back(apps, open_page):
    base, token = apps.url.split("/?")
    page = open_page(f"{base}/voila/render/mobile_insights.ipynb?{token}&operator=Birch&period=2026-03")
    page.click("a[data-app=root_cause]", timeout=180_000)
    page.wait_for_selector("text=place indoor", timeout=180_000)
    page.wait_for_function("() => location.search.includes('period=2026-03-08%2F2026-03-14')")
    page.wait_for_selector("[data-key=chip-where-0] >> text=operator Birch")
    page.click("[data-key=out-where-0]")
    page.wait_for_selector("text=operator Birch, place indoor")
    page.wait_for_selector("[data-key=chip-where-0]", state="detached")
    page.wait_for_function("kpi => location.search.includes(`kpi=${kpi}`) && !location.search.includes('where')", arg=KPI)
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["kpi"] == [KPI]
    assert asked["period"] == ["2026-03-08/2026-03-14"]
    assert "where" not in asked
    assert page.locator("[data-key^=chip-where]").count() == 0
