"""The secret from which pseudonyms and the encryption of quarantine and vault are derived.

The secret comes from ``CEM_KEY`` or from an owner-only file that is made on first use. From it one key per purpose is derived
(HKDF, RFC 5869), so that the key that encrypts rejected records cannot make pseudonyms and the other way round.

How a pseudonym is made stands here, below connectors and lake: the door makes it, and the lake makes it anew when its secret
is changed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cemlib.errors import LakeError, ParameterError
from cemlib.settings import settings

__all__ = ["Carried", "derive_key", "is_erased_key", "make_erased_key", "make_erasure_mark", "make_key_file", "make_pseudonym", "make_pseudonyms", "make_record_key", "read_key_file", "read_secret"]

_MINIMUM_BYTES = 16


def read_secret(path: Path | None = None) -> bytes:
    """Read the secret, or make it where there is none yet.

    Parameters
    ----------
    path : Path, optional
        The key file; the settings' by default. ``CEM_KEY`` in the environment goes before it.

    Raises
    ------
    LakeError
        When the key file can be read by others, or cannot be made.
    ParameterError
        When the secret is shorter than 16 bytes.
    """
    given = os.environ.get("CEM_KEY")
    if given is not None:
        return _checked(given.encode(), "environment variable CEM_KEY")
    path = settings().key_path if path is None else path
    make_key_file(path)
    return read_key_file(path)


def make_key_file(path: Path) -> bool:
    """Make an owner-only key file with a random secret where there is none; returns whether it was made.

    Raises
    ------
    LakeError
        When it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # O_EXCL: of two processes that start at once, one makes the key and the other reads it
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise LakeError("The key file cannot be made.", came=error.strerror or str(error), where=str(path),
                        todo="Set CEM_KEY, or CEM_KEY_FILE to a place that you may write.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)))
    return True


def read_key_file(path: Path) -> bytes:
    """Read the secret of a key file that is there, whatever the environment says.

    Raises
    ------
    LakeError
        When it is not there, or others can read it.
    ParameterError
        When the secret is shorter than 16 bytes.
    """
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise LakeError("The key file can be read by others.", where=str(path), todo=f"chmod 600 {path.name}")
        held = path.read_bytes()
    except OSError as error:
        raise LakeError("The key file cannot be read.", came=error.strerror or str(error), where=str(path)) from None
    return _checked(held.strip(), str(path))


def _checked(secret: bytes, where: str) -> bytes:
    if len(secret) < _MINIMUM_BYTES:
        raise ParameterError("The secret is too short.", wanted=f"at least {_MINIMUM_BYTES} bytes", came=f"{len(secret)} bytes", where=where)
    return secret


def derive_key(purpose: str, secret: bytes | None = None) -> bytes:
    """Derive the 32-byte key of one purpose from the secret.

    Examples
    --------
    >>> secret = b"a secret of an example"
    >>> len(derive_key("pseudonym", secret)), derive_key("pseudonym", secret) == derive_key("quarantine", secret)
    (32, False)
    """
    secret = read_secret() if secret is None else secret
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"cem/{purpose}".encode()).derive(secret)


@dataclass(frozen=True)
class Carried:
    """What a lake remembers for the door of its next ingest.

    Attributes
    ----------
    record_keys : tuple of str
        The secrets of record ids, oldest first; one more with each rotation. Empty: the one that follows from the pseudonyms' key.
    erasure_key : str
        The secret of the marks of erased identifiers.
    lives : mapping of str to int
        How often an identifier was erased, by its mark.
    """

    record_keys: tuple[str, ...] = ()
    erasure_key: str = ""
    lives: Mapping[str, int] = field(default_factory=dict)


def make_pseudonym(key: bytes, kind: str, normal: str, life: int = 0) -> str:
    """Make the pseudonym (32 hex digits) of an identifier in its normal form: HMAC-SHA256, cut to 128 bits.

    Parameters
    ----------
    key : bytes
    kind : str
        It is part of the hashed text, so that an IMSI and a line number of the same digits do not meet.
    normal : str
    life : int
        How often the identifier was erased: what comes after an erasure does not meet what came before.

    Examples
    --------
    >>> key = derive_key("pseudonym", b"a secret of an example")
    >>> make_pseudonym(key, "imsi", "999010000000012") == make_pseudonym(key, "imsi", "999010000000012", life=1)
    False
    """
    text = f"{kind}#{life}\x1f{normal}" if life else f"{kind}\x1f{normal}"
    return hmac.digest(key, text.encode(), hashlib.sha256)[:16].hex()


def make_pseudonyms(key: bytes, kind: str, normals: Iterable[str]) -> list[str]:
    """Make the pseudonyms of many identifiers of a kind that were never erased.

    Examples
    --------
    >>> key = derive_key("pseudonym", b"a secret of an example")
    >>> make_pseudonyms(key, "imsi", ["999010000000012"]) == [make_pseudonym(key, "imsi", "999010000000012")]
    True
    """
    # what all have in common is hashed once: a third of the time of a fresh HMAC each
    begun = HMAC(key, hashes.SHA256())
    begun.update(f"{kind}\x1f".encode())
    made = []
    for one in normals:
        mac = begun.copy()
        mac.update(one.encode())
        made.append(mac.finalize()[:16].hex())
    return made


def make_record_key(key: bytes) -> str:
    """Make the secret (hex) that is mixed into record ids: without it an IMSI could be guessed from the id of its record."""
    return hmac.digest(key, b"record", hashlib.sha256).hex()


def make_erasure_mark(erasure_key: str, kind: str, normal: str) -> str:
    """Make the mark (32 hex digits) by which an erased identifier is known again; it is no way back to the identifier."""
    return hmac.digest(bytes.fromhex(erasure_key), f"{kind}\x1f{normal}".encode(), hashlib.sha256)[:16].hex()


def make_erased_key(erasure_key: str) -> str:
    """Make the pseudonym that takes the place of an erased person's: random, and known as such to the lake alone.

    Examples
    --------
    >>> made = make_erased_key("00" * 32)
    >>> len(made), is_erased_key("00" * 32, made), is_erased_key("00" * 32, "0" * 32)
    (32, True, False)
    """
    drawn = secrets.token_bytes(8)
    return (drawn + hmac.digest(bytes.fromhex(erasure_key), b"erased" + drawn, hashlib.sha256)[:8]).hex()


def is_erased_key(erasure_key: str, key: str) -> bool:
    """Whether a pseudonym was made by :func:`make_erased_key`."""
    drawn, mark = bytes.fromhex(key[:16]), bytes.fromhex(key[16:])
    return hmac.compare_digest(mark, hmac.digest(bytes.fromhex(erasure_key), b"erased" + drawn, hashlib.sha256)[:8])
