"""Which columns a KPI reads: found out by trying, so that a scan fetches these and makes the joins that they need, and no more.

The KPI's expressions are bound to an empty table, and a column that can be taken away without an error is not read. That holds for
whatever narwhals can express. A set that were too small could give no wrong figure: the engine would miss a column and say so.
"""

from __future__ import annotations

import re

import narwhals as nw
import pyarrow as pa

from cemlib.enrich import enriched_schema
from cemlib.kpi.definition import Kpi
from cemlib.kpi.parts import Part
from cemlib.kpi.sums import denominator_of, numerator_of

__all__ = ["missing_columns", "read_columns"]

# the part is kept with its columns, so that its id is not given to another one
_KEPT: dict[int, tuple[Part, frozenset[str]]] = {}


def read_columns(kpi: Kpi) -> frozenset[str]:
    """The columns of its enriched table that a KPI's parts read.

    Examples
    --------
    >>> from cemlib.kpi.catalogue import find_kpi
    >>> sorted(read_columns(find_kpi("data_session_drop_ratio")))
    ['is_dropped', 'is_success']
    """
    if id(kpi.part) not in _KEPT:
        _KEPT[id(kpi.part)] = (kpi.part, _find_columns(kpi))
    return _KEPT[id(kpi.part)][1]


def missing_columns(kpi: Kpi) -> list[str]:
    """The columns that a KPI names and its table does not have."""
    schema = enriched_schema(kpi.table)
    empty, missing = schema.to_arrow().empty_table(), []
    while True:
        try:
            nw.from_native(empty).with_columns(*[one.alias(f"_e{place}") for place, one in enumerate(_expressions(kpi))])
        except nw.exceptions.ColumnNotFoundError as error:
            name = re.search(r"\['([^']+)'", str(error))
            if name is None or name[1] in missing:
                return missing
            missing.append(name[1])
            # as if it were there, so that the next one is found
            empty = empty.append_column(name[1], pa.array([], pa.string()))
        except Exception:
            # whatever else does not fit is told when the KPI is computed
            return missing
        else:
            return missing


def _expressions(kpi: Kpi) -> list[nw.Expr]:
    found = [one for one in (denominator_of(kpi), numerator_of(kpi)) if one is not None]
    return found + ([nw.col(kpi.part.column)] if hasattr(kpi.part, "column") else []) + ([kpi.part.down] if hasattr(kpi.part, "down") else [])


def _find_columns(kpi: Kpi) -> frozenset[str]:
    schema = enriched_schema(kpi.table)
    empty = schema.to_arrow().empty_table()
    expressions = _expressions(kpi)

    def binds(names: list[str]) -> bool:
        # the column of its own keeps a table that has no other from having no rows to speak of
        frame = nw.from_native(empty.select(names).append_column("_none", pa.array([], pa.int64())))
        try:
            frame.with_columns(*[one.alias(f"_e{place}") for place, one in enumerate(expressions)])
        except Exception:
            # each backend has errors of its own for a column that is not there
            return False
        return True

    def find_needed(asked: list[str], beside: list[str]) -> list[str]:
        """Those of ``asked`` that are needed when the columns ``beside`` are there."""
        if binds(beside):
            return []
        if len(asked) == 1:
            return asked
        middle = len(asked) // 2
        first = find_needed(asked[:middle], beside + asked[middle:])
        return first + find_needed(asked[middle:], beside + first)

    # an expression that cannot be bound to a table in memory at all reads, for all we know, everything
    return frozenset(find_needed(list(schema), []) if binds(list(schema)) else schema)
