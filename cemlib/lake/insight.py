"""How the lake stands: freshness and delay per source, rejected records by reason, files, sizes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from cemlib.lake.engine import quoted
from cemlib.lake.engines import collect_frame
from cemlib.lake.lock import lock_holder
from cemlib.schema import SCHEMA_VERSION, table

if TYPE_CHECKING:
    from cemlib.lake.delta import StoredTable
    from cemlib.lake.manifest import Snapshot

__all__ = ["files", "freshness", "ingested", "rejects", "status"]

_FRESHNESS = ["source_code", "table_name", "records", "last_event_at", "last_received_at", "delay_p50_s", "delay_p95_s"]
#: Days before a table's last event over which the delay is judged.
_DELAY_DAYS = 30


def ingested(lines: list[dict]) -> list[dict]:
    """The ledger's lines about files that were taken in."""
    return [line for line in lines if line["event"] == "ingested"]


def freshness(query: Callable[[str, dict], Any], names: list[str]) -> pd.DataFrame:
    """Records, last event, last receipt and delay by source, over the facts among the named tables."""
    found = []
    for name in names:
        declared = table(name)
        if declared.kind != "fact":
            continue
        at = quoted(declared.event_at)
        # the table and its event time come from the declared schema
        delay = (f"percentile_cont({{}}) WITHIN GROUP (ORDER BY epoch_us(received_at) - epoch_us({at})) "
                 "FILTER (WHERE day_date > last.day - CAST($days AS INTEGER)) / 1e6")
        found.append(collect_frame(nw.from_native(query(
            f"WITH last AS (SELECT max(day_date) AS day FROM {quoted(name)}) "  # noqa: S608
            f"SELECT source_code, $name AS table_name, count(*) AS records, max({at}) AS last_event_at, "
            f"max(received_at) AS last_received_at, {delay.format(0.5)} AS delay_p50_s, {delay.format(0.95)} AS delay_p95_s "
            f"FROM {quoted(name)}, last GROUP BY source_code ORDER BY source_code",
            {"name": name, "days": _DELAY_DAYS},
        ))))
    frame = pd.concat(found, ignore_index=True) if found else pd.DataFrame([], columns=_FRESHNESS)
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
