"""Roaming voice calls: one record a leg of a call, with its times, cause and quality."""

from __future__ import annotations

from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from cemlib.sources.mapped import MappedSource, seconds_between

__all__ = ["RoamingVoice"]


class RoamingVoice(MappedSource):
    """Legs of voice calls, into ``voice_call``; the set-up time ends with alerting (ETSI TS 102 250-2).

    Examples
    --------
    >>> RoamingVoice("incoming").default_tables
    ('voice_call',)
    """

    code: ClassVar[str] = "roaming_voice"
    default_tables: ClassVar[tuple[str, ...]] = ("voice_call",)
    mapping_name: ClassVar[str] = "roaming_voice"
    golden: ClassVar[str] = "roaming_voice.csv"

    def complete(self, found: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """Add the set-up time and the method of the MOS."""
        method = pc.if_else(pc.is_valid(found["mos_value"]), "g107_nb", pa.scalar(None, pa.string()))
        return {**found, "setup_s": seconds_between(found["started_at"], found["alerting_at"]), "mos_method_code": method}
