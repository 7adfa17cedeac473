"""The commit of one file over several tables, and the undoing of one that a crash interrupted.

The order: the intent in ``journal.json``; the tables; the quarantine; the ledger; the manifest, from which moment readers see
the file; the journal is dropped. A writer that died in between left a journal: the next one brings the tables back to the
versions before. Delta remembers the transaction of an undone commit too, therefore the attempts are counted: the transaction
of a file is (digest, attempt).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cemlib.errors import LakeError
from cemlib.keys import derive_key
from cemlib.lake.delta import DeltaFolder, StoredTable
from cemlib.lake.manifest import Ledger, Manifest, read_manifest, replace_file, write_manifest
from cemlib.lake.merge import merge_rows
from cemlib.lake.quarantine import QuarantineWriter, quarantine_file
from cemlib.lake.results import FileResult
from cemlib.lake.staging import StagedFile
from cemlib.schema import table

if TYPE_CHECKING:
    import duckdb

__all__ = ["FileCommit", "check_key", "taken_digests"]


def _reached(point: str) -> None:
    """Called between the steps of a commit; the crash tests put a kill here."""


def _key_check() -> str:
    # derived for this purpose alone: nothing about the other keys can be had from it
    return derive_key("key check").hex()[:16]


def check_key(folder: Path, manifest: Manifest | None) -> None:
    """Refuse to write with another secret than the one that made the lake's pseudonyms.

    Raises
    ------
    LakeError
        When it is another one.
    """
    if manifest is not None and manifest.key_check and manifest.key_check != _key_check():
        raise LakeError("The secret is not the one that made the pseudonyms of this lake: a subscriber would get a second one.",
                        where=str(folder), todo="Set CEM_KEY or CEM_KEY_FILE to the secret of this lake.")


def taken_digests(lines: list[dict]) -> set[str]:
    """The digests of the files that were taken in."""
    return {line["digest"] for line in lines if line["event"] == "ingested"}


class FileCommit:
    """Commits files into a lake; used under the writer's lock only."""

    def __init__(self, folder: Path, ledger: Ledger, delta: DeltaFolder) -> None:
        self._folder, self._ledger, self._delta = folder, ledger, delta
        self._journal = folder / "journal.json"

    def recovered(self) -> Manifest:
        """The manifest, after what a crashed writer left was undone.

        Raises
        ------
        LakeError
            When the secret is another one than the lake's.
        """
        manifest = read_manifest(self._folder)
        check_key(self._folder, manifest)
        if manifest is None:
            manifest = Manifest(written_at=_instant(), key_check=_key_check())
            write_manifest(self._folder, manifest)
        lines = self._ledger.read(manifest.ledger_bytes)
        self._clear_staging()
        try:
            intent = json.loads(self._journal.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return manifest
        if not any((line["digest"], line["attempt"]) == (intent["digest"], intent["attempt"]) for line in lines):
            manifest = self._undone(manifest, intent)
        self._journal.unlink()
        return manifest

    def _undone(self, manifest: Manifest, intent: dict) -> Manifest:
        tables_at = {}
        self._delta.forget()
        for name, before in intent["tables"].items():
            if self._delta.head(table(name)) is not None:
                # a table that the crashed writer made has an empty version 0
                version = self._delta.restore(table(name), 0 if before is None else before)
                evolved = manifest.tables.get(name, {}).get("evolved", False)
                tables_at[name] = {"version": version, "evolved": evolved}
        quarantine_file(self._folder / "quarantine", intent["digest"]).unlink(missing_ok=True)
        _reached("undone")
        return self._publish(manifest, {"event": "undone", "at": _instant(), "digest": intent["digest"],
                                        "attempt": intent["attempt"], "tables_at": tables_at})

    def _clear_staging(self) -> None:
        """Remove what writers that are dead left in the staging folder."""
        for place in (self._folder / "staging").glob("*+*+*"):
            host, _, rest = place.name.partition("+")
            pid = rest.partition("+")[0]
            if host == socket.gethostname() and pid.isdigit() and not _is_alive(int(pid)):
                shutil.rmtree(place, ignore_errors=True)

    def commit(self, staged: StagedFile, quarantine: QuarantineWriter, result: FileResult, source_code: str, file_name: str,
               connection: duckdb.DuckDBPyConnection) -> None:
        """Commit a staged file; ``result`` gets its status and counts.

        Raises
        ------
        LakeError
            When a table is not at the version that the manifest names.
        """
        _reached("locked")
        manifest = self.recovered()
        lines = self._ledger.lines
        if result.digest in taken_digests(lines):
            # another writer was faster
            result.status, result.records, result.accepted, result.rejected = "already", 0, 0, 0
            result.reasons, result.repaired = {}, {}
            return
        names = staged.tables()
        for name in names:
            self._check_head(name, manifest)
        undone = [line["attempt"] for line in lines if line["event"] == "undone" and line["digest"] == result.digest]
        transaction = (result.digest, max(undone, default=0) + 1)
        before = {name: manifest.tables[name]["version"] if name in manifest.tables else None for name in names}
        replace_file(self._journal, json.dumps({"digest": transaction[0], "attempt": transaction[1], "tables": before}))
        _reached("journal")
        try:
            self._write_all(names, staged, quarantine, result, manifest, transaction, source_code, file_name, connection)
        except Exception:
            # what was written is undone at once; where even that fails (a full disk), the next writer does it
            with contextlib.suppress(Exception):
                self.recovered()
            raise
        result.status = "ingested"

    def _write_all(self, names: list[str], staged: StagedFile, quarantine: QuarantineWriter, result: FileResult, manifest: Manifest,
                   transaction: tuple[str, int], source_code: str, file_name: str, connection: duckdb.DuckDBPyConnection) -> None:
        tables_at = {}
        for name in names:
            tables_at[name] = self._write(name, staged, manifest, transaction, result, connection)
            _reached(f"table {name}")
        if staged.rejected:
            quarantine.move_to(self._folder / "quarantine")
        _reached("quarantine")
        self._publish(manifest, {
            "event": "ingested", "at": _instant(), "digest": transaction[0], "attempt": transaction[1], "file": file_name,
            "source_code": source_code, "records": staged.records, "accepted": staged.accepted, "rejected": staged.rejected,
            "repaired": dict(staged.repaired), "rejects": [[*reason, count] for reason, count in sorted(staged.reasons.items())],
            "tables": result.tables, "tables_at": tables_at,
        })
        _reached("manifest")
        self._journal.unlink()

    def _check_head(self, name: str, manifest: Manifest) -> None:
        """Nothing but the manifest's version may be built upon: else rows that no manifest names would come to light."""
        head = self._delta.head(table(name))
        wanted = manifest.tables.get(name, {}).get("version", 0)
        if head is not None and head.version() != wanted:
            raise LakeError("A table is not at the version that the manifest names: another tool wrote it, or the manifest is older.",
                            wanted=f"version {wanted}", came=f"version {head.version()}", where=str(self._delta.path(name)),
                            todo="Bring back the manifest and ledger that belong to the tables.")

    def _write(self, name: str, staged: StagedFile, manifest: Manifest, transaction: tuple[str, int], result: FileResult,
               connection: duckdb.DuckDBPyConnection) -> dict:
        """Merge the file's rows into a table in one Delta commit; returns the table's entry of the manifest."""
        declared = table(name)
        evolved = manifest.tables.get(name, {}).get("evolved", False)
        head = self._delta.head(declared, create=True)
        stored: StoredTable = self._delta.stored(declared, head, evolved)
        merged = merge_rows(connection, declared, staged.relation(name, connection), stored)
        result.note(name, merged.added, merged.changed, merged.known)
        done = head.transaction_version(transaction[0])
        if merged.added + merged.changed and (done is None or done < transaction[1]):
            evolved = evolved or bool(stored.missing)
            if merged.changed:
                self._delta.merge(declared, merged.rows.to_arrow_reader(122_880), transaction, merged.days)
            else:
                self._delta.append(declared, merged.rows.to_arrow_reader(122_880), transaction)
        return {"version": self._delta.head(declared).version(), "evolved": evolved}

    def _publish(self, manifest: Manifest, line: dict) -> Manifest:
        ledger_bytes = self._ledger.append(line, manifest.ledger_bytes)
        _reached("ledger")
        manifest = replace(manifest, sequence=manifest.sequence + 1, written_at=line["at"], ledger_bytes=ledger_bytes,
                           tables=dict(sorted({**manifest.tables, **line["tables_at"]}.items())))
        write_manifest(self._folder, manifest)
        self._ledger.read(ledger_bytes)
        return manifest


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _instant() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
