"""CSV files of roaming data sessions in the layout that the demo operator writes, made with DuckDB: any number of records."""

from __future__ import annotations

from pathlib import Path

from cemlib.lake.engine import connect

__all__ = ["CSV_TYPES", "write_data_csv"]

#: The columns of the file with the types that they have for a reader who checks nothing.
CSV_TYPES = {
    "start_time": "TIMESTAMPTZ", "end_time": "TIMESTAMPTZ", "export_time": "TIMESTAMPTZ", "direction": "VARCHAR", "imsi": "VARCHAR", "imei": "VARCHAR",
    "vplmn": "VARCHAR", "rat": "VARCHAR", "apn": "VARCHAR", "service": "VARCHAR", "protocol": "VARCHAR", "cause": "VARCHAR", "setup_ms": "DOUBLE",
    "dns_ms": "DOUBLE", "rtt_ms": "DOUBLE", "retx_ratio": "DOUBLE", "dl_mbps": "DOUBLE", "dl_bytes": "BIGINT", "ul_bytes": "BIGINT", "dropped": "BOOLEAN",
}

# one of two thousand records has an IMSI of too few digits and is rejected
_RECORDS = """
WITH drawn AS (
    SELECT i, hash(i) AS a, hash(i + 1000000000000) AS b, hash(i + 2000000000000) AS c, (hash(i + 3000000000000) % 1000000) / 1e6 AS u,
           $day::TIMESTAMP + to_milliseconds(CAST(86400000.0 * (i - $first) / $records AS BIGINT)) AS moment
    FROM range($first, $first + $records) AS numbers(i)
)
SELECT strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ') AS start_time, strftime(moment + to_seconds(2 + c % 600), '%Y-%m-%dT%H:%M:%S.%gZ') AS end_time,
       strftime(moment + to_seconds(700 + c % 600), '%Y-%m-%dT%H:%M:%S.%gZ') AS export_time, 'OUT' AS direction,
       CASE WHEN i % 2000 = 7 THEN '99970' ELSE '99970' || lpad(CAST(a % $subscribers AS VARCHAR), 10, '0') END AS imsi,
       '35' || lpad(CAST(a % 400 AS VARCHAR), 6, '0') || lpad(CAST(a % $subscribers % 1000000 AS VARCHAR), 6, '0') || '0' AS imei,
       CAST(99901 + b % 39 AS VARCHAR) AS vplmn, CASE WHEN b % 100 < 8 THEN '3g' WHEN b % 100 < 72 THEN '4g' ELSE '5g' END AS rat, 'internet' AS apn,
       CASE WHEN c % 100 < 45 THEN 'web' WHEN c % 100 < 63 THEN 'video' WHEN c % 100 < 90 THEN 'messaging' ELSE 'other' END AS service,
       'gtpv2' AS protocol, CASE WHEN u < 0.02 THEN '100' ELSE '16' END AS cause, 100 + a % 1400 AS setup_ms, round(10 + 180 * u, 1) AS dns_ms,
       round(20 + 300 * u * u, 1) AS rtt_ms, round(0.04 * u, 6) AS retx_ratio, round(0.1 + 90 * (b % 1000) / 1000.0, 3) AS dl_mbps,
       b % 50000000 AS dl_bytes, c % 4000000 AS ul_bytes, u > 0.992 AS dropped
FROM drawn
"""


def write_data_csv(path: Path, records: int, *, first: int = 0, day: str = "2026-03-01", subscribers: int = 100_000) -> Path:
    """Write a file; other numbers of the first record give other records."""
    connection = connect()
    try:
        connection.sql(_RECORDS, params={"first": first, "records": records, "day": day, "subscribers": subscribers}).write_csv(str(path))
    finally:
        connection.close()
    return path
