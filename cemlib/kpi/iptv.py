"""Television over the fixed line: channel change, freezes, success."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Ratio, SumRatio

_VIEW = "viewing of one channel"
_SLOW_S = 2.0


def _television():
    return col("service_code") == "iptv"


def _watched():
    return _television() & (col("result_code") == "success")


@kpi(table="media_session", unit="1", better=None, title="Channels watched", grain=_VIEW)
def iptv_channel_tuned_count():
    """How many times a channel was tuned to.

    >>> work_example(iptv_channel_tuned_count, service_code=["iptv", "iptv", "web"])
    (2, 3, 2)
    """
    return Count(_television())


@kpi(table="media_session", unit="ratio", better="higher", title="Channel tuning success", level="KQI", grain=_VIEW)
def iptv_channel_success_ratio():
    """Times that a tuned channel came, of all.

    >>> work_example(iptv_channel_success_ratio, service_code=["iptv"] * 4, result_code=["success", "failure", "success", "success"])
    (3, 4, 0.75)
    """
    return Ratio(num=col("result_code") == "success", den=_television())


@kpi(table="media_session", unit="s", better="lower", title="Channel change time, mean", level="KQI", grain=_VIEW)
def iptv_zap_time_mean():
    """Mean time from the key to the picture.

    >>> work_example(iptv_zap_time_mean, service_code=["iptv"] * 2, result_code=["success"] * 2, setup_s=[0.5, 1.5])
    (2, 2, 1)
    """
    return Mean("setup_s", where=_watched())


@kpi(table="media_session", unit="ratio", better="lower", title="Slow channel changes (over 2 s)", level="KQI", grain=_VIEW)
def iptv_zap_slow_ratio():
    """Channel changes of more than 2 s, of those of which the time is known; the limit is our own judgement.

    >>> work_example(iptv_zap_slow_ratio, service_code=["iptv"] * 4, result_code=["success"] * 4, setup_s=[0.5, 2.0, 2.1, 3.0])
    (2, 4, 0.5)
    """
    return Ratio(num=col("setup_s") > _SLOW_S, den=_watched() & ~col("setup_s").is_null())


@kpi(table="media_session", unit="ratio", better="higher", title="Viewings without a freeze", level="KQI", grain=_VIEW)
def iptv_freeze_free_ratio():
    """Viewings in which the picture never froze, of those of which it is known.

    >>> work_example(iptv_freeze_free_ratio, service_code=["iptv"] * 3, result_code=["success"] * 3, stall_s=[0.0, 0.4, None])
    (1, 2, 0.5)
    """
    return Ratio(num=col("stall_s") == 0, den=_watched() & ~col("stall_s").is_null())


@kpi(table="media_session", unit="ratio", better="lower", title="Time frozen", level="KQI", grain=_VIEW)
def iptv_freeze_time_ratio():
    """Time frozen, of the whole time watched: a ratio of sums.

    9 s of 900 s:

    >>> work_example(iptv_freeze_time_ratio, service_code=["iptv"] * 2, result_code=["success"] * 2, stall_s=[0.0, 9.0], duration_s=[300.0, 600.0])
    (9, 900, 0.01)
    """
    return SumRatio("stall_s", "duration_s", _watched(), _watched(), errors="linearised", den_resolution=1.0)
