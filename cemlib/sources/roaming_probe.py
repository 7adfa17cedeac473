"""Active probes of roaming partners: one record a step of a test."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from cemlib.sources.mapped import MappedSource

__all__ = ["RoamingProbe"]


class RoamingProbe(MappedSource):
    """Steps of active tests from a partner's network, into ``probe_test``.

    Examples
    --------
    >>> RoamingProbe("incoming").default_tables
    ('probe_test',)
    """

    code: ClassVar[str] = "roaming_probe"
    default_tables: ClassVar[tuple[str, ...]] = ("probe_test",)
    mapping_name: ClassVar[str] = "roaming_probe"
    golden: ClassVar[str] = "roaming_probe.csv"

    def complete(self, found: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """Add the method of the MOS."""
        method = pc.if_else(pc.is_valid(found["mos_value"]), "g107_nb", pa.scalar(None, pa.string()))
        return {**found, "mos_method_code": method}
