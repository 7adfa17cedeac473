"""Wi-Fi at home, as the router measures it."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Mean, Quantile, Ratio

_LINE = "line x measured period"
_WEAK_DBM = -70.0
_SLOW_MBPS = 50.0


@kpi(table="line_measurement", unit="dBm", better="higher", title="Wi-Fi received power, mean", level="KQI", grain=_LINE)
def wifi_signal_power_mean():
    """Mean of the received Wi-Fi power, in dBm as it is reported: a mean of decibels, not of power.

    >>> work_example(wifi_signal_power_mean, wifi_rssi_dbm=[-50.0, -70.0, None])
    (-120, 2, -60)
    """
    return Mean("wifi_rssi_dbm")


@kpi(table="line_measurement", unit="ratio", better="lower", title="Weak Wi-Fi (under -70 dBm)", level="KQI", grain=_LINE)
def wifi_signal_weak_ratio():
    """Measurements below -70 dBm, of those that have one; the limit is our own judgement.

    >>> work_example(wifi_signal_weak_ratio, wifi_rssi_dbm=[-50.0, -70.0, -75.0, None])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("wifi_rssi_dbm") < _WEAK_DBM, den=~col("wifi_rssi_dbm").is_null())


@kpi(table="line_measurement", unit="Mbit/s", better="higher", title="Wi-Fi link rate, lowest tenth", level="KQI", grain=_LINE)
def wifi_link_rate_p10():
    """The link rate that nine of ten measurements exceed.

    >>> work_example(wifi_link_rate_p10, wifi_link_mbps=[float(10 * one) for one in range(11)])
    (None, 11, 10)
    """
    return Quantile("wifi_link_mbps", 0.1)


@kpi(table="line_measurement", unit="ratio", better="lower", title="Slow Wi-Fi (under 50 Mbit/s)", level="KQI", grain=_LINE)
def wifi_link_slow_ratio():
    """Measurements with a link rate below 50 Mbit/s, of those that have one; the limit is our own judgement.

    >>> work_example(wifi_link_slow_ratio, wifi_link_mbps=[20.0, 50.0, 400.0, None])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("wifi_link_mbps") < _SLOW_MBPS, den=~col("wifi_link_mbps").is_null())
