"""The second reading of a file that was taken with rejects, after its mapping or connector was mended.

A retry adds what was rejected before and is accepted now; what was accepted before stays as it is. The lake does not know which
row came from which line, therefore it is held against what the lake knows that the mended reading is the older one and more:

* no line is rejected now that was accepted before (the lines of the quarantine tell);
* no table gets fewer rows than before, and no more new ones than the newly accepted records can bring;
* a fact whose ``record_id`` (made from the content of the record) is held has the same natural key and the same values.

Otherwise the file is refused and nothing changes: half of it would be told one way, half the other. A reference row is replaced,
as by any newer file, unless a later file brought it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from cemlib.errors import IngestError, LakeError
from cemlib.lake.delta import DeltaFolder, StoredTable
from cemlib.lake.engine import quoted
from cemlib.lake.merge import Merged, merge_rows
from cemlib.lake.quarantine import read_quarantined
from cemlib.lake.staging import StagedFile
from cemlib.schema import Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["EarlierTaking", "last_taking"]

#: Told by when the file came and what the directory of networks knew, not by the mapping.
_NOT_FROM_THE_RECORD = ("received_at", "home_plmn_code")
_TOLD = ["line", "column", "reason_code", "reason"]
_TODO = ("A retry only adds what was rejected: mend the mapping so that it reads the accepted records as before, or ingest the "
         "files into a new lake.")


def last_taking(lines: list[dict], digest: str) -> dict | None:
    """The ledger's last line about a file that was taken; None when it never was."""
    return next((line for line in reversed(lines) if line["event"] in ("ingested", "retried") and line["digest"] == digest), None)


class EarlierTaking:
    """What is known of a file from when it was taken.

    Parameters
    ----------
    folder : Path
        The lake.
    line : dict
        The last line of the ledger about the file.
    source_code : str
        By which connector it is read now.

    Raises
    ------
    IngestError
        When it was read by another connector.
    """

    def __init__(self, folder: Path, line: dict, source_code: str, where: str) -> None:
        if line["source_code"] != source_code:
            raise IngestError("The file was taken as one of another source.", wanted=line["source_code"], came=source_code, where=where,
                              todo="Retry it with the source and mapping code that it was taken with.")
        self.line, self._where = line, where
        self._rejected = read_quarantined(folder / "quarantine", line["digest"]).select(_TOLD).to_pylist()
        self._now: list[dict] = []

    def note(self, rejected: pa.Table) -> None:
        """Remember what is rejected now."""
        self._now += rejected.select(_TOLD).to_pylist()

    def is_unchanged(self) -> bool:
        """Whether the same lines are rejected for the same reasons."""
        return Counter(tuple(one.values()) for one in self._now) == Counter(tuple(one.values()) for one in self._rejected)

    def check_records(self, staged: StagedFile) -> None:
        """Refuse a reading that rejects what was accepted, or makes fewer rows of it.

        Raises
        ------
        IngestError
            Naming the lines or the table.
        """
        fresh = Counter(one["line"] for one in self._now) - Counter(one["line"] for one in self._rejected)
        if fresh:
            reasons = Counter(f"{one['column']} {one['reason_code']}".strip() for one in self._now if one["line"] in fresh)
            raise IngestError("The mended reading rejects records that were accepted before.",
                              came=f"{sum(fresh.values()):,} records, first in line {min(fresh)}: " + ", ".join(dict(reasons.most_common(3))),
                              where=self._where, todo=_TODO)
        for name, counts in self.line["tables"].items():
            then = sum(counts.values())
            if staged.rows[name] < then:
                raise IngestError("The mended reading makes fewer rows of the accepted records than before.", wanted=f"at least {then:,} rows",
                                  came=f"{staged.rows[name]:,}", where=f"{self._where}, table {name}", todo=_TODO)

    def merge(self, connection: duckdb.DuckDBPyConnection, declared: Table, staged: StagedFile, held: StoredTable | None,
              delta: DeltaFolder) -> Merged:
        """Find what of the file is new, after holding it against what is in the table.

        Raises
        ------
        IngestError
            When accepted records are read otherwise than before.
        """
        rows = staged.relation(declared.name, connection)
        if held is not None and declared.kind == "fact":
            self._refuse_other_content(connection, declared, rows, held)
        merged = merge_rows(connection, declared, rows, held, is_retry=True, earlier=self._then(declared, delta))
        then = sum(self.line["tables"].get(declared.name, {}).values())
        if merged.added > staged.rows[declared.name] - then:
            raise IngestError("The mended reading gives accepted records another natural key: they would be in the table twice.",
                              wanted=f"at most {staged.rows[declared.name] - then:,} new rows", came=f"{merged.added:,}",
                              where=f"{self._where}, table {declared.name}, key {', '.join(declared.natural_key)}", todo=_TODO)
        return merged

    def _then(self, declared: Table, delta: DeltaFolder) -> StoredTable | None:
        """The table as it was when the file had been taken; None when that version is gone."""
        at = self.line["tables_at"].get(declared.name)
        try:
            return None if at is None else delta.at(declared, at["version"], at["evolved"])
        except LakeError:
            return None

    def _refuse_other_content(self, connection: duckdb.DuckDBPyConnection, declared: Table, rows: duckdb.DuckDBPyRelation,
                              held: StoredTable) -> None:
        there = held.relation(connection)
        if there is None:
            return
        rows.create_view("staged", replace=True)
        there.create_view("held", replace=True)
        keys = [quoted(name) for name in dict.fromkeys(["record_id", *declared.natural_key])]
        same = " AND ".join(f"fresh.{key} IS NOT DISTINCT FROM old.{key}" for key in keys)
        compared = [name for name in declared.columns
                    if quoted(name) not in keys and name not in _NOT_FROM_THE_RECORD and name not in held.missing]
        # names come from the declared schema, never from a file
        connection.execute("CREATE OR REPLACE TEMP TABLE kin AS SELECT * FROM held SEMI JOIN staged USING (record_id)")
        ((moved,),) = connection.sql(f"SELECT count(*) FROM kin AS old ANTI JOIN staged AS fresh ON {same}").fetchall()  # noqa: S608
        differing = {name: f"fresh.{quoted(name)} IS DISTINCT FROM old.{quoted(name)}" for name in compared}
        differing |= {name: f"fresh.{quoted(name)} IS NOT NULL" for name in sorted(held.missing)}
        counted = ", ".join(f"count(*) FILTER (WHERE {one})" for one in differing.values())
        (counts,) = connection.sql(f"SELECT {counted} FROM staged AS fresh JOIN kin AS old ON {same}").fetchall()  # noqa: S608
        connection.execute("DROP TABLE kin")
        other = [f"{name} in {count:,} records" for name, count in zip(differing, counts) if count]
        if moved:
            other.insert(0, f"{', '.join(declared.natural_key)} in {moved:,} records")
        if other:
            raise IngestError("The mended reading gives accepted records other values.", came=", ".join(other[:5]),
                              where=f"{self._where}, table {declared.name}", todo=_TODO)
