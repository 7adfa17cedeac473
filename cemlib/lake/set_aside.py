"""The quarantine of studies: cells of an operator's own files that could not be used, sealed as rejected records are, a file a study.

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


def _folder(lake: Path) -> Path:
    return lake / "quarantine" / "studies"


def keep_set_aside(lake: Path, study: str, rows: pd.DataFrame) -> None:
    """Keep what a study set aside, in place of what it did before; nothing is written where that is the same.

    Parameters
    ----------
    lake : Path
    study : str
    rows : DataFrame
        file_name, line, column, reason_code, reason, raw.

    Raises
    ------
    LakeError
        The lake may not be written.
    """
    folder = _folder(lake)
    try:
        if rows.empty:
            quarantine_file(folder, study).unlink(missing_ok=True)
        elif not _is_kept(lake, study, rows):
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            _write(folder, study, rows)
    except OSError as error:
        raise LakeError("What a study set aside cannot be kept.", came=error.strerror or str(error), where=str(folder), todo="Check who owns the folder and whether the disk is full.") from None


def _is_kept(lake: Path, study: str, rows: pd.DataFrame) -> bool:
    try:
        return read_set_aside(lake, study).astype(str).equals(rows[_TOLD].reset_index(drop=True).astype(str))
    except LakeError:
        # another secret sealed it, or it was cut: what is known now takes its place
        return False


def _write(folder: Path, study: str, rows: pd.DataFrame) -> None:
    place = folder / f"{study}.{secrets.token_hex(8)}"
    try:
        writer = QuarantineWriter(place, study)
        try:
            writer.add(_sealable(rows), is_last=True)
        finally:
            writer.close()
        writer.move_to(folder)
    finally:
        # there only where it could not be finished
        place.unlink(missing_ok=True)


def read_set_aside(lake: Path, study: str) -> pd.DataFrame:
    """What a study set aside when it was opened last; empty where there was nothing.

    Raises
    ------
    LakeError
        Another secret sealed it, or it was changed or cut.
    """
    if not quarantine_file(_folder(lake), study).is_file():
        return pd.DataFrame(columns=_TOLD)
    held = read_quarantined(_folder(lake), study).to_pandas()
    both = held["column"].str.partition(_SEPARATOR)
    return held.assign(file_name=both[0], column=both[2])[_TOLD]


def _sealable(rows: pd.DataFrame) -> pa.Table:
    both = rows["file_name"] + _SEPARATOR + rows["column"]
    return pa.Table.from_pandas(rows.assign(column=both)[REJECTED.names], schema=REJECTED, preserve_index=False)
