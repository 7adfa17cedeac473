"""What a cause means: the lookup of (protocol, vendor, procedure, code) in the cause table.

A number alone means nothing: 5004 is ROAMING_NOT_ALLOWED from vendor 10415 and INVALID_AVP_VALUE in the base protocol.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv

from cemlib.errors import ContractError
from cemlib.settings import settings

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["AREAS", "SIDES", "cause_lookup", "cause_rules"]

#: The root-cause areas.
AREAS = ("provisioning", "subscription", "authentication", "agreement_or_steering", "routing", "transport", "capacity",
         "interoperability", "apn_or_session", "device", "user", "by_design")
#: The sides in the cause table; home and visited are relative to the direction.
SIDES = ("home", "visited", "interconnect", "device", "user", "by_design")

_COLUMNS = ("protocol", "vendor", "procedure", "code", "meaning", "area_code", "fault_side_code", "first_action",
            "accompanies_success")

# The distinct keys of a fact are few, so the rules are matched once for each of them and the facts find the answer by
# equality. A record of a vendor's protocol that names no vendor is read as that vendor's; vendor 0 is the base protocol.
_LOOKUP = """
WITH keys AS (
    SELECT DISTINCT protocol_code, {vendor} AS cause_vendor_code, {procedure} AS procedure_code, cause_code FROM {table}
    WHERE cause_code IS NOT NULL
),
said AS (
    SELECT *, CASE WHEN cause_vendor_code = '0' AND starts_with(protocol_code, 'diameter_') THEN 'diameter_base'
              ELSE protocol_code END AS protocol FROM keys
)
SELECT row_number() OVER () AS piece_id, said.protocol_code, said.cause_vendor_code, said.procedure_code, said.cause_code,
       rule.meaning, rule.area_code, rule.fault_side_code, rule.first_action,
       said.cause_code = '0' OR coalesce(rule.accompanies_success, false) AS is_success
FROM said LEFT JOIN enrich_cause_rule AS rule
  ON rule.code = said.cause_code
 AND (rule.protocol = said.protocol OR rule.protocol = 'any')
 AND (rule.vendor = '' OR rule.vendor = coalesce(nullif(said.cause_vendor_code, ''), rule.vendor))
 AND (rule.procedure = '' OR rule.procedure = said.procedure_code)
QUALIFY row_number() OVER (
    PARTITION BY said.protocol_code, said.cause_vendor_code, said.procedure_code, said.cause_code
    ORDER BY rule.protocol = said.protocol DESC NULLS LAST, rule.vendor <> '' DESC, rule.procedure <> '' DESC) = 1
"""


@functools.lru_cache(maxsize=4)
def _read_rules(path: Path, changed_ns: int) -> pa.Table:
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
    return _read_rules(path, path.stat().st_mtime_ns)


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
        absent = "CAST(NULL AS VARCHAR)"
        sql = _LOOKUP.format(table=table, vendor="cause_vendor_code" if "cause_vendor_code" in columns else absent,
                             procedure="procedure_code" if "procedure_code" in columns else absent)
        lake.materialize(name, sql)
    return name
