"""The analyst's face: the same notebook in JupyterLab runs from top to bottom and shows the live widgets."""

from __future__ import annotations

import pytest

from cemlib.report.serve import start_lab


@pytest.fixture(scope="module")
def lab():
    server = start_lab(0)
    yield server
    server.stop()


def run_all(page):
    """Run all cells; JupyterLab opens its channel to a new kernel twice, and what it is asked to run in between is lost."""
    for _ in range(5):
        page.wait_for_timeout(3000)
        if page.locator(".jp-Dialog").count():
            pytest.fail(f"JupyterLab asks: {page.inner_text('.jp-Dialog')}")
        page.click(".lm-MenuBar-item:has-text('Run')")
        page.click(".lm-Menu-item[data-command='runmenu:run-all']")
        for _ in range(180):
            page.wait_for_timeout(500)
            if page.locator(".jp-OutputArea-output h1.cem-question").count():
                return
            if not page.locator(".jp-InputPrompt:has-text('[*]')").count():
                break
    pytest.fail("the notebook did not run to its end")


def test_the_notebook_runs_in_jupyterlab_and_shows_the_widgets(lab, open_page):
    page = open_page(lab.url.replace("/lab/tree/notebooks", "/lab/tree/tests/browser/notebooks/widgets.ipynb"), width=1440)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=180_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=180_000)
    run_all(page)
    page.wait_for_selector(".jp-OutputArea-output .cem-trend svg")
    frame = page.wait_for_selector(".jp-OutputArea-output .cem-map iframe").content_frame()
    frame.wait_for_selector("path.land.q6")
    page.locator("tr[data-key='select_partner-P31']").scroll_into_view_if_needed()
    page.click("tr[data-key='select_partner-P31']")
    page.wait_for_selector("tr.is-selected[data-key='select_partner-P31']")
    assert page.locator("tr.is-selected").count() == 1
