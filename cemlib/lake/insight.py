"""How the lake stands: rejected records by reason, files, sizes, who writes, what a crash left."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cemlib.lake.lock import lock_holder
from cemlib.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from cemlib.lake.delta import StoredTable
    from cemlib.lake.manifest import Snapshot

__all__ = ["files", "ingested", "rejects", "status", "unfinished_change"]

_ACCOUNT = ("records", "accepted", "rejected", "repaired", "rejects")


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


def unfinished_change(folder: Path) -> tuple[dict | None, dict | None]:
    """Who writes now, and the change that a dead writer left unfinished: each None where there is none."""
    journal = folder / "journal.json"
    for _ in range(3):
        try:
            text = journal.read_text(encoding="utf-8")
        except OSError:
            return lock_holder(folder / "writer.lock"), None
        holder = lock_holder(folder / "writer.lock")
        if holder is not None:
            return holder, None
        # a journal and no writer: left by a crash, unless the writer came to its end between the two looks
        with contextlib.suppress(OSError):
            if journal.read_text(encoding="utf-8") == text:
                break
    else:
        return None, None
    try:
        held = json.loads(text)
    except ValueError:
        held = {}
    return None, {"event": held.get("event", "?"), "at": held.get("at", "?"), "tables": sorted(held.get("tables", {}))}


def status(folder: Path, snapshot: Snapshot, stored: dict[str, StoredTable], lines: list[dict], fresh: pd.DataFrame) -> dict:
    """The lake's tables and sources, sums over its files, its writer, and what a crash left."""
    taken = ingested(lines)
    writer, unfinished = unfinished_change(folder)
    rejected: Counter[tuple[str, str]] = Counter()
    for line in taken:
        for _, code, _, count in line["rejects"]:
            rejected[line["source_code"], code] += count
    times = fresh.astype({"last_event_at": object, "last_received_at": object}).to_dict("records")
    return {
        "path": str(folder),
        "schema_version": SCHEMA_VERSION,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
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
        "sources": [{name: value.isoformat() if name.endswith("_at") else value for name, value in row.items()} for row in times],
        "rejects": [{"source_code": source, "reason_code": code, "records": count} for (source, code), count in sorted(rejected.items())],
        "files": len(taken),
        "records": sum(line["records"] for line in taken),
        "accepted": sum(line["accepted"] for line in taken),
        "rejected": sum(line["rejected"] for line in taken),
        "last_ingest_at": max((line["at"] for line in taken), default=None),
        "writer": writer,
        "unfinished": unfinished is not None,
        "unfinished_change": unfinished,
    }
