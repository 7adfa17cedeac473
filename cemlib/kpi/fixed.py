"""Fixed access: DSL and fibre lines as they measure themselves (objects of Broadband Forum TR-181)."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Distinct, Mean, Quantile, Ratio, SumRatio

_LINE = "line x measured period"
_TR181 = "own; quantities of Broadband Forum TR-181"
_MARGIN_DB = 6.0
_GPON_DBM = -27.0


@kpi(table="line_measurement", unit="1", better=None, title="Lines measured", grain=_LINE)
def fixed_line_measured_count():
    """Different lines that reported.

    >>> work_example(fixed_line_measured_count, line_key=["a", "a", "b"])
    (2, 3, 2)
    """
    return Distinct("line_key")


@kpi(table="line_measurement", unit="kbit/s", better="higher", title="Synchronised download rate, median", grain=_LINE, standard=_TR181)
def fixed_line_sync_median():
    """The synchronised download rate that half of the lines exceed.

    >>> work_example(fixed_line_sync_median, sync_down_kbps=[8000, 16000, 100000])
    (None, 3, 16000)
    """
    return Quantile("sync_down_kbps", 0.5)


@kpi(table="line_measurement", unit="ratio", better="higher", title="Use of the attainable rate", grain=_LINE, standard=_TR181)
def fixed_line_attained_ratio():
    """Synchronised rate, of the rate that the lines could do: a ratio of sums.

    24 of 32 Mbit/s:

    >>> work_example(fixed_line_attained_ratio, sync_down_kbps=[16000, 8000, 5000], attainable_down_kbps=[20000, 12000, None])
    (24000, 32000, 0.75)
    """
    return SumRatio("sync_down_kbps", "attainable_down_kbps", errors="linearised")


@kpi(table="line_measurement", unit="ratio", better="lower", title="Errored seconds", grain=_LINE, standard=_TR181)
def fixed_line_errored_ratio():
    """Errored seconds, of the seconds measured: a ratio of sums.

    90 of 1,800 s:

    >>> work_example(fixed_line_errored_ratio, errored_s=[0, 90, None], period_s=[900, 900, 900])
    (90, 1800, 0.05)
    """
    return SumRatio("errored_s", "period_s", errors="linearised")


@kpi(table="line_measurement", unit="1/day", better="lower", title="Retrains per line and day", grain=_LINE, standard=_TR181)
def fixed_line_retrain_rate():
    """Retrains for each day that a line was measured.

    3 in two days:

    >>> work_example(fixed_line_retrain_rate, retrain_count=[1, 2], period_s=[86400, 86400])
    (3, 172800, 1.5)
    """
    return SumRatio("retrain_count", "period_s", errors="linearised", scale=86_400.0)


@kpi(table="line_measurement", unit="dB", better="higher", title="Noise margin, mean", grain=_LINE, standard=_TR181)
def fixed_line_margin_mean():
    """Mean signal-to-noise margin.

    >>> work_example(fixed_line_margin_mean, noise_margin_db=[6.0, 9.0, None])
    (15, 2, 7.5)
    """
    return Mean("noise_margin_db")


@kpi(table="line_measurement", unit="ratio", better="lower", title="Lines with a low margin (under 6 dB)", grain=_LINE)
def fixed_line_margin_low_ratio():
    """Measurements with a noise margin below 6 dB, of those that have one; the limit is our own judgement.

    >>> work_example(fixed_line_margin_low_ratio, noise_margin_db=[5.9, 6.0, 12.0, None])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("noise_margin_db") < _MARGIN_DB, den=~col("noise_margin_db").is_null())


@kpi(table="line_measurement", unit="dBm", better="higher", title="Received optical power, mean", grain=_LINE, standard=_TR181)
def fixed_fibre_power_mean():
    """Mean of the received optical power, in dBm as it is reported: a mean of decibels, not of power.

    >>> work_example(fixed_fibre_power_mean, optical_receive_dbm=[-18.5, -21.5, None])
    (-40, 2, -20)
    """
    return Mean("optical_receive_dbm")


@kpi(table="line_measurement", unit="ratio", better="lower", title="Fibres with too little light (under -27 dBm)", grain=_LINE,
     standard="own; -27 dBm is the sensitivity of a class B+ receiver of ITU-T G.984.2 (a page about it was read, the text not read)")
def fixed_fibre_weak_ratio():
    """Measurements below the sensitivity of a class B+ receiver, of those of fibres.

    >>> work_example(fixed_fibre_weak_ratio, optical_receive_dbm=[-18.5, -27.5, None])
    (1, 2, 0.5)
    """
    return Ratio(num=col("optical_receive_dbm") < _GPON_DBM, den=~col("optical_receive_dbm").is_null())
