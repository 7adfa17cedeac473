"""The analyst's face: the same notebook in JupyterLab runs from top to bottom and shows the live widgets."""

from __future__ import annotations

import os

import pytest

from cemlib.report.serve import start_lab


@pytest.fixture(scope="module")
def lab():
    server = start_lab(0)
    yield server
    server.stop()


def test_the_notebook_runs_in_jupyterlab_and_shows_the_widgets(lab, open_page):
    page = open_page(lab.url.replace("/lab/tree/notebooks", "/lab/tree/tests/browser/notebooks/widgets.ipynb"), width=1440)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    page.wait_for_selector("[data-jp-kernel-user], .jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)
    page.click(".jp-Notebook .jp-Cell >> nth=0")
    page.evaluate("() => window.jupyterapp ? jupyterapp.commands.execute('notebook:run-all-cells') : null")
    if page.locator(".jp-OutputArea-output .cem-question").count() == 0:
        page.click("text=Run >> nth=0")
        page.click("text=Run All Cells >> nth=0")
    page.wait_for_selector(".jp-OutputArea-output h1.cem-question", timeout=90_000)
    page.wait_for_selector(".jp-OutputArea-output .cem-trend svg")
    frame = page.query_selector(".cem-map iframe").content_frame()
    frame.wait_for_selector("path.land.q6")
    page.locator("tr[data-key='select_partner-P31']").scroll_into_view_if_needed()
    page.click("tr[data-key='select_partner-P31']")
    page.wait_for_selector("tr.is-selected[data-key='select_partner-P31']")
    if os.environ.get("CEM_SHOTS"):
        page.screenshot(path=f"{os.environ['CEM_SHOTS']}/lab.png")
