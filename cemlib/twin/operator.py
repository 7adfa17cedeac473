"""Builds the demo operator and writes its files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cemlib.errors import ParameterError
from cemlib.twin.calls import sms_feed, voice_feed
from cemlib.twin.care import ticket_feed
from cemlib.twin.data_sessions import data_feed
from cemlib.twin.faults import Faults
from cemlib.twin.feed import EPOCH_MS, Feed
from cemlib.twin.presence import presence_feed, signalling_feed
from cemlib.twin.probes import probe_feed
from cemlib.twin.reference import reference_feeds
from cemlib.twin.signalling import register
from cemlib.twin.streams import Streams
from cemlib.twin.subscribers import build_population, customer_lines
from cemlib.twin.travel import build_roamer_days, build_trips
from cemlib.twin.truth import collect_truth, write_truth
from cemlib.twin.voice_of_customer import rating_feed, speed_test_feed
from cemlib.twin.world import build_world
from cemlib.twin.writer import WrittenFile, remove_stale, write_feed

__all__ = ["OperatorFiles", "write_operator"]

_FEEDS = 13


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
        Our own customers, 100 to 40,000.
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
    began = time.monotonic()
    folder = Path(folder)
    if not 2 <= days <= 60:
        raise ParameterError("The number of days is out of range.", wanted="2 … 60", came=str(days))
    if not 0 <= bad_rate <= 0.2:
        raise ParameterError("The share of bad records is out of range.", wanted="0 … 0.2", came=str(bad_rate))
    if truth is not None and Path(truth).resolve().is_relative_to(folder.resolve()):
        raise ParameterError("The truth must not lie below the incoming folder.", came=str(truth),
                             todo="Give a path elsewhere: an analysis could read it there.")
    streams, planted = Streams(seed), Faults.planted(faults, days=days)
    files: list[WrittenFile] = []
    not_arrived: dict[str, int] = {}
    notes: dict = {}
    for feed in _feeds(streams, planted, subscribers, days, notes):
        if progress is not None:
            progress(feed.name, len({file.feed for file in files}), _FEEDS)
        written, late = write_feed(folder, feed, streams, bad_rate=bad_rate, days=days)
        files.extend(written)
        if feed.written_at is not None:
            not_arrived[feed.name] = late
    remove_stale(folder, files)
    if progress is not None:
        progress("done", _FEEDS, _FEEDS)
    if truth is not None:
        arguments = {"seed": seed, "subscribers": subscribers, "days": days, "bad_rate": bad_rate}
        write_truth(Path(truth), {"arguments": arguments, **notes, "files": files, "not_arrived": not_arrived})
    return OperatorFiles(folder, tuple(files), None if truth is None else Path(truth), not_arrived, time.monotonic() - began)


def _feeds(streams: Streams, faults: Faults, subscribers: int, days: int, notes: dict) -> Iterator[Feed]:
    """The feeds one after the other, so that only one of them is held at a time; notes receives what is true."""
    world = build_world(days)
    people = build_population(world, streams, subscribers)
    roamer_days = build_roamer_days(world, streams, people, build_trips(world, streams, people), faults)
    tries, hit = register(world, streams, people, roamer_days, faults)
    notes.update(collect_truth(world, people, roamer_days, tries, hit, faults))
    yield from reference_feeds(world)
    customers, ids, order = customer_lines(people, streams, EPOCH_MS)
    yield Feed("customer_base", customers, ids).take(order)
    yield signalling_feed(world, streams, people, roamer_days, tries)
    yield presence_feed(world, streams, people, roamer_days)
    yield data_feed(world, streams, people, roamer_days, faults)
    yield voice_feed(world, streams, people, roamer_days)
    yield sms_feed(world, streams, people, roamer_days)
    yield probe_feed(world, streams, faults)
    yield ticket_feed(world, streams, people, roamer_days, tries, faults)
    share = subscribers / 20_000 * days / 30
    yield rating_feed(world, streams, people, faults, round(32_000 * share))
    yield speed_test_feed(world, streams, faults, round(8_000 * share))
