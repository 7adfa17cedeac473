"""A file read again after its connector was mended: what was rejected comes in, what was accepted stays, and nothing doubles."""

from __future__ import annotations

import json
import signal
from datetime import timedelta

import pytest
from crashing import figures, take_and_die, take_mended
from invented_source import Invented, Mended, registrations

from cemlib.errors import LakeError
from cemlib.lake import open_lake

DOOR = object()
# five registrations, two that only the mended connector knows (X), one that stays bad
TEXT = registrations("2026-03-01", 5) + registrations("2026-03-01", 2, first=5).replace("R,", "X,") + "bad\n"


@pytest.fixture
def lake(tmp_path):
    with open_lake(tmp_path / "lake") as opened:
        yield opened


def taken(lake, path, **more):
    return lake.ingest(Mended(path, **more), door=DOOR, retry=True).files[0]


def numbers(lake):
    return [one for (one,) in lake.query("SELECT diagnostic_code::INT FROM registration ORDER BY 1").fetchall()]


def test_what_was_rejected_comes_in_and_every_count_tells_it(lake, incoming):
    path = incoming("a.txt", TEXT)
    first = lake.ingest(Invented(path), door=DOOR)
    assert (first.records, first.accepted, first.rejected) == (8, 5, 3)
    before = lake.snapshot()
    found = taken(lake, path)
    # two of the three come in; each brings a row to two tables, and the ten rows of before are known
    assert (found.status, found.records, found.accepted, found.rejected, found.regained) == ("retried", 8, 7, 1, 2)
    assert (found.added, found.changed, found.known) == (4, 0, 10)
    assert numbers(lake) == list(range(7))
    status = lake.status()
    assert (status["files"], status["records"], status["accepted"], status["rejected"]) == (1, 8, 7, 1)
    assert lake.rejects()[["file_name", "records"]].values.tolist() == [["a.txt", 1]]
    (row,) = lake.files().to_dict("records")
    assert (row["records"], row["accepted"], row["rejected"], row["added"], row["changed"], row["known"]) == (8, 7, 1, 14, 0, 0)
    assert lake.quarantined()[["line", "raw"]].values.tolist() == [[8, "bad"]]
    assert lake.freshness()["records"].tolist() == [7]
    events = [json.loads(line) for line in (lake.path / "ledger.jsonl").read_text().splitlines()]
    assert [(one["event"], one["rejected"]) for one in events] == [("ingested", 3), ("retried", 1)]
    # the state before the retry is still read as it was; only the raw text of what is no longer rejected is gone
    with open_lake(lake.path, at=before) as past:
        assert (numbers(past), past.status()["rejected"]) == (list(range(5)), 3)
        with pytest.raises(LakeError, match="a retry replaced them"):
            past.quarantined()


def test_a_second_retry_changes_nothing(lake, incoming):
    path = incoming("a.txt", TEXT)
    lake.ingest(Invented(path), door=DOOR)
    taken(lake, path)
    before, seen = lake.snapshot(), figures(lake.path)
    assert (taken(lake, path).status, lake.ingest(Mended(path), door=DOOR).files[0].status) == ("already", "already")
    assert (lake.snapshot(), figures(lake.path)) == (before, seen)


def test_when_nothing_is_rejected_any_more_the_quarantine_of_the_file_is_gone(lake, incoming):
    path = incoming("a.txt", TEXT.replace("bad\n", ""))
    lake.ingest(Invented(path), door=DOOR)
    assert len(list((lake.path / "quarantine").iterdir())) == 1
    assert taken(lake, path).rejected == 0
    assert list((lake.path / "quarantine").iterdir()) == []
    assert (lake.quarantined().empty, lake.rejects().empty, taken(lake, path).status) == (True, True, "already")


def test_a_file_that_is_new_or_had_no_rejects_is_taken_as_ever(lake, incoming):
    good = incoming("a.txt", registrations("2026-03-01", 5))
    lake.ingest(Invented(good), door=DOOR)
    assert taken(lake, good).status == "already"
    assert taken(lake, incoming("b.txt", TEXT)).status == "ingested"


def test_a_dry_run_tells_what_would_change_and_changes_nothing(lake, incoming):
    path = incoming("a.txt", TEXT)
    lake.ingest(Invented(path), door=DOOR)
    before, seen = sorted(map(str, lake.path.rglob("*"))), figures(lake.path)
    found = lake.ingest(Mended(path), door=DOOR, retry=True, dry_run=True).files[0]
    assert (found.status, found.accepted, found.rejected, found.regained, found.added) == ("retried", 7, 1, 2, 4)
    assert (sorted(map(str, lake.path.rglob("*"))), figures(lake.path)) == (before, seen)


def shifted(row):
    return {**row, "attempted_at": row["attempted_at"] + timedelta(days=1), "event_date": row["event_date"] + timedelta(days=1)}


@pytest.mark.parametrize(("change", "message"), [
    (lambda name, row: {**row, "setup_s": 0.5} if name == "registration" else row, "setup_s in 5 records"),
    (lambda name, row: shifted(row) if name == "registration" else row, "attempted_at in 5 records"),
    (lambda name, row: {**row, "tac_code": "35000000"} if name == "registration" else row, "tac_code in 5 records"),
    # other record ids: the content cannot be recognised, but the rows would be too many
    (lambda name, row: {**row, "record_id": row["record_id"][::-1]} if name == "registration" else row, "another natural key"),
    (lambda name, row: {**row, "valid_from_at": row["valid_from_at"] + timedelta(days=1)} if name == "identity" else row, "another natural key"),
    (lambda name, row: None if name == "identity" else row, "fewer rows of the accepted records"),
])
def test_a_mending_that_reads_accepted_records_otherwise_is_refused(lake, incoming, change, message):
    path = incoming("a.txt", TEXT)
    lake.ingest(Invented(path), door=DOOR)
    seen = figures(lake.path)
    for dry_run in (True, False):
        found = lake.ingest(Mended(path, change=change), door=DOOR, retry=True, dry_run=dry_run).files[0]
        assert (found.status, found.is_lake_fault) == ("failed", False)
        assert message in found.error
        assert "new lake" in found.error
    assert figures(lake.path) == seen
    assert not lake.status()["unfinished"]
    assert taken(lake, path).status == "retried"


def test_a_ticket_whose_number_would_change_is_refused(lake, incoming):
    """A natural key that is not the record's id: its content tells that it is the same record."""
    line = "T,t1,2026-03-01T10:00:00+00:00,,2026-03-01T11:00:00+00:00\n"
    path = incoming("a.txt", line + TEXT)
    lake.ingest(Invented(path), door=DOOR)
    found = taken(lake, path, change=lambda name, row: {**row, "ticket_id": "T-1"} if name == "ticket" else row)
    assert "ticket_id in 1 records" in found.error
    assert lake.query("SELECT ticket_id FROM ticket").fetchall() == [("t1",)]


def test_a_mending_that_rejects_what_was_accepted_is_refused(lake, incoming):
    path = incoming("a.txt", TEXT)
    lake.ingest(Invented(path), door=DOOR)
    found = taken(lake, path, refuse="R,3,")
    assert found.status == "failed"
    assert "rejects records that were accepted before" in found.error
    assert "1 records, first in line 4" in found.error


def test_another_source_is_refused(lake, incoming):
    path = incoming("a.txt", TEXT)
    lake.ingest(Invented(path), door=DOOR)

    class Other(Mended):
        code = "other"

    found = lake.ingest(Other(path), door=DOOR, retry=True).files[0]
    assert "one of another source" in found.error


def test_an_older_file_does_not_take_back_what_a_later_one_brought(lake, incoming):
    """Network and ticket of a later file stay; a row that nobody touched since is replaced by the regained one."""
    network = "N,99901,,{},2026-01-01T00:00:00+00:00\nN,99902,,{},2026-01-01T00:00:00+00:00\n"
    ticket = "T,t1,2026-03-01T10:00:00+00:00,{},2026-03-01T1{}:00:00+00:00\n"
    lake.ingest(Invented(incoming("0.txt", network.format("First", "First"))), door=DOOR)
    early = incoming("1.txt", ticket.format("", 1) + network.format("Second", "Second").replace("N,99902", "Y,99902") + "X" + TEXT[1:])
    lake.ingest(Invented(early), door=DOOR)
    lake.ingest(Invented(incoming("2.txt", network.format("Third", "").partition("\n")[0] + "\n" + ticket.format("2026-03-01T12:00:00+00:00", 2))), door=DOOR)
    # read at another time: the older ticket now looks as if it had been received last
    found = taken(lake, early, change=lambda name, row: {**row, "received_at": row["received_at"] + timedelta(days=9)} if name == "ticket" else row)
    assert found.status == "retried"
    assert lake.query("SELECT network_name FROM network ORDER BY plmn_code").fetchall() == [("Third",), ("Second",)]
    assert lake.query("SELECT closed_at::VARCHAR FROM ticket").fetchall() == [("2026-03-01 12:00:00",)]


# steps of a retry: locked, journal, two tables, quarantine, ledger, manifest
@pytest.mark.parametrize(("step", "text"), [*((step, TEXT) for step in range(1, 8)), *((step, TEXT.replace("bad\n", "")) for step in (5, 6, 7))])
def test_killed_at_a_step_of_a_retry(step, text, tmp_path, incoming, processes):
    path, path_of_lake = incoming("a.txt", text), tmp_path / "lake"
    open_lake(path_of_lake).ingest(Invented(path), door=DOOR)
    before = figures(path_of_lake)
    killed = processes.Process(target=take_and_die, args=(path_of_lake, path, step, True))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    with open_lake(path_of_lake) as lake:
        seen = numbers(lake), lake.status()["rejected"]
    bad = len(before["rejected"])
    assert seen == ((list(range(5)), bad) if step < 7 else (list(range(7)), bad - 2))
    # whatever comes next, an ordinary ingest or the retry again, undoes it first: the old quarantine is whole again
    open_lake(path_of_lake).ingest(Invented(incoming("b.txt", "N,99901,,A,2026-01-01T00:00:00+00:00\n")), door=DOOR)
    after = figures(path_of_lake)
    assert after["rejected"] == (before["rejected"] if step < 7 else before["rejected"][2:])
    take_mended(path_of_lake, path)
    done = figures(path_of_lake)
    assert done["registration"] == [(7, 7, 7)]
    assert [one[2] for one in done["rejected"]] == ["bad"] * (bad - 2)
    assert not list((path_of_lake / "quarantine").glob("*.before"))
