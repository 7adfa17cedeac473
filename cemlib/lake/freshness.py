"""How fresh each source is, told from the files' own statistics: nothing is scanned but the newest files and days.

Delta keeps with each file the greatest event time and receipt (cut to milliseconds) and, where a file is of one source, which one. A
file of several sources (an ordered day) has its account in the ledger, written when it was made. Data files never change, so these
accounts hold after a crash, an undoing and an optimize alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from cemlib.lake.engine import quoted

if TYPE_CHECKING:
    import duckdb

    from cemlib.lake.delta import DataFile, StoredTable

__all__ = ["count_sources", "freshness", "kept_accounts"]

_FRESHNESS = ["source_code", "table_name", "records", "last_event_at", "last_received_at", "delay_p50_s", "delay_p95_s"]
#: Days before a table's last event over which the delay is judged; fewer when they hold more records than are needed to judge it.
_DELAY_DAYS = 30
_DELAY_RECORDS = 1_000_000

# per source: records, last event and last receipt in microseconds since 1970
Account = dict[str, list[int]]


def kept_accounts(lines: list[dict]) -> dict[str, Account]:
    """What the ledger tells of files with several sources, by the file's path within the folder of the tables."""
    found: dict[str, Account] = {}
    for line in lines:
        found.update(line.get("accounts", {}))
    return found


def count_sources(connection: duckdb.DuckDBPyConnection, stored: StoredTable, files: Iterable[DataFile]) -> dict[str, Account]:
    """Read the account of each of these files from its records."""
    paths = [one.path for one in files]
    if not paths:
        return {}
    at = quoted(stored.declared.event_at)
    # the event time's name comes from the declared schema
    rows = connection.sql(
        f"SELECT filename, source_code, count(*), max(epoch_us({at})), max(epoch_us(received_at)) "  # noqa: S608
        "FROM read_parquet($paths, filename = true, hive_partitioning = false, union_by_name = $evolved) GROUP BY ALL",
        params={"paths": paths, "evolved": stored.evolved},
    ).fetchall()
    found: dict[str, Account] = {}
    for path, source, records, event, received in rows:
        found.setdefault(path, {})[source] = [records, event, received]
    return found


def freshness(connection: duckdb.DuckDBPyConnection, stored: dict[str, StoredTable], lines: list[dict]) -> pd.DataFrame:
    """Records, last event, last receipt and delay by source, over the facts among the tables."""
    kept, found = kept_accounts(lines), []
    for name, one in stored.items():
        if one.declared.kind != "fact" or not one.records:
            continue
        delays = _delays(connection, name, one)
        for source, (records, event, received) in sorted(_accounts(connection, one, kept).items()):
            found.append((source, name, records, _instant(event), _instant(received), *delays.get(source, (None, None))))
    frame = pd.DataFrame(found, columns=_FRESHNESS)
    return frame.astype({"records": "int64", "last_event_at": "datetime64[us]", "last_received_at": "datetime64[us]",
                         "delay_p50_s": "float64", "delay_p95_s": "float64"})


def _accounts(connection: duckdb.DuckDBPyConnection, stored: StoredTable, kept: dict[str, Account]) -> Account:
    """The sources of a table, from the statistics where they tell it, from the records of a few files where they do not."""
    told: dict[str, Account] = {}
    of_one: dict[str, list[DataFile]] = {}
    unknown = []
    for file in stored.files:
        account = kept.get(_within(file.path))
        if account is not None:
            told[file.path] = account
        elif file.source_code is not None and file.last_event_at is not None and file.last_received_at is not None:
            of_one.setdefault(file.source_code, []).append(file)
        elif file.records:
            unknown.append(file)
    # statistics are cut to milliseconds: the newest files of each source are asked for the exact instant
    newest = set()
    for files in of_one.values():
        for which in ("last_event_at", "last_received_at"):
            last = max(getattr(one, which) for one in files)
            newest |= {one for one in files if getattr(one, which) == last}
    told.update(count_sources(connection, stored, [*unknown, *newest]))
    for files in of_one.values():
        for one in files:
            if one not in newest:
                told[one.path] = {one.source_code: [one.records, _microseconds(one.last_event_at), _microseconds(one.last_received_at)]}
    summed: Account = {}
    for account in told.values():
        for source, (records, event, received) in account.items():
            before = summed.get(source, [0, event, received])
            summed[source] = [before[0] + records, max(before[1], event), max(before[2], received)]
    return summed


def _delays(connection: duckdb.DuckDBPyConnection, name: str, stored: StoredTable) -> dict[str, tuple[float, float]]:
    """The delay from event to receipt by source, p50 and p95 in seconds, over the newest whole days that are enough to judge it."""
    by_day: dict[date, int] = {}
    for one in stored.files:
        if one.records:
            by_day[one.day] = by_day.get(one.day, 0) + one.records
    first = last = max(by_day)
    records = 0
    for day in sorted(by_day, reverse=True):
        if records >= _DELAY_RECORDS or day <= last - timedelta(days=_DELAY_DAYS):
            break
        first, records = day, records + by_day[day]
    at = quoted(stored.declared.event_at)
    rows = connection.sql(
        f"SELECT source_code, quantile_cont(epoch_us(received_at) - epoch_us({at}), [0.5, 0.95]) "  # noqa: S608
        f"FROM {quoted(name)} WHERE day_date >= $first GROUP BY source_code", params={"first": first},
    ).fetchall()
    return {source: (delay[0] / 1e6, delay[1] / 1e6) for source, delay in rows}


def _within(path: str) -> str:
    """A file's path from the table's name on, with a day's folder or without."""
    parts = path.split("/")
    return "/".join(parts[-3:] if parts[-2].startswith("event_date=") else parts[-2:])


def _microseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _instant(microseconds: int) -> datetime:
    return datetime(1970, 1, 1) + timedelta(microseconds=microseconds)
