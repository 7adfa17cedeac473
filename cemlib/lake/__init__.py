"""Where the canonical tables live: atomic idempotent ingest, quarantine, snapshots, freshness, and the embedded engine."""

from cemlib.lake.lake import Lake, open_lake, set_door_factory
from cemlib.lake.manifest import Snapshot
from cemlib.lake.results import FileResult, IngestSummary
from cemlib.lake.reveal import Revealed, read_audit, reveal_identifiers

__all__ = ["FileResult", "IngestSummary", "Lake", "Revealed", "Snapshot", "open_lake", "read_audit",
           "reveal_identifiers", "set_door_factory"]
