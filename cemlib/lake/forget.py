"""The end of what was fitted on people: fits are kept beside the lake, and go when people do (:mod:`cemlib.usecases.kept_fits` says what they are).

Fits name nobody, but hold a row for each customer. A process that read the lake before people left it may still keep such a fit afterwards; so a mark with the time of the
emptying stays in the folder, and a process that is older keeps nothing there any more.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cemlib.errors import LakeError
from cemlib.settings import FITS_EMPTIED, settings

__all__ = ["forget_fits"]


def forget_fits(lake_path: str | Path, *, dry_run: bool = False) -> int:
    """Remove all fits that are kept beside a lake, and those beside the lake of the settings, where this lake's are kept when it is opened by its path.

    Parameters
    ----------
    lake_path : str or Path
    dry_run : bool
        Only count, and see whether they could be removed.

    Returns
    -------
    int
        How many files were removed, or would be.

    Raises
    ------
    LakeError
        They cannot be removed.
    """
    folders = {Path(lake_path).absolute().parent / "fits", settings().fits_path.absolute()}
    return sum(_forget(one, dry_run) for one in sorted(folders))


def _forget(folder: Path, dry_run: bool) -> int:
    kept = _kept(folder)
    try:
        if dry_run:
            if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError("the folder cannot be written")
            return len(kept)
        _mark(folder)
        # those too that were written before the mark was there
        removed = 0
        for path in _kept(folder):
            # another process may have been quicker
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                removed += 1
    except OSError as error:
        raise LakeError("The fits that are kept beside the lake cannot be removed.", came=error.strerror or str(error), where=str(folder),
                        todo="Remove the files *.fit there: they hold a row for each customer, without a key.") from None
    return removed


def _mark(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        # where no folder can be made nothing can be kept
        return
    (folder / FITS_EMPTIED).touch(mode=0o600)


def _kept(folder: Path) -> list[Path]:
    """The fits, and those that are being written."""
    return sorted([*folder.glob("*.fit"), *folder.glob(".*.part")])
