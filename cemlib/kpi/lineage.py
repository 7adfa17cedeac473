"""Where a KPI comes from: its table, the columns that it reads, what fills each of them, and the connectors that bring the records."""

from __future__ import annotations

import inspect
import re
from dataclasses import asdict, dataclass
from typing import Any

from cemlib import sources
from cemlib.enrich import PSEUDO_TABLES, enriched_schema
from cemlib.enrich.facts import MOBILE, added_columns
from cemlib.enrich.presence import USES
from cemlib.kpi.columns import read_columns
from cemlib.kpi.definition import Kpi
from cemlib.schema import fields, table

__all__ = ["ColumnLineage", "Lineage", "find_lineage"]

# what every record has, whoever brings it
_EVERY = {"record_id", "source_code", "observation_code", "received_at", "event_date"}
# what a join of the enrichment reads beside the fact
_JOINED = {"identity": ("identity",), "network": ("network",), "device": ("device_model",), "cause": ("data/reference/cause.csv",),
           "steering": ("network", "steering_target"), "inferred": ("registration",), "previous": ()}
_USES = tuple(name for name, _ in USES.values())
# the facts that a derived table is made of
_MADE_OF = {"registration_episode": ("registration",), "roamer_use": _USES, "roamer_day": ("registration", "attachment", *_USES),
            "subscriber_month": ("ticket", "interaction")}


@dataclass(frozen=True)
class ColumnLineage:
    """One column that a KPI reads.

    Attributes
    ----------
    name, type, unit, meaning : str
        As the schema declares them; ``meaning`` is empty for a column that enrichment derives.
    is_derived : bool
        Made when the record is read, not stored.
    read_from : tuple of str
        The stored columns of the fact from which it is made; itself when it is stored.
    joined : tuple of str
        The reference tables that are joined for it.
    connectors : tuple of str
        The connectors that fill at least one of ``read_from``; those of a derived table are named in the lineage alone.
    """

    name: str
    type: str
    unit: str
    meaning: str
    is_derived: bool
    read_from: tuple[str, ...]
    joined: tuple[str, ...]
    connectors: tuple[str, ...]


@dataclass(frozen=True)
class Lineage:
    """Where a KPI comes from.

    Attributes
    ----------
    table : str
        The enriched table.
    facts : tuple of str
        The stored facts that it is made of; itself when it is one.
    columns : tuple of ColumnLineage
        Those that the KPI reads; none where it only counts records.
    connectors : dict of str to str
        The connectors that bring records of these facts, and what they read.
    """

    table: str
    facts: tuple[str, ...]
    columns: tuple[ColumnLineage, ...]
    connectors: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The lineage as plain data."""
        return asdict(self)


def find_lineage(kpi: Kpi) -> Lineage:
    """The lineage of a KPI, from the declarations alone: nothing is read.

    Examples
    --------
    >>> from cemlib.kpi.catalogue import find_kpi
    >>> found = find_lineage(find_kpi("sms_delivery_mean"))
    >>> found.facts, list(found.connectors)
    (('message',), ['mobile_sms', 'roaming_sms'])
    >>> [(one.name, one.read_from) for one in found.columns]
    [('delivery_s', ('delivered_at', 'submitted_at')), ('is_success', ('cause_code', 'protocol_code'))]
    """
    facts = _MADE_OF.get(kpi.table, (kpi.table,))
    bringing = {code: kind for code, kind in sources.catalogue().items() if set(facts) & set(kind.default_tables)}
    columns = tuple(_trace(kpi.table, name, bringing) for name in sorted(read_columns(kpi)))
    return Lineage(kpi.table, facts, columns, {code: _title(kind) for code, kind in bringing.items()})


def _trace(name: str, column: str, bringing: dict[str, type[sources.Source]]) -> ColumnLineage:
    schema, declared = enriched_schema(name), fields().get(column)
    # an instant is "datetime": in which unit the engine keeps it is not the reader's concern
    told = {"type": str(schema[column]).partition("(")[0].lower(), "unit": declared.unit if declared else "", "meaning": declared.meaning if declared else ""}
    if name in PSEUDO_TABLES:
        return ColumnLineage(column, **told, is_derived=True, read_from=(), joined=(), connectors=())
    added = added_columns(table(name)).get(column)
    told["meaning"] = told["meaning"] or (added.meaning if added else "")
    stored = set(table(name).columns)
    read = tuple(sorted({one for one in re.findall(r"\bf\.(\w+)", added.sql) if one in stored})) if added else (column,)
    joins = added.joins if added else ()
    if "previous" in joins:
        read = tuple(sorted({str(table(name).event_at), "subscriber_key", "category_code"}))
    if "network" in joins and name in MOBILE:
        read = tuple(sorted({*read, *(stored & {"direction_code", "visited_plmn_code", "home_plmn_code"})}))
    if "cause" in joins:
        read = tuple(sorted({*read, *(stored & {"cause_code", "protocol_code", "cause_vendor_code", "procedure_code"})}))
    joined = tuple(dict.fromkeys(reference for one in joins for reference in _JOINED.get(one, ())))
    filling = tuple(code for code, kind in bringing.items() if set(read) & _filled(kind, name))
    return ColumnLineage(column, **told, is_derived=added is not None and column not in stored, read_from=read, joined=joined, connectors=filling)


def _title(kind: type[sources.Source]) -> str:
    """What a connector reads; one whose mapping the user writes says it in its docstring."""
    return getattr(kind, "title", "") or str(inspect.getdoc(kind)).partition("\n")[0]


def _filled(kind: type[sources.Source], name: str) -> set[str]:
    """The columns of a table that a connector fills; all where no mapping says it."""
    mapping_name = getattr(kind, "mapping_name", "")
    if not mapping_name:
        return set(table(name).columns)
    mapping = sources.load_mapping(mapping_name)
    counted = {"counter_code", "counter_value"} if mapping.counters else set()
    return {*_EVERY, *mapping.filled, *mapping.derived, *mapping.per_table.get(name, {}), *counted}
