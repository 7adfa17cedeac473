"""The operator of the demo: roaming, ratings and speed tests with seven planted facts, as one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cemlib.errors import ParameterError
from cemlib.twin.assembly import Plan
from cemlib.twin.faults import FAULTS, Faults
from cemlib.twin.production import write_plan
from cemlib.twin.streams import Streams
from cemlib.twin.truth import tell_truth, write_truth
from cemlib.twin.world import build_world
from cemlib.twin.writer import WrittenFile, remove_stale

__all__ = ["OperatorFiles", "check_truth_place", "write_operator"]


@dataclass(frozen=True)
class OperatorFiles:
    """What was written.

    Attributes
    ----------
    folder : Path
        The incoming folder.
    files : tuple of WrittenFile
        Each file with its records, bytes and planted bad records by reason.
    truth : Path or None
        Where the truth was written.
    not_arrived : dict
        Records by feed that were still on their way when the period ended.
    seconds : float
        How long it took.
    """

    folder: Path
    files: tuple[WrittenFile, ...]
    truth: Path | None
    not_arrived: dict[str, int]
    seconds: float

    def to_dict(self) -> dict:
        """The totals by feed, for a report or as JSON; what is planted is not told."""
        feeds: dict[str, dict] = {}
        for file in self.files:
            total = feeds.setdefault(file.feed, {"files": 0, "records": 0, "bytes": 0})
            total["files"] += 1
            total["records"] += file.records
            total["bytes"] += file.bytes
        return {"folder": str(self.folder), "feeds": feeds, "records": sum(file.records for file in self.files),
                "bytes": sum(file.bytes for file in self.files), "seconds": round(self.seconds, 1)}


def write_operator(
    folder: str | Path, *, seed: int = 1, subscribers: int = 20_000, days: int = 30, bad_rate: float = 0.002,
    faults: Iterable[str] | None = None, truth: str | Path | None = None, progress: Callable[[str, int, int], None] | None = None,
) -> OperatorFiles:
    """Write the files of the demo operator: the same bytes for the same arguments.

    Parameters
    ----------
    folder : str or Path
        The incoming folder; each feed gets a folder below it. Files of an earlier run are replaced.
    seed : int
        Seed of every random stream.
    subscribers : int
        Our own customers, 100 to 120,000 (beyond 40,000 some have numbers of Australian ranges reserved for fiction).
    days : int
        Length of the period, 2 to 60 days from 2026-03-01 UTC.
    bad_rate : float
        Share of bad records in each feed, 0 to 0.2.
    faults : iterable of str, optional
        The planted facts, of :data:`cemlib.twin.faults.FAULTS`; all by default, none for a null twin.
    truth : str or Path, optional
        File for what is planted; outside the incoming folder, where no analysis looks.
    progress : callable, optional
        Called with (feed, feeds done, feeds in all) before each feed.

    Returns
    -------
    OperatorFiles

    Raises
    ------
    ParameterError
        For an argument out of range, or a truth below the incoming folder.
    UnknownNameError
        For a fault that does not exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     written = write_operator(place, subscribers=200, days=2)
    >>> sorted(written.to_dict()["feeds"])[:3]
    ['care_ticket', 'customer_base', 'device_catalogue']
    """
    folder = Path(folder)
    if not 2 <= days <= 60:
        raise ParameterError("The number of days is out of range.", wanted="2 … 60", came=str(days))
    check_truth_place(truth, folder)
    chosen = tuple(FAULTS) if faults is None else tuple(faults)
    plan = Plan(seed=Streams(seed).seed, subscribers=subscribers, days=days, bad_rate=bad_rate, domains=("roaming", "voice"), facts=chosen, parquet=False,
                block=20_000 if days <= 31 else None)
    found = write_plan(folder, plan, with_truth=truth is not None, progress=progress)
    remove_stale(folder, found.files)
    not_arrived = dict(found.not_arrived)
    if truth is not None:
        arguments = {"seed": seed, "subscribers": subscribers, "days": days, "bad_rate": bad_rate}
        told = tell_truth(build_world(days), Faults.planted(chosen, days=days), found.counts)
        write_truth(Path(truth), {"arguments": arguments, **told, "files": found.files, "not_arrived": not_arrived})
    return OperatorFiles(folder, tuple(found.files), None if truth is None else Path(truth), not_arrived, found.seconds)


def check_truth_place(truth: str | Path | None, folder: Path) -> None:
    """Refuse a truth that lies where an analysis reads.

    Raises
    ------
    ParameterError
    """
    if truth is not None and Path(truth).resolve().is_relative_to(folder.resolve()):
        raise ParameterError("The truth must not lie below the incoming folder.", came=str(truth),
                             todo="Give a path elsewhere: an analysis could read it there.")
