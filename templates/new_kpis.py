"""KPIs of our own: this file's name is their service. `cem kpi add new_kpis.py` checks, tries and keeps them."""

from narwhals import col

from cemlib.kpi import Ratio, kpi


@kpi(table="data_session", unit="ratio", better="higher", title="Quick sessions", level="KQI", grain="data session", standard="own")
def quick_session_share_ratio():
    """Sessions with a round trip of at most 50 ms, of those that have one.

    >>> work_example(quick_session_share_ratio, rtt_ms=[20.0, 50.0, 80.0, None])
    (2, 3, 0.666667)
    """
    return Ratio(num=col("rtt_ms") <= 50, den=~col("rtt_ms").is_null())
