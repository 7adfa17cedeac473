"""One notebook, three faces: the figures of the notebook in a kernel, in the app and in the report are equal to the last digit."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient import NotebookClient

import cemlib as cem
from cemlib.report.serve import start_apps
from cemlib.settings import settings
from cemlib.twin import write_operator

ORDER = ("partner_directory", "steering_plan", "device_catalogue", "customer_base", "roaming_signalling", "roaming_presence", "roaming_data", "roaming_probe")
READ = "() => Object.fromEntries([...document.querySelectorAll('[data-figure]')].map(one => [one.dataset.figure, one.dataset.value]))"


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
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def report(demo_lake):
    return cem.run_report("roaming_monitoring", out=demo_lake / "out", to=("html", "csv"), role="analyst")


@pytest.fixture(scope="module")
def apps(demo_lake):
    server = start_apps(0, role="analyst")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def notebook_face(demo_lake):
    """The HTML that the notebook's cells show in a plain kernel, as JupyterLab runs them: no parameters put in, no app around."""
    notebook = nbformat.read(settings().home / "notebooks" / "roaming_monitoring.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output["data"].get("text/html", "") for output in outputs if "data" in output)


def figures_of_report(report) -> dict[str, str]:
    return figures_of((report.out / "report.html").read_text(encoding="utf-8"))


def figures_of(html: str) -> dict[str, str]:
    return dict(re.findall(r'data-figure="([^"]+)" data-value="([^"]+)"', html))


def test_the_report_holds_the_published_figures(report):
    shown = figures_of_report(report)
    shared = set(shown) & set(report.figures)
    assert len(shared) >= 10
    assert {name: float(shown[name]) for name in shared} == {name: report.figures[name] for name in shared}


def test_the_app_shows_the_figures_of_the_report(report, apps, open_page):
    shown = figures_of_report(report)
    base, token = apps.url.split("/?")
    page = open_page(f"{base}/voila/render/roaming_monitoring.ipynb?{token}")
    page.wait_for_selector(".cem-footer", timeout=180_000)
    app = page.evaluate(READ)
    assert len(app) >= 10
    assert app == shown


def test_the_notebook_shows_the_figures_of_the_report(report, notebook_face):
    assert len(figures_of(notebook_face)) >= 10
    assert figures_of(notebook_face) == figures_of_report(report)


def test_an_address_selects_and_a_bad_one_is_told(report, apps, open_page):
    base, token = apps.url.split("/?")
    page = open_page(f"{base}/voila/render/roaming_monitoring.ipynb?{token}&days=3&direction=sideways")
    page.wait_for_selector(".cem-footer", timeout=180_000)
    assert "direction" in page.inner_text(".cem-notice")
    assert page.input_value("select[data-name=days], [data-key=chip-days] select") == "3"


def test_the_same_report_has_the_same_hash(report, demo_lake):
    again = cem.run_report("roaming_monitoring", out=demo_lake / "again", to=("csv",), role="analyst")
    assert again.result_hash == report.result_hash
