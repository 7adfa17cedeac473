"""The device catalogue: maker, model and abilities by type allocation code."""

from __future__ import annotations

from typing import ClassVar

from cemlib.sources.mapped import MappedSource

__all__ = ["DeviceCatalogue"]


class DeviceCatalogue(MappedSource):
    """Device models by TAC, into ``device_model``; they hold from always, as the file has no date.

    Examples
    --------
    >>> DeviceCatalogue("incoming").default_tables
    ('device_model',)
    """

    code: ClassVar[str] = "device_catalogue"
    default_tables: ClassVar[tuple[str, ...]] = ("device_model",)
    mapping_name: ClassVar[str] = "device_catalogue"
    golden: ClassVar[str] = "device_catalogue.csv"
