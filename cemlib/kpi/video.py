"""Video streams on mobile access: start, stalls, success."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Ratio, SumRatio

_STREAM = "video session"
_SLOW_S = 10.0


def _video():
    return col("service_code") == "video"


def _played():
    return _video() & (col("result_code") == "success")


@kpi(table="media_session", unit="1", better=None, title="Video sessions", grain=_STREAM)
def video_session_attempt_count():
    """How many video sessions were tried.

    >>> work_example(video_session_attempt_count, service_code=["video", "web"])
    (1, 2, 1)
    """
    return Count(_video())


@kpi(table="media_session", unit="ratio", better="higher", title="Video session success", level="KQI", grain=_STREAM,
     standard="own; ETSI TR 103 559 scores a streaming success ratio (read in an implementation, not read in ETSI's text)")
def video_session_success_ratio():
    """Video sessions that played, of all that were tried.

    >>> work_example(video_session_success_ratio, service_code=["video"] * 4, result_code=["success", "success", "success", "timeout"])
    (3, 4, 0.75)
    """
    return Ratio(num=col("result_code") == "success", den=_video())


@kpi(table="media_session", unit="s", better="lower", title="Video start time, mean", level="KQI", grain=_STREAM,
     standard="own; ETSI TR 103 559 scores the mean set-up time of a stream (read in an implementation, not read in ETSI's text)")
def video_start_time_mean():
    """Mean time from the request to the first picture, of the sessions that played.

    >>> work_example(video_start_time_mean, service_code=["video"] * 3, result_code=["success", "success", "timeout"], setup_s=[1.0, 2.0, 30.0])
    (3, 2, 1.5)
    """
    return Mean("setup_s", where=_played())


@kpi(table="media_session", unit="ratio", better="lower", title="Slow video starts (over 10 s)", level="KQI", grain=_STREAM,
     standard="own; the limit of 10 s is that of ETSI TR 103 559 (read in an implementation, not read in ETSI's text)")
def video_start_slow_ratio():
    """Videos that took longer than 10 s to start, of those that played and of which the time is known.

    >>> work_example(video_start_slow_ratio, service_code=["video"] * 3, result_code=["success"] * 3, setup_s=[2.0, 10.0, 12.0])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("setup_s") > _SLOW_S, den=_played() & ~col("setup_s").is_null())


@kpi(table="media_session", unit="ratio", better="higher", title="Videos without a stall", level="KQI", grain=_STREAM)
def video_stall_free_ratio():
    """Videos that never stood still, of those that played and of which the stalls are known.

    >>> work_example(video_stall_free_ratio, service_code=["video"] * 4, result_code=["success"] * 4, stall_s=[0.0, 0.0, 3.2, None])
    (2, 3, 0.666667)
    """
    return Ratio(num=col("stall_s") == 0, den=_played() & ~col("stall_s").is_null())


@kpi(table="media_session", unit="ratio", better="lower", title="Time stalled", level="KQI", grain=_STREAM)
def video_stall_time_ratio():
    """Time stalled, of the whole time of the videos that played: a ratio of sums, so that a long video weighs more than a short one.

    6 s of 60 s:

    >>> work_example(video_stall_time_ratio, service_code=["video"] * 3, result_code=["success"] * 3, stall_s=[0.0, 1.5, 4.5], duration_s=[10.0, 20.0, 30.0])
    (6, 60, 0.1)
    """
    return SumRatio("stall_s", "duration_s", _played(), _played(), errors="linearised", den_resolution=1.0)
