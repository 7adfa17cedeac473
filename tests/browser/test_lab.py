"""The analyst's face: the same notebook in JupyterLab runs from top to bottom and shows the live widgets."""

from __future__ import annotations

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
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=90_000)
    for _ in range(4):
        # JupyterLab says idle before its channel to a new kernel is open, and loses what it is asked to run then
        page.click(".lm-MenuBar-item:has-text('Run')")
        page.click(".lm-Menu-item[data-command='runmenu:run-all']")
        page.wait_for_timeout(4000)
        if page.locator(".jp-InputPrompt:has-text('[*]'), .jp-InputPrompt:has-text('[1]')").count():
            break
    page.wait_for_selector(".jp-OutputArea-output h1.cem-question", timeout=90_000)
    page.wait_for_selector(".jp-OutputArea-output .cem-trend svg")
    frame = page.query_selector(".cem-map iframe").content_frame()
    frame.wait_for_selector("path.land.q6")
    page.locator("tr[data-key='select_partner-P31']").scroll_into_view_if_needed()
    page.click("tr[data-key='select_partner-P31']")
    page.wait_for_selector("tr.is-selected[data-key='select_partner-P31']")
