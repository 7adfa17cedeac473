"""How a lake stands: how fresh its sources are, what was rejected, which files came, as methods of the lake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cemlib.errors import LakeError
from cemlib.lake import insight
from cemlib.lake.freshness import freshness
from cemlib.lake.manifest import Ledger, Manifest, Snapshot, read_manifest
from cemlib.lake.quarantine import read_quarantined
from cemlib.lake.retry import last_taking
from cemlib.lake.set_aside import read_set_aside

if TYPE_CHECKING:
    from cemlib.lake.delta import StoredTable

__all__ = ["LakeStanding"]


class LakeStanding:
    """What is known about the records of a lake; a part of :class:`cemlib.lake.Lake`."""

    if TYPE_CHECKING:
        path: Path
        _insight: dict[str, pd.DataFrame]
        _stored: dict[str, StoredTable]
        on: Callable[[str | None], Any]
        tables: Callable[[], list[str]]
        snapshot: Callable[[], Snapshot]
        _stored_tables: Callable[[], dict[str, StoredTable]]
        _ledger_lines: Callable[[], list[dict]]

    def freshness(self) -> pd.DataFrame:
        """How fresh each source is: records, last event, last receipt, and the delay from event to receipt (p50, p95 in
        seconds, over the table's newest whole days that hold a million records, at most 30 days). Columns: source_code, table_name,
        records, last_event_at, last_received_at, delay_p50_s, delay_p95_s; times are naive UTC. Read from the files' statistics: quick
        on a large lake too.
        """
        return self._once("freshness", lambda: freshness(self.on("duckdb").connection,
                                                         {name: self._stored[name] for name in self.tables()},
                                                         self._ledger_lines()))

    def rejects(self) -> pd.DataFrame:
        """Rejected records counted by file and reason, without any raw text: source_code, file_name, column_name,
        reason_code, reason, records.
        """
        return self._once("rejects", lambda: insight.rejects(self._ledger_lines()))

    def files(self) -> pd.DataFrame:
        """The files that were taken in, oldest first: file_name, source_code, ingested_at, records, accepted, rejected,
        added, changed, known, digest.
        """
        return self._once("files", lambda: insight.files(self._ledger_lines()))

    def status(self) -> dict:
        """How the lake stands, as plain data: tables with records, versions, files and bytes; sources with freshness and delay; sums
        and rejects over the ingested files; who writes now; and what a crash left to be undone by the next writer.
        """
        return insight.status(self.path, self.snapshot(), self._stored_tables(), self._ledger_lines(), self.freshness())

    def quarantined(self, file_name: str | None = None) -> pd.DataFrame:
        """The rejected records with their raw text, of one file or of all; only for whoever owns the files and the secret.

        Raises
        ------
        LakeError
            When the secret is not the lake's, or the quarantine is not readable.
        """
        found, lines = [], self._ledger_lines()
        now = Ledger(self.path).read((read_manifest(self.path) or Manifest()).ledger_bytes)
        for line in insight.ingested(lines):
            if line["rejected"] and file_name in (None, line["file"]):
                # fewer than were counted there may be after an erasure; others only after a retry
                if last_taking(now, line["digest"]) != last_taking(lines, line["digest"]):
                    raise LakeError("The rejected records of a file are no longer those of this state: a retry replaced them since.",
                                    where=line["file"], todo="Refresh the lake, or open it without at=.")
                rows = read_quarantined(self.path / "quarantine", line["digest"]).to_pandas()
                rows.insert(0, "file_name", line["file"])
                found.append(rows)
        columns = ["file_name", "line", "column", "reason_code", "reason", "raw"]
        return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)

    def set_aside(self, study: str) -> pd.DataFrame:
        """The cells of a study's files that could not be used when it was opened last: file_name, line (the row, the header being the first), column,
        reason_code, reason, raw (without what may be a number of a person). They are single people's answers: whoever reads the lake's files and has the secret
        opens them, whatever the role, as with the lake's records; the pages tell a manager how many for which reason alone.

        Raises
        ------
        LakeError
            When the secret is not the one that sealed them, or the quarantine is not readable.
        """
        return read_set_aside(self.path, study)

    def _once(self, name: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        if name not in self._insight:
            self._insight[name] = make()
        return self._insight[name].copy()
