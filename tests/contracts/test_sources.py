"""Every connector of the catalogue keeps the contract, proven on its golden sample; a connector without sample fails."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from cemlib.lake import open_lake
from cemlib.schema import check_contract, table
from cemlib.sources import REJECTED, Door, catalogue

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "sources"
EXPECTED = yaml.safe_load((GOLDEN / "expected.yaml").read_text(encoding="utf-8"))
KEY = b"the key of the contract tests"
CONNECTORS = sorted(catalogue())


def read(code: str, path: Path | None = None) -> tuple[list, dict[str, pa.Table], pa.Table]:
    kind = catalogue()[code]
    path = path or GOLDEN / kind.golden
    assert path.is_file(), f"the connector {code} has no golden sample: {path.name}"
    batches = list(kind(path).read(path, Door(KEY, plmn_codes=["99901", "99917"])))
    names = {name for batch in batches for name in batch.tables}
    tables = {name: pa.concat_tables([batch.tables[name] for batch in batches if name in batch.tables]) for name in sorted(names)}
    return batches, tables, pa.concat_tables([batch.rejected for batch in batches])


once = functools.cache(read)


def test_every_connector_says_what_its_sample_must_give():
    assert set(EXPECTED) == set(CONNECTORS)


@pytest.mark.parametrize("code", CONNECTORS)
def test_the_tables_are_exactly_the_declared_ones(code):
    batches, tables, _ = once(code)
    assert tuple(tables) == tuple(sorted(catalogue()[code].default_tables))
    assert {name: one.num_rows for name, one in tables.items()} == EXPECTED[code]["rows"]
    for batch in batches:
        for name, one in batch.tables.items():
            assert one.schema.equals(table(name).arrow_schema(), check_metadata=True)
            check_contract(name, one)


@pytest.mark.parametrize("code", CONNECTORS)
def test_every_record_is_accounted_for(code):
    batches, _, rejected = once(code)
    for batch in batches:
        assert batch.accepted + batch.rejected.num_rows == batch.records
        assert batch.rejected.schema == REJECTED
    lines = (GOLDEN / catalogue()[code].golden).read_text(encoding="utf-8").splitlines()
    assert sum(batch.records for batch in batches) == len(lines) - 1
    assert sum(batch.accepted for batch in batches) == EXPECTED[code]["accepted"]
    assert sum(sum(batch.reasons().values()) for batch in batches) == rejected.num_rows


@pytest.mark.parametrize("code", CONNECTORS)
def test_bad_records_are_rejected_with_line_column_reason_and_text(code):
    _, _, rejected = once(code)
    assert EXPECTED[code]["rejected"], "a golden sample holds at least one bad record"
    found = [[one["line"], one["column"], one["reason_code"]] for one in rejected.to_pylist()]
    assert found == EXPECTED[code]["rejected"]
    lines = (GOLDEN / catalogue()[code].golden).read_text(encoding="utf-8").splitlines()
    assert [one["raw"] for one in rejected.to_pylist()] == [lines[at - 1] for at, _, _ in EXPECTED[code]["rejected"]]


@pytest.mark.parametrize("code", CONNECTORS)
def test_the_quarantine_of_a_lake_gives_the_rejected_records_back(code, tmp_path):
    _, _, rejected = read(code)
    kind = catalogue()[code]
    with open_lake(tmp_path / "lake") as lake:
        lake.ingest(kind(GOLDEN / kind.golden), door=Door(KEY, plmn_codes=["99901", "99917"]))
        kept = lake.quarantined()
    columns = ["line", "column", "reason_code", "reason", "raw"]
    assert kept[columns].to_dict("records") == rejected.select(columns).to_pylist()


@pytest.mark.parametrize("code", CONNECTORS)
def test_times_are_utc_and_the_partition_is_the_day_of_the_event(code):
    _, tables, _ = once(code)
    for name, one in tables.items():
        declared = table(name)
        for field in declared.fields():
            if field.type == "timestamp":
                assert one.schema.field(field.name).type == pa.timestamp("us", tz="UTC")
        if declared.event_at:
            for row in one.select([declared.event_at, "event_date"]).to_pylist():
                assert row["event_date"] == row[declared.event_at].date()
        if declared.kind == "fact":
            assert set(one.column("source_code").to_pylist()) == {code}


VALUES = [(code, name, at) for code, one in sorted(EXPECTED.items()) for name, rows in one.get("values", {}).items() for at in rows]


@pytest.mark.parametrize(("code", "name", "at"), VALUES)
def test_units_clocks_codes_and_gaps_are_converted(code, name, at):
    found = once(code)[1][name].slice(at, 1).to_pylist()[0]
    for column, wanted in EXPECTED[code]["values"][name][at].items():
        value = found[column]
        if wanted == "set":
            assert value is not None, column
            continue
        if isinstance(value, dt.datetime):
            wanted = wanted and dt.datetime.fromisoformat(wanted)
        assert value == wanted, column


@pytest.mark.parametrize("code", CONNECTORS)
def test_parquet_gives_the_same_as_csv(code, tmp_path):
    kind = catalogue()[code]
    source = kind(GOLDEN / kind.golden)
    # without the closing quote a line has fewer cells; such lines are no records, and a Parquet file cannot hold them
    header, *rows = [next(csv.reader([line], delimiter=source.mapping.delimiter)) for line in source.paths[0].read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if len(row) == len(header)]
    path = tmp_path / "same.parquet"
    pq.write_table(pa.table({name: pa.array([row[at] for row in rows]) for at, name in enumerate(header)}), path)
    mtime = source.paths[0].stat().st_mtime
    os.utime(path, (mtime, mtime))
    _, tables, _ = read(code, path)
    assert tables == once(code)[1]


@pytest.mark.parametrize("code", CONNECTORS)
def test_reading_twice_gives_the_same(code):
    first, second = once(code), read(code)
    assert first[1] == second[1]
    assert first[2] == second[2]


@pytest.mark.parametrize("code", CONNECTORS)
def test_no_raw_identifier_leaves_the_door(code):
    source = catalogue()[code](GOLDEN / catalogue()[code].golden)
    header, *rows = [line.split(source.mapping.delimiter) for line in source.paths[0].read_text(encoding="utf-8").splitlines()]
    marked = [header.index(name) for name, cells in source.mapping.columns.items() if any(one.identifier for one in cells)]
    raw = {row[at] for row in rows for at in marked if at < len(row)} - {""}
    raw |= {re.sub(r"\D", "", one) for one in raw if len(re.sub(r"\D", "", one)) >= 9}
    long = re.compile("|".join(re.escape(one) for one in raw if len(one) >= 6) or "$.")
    _, tables, rejected = once(code)
    cells = [cell for one in tables.values() for column in one.columns for cell in column.to_pylist() if isinstance(cell, str)]
    cells += [cell for name in ("column", "reason_code", "reason") for cell in rejected.column(name).to_pylist()]
    assert [cell for cell in cells if cell in raw or long.search(cell)] == []
