"""The wide lake of a size, made once and kept for the next run: with messages and registrations beside the data sessions, and ordered."""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pyarrow as pa

from cemlib.lake import Lake, open_lake
from cemlib.lake.change import LakeChanges
from cemlib.schema import table
from tests.bench.wide_lake import make_lake

__all__ = ["DAYS", "kept_lake"]

DAYS = 30
# every tenth session gave a message and every twentieth a registration of the same person in the same minute
_BESIDE = {
    "message": (10, {"submitted_at": "started_at", "delivered_at": "started_at + INTERVAL 2 SECOND", "service_code": "'sms'"}),
    "registration": (20, {"attempted_at": "started_at", "procedure_code": "'attach'", "is_steering": "false",
                          "visited_plmn_code": "coalesce(visited_plmn_code, '99970')"}),
}


def kept_lake(size: int) -> tuple[Path, str]:
    """The folder of the lake (below CEM_BENCH, else the system's temporary folder), and the snapshot before it was ordered."""
    place = Path(os.environ.get("CEM_BENCH", tempfile.gettempdir() + "/cem-bench")) / f"wide-{size}"
    if not (place / "ready").exists():
        print(f"making a lake of {size:,} records over {DAYS} days in {place} …", file=sys.stderr, flush=True)
        with make_lake(place, size, DAYS, max(size // 100, 1000)) as lake:
            _add_tables(lake)
        with open_lake(place) as lake:
            before = lake.snapshot().id
            lake.optimize(closed_after=timedelta(0))
        (place / "ready").write_text(before)
    return place, (place / "ready").read_text()


def _add_tables(lake: Lake) -> None:
    changes = LakeChanges(lake.path)
    with changes.locked(), changes.change("made", list(_BESIDE)) as change:
        for name, (every, own) in _BESIDE.items():
            declared = table(name)
            change.head(name, create=True)
            held = table("data_session").columns
            columns = ", ".join(f"{own.get(one, one if one in held else 'NULL')} AS {one}" for one in declared.columns)
            schema = declared.arrow_schema()
            days = lake.query("SELECT DISTINCT day_date FROM data_session ORDER BY 1").fetchall()
            for (day,) in days:
                made = lake.query(f"SELECT {columns} FROM data_session WHERE day_date = $day AND hash(record_id) % {every} = 0", {"day": day})
                batches = (batch.cast(schema) for batch in _typed(made, schema).to_arrow_reader(122_880))
                changes.delta.append(declared, pa.RecordBatchReader.from_batches(schema, batches), change.transaction)


def _typed(relation, schema: pa.Schema):
    """The views show naive UTC; stored times carry their zone."""
    told = ", ".join(f"make_timestamptz(epoch_us({one.name})) AS {one.name}" if pa.types.is_timestamp(one.type)
                     else f"CAST({one.name} AS {_SQL[one.type]}) AS {one.name}" for one in schema)
    return relation.project(told)


_SQL = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN", pa.date32(): "DATE"}
