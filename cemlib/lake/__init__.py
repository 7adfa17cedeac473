"""Where the canonical tables live: atomic idempotent ingest, quarantine, snapshots, freshness, and the embedded engine."""

from cemlib.lake.lake import Lake, open_lake, set_door_factory
from cemlib.lake.manifest import Snapshot
from cemlib.lake.results import FileResult, IngestSummary
from cemlib.lake.zones import find_zone

__all__ = ["FileResult", "IngestSummary", "Lake", "Snapshot", "find_zone", "open_lake", "set_door_factory"]
