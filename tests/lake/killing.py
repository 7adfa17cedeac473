"""Ingests that are killed at random instants, and what a reader must find after each; for the tests and the bench."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import signal
import time
from collections import Counter
from pathlib import Path

from crashing import take
from invented_source import registrations

from cemlib.lake import open_lake
from cemlib.schema import table, tables

#: What each file brings: its registrations begin at 40 times its number, so that half of them are in the next file too.
RECORDS, STEP = 80, 40


def write_files(folder: Path, count: int) -> None:
    """Overlapping files with registrations, a ticket that is closed by a later one, a network that is renamed, and bad lines."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number:03}.txt").write_text(
            registrations("2026-03-01", RECORDS, first=number * STEP)
            + f"T,t{number // 2},2026-03-01T10:00:00+00:00,{'' if number % 2 == 0 else '2026-03-01T12:00:00+00:00'},2026-03-02T{number % 24:02}:00:00+00:00\n"
            + f"N,99901,,Name {number},2026-01-01T00:00:00+00:00\n" + "bad\n" * (number % 3))


def contents(lake_path: Path) -> dict[str, str]:
    """A hash of every row of each table, and of the accounts."""
    with open_lake(lake_path) as lake:
        found = {}
        for name in tables():
            if lake.has(name):
                columns = ", ".join(f'"{one}"' for one in table(name).columns)
                found[name] = hashlib.sha256(repr(lake.query(f"SELECT {columns} FROM {name} ORDER BY ALL").fetchall()).encode()).hexdigest()
        accounts = lake.files()[["file_name", "records", "accepted", "rejected"]].values.tolist()
        return {**found, "accounts": repr(accounts), "quarantine": repr(lake.quarantined()[["file_name", "line", "raw"]].values.tolist())}


def faults(lake_path: Path) -> dict[str, int]:
    """What a reader finds wrong: keys of files in the ledger that are lost, rows of files that are not in it, doubled keys, accounts."""
    found = Counter({"lost": 0, "torn": 0, "doubled": 0, "accounts": 0})
    with open_lake(lake_path) as lake:
        taken = [int(name[:3]) for name in lake.files()["file_name"]]
        wanted = {number for one in taken for number in range(one * STEP, one * STEP + RECORDS)}
        for name in ("registration", "identity"):
            keys = ", ".join(table(name).natural_key)
            rows, distinct = lake.query(f"SELECT count(*), count(DISTINCT ({keys})) FROM {name}").fetchall()[0]
            found["doubled"] += rows - distinct
            found["lost"] += max(0, len(wanted) - distinct)
        seen = {int(one) for (one,) in lake.query("SELECT diagnostic_code FROM registration").fetchall()}
        found["lost"] += len(wanted - seen)
        found["torn"] += len(seen - wanted)
        tickets = {one for (one,) in lake.query("SELECT ticket_id FROM ticket").fetchall()}
        found["lost"] += len({f"t{one // 2}" for one in taken} - tickets)
        found["torn"] += len(tickets - {f"t{one // 2}" for one in taken})
        networks = [one for (one,) in lake.query("SELECT network_name FROM network").fetchall()]
        found["torn"] += networks != ([f"Name {max(taken)}"] if taken else [])
        for one in lake.files().to_dict("records"):
            bad = int(one["file_name"][:3]) % 3
            found["accounts"] += one["accepted"] + one["rejected"] != one["records"]
            found["accounts"] += (one["records"], one["rejected"]) != (RECORDS + 2 + bad, bad)
        found["accounts"] += len(lake.quarantined()) != int(lake.rejects()["records"].sum())
    return dict(found)


def fast_processes() -> multiprocessing.context.BaseContext:
    """Processes that start with everything imported and nothing running."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cemlib.lake", "cemlib.kpi", "cemlib.enrich", "invented_source"])
    return context


def kill_at_random(place: Path, kills: int, seed: int = 3, files: int = 4, processes: multiprocessing.context.BaseContext | None = None) -> dict:
    """Kill ingests at instants drawn uniformly over the time that an undisturbed one takes, and look after each.

    The same lake is gone on with until an ingest gets to its end; then it must equal the undisturbed one, and a new lake is begun.

    Returns
    -------
    dict
        kills (that met a living process), lost, torn, doubled, accounts (what readers found wrong, summed), different (lakes that did
        not equal the undisturbed one at their end), undone (kills that left something to undo), run_s (of the undisturbed ingest), seconds.
    """
    processes, draw, begun = processes or fast_processes(), random.Random(seed), time.perf_counter()
    incoming, undisturbed = place / "incoming", place / "undisturbed"
    write_files(incoming, files)

    def started(lake_path: Path) -> multiprocessing.Process:
        one = processes.Process(target=take, args=(lake_path, incoming))
        one.start()
        return one

    # twice: the first one also starts the fork server
    for path in (place / "warm", undisturbed):
        since = time.perf_counter()
        one = started(path)
        one.join()
        assert one.exitcode == 0
        run_s = time.perf_counter() - since
    wanted = contents(undisturbed)
    found: Counter[str] = Counter(dict.fromkeys(("kills", "lost", "torn", "doubled", "accounts", "different", "undone"), 0))
    lakes, lake_path = 1, place / "lake1"
    while found["kills"] < kills:
        one = started(lake_path)
        time.sleep(draw.uniform(0, run_s))
        one.kill()  # one that has ended meanwhile does not count
        one.join()
        found["kills"] += one.exitcode == -signal.SIGKILL
        found.update(faults(lake_path))
        found["undone"] += (lake_path / "journal.json").exists()
        if one.exitcode == 0:
            found["different"] += contents(lake_path) != wanted
            lakes += 1
            lake_path = place / f"lake{lakes}"
    one = started(lake_path)
    one.join()
    assert one.exitcode == 0
    found["different"] += contents(lake_path) != wanted
    return {**found, "lakes": lakes, "run_s": run_s, "seconds": time.perf_counter() - begun}
