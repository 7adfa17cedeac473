"""The portal page, and an address that does not exist."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_the_portal_lists_the_apps_with_question_and_picture(portal, open_page, serious, width, scheme):
    page = open_page(portal.url, width=width, scheme=scheme)
    assert page.locator(".cem-apps h2").all_inner_texts() == ["Do all widgets answer?", "What happens when a step fails?"]
    page.wait_for_function("() => [...document.images].every(one => one.complete && one.naturalWidth > 0)")
    assert page.locator(".cem-apps img").count() == 2
    page.wait_for_selector(".cem-fresh:has-text('no data yet')")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_attribute("html", "lang") == "en"
    assert serious(page) == []
    page.click(".cem-apps a:has-text('Do all widgets answer?')")
    page.wait_for_selector("h1.cem-question")
    assert page.get_attribute(".cem-nav a[aria-current=page]", "href").endswith("widgets.ipynb")


def test_a_page_that_does_not_exist_says_so(portal, open_page):
    base, token = portal.url.split("/?")
    page = open_page(f"{base}/voila/render/nothing.ipynb?{token}")
    assert "does not exist" in page.inner_text("main")
    # the browser logs the 404 itself; nothing else may be wrong
    page.guard.errors[:] = [text for text in page.guard.errors if "404" not in text]
