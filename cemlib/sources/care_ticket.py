"""Tickets of customer care."""

from __future__ import annotations

from typing import ClassVar

from cemlib.sources.mapped import MappedSource

__all__ = ["CareTicket"]


class CareTicket(MappedSource):
    """Tickets (never their text), into ``ticket``.

    Examples
    --------
    >>> CareTicket("incoming").default_tables
    ('ticket',)
    """

    code: ClassVar[str] = "care_ticket"
    default_tables: ClassVar[tuple[str, ...]] = ("ticket",)
    mapping_name: ClassVar[str] = "care_ticket"
    golden: ClassVar[str] = "care_ticket.csv"
