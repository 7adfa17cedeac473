"""The upkeep of a lake: its states, optimize and vacuum, as methods of the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cemlib.errors import CallError
from cemlib.lake.forget import forget_fits
from cemlib.lake.history import snapshots
from cemlib.lake.manifest import read_manifest
from cemlib.lake.optimize import CLOSED_AFTER, OptimizeRun, OptimizeSummary
from cemlib.lake.vacuum import KEEP, VacuumRun, VacuumSummary
from cemlib.schema import table

if TYPE_CHECKING:
    from cemlib.lake.delta import StoredTable

__all__ = ["LakeUpkeep"]


class LakeUpkeep:
    """What keeps a lake quick and small; a part of :class:`cemlib.lake.Lake`."""

    if TYPE_CHECKING:
        path: Path
        _at: Any
        refresh: Callable[[], bool]
        _stored_tables: Callable[[], dict[str, StoredTable]]
        _ledger_lines: Callable[[], list[dict]]

    def snapshots(self) -> pd.DataFrame:
        """Every state of the lake, oldest first, to be given to ``open_lake(at=...)``: id, written_at (naive UTC), event,
        file_name, records, tables that were written, is_readable (False: a vacuum removed its files).
        """
        return snapshots(self._ledger_lines())

    def optimize(self, *names: str, closed_after: timedelta = CLOSED_AFTER, dry_run: bool = False,
                 progress: Callable[[dict], None] | None = None, wait_s: float = 60.0) -> OptimizeSummary:
        """Make few files of small ones and order closed days by subscriber; what is read stays the same, and that is checked.

        Parameters
        ----------
        *names : str
            The tables; all by default.
        closed_after : timedelta
            A day that had no newcomers for so long is closed.
        dry_run : bool
            Only tell what would be done.
        progress : callable, optional
            Called with a dict per step: event, table, days, done and total records.
        wait_s : float
            How long to wait for another writer, per portion.

        Raises
        ------
        LakeError
            When the lake cannot be written, or what would be read changed: then nothing of that portion counts.
        CallError
            For a lake that was opened in the past, or a table that does not exist.
        """
        self._refuse_past()
        wanted = [table(name).name for name in names]
        self.refresh()
        stored = {name: one for name, one in self._stored_tables().items() if not wanted or name in wanted}
        try:
            run = OptimizeRun(self.path, closed_after=closed_after, progress=progress, wait_s=wait_s)
            return run.run(stored, self._ledger_lines(), dry_run=dry_run)
        finally:
            self.refresh()

    def vacuum(self, keep: timedelta = KEEP, *, spare: Iterable[Mapping[str, int]] = (), dry_run: bool = False,
               wait_s: float = 60.0) -> VacuumSummary:
        """Remove the files that no state needs which is still to be read, and the fits that are kept beside the lake.

        Parameters
        ----------
        keep : timedelta
            Every state that was the lake's within this time can be read afterwards.
        spare : iterable of mapping
            Older snapshots to keep all the same: the versions of the tables, as a run record has them.
        dry_run : bool
            Only tell what would be removed.
        wait_s : float
            How long to wait for another writer.

        Raises
        ------
        LakeError
            When the lake cannot be written, a version that is to be kept cannot be read, or kept fits cannot be removed.
        CallError
            For a lake that was opened in the past, or a time to keep that is out of range.
        """
        self._refuse_past()
        run = VacuumRun(self.path, keep, spare)
        if read_manifest(self.path) is None:
            # without records there may be fits of studies
            return VacuumSummary(keep.total_seconds(), fits=forget_fits(self.path, dry_run=dry_run), dry_run=dry_run)
        try:
            return run.run(dry_run=dry_run, wait_s=wait_s)
        finally:
            self.refresh()

    def _refuse_past(self) -> None:
        if self._at is not None:
            raise CallError("A lake that was opened in the past cannot be written.", where=str(self.path), todo="Open it without at=.")
