"""Speed tests of any shape, through a mapping file."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa

from cemlib.sources.mapped import MappedSource

__all__ = ["SpeedTest"]


class SpeedTest(MappedSource):
    """Speed tests on customers' devices, into ``probe_test`` (service ``speed``).

    Without ``mapping`` the file is the demo operator's. ``event_time`` is for files whose records have no time.

    Examples
    --------
    >>> SpeedTest("4G.csv", mapping="mobile_bandwidth_4g").code
    'mobile_bandwidth_4g'
    """

    code: ClassVar[str] = "speed_test"
    default_tables: ClassVar[tuple[str, ...]] = ("probe_test",)
    mapping_name: ClassVar[str] = "demo_speed_test"
    golden: ClassVar[str] = "speed_test.csv"

    def complete(self, found: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """A test without an id of its own is named by its record."""
        return found if "test_id" in found else {**found, "test_id": found["record_id"]}
