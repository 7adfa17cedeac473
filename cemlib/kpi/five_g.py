"""5G: registration, PDU sessions, and what the sessions feel like."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Quantile, Ratio

_TRY = "procedure of mobility or session management in 5G"
_SESSION = "data session in 5G"
_TS_28554 = "3GPP TS 28.554 clause 6.2.3 registration success rate (the page was read, its equation not read: an image)"


def _tried(procedure: str):
    return (col("rat_code") == "5g") & (col("procedure_code") == procedure)


def _session():
    return col("rat_code") == "5g"


@kpi(table="registration", unit="1", better=None, title="5G registration attempts", grain=_TRY)
def five_g_registration_attempt_count():
    """How many registrations in 5G were tried.

    >>> work_example(five_g_registration_attempt_count, rat_code=["5g", "5g", "4g"], procedure_code=["registration", "session", "attach"])
    (1, 3, 1)
    """
    return Count(_tried("registration"))


@kpi(table="registration", unit="ratio", better="higher", title="5G registration success", grain=_TRY, standard=_TS_28554)
def five_g_registration_success_ratio():
    """Registrations in 5G that succeeded, of all.

    >>> work_example(five_g_registration_success_ratio, rat_code=["5g"] * 4, procedure_code=["registration"] * 4, is_success=[True, True, True, False])
    (3, 4, 0.75)
    """
    return Ratio(num=col("is_success"), den=_tried("registration"))


@kpi(table="registration", unit="s", better="lower", title="5G registration time, mean", grain=_TRY)
def five_g_registration_time_mean():
    """Mean time from request to answer of the registrations in 5G that succeeded.

    >>> work_example(five_g_registration_time_mean, rat_code=["5g"] * 2, procedure_code=["registration"] * 2, is_success=[True, True], setup_s=[0.2, 0.4])
    (0.6, 2, 0.3)
    """
    return Mean("setup_s", where=_tried("registration") & col("is_success"))


@kpi(table="registration", unit="ratio", better="higher", title="PDU session set-up success", grain=_TRY,
     standard="own, from single requests; 3GPP counts SM.PduSessionCreationReq and its successes (read in an implementation)")
def five_g_pdu_session_success_ratio():
    """Requests for a PDU session that succeeded, of all.

    >>> work_example(five_g_pdu_session_success_ratio, rat_code=["5g"] * 4 + ["4g"], procedure_code=["session"] * 5, is_success=[True, True, True, False, False])
    (3, 4, 0.75)
    """
    return Ratio(num=col("is_success"), den=_tried("session"))


@kpi(table="registration", unit="s", better="lower", title="PDU session set-up time, mean", grain=_TRY)
def five_g_pdu_session_time_mean():
    """Mean time from request to answer of the PDU sessions that were set up.

    >>> work_example(five_g_pdu_session_time_mean, rat_code=["5g"] * 2, procedure_code=["session"] * 2, is_success=[True, False], setup_s=[0.15, 10.0])
    (0.15, 1, 0.15)
    """
    return Mean("setup_s", where=_tried("session") & col("is_success"))


@kpi(table="data_session", unit="ratio", better="lower", title="5G session drops", grain=_SESSION, level="KQI",
     standard="own; 3GPP TS 28.554 clause 6.5.1 counts releases per second of activity instead (the page was read, its equation not read)")
def five_g_session_drop_ratio():
    """Data sessions in 5G that ended unintentionally, of those that were set up and of which the end is known.

    >>> work_example(five_g_session_drop_ratio, rat_code=["5g", "5g", "4g"], is_success=[True] * 3, is_dropped=[True, False, True])
    (1, 2, 0.5)
    """
    return Ratio(num=col("is_dropped"), den=_session() & col("is_success") & ~col("is_dropped").is_null())


@kpi(table="data_session", unit="Mbit/s", better="higher", title="5G download throughput, median", grain=_SESSION, level="KQI")
def five_g_throughput_down_median():
    """Median over sessions in 5G of the download throughput while data flowed.

    >>> work_example(five_g_throughput_down_median, rat_code=["5g", "5g", "5g", "4g"], throughput_down_mbps=[90.0, 120.0, 300.0, 5.0])
    (None, 3, 120)
    """
    return Quantile("throughput_down_mbps", 0.5, where=_session())
