"""A browser without network, a portal on the tests' own notebooks, and a guard: nothing is asked of another host, no error is logged."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
LOCAL = re.compile(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:|about:|file:")
# a page that is left while it still asks for something: the browser says so, and nothing is wrong
LEAVING = re.compile(r"net::ERR_ABORTED|NetworkError when attempting|Failed to fetch")
HOW = "Chromium was not found. Install it (Debian, Ubuntu: apt-get install chromium), or set CEM_CHROMIUM to its path, or CEM_NO_BROWSER=1 to leave the browser tests out."


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker(pytest.mark.browser)
            if os.environ.get("CEM_NO_BROWSER") == "1":
                item.add_marker(pytest.mark.skip(reason="CEM_NO_BROWSER=1"))


@pytest.fixture(scope="session")
def chromium() -> str:
    for name in (os.environ.get("CEM_CHROMIUM", ""), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    pytest.fail(HOW, pytrace=False)


@pytest.fixture(scope="session")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


class Guard:
    """What the pages of a context have asked of other hosts, and what they have complained about."""

    def __init__(self) -> None:
        self.external: list[str] = []
        self.errors: list[str] = []

    def watch(self, page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _hear(self, message) -> None:
        if message.type == "error" and not LEAVING.search(message.text):
            self.errors.append(f"{message.text} {message.location.get('url', '')}".strip())

    def route(self, route) -> None:
        if LOCAL.match(route.request.url):
            route.continue_()
        else:
            self.external.append(route.request.url)
            route.abort()


@pytest.fixture
def open_page(browser, request):
    """``open_page(url, width=1280, scheme="light")`` gives a page; at the end nothing external and no error is allowed."""
    contexts, guard = [], Guard()

    def make(url: str, *, width: int = 1280, height: int = 900, scheme: str = "light", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True, **options)
        contexts.append(context)
        context.route("**/*", guard.route)
        page = context.new_page()
        page.set_default_timeout(120_000)
        guard.watch(page)
        page.goto(url, wait_until="domcontentloaded", timeout=180_000)
        page.guard = guard
        return page

    yield make
    for context in contexts:
        context.close()
    assert guard.external == []
    assert guard.errors == []


@pytest.fixture(scope="session")
def portal():
    from cemlib.report.serve import start_apps

    server = start_apps(0, notebooks=HERE / "notebooks")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def app_url(portal):
    """The address of an app, with the token: ``app_url("widgets", "rat=4g")``."""
    base, token = portal.url.split("/?")
    return lambda name, query="": f"{base}/voila/render/{name}.ipynb?{token}{'&' + query if query else ''}"


@pytest.fixture(scope="session")
def axe() -> str:
    return (HERE / "vendor" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def serious(axe):
    """The serious and critical findings of axe-core on a page, as text."""

    def find(page) -> list[str]:
        page.evaluate(axe)
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found if one["impact"] in ("serious", "critical")]

    return find
