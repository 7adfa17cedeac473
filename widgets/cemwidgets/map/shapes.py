"""The shapes of the countries that every map draws."""

from __future__ import annotations

import json
from functools import cache

from cemlib.errors import CemError
from cemlib.settings import settings

__all__ = ["countries"]


@cache
def countries() -> dict:
    """Return the country shapes of data/reference, with ``code``, ``name`` and the place of the marks.

    Raises
    ------
    CemError
        When the file is not there.
    """
    path = settings().reference_path / "countries.geojson"
    if not path.is_file():
        raise CemError("The country shapes are missing.", where=str(path), todo="data/reference/convert_countries.py makes them.")
    return json.loads(path.read_text(encoding="utf-8"))
