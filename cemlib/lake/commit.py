"""The commit of one file: its rows into the tables, its rejected records into the quarantine, its account into the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cemlib.lake import change as steps
from cemlib.lake.change import LakeChange, LakeChanges, check_key
from cemlib.lake.delta import DeltaFolder, StoredTable
from cemlib.lake.manifest import Ledger, Manifest
from cemlib.lake.merge import Merged, merge_rows
from cemlib.lake.quarantine import QuarantineWriter, quarantine_file
from cemlib.lake.results import FileResult
from cemlib.lake.retry import EarlierTaking, last_taking
from cemlib.lake.staging import StagedFile
from cemlib.lake.vault import NewPairs
from cemlib.schema import table

if TYPE_CHECKING:
    import duckdb

__all__ = ["FileCommit", "check_key"]


class FileCommit:
    """Commits files into a lake; used under the writer's lock only."""

    def __init__(self, folder: Path, ledger: Ledger, delta: DeltaFolder) -> None:
        self._folder, self._delta = folder, delta
        self._changes = LakeChanges(folder, ledger, delta)

    def recovered(self) -> Manifest:
        """The manifest, after what a crashed writer left was undone."""
        return self._changes.recovered()

    def commit(self, staged: StagedFile, quarantine: QuarantineWriter, result: FileResult, source_code: str, file_name: str,
               connection: duckdb.DuckDBPyConnection, pairs: NewPairs | None = None, earlier: EarlierTaking | None = None) -> None:
        """Commit a staged file and what the door noted with it; ``result`` gets its status and counts. With ``earlier`` it is a
        retry of what was taken then.

        Raises
        ------
        LakeError
            When a table is not at the version that the manifest names.
        """
        steps._reached("locked")
        self.recovered()
        if last_taking(self._changes.ledger.lines, result.digest) != (earlier.line if earlier else None):
            # another writer was faster
            result.status, result.records, result.accepted, result.rejected = "already", 0, 0, 0
            result.reasons, result.repaired = {}, {}
            return
        kept = quarantine_file(self._folder / "quarantine", result.digest)
        event, identity = ("retried", None) if earlier else ("ingested", result.digest)
        with self._changes.change(event, staged.tables(), identity=identity, replaced=[kept]) as change:
            for name in staged.tables():
                self._write(name, staged, change, result, connection, earlier)
                change.reach(f"table {name}")
            if staged.rejected:
                quarantine.move_to(self._folder / "quarantine")
            else:
                kept.unlink(missing_ok=True)
            change.reach("quarantine")
            if pairs is not None:
                # before the file counts: an entry that a crash leaves behind alone does no harm, a missing one would
                pairs.move_in()
                change.reach("vault")
            change.line.update(
                digest=result.digest, file=file_name, source_code=source_code, records=staged.records, accepted=staged.accepted,
                rejected=staged.rejected, repaired=dict(staged.repaired),
                rejects=[[*reason, count] for reason, count in sorted(staged.reasons.items())], tables=result.tables,
            )
        result.status = event

    def merged(self, name: str, staged: StagedFile, stored: StoredTable | None, connection: duckdb.DuckDBPyConnection,
               earlier: EarlierTaking | None) -> Merged:
        """What of the file a table does not have yet."""
        if earlier is not None:
            return earlier.merge(connection, table(name), staged, stored, self._delta)
        return merge_rows(connection, table(name), staged.relation(name, connection), stored)

    def _write(self, name: str, staged: StagedFile, change: LakeChange, result: FileResult,
               connection: duckdb.DuckDBPyConnection, earlier: EarlierTaking | None) -> None:
        """Merge the file's rows into a table in one Delta commit."""
        declared = table(name)
        head = change.head(name, create=True)
        stored: StoredTable = self._delta.stored(declared, head, change.is_evolved(name))
        merged = self.merged(name, staged, stored, connection, earlier)
        result.note(name, merged.added, merged.changed, merged.known)
        identity, attempt = change.transaction
        done = head.transaction_version(identity)
        if merged.added + merged.changed and (done is None or done < attempt):
            change.evolved[name] = change.is_evolved(name) or bool(stored.missing)
            files = staged.day_files(name) if merged.is_whole and not stored.missing else []
            if files:
                self._delta.adopt(declared, files, change.transaction)
            elif merged.changed:
                self._delta.merge(declared, merged.rows.to_arrow_reader(122_880), change.transaction, merged.days)
            else:
                self._delta.append(declared, merged.rows.to_arrow_reader(122_880), change.transaction)
