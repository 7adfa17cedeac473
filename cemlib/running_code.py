"""The code that a process runs, told by the files as they were when it began to load them: files may be replaced under a process that lives on.

A module that is loaded stays what it was, and one that is loaded later may be of another version. What is kept for other processes under a digest of the code
must be of the code that the digest is of.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
import time
from pathlib import Path

__all__ = ["is_as_loaded", "loaded_at", "note_code", "running_code"]

#: The packages whose numbers are kept: those that read, those that sum up, those that fit.
PACKAGES = ("deltalake", "duckdb", "narwhals", "numpy", "pandas", "pyarrow", "scikit_learn", "scipy", "statsmodels")

_HOME = os.path.dirname(os.path.abspath(__file__))
_PLACES = sorted({one for one in sys.path if one.endswith(("site-packages", "dist-packages"))})
_noted: dict[str, tuple[int, ...]] = {}
_noted_at = 0.0


def note_code() -> None:
    """Note the files of the library and the versions of its packages; the package calls it before it loads anything else."""
    global _noted, _noted_at
    if not _noted:
        _noted_at, _noted = time.time(), _look()


def loaded_at() -> float:
    """When this process began to load the library: seconds since 1970."""
    return _noted_at


def is_as_loaded() -> bool:
    """Whether the files of the library and the versions of its packages are those that were there when this process began to load it."""
    return bool(_noted) and _look() == _noted


@functools.cache
def running_code() -> str | None:
    """A digest of the library, of Python and of the packages that it calls; None where files were changed before it was first asked for.

    Examples
    --------
    >>> running_code() == running_code()
    True
    """
    digest = hashlib.sha256(sys.version.encode())
    try:
        for name, about in _noted.items():
            # of a package its name, which has the version
            content = Path(_HOME, name).read_bytes() if about else b""
            digest.update(f"\n{name} {len(content)}\n".encode() + content)
    except OSError:
        return None
    # they may have been replaced before or while they were read
    return digest.hexdigest() if is_as_loaded() else None


def _look() -> dict[str, tuple[int, ...]]:
    """Size, time and number of every file, which takes 2 ms where reading them takes 20; nothing of the packages, whose folders' names tell the versions."""
    found: dict[str, tuple[int, ...]] = {}
    folders = [_HOME]
    try:
        while folders:
            with os.scandir(folders.pop()) as entries:
                for one in entries:
                    if one.is_dir() and one.name != "__pycache__":
                        folders.append(one.path)
                    elif one.name.endswith((".py", ".yaml")):
                        about = one.stat()
                        found[os.path.relpath(one.path, _HOME)] = (about.st_size, about.st_mtime_ns, about.st_ino)
    except OSError:
        # they are being replaced; or there are none, in an archive
        return {}
    for name in (one for place in _PLACES if os.path.isdir(place) for one in os.listdir(place) if one.endswith((".dist-info", ".egg-info"))):
        if re.sub(r"[-_.]+", "_", name.partition("-")[0]).lower() in PACKAGES:
            found[name] = ()
    return dict(sorted(found.items()))
