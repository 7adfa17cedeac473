"""Web pages: sessions of a browser as the network saw them."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Quantile, Ratio

_PAGE = "web session"
_SLOW_S = 6.0


def _web():
    return col("service_code") == "web"


def _shown():
    return _web() & (col("result_code") == "success")


@kpi(table="media_session", unit="1", better=None, title="Web sessions", grain=_PAGE)
def web_session_attempt_count():
    """How many web sessions were tried.

    >>> work_example(web_session_attempt_count, service_code=["web", "web", "video"])
    (2, 3, 2)
    """
    return Count(_web())


@kpi(table="media_session", unit="ratio", better="higher", title="Web session success", level="KQI", grain=_PAGE,
     standard="own; ETSI TR 103 559 scores a browsing success ratio (read in an implementation, not read in ETSI's text)")
def web_session_success_ratio():
    """Web sessions whose page came, of all that were tried; a time-out is a failure.

    >>> work_example(web_session_success_ratio, service_code=["web"] * 4 + ["video"], result_code=["success", "success", "failure", "timeout", "failure"])
    (2, 4, 0.5)
    """
    return Ratio(num=col("result_code") == "success", den=_web())


@kpi(table="media_session", unit="s", better="lower", title="Page load time, mean", level="KQI", grain=_PAGE,
     standard="own; ETSI TR 103 559 scores the mean browsing duration (read in an implementation, not read in ETSI's text)")
def web_page_load_mean():
    """Mean time until the page was there, of the sessions that succeeded.

    >>> work_example(web_page_load_mean, service_code=["web"] * 3, result_code=["success", "success", "timeout"], setup_s=[1.5, 2.5, 30.0])
    (4, 2, 2)
    """
    return Mean("setup_s", where=_shown())


@kpi(table="media_session", unit="s", better="lower", title="Page load time, median", level="KQI", grain=_PAGE)
def web_page_load_median():
    """Time within which half of the pages were there.

    >>> work_example(web_page_load_median, service_code=["web"] * 3, result_code=["success"] * 3, setup_s=[1.0, 1.5, 9.0])
    (None, 3, 1.5)
    """
    return Quantile("setup_s", 0.5, where=_shown())


@kpi(table="media_session", unit="ratio", better="lower", title="Slow pages (over 6 s)", level="KQI", grain=_PAGE,
     standard="own; the limit of 6 s is that of ETSI TR 103 559 (read in an implementation, not read in ETSI's text)")
def web_page_slow_ratio():
    """Pages that took longer than 6 s, of those that came and of which the time is known.

    >>> work_example(web_page_slow_ratio, service_code=["web"] * 4, result_code=["success", "success", "success", "timeout"], setup_s=[1.0, 6.0, 6.5, 30.0])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("setup_s") > _SLOW_S, den=_shown() & ~col("setup_s").is_null())
