"""Serving without a browser: ports, apps, words about freshness, an end that leaves nothing behind."""

from __future__ import annotations

import json
import socket
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from cemlib.errors import ParameterError, ReportError
from cemlib.report.freshness import in_words
from cemlib.report.portal import find_apps
from cemlib.report.serve import free_port, start_apps

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


def test_the_next_port_is_taken_when_one_is_in_use():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        assert free_port(port) > port
        with pytest.raises(ReportError, match="No port is free"):
            free_port(port, tries=1)


def test_any_port_is_one_that_no_system_hands_out_meanwhile():
    # from 32768 (Linux) or 49152 (IANA) on a port goes to whatever program asks for any
    port = free_port(0)
    assert 1024 <= port < 32_768
    with socket.socket() as held:
        held.bind(("127.0.0.1", port))


@pytest.mark.parametrize(("age", "more", "kind"), [
    (timedelta(seconds=40), "1 min behind", ""), (timedelta(minutes=4), "4 min behind", ""), (timedelta(hours=5), "5 h behind", ""),
    (timedelta(hours=27), "27 h behind", " is-stale"), (timedelta(days=3), "3 days behind", " is-stale"),
])
def test_how_far_behind_in_words(age, more, kind):
    words = in_words(NOW - age, NOW)
    assert (words["more"], words["kind"]) == (more, kind)


def test_an_old_year_is_named():
    assert in_words(datetime(2025, 3, 1, tzinfo=UTC), NOW)["text"] == "data to 1 Mar 2025 00:00 UTC"


def test_apps_are_notebooks_that_have_a_title_in_their_own_order(tmp_path):
    def write(name, metadata):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps({"metadata": metadata}))

    write("b", {"cem": {"title": "B", "question": "b?", "order": 1}})
    write("a", {"cem": {"title": "A", "order": 2}})
    write("plain", {})
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "thumbs").mkdir()
    (tmp_path / "thumbs" / "a.svg").write_text("<svg/>")
    apps = find_apps(tmp_path)
    assert [(app["name"], app["question"], app["thumb"]) for app in apps] == [("b", "b?", ""), ("a", "A", "thumbs/a.svg")]


def test_a_role_that_is_none_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="role"):
        start_apps(0, role="boss", notebooks=tmp_path)
    with pytest.raises(ReportError, match="does not exist"):
        start_apps(0, notebooks=tmp_path / "nothing")


def test_the_server_answers_with_its_token_and_leaves_nothing_behind(tmp_path):
    server = start_apps(0, notebooks=tmp_path)
    try:
        with urllib.request.urlopen(server.url.replace("/?", "/voila/tree?"), timeout=60) as answer:
            assert "No app is installed" in answer.read().decode()
        assert server.folder.is_dir()
    finally:
        server.stop()
    assert server.process.poll() is not None
    assert not server.folder.exists()
