"""Where the canonical tables live: atomic idempotent ingest, quarantine, snapshots, freshness, and the embedded engine."""

from cemlib.lake.lake import Lake, add_ingest_hook, open_lake, set_door_factory
from cemlib.lake.manifest import Snapshot
from cemlib.lake.results import FileResult, IngestSummary
from cemlib.lake.zones import find_zone

__all__ = ["FileResult", "IngestSummary", "Lake", "Snapshot", "add_ingest_hook", "find_zone", "open_lake", "set_door_factory"]
