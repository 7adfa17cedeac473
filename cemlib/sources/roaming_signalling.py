"""Roaming signalling: one record an attempt of a roamer to register (MAP, Diameter S6a, NAS)."""

from __future__ import annotations

from typing import ClassVar

from cemlib.sources.mapped import MappedSource

__all__ = ["RoamingSignalling"]


class RoamingSignalling(MappedSource):
    """Registration attempts of our roamers abroad and of partners' roamers with us, into ``registration``.

    Examples
    --------
    >>> RoamingSignalling("incoming").default_tables
    ('registration',)
    """

    code: ClassVar[str] = "roaming_signalling"
    default_tables: ClassVar[tuple[str, ...]] = ("registration",)
    mapping_name: ClassVar[str] = "roaming_signalling"
    golden: ClassVar[str] = "roaming_signalling.csv"
