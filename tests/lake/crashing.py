"""Ingests in processes of their own, some of which are killed; run by a fork server, so that each starts in no time."""

from __future__ import annotations

import functools
import json
import os
import resource
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from invented_source import Invented, Mended

from cemlib.lake import change, ingest, open_lake, optimize
from cemlib.lake.manifest import replace_file
from cemlib.lake.staging import StagedFile
from cemlib.schema import table


def figures(lake_path: Path) -> dict:
    """What a reader sees: counts and sums of all tables, rejects and accounts."""
    with open_lake(lake_path) as lake:
        return {
            "registration": lake.query("SELECT count(*), count(DISTINCT record_id), count(DISTINCT diagnostic_code) FROM registration").fetchall(),
            "causes": lake.query("SELECT day_date::VARCHAR, cause_code, count(*) FROM registration GROUP BY ALL ORDER BY ALL").fetchall(),
            "identity": lake.query("SELECT count(*), count(DISTINCT identifier_key) FROM identity").fetchall(),
            "ticket": lake.query("SELECT ticket_id, closed_at::VARCHAR FROM ticket ORDER BY ALL").fetchall(),
            "network": lake.query("SELECT plmn_code, tadig_code, network_name FROM network ORDER BY ALL").fetchall(),
            "rejected": lake.quarantined()[["file_name", "line", "raw"]].values.tolist(),
            "counted": lake.rejects()[["file_name", "reason_code", "records"]].values.tolist(),
            "accounts": lake.files()[["file_name", "records", "accepted", "rejected"]].values.tolist(),
        }


def take(lake_path: Path, incoming: Path, answer: Path | None = None, wait_s: float = 60.0) -> None:
    """Ingest a folder and write down the summary."""
    summary = open_lake(lake_path).ingest(Invented(incoming, batch=40), door=object(), wait_s=wait_s)
    if answer is not None:
        answer.write_text(json.dumps(summary.to_dict()))


def take_on_disk_and_die(lake_path: Path, incoming: Path, at: int) -> None:
    """The same for files that are too large for the memory: new rows are taken as files, a file that overlaps is merged."""
    ingest.StagedFile = functools.partial(StagedFile, memory_bytes=1)
    take_and_die(lake_path, incoming, at)


def take_mended(lake_path: Path, incoming: Path) -> None:
    """Ingest with the mended connector, and read again what had rejects."""
    open_lake(lake_path).ingest(Mended(incoming, batch=40), door=object(), retry=True)


def take_and_die(lake_path: Path, incoming: Path, at: int, is_mended: bool = False) -> None:
    """Ingest a folder and be killed at the given step, counted over all files."""
    change._reached = _killer(at)
    (take_mended if is_mended else take)(lake_path, incoming)


def take_on_full_disk(lake_path: Path, incoming: Path, answer: Path) -> None:
    """Ingest while no file may grow beyond 20 kB, as on a disk that is nearly full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    take(lake_path, incoming, answer)


def take_one_by_one(lake_path: Path, incoming: Path) -> None:
    """Ingest each file of a folder by an ingest of its own."""
    for path in sorted(incoming.glob("*.txt")):
        open_lake(lake_path).ingest(Invented(path), door=object())


def hold_lock(lake_path: Path, taken: Path, release: Path) -> None:
    """Hold the writer's lock until told to release it."""
    import time

    with ingest.WriterLock(lake_path / "writer.lock", 5):
        taken.write_text("taken")
        while not release.exists():
            time.sleep(0.01)


def _killer(at: int) -> Callable[[str], None]:
    passed = iter(range(1, 10_000))

    def reached(_: str) -> None:
        if next(passed) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def alter_and_die(lake_path: Path, at: int) -> None:
    """Change a table and files beside it and be killed at the given step."""
    change._reached = _killer(at)
    alter(lake_path)


def alter(lake_path: Path) -> None:
    """Double the rows of the registrations, and change, make and remove files, in one change."""
    changes = change.LakeChanges(lake_path)
    names = ("old.bin", "fresh.bin", "gone.bin")
    with changes.locked(), changes.change("altered", ["registration"], replaced=[lake_path / name for name in names],
                                          appended=[lake_path / "grown.bin"]) as made:
        made.reach("begun")
        rows = made.head("registration").to_pyarrow_table()
        changes.delta.append(table("registration"), rows, made.transaction)
        made.reach("table")
        replace_file(lake_path / "old.bin", "newer")
        replace_file(lake_path / "fresh.bin", "fresh")
        (lake_path / "gone.bin").unlink()
        made.reach("replaced")
        with open(lake_path / "grown.bin", "a", encoding="utf-8") as file:
            file.write(" and more")
        made.reach("grown")
        made.line["rows"] = len(rows)


def optimize_and_die(lake_path: Path, at: int) -> None:
    """Optimize day by day and be killed at the given step."""
    optimize._PORTION_RECORDS = 1
    change._reached = _killer(at)
    open_lake(lake_path).optimize("registration", closed_after=timedelta(0))


def vacuum_and_die(lake_path: Path, at: int) -> None:
    """Vacuum and be killed at the given step."""
    change._reached = _killer(at)
    open_lake(lake_path).vacuum(timedelta(0))


def die_in_drop(lake_path: Path, folder: Path, at: str) -> None:
    """Watch a file drop and be killed when the second file is read, is in the lake, or was moved."""
    from cemlib.lake.drop import FileDrop

    def told(event: dict) -> None:
        name = "moved" if "moved_to" in event else event["event"]
        if name == at and next(passed) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    passed = iter(range(1, 100))
    FileDrop(open_lake(lake_path), folder, Invented, patterns=("*.txt",), settle_s=0.0, interval_s=0.05, door=object(), tell=told).watch()
