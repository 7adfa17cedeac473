"""Where the canonical tables live: atomic idempotent ingest, quarantine, snapshots, freshness, and the two engines."""

from cemlib.lake.engines import collect_frame
from cemlib.lake.lake import Lake, open_lake, set_door_factory
from cemlib.lake.manifest import Snapshot
from cemlib.lake.results import FileResult, IngestSummary

__all__ = ["FileResult", "IngestSummary", "Lake", "Snapshot", "collect_frame", "open_lake", "set_door_factory"]
