"""One notebook, three faces: the figures of the notebook in a kernel, in the app and in the report are equal to the last digit."""

from __future__ import annotations

import functools

import pytest

import cemlib as cem
from cemlib.report.serve import start_apps
from cemlib.settings import settings
from cemlib.twin import write_operator
from tests.browser.faces import figures_of, read_figures, show_notebook

ORDER = ("partner_directory", "steering_plan", "device_catalogue", "customer_base", "roaming_signalling", "roaming_presence", "roaming_data", "roaming_probe")
#: The notebooks, and how many figures each shows at least.
LEAST = {"roaming_monitoring": 10, "satisfaction_index": 8, "kpi_catalogue": 10, "segment_explorer": 4, "correlation_of_sources": 5}
#: Boxes and lists whose content is wider than they are: the rest of it is cut off or lies over the neighbour.
CUT = "() => [...document.querySelectorAll('.cem-box, .cem-list')].filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.innerText.slice(0, 60))"


@pytest.fixture(scope="module")
def demo_lake(tmp_path_factory):
    """A small demo operator's lake, which the servers of this module read."""
    folder = tmp_path_factory.mktemp("faces")
    write_operator(folder / "incoming", subscribers=1500, days=14, truth=folder / "truth.json")
    with cem.open_lake(folder / "lake") as lake:
        for code in ORDER:
            lake.ingest(cem.sources.connector(code)(folder / "incoming" / code))
    patch = pytest.MonkeyPatch()
    patch.setenv("CEM_LAKE", str(folder / "lake"))
    # only what a test opens is started
    patch.setenv("CEM_PREHEAT", "0")
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def report_of(demo_lake):
    """The report of a notebook, run once."""
    return functools.cache(lambda name: cem.run_report(name, out=demo_lake / "out", to=("html", "csv"), role="analyst"))


@pytest.fixture(scope="module")
def apps(demo_lake):
    server = start_apps(0, role="analyst")
    yield server
    server.stop()


@pytest.fixture
def open_app(apps, open_page):
    """An app of the server, as soon as all of it is there."""
    base, token = apps.url.split("/?")

    def make(name: str, query: str = "", **options):
        page = open_page(f"{base}/voila/render/{name}.ipynb?{token}{query}", **options)
        page.wait_for_selector(".cem-footer", timeout=180_000)
        return page

    return make


def figures_of_report(report) -> dict[str, str]:
    return figures_of((report.out / "report.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LEAST)
def test_the_report_holds_the_published_figures(report_of, name):
    report = report_of(name)
    shown = figures_of_report(report)
    shared = set(shown) & set(report.figures)
    assert len(shared) >= LEAST[name]
    assert {name: float(shown[name]) for name in shared} == {name: report.figures[name] for name in shared}


@pytest.mark.parametrize("name", LEAST)
def test_the_app_shows_the_figures_of_the_report(report_of, open_app, serious, name):
    told = figures_of_report(report_of(name))
    page = open_app(name)
    app = read_figures(page, len(told))
    assert len(app) >= LEAST[name]
    assert app == told
    assert page.evaluate(CUT) == []
    assert serious(page) == []


@pytest.mark.parametrize("name", LEAST)
def test_the_notebook_shows_the_figures_of_the_report(report_of, name):
    shown = figures_of(show_notebook(name))
    assert len(shown) >= LEAST[name]
    assert shown == figures_of_report(report_of(name))


def test_an_address_selects_and_a_bad_one_is_told(open_app):
    page = open_app("roaming_monitoring", "&days=3&direction=sideways")
    assert "direction" in page.inner_text(".cem-notice")
    assert page.input_value("select[data-name=days], [data-key=chip-days] select") == "3"


def test_a_weight_moved_by_keys_scores_everybody_anew(open_app):
    page = open_app("satisfaction_index", width=400, scheme="dark")
    # one click deeper, and not seen before
    assert not page.locator("#weight-memory").is_visible()
    page.get_by_role("button", name="Move the weights").press("Enter")
    page.wait_for_selector("#weight-memory")
    page.focus("#weight-memory")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("text=customers with a score in both")
    page.wait_for_function("document.querySelector('output[for=weight-memory]').textContent === '38 %'")
    # the slider keeps the focus, and nothing scrolls sideways
    assert page.evaluate("document.activeElement.id") == "weight-memory"
    assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_typing_finds_a_definition_and_its_row_opens_by_keys(open_app):
    page = open_app("kpi_catalogue", "&kpi=roaming_silent_ratio")
    page.wait_for_selector("[data-key=opened-roaming_silent_ratio]")
    page.fill("input[data-name=search]", "reject share")
    page.wait_for_selector("[data-key=opened-roaming_registration_reject_share]")
    assert page.input_value("input[data-name=search]") == "reject share"
    page.press("input[data-name=search]", "Control+A")
    page.keyboard.type("registration")
    page.wait_for_selector("tr[data-key=open-roaming_registration_success_ratio]")
    page.focus("tr[data-key=open-roaming_registration_success_ratio]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-key=opened-roaming_registration_success_ratio]")
    assert "FROM registration" in page.text_content(".cem-code")


def test_the_same_report_has_the_same_hash(report_of, demo_lake):
    again = cem.run_report("roaming_monitoring", out=demo_lake / "again", to=("csv",), role="analyst")
    assert again.result_hash == report_of("roaming_monitoring").result_hash


def test_every_app_is_in_the_bar_or_in_its_menu_and_the_one_that_is_open_stays_in_the_bar(apps, open_app):
    page = open_app("segment_explorer", width=400)
    page.wait_for_selector(".cem-nav.is-fitted")
    shown, hidden = page.locator(".cem-nav > a").all_inner_texts(), page.locator(".cem-rest li").all_text_contents()
    assert "Segments" in shown
    assert "Segments" not in hidden
    assert hidden
    assert len(shown) + len(hidden) == len(list((settings().home / "notebooks").glob("*.ipynb")))
    bar = page.locator(".cem-nav").bounding_box()
    assert all(one["x"] + one["width"] <= bar["x"] + bar["width"] for one in (link.bounding_box() for link in page.locator(".cem-nav > *").all()))
    page.locator(".cem-rest summary").focus()
    page.keyboard.press("Enter")
    assert page.locator(".cem-rest li").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.keyboard.press("Escape")
    assert not page.locator(".cem-rest li").first.is_visible()
    page.set_viewport_size({"width": 1600, "height": 900})
    page.wait_for_function("() => document.querySelectorAll('.cem-rest li').length === 0")
