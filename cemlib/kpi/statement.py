"""The SQL that DuckDB runs for a KPI, with names that a reader can follow, and its conditions as words.

Nothing here is computed and nothing is written by hand: the queries are those of :mod:`cemlib.kpi.measure` and
:mod:`cemlib.kpi.quantile`, asked for their text. Only names that the engine makes up are replaced, and lines are broken.
"""

from __future__ import annotations

import atexit
import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import narwhals as nw

from cemlib.enrich import enriched, enriched_schema
from cemlib.kpi.columns import read_columns
from cemlib.kpi.definition import Kpi
from cemlib.kpi.measure import sum_records
from cemlib.kpi.parts import Quantile
from cemlib.kpi.quantile import rank_values
from cemlib.kpi.selection import find_column
from cemlib.kpi.sums import denominator_of
from cemlib.lake import open_lake

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["condition_words", "kpi_sql"]

_WORDS = {
    r"\(?\bNOT \((\w+) IS NULL\)\)?": r"\1 is known", r"\b(\w+) IS NULL\b": r"\1 is missing", r"\bNOT (\w+)\b": r"not \1", r"\bNOT\b": "not",
    r"\bAND\b": "and", r"\bOR\b": "or", r"\bIN\b": "in", r"\bCAST\((\w+) AS \w+\)": r"\1",
}


@functools.cache
def _empty_lake() -> Lake:
    """A lake without a record: the text of a query needs its columns alone. Its memory is freed before the interpreter ends."""
    lake = open_lake("a lake that is nowhere")
    atexit.register(lake.close)
    return lake


def kpi_sql(kpi: Kpi, by: Sequence[str] = (), lake: Lake | None = None) -> dict[str, str]:
    """The statements that DuckDB runs for a KPI: what they find, and their SQL.

    Parameters
    ----------
    kpi : Kpi
    by : sequence of str
        What to group by, as :func:`cemlib.kpi.evaluate` takes it.
    lake : Lake, optional
        A lake on DuckDB; by default one without records. ``lake.query(sql)`` runs the text: relations that begin with ``enrich_`` are
        derived tables, which that lake has made.

    Returns
    -------
    dict of str to str
        ``sums``: what is added up, cell by cell. For a quantile also ``ranks``: the values near the ranks that matter.

    Raises
    ------
    UnknownNameError
        For a column that the KPI's table does not have.

    Examples
    --------
    >>> from cemlib.kpi.catalogue import find_kpi
    >>> print(kpi_sql(find_kpi("data_session_rtt_median"))["sums"].splitlines()[2])
    FROM ( SELECT f.rtt_ms
    """
    schema = enriched_schema(kpi.table)
    keys = {f"_by{place}": find_column(name, schema, where=f"by, table {kpi.table}") for place, name in enumerate(by)}
    lake = _empty_lake() if lake is None else lake
    # a KPI that reads no column counts rows: one column says that there is one
    wanted = sorted({*read_columns(kpi), *keys.values()}) or ["event_date"]
    frame = enriched(lake, kpi.table, wanted)
    names, sums = sum_records(frame, [kpi], keys)
    known = {*schema, *(name.removeprefix("_k0_") for name in names)}
    found = {"sums": _readable(sums, known)}
    if isinstance(kpi.part, Quantile):
        ranks = rank_values(frame.filter(denominator_of(kpi)), kpi.part.column, [kpi.part.q], keys)
        found["ranks"] = _readable(ranks, known)
    return found


def _readable(frame: nw.LazyFrame, known: set[str]) -> str:
    """The text of a query with names that say something."""
    text = frame.to_native().sql_query()
    text = re.sub(r'"?__duckdb_s(\d+)"?', r"step_\1", text)
    text = re.sub(r'"?unnamed_relation_\w+"?', "r", text).replace("AS NOT MATERIALIZED (", "AS (")
    # the parts of the one KPI need no number
    text = re.sub(r'"_k0_(\w+)"', r'"\1"', text)
    text = re.sub(r'"([a-z]\w*)"', lambda found: found[1] if found[1] in known else found[0], text)
    text = re.sub(r"\b(\w+) AS \1\b", r"\1", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?\) ?, step_", "\n),\nstep_", re.sub(r" \) SELECT ", "\n)\nSELECT ", text)).replace(" AS ( SELECT ", " AS (\nSELECT ")
    lines = re.sub(r" ((?<!DISTINCT )FROM |LEFT JOIN |WHERE |GROUP BY |UNION ALL )", r"\n\1", text).splitlines()
    return "\n".join(line.strip() for line in lines)


def condition_words(kpi: Kpi, condition: nw.Expr | None) -> str:
    """A condition of a KPI as words; empty where there is none.

    Examples
    --------
    >>> from cemlib.kpi.catalogue import find_kpi
    >>> kpi = find_kpi("data_session_drop_ratio")
    >>> condition_words(kpi, kpi.part.den)
    'is_success and is_dropped is known'
    """
    if condition is None:
        return ""
    frame = enriched(_empty_lake(), kpi.table, sorted(read_columns(kpi)) or ["event_date"])
    text = frame.select(condition.alias("_words")).to_native().sql_query()
    words = re.sub(r"\s+", " ", text.rpartition("SELECT ")[2].partition(' AS "_words"')[0]).replace('"', "")
    for before, after in _WORDS.items():
        words = re.sub(before, after, words)
    return _without_outer(words)


def _without_outer(words: str) -> str:
    """Without brackets around the whole."""
    while words.startswith("(") and words.endswith(")"):
        depth = 0
        for place, sign in enumerate(words):
            depth += (sign == "(") - (sign == ")")
            if depth == 0 and place < len(words) - 1:
                return words
        words = words[1:-1].strip()
    return words
