"""A file drop: a folder in which other systems put files, each of which is taken when it is complete, then moved aside.

The folder is looked at again and again (that works on a network share too). What was taken goes to ``done/``, what cannot be read
to ``failed/`` with its reason beside it. A file is moved after the lake has it: after a crash in between it is found again, known
by its digest, and moved. Nothing in ``done/`` and ``failed/`` is ever overwritten.
"""

from __future__ import annotations

import fnmatch
import os
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cemlib.errors import CallError, CemError, LakeError, hide_identifiers
from cemlib.lake.arrival import file_state, first_name, free_name, is_open_for_writing, is_partial_name
from cemlib.lake.ingest import SourceLike
from cemlib.lake.lock import lock_holder
from cemlib.lake.results import FileResult

if TYPE_CHECKING:
    from cemlib.lake.lake import Lake

__all__ = ["FileDrop"]

_REASON = ".reason.txt"
_LONGEST_WAIT_S = 300.0


class FileDrop:
    """Takes the files of one connector from a folder as they arrive.

    Parameters
    ----------
    lake : Lake
    folder : Path
        The drop; ``done`` and ``failed`` are made in it. Other folders in it are not looked into.
    source_for : callable
        Makes the connector for a path.
    patterns : sequence of str
        Names of the connector's files; others are left alone and named once.
    settle_s : float
        A file is complete when its size and time of change have not changed for so long.
    interval_s : float
        Between two looks into the folder.
    retry : bool
        First take the files in ``failed`` again; and read files again that were taken with rejects.
    door : Door, optional
    tell : callable, optional
        Called with a dict: ``event`` is file (with ``status``, ``moved_to`` and all of :class:`FileResult`), left, changed, gone,
        lake (with ``error`` and ``wait_s``), locked (with ``holder``), or one of the progress of an ingest.

    Raises
    ------
    CallError
        When there is no such folder, or its parts lie on different disks.
    """

    def __init__(self, lake: Lake, folder: Path, source_for: Callable[[Path], SourceLike], *, patterns: tuple[str, ...] = ("*",),
                 settle_s: float = 10.0, interval_s: float = 5.0, retry: bool = False, door: Any = None,
                 tell: Callable[[dict], None] | None = None) -> None:
        self._lake, self._folder, self._source_for, self._patterns = lake, folder, source_for, patterns
        self._settle_s, self._interval_s, self._retry, self._door = settle_s, interval_s, retry, door
        self._tell = tell or (lambda event: None)
        self._over = threading.Event()
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}
        self._named: set[str] = set()
        self._faults = 0
        self.totals: Counter[str] = Counter()
        if not folder.is_dir():
            raise CallError("There is no such folder to watch.", where=str(folder))
        try:
            for name in ("done", "failed"):
                (folder / name).mkdir(exist_ok=True)
        except OSError as error:
            raise CallError("The folder cannot be written: files that were taken could not be moved.", came=error.strerror or str(error),
                            where=str(folder)) from None
        if len({(folder / name).stat().st_dev for name in (".", "done", "failed")}) > 1:
            raise CallError("done/ and failed/ must lie on the same disk as the folder: a file is moved by a rename.", where=str(folder))

    def stop(self) -> None:
        """End after the file that is being taken; may be called from a signal handler or another thread."""
        self._over.set()

    def watch(self, *, once: bool = False) -> bool:
        """Take files until :meth:`stop` is called, or with ``once`` what is there now.

        Returns
        -------
        bool
            Whether all went well: no file failed, and none was left behind because the lake could not be written.
        """
        if self._retry and not self._retake():
            if once:
                return False
            self._over.wait(self._pause())
        looks = 0
        while not self._over.is_set():
            young = self._look()
            looks += 1
            if once and (looks == 2 or not young or self._faults):
                for name in young if not self._faults else []:
                    self._tell({"event": "changed", "file": name})
                break
            # twice, with the time to settle in between
            self._over.wait(self._settle_s + 0.01 if once else self._pause() if self._faults else
                            min(self._interval_s, self._settle_s) if young else self._interval_s)
        return not (self.totals["failed"] or self._faults)

    def _pause(self) -> float:
        return min(self._interval_s * 2 ** self._faults, _LONGEST_WAIT_S)

    # --- what is there

    def _look(self) -> list[str]:
        """Take what is complete; returns the names of what is not yet."""
        # an age is counted from after a state was seen to before it was seen again: however long a look takes, it never makes a file old
        began = time.monotonic()
        try:
            entries = {one.name: one.stat(follow_symlinks=False) for one in os.scandir(self._folder)}
        except FileNotFoundError:
            if self._folder.is_dir():  # only a file went away while the folder was read
                return []
            self._fault("The folder cannot be read.", "it is not there")
            return []
        except OSError as error:
            self._fault("The folder cannot be read.", error.strerror or str(error))
            return []
        claimed = {name: held for name, held in entries.items() if self._claims(name, held)}
        self._seen = {name: one for name, one in self._seen.items() if name in claimed}
        young, ready = [], []
        for name, held in claimed.items():
            state, age = (held.st_size, held.st_mtime_ns), 0.0
            if self._seen.get(name, (None, 0))[0] == state:
                age = began - self._seen[name][1]
            else:
                self._seen[name] = (state, time.monotonic())
            if age < self._settle_s or is_open_for_writing(self._folder / name):
                young.append(name)
            else:
                ready.append((held.st_mtime_ns, name))
        if not ready:
            self._faults = 0
        for _, name in sorted(ready):
            if self._over.is_set() or not self._take(self._folder / name):
                break
        return sorted(young)

    def _claims(self, name: str, held: os.stat_result) -> bool:
        if is_partial_name(name) or stat.S_ISDIR(held.st_mode) or name.endswith(_REASON):
            return False
        reason = "" if stat.S_ISREG(held.st_mode) else "no regular file"
        if not any(fnmatch.fnmatchcase(name, one) for one in self._patterns):
            reason = reason or "not named " + " or ".join(self._patterns)
        if reason and name not in self._named:
            self._named.add(name)
            self._tell({"event": "left", "file": name, "reason": reason})
        return not reason

    def _retake(self) -> bool:
        """Take the files in ``failed`` again; one that fails again stays there."""
        failed = self._folder / "failed"
        for path in sorted(failed.glob(f"*{_REASON}")):
            if not path.with_name(path.name.removesuffix(_REASON)).exists():
                path.unlink()
        for path in sorted(failed.iterdir()):
            name = first_name(path.name)
            if self._over.is_set():
                break
            if path.is_file() and not path.is_symlink() and not path.name.endswith(_REASON) and any(
                    fnmatch.fnmatchcase(name, one) for one in self._patterns) and not self._take(path):
                return False
        return True

    # --- one file

    def _take(self, path: Path) -> bool:
        """Take one file and move it; False when the lake or the folder cannot be written now."""
        if not self._is_lake_free():
            return False
        if (state := file_state(path)) is None:
            return self._gone(path)
        try:
            (result,) = self._lake.ingest(self._source_for(path), door=self._door, progress=self._tell, wait_s=600.0, retry=self._retry).files
        except LakeError as error:
            return self._fault("The lake cannot be written.", str(error))
        except CemError as error:
            result = FileResult(str(path), error=str(error))
        except Exception as error:
            # not told as the file's fault, so the file must not be put aside for it
            return self._fault("The file cannot be taken.", hide_identifiers(f"{type(error).__name__}: {error}"))
        if result.is_lake_fault:
            return self._fault("The lake cannot be written.", result.error)
        if file_state(path) is None:
            return self._gone(path)
        try:
            moved = self._move(path, state, result)
        except OSError as error:
            return self._fault("The file cannot be moved.", f"{error.strerror or error}: {path.name}")
        self._faults = 0
        if moved is None:
            self._seen.pop(path.name, None)
            self._tell({"event": "changed", "file": path.name})
            return True
        self.totals.update({result.status: 1, "records": result.records, "accepted": result.accepted, "rejected": result.rejected,
                            "regained": result.regained})
        self._tell({"event": "file", "at": _instant(), "moved_to": str(moved), **asdict(result)})
        return True

    def _gone(self, path: Path) -> bool:
        self._seen.pop(path.name, None)
        self._tell({"event": "gone", "file": path.name})
        return True

    def _is_lake_free(self) -> bool:
        """Wait until no other writer holds the lake; False when the watch is ended meanwhile."""
        told = False
        while (holder := lock_holder(self._lake.path / "writer.lock")) is not None and not self._over.is_set():
            if not told:
                self._tell({"event": "locked", "holder": holder})
            told = True
            self._over.wait(0.2)
        return not self._over.is_set()

    def _move(self, path: Path, state: tuple[int, int], result: FileResult) -> Path | None:
        """Move a file aside; None when it is no longer the one that was read."""
        if file_state(path) != state:
            return None
        is_bad, is_retake = result.status == "failed", path.parent.name == "failed" and path.parent.parent == self._folder
        reason = path.with_name(path.name + _REASON)
        if is_bad and is_retake:
            reason.write_text(self._reason(result), encoding="utf-8")
            return path
        target = free_name(self._folder / ("failed" if is_bad else "done") / path.name)
        if is_bad:
            # first the reason: a file in failed/ is never without one
            target.with_name(target.name + _REASON).write_text(self._reason(result), encoding="utf-8")
        os.rename(path, target)
        if file_state(target) != state:
            # another one of the same name took its place in the last instant: it has not been read yet
            os.rename(target, free_name(path))
            return None
        if is_retake:
            reason.unlink(missing_ok=True)
        return target

    def _reason(self, result: FileResult) -> str:
        return f"{_instant()}\n{hide_identifiers(result.error)}\n"

    def _fault(self, what: str, came: str) -> bool:
        self._faults += 1
        self._tell({"event": "lake", "error": what, "came": came, "wait_s": self._pause()})
        return False


def _instant() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
