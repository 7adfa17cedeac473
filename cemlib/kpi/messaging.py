"""Instant messaging over the internet."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Ratio

_SESSION = "messaging session"
_SLOW_S = 15.0


def _messaging():
    return col("service_code") == "messaging"


def _sent():
    return _messaging() & (col("result_code") == "success")


@kpi(table="media_session", unit="1", better=None, title="Messaging sessions", grain=_SESSION)
def messaging_session_attempt_count():
    """How many messaging sessions were tried.

    >>> work_example(messaging_session_attempt_count, service_code=["messaging", "web"])
    (1, 2, 1)
    """
    return Count(_messaging())


@kpi(table="media_session", unit="ratio", better="higher", title="Messaging success", level="KQI", grain=_SESSION,
     standard="own; ETSI TR 103 559 scores a social media success ratio (read in an implementation, not read in ETSI's text)")
def messaging_session_success_ratio():
    """Messaging sessions that got through, of all that were tried.

    >>> work_example(messaging_session_success_ratio, service_code=["messaging"] * 4, result_code=["success", "success", "success", "failure"])
    (3, 4, 0.75)
    """
    return Ratio(num=col("result_code") == "success", den=_messaging())


@kpi(table="media_session", unit="s", better="lower", title="Messaging send time, mean", level="KQI", grain=_SESSION)
def messaging_send_time_mean():
    """Mean time until the message was away, of the sessions that got through.

    >>> work_example(messaging_send_time_mean, service_code=["messaging"] * 2, result_code=["success"] * 2, setup_s=[0.5, 1.0])
    (1.5, 2, 0.75)
    """
    return Mean("setup_s", where=_sent())


@kpi(table="media_session", unit="ratio", better="lower", title="Slow messaging (over 15 s)", level="KQI", grain=_SESSION,
     standard="own; the limit of 15 s is that of ETSI TR 103 559 for social media (read in an implementation, not read in ETSI's text)")
def messaging_send_slow_ratio():
    """Messages that took longer than 15 s, of those that got through and of which the time is known.

    >>> work_example(messaging_send_slow_ratio, service_code=["messaging"] * 3, result_code=["success"] * 3, setup_s=[1.0, 16.0, None])
    (1, 2, 0.5)
    """
    return Ratio(num=col("setup_s") > _SLOW_S, den=_sent() & ~col("setup_s").is_null())
