"""What the portal has fitted before a reader asks: when it has started, and when a study or the lake has changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cemlib.settings import settings

__all__ = ["AheadOfReaders"]

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
    """Size and time of the lake's manifest and of every file in the folder of studies."""
    folder = settings().lake_path.parent / "studies"
    found = {}
    for path in (settings().lake_path / "manifest.json", *(sorted(folder.iterdir()) if folder.is_dir() else ())):
        try:
            about = path.stat()
        except OSError:
            continue
        found[path] = (about.st_size, about.st_mtime_ns)
    return found
