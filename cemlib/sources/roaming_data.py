"""Roaming data sessions: set-up, DNS, round-trip time, throughput and volume."""

from __future__ import annotations

from typing import ClassVar

from cemlib.sources.mapped import MappedSource

__all__ = ["RoamingData"]


class RoamingData(MappedSource):
    """Data session records (Parquet or CSV), into ``data_session``.

    Examples
    --------
    >>> RoamingData("incoming").default_tables
    ('data_session',)
    """

    code: ClassVar[str] = "roaming_data"
    default_tables: ClassVar[tuple[str, ...]] = ("data_session",)
    mapping_name: ClassVar[str] = "roaming_data"
    golden: ClassVar[str] = "roaming_data.csv"
