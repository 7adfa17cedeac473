"""Where a run's files go: a folder that is filled aside and then takes the place of the one before, in one step."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cemlib.errors import ReportError

__all__ = ["replace_folder", "staging_folder"]

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100
_ABANDONED_S = 86_400


@contextlib.contextmanager
def staging_folder(root: Path) -> Iterator[Path]:
    """A folder of this run alone, beside its later place; gone at the end where it was not moved there.

    Raises
    ------
    ReportError
        When nothing can be written there.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=".run-", dir=root))
    except OSError as error:
        raise ReportError("The reports' folder cannot be written.", came=error.strerror or str(error), where=str(root),
                          todo="Give another with --out or CEM_OUT.") from None
    _clear_old(root)
    try:
        # mkdtemp makes it for the owner alone; reports follow the user's umask
        mask = os.umask(0)
        os.umask(mask)
        place.chmod(0o777 & ~mask)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _clear_old(root: Path) -> None:
    """Remove what a run left that was killed; a day is longer than any run."""
    for pattern in (".run-*", ".old-*"):
        for folder in root.glob(pattern):
            with contextlib.suppress(OSError):
                if time.time() - folder.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(folder, ignore_errors=True)


def replace_folder(new: Path, target: Path) -> None:
    """Put one folder in the place of another: a reader sees the old files or the new, never a mixture.

    On Linux the two are exchanged in one step; elsewhere the old one is moved away first.
    """
    if not target.exists():
        try:
            os.rename(new, target)
            return
        except OSError:
            # another run was faster; exchange with what it has put there
            if not target.exists():
                raise
    if not _exchange(new, target):
        aside = Path(tempfile.mkdtemp(prefix=".old-", dir=target.parent))
        os.rename(target, aside / "old")
        os.rename(new, target)
        shutil.rmtree(aside, ignore_errors=True)
        return
    shutil.rmtree(new, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, where the system can."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    return rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0
