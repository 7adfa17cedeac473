"""The vault: which identifier stands behind a pseudonym, sealed, for the owner alone.

It is a folder of segments (:mod:`cemlib.lake.segment`). An ingest adds one segment with what is new; as soon as eight segments
of a size are there, they are merged into one, so that a vault of many millions of entries has a few dozen segments and an entry is
rewritten once per size. A segment that a crash left twice (merged and unmerged) does no harm: an entry is found in either.

Beside the segments lies ``carried.sealed``: what the door of the next ingest must know (the secrets of record ids, the marks of
erased identifiers) and the secret of the audit's chain.

Nothing outside this package leads from a pseudonym to an identifier but :func:`cemlib.lake.reveal.reveal_identifiers`, which writes
the audit line first.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cemlib.errors import LakeError
from cemlib.keys import Carried, derive_key
from cemlib.lake.segment import BEHIND, Entries, Segment, halves, sorted_entries, write_segment

__all__ = ["NewPairs", "Vault", "VaultState", "entries_of", "fresh_state"]

#: So many segments of a size are merged into one.
_SAME_SIZE = 8
_SMALLEST = 4_096
#: How many entries are sorted at once.
_AT_ONCE = 500_000
_STATE = b"CEMCARRIED1\n"


@dataclass(frozen=True)
class VaultState:
    """What lies in ``carried.sealed``.

    Attributes
    ----------
    carried : Carried
        For the door.
    audit_key : str
        The secret (hex) of the chain of audit lines; it outlives a change of the lake's secret.
    """

    carried: Carried = field(default_factory=Carried)
    audit_key: str = ""


def fresh_state() -> VaultState:
    """The state of a vault that has none yet."""
    return VaultState(Carried(erasure_key=secrets.token_hex(32)), secrets.token_hex(32))


def entries_of(notes: list[tuple[str, str, str, int]], seen: int) -> Entries:
    """Entries from the notes of a door, sorted, each once."""
    keys, kinds, values, lives = zip(*notes)
    behind = pa.table([kinds, lives, pa.repeat(pa.scalar(seen, pa.int64()), len(keys)), values], schema=BEHIND)
    return sorted_entries([Entries(*halves(keys), behind)])


class Vault:
    """The vault of a lake.

    Parameters
    ----------
    lake_folder : Path
    key : bytes, optional
        The key of the vault; by default the one derived from the present secret.
    """

    def __init__(self, lake_folder: Path, key: bytes | None = None) -> None:
        self.folder = lake_folder / "vault"
        self.key = derive_key("vault") if key is None else key
        self._open: dict[str, Segment] = {}

    @property
    def state_path(self) -> Path:
        """The sealed file with what is carried from ingest to ingest."""
        return self.folder / "carried.sealed"

    def make_folder(self) -> None:
        """Make the folder, for the owner alone."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        os.chmod(self.folder, 0o700)

    def new_path(self) -> Path:
        """The path of a segment that is to be written."""
        return self.folder / f"{secrets.token_hex(8)}.segment"

    # --- what is carried

    def read_state(self) -> VaultState:
        """What is carried from one ingest to the next; an empty state where the lake has no vault yet.

        Raises
        ------
        LakeError
            When another secret sealed it, or it was changed.
        """
        try:
            held = self.state_path.read_bytes()
        except FileNotFoundError:
            return VaultState()
        except OSError as error:
            raise LakeError("The vault cannot be read.", came=error.strerror or str(error), where=str(self.state_path),
                            todo="Only its owner may read it.") from None
        try:
            if not held.startswith(_STATE):
                raise InvalidTag
            clear = json.loads(AESGCM(self.key).decrypt(held[len(_STATE):len(_STATE) + 12], held[len(_STATE) + 12:], _STATE))
        except InvalidTag:
            raise LakeError("The vault cannot be opened: another secret sealed it, or it was changed or cut.", where=str(self.state_path),
                            todo="Set CEM_KEY or CEM_KEY_FILE to the secret of this lake.") from None
        return VaultState(Carried(tuple(clear["record_keys"]), clear["erasure_key"], clear["lives"]), clear["audit_key"])

    def write_state(self, state: VaultState) -> None:
        """Replace what is carried, in one step."""
        self.make_folder()
        clear = json.dumps({"record_keys": state.carried.record_keys, "erasure_key": state.carried.erasure_key,
                            "lives": dict(state.carried.lives), "audit_key": state.audit_key}).encode()
        nonce = secrets.token_bytes(12)
        fresh = self.state_path.with_name(self.state_path.name + ".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(_STATE + nonce + AESGCM(self.key).encrypt(nonce, clear, _STATE))
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.state_path)
        self.sync()

    # --- segments

    def sync(self) -> None:
        """Put the folder's names onto the disk."""
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def segments(self) -> list[Segment]:
        """The segments, largest first."""
        for _ in range(100):
            try:
                names = sorted(one.name for one in self.folder.glob("*.segment"))
                self._open = {name: self._open.get(name) or Segment(self.folder / name, self.key) for name in names}
                return sorted(self._open.values(), key=lambda one: (-one.count, one.path.name))
            except FileNotFoundError:
                # merged away between the listing and the opening: list again
                continue
        raise LakeError("The vault changes faster than it can be read.", where=str(self.folder))

    def known(self, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """Which pseudonyms the vault has."""
        found = np.zeros(len(high), bool)
        for one in self.segments():
            missing = np.flatnonzero(~found)
            if not len(missing):
                break
            found[missing] = one.find(high[missing], low[missing]) >= 0
        return found

    def count(self) -> int:
        """How many entries there are; one that a crash left twice counts twice."""
        return sum(one.count for one in self.segments())

    def look_up(self, keys: Iterable[str]) -> dict[str, dict]:
        """What stands behind pseudonyms: kind, life, seen and value by pseudonym; one that is not known is left out.

        Whoever shows an identifier to somebody comes through :func:`cemlib.lake.reveal.reveal_identifiers`.
        """
        found: dict[str, dict] = {}
        for one in self.segments():
            missing = [key for key in keys if key not in found]
            if missing:
                for key, at in zip(missing, one.find(*halves(missing)).tolist()):
                    if at >= 0:
                        found[key] = one.read(at, at + 1).behind.to_pylist()[0]
        return found

    def merged(self, segments: list[Segment] | None = None, without: set[str] | None = None) -> Iterator[Entries]:
        """The entries of some segments (by default all) in the order of their pseudonyms, part by part.

        Parameters
        ----------
        segments : list of Segment, optional
        without : set of str, optional
            Pseudonyms that are left out.
        """
        segments = self.segments() if segments is None else segments
        parts = max(1, -(-sum(one.count for one in segments) // _AT_ONCE))
        # pseudonyms are spread evenly, so equal ranges hold about equally many
        bounds = np.array([2**64 * at // parts for at in range(1, parts)], np.uint64)
        cuts = [[0, *np.searchsorted(one.high, bounds).tolist(), one.count] for one in segments]
        for at in range(parts):
            part = [one.read(cut[at], cut[at + 1]) for one, cut in zip(segments, cuts) if cut[at] < cut[at + 1]]
            if part:
                made = sorted_entries(part)
                yield self._left(made, without) if without else made

    @staticmethod
    def _left(made: Entries, without: set[str]) -> Entries:
        gone_high, gone_low = halves(sorted(without))
        keep = np.ones(len(made.high), bool)
        for high, low in zip(gone_high, gone_low):
            keep &= ~((made.high == high) & (made.low == low))
        return Entries(made.high[keep], made.low[keep], made.behind.filter(pa.array(keep)))

    def clear_leftovers(self) -> None:
        """Remove what a writer that died had begun; under the writer's lock only."""
        for one in self.folder.glob("*.new"):
            one.unlink()

    def compact(self) -> None:
        """Merge segments where there are eight of a size; under the writer's lock only."""
        self.clear_leftovers()
        while True:
            sizes: dict[int, list[Segment]] = {}
            for one in self.segments():
                sizes.setdefault(_size_class(one.count), []).append(one)
            full = next((group for _, group in sorted(sizes.items()) if len(group) >= _SAME_SIZE), None)
            if full is None:
                return
            write_segment(self.new_path(), self.key, self.merged(full))
            self.sync()
            for one in full:
                one.path.unlink()


def _size_class(count: int) -> int:
    size = 0
    while count > _SMALLEST * _SAME_SIZE**size:
        size += 1
    return size


class NewPairs:
    """What the door noted while a file was read and the vault does not have yet, until the file is committed.

    Parameters
    ----------
    vault : Vault
    place : Path
        Where it waits, sealed, when it is much.
    take_notes : callable
        Gives the door's notes since the last call.
    seen : int
        Unix time of the ingest.
    """

    def __init__(self, vault: Vault, place: Path, take_notes: Callable[[], list], seen: int) -> None:
        self._vault, self._place, self._take_notes, self._seen = vault, place, take_notes, seen
        self._held: list[Entries] = []
        self._segments: list[Path] = []

    def collect(self) -> None:
        """Take what the door noted meanwhile."""
        notes = self._take_notes()
        if not notes:
            return
        made = entries_of(notes, self._seen)
        new = ~self._vault.known(made.high, made.low)
        if new.any():
            self._held.append(made if new.all() else Entries(made.high[new], made.low[new], made.behind.filter(pa.array(new))))
        if sum(len(one.high) for one in self._held) >= _AT_ONCE:
            self.seal()

    def seal(self) -> None:
        """Write what is held into a sealed segment that nobody reads yet."""
        if self._held:
            path = self._place / f"{secrets.token_hex(8)}.segment"
            write_segment(path, self._vault.key, [sorted_entries(self._held)])
            self._segments.append(path)
            self._held = []

    def move_in(self) -> None:
        """Put the segments into the vault; they are on the disk afterwards. An interrupted ingest may leave them there."""
        self.seal()
        if self._segments:
            self._vault.make_folder()
            for path in self._segments:
                os.replace(path, self._vault.folder / path.name)
            self._vault.sync()
            self._segments = []
