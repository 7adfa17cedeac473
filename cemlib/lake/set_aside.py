"""The quarantine of studies: cells of an operator's own files that could not be used, sealed as rejected records are, a file a study and use.

It lies in a folder of its own in the quarantine. A study is read anew whenever it is opened, and the file is made anew with it: therefore no writer's lock is asked
for, and one that another secret sealed is replaced. No number of a person is in it: who hands rows over takes them out.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import pandas as pd
import pyarrow as pa

from cemlib.errors import LakeError
from cemlib.lake.quarantine import REJECTED, QuarantineWriter, quarantine_file, read_quarantined

__all__ = ["keep_set_aside", "read_set_aside"]

_TOLD = ["file_name", *REJECTED.names]
#: Between the name of a file and of a column, in the sealed table's one column of both.
_SEPARATOR = "\x1f"
#: Between the name of a study and of a use in a file name; it is in neither.
_USE = "-"


def _folder(lake: Path) -> Path:
    return lake / "quarantine" / "studies"


def keep_set_aside(lake: Path, study: str, use: str, rows: pd.DataFrame) -> None:
    """Keep what a study set aside, in place of what it did before; nothing is written where that is the same.

    Parameters
    ----------
    lake : Path
    study : str
    use : str
        What the study was opened for: another use reads other columns, and keeps its own file.
    rows : DataFrame
        file_name, line, column, reason_code, reason, raw.

    Raises
    ------
    LakeError
        The lake may not be written.
    """
    folder, name = _folder(lake), f"{study}{_USE}{use}"
    try:
        if rows.empty:
            quarantine_file(folder, name).unlink(missing_ok=True)
        elif not _is_kept(folder, name, rows):
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            _write(folder, name, rows)
    except OSError as error:
        raise LakeError("What a study set aside cannot be kept.", came=error.strerror or str(error), where=str(folder), todo="Check who owns the folder and whether the disk is full.") from None


def _is_kept(folder: Path, name: str, rows: pd.DataFrame) -> bool:
    try:
        return quarantine_file(folder, name).is_file() and _opened(folder, name).astype(str).equals(rows[_TOLD].reset_index(drop=True).astype(str))
    except LakeError:
        # another secret sealed it, or it was cut: what is known now takes its place
        return False


def _write(folder: Path, name: str, rows: pd.DataFrame) -> None:
    place = folder / f"{name}.{secrets.token_hex(8)}"
    try:
        writer = QuarantineWriter(place, name)
        try:
            writer.add(_sealable(rows), is_last=True)
        finally:
            writer.close()
        writer.move_to(folder)
    finally:
        # there only where it could not be finished
        place.unlink(missing_ok=True)


def _opened(folder: Path, name: str) -> pd.DataFrame:
    held = read_quarantined(folder, name).to_pandas()
    both = held["column"].str.partition(_SEPARATOR)
    return held.assign(file_name=both[0], column=both[2])[_TOLD]


def read_set_aside(lake: Path, study: str) -> pd.DataFrame:
    """What a study set aside when it was opened last, for whatever use; empty where there was nothing.

    Raises
    ------
    LakeError
        Another secret sealed it, or it was changed or cut.
    """
    held = [_opened(_folder(lake), path.stem) for path in sorted(_folder(lake).glob(f"{study}{_USE}*.quarantine"))]
    return pd.concat(held, ignore_index=True).drop_duplicates(ignore_index=True) if held else pd.DataFrame(columns=_TOLD)


def _sealable(rows: pd.DataFrame) -> pa.Table:
    both = rows["file_name"] + _SEPARATOR + rows["column"]
    return pa.Table.from_pandas(rows.assign(column=both)[REJECTED.names], schema=REJECTED, preserve_index=False)
