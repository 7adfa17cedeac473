"""Connectors that are a mapping and nothing else: the file in ``mappings`` names its class under ``connector:``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cemlib.sources.mapped import MappedSource

__all__ = ["declared_connectors"]

_PLACE = Path(__file__).parent / "mappings"
# the C loader where the installed yaml has it: all files are read when the package is imported
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def declared_connectors() -> dict[str, type[MappedSource]]:
    """The connectors that are declared, by code. A mapping is checked when its connector is used (and by a test).

    Examples
    --------
    >>> declared_connectors()["network_alarm"].default_tables
    ('alarm',)
    """
    found = {}
    for path in sorted(_PLACE.glob("*.yaml")):
        given = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
        if "connector" in given:
            found[given["code"]] = _connector(path.stem, given)
    return found


def _connector(name: str, given: dict[str, Any]) -> type[MappedSource]:
    tables = ", ".join(f"``{one}``" for one in given["tables"])
    title = given["title"]
    told = f"{title[0].upper()}{title[1:]}, into {tables}; all of it is ``mappings/{name}.yaml``."
    return type(given["connector"], (MappedSource,), {
        "__doc__": told, "__module__": "cemlib.sources", "code": given["code"], "title": title,
        "default_tables": tuple(given["tables"]), "mapping_name": name, "golden": f"{given['code']}.csv"})
