"""The partner directory: which PLMN belongs to which partner, country and hub."""

from __future__ import annotations

from typing import ClassVar

from cemlib.sources.mapped import MappedSource

__all__ = ["PartnerDirectory"]


class PartnerDirectory(MappedSource):
    """PLMNs with TADIG, partner, hub and country, into ``network``.

    Examples
    --------
    >>> PartnerDirectory("incoming").default_tables
    ('network',)
    """

    code: ClassVar[str] = "partner_directory"
    default_tables: ClassVar[tuple[str, ...]] = ("network",)
    mapping_name: ClassVar[str] = "partner_directory"
    golden: ClassVar[str] = "partner_directory.csv"
