"""The secret from which pseudonyms and the quarantine's encryption are derived.

The secret comes from ``CEM_KEY`` or from an owner-only file that is made on first use. From it one key per purpose is derived
(HKDF, RFC 5869), so that the key that encrypts rejected records cannot make pseudonyms and the other way round.
"""

from __future__ import annotations

import base64
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cemlib.errors import LakeError, ParameterError
from cemlib.settings import settings

__all__ = ["derive_key", "read_secret"]

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
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # O_EXCL: of two processes that start at once, one makes the key and the other reads it
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        handle = None
    except OSError as error:
        raise LakeError("The key file cannot be made.", came=error.strerror or str(error), where=str(path),
                        todo="Set CEM_KEY, or CEM_KEY_FILE to a place that you may write.") from None
    if handle is not None:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise LakeError("The key file can be read by others.", where=str(path), todo=f"chmod 600 {path.name}")
    return _checked(path.read_bytes().strip(), str(path))


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
