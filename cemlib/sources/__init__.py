"""Connectors: one file each, a foreign format in, canonical tables out.

Every module of this package that defines a :class:`Source` is in the catalogue, and every mapping that names its ``connector:``;
nothing else has to be registered.

Examples
--------
>>> catalogue()["roaming_signalling"].__name__
'RoamingSignalling'
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from cemlib.errors import UnknownNameError
from cemlib.sources.base import REJECTED, Batch, Source, rejected_records
from cemlib.sources.declared import declared_connectors
from cemlib.sources.door import Door
from cemlib.sources.mapped import MappedSource
from cemlib.sources.mapping import Mapping, load_mapping

__all__ = ["REJECTED", "Batch", "Door", "MappedSource", "Mapping", "Source", "catalogue", "connector", "load_mapping",
           "rejected_records"]


def _discover() -> dict[str, type[Source]]:
    found: dict[str, type[Source]] = dict(declared_connectors())
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for kind in vars(loaded).values():
            if inspect.isclass(kind) and issubclass(kind, Source) and kind.__module__ == loaded.__name__ and "code" in vars(kind):
                found[kind.code] = kind
    return dict(sorted(found.items()))


_CATALOGUE = _discover()
globals().update({kind.__name__: kind for kind in _CATALOGUE.values()})
__all__.extend(kind.__name__ for kind in _CATALOGUE.values())


def catalogue() -> dict[str, type[Source]]:
    """Every connector by its code."""
    return dict(_CATALOGUE)


def connector(code: str) -> type[Source]:
    """The connector of a code.

    Raises
    ------
    UnknownNameError
        When there is none; the nearest are named.

    Examples
    --------
    >>> connector("roaming_signalling").default_tables
    ('registration',)
    """
    if code not in _CATALOGUE:
        raise UnknownNameError("connector", code, _CATALOGUE)
    return _CATALOGUE[code]
