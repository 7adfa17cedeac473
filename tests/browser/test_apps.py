"""An app in a browser: every widget answers, nothing is fetched from elsewhere, and the kernel ends with the page."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path

import pytest


@pytest.fixture
def app(open_page, app_url):
    page = open_page(app_url("widgets"))
    page.wait_for_selector(".cem-trend svg")
    return page


def map_frame(page):
    page.wait_for_selector(".cem-map iframe")
    frame = page.query_selector(".cem-map iframe").content_frame()
    frame.wait_for_selector("path.land.q6")
    return frame


def count_kernels(portal) -> int:
    """How many kernels the portal's process group runs."""
    count = 0
    for path in Path("/proc").glob("[0-9]*"):
        try:
            text = (path / "cmdline").read_bytes().decode(errors="replace")
            group = int((path / "stat").read_text().rsplit(")", 1)[1].split()[2])
        except (OSError, ValueError, IndexError):
            continue
        count += "ipykernel_launcher" in text and str(portal.folder) in text and group > 0
    return count


def test_the_question_stands_at_the_top_and_no_code_is_shown(app):
    assert app.inner_text("h1").startswith("Which partners are failing")
    assert app.title() == "Widgets · CEM workbench"
    assert "page_parameters" not in app.inner_text("main")
    assert app.locator(".jp-CodeMirrorEditor, .jp-InputArea-editor").count() == 0
    assert app.get_attribute("[data-figure=success_ratio]", "data-value") == "0.98123"
    # the token is in the cookie, not in an address that could be shared
    assert "token" not in app.url


def test_a_click_on_a_row_goes_to_python_and_back(app):
    app.click("tr[data-key='select_partner-P31']")
    app.wait_for_selector("tr.is-selected[data-key='select_partner-P31']")
    app.wait_for_selector(".cem-boxed h2:has-text('Delta Wireless')")
    # another click follows the first one's re-rendering
    app.click("tr[data-key='select_partner-P08']")
    app.wait_for_selector("tr.is-selected[data-key='select_partner-P08']")
    assert app.locator("tr.is-selected").count() == 1


def test_the_keyboard_does_what_the_mouse_does_and_focus_stays(app):
    row = "tr[data-key='select_partner-P31']"
    app.focus(row)
    app.keyboard.press("Enter")
    app.wait_for_selector(f"{row}.is-selected")
    app.wait_for_function("() => document.activeElement.dataset.key === 'select_partner-P31'")
    app.keyboard.press("Tab")
    app.keyboard.press("Space")
    app.wait_for_selector("tr.is-selected[data-key='select_partner-P22']")
    # the one chosen before is given up, and the focus is where it was
    assert app.locator("tr.is-selected").count() == 1
    assert app.evaluate("document.activeElement.dataset.key") == "select_partner-P22"


def test_a_click_on_a_country_and_on_a_mark_reaches_python(app):
    frame = map_frame(app)
    frame.dispatch_event("path[aria-label^='Egypt']", "click")
    app.wait_for_selector("tr.is-selected[data-key='select_partner-P31']")
    frame.wait_for_selector("path.selected[aria-label^='Egypt']")
    frame.dispatch_event("path.mark[aria-label^='Anatolia']", "click")
    app.wait_for_selector("tr.is-selected[data-key='select_partner-P42']")
    assert app.locator("tr.is-selected").count() == 1


def test_the_map_is_operated_by_keys(app):
    frame = map_frame(app)
    assert frame.locator("path[tabindex='0']").count() == 1
    frame.focus("path[tabindex='0']")
    app.keyboard.press("ArrowRight")
    first = frame.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "95 %" in first
    frame.focus("path.mark[aria-label^='Isla Cel']")
    app.keyboard.press("Enter")
    app.wait_for_selector("tr.is-selected[data-key='select_partner-P08']")


def test_the_map_says_too_few_hidden_and_interval_in_words(app):
    frame = map_frame(app)
    kenya = frame.get_attribute("path.land.too_few[aria-label^='Kenya']", "aria-label")
    assert kenya.startswith("Kenya, too few to judge")
    # hidden means hidden: neither value nor count
    assert frame.get_attribute("path.land.suppressed", "aria-label") == "Iceland, hidden: too few subscribers"
    assert frame.locator("path.land[aria-label^='Malta']").count() == 1


def test_a_filter_recolours_without_drawing_anew_and_goes_into_the_address(app):
    frame = map_frame(app)
    frame.evaluate("window.same = true")
    before = frame.get_attribute("path.land[aria-label^='France']", "aria-label")
    app.select_option("select[data-name=rat]", "4g")
    app.wait_for_selector(".cem-chip.is-set:has(select[data-name=rat])")
    frame.wait_for_function("label => !document.querySelector(`path.land[aria-label='${label}']`)", arg=before)
    assert frame.evaluate("window.same") is True
    app.wait_for_function("() => location.search === '?rat=4g'")
    app.click("[data-event=reset]")
    app.wait_for_selector(".cem-chip:has(select[data-name=rat]):not(.is-set)")
    app.wait_for_function("() => !location.search.includes('rat')")


def test_the_address_sets_the_parameters_of_a_kernel_that_was_started_ahead(open_page, app_url):
    page = open_page(app_url("widgets", "rat=4g&partner=P31"))
    page.wait_for_selector("tr.is-selected[data-key='select_partner-P31']")
    assert page.input_value("select[data-name=rat]") == "4g"


def test_the_trend_shows_band_gap_and_tooltip_and_follows_the_theme(app):
    # the map beside it takes its room first
    map_frame(app)
    svg = app.locator(".cem-trend svg")
    svg.scroll_into_view_if_needed()
    assert svg.locator("text", has_text="change found").count() == 1
    assert svg.get_by_text("95 %", exact=True).count() == 1
    line = app.locator(".cem-trend path[stroke*='--cem-accent']").first
    light = line.evaluate("one => getComputedStyle(one).stroke")
    box = svg.bounding_box()
    app.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5)
    app.wait_for_selector("#vg-tooltip-element.visible")
    assert "expected" in app.inner_text("#vg-tooltip-element")
    app.click(".cem-theme")
    assert line.evaluate("one => getComputedStyle(one).stroke") != light


def test_light_and_dark_keep_the_filters_and_the_map_follows(open_page, app_url):
    page = open_page(app_url("widgets", "rat=4g"))
    frame = map_frame(page)
    light = frame.evaluate("getComputedStyle(document.querySelector('path.land.empty, path.land')).fill")
    page.click(".cem-theme")
    page.wait_for_function("() => getComputedStyle(document.body).colorScheme === 'dark'")
    frame.wait_for_function("before => getComputedStyle(document.querySelector('path.land.empty, path.land')).fill !== before", arg=light)
    assert "rat=4g" in page.url
    assert page.input_value("select[data-name=rat]") == "4g"
    page.reload()
    page.wait_for_selector("h1.cem-question")
    assert page.evaluate("document.documentElement.dataset.cemTheme") == "dark"


def test_records_are_paged_sorted_and_exported(app, tmp_path):
    app.click("[data-event=records]")
    app.wait_for_selector(".cem-pager:has-text('1 – 50 of 1,234')")
    assert app.locator(".cem-scroll tbody tr").count() == 50
    app.click("[data-key=forward]")
    app.wait_for_selector(".cem-pager:has-text('51 – 100 of 1,234')")
    app.click("[data-key=sort-duration_ms]")
    app.wait_for_selector("th[aria-sort=ascending]:has-text('duration ms')")
    durations = [int(text.replace(",", "")) for text in app.locator(".cem-scroll tbody td:last-child").all_inner_texts()]
    assert durations == sorted(durations)
    with app.expect_download() as waiting:
        app.click("[data-key=export]")
    waiting.value.save_as(tmp_path / "records.csv")
    lines = (tmp_path / "records.csv").read_text().splitlines()
    assert len(lines) == 1235
    assert lines[0].startswith("attempted_at,visited_plmn_code")


def test_an_error_of_a_handler_is_told_and_the_page_goes_on(app):
    app.click("[data-event=break]")
    app.wait_for_selector("[role=alert]:has-text('This could not be computed')")
    assert "ZeroDivisionError" not in app.inner_text("main")
    app.click("tr[data-key='select_partner-P31']")
    app.wait_for_selector("tr.is-selected[data-key='select_partner-P31']")
    app.wait_for_selector("[role=alert]", state="detached")


def test_a_failed_step_gives_a_card_and_keeps_what_was_computed(open_page, app_url):
    page = open_page(app_url("broken"))
    page.wait_for_selector(".cem-failed")
    page.wait_for_selector("h1.cem-question")
    text = page.inner_text("main")
    assert "What stands above holds." in text
    assert "This page could not be computed to its end." in text
    assert "never shown" not in text
    assert "ZeroDivisionError" not in page.content()
    assert "secret = 1" not in page.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_scrolls_sideways_and_axe_finds_nothing_serious(open_page, app_url, serious, width, scheme):
    page = open_page(app_url("widgets"), width=width, scheme=scheme)
    page.wait_for_selector(".cem-trend svg")
    map_frame(page)
    page.click("[data-event=records]")
    page.wait_for_selector(".cem-pager")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []


def test_without_the_token_nothing_is_shown(portal, open_page):
    page = open_page(portal.url.split("/?")[0] + "/voila/tree")
    assert page.locator(".cem-apps").count() == 0
    with urllib.request.urlopen(portal.url.split("/?")[0] + "/cem/state", timeout=60) as answer:
        assert "/login" in answer.url


def test_the_kernel_ends_when_the_page_is_left(portal, open_page, app_url):
    # pages of other tests were closed without a word; only what comes and goes here is counted
    page = open_page(portal.url)
    page.wait_for_selector(".cem-apps")
    before = count_kernels(portal)
    since = time.monotonic()
    while time.monotonic() - since < 5:
        time.sleep(0.5)
        if (now := count_kernels(portal)) != before:
            before, since = now, time.monotonic()
    for _ in range(3):
        page.goto(app_url("widgets"))
        page.wait_for_selector(".cem-trend svg")
        page.goto(portal.url)
        page.wait_for_selector(".cem-apps")
    end = time.monotonic() + 180
    while count_kernels(portal) > before and time.monotonic() < end:
        time.sleep(0.5)
    assert count_kernels(portal) <= before


def test_the_bar_tells_how_fresh_the_data_is(portal):
    address = portal.url.replace("/?", "/cem/state?")
    with urllib.request.urlopen(address, timeout=60) as answer:
        state = json.load(answer)
    assert set(state) == {"text", "more", "kind"}
    # the tests' own lake does not exist
    assert state["text"] == "no data yet"
