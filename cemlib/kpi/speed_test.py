"""Speed tests on customers' devices."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Quantile

_TEST = "speed test that a customer started"


def _speed():
    return col("service_code") == "speed"


@kpi(table="probe_test", unit="1", better=None, title="Speed tests", grain=_TEST)
def speed_test_started_count():
    """How many speed tests were made.

    >>> work_example(speed_test_started_count, service_code=["speed", "speed", "voice"])
    (2, 3, 2)
    """
    return Count(_speed())


@kpi(table="probe_test", unit="Mbit/s", better="higher", title="Download speed, lowest tenth", level="KQI", grain=_TEST)
def speed_test_throughput_p10():
    """The download speed that nine of ten tests exceed. Customers test when something is wrong: tests are no random sample.

    >>> work_example(speed_test_throughput_p10, service_code=["speed"] * 11, throughput_down_mbps=[float(10 * n) for n in range(11)])
    (None, 11, 10)
    """
    return Quantile("throughput_down_mbps", 0.1, where=_speed())


@kpi(table="probe_test", unit="Mbit/s", better="higher", title="Download speed, median", level="KQI", grain=_TEST)
def speed_test_throughput_median():
    """The download speed that half of the tests exceed.

    >>> work_example(speed_test_throughput_median, service_code=["speed"] * 3, throughput_down_mbps=[10.0, 300.0, 40.0])
    (None, 3, 40)
    """
    return Quantile("throughput_down_mbps", 0.5, where=_speed())


@kpi(table="probe_test", unit="Mbit/s", better="higher", title="Download speed, highest tenth", level="KQI", grain=_TEST)
def speed_test_throughput_p90():
    """The download speed that one of ten tests exceeds.

    >>> work_example(speed_test_throughput_p90, service_code=["speed"] * 11, throughput_down_mbps=[float(10 * n) for n in range(11)])
    (None, 11, 90)
    """
    return Quantile("throughput_down_mbps", 0.9, where=_speed())


@kpi(table="probe_test", unit="Mbit/s", better="higher", title="Upload speed, median", level="KQI", grain=_TEST)
def speed_test_upload_median():
    """The upload speed that half of the tests exceed.

    >>> work_example(speed_test_upload_median, service_code=["speed"] * 3, throughput_up_mbps=[5.0, 9.0, 7.0])
    (None, 3, 7)
    """
    return Quantile("throughput_up_mbps", 0.5, where=_speed())


@kpi(table="probe_test", unit="ms", better="lower", title="Ping, median", level="KQI", grain=_TEST)
def speed_test_rtt_median():
    """Median round-trip time of the tests.

    >>> work_example(speed_test_rtt_median, service_code=["speed", "speed", "speed", "web"], rtt_ms=[20.0, 30.0, 90.0, 1.0])
    (None, 3, 30)
    """
    return Quantile("rtt_ms", 0.5, where=_speed())
