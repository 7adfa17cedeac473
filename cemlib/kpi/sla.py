"""Promises: what was restored or solved within the time that is usual in service level agreements."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Ratio

_RESTORE_S = 4 * 3600.0
_SOLVE_S = 24 * 3600.0
_OWN = "own; the limit is a usual one, an agreement's own stands in sla_term"


@kpi(table="outage", unit="ratio", better="higher", title="Outages restored within 4 h", level="KQI", grain="outage", standard=_OWN)
def sla_outage_restored_ratio():
    """Outages that were over within 4 hours, of all of which the end is known.

    >>> work_example(sla_outage_restored_ratio, duration_s=[600.0, 14400.0, 20000.0, None])
    (2, 3, 0.666667)
    """
    return Ratio(num=col("duration_s") <= _RESTORE_S, den=~col("duration_s").is_null())


@kpi(table="ticket", unit="ratio", better="higher", title="Tickets solved within 24 h", level="KQI", grain="ticket", standard=_OWN)
def sla_ticket_solved_ratio():
    """Tickets that were closed within 24 hours, of all that were closed. Tickets that are still open count nowhere: read it for past months.

    >>> work_example(sla_ticket_solved_ratio, duration_s=[3600.0, 86400.0, 90000.0, None])
    (2, 3, 0.666667)
    """
    return Ratio(num=col("duration_s") <= _SOLVE_S, den=~col("duration_s").is_null())
