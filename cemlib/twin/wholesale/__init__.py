"""International and transit calls: carriers, routes, prefixes, rates, frauds."""

from __future__ import annotations

from cemlib.twin.assembly import Assembly, Part, register_part
from cemlib.twin.mobile import HISTORY_DAYS
from cemlib.twin.wholesale import calls, exports
from cemlib.twin.wholesale.declared import CARRIERS, DESTINATIONS, INLETS, WHOLESALE

__all__ = ["WHOLESALE", "calls", "exports"]


def _steps(assembly: Assembly) -> dict[str, tuple[int, int]]:
    hours = (0, assembly.plan.days * 24)
    return {"carrier_hour": hours, "inlet_hour": hours, "carrier_day": (-HISTORY_DAYS, assembly.plan.days)}


register_part("wholesale", Part(
    WHOLESALE, constants=lambda assembly: {"subscribers": assembly.plan.subscribers},
    shared=lambda assembly: {"carrier": range(len(CARRIERS)), "route": range(len(CARRIERS) * len(DESTINATIONS)), "inlet": range(len(INLETS))}, steps=_steps))
