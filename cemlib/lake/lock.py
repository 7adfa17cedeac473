"""One writer at a time: a lock file that says who holds it. Readers never look at it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cemlib.errors import LakeError

__all__ = ["WriterLock", "lock_holder"]


def lock_holder(path: Path) -> dict | None:
    """Who holds the lock now: pid, host and since when; None when nobody does."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _said(handle)
    else:
        return None
    finally:
        os.close(handle)


def _said(handle: int) -> dict:
    try:
        return dict(json.loads(os.pread(handle, 1000, 0)))
    except ValueError:
        return {"pid": "?", "host": "?", "since": "?"}


class WriterLock:
    """The writer's lock as a context; the kernel frees it when the writer dies.

    Parameters
    ----------
    path : Path
    wait_s : float
        How long to wait for another writer.
    waiting : callable, optional
        Told once, with a dict of pid, host and since, when there is somebody to wait for.

    Raises
    ------
    LakeError
        When the other writer has not finished in time, or the lake may not be written.
    """

    def __init__(self, path: Path, wait_s: float, waiting: Callable[[dict], None] | None = None) -> None:
        self._path, self._wait_s, self._waiting = path, wait_s, waiting
        self._handle = -1

    def __enter__(self) -> WriterLock:
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise LakeError("The lake cannot be written.", came=error.strerror or str(error), where=str(self._path.parent),
                            todo="Check who owns the folder and whether the disk is full.") from None
        until, told = time.monotonic() + self._wait_s, False
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = _said(self._handle)
                if not told and self._waiting is not None:
                    self._waiting(holder)
                told = True
                if time.monotonic() >= until:
                    os.close(self._handle)
                    raise LakeError("Another process is writing into the lake.",
                                    came=f"process {holder['pid']} on {holder['host']} since {holder['since']}",
                                    where=str(self._path), todo="Wait until it has finished, then run again.") from None
                time.sleep(0.02)
        said = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        with contextlib.suppress(OSError):
            # only told to others; a full disk shows where something is written that counts
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, json.dumps(said).encode(), 0)
        return self

    def __exit__(self, *_: object) -> None:
        # the file stays: removing it would let two writers lock two files of the same name
        try:
            os.ftruncate(self._handle, 0)
        finally:
            os.close(self._handle)
