"""The invented connector, a lake of each test's own, and a fork server for processes that are killed."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture
def incoming(tmp_path):
    """Write a file of the invented connector."""
    folder = tmp_path / "incoming"
    folder.mkdir()

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def processes():
    """Processes that start with everything imported and nothing running."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cemlib.lake", "cemlib.kpi", "cemlib.enrich", "cemlib.sources", "invented_source"])
    return context


@pytest.fixture(scope="session")
def filled_lake(tmp_path_factory):
    """A lake with persons in it, beside the files it came from (``incoming``); to be copied, never changed."""
    from persons import fill, write_files

    place = tmp_path_factory.mktemp("filled")
    return fill(place / "lake", write_files(place / "incoming"))
