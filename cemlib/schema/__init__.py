"""What the data means: every column once (type, unit, meaning, privacy class), the tables by grain, and their contracts."""

from cemlib.schema.contracts import check_contract, codes, frame_contract, value_range
from cemlib.schema.page import schema_page
from cemlib.schema.registry import (
    FACT_COLUMNS,
    REFERENCE_COLUMNS,
    SCHEMA_VERSION,
    Field,
    Table,
    fields,
    table,
    tables,
)

__all__ = [
    "FACT_COLUMNS",
    "REFERENCE_COLUMNS",
    "SCHEMA_VERSION",
    "Field",
    "Table",
    "check_contract",
    "codes",
    "fields",
    "frame_contract",
    "schema_page",
    "table",
    "tables",
    "value_range",
]
