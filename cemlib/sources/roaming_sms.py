"""Roaming short messages: sent, delivered, or why not."""

from __future__ import annotations

from typing import ClassVar

from cemlib.sources.mapped import MappedSource

__all__ = ["RoamingSms"]


class RoamingSms(MappedSource):
    """Short message records, into ``message``.

    Examples
    --------
    >>> RoamingSms("incoming").default_tables
    ('message',)
    """

    code: ClassVar[str] = "roaming_sms"
    default_tables: ClassVar[tuple[str, ...]] = ("message",)
    mapping_name: ClassVar[str] = "roaming_sms"
    golden: ClassVar[str] = "roaming_sms.csv"
