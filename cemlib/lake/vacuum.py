"""Vacuum: remove the data files that no state needs which is still to be read.

Kept are the newest state, every state that was the lake's within the time to keep, and the snapshots that the caller spares (those of
run records). A file is needed when it was in its table at one of those versions. The ledger says first which states can no longer be
read, then the files go: a vacuum that dies in between is finished by the next one. Delta's own vacuum is not used: it knows the
versions of one table, and its commits would make versions that no manifest names. The fits that are kept beside the lake go too: they may be of states that are gone.
"""

from __future__ import annotations

import json
import shutil
import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from cemlib.errors import LakeError, ParameterError
from cemlib.lake.change import LakeChanges
from cemlib.lake.delta import LOG_DAYS
from cemlib.lake.forget import forget_fits
from cemlib.lake.history import ledger_states, readable_ids
from cemlib.lake.manifest import Manifest, State, read_manifest

__all__ = ["KEEP", "VacuumRun", "VacuumSummary"]

#: For how long every state of the lake can be read.
KEEP = timedelta(days=90)
#: What a crashed writer left behind is let alone for so long.
_ABANDONED_S = 86_400


@dataclass
class VacuumSummary:
    """What was removed, or in a dry run would be.

    Attributes
    ----------
    keep_s : float
    files : list of dict
        ``path`` in the lake, ``bytes``, and ``reason``: unread (no kept state needs it) or orphan (no version ever had it).
    bytes : int
    tables : dict of str to dict
        By table: files and bytes.
    unreadable : list of dict
        States (id, written_at, versions of the tables) that can no longer be read from now on.
    oldest : dict
        The oldest state that can be read: id, written_at.
    spared : list of str
        Older states that are kept since a run record names them.
    fits : int
        Files of kept fits beside the lake: all of them.
    dry_run : bool
    """

    keep_s: float = 0.0
    files: list[dict] = field(default_factory=list)
    bytes: int = 0
    tables: dict[str, dict] = field(default_factory=dict)
    unreadable: list[dict] = field(default_factory=list)
    oldest: dict = field(default_factory=dict)
    spared: list[str] = field(default_factory=list)
    fits: int = 0
    dry_run: bool = False

    def to_dict(self) -> dict:
        """The summary as plain data."""
        return asdict(self)


class VacuumRun:
    """Removes what nobody can ask for any more.

    Parameters
    ----------
    folder : Path
        The lake.
    keep : timedelta
        For how long every state can be read; not longer than the tables' logs know their versions.
    spare : iterable of mapping
        Snapshots to keep however old they are: the versions of the tables.

    Raises
    ------
    ParameterError
        When the time to keep is negative or longer than the logs'.
    """

    def __init__(self, folder: Path, keep: timedelta = KEEP, spare: Iterable[Mapping[str, int]] = ()) -> None:
        if not timedelta(0) <= keep <= timedelta(days=LOG_DAYS):
            raise ParameterError("The time to keep is out of range.", wanted=f"0 to {LOG_DAYS} days, which the tables' logs keep", came=str(keep))
        self._folder, self._keep = folder, keep
        self._spare = [{name: int(version) for name, version in one.items()} for one in spare]
        self._changes = LakeChanges(folder)

    def run(self, *, dry_run: bool = False, wait_s: float = 60.0) -> VacuumSummary:
        """Remove the files; a dry run only tells which.

        Raises
        ------
        LakeError
            When the lake cannot be written, a version that is to be kept cannot be read, or kept fits cannot be removed.
        """
        summary = VacuumSummary(self._keep.total_seconds(), dry_run=dry_run)
        if dry_run:
            if (self._folder / "journal.json").exists():
                raise LakeError("A change is being made, or was not finished, and a dry run does not undo it.", where=str(self._folder),
                                todo="Wait for its end; `cem lake status` tells whether a writer is at work.")
            self._look_at_all(self._changes.ledger.read((read_manifest(self._folder) or Manifest()).ledger_bytes), summary)
            summary.fits = forget_fits(self._folder, dry_run=True)
            return summary
        with self._changes.locked(wait_s):
            self._changes.recovered()
            first = self._look_at_all(self._changes.ledger.lines, summary)
            forget_fits(self._folder, dry_run=True)
            if summary.files or summary.unreadable:
                self._remove(first, summary)
            summary.fits = forget_fits(self._folder)
        return summary

    def _look_at_all(self, lines: list[dict], summary: VacuumSummary) -> State:
        """Find what can be removed; the state from which on all are kept."""
        first, kept = self._kept_states(lines, summary)
        for name in sorted({name for state in kept for name in state.tables}):
            self._look(name, sorted({one.tables[name]["version"] for one in kept if name in one.tables}), summary)
        self._look_for_leftovers(summary)
        summary.bytes = sum(one["bytes"] for one in summary.files)
        return first

    def _kept_states(self, lines: list[dict], summary: VacuumSummary) -> tuple[State, list[State]]:
        """The state from which on all are kept, and all that are; the summary is told what is lost."""
        states = ledger_states(lines)
        readable = readable_ids(lines, states)
        since = datetime.now(UTC) - self._keep
        # the state that was the lake's when the time to keep began is kept too: an instant soon after it means that state
        before = [number for number, one in enumerate(states) if not one.written_at or datetime.fromisoformat(one.written_at) <= since]
        first = before[-1]
        while first < len(states) - 1 and states[first].snapshot().id not in readable:
            first += 1
        kept = states[first:]
        ids = {one.snapshot().id for one in kept}
        for one in states[:first]:
            found = one.snapshot()
            if found.versions in self._spare and found.id in readable and found.id not in ids:
                kept.append(one)
                summary.spared.append(found.id)
                ids.add(found.id)
        for one in states[1:first]:
            found = one.snapshot()
            if found.id in readable and found.id not in ids:
                summary.unreadable.append({"id": found.id, "written_at": one.written_at, "versions": found.versions})
        oldest = states[first].snapshot()
        summary.oldest = {"id": oldest.id, "written_at": oldest.written_at}
        return states[first], kept

    def _look(self, name: str, versions: list[int], summary: VacuumSummary) -> None:
        """Find the files of a table that none of these versions needs."""
        folder = self._changes.delta.path(name)
        needed, known = _needed_files(folder, versions)
        told = {"files": 0, "bytes": 0}
        for path in sorted(folder.rglob("*.parquet")):
            within = path.relative_to(folder)
            if within.parts[0] == "_delta_log" or str(within) in needed:
                continue
            about = path.stat()
            is_orphan = str(within) not in known
            if is_orphan and time.time() - about.st_mtime < _ABANDONED_S:
                continue
            summary.files.append({"path": str(path.relative_to(self._folder)), "bytes": about.st_size,
                                  "reason": "orphan" if is_orphan else "unread"})
            told = {"files": told["files"] + 1, "bytes": told["bytes"] + about.st_size}
        if told["files"]:
            summary.tables[name] = told

    def _look_for_leftovers(self, summary: VacuumSummary) -> None:
        """Find staging folders that a writer on another machine left; those of this machine are cleared by the next writer."""
        for place in sorted((self._folder / "staging").glob("*")):
            held = [one.stat() for one in [place, *place.rglob("*")]]
            if time.time() - max(one.st_mtime for one in held) > _ABANDONED_S:
                summary.files.append({"path": str(place.relative_to(self._folder)), "bytes": sum(one.st_size for one in held[1:]),
                                      "reason": "orphan"})

    def _remove(self, first: State, summary: VacuumSummary) -> None:
        with self._changes.change("vacuumed", []) as change:
            change.line.update({"from": first.written_at, "spared": summary.spared, "keep_s": summary.keep_s,
                                "files": len(summary.files), "bytes": summary.bytes})
        change.reach("told")
        for one in summary.files:
            path = self._folder / one["path"]
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            change.reach("removed")


def _needed_files(folder: Path, versions: list[int]) -> tuple[set[str], set[str]]:
    """The files that a table has at these versions, and all that its log knows; paths within the table's folder.

    The log is read once, whatever the number of versions: a file is needed when a kept version lies between the commit that added
    it and the one that removed it. The state at the oldest version comes from Delta, since older commits may be gone.
    """
    needed: set[str] = set()
    try:
        base = _files_at(folder, versions[0])
    except Exception as error:
        raise LakeError("A version of a table that is to be kept cannot be read, so it is not known which files it needs.",
                        came=str(error).partition("\n")[0], where=f"{folder}, version {versions[0]}") from None
    known, since = set(base), dict.fromkeys(base, versions[0])
    for path in sorted((folder / "_delta_log").glob("*.json")):
        if not path.stem.isdigit():
            continue
        version = int(path.stem)
        with open(path, encoding="utf-8") as file:
            actions = [(kind, about["path"]) for line in file for kind, about in json.loads(line).items() if kind in ("add", "remove")]
        # a commit may remove and add the same file: the removals count first
        for kind, quoted_name in sorted(actions, key=lambda one: one[0] == "add"):
            name = unquote(quoted_name)
            known.add(name)
            if version <= versions[0]:
                continue
            if kind == "add":
                since[name] = version
            elif name in since and _is_between(versions, since.pop(name), version):
                needed.add(name)
    needed |= {name for name, begun in since.items() if _is_between(versions, begun, versions[-1] + 1)}
    return needed, known


def _is_between(versions: list[int], begun: int, ended: int) -> bool:
    """Whether one of the sorted versions lies in begun … ended - 1."""
    place = bisect_left(versions, begun)
    return place < len(versions) and versions[place] < ended


def _files_at(folder: Path, version: int) -> list[str]:
    return pa.table(DeltaTable(folder, version=version).get_add_actions(flatten=True))["path"].to_pylist()
