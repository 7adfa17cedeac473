"""Where the canonical tables live: atomic idempotent ingest, quarantine, snapshots, freshness, and the two engines."""

from cemlib.lake.engines import collect_frame
from cemlib.lake.erasure import ErasureResult, erase_person
from cemlib.lake.forget import forget_fits
from cemlib.lake.lake import Lake, add_ingest_hook, open_lake, set_door_factory
from cemlib.lake.manifest import Snapshot
from cemlib.lake.results import FileResult, IngestSummary
from cemlib.lake.reveal import Revealed, read_audit, reveal_identifiers
from cemlib.lake.rotation import RotationResult, rotate_key
from cemlib.lake.set_aside import keep_set_aside
from cemlib.lake.zones import find_zone

__all__ = ["ErasureResult", "FileResult", "IngestSummary", "Lake", "Revealed", "RotationResult", "Snapshot", "add_ingest_hook", "collect_frame",
           "erase_person", "find_zone", "forget_fits", "keep_set_aside", "open_lake", "read_audit", "reveal_identifiers", "rotate_key", "set_door_factory"]
