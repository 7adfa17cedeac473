"""The audit log: who asked for which identifiers, when and why; a line that is changed or missing shows.

``audit.jsonl`` is only ever appended to. Each line carries the keyed hash of itself and of the line before it, so that without the
vault's audit secret none can be changed, put in or taken out unseen. How many lines there are stands beside the vault
(``vault/audit.head``), so that lines cut off at the end show too. Whoever can put both files back to an older copy could still
hide the newest lines: ``cem reveal --log`` gives the last hash, which can be kept elsewhere.

A :class:`Receipt` is proof that a line is on the disk; nothing is revealed or erased without one.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import pwd
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cemlib.errors import LakeError, ParameterError
from cemlib.lake.manifest import replace_file

__all__ = ["AuditLog", "Receipt", "checked_keys", "checked_reason"]

_KEY = re.compile(r"[0-9a-f]{32}")
_LOOKS_LIKE_IDENTIFIER = re.compile(r"\d(?:[ ./()-]{0,2}\d){8,}")
_LETTERS, _WORDS = 10, 2


def checked_reason(reason: str, by: str = "") -> str:
    """A reason that says something: two words and ten letters at least, and no identifier in it.

    Raises
    ------
    ParameterError
        When it is not one.

    Examples
    --------
    >>> checked_reason("  complaint 4711 of the regulator ")
    'complaint 4711 of the regulator'
    """
    reason = " ".join(reason.split())
    words = {one.casefold() for one in re.findall(r"[^\W\d_]{2,}", reason)}
    if len(words) < _WORDS or sum(one.isalpha() for one in reason) < _LETTERS or len(set(reason.casefold())) < 5:
        raise ParameterError("The reason says too little.", wanted=f"a sentence of {_WORDS} words and {_LETTERS} letters at least",
                             came=f"{len(reason)} characters", todo="Say for whom or for which case it is, as 'complaint 4711 of the regulator'.")
    if len(reason) > 1_000 or len(by) > 100:
        raise ParameterError("The reason or the name is too long.", wanted="1,000 and 100 characters at most")
    for name, text in (("reason", reason), ("name", by)):
        if _LOOKS_LIKE_IDENTIFIER.search(text):
            raise ParameterError(f"The {name} holds what looks like an identifier; the audit log must hold none.",
                                 todo="Name the case, not the person.")
    return reason


def checked_keys(keys: Sequence[str]) -> list[str]:
    """Pseudonyms, each once.

    Raises
    ------
    ParameterError
        When there is none, or one of them is no pseudonym; it is not repeated, as it may be an identifier.
    """
    found = list(dict.fromkeys(one.strip().lower() for one in keys))
    if not found:
        raise ParameterError("No key was named.", wanted="a pseudonym of 32 hex digits")
    for number, one in enumerate(found, 1):
        if not _KEY.fullmatch(one):
            raise ParameterError("This is no pseudonym.", wanted="32 hex digits, as in subscriber_key", came=f"{len(one)} characters",
                                 where=f"key {number}")
    return found


@dataclass(frozen=True)
class Receipt:
    """Proof that an audit line is on the disk; only :meth:`AuditLog.write` makes one.

    Attributes
    ----------
    number : int
        Of the line.
    keys : frozenset of str
        The pseudonyms for which it stands.
    """

    number: int
    keys: frozenset[str]


class AuditLog:
    """The audit log of a lake.

    Parameters
    ----------
    lake_folder : Path
    audit_key : str
        The secret (hex) of the chain.
    """

    def __init__(self, lake_folder: Path, audit_key: str) -> None:
        self.path, self._head_path = lake_folder / "audit.jsonl", lake_folder / "vault" / "audit.head"
        self._key = bytes.fromhex(audit_key)

    def start(self) -> None:
        """Begin an empty log: from now on a head that is missing shows."""
        self._write_head(0, "")

    def write(self, event: str, keys: Sequence[str], reason: str, *, by: str = "", **more: Any) -> Receipt:
        """Append a line; it is on the disk when this returns.

        Raises
        ------
        LakeError
            When it cannot be written, or the log was changed.
        """
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        except OSError as error:
            raise self._refused(error.strerror or str(error)) from None
        try:
            held = os.fstat(handle)
            # root may write into a file that is read-only; that it was made so is respected all the same
            if not stat.S_ISREG(held.st_mode) or not held.st_mode & stat.S_IWUSR:
                raise self._refused("it is read-only" if stat.S_ISREG(held.st_mode) else "it is no file")
            fcntl.flock(handle, fcntl.LOCK_EX)
            os.fchmod(handle, 0o600)
            number, chain = self._end(handle)
            line = {"number": number + 1, "at": datetime.now(UTC).isoformat(timespec="microseconds"), "user": _user(), "by": by,
                    "event": event, "keys": list(keys), **more, "reason": reason, "previous": chain}
            line["chain"] = self._chain(line)
            self._append(handle, (json.dumps(line, ensure_ascii=False) + "\n").encode())
            self._write_head(line["number"], line["chain"])
        except OSError as error:
            raise self._refused(error.strerror or str(error)) from None
        finally:
            os.close(handle)
        return Receipt(line["number"], frozenset(keys))

    def read(self) -> tuple[list[dict], str]:
        """The lines, and what is wrong with the log: an empty text when nothing is."""
        try:
            held = self.path.read_bytes()
        except FileNotFoundError:
            held = b""
        except OSError as error:
            raise LakeError("The audit log cannot be read.", came=error.strerror or str(error), where=str(self.path)) from None
        try:
            written, last = self._head()
        except LakeError as error:
            return [], error.came
        lines, previous, chains = [], "", [""]
        for number, text in enumerate(held.splitlines(keepends=True), 1):
            try:
                line = json.loads(text)
                is_whole = text.endswith(b"\n") and isinstance(line, dict)
            except ValueError:
                is_whole = False
            if not is_whole:
                if number > written and number == held.count(b"\n") + 1:
                    # a writer died while it wrote this line: nothing was revealed with it
                    break
                return lines, f"line {number} is damaged"
            lines.append(line)
            if line.get("number") != number or line.get("previous") != previous or not hmac.compare_digest(
                    str(line.get("chain")), self._chain(line)):
                return lines, f"line {number} was changed, or a line before it was removed or put in"
            previous = line["chain"]
            chains.append(previous)
        if written >= len(chains):
            return lines, f"lines were removed at the end: {written} were written, {len(lines)} are there"
        if chains[written] != last:
            return lines, f"line {written} is not the one that was written"
        return lines, ""

    # --- the chain

    def _chain(self, line: dict) -> str:
        text = json.dumps({name: one for name, one in line.items() if name != "chain"}, ensure_ascii=False, sort_keys=True)
        return hmac.digest(self._key, text.encode(), hashlib.sha256).hex()

    def _seal(self, number: int, chain: str) -> str:
        return hmac.digest(self._key, f"head {number} {chain}".encode(), hashlib.sha256).hex()

    def _head(self) -> tuple[int, str]:
        """How many lines were written, and the hash of the last one."""
        try:
            held = json.loads(self._head_path.read_text(encoding="utf-8"))
            if not hmac.compare_digest(held["seal"], self._seal(held["number"], held["chain"])):
                raise ValueError
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            raise self._changed("the head beside the vault was changed or removed") from None
        return held["number"], held["chain"]

    def _write_head(self, number: int, chain: str) -> None:
        replace_file(self._head_path, json.dumps({"number": number, "chain": chain, "seal": self._seal(number, chain)}))
        os.chmod(self._head_path, 0o600)

    def _end(self, handle: int) -> tuple[int, str]:
        """The number and hash of the last line; what a writer that died left unfinished is cut off."""
        number, chain = self._head()
        size = os.fstat(handle).st_size
        start, tail = size, b""
        # back to the last line that is whole, and the whole of it
        while start and tail.count(b"\n") < 2:
            step = min(start, 65_536)
            start -= step
            tail = os.pread(handle, step, start) + tail
        whole, mark, torn = tail.rpartition(b"\n")
        last = whole.rpartition(b"\n")[2]
        if not mark:
            found, line = 0, {}
        else:
            try:
                line = json.loads(last)
                found = line["number"]
                if not hmac.compare_digest(line["chain"], self._chain(line)):
                    raise ValueError
            except (ValueError, KeyError, TypeError):
                raise self._changed("its last line was changed") from None
        # a writer may have died between the line and the head, never the other way round
        if found < number or found > number + 1 or (found == number and line.get("chain", "") != chain) \
                or (found == number + 1 and line["previous"] != chain):
            raise self._changed(f"{number} lines were written, and the last one is not as it was")
        if torn:
            os.ftruncate(handle, size - len(torn))
        return found, line.get("chain", "")

    def _append(self, handle: int, text: bytes) -> None:
        size = os.fstat(handle).st_size
        try:
            if os.write(handle, text) != len(text):
                raise OSError(0, "the disk is full")
            os.fsync(handle)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError:
            os.ftruncate(handle, size)
            raise

    def _refused(self, came: str) -> LakeError:
        return LakeError("The audit line cannot be written, so nothing was done.", came=came, where=str(self.path),
                         todo="Only the owner of the lake may do this, and the disk needs room.")

    def _changed(self, came: str) -> LakeError:
        return LakeError("The audit log was changed by another hand, so nothing was done.", came=came, where=str(self.path),
                         todo="See cem reveal --log; bring audit.jsonl and vault/audit.head back from a backup.")


def _user() -> str:
    """The user as the operating system knows it; the environment could say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
