"""The public names of a package, each loaded when it is first asked for: who needs one does not wait for the packages of the others."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["load_lazily"]


def load_lazily(package: str, modules: Mapping[str, str], names: Sequence[str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's ``__getattr__`` and ``__dir__`` (PEP 562).

    Parameters
    ----------
    package : str
        Its ``__name__``.
    modules : mapping of str to str
        The module of each name that is loaded when it is asked for. A name must not be that of a module of the package, which would stand in its place once it is loaded.
    names : sequence of str
        All public names: ``__all__``.

    Examples
    --------
    >>> get, names = load_lazily("cemlib.lazy_names", {"UnknownNameError": "cemlib.errors"}, ["UnknownNameError", "load_lazily"])
    >>> get("UnknownNameError").__name__, names()
    ('UnknownNameError', ['UnknownNameError', 'load_lazily'])
    """

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(modules[name]), name)
        setattr(sys.modules[package], name, found)
        return found

    return get, lambda: sorted(names)
