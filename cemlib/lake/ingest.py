"""Ingest: each file wholly or not at all, and once.

A file is read and checked before the writer's lock is taken, so that nobody is locked out meanwhile; the commit is in
:mod:`cemlib.lake.commit`, what a second reading after a mended mapping may do in :mod:`cemlib.lake.retry`.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from cemlib.ahead import ahead
from cemlib.errors import CemError, IngestError, LakeError, hide_identifiers
from cemlib.keys import Carried
from cemlib.lake.commit import FileCommit, check_key
from cemlib.lake.delta import DeltaFolder
from cemlib.lake.engine import connect
from cemlib.lake.lock import WriterLock
from cemlib.lake.manifest import Ledger, Manifest, read_manifest
from cemlib.lake.quarantine import REJECTED, QuarantineWriter
from cemlib.lake.results import FileResult, IngestSummary
from cemlib.lake.retry import EarlierTaking, last_taking
from cemlib.lake.staging import BatchLike, StagedFile, staging_place
from cemlib.lake.vault import NewPairs, Vault
from cemlib.schema import table

__all__ = ["IngestRun", "SourceLike"]

#: Delta's messages are coloured for a terminal.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class SourceLike(Protocol):
    """What the lake asks of a connector."""

    code: str

    def files(self) -> list[Path]:
        """The files to read."""

    def read(self, path: Path, door: Any) -> Iterator[BatchLike]:
        """Read one file batch by batch."""


class _Overtaken(IngestError):
    """A person was erased, or the secret changed, while the file was read: its pseudonyms are those of before."""


class IngestRun:
    """Takes the files of one connector into a lake.

    Parameters
    ----------
    folder : Path
        The lake.
    source : SourceLike
    door : object
        Handed to the connector, which replaces identifiers with it. Where it notes what passes (``begin`` and ``take_notes``
        of :class:`cemlib.sources.Door`), the notes go into the vault.
    dry_run : bool
        Read and check everything, write nothing.
    progress : callable, optional
        Called with a dict: ``event`` (file, records, waiting, commit, done), ``file``, ``index``, ``files``, ``records``, and
        ``holder`` while waiting, ``status`` when done.
    wait_s : float
        How long to wait for another writer, per file.
    retry : bool
        Read files again that were taken with rejects, and add what is accepted now.
    """

    def __init__(self, folder: Path, source: SourceLike, door: Any, *, dry_run: bool = False,
                 progress: Callable[[dict], None] | None = None, wait_s: float = 60.0, retry: bool = False) -> None:
        self._folder, self._source, self._door, self._dry_run, self._wait_s = folder, source, door, dry_run, wait_s
        self._retry = retry
        self._progress = progress or (lambda event: None)
        self._delta = DeltaFolder(folder / "tables")
        self._ledger = Ledger(folder)
        self._writer = FileCommit(folder, self._ledger, self._delta)
        self._told: dict = {}
        self._carried: Carried | None = None
        self._is_writing = False

    def run(self) -> IngestSummary:
        """Take the files in, one after the other; a file that fails does not keep the others out.

        Raises
        ------
        LakeError
            When the lake itself cannot be written: then no further file is tried.
        """
        started = time.perf_counter()
        paths = [Path(one) for one in self._source.files()]
        summary = IngestSummary(self._source.code, dry_run=self._dry_run)
        check_key(self._folder, read_manifest(self._folder))
        if not self._dry_run and (self._folder / "journal.json").exists():
            with self._locked(records=0):
                self._recover()
        self._connection = connect()
        try:
            for index, path in enumerate(paths, 1):
                self._told = {"file": str(path), "index": index, "files": len(paths)}
                self._tell("file", records=0)
                result = self._one(path)
                summary.files.append(result)
                self._tell("done", records=result.records, status=result.status)
        finally:
            self._connection.close()
        summary.seconds = time.perf_counter() - started
        return summary

    def _recover(self) -> None:
        try:
            self._writer.recovered()
        except CemError:
            raise
        except Exception as error:
            raise LakeError("What an interrupted writer left in the lake could not be undone; readers are not touched by it.", came=_came(error),
                            where=str(self._folder), todo="Check whether the disk is full and who owns the folder, then run again.") from None

    def _locked(self, records: int) -> WriterLock:
        return WriterLock(self._folder / "writer.lock", self._wait_s,
                          lambda holder: self._tell("waiting", holder=holder, records=records))

    def _tell(self, event: str, **more: Any) -> None:
        self._progress({"event": event, **self._told, **more})

    def _one(self, path: Path) -> FileResult:
        result, started = FileResult(str(path)), time.perf_counter()
        try:
            try:
                self._take(path, result)
            except _Overtaken:
                self._carried = None
                self._take(path, result)
        except LakeError:
            raise
        except Exception as error:
            # what was noted for this file is lost, so the door must note it anew
            self._carried = None
            # one bad file, whatever is wrong with it, keeps no other out; readers still see the older manifest
            self._delta.forget()
            result.status = "failed"
            result.is_lake_fault = self._is_writing and not isinstance(error, CemError)
            result.error = str(self._told_plainly(error, path))
        result.seconds = time.perf_counter() - started
        return result

    def _told_plainly(self, error: Exception, path: Path) -> CemError:
        """An error that nobody foresaw, in the form of the others; a library may have put a piece of the file into its text."""
        if isinstance(error, CemError):
            return error
        came = _came(error)
        if self._is_writing:
            return LakeError("The file could not be written into the lake; nothing of it was taken.", came=came, where=str(self._folder),
                             todo="Check whether the disk is full and who owns the folder, then run again.")
        if isinstance(error, OSError):
            return IngestError("The file cannot be read.", came=error.strerror or came, where=str(path),
                               todo="Check the rights, or where the link leads." if path.is_symlink() or path.exists() else "It is no longer there.")
        return IngestError("The file could not be read.", came=came, where=str(path))

    def _take(self, path: Path, result: FileResult) -> None:
        self._is_writing = False
        before = path.stat()
        if not stat.S_ISREG(before.st_mode):
            # a pipe would be waited for without end, and what it held could not be read a second time
            raise IngestError("This is no file that can be read twice.", wanted="a regular file", where=str(path))
        with open(path, "rb") as file:
            result.digest = hashlib.file_digest(file, "sha256").hexdigest()
        manifest = read_manifest(self._folder) or Manifest()
        taken = last_taking(self._ledger.read(manifest.ledger_bytes), result.digest)
        if taken is not None and not (self._retry and taken["rejected"]):
            result.status = "already"
            return
        earlier = EarlierTaking(self._folder, taken, self._source.code, path.name) if taken else None
        vault = self._begin()
        with self._place() as place:
            self._is_writing = True
            pairs = NewPairs(vault, place, self._door.take_notes, int(time.time())) if vault and not self._dry_run else None
            quarantine = None if self._dry_run else QuarantineWriter(place / "rejected", result.digest)
            staged = StagedFile(path.name, place, quarantine)
            try:
                self._read(path, staged, pairs, earlier)
                if quarantine is not None:
                    quarantine.add(REJECTED.empty_table(), is_last=True)
            finally:
                staged.close()
                if quarantine is not None:
                    quarantine.close()
            after = path.stat() if path.exists() else None
            if after is None or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise IngestError("The file changed while it was read.", where=str(path), todo="Wait until it is complete, then run again.")
            if earlier is not None:
                earlier.check_records(staged)
                if earlier.is_unchanged():
                    # the accepted records are held against the lake all the same: values that were mended must not be passed over
                    self._count(staged, manifest, FileResult(result.path), earlier)
                    # what was noted is not written, so the door must note it anew
                    self._carried = None
                    result.status = "already"
                    return
                result.regained = staged.accepted - earlier.line["accepted"]
            result.records, result.accepted, result.rejected = staged.records, staged.accepted, staged.rejected
            result.repaired, result.reasons = dict(staged.repaired), staged.by_code()
            if self._dry_run:
                self._count(staged, manifest, result, earlier)
                return
            if pairs is not None:
                pairs.seal()
            with self._locked(records=staged.records):
                self._tell("commit", records=staged.records)
                if vault:
                    self._writer.recovered()
                    if vault.read_state().carried != self._carried:
                        raise _Overtaken("A person was erased while the file was read.", where=str(path), todo="Run again.")
                self._writer.commit(staged, quarantine, result, self._source.code, path.name, self._connection, pairs, earlier)
                if vault:
                    vault.compact()

    def _begin(self) -> Vault | None:
        """Tell the door what the lake remembers, where it does not know it; None for a door that notes nothing."""
        if not hasattr(self._door, "begin"):
            return None
        vault = Vault(self._folder)
        carried = vault.read_state().carried
        if carried != self._carried:
            self._door.begin(carried, is_noting=not self._dry_run)
            self._carried = carried
        return vault

    def _read(self, path: Path, staged: StagedFile, pairs: NewPairs | None, earlier: EarlierTaking | None) -> None:
        # what goes wrong in the connector is the file's fault or its own, not the lake's
        self._is_writing = False
        # while a batch is checked and staged, the next one is judged
        batches = ahead(iter(self._source.read(path, self._door)))
        while True:
            self._is_writing = False
            batch = next(batches, None)
            self._is_writing = True
            if batch is None:
                break
            staged.add(batch)
            if pairs is not None:
                pairs.collect()
            if earlier is not None:
                earlier.note(batch.rejected)
            self._tell("records", records=staged.records)
        staged.finish()

    def _count(self, staged: StagedFile, manifest: Manifest, result: FileResult, earlier: EarlierTaking | None) -> None:
        """A dry run counts against the state that readers see."""
        for name in staged.tables():
            held = manifest.tables.get(name)
            stored = self._delta.at(table(name), held["version"], held["evolved"]) if held else None
            merged = self._writer.merged(name, staged, stored, self._connection, earlier)
            result.note(name, merged.added, merged.changed, merged.known)
        result.status = "retried" if earlier else "ingested"

    @contextlib.contextmanager
    def _place(self) -> Iterator[Path]:
        """A folder for what is staged: in the lake, so that it lies on the same disk, but for a dry run."""
        if self._dry_run:
            with tempfile.TemporaryDirectory(prefix="cem-") as place:
                yield Path(place)
            return
        with staging_place(self._folder) as place:
            yield place


def _came(error: Exception) -> str:
    """The text of an error of a library in one line: without colours, and without what it may have repeated from a file."""
    return hide_identifiers(" ".join(f"{type(error).__name__}: {_COLOUR.sub('', str(error))}".split()))
