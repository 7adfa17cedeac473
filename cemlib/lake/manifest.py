"""The manifest: which table versions a reader may read, and the ledger of what was taken in.

Delta has no transaction over several tables. ``manifest.json`` is replaced in one step after the tables and the quarantine
are written, and readers read only the versions that it names: a reader sees all of a file or nothing of it. The ledger
``ledger.jsonl`` has one line per file that was taken in (or undone); the manifest says how many of its bytes count, so that
a line that was written before a crash counts for nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cemlib.errors import LakeError
from cemlib.schema import SCHEMA_VERSION

__all__ = ["LAYOUT_VERSION", "Ledger", "Manifest", "Snapshot", "State", "read_manifest", "replace_file", "write_manifest"]

#: Raised when the lake's own folders and files change their form.
LAYOUT_VERSION = 1


@dataclass(frozen=True)
class Snapshot:
    """The state of the lake that a result was computed from; kept with the result, it can be read again.

    Attributes
    ----------
    versions : dict of str to int
        The version of each Delta table.
    id : str
        A short hash of them.
    written_at : str
        When the state was written (UTC, ISO 8601); empty for an empty lake.

    Examples
    --------
    >>> Snapshot.of({"registration": 3, "network": 1}).id == Snapshot.of({"network": 1, "registration": 3}).id
    True
    """

    versions: dict[str, int]
    id: str
    written_at: str = ""

    @classmethod
    def of(cls, versions: dict[str, int], written_at: str = "") -> Snapshot:
        """The snapshot of these table versions."""
        text = json.dumps([SCHEMA_VERSION, sorted(versions.items())])
        return cls(dict(sorted(versions.items())), hashlib.sha256(text.encode()).hexdigest()[:12], written_at)

    def to_dict(self) -> dict:
        """The snapshot as plain data, for a run record."""
        return asdict(self)


@dataclass(frozen=True)
class Manifest:
    """What ``manifest.json`` holds.

    Attributes
    ----------
    sequence : int
        Counts the writings.
    written_at : str
    tables : dict of str to dict
        ``version`` of each table, and ``evolved``: whether columns were added after its first file.
    ledger_bytes : int
        How much of the ledger counts.
    key_check : str
        Tells whether the secret is the one that made the lake's pseudonyms; the secret cannot be had from it.
    """

    sequence: int = 0
    written_at: str = ""
    tables: dict[str, dict] = field(default_factory=dict)
    ledger_bytes: int = 0
    key_check: str = ""
    schema_version: int = SCHEMA_VERSION
    layout: int = LAYOUT_VERSION

    def snapshot(self) -> Snapshot:
        """The versions that this manifest names."""
        return Snapshot.of({name: one["version"] for name, one in self.tables.items()}, self.written_at)


@dataclass(frozen=True)
class State:
    """A state of the lake that can be read: the table versions, and how much of the ledger belongs to it."""

    tables: dict[str, dict]
    ledger_bytes: int
    written_at: str

    def snapshot(self) -> Snapshot:
        """The versions of this state."""
        return Snapshot.of({name: one["version"] for name, one in self.tables.items()}, self.written_at)


def replace_file(path: Path, text: str) -> None:
    """Replace a file in one step: a reader finds the old content or the new one, whatever happens in between."""
    fresh = path.with_name(path.name + ".new")
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest of a lake."""
    replace_file(folder / "manifest.json", json.dumps(asdict(manifest), indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest | None:
    """Read the manifest of a lake; None where there is no lake yet.

    Raises
    ------
    LakeError
        When it cannot be read, is damaged or missing beside tables, or was written by a newer version of the workbench.
    """
    path = folder / "manifest.json"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if folder.exists() and not folder.is_dir():
            raise LakeError("The lake's path is not a folder.", where=str(folder)) from None
        if (folder / "tables").is_dir() and any((folder / "tables").iterdir()):
            raise LakeError("The lake has tables but no manifest, so it is not known which versions count.", where=str(path),
                            todo="Bring manifest.json back from a backup; do not write into this lake before.") from None
        return None
    except OSError as error:
        raise LakeError("The lake's manifest cannot be read.", came=error.strerror or str(error), where=str(path)) from None
    except ValueError:
        raise LakeError("The lake's manifest is damaged.", where=str(path), todo="Bring it back from a backup.") from None
    layout, version = held.get("layout"), held.get("schema_version")
    if not isinstance(layout, int) or not isinstance(version, int):
        raise LakeError("This is not the manifest of a lake.", where=str(path))
    if layout > LAYOUT_VERSION or version > SCHEMA_VERSION:
        raise LakeError("The lake was written by a newer version of the workbench.",
                        wanted=f"schema version {SCHEMA_VERSION}, layout {LAYOUT_VERSION}",
                        came=f"schema version {version}, layout {layout}", where=str(folder), todo="Update the workbench.")
    if version < SCHEMA_VERSION:
        raise LakeError("The lake was written with an older schema.", wanted=f"schema version {SCHEMA_VERSION}",
                        came=f"schema version {version}", where=str(folder), todo="Ingest the files into a new lake.")
    return Manifest(**{name: held[name] for name in Manifest.__dataclass_fields__ if name in held})


class Ledger:
    """The lines of the ledger that count; only what was added since the last reading is read."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.jsonl"
        self._read_bytes = 0
        self.lines: list[dict] = []

    def read(self, upto: int) -> list[dict]:
        """The lines within the first ``upto`` bytes.

        Raises
        ------
        LakeError
            When the ledger is shorter than the manifest says, or damaged.
        """
        if upto < self._read_bytes:
            self._read_bytes, self.lines = 0, []
        if upto > self._read_bytes:
            try:
                with open(self._path, "rb") as file:
                    file.seek(self._read_bytes)
                    part = file.read(upto - self._read_bytes)
                if len(part) < upto - self._read_bytes:
                    raise ValueError
                fresh = [json.loads(line) for line in part.splitlines()]
            except (OSError, ValueError):
                raise LakeError("The lake's ledger is damaged or missing.", where=str(self._path),
                                todo="Bring it back from a backup together with manifest.json.") from None
            self.lines = self.lines + fresh
            self._read_bytes = upto
        return self.lines

    def append(self, line: dict, after: int) -> int:
        """Write a line behind the ``after`` bytes that count; returns the bytes that will count with it."""
        text = (json.dumps(line, ensure_ascii=False) + "\n").encode()
        with open(self._path, "ab") as file:
            # what a crashed writer left behind is cut off; no reader reads beyond what its manifest names
            file.truncate(after)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return after + len(text)
