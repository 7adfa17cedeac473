"""Worked examples: a KPI on a handful of records, for the docstrings of the KPIs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cemlib.kpi.parts import Part

__all__ = ["work_example"]


def work_example(function: Callable[[], Part], **columns: Sequence[Any]) -> tuple[float | None, int, float | None]:
    """num, den and value of a KPI on records given column by column; missing figures are None.

    Examples
    --------
    >>> from cemlib.kpi.roaming import roaming_registration_success_ratio
    >>> work_example(roaming_registration_success_ratio, is_success=[True, True, True, False])
    (3, 4, 0.75)
    """
    from cemlib.kpi.in_memory import evaluate_frame

    row = evaluate_frame(columns, function.__name__).iloc[0]
    num, value = (None if one != one else int(one) if float(one).is_integer() else round(float(one), 6)
                  for one in (row["num"], row["value"]))
    return num, int(row["den"]), value
