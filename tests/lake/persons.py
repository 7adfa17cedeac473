"""Files with persons in them for the connectors of the house, and processes that reveal, rotate and erase, some of which are killed."""

from __future__ import annotations

import json
import os
import resource
import signal
from pathlib import Path

from crashing import _killer

import cemlib as cem
from cemlib.lake import change, erase_person, open_lake, reveal_identifiers, rotate_key
from cemlib.lake.audit import AuditLog

OLD, NEW = "the-secret-of-the-tests", "the-new-secret-of-the-tests"
REASON = "case 12 of the tests"

# two persons of their own, two on one account, and 33639980009 that was person 1's number until March and then person 2's
BASE = """imsi,msisdn,account_id,account_type,plan,vip_tier,status,valid_from
999010000000001,+33639980001,A-1,consumer,basic,,active,2026-01-01
999010000000002,+33639980002,A-2,enterprise,business,gold,active,2026-01-01
999010000000003,33 6 39 98 00 03,A-2,enterprise,business,gold,active,2026-01-01
999010000000001,+33639980009,A-1,consumer,basic,,active,2026-01-01
999010000000002,+33639980009,A-2,enterprise,business,gold,active,2026-03-02
99901000000000X,+33 6 39 98 00 01,A-1,consumer,basic,,active,2026-01-01
99901000000000X,+33639980006,A-5,consumer,basic,,active,2026-01-01
"""
CALLS_HEAD = "call_id,leg,start_time,alert_time,answer_time,release_time,export_time,direction,imsi,imei,vplmn,rat,calling,called,protocol,cause,dropped,mos\n"
STAYS_HEAD = "start_time,end_time,export_time,direction,imsi,vplmn,rat\n"


def call(number: int, day: str, imsi: str, calling: str, called: str) -> str:
    at = f"{day}T08:{number:02}"
    return f"call-{number},a,{at}:00.000Z,{at}:03.000Z,,{at}:30.000Z,{day}T09:00:00.000Z,OUT,{imsi},,99917,4G,{calling},{called},sip,0,0,4.1\n"


def stay(day: str, imsi: str) -> str:
    return f"{day}T08:00:00.000Z,{day}T09:30:00.000Z,{day}T09:35:00.000Z,OUT,{imsi},99917,4G\n"


CALLS = CALLS_HEAD + "".join([
    call(1, "2026-02-01", "999010000000001", "+33639980001", "+33639980002"),
    call(2, "2026-02-01", "999010000000001", "+33639980009", "+33639980002"),
    call(3, "2026-03-05", "999010000000002", "+33639980009", "0033639980001"),
    call(4, "2026-03-05", "999010000000003", "+33639980003", "+33639980001"),
    "call-5,a,no time,,,,2026-03-05T09:00:00.000Z,OUT,999010000000001,,99917,4G,,,sip,0,0,\n",
    "call-6,a,no time,,,,2026-03-05T09:00:00.000Z,OUT,999010000000003,,99917,4G,,,sip,0,0,\n",
])
STAYS = STAYS_HEAD + stay("2026-02-01", "999010000000001") + stay("2026-02-01", "999010000000003")
#: Every identifier above, as one would search for it.
IDENTIFIERS = ["999010000000001", "999010000000002", "999010000000003", "99901000000000X", "33639980001", "33639980002", "33639980003",
               "33639980009", "33639980006", "33 6 39 98 00 0", "A-1", "A-2", "A-5"]


def write_files(folder: Path) -> Path:
    """The three files of the operator."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("base", BASE), ("calls", CALLS), ("stays", STAYS)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def fill(lake_path: Path, folder: Path) -> Path:
    """Ingest the files; returns the lake's path."""
    with cem.open_lake(lake_path) as lake:
        for kind, name in ((cem.sources.CustomerBase, "base"), (cem.sources.RoamingVoice, "calls"), (cem.sources.RoamingPresence, "stays")):
            summary = lake.ingest(kind(folder / f"{name}.csv"))
            if summary.failed:
                raise RuntimeError(str(summary))
    return lake_path


def state(lake_path: Path) -> dict:
    """What a reader sees, pseudonyms and rejected records included."""
    with open_lake(lake_path) as lake:
        return {
            "calls": lake.query("SELECT call_id, subscriber_key, calling_key, called_key, record_id FROM voice_call ORDER BY ALL").fetchall(),
            "stays": lake.query("SELECT subscriber_key, started_at::VARCHAR, record_id FROM attachment ORDER BY ALL").fetchall(),
            "identity": lake.query("SELECT identifier_key, subscriber_key, identifier_type_code, valid_from_at::VARCHAR FROM identity ORDER BY ALL").fetchall(),
            "subscriber": lake.query("SELECT subscriber_key, account_key FROM subscriber ORDER BY ALL").fetchall(),
            "account": lake.query("SELECT account_key FROM account ORDER BY ALL").fetchall(),
            "rejected": sorted(lake.quarantined()["raw"]),
        }


def rotate_and_die(lake_path: Path, at: int) -> None:
    """Rotate and be killed at the given step."""
    change._reached = _killer(at)
    rotate_key(lake_path, NEW.encode())


def erase_and_die(lake_path: Path, key: str, at: int) -> None:
    """Erase and be killed at the given step."""
    change._reached = _killer(at)
    erase_person(lake_path, key, REASON)


def fill_and_die(lake_path: Path, folder: Path, at: int) -> None:
    """Ingest the files and be killed at the given step, counted over all files."""
    change._reached = _killer(at)
    fill(lake_path, folder)


def reveal_and_die(lake_path: Path, key: str, answer: Path, at: str) -> None:
    """Reveal and be killed before or after a step of the audit; ``answer`` gets what was revealed."""
    step, _, name = at.partition(" ")
    whole = getattr(AuditLog, name)

    def killed(*args: object) -> None:
        if step == "after":
            whole(*args)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(AuditLog, name, killed)
    answer.write_text(json.dumps([one.to_dict() for one in reveal_identifiers(lake_path, [key], REASON)]))


def reveal_on_full_disk(lake_path: Path, key: str, answer: Path) -> None:
    """Reveal while the audit log may not grow by a whole line; ``answer`` gets what came of it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = (lake_path / "audit.jsonl").stat().st_size + 20
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        told = str(reveal_identifiers(lake_path, [key], REASON))
    except cem.CemError as error:
        told = f"refused: {error}"
    with open(answer, "w", encoding="utf-8") as file:
        file.write(told[:200])
