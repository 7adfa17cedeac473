"""Fixed access: DSL and fibre lines, Wi-Fi at home, television and calls over the line."""

from __future__ import annotations

import numpy as np

from cemlib.twin.assembly import Assembly, Part, register_part
from cemlib.twin.fixed import exports, lines, network
from cemlib.twin.fixed.declared import CABINETS, FIXED, HEADS, NODES, is_line

__all__ = ["FIXED", "exports", "lines", "network"]


def _lines_of(first: int, end: int) -> np.ndarray:
    customers = np.arange(first, end)
    return customers[is_line(customers)]


def _steps(assembly: Assembly) -> dict[str, tuple[int, int]]:
    days = assembly.plan.days
    return {"cabinet_day": (0, days), "node_hour": (0, days * 24), "head_hour": (0, days * 24), "line_day": (0, days)}


register_part("fixed", Part(
    FIXED, shared=lambda assembly: {"node": range(NODES), "cabinet": range(CABINETS), "head": range(HEADS)},
    entities=lambda assembly, first, end: {"line": _lines_of(first, end)}, steps=_steps,
    given=lambda assembly, first, end: {"line_block": np.full(len(_lines_of(first, end)), first)}))
