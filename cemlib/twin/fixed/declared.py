"""Fixed access: cabinets and access nodes that lines share, the lines of customers, their days, television and calls."""

from __future__ import annotations

from cemlib.twin.scm import Domain
from cemlib.twin.season import DAY_MS, HOUR_MS

__all__ = ["CABINETS", "FIXED", "HEADS", "NODES", "TECHNOLOGIES", "is_line"]

#: Access nodes, cabinets (or optical splitters) below them, and the servers of television.
NODES, CABINETS, HEADS = 48, 480, 3
TECHNOLOGIES = ("adsl", "vdsl", "ftth")

FIXED = Domain("fixed", constants=["world", "geography", "days", "hour_season", "people"], needs=["mobile"])
FIXED.entities("node", is_shared=True)
FIXED.entities("cabinet", is_shared=True)
FIXED.steps("cabinet_day", of="cabinet", step_ms=DAY_MS, is_shared=True)
FIXED.steps("node_hour", of="node", step_ms=HOUR_MS, is_shared=True)
FIXED.entities("head", is_shared=True)
FIXED.steps("head_hour", of="head", step_ms=HOUR_MS, is_shared=True)
FIXED.entities("line")
FIXED.steps("line_day", of="line", step_ms=DAY_MS)
FIXED.events("watch", of="line_day", count="watch_count", clock="watch_at")
FIXED.events("fixed_call", of="line_day", count="fixed_call_count", clock="fixed_call_at")


def is_line(customer):
    """Which customers have a fixed line with us too: two of five."""
    return (customer % 5 == 0) | (customer % 5 == 2)
