"""A lake with one wide fact, made with DuckDB and written day by day in the lake's own format: 28 columns, any size.

``make_lake(folder, records, days, subscribers)`` streams: 100 M records need no more memory than one. It goes past the ingest (no
connector could write so fast) but not past the lake: the tables are created and appended to by :class:`cemlib.lake.delta.DeltaFolder`,
the ledger and the manifest are written as an ingest writes them. The same call makes the same records.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa

from cemlib.lake import Lake, open_lake
from cemlib.lake.change import key_check
from cemlib.lake.delta import DeltaFolder
from cemlib.lake.engine import connect
from cemlib.lake.manifest import Ledger, Manifest, write_manifest
from cemlib.schema import table

__all__ = ["FIRST_DAY", "PARTNERS", "make_lake", "session_sql"]

FIRST_DAY = dt.date(2026, 3, 1)
#: Partner networks; the last of them is at home.
PARTNERS = 40
_BATCH = 122_880

# every column from a hash of the record's number and of the column's own number, so that columns do not move together; a day's records
# come in the order of their event time, as a feed writes them
_SESSIONS = """
WITH numbered AS (
    SELECT i, hash(i) AS h1, hash(i + 1000000000000) AS h2, hash(i + 2000000000000) AS h3, hash(i + 3000000000000) AS h4,
           hash(i + 4000000000000) AS h5, hash(i + 5000000000000) AS h6
    FROM range($first, $first + $records) AS numbers(i)
),
drawn AS (
    SELECT *, h1 % $subscribers AS person, (h2 % 1000000) / 1e6 AS u2, (h3 % 1000000) / 1e6 AS u3, (h4 % 1000000) / 1e6 AS u4,
           (h5 % 1000000) / 1e6 AS u5, (h6 % 1000000) / 1e6 AS u6,
           make_timestamptz(epoch_us($day::TIMESTAMP) + CAST(86400e6 * ((i - $first) + 0.5) / $records AS BIGINT)) AS moment
    FROM numbered
),
known AS (
    SELECT *, CASE WHEN u2 < 0.006 THEN '100' WHEN u2 < 0.010 THEN '73' WHEN u2 < 0.012 THEN '94' WHEN u2 < 0.020 THEN '18' ELSE '16' END
           AS cause, (h3 // 1000000) % {cells} AS cell, (h4 // 1000000) % 100 AS service, hash(person) AS who
    FROM drawn
)
SELECT md5(CAST(i AS VARCHAR)) AS record_id, 'wide_feed' AS source_code, 'passive' AS observation_code,
       moment + to_microseconds(CAST(1e6 * (60 + 600 * u5) AS BIGINT)) AS received_at, $day AS event_date,
       md5(concat('who', person)) AS subscriber_key, '99970' AS home_plmn_code, CAST(99970000 + person % 200 AS VARCHAR) AS imsi_range_code,
       CASE WHEN who % 10 < 7 THEN '99970' ELSE CAST(99901 + who % 39 AS VARCHAR) END AS visited_plmn_code,
       CASE WHEN who % 10 < 7 THEN 'home' ELSE 'outbound' END AS direction_code,
       'cell' || right(CAST(100000 + cell AS VARCHAR), 5) AS resource_id, CAST(35000000 + who % 400 AS VARCHAR) AS tac_code,
       CASE WHEN u3 < 0.08 THEN '3g' WHEN u3 < 0.72 THEN '4g' ELSE '5g' END AS rat_code,
       CASE WHEN u6 < 0.9 THEN 'internet' WHEN u6 < 0.97 THEN 'corporate' ELSE 'mms' END AS apn_code,
       CASE WHEN u3 >= 0.9 THEN 'slice1' END AS slice_code,
       CASE WHEN service < 45 THEN 'web' WHEN service < 63 THEN 'video' WHEN service < 90 THEN 'messaging' ELSE 'other' END AS service_code,
       'gtpv2' AS protocol_code, cause AS cause_code, round(0.1 + 1.4 * u4 * u5, 3) AS setup_s,
       CASE WHEN u2 >= 0.012 THEN round(10 + 180 * u6 * u3, 1) END AS dns_ms, CASE WHEN u2 >= 0.012 THEN round(20 + 300 * u5 * u4, 1) END AS rtt_ms,
       CASE WHEN u2 >= 0.012 THEN round(0.04 * u3 * u6, 6) END AS retransmission_ratio,
       CASE WHEN u2 >= 0.012 THEN round(0.1 + 90 * u4 * u3, 3) END AS throughput_down_mbps,
       CASE WHEN u2 >= 0.012 THEN CAST(5e7 * u5 * u6 * u4 AS BIGINT) ELSE 0 END AS volume_down_bytes,
       CASE WHEN u2 >= 0.012 THEN CAST(4e6 * u3 * u4 AS BIGINT) ELSE 0 END AS volume_up_bytes,
       CASE WHEN u2 >= 0.012 THEN u6 < 0.008 END AS is_dropped, moment AS started_at,
       CASE WHEN u5 < 0.999 THEN moment + to_microseconds(CAST(1e6 * (2 + 600 * u6 * u5) AS BIGINT)) END AS ended_at
FROM known
"""


def session_sql(cells: int = 2000) -> str:
    """The SQL of one day's data sessions; parameters first, records, subscribers, day."""
    return _SESSIONS.format(cells=int(cells))


def _references(cells: int) -> dict[str, list[dict]]:
    since = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    network = [{"plmn_code": f"999{n:02d}", "tadig_code": f"XXX{n:02d}", "network_name": f"Network {n}", "partner_code": f"P{n:02d}",
                "partner_name": f"Partner {n}", "hub_code": f"hub{n % 3}", "country_code": ("IT", "ES", "DE", "GR")[n % 4], "valid_from_at": since}
               for n in range(1, PARTNERS)]
    device = [{"tac_code": f"35{n:06d}", "vendor_name": f"Vendor {n % 9}", "model_name": f"Model {n}", "has_volte": n % 3 > 0,
               "has_volte_roaming": n % 2 == 0, "valid_from_at": since} for n in range(400)]
    resource = [{"resource_id": f"cell{n:05d}", "resource_type_code": "cell", "resource_name": f"Cell {n}",
                 "parent_resource_id": f"site{n // 3:05d}", "valid_from_at": since} for n in range(cells)]
    return {"network": network, "device_model": device, "resource": resource}


def make_lake(folder: str | Path, records: int, days: int = 1, subscribers: int = 100_000, *, cells: int = 2000) -> Lake:
    """Make a lake with data sessions of so many days and the reference tables beside them, and open it.

    Parameters
    ----------
    folder : str or Path
        Must not hold a lake yet.
    records : int
        Of all days together, the days equally long.
    days : int
        From :data:`FIRST_DAY` on.
    subscribers : int
        How many people the sessions are drawn from.
    cells : int
        How many cells.
    """
    folder = Path(folder)
    if (folder / "manifest.json").exists():
        raise FileExistsError(f"There is a lake already: {folder}")
    (folder / "tables").mkdir(parents=True)
    delta, ledger, versions = DeltaFolder(folder / "tables"), Ledger(folder), {}
    for name, rows in _references(cells).items():
        declared = table(name)
        whole = [dict.fromkeys(declared.columns) | row for row in rows]
        delta.head(declared, create=True)
        delta.append(declared, pa.Table.from_pylist(whole, schema=declared.arrow_schema()), (f"wide-{name}", 1))
        versions[name] = delta.head(declared).version()
    sessions = table("data_session")
    delta.head(sessions, create=True)
    columns = ", ".join(f'"{one}"' for one in sessions.columns)
    connection = connect()
    try:
        done = 0
        for number in range(days):
            count = records * (number + 1) // days - done
            day = FIRST_DAY + dt.timedelta(days=number)
            made = connection.sql(f"SELECT {columns} FROM ({session_sql(cells)})",
                                  params={"first": done, "records": count, "subscribers": subscribers, "day": day})
            schema = sessions.arrow_schema()
            batches = (batch.cast(schema) for batch in made.to_arrow_reader(_BATCH))
            delta.append(sessions, pa.RecordBatchReader.from_batches(schema, batches), (f"wide-{day}", 1))
            done += count
    finally:
        connection.close()
    versions["data_session"] = delta.head(sessions).version()
    written = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
    tables_at = {name: {"version": version, "evolved": False} for name, version in versions.items()}
    line = {"event": "ingested", "at": written, "digest": "wide", "attempt": 1, "file": "wide", "source_code": "wide_feed", "records": records,
            "accepted": records, "rejected": 0, "repaired": {}, "rejects": [],
            "tables": {"data_session": {"added": records, "changed": 0, "known": 0}}, "tables_at": tables_at}
    write_manifest(folder, Manifest(sequence=1, written_at=written, tables=dict(sorted(tables_at.items())),
                                    ledger_bytes=ledger.append(line, 0), key_check=key_check()))
    return open_lake(folder)
