"""The merge on the natural key: what of a file the table does not have yet.

A record that is there already is known and is not written again. A fact that is there with other content (a ticket that was
closed since) is replaced when the newcomer was received later; with equal times the greater record_id wins, so that the order
in which files come does not matter. A reference row with the same natural key and other content is replaced by the newest file.
A fact is looked for in its own UTC day: only the touched partitions are read. Where the natural key holds a person's pseudonym, a
record that comes again after that person was erased would look new under the next pseudonym: it is known by its record_id. A file
that is read again in a retry is an older one: a row that came after it was first taken stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from cemlib.lake.engine import quoted
from cemlib.lake.staging import ROW
from cemlib.schema import Table

if TYPE_CHECKING:
    import duckdb

    from cemlib.lake.delta import StoredTable

__all__ = ["Merged", "merge_rows"]


@dataclass(frozen=True)
class Merged:
    """What a merge found.

    Attributes
    ----------
    rows : duckdb relation
        New rows, and those that replace a held one, in the declared columns.
    added, changed, known : int
        Rows that are new, that replace a held one, and that are there already (within the file or in the table).
    days : set of date
        The touched partitions of a fact.
    is_whole : bool
        Every staged row is new: ``rows`` are the staged ones as they are.
    """

    rows: duckdb.DuckDBPyRelation
    added: int
    changed: int
    known: int
    days: set[date]
    is_whole: bool = False


def merge_rows(connection: duckdb.DuckDBPyConnection, declared: Table, staged: duckdb.DuckDBPyRelation, held: StoredTable | None,
               *, is_retry: bool = False, earlier: StoredTable | None = None) -> Merged:
    """Find what of the staged rows is new or newer.

    Parameters
    ----------
    connection : DuckDB connection
        The writer's own; the views ``staged`` and ``held`` are made in it.
    declared : Table
    staged : relation
        The rows of the file.
    held : StoredTable or None
        The table at the version to which the rows will be added.
    is_retry : bool
        The file is an older one: a held row that came later is not replaced.
    earlier : StoredTable or None
        The table as it was when that file was taken; where it is not known, no held row is replaced.
    """
    is_fact = declared.kind == "fact"
    keys = ", ".join(quoted(name) for name in declared.natural_key)
    columns = ", ".join(quoted(name) for name in declared.columns)
    newest = "received_at DESC, record_id DESC" if is_fact else f"{ROW} DESC"
    staged.create_view("staged", replace=True)
    days: set[date] = set()
    if is_fact:
        days = {day for (day,) in connection.sql("SELECT DISTINCT event_date FROM staged").fetchall()}
    # keys and columns come from the declared schema, never from a file
    ((rows, distinct),) = connection.sql(
        f"SELECT (SELECT count(*) FROM staged), (SELECT count(*) FROM (SELECT DISTINCT {keys} FROM staged))"  # noqa: S608
    ).fetchall()
    alone = "staged" if rows == distinct else (
        f"(SELECT * FROM staged QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {newest}) = 1)"  # noqa: S608
    )
    there = held.relation(connection, days if is_fact else None) if held is not None else None
    if there is None:
        return Merged(connection.sql(f"SELECT {columns} FROM {alone}"), distinct, 0, rows - distinct, days, is_whole=rows == distinct)  # noqa: S608
    there.create_view("held", replace=True)
    same = " AND ".join(f"(fresh.{quoted(name)} IS NOT DISTINCT FROM old.{quoted(name)})" for name in declared.natural_key)
    by_id = is_fact and any(declared.field(name).privacy == "pseudonym" for name in declared.natural_key)
    if rows == distinct and not is_retry and _is_all_new(connection, same, by_id):
        return Merged(connection.sql(f"SELECT {columns} FROM staged"), rows, 0, 0, days, is_whole=True)  # noqa: S608
    if is_fact:
        compared = ["record_id", "received_at"]
        newer = "(fresh.record_id <> old.record_id AND (fresh.received_at, fresh.record_id) > (old.received_at, old.record_id))"
    else:
        compared = [name for name in declared.columns if name not in declared.natural_key and name not in held.missing]
        newer = " OR ".join([
            *(f"fresh.{quoted(name)} IS DISTINCT FROM old.{quoted(name)}" for name in compared),
            *(f"fresh.{quoted(name)} IS NOT NULL" for name in sorted(held.missing)), "false",
        ])
    known_by_id = ""
    if by_id:
        known_by_id = "AND (old.is_held IS NOT NULL OR fresh.record_id NOT IN (SELECT record_id FROM held))"
    looked_at = ", ".join(quoted(name) for name in dict.fromkeys([*declared.natural_key, *compared]))
    old = f"SELECT {looked_at}, true AS is_held FROM held"  # noqa: S608
    if is_retry:
        then = earlier.relation(connection, days if is_fact else None) if earlier is not None else None
        newer = "false" if then is None else f"old.is_unchanged AND ({newer})"
        if then is not None:
            then.create_view("earlier", replace=True)
            alike = " AND ".join(f"(held.{quoted(name)} IS NOT DISTINCT FROM earlier.{quoted(name)})"
                                 for name in dict.fromkeys([*declared.natural_key, *compared]) if name not in earlier.missing)
            old = " UNION ALL ".join(
                f"SELECT {looked_at}, true AS is_held, {flag} AS is_unchanged FROM held {how} JOIN earlier ON {alike}"  # noqa: S608
                for how, flag in (("SEMI", "true"), ("ANTI", "false")))
    connection.execute("DROP TABLE IF EXISTS merged")
    connection.execute(
        f"CREATE TEMP TABLE merged AS SELECT {', '.join(f'fresh.{quoted(name)}' for name in declared.columns)}, "  # noqa: S608
        f"old.is_held IS NOT NULL AS is_changed FROM {alone} AS fresh "
        f"LEFT JOIN ({old}) AS old ON {same} WHERE (old.is_held IS NULL OR ({newer})) {known_by_id}"
    )
    ((added, changed),) = connection.sql(
        "SELECT count(*) FILTER (WHERE NOT is_changed), count(*) FILTER (WHERE is_changed) FROM merged"
    ).fetchall()
    return Merged(connection.sql(f"SELECT {columns} FROM merged"), added, changed, rows - added - changed, days)  # noqa: S608


def _is_all_new(connection: duckdb.DuckDBPyConnection, same: str, by_id: bool) -> bool:
    """Whether no staged row is held: of most files none is, and only the columns of the key are read to see it."""
    joins = [same, *(["fresh.record_id = old.record_id"] if by_id else [])]
    return not any(connection.sql(f"SELECT 1 FROM staged AS fresh SEMI JOIN held AS old ON {one} LIMIT 1").fetchall() for one in joins)  # noqa: S608
