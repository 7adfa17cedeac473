"""The network's own counters, alarms and outages: accessibility, retainability, availability (3GPP TS 32.450)."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Quantile, Ratio, SumRatio

_COUNTER = "resource x period x counter"
_OUTAGE, _ALARM = "outage", "alarm"
_TARGET_S = 4 * 3600.0


def _counted(code: str):
    """The values of a counter that the source does not mark as suspect."""
    return (col("counter_code") == code) & ~(col("is_suspect") & ~col("is_suspect").is_null())


def _of_attempts(succeeded: str, attempted: str) -> SumRatio:
    return SumRatio("counter_value", "counter_value", _counted(succeeded), _counted(attempted), errors="wilson", num_resolution=1.0, den_resolution=1.0)


@kpi(table="counter", unit="ratio", better="higher", title="RRC connection establishment success", grain=_COUNTER,
     standard="3GPP TS 32.450 accessibility A1, its first factor")
def network_rrc_success_ratio():
    """RRC connections that were established, of all attempts: a ratio of sums over cells and periods.

    297 of 300; a suspect value (last) counts nowhere:

    >>> work_example(network_rrc_success_ratio, counter_code=["RRC.ConnEstabAtt", "RRC.ConnEstabSucc"] * 2 + ["RRC.ConnEstabAtt"],
    ...              counter_value=[100.0, 99.0, 200.0, 198.0, 900.0], is_suspect=[False] * 4 + [True])
    (297, 300, 0.99)
    """
    return _of_attempts("RRC.ConnEstabSucc", "RRC.ConnEstabAtt")


@kpi(table="counter", unit="ratio", better="higher", title="S1 signalling connection success", grain=_COUNTER,
     standard="3GPP TS 32.450 accessibility A1, its second factor")
def network_s1_success_ratio():
    """S1 signalling connections that were established, of all attempts: a ratio of sums.

    >>> work_example(network_s1_success_ratio, counter_code=["S1SIG.ConnEstabAtt", "S1SIG.ConnEstabSucc"], counter_value=[200.0, 198.0], is_suspect=[None, None])
    (198, 200, 0.99)
    """
    return _of_attempts("S1SIG.ConnEstabSucc", "S1SIG.ConnEstabAtt")


@kpi(table="counter", unit="ratio", better="higher", title="Initial E-RAB establishment success", grain=_COUNTER,
     standard="3GPP TS 32.450 accessibility A1, its third factor")
def network_erab_success_ratio():
    """Initial E-RABs that were established, of all attempts: a ratio of sums.

    >>> work_example(network_erab_success_ratio, counter_code=["ERAB.EstabInitAttNbr", "ERAB.EstabInitSuccNbr"], counter_value=[50.0, 48.0], is_suspect=[False, False])
    (48, 50, 0.96)
    """
    return _of_attempts("ERAB.EstabInitSuccNbr", "ERAB.EstabInitAttNbr")


@kpi(table="counter", unit="ratio", better="higher", title="Handover execution success", grain=_COUNTER,
     standard="3GPP TS 32.450 mobility, its factor of execution")
def network_handover_execution_ratio():
    """Handovers that were executed, of all attempts: a ratio of sums.

    >>> work_example(network_handover_execution_ratio, counter_code=["HO.ExeAtt", "HO.ExeSucc"], counter_value=[400.0, 390.0], is_suspect=[False, False])
    (390, 400, 0.975)
    """
    return _of_attempts("HO.ExeSucc", "HO.ExeAtt")


@kpi(table="counter", unit="1/h", better="lower", title="Abnormal releases per hour of session", grain=_COUNTER,
     standard="3GPP TS 32.450 retainability R2, per hour instead of per second")
def network_erab_release_rate():
    """Abnormal releases of active E-RABs, for each hour that users had a session.

    4 in 7,200 s are 2 per hour:

    >>> work_example(network_erab_release_rate, counter_code=["ERAB.RelActNbr", "ERAB.SessionTimeUE"], counter_value=[4.0, 7200.0], is_suspect=[False, False])
    (4, 7200, 2)
    """
    return SumRatio("counter_value", "counter_value", _counted("ERAB.RelActNbr"), _counted("ERAB.SessionTimeUE"), errors="poisson_rate", num_resolution=1.0,
                    den_resolution=1.0, scale=3600.0)


@kpi(table="counter", unit="ratio", better="higher", title="Cell availability", grain=_COUNTER, standard="3GPP TS 32.450 availability")
def network_cell_availability_ratio():
    """Time in which cells were available, of all measured time: a ratio of sums.

    36 of 3,600 s were lost:

    >>> work_example(network_cell_availability_ratio, counter_code=["RRU.CellUnavailableTime"] * 4, counter_value=[0.0, 0.0, 36.0, 0.0], period_s=[900] * 4,
    ...              is_suspect=[False] * 4)
    (3564, 3600, 0.99)
    """
    unavailable = _counted("RRU.CellUnavailableTime")
    return SumRatio("counter_value", "period_s", unavailable, unavailable, errors="linearised", num_resolution=0.001, is_complement=True)


@kpi(table="counter", unit="ratio", better="lower", title="Load of the radio blocks, mean", grain=_COUNTER,
     standard="own; 3GPP's counter RRU.PrbTotDl in per cent")
def network_cell_load_mean():
    """Mean share of the physical resource blocks that were in use downlink.

    >>> work_example(network_cell_load_mean, counter_code=["RRU.PrbTotDl"] * 2, counter_value=[40.0, 80.0], is_suspect=[False, False])
    (120, 2, 0.6)
    """
    return Mean("counter_value", where=_counted("RRU.PrbTotDl"), resolution=0.01, scale=0.01)


@kpi(table="counter", unit="ratio", better="lower", title="Suspect counter values", grain=_COUNTER)
def network_counter_suspect_ratio():
    """Values that their source marks as suspect, of all of which it says anything; they count in no other figure.

    >>> work_example(network_counter_suspect_ratio, is_suspect=[False, False, True, None])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("is_suspect"), den=~col("is_suspect").is_null())


@kpi(table="alarm", unit="1", better="lower", title="Alarms", grain=_ALARM)
def network_alarm_opened_count():
    """How many alarms were raised.

    >>> work_example(network_alarm_opened_count, severity_code=["critical", "minor"])
    (2, 2, 2)
    """
    return Count()


@kpi(table="alarm", unit="ratio", better="lower", title="Critical alarms", grain=_ALARM)
def network_alarm_critical_ratio():
    """Alarms of the severity critical, of all whose severity is known.

    >>> work_example(network_alarm_critical_ratio, severity_code=["critical", "minor", "major", None])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("severity_code") == "critical", den=~col("severity_code").is_null())


@kpi(table="alarm", unit="s", better="lower", title="Time to clear an alarm, mean", grain=_ALARM)
def network_alarm_clear_mean():
    """Mean time from raising to clearing, of the alarms that were cleared.

    >>> work_example(network_alarm_clear_mean, duration_s=[600.0, 1200.0, None])
    (1800, 2, 900)
    """
    return Mean("duration_s", resolution=1.0)


@kpi(table="outage", unit="1", better="lower", title="Outages", grain=_OUTAGE)
def network_outage_opened_count():
    """How many outages there were.

    >>> work_example(network_outage_opened_count, severity_code=["critical", "minor"])
    (2, 2, 2)
    """
    return Count()


@kpi(table="outage", unit="s", better="lower", title="Time to restore (MTTR)", grain=_OUTAGE,
     standard="own; mean time to restore of reliability engineering, A = MTBF / (MTBF + MTTR)")
def network_outage_restore_mean():
    """Mean time from the beginning of an outage to its end, of those that ended.

    >>> work_example(network_outage_restore_mean, duration_s=[3600.0, 7200.0, None])
    (10800, 2, 5400)
    """
    return Mean("duration_s", resolution=1.0)


@kpi(table="outage", unit="s", better="lower", title="Time to restore, 90 % quantile", grain=_OUTAGE)
def network_outage_restore_p90():
    """The time that one outage of ten takes longer to restore.

    Of 0, 100 … 1,000 s:

    >>> work_example(network_outage_restore_p90, duration_s=[100.0 * one for one in range(11)])
    (None, 11, 900)
    """
    return Quantile("duration_s", 0.9)
