"""A person out of the lake: no way is left from the person to the records, nor from the records to the person.

The entries of the person's pseudonyms leave the vault. In the tables a fresh random pseudonym takes the place of each: the old one
could be computed again from the identifier by whoever has the secret. The records stay, as nobody's: counts over past days do not
change. Rejected records that contain one of the identifiers leave the quarantine. What was fitted on customers and kept beside the lake goes.

What comes later under the same identifier starts a new life under another pseudonym (see :func:`cemlib.keys.make_pseudonym`): a
person who becomes a customer again is one on a new legal ground, and nothing joins the new records to the old ones. For that the
vault keeps a keyed mark of the identifier and the number of its lives; it is no way back to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import phonenumbers
import pyarrow as pa

from cemlib.errors import LakeError
from cemlib.keys import is_erased_key, make_erased_key, make_erasure_mark
from cemlib.lake.audit import AuditLog, checked_keys, checked_reason
from cemlib.lake.change import LakeChange, LakeChanges
from cemlib.lake.delta import StoredTable
from cemlib.lake.engine import connect, quoted
from cemlib.lake.forget import forget_fits
from cemlib.lake.manifest import Manifest
from cemlib.lake.person import Person, find_person
from cemlib.lake.quarantine import quarantined_frames, write_quarantined
from cemlib.lake.reveal import opened_vault
from cemlib.lake.rotation import key_columns
from cemlib.lake.segment import Segment, halves, write_segment
from cemlib.lake.staging import staging_place
from cemlib.lake.vault import Vault, VaultState
from cemlib.schema import Table, table

if TYPE_CHECKING:
    import duckdb

__all__ = ["ErasureResult", "erase_person"]

_PUNCTUATION = str.maketrans("", "", " +-./()\u00a0")


@dataclass
class ErasureResult:
    """What an erasure did, or would do.

    Attributes
    ----------
    is_done : bool
        False for a dry run, and for a pseudonym that is nowhere.
    keys : list of str
        The person's pseudonyms, as they were.
    shared_keys : list of str
        Those that are somebody else's at another time; they are replaced where they were the person's.
    tables : dict of str to int
        Rows in which a pseudonym is replaced, by table.
    vault_entries : int
        Entries that leave the vault. With 0 the identifiers are not known: the quarantine cannot be searched, and later records
        get the old pseudonym.
    quarantined : int
        Rejected records that leave the quarantine.
    fits : int
        Files of kept fits that are removed.
    """

    is_done: bool = False
    keys: list[str] = field(default_factory=list)
    shared_keys: list[str] = field(default_factory=list)
    tables: dict[str, int] = field(default_factory=dict)
    vault_entries: int = 0
    quarantined: int = 0
    fits: int = 0

    @property
    def is_found(self) -> bool:
        """Whether the lake knows the pseudonym."""
        return bool(self.tables or self.vault_entries)

    def to_dict(self) -> dict:
        """As plain data."""
        return {**asdict(self), "is_found": self.is_found}


def erase_person(lake_path: str | Path | None, key: str, reason: str, *, by: str = "", dry_run: bool = False,
                 progress: Callable[[int, int, str], None] | None = None) -> ErasureResult:
    """Erase the person who stands behind a pseudonym.

    Parameters
    ----------
    lake_path : str, Path or None
        The lake; None: that of the settings.
    key : str
        One of the person's pseudonyms; the others are found by the tables identity, access_line and subscriber.
    reason, by : str
        For the audit log; its line is written before anything is changed.
    dry_run : bool
        Count, write nothing.
    progress : callable, optional
        Called with what is done, what there is in all, and a word on it.

    Raises
    ------
    ParameterError
        For a reason that says too little, or what is no pseudonym.
    LakeError
        When the pseudonym is an account's or was several persons', was erased before, the audit line cannot be written, or kept fits cannot be removed.
    """
    reason, (key,) = checked_reason(reason, by), checked_keys([key])
    vault, _ = opened_vault(lake_path)
    changes = LakeChanges(vault.folder.parent)
    with changes.locked():
        manifest, state = changes.recovered(), vault.read_state()
        vault.clear_leftovers()
        if is_erased_key(state.carried.erasure_key, key):
            raise LakeError("This person was erased before.", came=key)
        work = _Erasure(changes, vault, state, manifest, progress or (lambda done, total, text: None))
        with connect() as connection, staging_place(changes.folder) as place:
            result = work.look(connection, key)
            result.fits = forget_fits(changes.folder, dry_run=True) if result.is_found else 0
            if not dry_run:
                line = AuditLog(changes.folder, state.audit_key).write("erase", result.keys, reason, by=by, found=result.is_found)
                if result.is_found:
                    work.do(connection, place, line.number)
                    result.fits = forget_fits(changes.folder)
    return result


class _Erasure:
    """One erasure; used under the writer's lock only."""

    def __init__(self, changes: LakeChanges, vault: Vault, state: VaultState, manifest: Manifest, tell: Callable[[int, int, str], None]) -> None:
        self._changes, self._vault, self._state, self._tell = changes, vault, state, tell
        self._stored = {name: changes.delta.at(table(name), held["version"], held["evolved"])
                        for name, held in manifest.tables.items() if key_columns(table(name))}
        self._held: list[tuple[Segment, int]] = []
        self._conditions: dict[str, dict[str, str]] = {}
        self._quarantine: dict[Path, list[pa.Table]] = {}

    def look(self, connection: duckdb.DuckDBPyConnection, key: str) -> ErasureResult:
        """Find the person and count what would change."""
        views = set()
        for name, stored in self._stored.items():
            held = stored.relation(connection)
            if held is not None:
                held.create_view(name, replace=True)
                views.add(name)
        self._person = person = find_person(connection, views, key)
        self._fresh = {one: make_erased_key(self._state.carried.erasure_key) for one in [*person.own, *person.shared]}
        result = self._result = ErasureResult(keys=list(person.own), shared_keys=sorted(person.shared))
        steps = len(views) + len(self._quarantined())
        for at, name in enumerate(sorted(views), 1):
            self._conditions[name] = _conditions(self._stored[name], person)
            any_of = " OR ".join(self._conditions[name].values())
            count = connection.sql(f"SELECT count(*) FROM {quoted(name)} WHERE {any_of}").fetchall()[0][0] if any_of else 0  # noqa: S608
            if count:
                result.tables[name] = count
            self._tell(at, steps, name)
        for segment in self._vault.segments():
            gone = int((segment.find(*halves(person.own)) >= 0).sum())
            if gone:
                self._held.append((segment, gone))
        behind = self._vault.look_up([*person.own, *person.shared])
        result.vault_entries = sum(one in behind for one in person.own)
        self._gone = [behind[one] for one in person.own if one in behind]
        forms = [_form(one["kind"], one["value"]) for one in behind.values()]
        for at, path in enumerate(self._quarantined() if forms else [], len(views) + 1):
            frames = quarantined_frames(path.parent, path.stem)
            left = [_without(frame, forms) for frame in frames]
            dropped = sum(frame.num_rows for frame in frames) - sum(frame.num_rows for frame in left)
            if dropped:
                self._quarantine[path] = left
                result.quarantined += dropped
            self._tell(at, steps, "quarantine")
        return result

    def _quarantined(self) -> list[Path]:
        return sorted((self._changes.folder / "quarantine").glob("*.quarantine"))

    def do(self, connection: duckdb.DuckDBPyConnection, place: Path, audit_number: int) -> None:
        """Replace the pseudonyms, and let go of entries and rejected records, as one change."""
        result, vault = self._result, self._vault
        replaced = [vault.state_path, *(segment.path for segment, _ in self._held), *self._quarantine]
        with self._changes.change("erased", list(result.tables), replaced=replaced) as change:
            for name in result.tables:
                self._exchange(change, connection, name)
                change.reach(f"table {name}")
            for path, frames in self._quarantine.items():
                write_quarantined(place / path.name, path.stem, frames)
                os.replace(place / path.name, path)
            change.reach("quarantine")
            for segment, gone in self._held:
                if gone == segment.count:
                    segment.path.unlink()
                else:
                    write_segment(place / segment.path.name, vault.key, vault.merged([segment], set(self._person.own)))
                    os.replace(place / segment.path.name, segment.path)
            change.reach("vault")
            carried = self._state.carried
            lives = dict(carried.lives)
            for one in self._gone:
                mark = make_erasure_mark(carried.erasure_key, one["kind"], one["value"])
                lives[mark] = lives.get(mark, 0) + 1
            vault.write_state(replace(self._state, carried=replace(carried, lives=lives)))
            change.reach("carried")
            # no pseudonym, old or new: the ledger is for everybody
            change.line.update(rows=result.tables, quarantined=result.quarantined, audit_line=audit_number)
        result.is_done = True

    def _exchange(self, change: LakeChange, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Replace the person's pseudonyms in a table."""
        declared = table(name)
        made = {column: f"CASE {self._cases(name, column)} ELSE {quoted(column)} END" for column in self._conditions[name]
                if column in declared.columns}
        old = [f"{quoted(one)} AS {quoted('old_' + one)}" for one in declared.natural_key]
        day = ["CAST(event_date AS DATE) AS event_date"] if declared.kind == "fact" else []
        # names come from the declared schema, values are pseudonyms of hex digits
        query = (f"SELECT {', '.join([*old, *day, *(f'{one} AS {quoted(column)}' for column, one in made.items())])} "  # noqa: S608
                 f"FROM {quoted(name)} WHERE {' OR '.join(self._conditions[name].values())}")
        rows = connection.sql(query).to_arrow_table()
        days = set(rows.column("event_date").to_pylist()) if day else set()
        change.head(name)
        self._changes.delta.exchange(declared, rows, list(made), change.transaction, days)

    def _cases(self, name: str, column: str) -> str:
        person = self._person
        cases = [f"WHEN {quoted(column)} = '{one}' THEN '{self._fresh[one]}'" for one in person.own]
        for one, times in person.shared.items():
            cases.append(f"WHEN {quoted(column)} = '{one}' AND ({_in_time(self._stored[name], person, times)}) THEN '{self._fresh[one]}'")
        if name == "subscriber" and column == "account_key" and person.shared_accounts:
            cases.append(f"WHEN {quoted('subscriber_key')} = '{person.subject}' THEN NULL")
        return " ".join(cases)


def _conditions(stored: StoredTable, person: Person) -> dict[str, str]:
    """Per column of pseudonyms: which rows it must change in."""
    found = {}
    own = ", ".join(f"'{one}'" for one in person.own)
    for column in key_columns(stored.declared):
        if column in stored.missing:
            continue
        found[column] = f"{quoted(column)} IN ({own})"
        for one, times in person.shared.items():
            found[column] += f" OR ({quoted(column)} = '{one}' AND ({_in_time(stored, person, times)}))"
    return found


def _in_time(stored: StoredTable, person: Person, times: list[tuple[int, int]]) -> str:
    """Whether a row belongs to the person's time with an identifier that was somebody else's too."""
    declared: Table = stored.declared
    if declared.kind == "reference" and "subscriber_key" in declared.columns:
        return f"{quoted('subscriber_key')} = '{person.subject}'"
    at = quoted(declared.event_at if declared.kind == "fact" else "valid_from_at")
    return " OR ".join(f"epoch_us({at}) >= {since} AND epoch_us({at}) < {until}" for since, until in times)


# --- rejected records

def _form(kind: str, value: str) -> re.Pattern[str] | str:
    """How an identifier would look in the text of a record: digits that stand in it whatever divides them, or a word of its own."""
    if kind in ("imsi", "imei"):
        return value
    if kind == "msisdn" and value.startswith("+"):
        # the national form has the same digits behind another beginning
        return str(phonenumbers.parse(value).national_number)
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")


def _without(frame: pa.Table, forms: list[re.Pattern[str] | str]) -> pa.Table:
    """The rejected records in which none of the identifiers stands."""
    keep = []
    for text in frame.column("raw").to_pylist():
        squeezed = text.translate(_PUNCTUATION)
        keep.append(not any(one in squeezed if isinstance(one, str) else one.search(text) for one in forms))
    return frame.filter(pa.array(keep, pa.bool_()))
