"""What the page asks for: the cell, and in an app the address."""

from __future__ import annotations

import asyncio
import gc
import json
import threading

import pytest
import websockets

import cemlib as cem
from cemlib.errors import ParameterError, ReportError, UnknownNameError

DEFAULTS = {"partner": "", "days": 7, "share": 0.5, "rat": "all", "wide": False, "since": ""}


@pytest.fixture
def notebook(make_notebook, monkeypatch, tmp_path):
    for name in ("CEM_FACE", "QUERY_STRING", "SERVER_SOFTWARE", "VOILA_PREHEAT", "VOILA_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return make_notebook("page").stem


def in_voila(monkeypatch, query: str) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    monkeypatch.setenv("VOILA_BASE_URL", "/")
    monkeypatch.setenv("VOILA_PREHEAT", "False")
    monkeypatch.setenv("QUERY_STRING", query)


def test_in_lab_the_cell_counts(notebook):
    page = cem.page_parameters(notebook, {**DEFAULTS, "days": 14})
    assert (page.face, page.days, page.rat, page.messages, page.query) == ("notebook", 14, "all", [], "days=14")


def test_in_lab_an_ill_value_in_the_cell_is_an_error(notebook):
    with pytest.raises(ParameterError, match="'rat'"):
        cem.page_parameters(notebook, {**DEFAULTS, "rat": "6g"})


def test_the_address_is_typed_and_wins_in_an_app(notebook, monkeypatch):
    in_voila(monkeypatch, "days=30&rat=5g&wide=yes&share=0.25&partner=99901&token=abc&voila-theme=dark")
    space = dict(DEFAULTS)
    page = cem.page_parameters(notebook, space)
    assert page.values == {"partner": "99901", "days": 30, "share": 0.25, "rat": "5g", "wide": True, "since": ""}
    assert (page.face, page.messages) == ("app", [])
    assert space["days"] == 30


def test_what_cannot_be_used_is_left_out_and_said(notebook, monkeypatch):
    in_voila(monkeypatch, "days=500&parnter=99901&rat=%3Cscript%3E&share=0.1&share=0.2&since=")
    page = cem.page_parameters(notebook, dict(DEFAULTS))
    assert page.values == {**DEFAULTS, "share": 0.2}
    days, partner, rat, share = page.messages
    assert "1 to 90" in days
    assert "Did you mean 'partner'?" in partner
    assert "one of all, 4g, 5g" in rat
    assert "more than once" in share


def test_the_messages_do_not_fill_the_page(notebook, monkeypatch):
    in_voila(monkeypatch, "&".join(f"x{at}={'y' * 500}" for at in range(50)))
    page = cem.page_parameters(notebook, dict(DEFAULTS))
    assert len(page.messages) == 6
    assert page.messages[-1].startswith("45 more")
    assert max(map(len, page.messages)) < 300


def test_an_address_of_too_many_parts_is_not_read(notebook, monkeypatch):
    in_voila(monkeypatch, "&".join(["days=3"] * 1000))
    page = cem.page_parameters(notebook, dict(DEFAULTS))
    assert page.days == 7
    assert "too many parts" in page.messages[0]


def test_the_link_leads_back_to_the_same_values(notebook, monkeypatch):
    first = cem.page_parameters(notebook, {**DEFAULTS, "since": "a b&c=d", "wide": True})
    in_voila(monkeypatch, first.query)
    assert cem.page_parameters(notebook, dict(DEFAULTS)).values == first.values


def test_a_report_does_not_read_the_address_of_the_app_that_started_it(notebook, monkeypatch):
    in_voila(monkeypatch, "days=30")
    monkeypatch.setenv("CEM_FACE", "report")
    assert cem.page_parameters(notebook, dict(DEFAULTS)).days == 7


# Voilà leaves the event loop in which it waited open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_kernel_started_ahead_waits_for_the_reader(notebook, monkeypatch):
    """The request reaches a preheated kernel through Voilà's socket: one is played here."""
    asked, ready = [], threading.Event()
    place = {}

    async def answer(socket):
        asked.append(socket.request.path)
        await socket.send(json.dumps({"QUERY_STRING": "days=21"}))

    async def serve():
        place["stop"] = asyncio.get_running_loop().create_future()
        async with websockets.serve(answer, "127.0.0.1", 0) as server:
            place["port"], place["loop"] = server.sockets[0].getsockname()[1], asyncio.get_running_loop()
            ready.set()
            await place["stop"]

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(120)
        in_voila(monkeypatch, "")
        for name, value in (("VOILA_PREHEAT", "True"), ("VOILA_APP_PORT", str(place["port"])), ("VOILA_SERVER_URL", "/"), ("VOILA_KERNEL_ID", "k-1")):
            monkeypatch.setenv(name, value)
        page = cem.page_parameters(notebook, dict(DEFAULTS))
    finally:
        place["loop"].call_soon_threadsafe(place["stop"].set_result, None)
        thread.join(120)
    gc.collect()
    assert asked == ["/voila/query/k-1"]
    assert page.days == 21


def test_an_unknown_notebook_is_told(notebook):
    with pytest.raises(UnknownNameError, match="notebook named 'nowhere'"):
        cem.page_parameters("nowhere", {})


def test_a_parameter_that_would_hide_a_part_of_the_page_is_refused(make_notebook, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    make_notebook(name="odd", parameters="messages: int = 1  # taken")
    with pytest.raises(ReportError, match="uses itself"):
        cem.page_parameters("odd", {})
