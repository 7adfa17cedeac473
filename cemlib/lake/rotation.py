"""A new secret for a lake: every pseudonym, the ids of the records, the vault and the quarantine are made anew under it.

The vault says which identifier stands behind a pseudonym, so the pseudonym that the door would make of it under the new secret is
known: records that come later meet those that are there. The list from old to new pseudonyms is in memory alone. Everything
happens in one change of the lake: until it is published, the lake is read and written with the old secret; from then on with
the new one. A writer that died in between is undone by the next one that has the old secret.

A pseudonym that the vault does not have (from before there was a vault, or from a door of somebody's own) has no way to the one that the
new secret would give. It is hashed once more under the new secret, so that whoever has the old one can no longer try
identifiers; its records stay together, but later records of the same person get another pseudonym. As this cannot be taken back,
it is done only when the caller accepts it.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cemlib.errors import LakeError, ParameterError
from cemlib.keys import derive_key, is_erased_key, make_pseudonym, make_record_key
from cemlib.lake.audit import AuditLog, checked_reason
from cemlib.lake.change import LakeChange, LakeChanges, key_check
from cemlib.lake.delta import StoredTable
from cemlib.lake.engine import connect, quoted
from cemlib.lake.forget import forget_fits
from cemlib.lake.manifest import Manifest
from cemlib.lake.quarantine import quarantined_frames, write_quarantined
from cemlib.lake.reveal import opened_vault
from cemlib.lake.segment import Entries, find_places, halves, hexadecimal, sorted_entries, write_segment
from cemlib.lake.staging import staging_place
from cemlib.lake.vault import Vault, VaultState
from cemlib.schema import Table, table

if TYPE_CHECKING:
    import duckdb

__all__ = ["RotationResult", "key_columns", "rotate_key"]

_KEY = re.compile(r"[0-9a-f]{32}")
_BATCH = 122_880
_Progress = Callable[[int, int, str], None]


@dataclass
class RotationResult:
    """What a rotation did, or would do.

    Attributes
    ----------
    is_done : bool
        False for a dry run.
    tables : dict of str to int
        Rows written anew, by table.
    keys : int
        Pseudonyms of the vault.
    unknown : dict of str to int
        Distinct pseudonyms that the vault does not have, by table.
    quarantine_files : int
    fits : int
        Files of kept fits that are removed.
    """

    is_done: bool = False
    tables: dict[str, int] = field(default_factory=dict)
    keys: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    quarantine_files: int = 0
    fits: int = 0

    def to_dict(self) -> dict:
        """As plain data."""
        return asdict(self)


def key_columns(declared: Table) -> list[str]:
    """The columns of a table that hold pseudonyms."""
    return [one.name for one in declared.fields() if one.privacy == "pseudonym"]


def record_columns(declared: Table) -> list[str]:
    """The columns of a table that hold ids of records, which are keyed hashes too."""
    return [name for name in declared.columns if name.endswith("record_id")]


class KeyMap:
    """From old pseudonyms to new ones, in memory alone: 32 bytes an entry.

    Parameters
    ----------
    new_key : bytes
        The key of the new pseudonyms.
    erasure_key : str
        By which the pseudonyms of erased persons are known; these are random and stay.
    """

    def __init__(self, new_key: bytes, erasure_key: str) -> None:
        self._new_key, self._erasure_key = new_key, erasure_key
        self._parts: list[tuple[np.ndarray, ...]] = []

    def add(self, part: Entries) -> Entries:
        """Take entries of the vault, which come in order; returns them under their new pseudonyms."""
        columns = [part.behind.column(name).to_pylist() for name in ("kind", "value", "life")]
        high, low = halves(make_pseudonym(self._new_key, *one) for one in zip(*columns))
        self._parts.append((part.high, part.low, high, low))
        return Entries(high, low, part.behind)

    def close(self) -> None:
        """All entries were added."""
        self._old_high, self._old_low, self._high, self._low = (
            np.concatenate([np.empty(0, np.uint64), *column]) for column in (zip(*self._parts) if self._parts else [()] * 4))
        self._parts = []

    def _places(self, keys: list[str]) -> np.ndarray:
        """Where pseudonyms stand; -1 where they are not known."""
        found = np.full(len(keys), -1, np.int64)
        well = [at for at, key in enumerate(keys) if _KEY.fullmatch(key)]
        if not well or not len(self._old_high):
            return found
        found[well] = find_places(self._old_high, self._old_low, *halves(keys[at] for at in well))
        return found

    def unknown(self, keys: list[str]) -> list[str]:
        """Which pseudonyms have no way to a new one."""
        return [key for key, at in zip(keys, self._places(keys).tolist()) if at < 0 and not self._is_erased(key)]

    def _is_erased(self, key: str) -> bool:
        return _KEY.fullmatch(key) is not None and is_erased_key(self._erasure_key, key)

    def exchange(self, column: pa.Array) -> pa.Array:
        """A column of old pseudonyms under the new secret."""
        encoded = column.dictionary_encode()
        keys = encoded.dictionary.to_pylist()
        places = self._places(keys)
        made = iter(hexadecimal(self._high[places[places >= 0]], self._low[places[places >= 0]]))
        fresh = [next(made) if at >= 0 else key if self._is_erased(key) else make_pseudonym(self._new_key, "unknown", key)
                 for key, at in zip(keys, places.tolist())]
        return pa.array(fresh, pa.string()).take(encoded.indices)


def rotate_key(lake_path: str | Path | None, new_secret: bytes, *, reason: str = "change of the lake's secret", by: str = "",
               dry_run: bool = False, accept_unknown: bool = False, progress: _Progress | None = None) -> RotationResult:
    """Give a lake a new secret.

    Parameters
    ----------
    lake_path : str, Path or None
        The lake; None: that of the settings.
    new_secret : bytes
        See :func:`cemlib.keys.read_key_file`; the present one comes from the environment or the key file as always.
    reason, by : str
        For the audit log.
    dry_run : bool
        Count and check, write nothing.
    accept_unknown : bool
        Go on although pseudonyms are not in the vault; their records cannot meet later ones any more.
    progress : callable, optional
        Called with what is done, what there is in all, and a word on it.

    Raises
    ------
    ParameterError
        When the new secret is the present one.
    LakeError
        When pseudonyms are not in the vault and that was not accepted; when the present secret is not the lake's; when kept fits cannot be removed.
    """
    tell = progress or (lambda done, total, text: None)
    reason = checked_reason(reason, by)
    if key_check(new_secret) == key_check():
        raise ParameterError("The new secret is the present one.", todo="Name a new key file.")
    vault, _ = opened_vault(lake_path)
    changes = LakeChanges(vault.folder.parent)
    with changes.locked():
        manifest, state = changes.recovered(), vault.read_state()
        vault.clear_leftovers()
        work = _Rotation(changes, vault, state, manifest, new_secret, tell)
        with staging_place(changes.folder) as place:
            result = work.look(place, dry_run)
            result.fits = forget_fits(changes.folder, dry_run=True)
            if result.unknown and not (dry_run or accept_unknown):
                raise LakeError("Pseudonyms are not in the vault, so the new secret cannot make theirs.", where=str(changes.folder),
                                came=", ".join(f"{name}: {count:,}" for name, count in result.unknown.items()),
                                todo="Ingest the files they came from again into a new lake; or accept that their records never meet "
                                     "later ones (--accept-unknown).")
            if not dry_run:
                AuditLog(changes.folder, state.audit_key).write("rotate key", [], reason, by=by)
                work.do(place, result)
                result.fits = forget_fits(changes.folder)
    return result


class _Rotation:
    """One rotation; used under the writer's lock only."""

    def __init__(self, changes: LakeChanges, vault: Vault, state: VaultState, manifest: Manifest, new_secret: bytes, tell: _Progress) -> None:
        self._changes, self._vault, self._state, self._tell = changes, vault, state, tell
        self._secret = new_secret
        self._map = KeyMap(derive_key("pseudonym", new_secret), state.carried.erasure_key)
        self._names = [name for name in manifest.tables if key_columns(table(name)) or record_columns(table(name))]
        self._stored = {name: changes.delta.at(table(name), held["version"], held["evolved"])
                        for name, held in manifest.tables.items() if name in self._names}
        self._rows = sum(one.records for one in self._stored.values())
        self._fresh: list[Path] = []

    def look(self, place: Path, dry_run: bool) -> RotationResult:
        """Make the new pseudonyms and see what is not in the vault."""
        entries, done = self._vault.count(), 0
        new_vault = Vault(place, derive_key("vault", self._secret))
        new_vault.make_folder()
        for part in self._vault.merged():
            made = self._map.add(part)
            if not dry_run:
                write_segment(new_vault.new_path(), new_vault.key, [sorted_entries([made])])
                new_vault.compact()
            done += len(part.high)
            self._tell(done, entries + 2 * self._rows, "pseudonyms of the vault")
        self._map.close()
        self._fresh = [one.path for one in new_vault.segments()]
        result = RotationResult(keys=done, quarantine_files=len(self._quarantined()))
        with connect() as connection:
            for name, stored in self._stored.items():
                result.tables[name] = stored.records
                unknown = self._unknown(connection, stored)
                if unknown:
                    result.unknown[name] = unknown
                done += stored.records
                self._tell(done, entries + 2 * self._rows, f"{name}: looked through")
        return result

    def _unknown(self, connection: duckdb.DuckDBPyConnection, stored: StoredTable) -> int:
        columns = [name for name in key_columns(stored.declared) if name not in stored.missing]
        held = stored.relation(connection)
        if held is None or not columns:
            return 0
        held.create_view("held", replace=True)
        # the columns come from the declared schema
        union = " UNION ".join(f"SELECT {quoted(name)} AS v FROM held WHERE {quoted(name)} IS NOT NULL" for name in columns)  # noqa: S608
        return sum(len(self._map.unknown(batch.column(0).to_pylist())) for batch in connection.sql(union).to_arrow_reader(_BATCH))

    def _quarantined(self) -> list[Path]:
        return sorted((self._changes.folder / "quarantine").glob("*.quarantine"))

    def do(self, place: Path, result: RotationResult) -> None:
        """Write everything anew, as one change."""
        vault, carried = self._vault, self._state.carried
        old = [one.path for one in vault.segments()]
        new = [vault.folder / path.name for path in self._fresh]
        record_key = secrets.token_hex(32)
        record_keys = (*(carried.record_keys or (make_record_key(derive_key("pseudonym")),)), record_key)
        total, done = vault.count() + 2 * self._rows, vault.count() + self._rows
        with self._changes.change("rekeyed", self._names, replaced=[*old, *new, vault.state_path, *self._quarantined()]) as change:
            with connect() as connection:
                for name in self._names:
                    done = self._rewrite(change, connection, name, record_key, done, total)
                    change.reach(f"table {name}")
            for path in self._quarantined():
                write_quarantined(place / path.name, path.stem, quarantined_frames(path.parent, path.stem),
                                  derive_key("quarantine", self._secret))
                os.replace(place / path.name, path)
            change.reach("quarantine")
            for path, target in zip(self._fresh, new):
                os.replace(path, target)
            change.reach("new vault")
            for path in old:
                path.unlink()
            Vault(self._changes.folder, derive_key("vault", self._secret)).write_state(
                replace(self._state, carried=replace(carried, record_keys=record_keys)))
            change.reach("vault")
            change.key_check = key_check(self._secret)
            change.line.update(tables=result.tables, unknown=result.unknown)
        result.is_done = True

    def _rewrite(self, change: LakeChange, connection: duckdb.DuckDBPyConnection, name: str, record_key: str, done: int, total: int) -> int:
        stored, declared = self._stored[name], table(name)
        held = stored.relation(connection)
        if held is None:
            return done
        change.head(name)
        held.create_view("held", replace=True)
        hashed = record_columns(declared)
        columns = [one for one in declared.columns if one not in stored.missing]
        # as the door hashes ids again; the columns come from the declared schema
        shown = [f"md5(concat($secret, {quoted(one)}, $secret)) AS {quoted(one)}" if one in hashed else quoted(one) for one in columns]
        query = f"SELECT {', '.join(shown)} FROM held"  # noqa: S608
        reader = connection.sql(query, params={"secret": record_key} if hashed else None).to_arrow_reader(_BATCH)
        schema = pa.schema([declared.arrow_schema().field(one) for one in columns])
        keys = [one for one in key_columns(declared) if one in columns]
        counted = [done]

        def exchanged() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                arrays = {one: batch.column(one) for one in columns}
                for one in keys:
                    arrays[one] = self._map.exchange(arrays[one])
                yield pa.RecordBatch.from_arrays([_typed(arrays[one], schema.field(one).type) for one in columns], schema=schema)
                counted[0] += batch.num_rows
                self._tell(counted[0], total, f"{name}: written anew")

        self._changes.delta.rewrite(declared, pa.RecordBatchReader.from_batches(schema, exchanged()), change.transaction)
        return counted[0]


def _typed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column if column.type == kind else column.cast(kind)
