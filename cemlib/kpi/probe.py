"""Active tests of roaming partners."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Ratio

_STEP = "step of an active test"


def _active():
    return (col("observation_code") == "active") & ~col("is_success").is_null()


@kpi(table="probe_test", unit="1", better=None, title="Probe steps", grain=_STEP)
def probe_step_attempt_count():
    """How many steps of active tests were tried.

    >>> work_example(probe_step_attempt_count, observation_code=["active", "device"], is_success=[True, None])
    (1, 2, 1)
    """
    return Count(_active())


@kpi(table="probe_test", unit="ratio", better="higher", title="Probe success", grain=_STEP)
def probe_step_success_ratio():
    """Steps of active tests that succeeded, of those that were tried and have a result.

    >>> work_example(probe_step_success_ratio, observation_code=["active", "active", "active", "device"],
    ...              is_success=[True, False, None, True])
    (1, 2, 0.5)
    """
    return Ratio(num=col("is_success"), den=_active())


@kpi(table="probe_test", unit="s", better="lower", title="Probe step time, mean", grain=_STEP)
def probe_step_time_mean():
    """Mean time of the steps of active tests that succeeded.

    >>> work_example(probe_step_time_mean, observation_code=["active"] * 3, is_success=[True, True, False], setup_s=[0.5, 1.5, 30.0])
    (2, 2, 1)
    """
    return Mean("setup_s", where=_active() & col("is_success"))
