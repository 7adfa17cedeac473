"""A connector of the tests' own: a file is a JSON list of [table, row]; what a row does not say has a usual value."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa

from cemlib.schema import table

_USUAL = {
    "data_session": {"subscriber_key": "anna", "direction_code": "outbound", "home_plmn_code": "99970", "visited_plmn_code": "99901",
                     "service_code": "web", "protocol_code": "gtpv2", "cause_code": "16", "resource_id": "cell1"},
    "voice_call": {"leg_code": "a", "subscriber_key": "anna", "direction_code": "outbound", "home_plmn_code": "99970", "visited_plmn_code": "99901",
                   "protocol_code": "sip", "cause_code": "0", "mos_method_code": "g107_nb"},
    "registration": {"subscriber_key": "anna", "direction_code": "outbound", "procedure_code": "update_location", "protocol_code": "diameter_3gpp",
                     "cause_code": "0", "visited_plmn_code": "99901", "home_plmn_code": "99970"},
    "ticket": {"category_code": "voice"},
    "survey_answer": {"question_code": "nps_11", "time_grain_code": "exact"},
    "subscriber": {"subscriber_kind_code": "mobile", "status_code": "active", "valid_from_at": "2020-01-01T00:00"},
    "network": {"country_code": "IT", "valid_from_at": "2020-01-01T00:00"},
}
_REJECTED = pa.schema([("line", pa.int64()), ("column", pa.string()), ("reason_code", pa.string()), ("reason", pa.string()), ("raw", pa.string())])


def write_rows(path: Path, rows: list[tuple[str, dict]]) -> Path:
    path.write_text(json.dumps(rows))
    return path


class Rows:
    code = "rows"

    def __init__(self, *paths: Path) -> None:
        self.paths = paths

    def files(self):
        return list(self.paths)

    def read(self, path, door):
        rows, found = json.loads(path.read_text()), {}
        for name, given in rows:
            declared = table(name)
            row = dict.fromkeys(declared.columns) | _USUAL[name] | given
            for one in declared.fields():
                if one.type == "timestamp" and row[one.name] is not None:
                    row[one.name] = dt.datetime.fromisoformat(row[one.name]).replace(tzinfo=dt.UTC)
            if declared.kind == "fact":
                at = row[declared.event_at]
                text = json.dumps([name, given], sort_keys=True)
                row |= {"record_id": row["record_id"] or hashlib.sha256(text.encode()).hexdigest()[:32], "source_code": self.code,
                        "observation_code": "passive", "received_at": row["received_at"] or at + dt.timedelta(minutes=1), "event_date": at.date()}
            found.setdefault(name, []).append(row)
        tables = {name: pa.Table.from_pylist(some, schema=table(name).arrow_schema()) for name, some in found.items()}
        yield SimpleNamespace(records=len(rows), accepted=len(rows), tables=tables, rejected=_REJECTED.empty_table())
