"""The states that a lake went through, which of them can still be read, and which one a user means."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import pandas as pd

from cemlib.errors import LakeError, UnknownNameError
from cemlib.lake.manifest import Snapshot, State

__all__ = ["find_state", "ledger_states", "readable_ids", "snapshots"]


def ledger_states(lines: list[dict]) -> list[State]:
    """Every state that the ledger went through, oldest first, beginning with the empty lake."""
    states, tables, size = [State({}, 0, "")], {}, 0
    for line in lines:
        tables = {**tables, **line["tables_at"]}
        size += len((json.dumps(line, ensure_ascii=False) + "\n").encode())
        states.append(State(tables, size, line["at"]))
    return states


def readable_ids(lines: list[dict], states: list[State]) -> set[str]:
    """The ids of the states whose files no vacuum has removed."""
    ids = [one.snapshot().id for one in states]
    readable = set(ids)
    for line in lines:
        if line["event"] == "vacuumed":
            # the state from which on all are kept, and the older ones that were spared
            kept = {one for one, state in zip(ids, states, strict=True) if state.written_at >= line["from"] or not state.tables}
            readable &= kept | set(line["spared"])
    return readable


def snapshots(lines: list[dict]) -> pd.DataFrame:
    """Every state of the lake, oldest first: id, written_at, event, file_name, records, tables, is_readable."""
    states = ledger_states(lines)
    readable = readable_ids(lines, states)
    rows = [(found.id, line["at"], line["event"], line.get("file"), line.get("records"), ", ".join(line["tables_at"]), found.id in readable)
            for line, state in zip(lines, states[1:], strict=True) for found in [state.snapshot()]]
    frame = pd.DataFrame(rows, columns=["id", "written_at", "event", "file_name", "records", "tables", "is_readable"])
    frame["written_at"] = pd.to_datetime(frame["written_at"], utc=True, format="ISO8601").dt.tz_localize(None)
    return frame.astype({"records": "Int64", "is_readable": "bool"})


def find_state(lines: list[dict], at: Snapshot | datetime | str, where: str) -> State:
    """The state that a snapshot, its id or an instant means.

    Parameters
    ----------
    lines : list of dict
        The ledger.
    at : Snapshot, datetime or str
        A datetime without time zone, and an ISO text without one, are UTC.

    Raises
    ------
    LakeError
        When the lake never was in that state, or a vacuum removed its files.
    """
    states = ledger_states(lines)
    found = _found(states, at, where)
    readable = readable_ids(lines, states)
    if found.snapshot().id not in readable:
        # the empty lake is always readable and never what is looked for
        oldest = next(one for one in states if one.tables and one.snapshot().id in readable)
        raise LakeError("This state of the lake can no longer be read: a vacuum removed its files.",
                        came=f"snapshot {found.snapshot().id}, written at {found.written_at}", where=where,
                        todo=f"The oldest state that can be read is {oldest.snapshot().id}, written at {oldest.written_at}; "
                             "`cem lake snapshots` lists all.")
    return found


def _found(states: list[State], at: Snapshot | datetime | str, where: str) -> State:
    wanted = at.id if isinstance(at, Snapshot) else at
    if isinstance(wanted, str):
        with contextlib.suppress(ValueError):
            # an id of 12 hexadecimal digits may also read as a date (202603011200), so ids go first
            if not any(one.snapshot().id == wanted for one in states):
                wanted = datetime.fromisoformat(wanted)
    if isinstance(wanted, datetime):
        instant = (wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)).astimezone(UTC)
        return [one for one in states if not one.written_at or datetime.fromisoformat(one.written_at) <= instant][-1]
    for one in reversed(states):
        if one.snapshot().id == wanted:
            return one
    if isinstance(at, Snapshot):
        raise LakeError("The lake never was in the state of this snapshot.", came=f"snapshot {at.id}", where=where)
    raise UnknownNameError("snapshot", str(wanted), [one.snapshot().id for one in states], where=where)
