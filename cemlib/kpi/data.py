"""Data sessions: set-up, what the session felt like, and drops."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Distinct, Mean, Quantile, Ratio

_SESSION = "data session"
_FROM_MEMORY = "ETSI TS 102 250-2 (formula from memory, unverified)"


@kpi(table="data_session", unit="1", better=None, title="Data sessions", grain=_SESSION)
def data_session_attempt_count():
    """How many data sessions were tried.

    >>> work_example(data_session_attempt_count, is_success=[True, False])
    (2, 2, 2)
    """
    return Count()


@kpi(table="data_session", unit="ratio", better="higher", title="Data session set-up success", grain=_SESSION,
     standard="own; GSMA IR.42 names default EPS bearer activation success ratio (its formula not read)")
def data_session_setup_success_ratio():
    """Sessions that were set up, of all that were tried; a cause that accompanies success (GTPv2 18, 19) is a success.

    >>> work_example(data_session_setup_success_ratio, is_success=[True, True, True, True, False])
    (4, 5, 0.8)
    """
    return Ratio(num=col("is_success"))


@kpi(table="data_session", unit="s", better="lower", title="Data session set-up time, median", grain=_SESSION)
def data_session_setup_median():
    """Median time from request to answer of the sessions that were set up.

    >>> work_example(data_session_setup_median, is_success=[True, True, True, False], setup_s=[0.2, 0.3, 0.9, 20.0])
    (None, 3, 0.3)
    """
    return Quantile("setup_s", 0.5, where=col("is_success"))


@kpi(table="data_session", unit="s", better="lower", title="Data session set-up time, mean", grain=_SESSION)
def data_session_setup_mean():
    """Mean time from request to answer of the sessions that were set up; it adds up over any cells, which the median does not.

    >>> work_example(data_session_setup_mean, is_success=[True, True, False], setup_s=[0.2, 0.4, 20.0])
    (0.6, 2, 0.3)
    """
    return Mean("setup_s", where=col("is_success"))


@kpi(table="data_session", unit="ms", better="lower", title="TCP round trip, mean", grain=_SESSION, level="KQI")
def data_session_rtt_mean():
    """Mean over sessions of each session's median TCP round-trip time; it adds up over any cells, which the median does not.

    >>> work_example(data_session_rtt_mean, rtt_ms=[80.0, 120.0, None])
    (200, 2, 100)
    """
    return Mean("rtt_ms")


@kpi(table="data_session", unit="ms", better="lower", title="DNS time, median", grain=_SESSION, level="KQI")
def data_session_dns_median():
    """Median over sessions of each session's median DNS answer time.

    >>> work_example(data_session_dns_median, dns_ms=[40.0, 60.0, None])
    (None, 2, 50)
    """
    return Quantile("dns_ms", 0.5)


@kpi(table="data_session", unit="ms", better="lower", title="TCP round trip, median", grain=_SESSION, level="KQI")
def data_session_rtt_median():
    """Median over sessions of each session's median TCP round-trip time.

    >>> work_example(data_session_rtt_median, rtt_ms=[80.0, 120.0, 500.0])
    (None, 3, 120)
    """
    return Quantile("rtt_ms", 0.5)


@kpi(table="data_session", unit="Mbit/s", better="higher", title="Download throughput, median", grain=_SESSION, level="KQI",
     standard="own; mean data rate of a session as in " + _FROM_MEMORY)
def data_session_throughput_median():
    """Median over sessions of the download throughput while data flowed.

    >>> work_example(data_session_throughput_median, throughput_down_mbps=[4.0, 8.0, 30.0, 10.0])
    (None, 4, 9)
    """
    return Quantile("throughput_down_mbps", 0.5)


@kpi(table="data_session", unit="Mbit/s", better="higher", title="Download throughput, lowest tenth", grain=_SESSION, level="KQI")
def data_session_throughput_p10():
    """The download throughput that nine of ten sessions exceed: the bad moments, which an average hides.

    Of 1, 2 … 11 the tenth percentile is the second smallest:

    >>> work_example(data_session_throughput_p10, throughput_down_mbps=[float(one) for one in range(1, 12)])
    (None, 11, 2)
    """
    return Quantile("throughput_down_mbps", 0.1)


@kpi(table="data_session", unit="ratio", better="lower", title="Data session drops", grain=_SESSION,
     standard="session failure ratio as in " + _FROM_MEMORY)
def data_session_drop_ratio():
    """Sessions that ended unintentionally, of those that were set up and of which the end is known.

    >>> work_example(data_session_drop_ratio, is_success=[True, True, True, False], is_dropped=[False, True, None, None])
    (1, 2, 0.5)
    """
    return Ratio(num=col("is_dropped"), den=col("is_success") & ~col("is_dropped").is_null())


@kpi(table="data_session", unit="ratio", better="lower", title="TCP retransmissions, mean", grain=_SESSION)
def data_session_retransmission_mean():
    """Mean over sessions of each session's share of TCP segments that were sent again.

    >>> work_example(data_session_retransmission_mean, retransmission_ratio=[0.01, 0.03, None])
    (0.04, 2, 0.02)
    """
    return Mean("retransmission_ratio")


@kpi(table="data_session", unit="ratio", better="lower", title="Slow sessions (under 1 Mbit/s)", grain=_SESSION, level="KQI")
def data_session_slow_ratio():
    """Sessions with a download throughput below 1 Mbit/s, of those that have one; the limit is our own judgement.

    >>> work_example(data_session_slow_ratio, throughput_down_mbps=[0.5, 1.0, 20.0, None])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("throughput_down_mbps") < 1.0, den=~col("throughput_down_mbps").is_null())


@kpi(table="data_session", unit="subscriber", better=None, title="Data users", grain=_SESSION)
def data_session_user_count():
    """Different subscribers whose data session was set up.

    >>> work_example(data_session_user_count, subscriber_key=["a", "a", "b", "c"], is_success=[True, True, True, False])
    (2, 4, 2)
    """
    return Distinct("subscriber_key", where=col("is_success"))
