"""How the lake stands: freshness and delay per source, rejected records by reason, files, sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cemlib.lake.engine import quoted
from cemlib.lake.lock import lock_holder
from cemlib.schema import SCHEMA_VERSION, table

if TYPE_CHECKING:
    import duckdb

    from cemlib.lake.delta import StoredTable
    from cemlib.lake.manifest import Snapshot

__all__ = ["files", "freshness", "ingested", "rejects", "status"]

_FRESHNESS = ["source_code", "table_name", "records", "last_event_at", "last_received_at", "delay_p50_s", "delay_p95_s"]
_ACCOUNT = ("records", "accepted", "rejected", "repaired", "rejects")
#: Days before a table's last event over which the delay is judged.
_DELAY_DAYS = 30


def ingested(lines: list[dict]) -> list[dict]:
    """The account of each file that was taken in, in the order in which they came; what a retry found counts.

    Rows that the file had brought before a retry are known to the retry only through it: they stay told as added.
    """
    found: dict[str, dict] = {}
    for line in lines:
        if line["event"] == "ingested":
            found[line["digest"]] = line
        elif line["event"] == "retried":
            first = found[line["digest"]]
            merged = {}
            for name, now in line["tables"].items():
                then = first["tables"].get(name, dict.fromkeys(now, 0))
                both = {one: then[one] + now[one] for one in ("added", "changed")}
                merged[name] = {**both, "known": sum(now.values()) - sum(both.values())}
            found[line["digest"]] = {**first, **{one: line[one] for one in _ACCOUNT}, "tables": merged}
    return list(found.values())


def freshness(connection: duckdb.DuckDBPyConnection, names: list[str]) -> pd.DataFrame:
    """Records, last event, last receipt and delay by source, over the facts among the named tables."""
    found = []
    for name in names:
        declared = table(name)
        if declared.kind != "fact":
            continue
        at = quoted(declared.event_at)
        # the table and its event time come from the declared schema
        rows = connection.sql(
            f"WITH last AS (SELECT max(day_date) AS day FROM {quoted(name)}) "  # noqa: S608
            f"SELECT source_code, $name AS table_name, count(*) AS records, max({at}) AS last_event_at, "
            "max(received_at) AS last_received_at, "
            f"quantile_cont(epoch_us(received_at) - epoch_us({at}), [0.5, 0.95]) "
            "FILTER (WHERE day_date > last.day - CAST($days AS INTEGER)) AS delay "
            f"FROM {quoted(name)}, last GROUP BY source_code ORDER BY source_code",
            params={"name": name, "days": _DELAY_DAYS},
        ).fetchall()
        for *head, delay in rows:
            p50, p95 = (value / 1e6 for value in delay) if delay else (None, None)
            found.append((*head, p50, p95))
    frame = pd.DataFrame(found, columns=_FRESHNESS)
    return frame.astype({"records": "int64", "last_event_at": "datetime64[us]", "last_received_at": "datetime64[us]",
                         "delay_p50_s": "float64", "delay_p95_s": "float64"})


def rejects(lines: list[dict]) -> pd.DataFrame:
    """Rejected records by file, column and reason."""
    rows = [(line["source_code"], line["file"], *reason) for line in ingested(lines) for reason in line["rejects"]]
    columns = ["source_code", "file_name", "column_name", "reason_code", "reason", "records"]
    return pd.DataFrame(rows, columns=columns).astype({"records": "int64"})


def files(lines: list[dict]) -> pd.DataFrame:
    """The files that were taken in."""
    counts = ["records", "accepted", "rejected"]
    merged = ["added", "changed", "known"]
    rows = [
        (line["file"], line["source_code"], line["at"], *(line[name] for name in counts),
         *(sum(one[name] for one in line["tables"].values()) for name in merged), line["digest"])
        for line in ingested(lines)
    ]
    frame = pd.DataFrame(rows, columns=["file_name", "source_code", "ingested_at", *counts, *merged, "digest"])
    frame["ingested_at"] = pd.to_datetime(frame["ingested_at"], utc=True, format="ISO8601").dt.tz_localize(None)
    return frame.astype(dict.fromkeys([*counts, *merged], "int64"))


def status(folder: Path, snapshot: Snapshot, stored: dict[str, StoredTable], lines: list[dict]) -> dict:
    """The lake's tables, sums over its files, its writer, and what a crash left."""
    taken = ingested(lines)
    return {
        "path": str(folder),
        "schema_version": SCHEMA_VERSION,
        "snapshot": snapshot.to_dict(),
        "tables": [
            {
                "table": name, "records": one.records, "version": one.version, "files": len(one.files),
                "bytes": sum(file.size for file in one.files),
                "first_day": min((file.day.isoformat() for file in one.files if file.day), default=None),
                "last_day": max((file.day.isoformat() for file in one.files if file.day), default=None),
            }
            for name, one in sorted(stored.items())
        ],
        "files": len(taken),
        "records": sum(line["records"] for line in taken),
        "accepted": sum(line["accepted"] for line in taken),
        "rejected": sum(line["rejected"] for line in taken),
        "writer": lock_holder(folder / "writer.lock"),
        "unfinished": (folder / "journal.json").exists(),
    }
