"""One writer and several readers at once: each reader checks what no torn read could fulfil; for the tests and the bench."""

from __future__ import annotations

import json
import multiprocessing
import time
from pathlib import Path

from invented_source import Invented, registrations
from killing import fast_processes

import cemlib
from cemlib.lake import open_lake

RECORDS = 100


def write_until_told(lake_path: Path, incoming: Path, stop: Path, answer: Path) -> None:
    """Ingest file after file; each brings registrations, renames a network and moves a ticket: appends and merges."""
    lake, number = open_lake(lake_path), 0
    while not stop.exists():
        path = incoming / f"{number}.txt"
        path.write_text(registrations("2026-03-01", RECORDS, first=number * RECORDS) + f"N,99901,,{number},2026-01-01T00:00:00+00:00\n"
                        f"T,{number % 2},2026-03-01T10:00:00+00:00,2026-03-01T10:00:{number % 60:02}+00:00,{2027 + number}-01-01T00:00:00+00:00\nbad\n")
        summary = lake.ingest(Invented(path), door=object())
        assert summary.accepted == RECORDS + 2, str(summary)
        number += 1
    answer.write_text(json.dumps({"files": number}))


def torn(lake) -> list[str]:
    """What of one state does not fit together: two tables, the rename, the tickets, a KPI and the accounts, each by the number of files."""
    files = lake.files()
    count, found = len(files), []
    rows, numbers = lake.query("SELECT count(*), sum(diagnostic_code::BIGINT)::BIGINT FROM registration").fetchall()[0]
    wanted = count * RECORDS
    checks = {
        "registration": (rows, wanted), "numbers": (numbers or 0, wanted * (wanted - 1) // 2),
        "identity": (lake.query("SELECT count(*) FROM identity").fetchall()[0][0], wanted),
        "network": (lake.query("SELECT network_name FROM network").fetchall(), [(str(count - 1),)] if count else []),
        "ticket": (lake.query("SELECT count(*) FROM ticket").fetchall()[0][0], min(count, 2)),
        "rejected": (int(lake.rejects()["records"].sum()), count), "accounts": (int(files["records"].sum()), count * (RECORDS + 3)),
    }
    if count:
        # every tenth registration fails
        cell = cemlib.evaluate(lake, "roaming_registration_success_ratio").to_pandas().iloc[0]
        checks["evaluate"] = ((int(cell["num"]), int(cell["den"])), (wanted * 9 // 10, wanted))
    for name, (came, right) in checks.items():
        if came != right:
            found.append(f"{name}: {came} in place of {right}")
    return found


def read_until_told(lake_path: Path, stop: Path, answer: Path) -> None:
    """Open, refresh, evaluate and check without a pause."""
    reads, wrong, errors, seconds, states = 0, [], [], [], set()
    lake = open_lake(lake_path)
    while not stop.exists():
        begun = time.perf_counter()
        try:
            if reads % 10 == 9:
                lake.close()
                lake = open_lake(lake_path)
            else:
                lake.refresh()
            wrong += torn(lake)
            states.add(lake.snapshot().id)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
        reads += 1
        seconds.append(time.perf_counter() - begun)
        with open(answer.with_suffix(".reads"), "a") as file:
            file.write(".")
    answer.write_text(json.dumps({"reads": reads, "torn": wrong, "errors": errors, "seconds": seconds, "states": len(states)}))


def read_while_writing(place: Path, seconds: float, readers: int = 8,
                       processes: multiprocessing.context.BaseContext | None = None) -> dict:
    """Run one writer and readers side by side for a while, and until each reader saw the state change.

    Returns
    -------
    dict
        files (written), reads, states (that each reader saw at least), torn and errors (lists), seconds (of each read, sorted).
    """
    processes = processes or fast_processes()
    incoming, stop, lake_path = place / "incoming", place / "stop", place / "lake"
    incoming.mkdir()
    answers = [place / f"reader{number}.json" for number in range(readers)]
    running = [processes.Process(target=write_until_told, args=(lake_path, incoming, stop, place / "writer.json"))]
    running += [processes.Process(target=read_until_told, args=(lake_path, stop, answer)) for answer in answers]
    for one in running:
        one.start()
    until = time.monotonic() + seconds

    def reads() -> list[int]:
        return [path.stat().st_size if (path := answer.with_suffix(".reads")).exists() else 0 for answer in answers]

    def files() -> int:
        return len(list(incoming.iterdir()))

    def wait_for(reached) -> None:
        while not reached() and all(one.is_alive() for one in running):
            time.sleep(0.02)

    wait_for(lambda: min(reads()) >= 1)
    written = files()
    wait_for(lambda: time.monotonic() >= until and files() >= written + 2)
    done = reads()
    wait_for(lambda: all(now >= then + 2 for now, then in zip(reads(), done)))
    stop.write_text("")
    for one in running:
        one.join()
    assert [one.exitcode for one in running] == [0] * len(running)
    told = [json.loads(answer.read_text()) for answer in answers]
    return {
        "files": json.loads((place / "writer.json").read_text())["files"], "reads": sum(one["reads"] for one in told),
        "states": min(one["states"] for one in told), "torn": [text for one in told for text in one["torn"]],
        "errors": [text for one in told for text in one["errors"]], "seconds": sorted(second for one in told for second in one["seconds"]),
    }
