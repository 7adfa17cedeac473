"""When a file that arrives in a folder is complete, and under which name it is put aside."""

from __future__ import annotations

import fcntl
import os
import re
import signal
from pathlib import Path

__all__ = ["file_state", "first_name", "free_name", "is_open_for_writing", "is_partial_name"]

_PARTIAL = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".incomplete", ".inprogress", ".writing", ".swp", "~")
#: Of "votes~2.csv.gz": what was put into the name because the name was taken.
_SUFFIX = re.compile(r"~\d+(?=(\.[^.]+(\.(gz|bz2|xz|zst|zip))?)?$)")


def is_partial_name(name: str) -> bool:
    """Whether a name says that the file is still being written.

    Examples
    --------
    >>> [is_partial_name(one) for one in ("votes.csv", ".votes.csv", "votes.csv.filepart", "votes.csv.TMP")]
    [False, True, True, True]
    """
    return name.startswith((".", "~")) or name.casefold().endswith(_PARTIAL)


def is_open_for_writing(path: Path) -> bool:
    """Whether a process of this machine has the file open for writing; False where that cannot be told.

    Linux grants a read lease only while nobody has the file open for writing.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # whoever opens it in this instant makes the kernel send a signal: one that is ignored in place of SIGIO, which kills
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def file_state(path: Path) -> tuple[int, int] | None:
    """What tells one content of a file from another without reading it; None when it is not there."""
    try:
        held = path.stat()
    except FileNotFoundError:
        return None
    return held.st_size, held.st_mtime_ns


def free_name(path: Path) -> Path:
    """The path itself, or with ~2, ~3 … before its endings where that name is taken."""
    if not os.path.lexists(path):
        return path
    found = re.fullmatch(r"(.+?)((\.[^.]+(\.(gz|bz2|xz|zst|zip))?)?)", path.name)
    number = 2
    while os.path.lexists(other := path.with_name(f"{found[1]}~{number}{found[2]}")):
        number += 1
    return other


def first_name(name: str) -> str:
    """The name that a file had before :func:`free_name` changed it.

    Examples
    --------
    >>> first_name("votes~2.csv.gz")
    'votes.csv.gz'
    """
    return _SUFFIX.sub("", name)
