"""One change of the lake over several tables and files beside them: wholly or not at all, whatever dies in between.

The order: what is going to be touched is written into ``journal.json``; of every file that will be replaced the old content is
kept beside it; the caller writes; the ledger gets its line; the manifest is replaced, from which moment readers see the change;
the kept files and the journal are dropped. A writer that died in between left a journal: the next one brings the tables back to
the versions before and the files to their old content, or, when the ledger's line counts already, only cleans up.

Delta remembers the transaction of an undone commit too, therefore attempts are counted: the transaction of a change is
(identity, attempt).

A caller holds the lock and writes inside the context::

    changes = LakeChanges(folder)
    with changes.locked(wait_s=60), changes.change("erased", ["registration"], replaced=[vault_path]) as change:
        head = change.head("registration")
        ...                                # Delta commits on head with change.transaction; replace vault_path by a rename
        change.line["subscribers"] = 1     # what the ledger shall tell
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cemlib.errors import LakeError
from cemlib.keys import derive_key
from cemlib.lake.delta import DeltaFolder
from cemlib.lake.lock import WriterLock
from cemlib.lake.manifest import Ledger, Manifest, read_manifest, replace_file, write_manifest
from cemlib.lake.quarantine import KEPT
from cemlib.schema import table

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["LakeChange", "LakeChanges", "check_key", "key_check"]



def _reached(point: str) -> None:
    """Called between the steps of a change; the crash tests put a kill here."""


def key_check(secret: bytes | None = None) -> str:
    """Tells a secret (by default the present one) from others; the secret cannot be had from it."""
    # derived for this purpose alone: nothing about the other keys can be had from it
    return derive_key("key check", secret).hex()[:16]


def check_key(folder: Path, manifest: Manifest | None) -> None:
    """Refuse to write with another secret than the one that made the lake's pseudonyms.

    Raises
    ------
    LakeError
        When it is another one.
    """
    if manifest is not None and manifest.key_check and manifest.key_check != key_check():
        raise LakeError("The secret is not the one that made the pseudonyms of this lake: a subscriber would get a second one.",
                        where=str(folder), todo="Set CEM_KEY or CEM_KEY_FILE to the secret of this lake.")


@dataclass
class LakeChange:
    """A change that is being made; what its maker needs to write and to tell.

    Attributes
    ----------
    manifest : Manifest
        The state before.
    transaction : tuple of str and int
        For the Delta commits of this change.
    line : dict
        What the ledger shall tell beside event, instant and table versions; the maker fills it.
    evolved : dict of str to bool
        Tables whose columns grew; the maker sets it.
    key_check : str
        Of the secret that counts after the change; the maker sets it when the lake gets another secret.
    """

    manifest: Manifest
    transaction: tuple[str, int]
    delta: DeltaFolder
    line: dict[str, Any] = field(default_factory=dict)
    evolved: dict[str, bool] = field(default_factory=dict)
    key_check: str = ""

    def head(self, name: str, *, create: bool = False) -> DeltaTable | None:
        """The newest version of a table, to be written on; None when there is none and it is not to be created."""
        return self.delta.head(table(name), create=create)

    def is_evolved(self, name: str) -> bool:
        """Whether columns were added to a table after its first file."""
        return self.evolved.get(name, self.manifest.tables.get(name, {}).get("evolved", False))

    @staticmethod
    def reach(point: str) -> None:
        """Say that a step was done: the crash tests kill the process at each of them."""
        _reached(point)


class LakeChanges:
    """Changes a lake, one change after the other; used under the writer's lock only.

    Parameters
    ----------
    folder : Path
        The lake.
    ledger : Ledger, optional
    delta : DeltaFolder, optional
        The caller's own, where it has them.
    """

    def __init__(self, folder: Path, ledger: Ledger | None = None, delta: DeltaFolder | None = None) -> None:
        self.folder = folder
        self.ledger = ledger or Ledger(folder)
        self.delta = delta or DeltaFolder(folder / "tables")
        self._journal = folder / "journal.json"

    def locked(self, wait_s: float = 60.0, waiting: Callable[[dict], None] | None = None) -> WriterLock:
        """The writer's lock of this lake, as a context."""
        return WriterLock(self.folder / "writer.lock", wait_s, waiting)

    def recovered(self) -> Manifest:
        """The manifest, after what a crashed writer left was undone.

        Raises
        ------
        LakeError
            When the secret is another one than the lake's.
        """
        manifest = read_manifest(self.folder)
        check_key(self.folder, manifest)
        if manifest is None:
            manifest = Manifest(written_at=_instant(), key_check=key_check())
            write_manifest(self.folder, manifest)
        lines = self.ledger.read(manifest.ledger_bytes)
        self._clear_staging()
        try:
            intent = json.loads(self._journal.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return manifest
        if (intent["change"], intent["attempt"]) in {(line.get("change"), line.get("attempt")) for line in lines}:
            self._drop_kept(intent["files"])
        else:
            manifest = self._undone(manifest, intent)
        self._journal.unlink()
        return manifest

    @contextlib.contextmanager
    def change(self, event: str, tables: Iterable[str], *, identity: str | None = None, replaced: Iterable[Path] = (),
               appended: Iterable[Path] = ()) -> Iterator[LakeChange]:
        """Make a change: inside the context the caller writes, at its end the change is published; an error undoes it.

        Parameters
        ----------
        event : str
            What the ledger calls it: ingested, optimized, rekeyed, erased …
        tables : iterable of str
            Every canonical table that may be written.
        identity : str, optional
            Makes the change the same one when it is tried again (the digest of a file); by default each try is its own.
        replaced : iterable of Path
            Files inside the lake that will be made, replaced or removed: only by a rename or an unlink, never written in place.
        appended : iterable of Path
            Files inside the lake that will only grow at their end; much cheaper to undo for a large file.

        Raises
        ------
        LakeError
            When a table is not at the version that the manifest names, or the secret is another one than the lake's.
        """
        manifest, names = self.recovered(), list(tables)
        for name in names:
            self._check_head(name, manifest)
        identity = identity or f"{event} {manifest.sequence + 1}"
        undone = [line["attempt"] for line in self.ledger.lines if line["event"] == "undone" and line.get("change") == identity]
        transaction = (identity, max(undone, default=0) + 1)
        before = {name: manifest.tables[name]["version"] if name in manifest.tables else None for name in names}
        files = self._found_files(replaced, appended)
        replace_file(self._journal, json.dumps({"event": event, "change": identity, "attempt": transaction[1], "at": _instant(),
                                                "tables": before, "files": files}))
        _reached("journal")
        made = LakeChange(manifest, transaction, self.delta)
        try:
            self._keep(files)
            yield made
            self._publish(manifest, {
                "event": event, "at": _instant(), "change": identity, "attempt": transaction[1], **made.line,
                "tables_at": {name: {"version": head.version(), "evolved": made.is_evolved(name)} for name in names
                              if (head := made.head(name)) is not None},
            }, made.key_check)
            _reached("manifest")
            self._drop_kept(files)
            self._journal.unlink()
        except BaseException:
            # what was written is undone at once; where even that fails (a full disk), the next writer does it
            with contextlib.suppress(Exception):
                self.recovered()
            raise

    # --- the steps

    def _check_head(self, name: str, manifest: Manifest) -> None:
        """Nothing but the manifest's version may be built upon: else rows that no manifest names would come to light."""
        head = self.delta.head(table(name))
        wanted = manifest.tables.get(name, {}).get("version", 0)
        if head is not None and head.version() != wanted:
            raise LakeError("A table is not at the version that the manifest names: another tool wrote it, or the manifest is older.",
                            wanted=f"version {wanted}", came=f"version {head.version()}", where=str(self.delta.path(name)),
                            todo="Bring back the manifest and ledger that belong to the tables.")

    def _found_files(self, replaced: Iterable[Path], appended: Iterable[Path]) -> dict[str, dict]:
        """How to undo each file: by its path in the lake, whether it is there, and its size if it only grows."""
        found = {}
        for path in replaced:
            found[str(path.relative_to(self.folder))] = {"there": path.exists()}
            # one that an earlier change left must not be taken for this one's
            _kept(path).unlink(missing_ok=True)
        for path in appended:
            found[str(path.relative_to(self.folder))] = {"there": path.exists(), "size": path.stat().st_size if path.exists() else 0}
        return found

    def _keep(self, files: dict[str, dict]) -> None:
        for name, held in files.items():
            path = self.folder / name
            if held["there"] and "size" not in held:
                try:
                    # a second name for the old content: a rename over the first one leaves it alone
                    os.link(path, _kept(path))
                except OSError:
                    fresh = _kept(path).with_name(_kept(path).name + ".new")
                    shutil.copy2(path, fresh)
                    os.replace(fresh, _kept(path))

    def _drop_kept(self, files: dict[str, dict]) -> None:
        for name in files:
            _kept(self.folder / name).unlink(missing_ok=True)

    def _bring_back(self, files: dict[str, dict]) -> None:
        for name, held in files.items():
            path = self.folder / name
            if not held["there"]:
                path.unlink(missing_ok=True)
            elif "size" in held:
                if path.stat().st_size > held["size"]:
                    os.truncate(path, held["size"])
            elif _kept(path).exists():
                # a rename between two names of the same content does nothing and leaves both
                os.replace(_kept(path), path)
                _kept(path).unlink(missing_ok=True)

    def _undone(self, manifest: Manifest, intent: dict) -> Manifest:
        tables_at = {}
        self.delta.forget()
        for name, before in intent["tables"].items():
            if self.delta.head(table(name)) is not None:
                # a table that the crashed writer made has an empty version 0
                version = self.delta.restore(table(name), 0 if before is None else before)
                tables_at[name] = {"version": version, "evolved": manifest.tables.get(name, {}).get("evolved", False)}
        self._bring_back(intent["files"])
        _reached("undone")
        return self._publish(manifest, {"event": "undone", "at": _instant(), "change": intent["change"],
                                        "attempt": intent["attempt"], "of": intent["event"], "tables_at": tables_at})

    def _publish(self, manifest: Manifest, line: dict, key: str = "") -> Manifest:
        ledger_bytes = self.ledger.append(line, manifest.ledger_bytes)
        _reached("ledger")
        manifest = replace(manifest, sequence=manifest.sequence + 1, written_at=line["at"], ledger_bytes=ledger_bytes,
                           tables=dict(sorted({**manifest.tables, **line["tables_at"]}.items())),
                           key_check=key or manifest.key_check)
        write_manifest(self.folder, manifest)
        self.ledger.read(ledger_bytes)
        return manifest

    def _clear_staging(self) -> None:
        """Remove what writers that are dead left in the staging folder."""
        for place in (self.folder / "staging").glob("*+*+*"):
            host, _, rest = place.name.partition("+")
            pid = rest.partition("+")[0]
            if host == socket.gethostname() and pid.isdigit() and not _is_alive(int(pid)):
                shutil.rmtree(place, ignore_errors=True)


def _kept(path: Path) -> Path:
    return path.with_name(path.name + KEPT)


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
