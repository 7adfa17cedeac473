"""A connector of the tests' own: one record a line, of three kinds; every other line is rejected.

R,<id>,<attempted>,<received>,<subscriber>,<cause>   a registration and an identity row
T,<ticket>,<opened>,<closed or empty>,<received>     a ticket
N,<plmn>,<tadig or empty>,<name>,<valid from>        a network
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from cemlib.schema import table


@dataclass
class Batch:
    records: int
    tables: dict[str, pa.Table]
    accepted: int
    rejected: pa.Table


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def rows(name: str, found: list[dict]) -> pa.Table:
    schema = table(name).arrow_schema()
    return pa.Table.from_pylist([{one: row.get(one) for one in schema.names} for row in found], schema=schema)


class Invented:
    code = "invented"

    def __init__(self, *paths: Path, batch: int = 1000, account: bool = True) -> None:
        self.paths, self.batch, self.account = [Path(one) for one in paths], batch, account

    def files(self) -> list[Path]:
        return sorted(one for path in self.paths for one in ([path] if path.is_file() else path.glob("*.txt")))

    def read(self, path: Path, door: object) -> Iterator[Batch]:
        lines = list(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
        for start in range(0, len(lines), self.batch):
            yield self._batch(lines[start:start + self.batch])

    def _batch(self, lines: list[tuple[int, str]]) -> Batch:
        found: dict[str, list[dict]] = {}
        rejected = []
        for number, text in lines:
            kind, *cells = text.split(",")
            if kind not in "RTN" or not kind:
                rejected.append({"line": number, "column": "kind", "reason_code": "malformed", "reason": "not a known kind", "raw": text})
                continue
            for name, row in getattr(self, f"_{kind.lower()}")(cells, text):
                found.setdefault(name, []).append(row)
        schema = pa.schema([("line", pa.int64()), ("column", pa.string()), ("reason_code", pa.string()), ("reason", pa.string()), ("raw", pa.string())])
        told = len(lines) if self.account else len(lines) + 1
        return Batch(told, {name: rows(name, one) for name, one in found.items()}, len(lines) - len(rejected),
                     pa.Table.from_pylist(rejected, schema=schema))

    def _fact(self, text: str, event: datetime, received: datetime) -> dict:
        return {"record_id": hashlib.sha256(text.encode()).hexdigest()[:32], "source_code": self.code, "observation_code": "passive",
                "received_at": received, "event_date": event.date()}

    def _r(self, cells: list[str], text: str) -> list[tuple[str, dict]]:
        name, attempted, received, subscriber, cause = cells
        at = instant(attempted)
        key = hashlib.sha256(f"{door_of_tests}{subscriber}".encode()).hexdigest()[:32]
        fact = self._fact(text, at, instant(received))
        return [
            ("registration", {**fact, "subscriber_key": key, "visited_plmn_code": "99901", "direction_code": "outbound",
                              "procedure_code": "attach", "protocol_code": "diameter_3gpp", "rat_code": "4g", "cause_code": cause,
                              "diagnostic_code": name, "attempted_at": at, "setup_s": 0.25}),
            ("identity", {"identifier_key": key, "identifier_type_code": "imsi", "subscriber_key": key,
                          "valid_from_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        ]

    def _t(self, cells: list[str], text: str) -> list[tuple[str, dict]]:
        ticket, opened, closed, received = cells
        at = instant(opened)
        return [("ticket", {**self._fact(text, at, instant(received)), "ticket_id": ticket, "opened_at": at,
                            "closed_at": instant(closed) if closed else None, "category_code": "data"})]

    def _n(self, cells: list[str], text: str) -> list[tuple[str, dict]]:
        plmn, tadig, name, valid_from = cells
        return [("network", {"plmn_code": plmn, "tadig_code": tadig or None, "network_name": name, "country_code": "TR",
                             "valid_from_at": instant(valid_from)})]


class Mended(Invented):
    """The same after it was mended: it knows X as a registration and Y as a network; and mended badly, as a test wants it."""

    def __init__(self, *paths: Path, change=lambda name, row: row, refuse: str = "\0", **more) -> None:
        super().__init__(*paths, **more)
        self.change, self.refuse = change, refuse

    def _batch(self, lines):
        return super()._batch([(number, "?" + text if text.startswith(self.refuse) else {"X": "R", "Y": "N"}.get(text[:1], text[:1]) + text[1:])
                               for number, text in lines])

    def _rows(self, found):
        return [(name, row) for name, row in ((name, self.change(name, row)) for name, row in found) if row is not None]

    def _r(self, cells, text):
        return self._rows(super()._r(cells, text))

    def _t(self, cells, text):
        return self._rows(super()._t(cells, text))


door_of_tests = "a pseudonym of the tests:"


def registrations(day: str, count: int, first: int = 0, received: str | None = None) -> str:
    """Lines of registrations, one per minute and a subscriber each; every tenth is rejected by the network."""
    return "".join(
        f"R,{number},{day}T{number // 60 % 24:02}:{number % 60:02}:00+00:00,{received or day}T23:59:59+00:00,{number},{5004 if number % 10 == 0 else 0}\n"
        for number in range(first, first + count)
    )
