"""What the portal has fitted before a reader asks: when it has started, and when a study or the lake has changed."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

from cemlib.settings import FITS_EMPTIED, settings

__all__ = ["AheadOfReaders", "read_state"]

State = dict[Path, tuple[int, int]]


class AheadOfReaders:
    """Starts the fits in a process of their own, one at a time.

    A change is acted upon when nothing has changed since the look before: while files are written, or records come in one after the other, nothing is fitted.

    Parameters
    ----------
    command : sequence of str, optional
        What is started.
    """

    def __init__(self, command: tuple[str, ...] = (sys.executable, "-m", "cemlib.usecases.fits_ahead")) -> None:
        self._command, self._process = command, None
        self._fitted: State | None = None
        self._seen = read_state()

    def look(self) -> bool:
        """Look at the files; whether fits were started."""
        before, self._seen = self._seen, read_state()
        if self._seen != before or self._seen == self._fitted or (self._process is not None and self._process.poll() is None):
            return False
        self._fitted = self._seen
        # of the server's own group: it ends with it. What cannot be fitted stands in the server's log
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return True


def read_state() -> State:
    """Size and time of all that fits are made of: the lake's manifest and its causes, the studies, the files that these name wherever they lie, and the mark of emptied fits."""
    own = settings()
    beside = own.lake_path.parent
    studies = sorted((beside / "studies").glob("*.yaml"))
    found = _states([own.lake_path / "manifest.json", own.reference_path / "cause.csv", beside / "named_sets.yaml", own.fits_path / FITS_EMPTIED, *studies])
    return found | _states(one for path in studies if path in found for one in _named_files(path, found[path]))


def _states(paths: Iterable[Path]) -> State:
    found = {}
    for path in paths:
        # one that is not there, and one that is no file's name at all
        with contextlib.suppress(OSError, ValueError):
            about = path.stat()
            found[path] = (about.st_size, about.st_mtime_ns)
    return found


@functools.lru_cache(maxsize=500)
def _named_files(path: Path, state: tuple[int, int]) -> list[Path]:
    """The files that a study in this state is made of; none of one that is told wrong, until it is told otherwise."""
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return []
    source = told.get("source") if isinstance(told, dict) else None
    if not isinstance(source, dict):
        return []
    joined = source.get("join")
    return [path.parent / one for one in [source.get("file"), *(joined if isinstance(joined, list) else [])] if isinstance(one, str)]
