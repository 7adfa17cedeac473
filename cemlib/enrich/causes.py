"""What a cause means: the lookup of (protocol, vendor, procedure, code) in the cause table.

A number alone means nothing: 5004 is ROAMING_NOT_ALLOWED from vendor 10415 and INVALID_AVP_VALUE in the base protocol.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv

from cemlib.errors import ContractError
from cemlib.lake.arrival import file_state
from cemlib.settings import settings

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["AREAS", "CAUSE_KEYS", "SIDES", "cause_lookup", "cause_rules", "success_sql"]

#: The root-cause areas.
AREAS = ("provisioning", "subscription", "authentication", "agreement_or_steering", "routing", "transport", "capacity",
         "interoperability", "apn_or_session", "device", "user", "by_design")
#: The sides in the cause table; home and visited are relative to the direction.
SIDES = ("home", "visited", "interconnect", "device", "user", "by_design")

_COLUMNS = ("protocol", "vendor", "procedure", "code", "meaning", "area_code", "fault_side_code", "first_action",
            "accompanies_success")

#: What a cause is looked up by, beside its code.
CAUSE_KEYS = ("protocol_code", "cause_vendor_code", "procedure_code")

# The distinct keys of a fact are few, so the rules are matched once for each of them and the facts find the answer by
# equality. A record of a vendor's protocol that names no vendor is read as that vendor's; vendor 0 is the base protocol.
_LOOKUP = """
WITH keys AS (
    SELECT DISTINCT protocol_code, {vendor} AS cause_vendor_code, {procedure} AS procedure_code, cause_code FROM {table}
    WHERE cause_code IS NOT NULL
),
said AS (
    SELECT *, CASE WHEN cause_vendor_code = '0' AND protocol_code LIKE 'diameter%' THEN 'diameter_base' ELSE protocol_code END AS protocol
    FROM keys
),
matched AS (
    SELECT said.protocol_code, said.cause_vendor_code, said.procedure_code, said.cause_code,
           rule.meaning, rule.area_code, rule.fault_side_code, rule.first_action,
           said.cause_code = '0' OR coalesce(rule.accompanies_success, false) AS is_success,
           row_number() OVER (
               PARTITION BY said.protocol_code, said.cause_vendor_code, said.procedure_code, said.cause_code
               ORDER BY rule.protocol = said.protocol DESC NULLS LAST, rule.vendor <> '' DESC NULLS LAST, rule.procedure <> '' DESC NULLS LAST, rule.vendor NULLS LAST) AS place
    FROM said LEFT JOIN enrich_cause_rule AS rule
      ON rule.code = said.cause_code
     AND (rule.protocol = said.protocol OR rule.protocol = 'any')
     AND (rule.vendor = '' OR rule.vendor = coalesce(nullif(said.cause_vendor_code, ''), rule.vendor))
     AND (rule.procedure = '' OR rule.procedure = said.procedure_code)
)
SELECT protocol_code, cause_vendor_code, procedure_code, cause_code, meaning, area_code, fault_side_code, first_action, is_success
FROM matched WHERE place = 1
"""


@functools.lru_cache(maxsize=4)
def _read_rules(path: Path, state: tuple[int, int] | None) -> pa.Table:
    convert = pyarrow.csv.ConvertOptions(column_types={one: pa.string() for one in _COLUMNS[:-1]} | {_COLUMNS[-1]: pa.bool_()},
                                         strings_can_be_null=False)
    rules = pyarrow.csv.read_csv(path, convert_options=convert)
    if tuple(rules.column_names) != _COLUMNS:
        raise ContractError("The cause table has other columns.", wanted=", ".join(_COLUMNS), came=", ".join(rules.column_names),
                            where=str(path))
    keys = rules.group_by(list(_COLUMNS[:4])).aggregate([("meaning", "count")])
    if keys.num_rows != rules.num_rows:
        raise ContractError("The cause table names a key twice.", wanted="one row for each protocol, vendor, procedure and code",
                            came=f"{rules.num_rows} rows, {keys.num_rows} keys", where=str(path))
    return rules


def cause_rules() -> pa.Table:
    """The cause table as it is in the reference folder.

    Raises
    ------
    ContractError
        When it has other columns, or names a key twice.

    Examples
    --------
    >>> cause_rules().column_names[:4]
    ['protocol', 'vendor', 'procedure', 'code']
    """
    path = settings().reference_path / "cause.csv"
    if not path.is_file():
        raise ContractError("The cause table is missing.", where=str(path), todo="It comes with the project: set CEM_HOME to its folder.")
    return _read_rules(path, file_state(path))


def cause_lookup(lake: Lake, table: str, columns: tuple[str, ...]) -> str:
    """The meaning of each distinct cause of a fact table; one row for each key. Returns the relation's name.

    Parameters
    ----------
    lake : Lake
    table : str
        A canonical table with protocol_code and cause_code.
    columns : tuple of str
        The columns of that table: not every one has a vendor and a procedure.
    """
    name = f"enrich_cause_{table}"
    if not lake.is_materialized(name):
        if not lake.is_materialized("enrich_cause_rule"):
            lake.materialize("enrich_cause_rule", cause_rules())
        absent = "CAST(NULL AS STRING)"
        sql = _LOOKUP.format(table=table, vendor="cause_vendor_code" if "cause_vendor_code" in columns else absent,
                             procedure="procedure_code" if "procedure_code" in columns else absent)
        lake.materialize(name, sql)
    return name


def success_sql(columns: Collection[str]) -> str:
    """Whether the cause of a record ``f`` is a success, straight from the rules: no lookup, no scan of the causes that occur.

    The same verdict as :func:`cause_lookup`'s; null where there is no cause.

    Parameters
    ----------
    columns : collection of str
        The columns of the fact: a rule of a vendor or a procedure needs them.

    Examples
    --------
    >>> "f.protocol_code = 'gtpv2' AND f.cause_code IN ('17', '18', '19') THEN true" in success_sql(("protocol_code", "cause_code"))
    True
    """
    rules, path = cause_rules(), settings().reference_path / "cause.csv"
    # kept for as long as the file is the same
    key = (path, file_state(path), tuple(name for name in CAUSE_KEYS if name in columns))
    if key not in _KEPT:
        _KEPT[key] = _compile_success(rules.to_pylist(), key[2])
    return _KEPT[key]


_KEPT: dict[tuple, str] = {}


def _compile_success(rules: list[dict], columns: Collection[str]) -> str:
    by_code: dict[str, list[dict]] = {}
    for rule in rules:
        by_code.setdefault(rule["code"], []).append(rule)
    # codes with the same verdicts are asked for together
    codes: dict[tuple[tuple[str, bool], ...], list[str]] = {}
    for code, some in by_code.items():
        verdicts = _verdicts(some, columns)
        if code != "0" and verdicts:
            codes.setdefault(verdicts, []).append(code)
    whens = [f"WHEN {condition}f.cause_code IN ({', '.join(_text(code) for code in some)}) THEN {'true' if verdict else 'false'}"
             for verdicts, some in codes.items() for condition, verdict in verdicts]
    return " ".join(["CASE WHEN f.cause_code IS NULL THEN NULL WHEN f.cause_code = '0' THEN true", *whens, "ELSE false END"])


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _verdicts(rules: list[dict], columns: Collection[str]) -> tuple[tuple[str, bool], ...]:
    """The conditions of one code's rules, the more specific first, and whether each accompanies a success; those of a failure only
    where they stand before a success that may hold as well.
    """
    ordered = sorted(rules, key=lambda one: (one["protocol"] == "any", not one["vendor"], not one["procedure"], one["vendor"]))
    kept: list[tuple[str, bool]] = []
    for place, rule in enumerate(ordered):
        hidden = [one for one in ordered[place + 1:] if one["accompanies_success"] and one["protocol"] in (rule["protocol"], "any")]
        if rule["accompanies_success"] or hidden:
            condition = _condition(rule, columns)
            if condition is not None:
                kept.append((condition, bool(rule["accompanies_success"])))
    return tuple(kept)


def _condition(rule: dict, columns: Collection[str]) -> str | None:
    """When a rule of a record's code holds, as the beginning of a condition; None when it never can."""
    parts, has_vendor = [], "cause_vendor_code" in columns
    protocol = f"f.protocol_code = {_text(rule['protocol'])}"
    if rule["protocol"] == "diameter_base" and has_vendor:
        parts.append(f"({protocol} OR (f.cause_vendor_code = '0' AND f.protocol_code LIKE 'diameter%'))")
    elif rule["protocol"].startswith("diameter") and has_vendor:
        parts.append(f"{protocol} AND f.cause_vendor_code IS DISTINCT FROM '0'")
    elif rule["protocol"] != "any":
        parts.append(protocol)
    if rule["vendor"] and has_vendor:
        parts.append(f"coalesce(nullif(f.cause_vendor_code, ''), {_text(rule['vendor'])}) = {_text(rule['vendor'])}")
    if rule["procedure"]:
        if "procedure_code" not in columns:
            return None
        parts.append(f"f.procedure_code = {_text(rule['procedure'])}")
    return "".join(f"{one} AND " for one in parts)
