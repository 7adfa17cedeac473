"""The quarantine: rejected records with their raw text, outside the tables, encrypted, for the owner alone.

A file is a row of frames, each sealed with AES-256-GCM under a fresh nonce. What is sealed with it (the digest of the source
file, the number of the frame, whether it is the last one) makes a frame that is missing, moved or from elsewhere show. No
view reads the quarantine; the counts by reason, without raw text, are in the lake's ledger in clear.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import struct
from pathlib import Path

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cemlib.errors import LakeError
from cemlib.keys import derive_key

__all__ = ["KEPT", "REJECTED", "QuarantineWriter", "quarantine_file", "quarantined_frames", "read_quarantined", "write_quarantined"]

#: What a change of the lake puts behind the name of a file whose old content it keeps until it is done.
KEPT = ".before"

#: What is told of a rejected record; a connector may declare the same columns as never null.
REJECTED = pa.schema([("line", pa.int64()), ("column", pa.string()), ("reason_code", pa.string()), ("reason", pa.string()),
                      ("raw", pa.string())])
_MAGIC = b"CEMQ1\n"
_NONCE_BYTES = 12


def quarantine_file(folder: Path, digest: str) -> Path:
    """Where the rejected records of a source file lie."""
    return folder / f"{digest}.quarantine"


def _sealed_with(digest: str, number: int, is_last: bool) -> bytes:
    return f"{digest}:{number}:{'last' if is_last else 'more'}".encode()


class QuarantineWriter:
    """Writes the rejected records of one source file, batch by batch, none of them in clear.

    Parameters
    ----------
    path : Path
        A file that nobody reads yet; it is moved into the quarantine when the tables are written.
    digest : str
        The digest of the source file.
    key : bytes, optional
        By default the one derived from the present secret.
    """

    def __init__(self, path: Path, digest: str, key: bytes | None = None) -> None:
        self.path, self._digest, self._number = path, digest, 0
        self._cipher = AESGCM(derive_key("quarantine") if key is None else key)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._file.write(_MAGIC)

    def add(self, rejected: pa.Table, is_last: bool = False) -> None:
        """Seal the rejected records of one batch."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rejected.schema) as stream:
            stream.write_table(rejected)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, sink.getvalue().to_pybytes(), _sealed_with(self._digest, self._number, is_last))
        self._file.write(struct.pack(">I?", len(sealed), is_last) + nonce + sealed)
        self._number += 1

    def close(self) -> None:
        """Finish the file; it is on the disk afterwards."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def move_to(self, folder: Path) -> None:
        """Put the finished file into the quarantine, over one that an interrupted ingest left there."""
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chmod(folder, 0o700)
        os.replace(self.path, quarantine_file(folder, self._digest))


def read_quarantined(folder: Path, digest: str) -> pa.Table:
    """Read the rejected records of one source file.

    Raises
    ------
    LakeError
        When the secret is not the one it was sealed with, or the file was changed or cut.
    """
    # connectors declare their columns never null, the closing frame does not
    return pa.concat_tables(quarantined_frames(folder, digest), promote_options="permissive")


def quarantined_frames(folder: Path, digest: str) -> list[pa.Table]:
    """The rejected records of one source file as they were sealed; the last frame is empty."""
    path = quarantine_file(folder, digest)
    # a change of the lake's secret that died left the file under the new one, and the old one beside it until the next writer
    kept = path.with_name(path.name + KEPT)
    try:
        held = [one.read_bytes() for one in (path, kept) if one == path or one.exists()]
    except OSError as error:
        raise LakeError("The quarantine cannot be read.", came=error.strerror or str(error), where=str(path),
                        todo="Only its owner may read it.") from None
    for one in held:
        with contextlib.suppress(InvalidTag, ValueError, struct.error):
            return _opened(one, digest)
    raise LakeError("The quarantine cannot be opened: another secret sealed it, or it was changed or cut.", where=str(path),
                    todo="Set CEM_KEY or CEM_KEY_FILE to the secret of this lake.")


def _opened(held: bytes, digest: str) -> list[pa.Table]:
    cipher, position, frames, is_last = AESGCM(derive_key("quarantine")), len(_MAGIC), [], False
    if not held.startswith(_MAGIC):
        raise ValueError
    while position < len(held):
        size, is_last = struct.unpack_from(">I?", held, position)
        start = position + 5 + _NONCE_BYTES
        clear = cipher.decrypt(held[position + 5:start], held[start:start + size], _sealed_with(digest, len(frames), is_last))
        frames.append(pa.ipc.open_stream(clear).read_all().cast(REJECTED))
        position = start + size
    if not is_last:
        raise ValueError
    return frames


def write_quarantined(path: Path, digest: str, frames: list[pa.Table], key: bytes | None = None) -> None:
    """Seal rejected records anew into a file that is to take the place of another; the last frame is the last one."""
    writer = QuarantineWriter(path, digest, key)
    try:
        for number, frame in enumerate(frames, 1):
            writer.add(frame, is_last=number == len(frames))
    finally:
        writer.close()
