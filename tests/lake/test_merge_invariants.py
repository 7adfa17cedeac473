"""Whatever files come, in whatever order and overlap: the table holds each natural key once, with the newest content."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cemlib.lake.engine import connect
from cemlib.lake.merge import merge_rows
from cemlib.schema import table

START = datetime(2026, 3, 1, tzinfo=UTC)
RECORD = st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 2))
FILES = st.lists(st.lists(RECORD, min_size=1, max_size=8), min_size=1, max_size=4)


class Held:
    """A stored table, in memory."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows, self.missing = rows, frozenset()

    def relation(self, connection, days=None):
        return connection.from_arrow(self.rows) if self.rows.num_rows else None


@pytest.fixture(scope="module")
def connection():
    with connect() as opened:
        yield opened


def tickets(records):
    """Tickets of three fields: its number, when it was received, and its content."""
    schema = table("ticket").arrow_schema()
    rows = [{"record_id": f"{number}-{received}-{content}", "source_code": "s", "observation_code": "passive",
             "received_at": START + timedelta(hours=received), "event_date": START.date(), "ticket_id": f"t{number}",
             "opened_at": START, "category_code": str(content)} for number, received, content in records]
    return pa.Table.from_pylist([{one: row.get(one) for one in schema.names} for row in rows], schema=schema)


def merged(connection, files):
    held = table("ticket").arrow_schema().empty_table()
    for records in files:
        found = merge_rows(connection, table("ticket"), connection.from_arrow(tickets(records)), Held(held))
        fresh = pa.table(found.rows.to_arrow_table()).cast(held.schema)
        assert (fresh.num_rows, len(records)) == (found.added + found.changed, found.added + found.changed + found.known)
        names = set(fresh.column("ticket_id").to_pylist())
        assert found.changed == len(names & set(held.column("ticket_id").to_pylist()))
        kept = held.filter(pa.array([one not in names for one in held.column("ticket_id").to_pylist()], pa.bool_()))
        held = pa.concat_tables([kept, fresh])
    return sorted(zip(held.column("ticket_id").to_pylist(), held.column("record_id").to_pylist()))


@given(files=FILES, data=st.data())
@settings(max_examples=25)
def test_order_and_repetition_do_not_matter(connection, files, data):
    # by hand: of each ticket the record that was received last, of two at the same time the greater record_id
    newest = {}
    for number, received, content in (record for records in files for record in records):
        newest[number] = max(newest.get(number, (-1, "")), (received, f"{number}-{received}-{content}"))
    wanted = sorted((f"t{number}", record) for number, (_, record) in newest.items())
    assert merged(connection, files) == wanted
    assert merged(connection, data.draw(st.permutations(files))) == wanted
    assert merged(connection, files + files) == wanted
