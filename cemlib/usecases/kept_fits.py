"""Fits that are kept between openings: what is fitted does not change while what it is fitted on does not.

A fit is found again by what went into it: the values themselves, the settings and the code. A file that changed, another period, another setting or another
version gives other values or another code, so another fit; nothing is looked up by a name alone. Results are kept without the keys of customers: whose
they are knows only who reads the same list of customers again. They go when people leave the lake, and with old versions of it (:func:`cemlib.lake.forget_fits`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from cemlib.running_code import is_as_loaded, loaded_at, running_code
from cemlib.settings import FITS_EMPTIED, settings

__all__ = ["fingerprint", "keep_fit"]

Result = TypeVar("Result")

_DIGEST = 32


def keep_fit(name: str, inputs: Sequence[Any], make: Callable[[], Result]) -> Result:
    """What ``make`` gives, made once for the same inputs.

    Kept beside the lake (folder ``fits``), for the owner alone. A file is written whole or not at all, and one that is damaged, or that somebody else could have
    written, is not read. Several processes may do so at once: who comes later writes the same. What was not used for longest goes first
    when there is more than ``CEM_FITS_MB``; a result larger than a quarter of that is not kept, or it would drive out all others. Where nothing can be written,
    nothing is kept; nor is anything of a process whose code was replaced since it began (the result may be of either), or which may have read a person who was
    erased since.

    Parameters
    ----------
    name : str
        Of the kind of fit: a file name.
    inputs : sequence
        All that the result depends on: see :func:`fingerprint`.
    make : callable
        Without arguments. What it raises is not kept.

    Examples
    --------
    >>> keep_fit("example", [[1, 2, 3]], lambda: 6)
    6
    """
    most = settings().fits_megabytes * 2**20
    code = running_code() if most else None
    if code is None:
        return make()
    folder = settings().fits_path
    path = folder / f"{name}-{fingerprint(name, code, *inputs)}.fit"
    found = _read(path)
    if found is None:
        # in a tuple, or a result that is None would be made every time
        found = (make(),)
        content = pickle.dumps(found, protocol=pickle.HIGHEST_PROTOCOL)
        if len(content) <= most / 4 and is_as_loaded() and not _is_emptied(folder):
            with contextlib.suppress(OSError):
                _write(path, content)
                _thin(folder, most, path)
                # it may have been emptied while this was written
                if _is_emptied(folder):
                    path.unlink(missing_ok=True)
    return found[0]


def fingerprint(*things: Any) -> str:
    """A digest of values: numbers, texts, arrays, and tables of numbers, texts and categories with their columns, but without their index.

    Parameters
    ----------
    *things
        None, numbers, str, bytes, sequences and mappings of these, ndarray, Series, DataFrame.

    Raises
    ------
    TypeError
        For something else: what cannot be told apart must not be taken for the same.

    Examples
    --------
    >>> one = pd.DataFrame({"who": ["a", "b"], "gb": [1.0, None]})
    >>> fingerprint(one) == fingerprint(one.copy()), fingerprint(one) == fingerprint(one.assign(gb=[1.0, 2.0]))
    (True, False)
    """
    digest = hashlib.sha256()
    for one in things:
        _add(digest, one)
    return digest.hexdigest()[:_DIGEST]


def _add(digest: Any, one: Any) -> None:
    """Each value with its kind and length before it, so that no two lists of values give the same bytes."""
    if isinstance(one, pd.DataFrame):
        _add(digest, ["table", *map(str, one.columns)])
        for name in range(one.shape[1]):
            _add(digest, one.iloc[:, name])
    elif isinstance(one, pd.Series):
        if pd.api.types.is_bool_dtype(one.dtype) or pd.api.types.is_numeric_dtype(one.dtype):
            _add(digest, one.to_numpy(float, na_value=np.nan))
        else:
            codes, values = pd.factorize(one)
            _add(digest, np.asarray(codes))
            _add_texts(digest, [f"{type(value).__name__} {value}" for value in values])
            _add_texts(digest, [str(value) for value in one.cat.categories] if isinstance(one.dtype, pd.CategoricalDtype) else [])
    elif isinstance(one, np.ndarray) and one.dtype.kind in "biuf":
        _put(digest, f"array {one.dtype.str} {one.shape}", np.ascontiguousarray(one).tobytes())
    elif isinstance(one, Mapping):
        _add(digest, ["mapping", *(part for pair in one.items() for part in pair)])
    elif isinstance(one, str | bytes):
        _put(digest, type(one).__name__, one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one)
    elif isinstance(one, Sequence):
        _put(digest, f"list {len(one)}", b"")
        for part in one:
            _add(digest, part)
    elif one is None or isinstance(one, bool | int | float | np.number | np.bool_):
        _put(digest, type(one).__name__, repr(one).encode())
    else:
        raise TypeError(f"{type(one).__name__} has no fingerprint")


def _add_texts(digest: Any, texts: list[str]) -> None:
    """A million of them at once."""
    _add(digest, np.array([len(one) for one in texts], dtype=np.int64))
    _add(digest, "".join(texts))


def _put(digest: Any, kind: str, content: bytes) -> None:
    digest.update(f"{kind} {len(content)}\n".encode())
    digest.update(content)


def _is_emptied(folder: Path) -> bool:
    """Whether the folder was emptied since this process began: what it read may be of people who left since."""
    try:
        return (folder / FITS_EMPTIED).stat().st_mtime >= loaded_at()
    except FileNotFoundError:
        return False
    except OSError:
        # where that cannot be told nothing can be written either
        return True


def _read(path: Path) -> tuple | None:
    """What is kept; None where there is nothing, or nothing that can be trusted."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW)) as file:
            about = os.fstat(file.fileno())
            # what is read here is run: a file that others may write is not ours
            if about.st_uid != os.geteuid() or about.st_mode & 0o077:
                return None
            digest, content = file.read(_DIGEST), file.read()
        if hashlib.sha256(content).digest() != digest:
            return None
        found = pickle.loads(content)
        os.utime(path)
    # a class that there was when it was written may be gone
    except (OSError, pickle.UnpicklingError, AttributeError, ImportError, EOFError):
        return None
    return found


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chmod(path.parent, 0o700)
    # only the owner may open what mkstemp makes
    handle, fresh = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(fresh)
        raise


def _thin(folder: Path, most: int, new: Path) -> None:
    """Remove what was not used for longest until no more than so many bytes are left, the new one last; and what a process left half-written."""
    kept = []
    for path in folder.iterdir():
        # another process may have removed it
        with contextlib.suppress(FileNotFoundError):
            about = path.stat()
            if path.name != FITS_EMPTIED:
                kept.append((path == new, about.st_mtime, about.st_size, path))
    left = sum(size for *_, size, _ in kept)
    for _, _, size, path in sorted(kept):
        if left <= most:
            break
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        left -= size
