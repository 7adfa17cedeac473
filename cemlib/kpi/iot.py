"""Things on NB-IoT: reports that were due, their delay, coverage. No 3GPP text defines such KPIs: all are our own."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Distinct, Mean, Quantile, Ratio

_REPORT = "report that was due"
_LATE_S = 10.0
_OWN = "own; 10 s is the delay that 3GPP aims at in extreme coverage (a page about it was read, the text not read)"


@kpi(table="iot_report", unit="1", better=None, title="Reports due", grain=_REPORT)
def iot_report_due_count():
    """How many reports were due.

    >>> work_example(iot_report_due_count, delivery_s=[1.0, None])
    (2, 2, 2)
    """
    return Count()


@kpi(table="iot_report", unit="ratio", better="higher", title="Report delivery", level="KQI", grain=_REPORT)
def iot_report_delivery_ratio():
    """Reports that arrived, of those that were due.

    >>> work_example(iot_report_delivery_ratio, delivered_at=["2026-03-01T10:00:05", None, "2026-03-01T11:00:05", "2026-03-01T12:00:05"])
    (3, 4, 0.75)
    """
    return Ratio(num=~col("delivered_at").is_null())


@kpi(table="iot_report", unit="ratio", better="higher", title="Reports in time (within 10 s)", level="KQI", grain=_REPORT, standard=_OWN)
def iot_report_timely_ratio():
    """Reports that arrived within 10 s after they were due, of all that were due: one that never came was not in time.

    >>> work_example(iot_report_timely_ratio, delivery_s=[2.0, 10.0, 11.0, None])
    (2, 4, 0.5)
    """
    return Ratio(num=col("delivery_s") <= _LATE_S)


@kpi(table="iot_report", unit="s", better="lower", title="Report delay, mean", grain=_REPORT)
def iot_report_delay_mean():
    """Mean time from when a report was due to its arrival, of those that arrived.

    >>> work_example(iot_report_delay_mean, delivery_s=[2.0, 4.0, None])
    (6, 2, 3)
    """
    return Mean("delivery_s", resolution=0.001)


@kpi(table="iot_report", unit="s", better="lower", title="Report delay, 95 % quantile", level="KQI", grain=_REPORT, standard=_OWN)
def iot_report_delay_p95():
    """The delay that one report of twenty exceeds.

    Of 0, 1 … 20 s:

    >>> work_example(iot_report_delay_p95, delivery_s=[float(one) for one in range(21)])
    (None, 21, 19)
    """
    return Quantile("delivery_s", 0.95)


@kpi(table="iot_report", unit="subscriber", better=None, title="Things due", grain=_REPORT)
def iot_thing_due_count():
    """Different things of which a report was due.

    >>> work_example(iot_thing_due_count, subscriber_key=["a", "a", "b"])
    (2, 3, 2)
    """
    return Distinct("subscriber_key")


@kpi(table="iot_report", unit="subscriber", better="higher", title="Things heard of", grain=_REPORT)
def iot_thing_heard_count():
    """Different things of which a report arrived; those that were due and not heard of are silent.

    >>> work_example(iot_thing_heard_count, subscriber_key=["a", "a", "b"], delivered_at=["2026-03-01T10:00:05", None, None])
    (1, 3, 1)
    """
    return Distinct("subscriber_key", where=~col("delivered_at").is_null())


@kpi(table="iot_report", unit="ratio", better="lower", title="Reports from extreme coverage (level 2)", grain=_REPORT,
     standard="own; coverage enhancement level 2 stands for a coupling loss of up to 164 dB (a page about it was read, the text not read)")
def iot_coverage_extreme_ratio():
    """Reports at coverage enhancement level 2, of those whose level is known: many repetitions, so slow and hard on the battery.

    >>> work_example(iot_coverage_extreme_ratio, coverage_level_code=["0", "2", "1", None])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("coverage_level_code") == "2", den=~col("coverage_level_code").is_null())


@kpi(table="iot_report", unit="dBm", better="higher", title="Received power of things, mean", grain=_REPORT)
def iot_coverage_rsrp_mean():
    """Mean of the reported RSRP, in dBm as it is reported: a mean of decibels, not of power.

    >>> work_example(iot_coverage_rsrp_mean, rsrp_dbm=[-110.0, -120.0, None])
    (-230, 2, -115)
    """
    return Mean("rsrp_dbm")


@kpi(table="registration", unit="ratio", better="higher", title="NB-IoT registration success", grain="registration attempt on NB-IoT")
def iot_registration_success_ratio():
    """Registrations on NB-IoT that succeeded, of all.

    >>> work_example(iot_registration_success_ratio, rat_code=["nbiot", "nbiot", "4g"], is_success=[True, False, False])
    (1, 2, 0.5)
    """
    return Ratio(num=col("is_success"), den=col("rat_code") == "nbiot")
