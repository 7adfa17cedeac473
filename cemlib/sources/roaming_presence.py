"""Roaming presence: from when until when a roamer was attached to a network."""

from __future__ import annotations

from typing import ClassVar

from cemlib.sources.mapped import MappedSource

__all__ = ["RoamingPresence"]


class RoamingPresence(MappedSource):
    """Intervals of attachment, into ``attachment``.

    Examples
    --------
    >>> RoamingPresence("incoming").default_tables
    ('attachment',)
    """

    code: ClassVar[str] = "roaming_presence"
    default_tables: ClassVar[tuple[str, ...]] = ("attachment",)
    mapping_name: ClassVar[str] = "roaming_presence"
    golden: ClassVar[str] = "roaming_presence.csv"
