"""One file of the vault: pseudonyms in order, and what stands behind them in sealed blocks.

The pseudonyms stand in clear, as they do in the tables, so that a look-up finds its block without opening another one; they are
mapped into memory, not read. A block (kind, life, first seen and value of 2,048 entries) is sealed with AES-256-GCM under a key
of this segment alone; sealed with it is a hash of the block's pseudonyms, so that an exchanged entry or block shows. A segment
is written once and never changed; the number of the block is the nonce.

Layout: magic, id of the segment, blocks, offsets of the blocks, first and second halves of the pseudonyms, trailer.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import shutil
import struct
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cemlib.errors import LakeError

__all__ = ["BEHIND", "Entries", "Segment", "find_places", "halves", "hexadecimal", "sorted_entries", "write_segment"]

_MAGIC, _END = b"CEMVAULT1\n".ljust(16, b"\0"), b"CEMVAULT1 end\n".ljust(16, b"\0")
_TRAILER = struct.Struct("<QQ16s")
_BLOCK = 2_048
#: What stands behind a pseudonym: kind of identifier, how often it was erased, Unix time of its first record, normal form.
BEHIND = pa.schema([("kind", pa.string()), ("life", pa.int32()), ("seen", pa.int64()), ("value", pa.string())])


class Entries(NamedTuple):
    """Entries of the vault: pseudonyms as two integers each, and what stands behind them."""

    high: np.ndarray
    low: np.ndarray
    behind: pa.Table


def halves(keys: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """Pseudonyms of 32 hex digits as two integers each.

    Examples
    --------
    >>> high, low = halves(["00000000000000ff0000000000000001"])
    >>> int(high[0]), int(low[0])
    (255, 1)
    """
    packed = np.frombuffer(bytes.fromhex("".join(keys)), ">u8").astype(np.uint64)
    return packed[::2].copy(), packed[1::2].copy()


def hexadecimal(high: np.ndarray, low: np.ndarray) -> list[str]:
    """The reverse of :func:`halves`."""
    text = np.column_stack([high, low]).astype(">u8").tobytes().hex()
    return [text[start:start + 32] for start in range(0, len(text), 32)]


def find_places(held_high: np.ndarray, held_low: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Where pseudonyms stand among held ones that are in order; -1 where they do not.

    Examples
    --------
    >>> held = halves(["00000000000000010000000000000001", "00000000000000010000000000000005"])
    >>> find_places(*held, *halves(["00000000000000010000000000000005", "00000000000000010000000000000002"])).tolist()
    [1, -1]
    """
    at = np.searchsorted(held_high, high)
    found = np.full(len(high), -1, np.int64)
    wanted = np.arange(len(high))
    while len(wanted):
        wanted = wanted[at[wanted] < len(held_high)]
        wanted = wanted[held_high[at[wanted]] == high[wanted]]
        is_it = held_low[at[wanted]] == low[wanted]
        found[wanted[is_it]] = at[wanted[is_it]]
        # the same first half and another second one: the next
        wanted = wanted[~is_it]
        at[wanted] += 1
    return found


def sorted_entries(parts: list[Entries]) -> Entries:
    """Entries in the order of their pseudonyms, each once: the one that was seen first."""
    high, low = np.concatenate([one.high for one in parts]), np.concatenate([one.low for one in parts])
    behind = pa.concat_tables([one.behind for one in parts]).combine_chunks()
    order = np.lexsort((behind.column("seen").to_numpy(), low, high))
    high, low = high[order], low[order]
    first = np.ones(len(order), bool)
    first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return Entries(high[first], low[first], behind.take(pa.array(order[first])).combine_chunks())


def _cipher(vault_key: bytes, segment_id: bytes) -> AESGCM:
    return AESGCM(hmac.digest(vault_key, b"segment" + segment_id, hashlib.sha256))


def _sealed_with(number: int, high: np.ndarray, low: np.ndarray) -> bytes:
    return hashlib.sha256(struct.pack("<QQ", number, len(high)) + high.tobytes() + low.tobytes()).digest()


def write_segment(path: Path, vault_key: bytes, parts: Iterable[Entries]) -> int:
    """Write a segment from parts that are sorted and follow one another; returns how many entries it has.

    The file is complete and on the disk when it gets its name, so a crash leaves no half segment under it.
    """
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    segment_id = secrets.token_bytes(16)
    # the halves have no identifier in them; they wait in a file so that a large segment needs no memory
    with os.fdopen(handle, "wb") as file, tempfile.TemporaryFile(dir=path.parent) as highs, tempfile.TemporaryFile(dir=path.parent) as lows:
        file.write(_MAGIC + segment_id)
        cipher, offsets, count = _cipher(vault_key, segment_id), [file.tell()], 0
        for block in _blocks(parts):
            behind = block.behind.to_batches()[0].serialize()
            clear = struct.pack("<I", behind.size) + pa.compress(behind, codec="zstd", asbytes=True)
            number = len(offsets) - 1
            file.write(cipher.encrypt(number.to_bytes(12, "big"), clear, _sealed_with(number, block.high, block.low)))
            offsets.append(file.tell())
            highs.write(block.high.tobytes())
            lows.write(block.low.tobytes())
            count += len(block.high)
        file.write(bytes(-file.tell() % 8))
        at = file.tell()
        file.write(np.array(offsets, np.uint64).tobytes())
        _append(highs, file)
        _append(lows, file)
        file.write(_TRAILER.pack(count, at, _END))
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    return count


def _append(part: IO[bytes], file: IO[bytes]) -> None:
    part.seek(0)
    shutil.copyfileobj(part, file)


def _blocks(parts: Iterable[Entries]) -> Iterator[Entries]:
    """Cut parts into blocks of the same size; the last one is smaller."""
    rest: Entries | None = None
    for part in parts:
        part = part if rest is None else Entries(np.concatenate([rest.high, part.high]), np.concatenate([rest.low, part.low]),
                                                 pa.concat_tables([rest.behind, part.behind]).combine_chunks())
        whole = len(part.high) // _BLOCK * _BLOCK
        for start in range(0, whole, _BLOCK):
            yield _cut(part, start, start + _BLOCK)
        rest = _cut(part, whole, len(part.high))
    if rest is not None and len(rest.high):
        yield rest


def _cut(part: Entries, start: int, end: int) -> Entries:
    return Entries(part.high[start:end], part.low[start:end], part.behind.slice(start, end - start).combine_chunks())


class Segment:
    """A segment that is there, opened for look-ups.

    Raises
    ------
    LakeError
        When it is cut or no segment.
    FileNotFoundError
        When it was merged into another one meanwhile.
    """

    def __init__(self, path: Path, vault_key: bytes) -> None:
        self.path = path
        try:
            with open(path, "rb") as file:
                head = file.read(32)
                file.seek(-_TRAILER.size, os.SEEK_END)
                self.count, at, end = _TRAILER.unpack(file.read(_TRAILER.size))
        except FileNotFoundError:
            raise
        except PermissionError as error:
            raise LakeError("The vault cannot be read.", came=error.strerror, where=str(path), todo="Only its owner may read it.") from None
        except (OSError, struct.error):
            head, end = b"", b""
        if not head.startswith(_MAGIC) or end != _END:
            raise _damaged(path)
        self._cipher = _cipher(vault_key, head[16:32])
        blocks = -(-self.count // _BLOCK)
        held = np.memmap(path, np.uint64, "r", at, (blocks + 1 + 2 * self.count,))
        self._offsets = held[:blocks + 1]
        self.high, self.low = held[blocks + 1:blocks + 1 + self.count], held[blocks + 1 + self.count:]

    def find(self, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """Where pseudonyms stand in the segment; -1 where they do not. Sorted ones are found much faster."""
        return find_places(self.high, self.low, high, low)

    def read(self, start: int, end: int) -> Entries:
        """The entries from one place to another.

        Raises
        ------
        LakeError
            When another secret sealed them, or they were changed.
        """
        if start >= end:
            return Entries(self.high[:0], self.low[:0], BEHIND.empty_table())
        first, last = start // _BLOCK, (end - 1) // _BLOCK
        with open(self.path, "rb") as file:
            parts = [self._block(file, number) for number in range(first, last + 1)]
        behind = pa.Table.from_batches(parts).slice(start - first * _BLOCK, end - start)
        return Entries(np.asarray(self.high[start:end]), np.asarray(self.low[start:end]), behind)

    def _block(self, file: IO[bytes], number: int) -> pa.RecordBatch:
        file.seek(int(self._offsets[number]))
        sealed = file.read(int(self._offsets[number + 1] - self._offsets[number]))
        within = slice(number * _BLOCK, (number + 1) * _BLOCK)
        try:
            clear = self._cipher.decrypt(number.to_bytes(12, "big"), sealed, _sealed_with(number, self.high[within], self.low[within]))
        except InvalidTag:
            raise _damaged(self.path) from None
        (size,) = struct.unpack_from("<I", clear)
        return pa.ipc.read_record_batch(pa.decompress(clear[4:], size, codec="zstd"), BEHIND)


def _damaged(path: Path) -> LakeError:
    return LakeError("The vault cannot be opened: another secret sealed it, or it was changed or cut.", where=str(path),
                     todo="Set CEM_KEY or CEM_KEY_FILE to the secret of this lake.")
