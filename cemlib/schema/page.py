"""The schema as a page for people: generated, so that it cannot be stale."""

from __future__ import annotations

from pathlib import Path

from cemlib.errors import ContractError
from cemlib.schema.contracts import codes
from cemlib.schema.registry import FACT_COLUMNS, fields, tables

__all__ = ["schema_page", "write_schema_page"]


def schema_page() -> str:
    """Write the canonical tables and their columns as Markdown.

    Returns
    -------
    str
        One table of tables by group, and one of columns with type, unit, privacy class and meaning.

    Examples
    --------
    >>> print(schema_page().splitlines()[0])
    #### Tables
    """
    lines = ["#### Tables", "", "A key column is in bold; `!` marks a column that is never null.", ""]
    group = None
    for one in tables().values():
        if one.group != group:
            group = one.group
            lines += ["", f"**{group}**", "", "| table (grain) | columns |", "|---|---|"]
        common = {name.rstrip("!") for name in FACT_COLUMNS} if one.kind == "fact" else set()
        shown = []
        for name in one.columns:
            if name in common and name not in one.natural_key:
                continue
            text = f"{name}!" if name in one.required else name
            shown.append(f"**{text}**" if name in one.natural_key else text)
        event = f"; event time {one.event_at}" if one.event_at else ""
        lines.append(f"| `{one.name}` ({one.grain}; {one.kind}{event}) | {', '.join(shown)} |")
    lines += ["", "Every fact also has " + ", ".join(f"`{name}`" for name in FACT_COLUMNS) + ".", "", "#### Columns", "",
              "| column | type | unit | privacy | meaning |", "|---|---|---|---|---|"]
    for field in fields().values():
        values = f" ({', '.join(codes()[field.name])})" if field.name in codes() else ""
        step = f", in steps of {field.resolution:g}" if field.resolution else ""
        lines.append(f"| `{field.name}` | {field.type} | {field.unit} | {field.privacy} | {field.meaning}{values}{step} |")
    return "\n".join(lines) + "\n"


def write_schema_page(path: Path) -> bool:
    """Put the generated page between its two marks in a Markdown file; True when the file changed.

    Raises
    ------
    ContractError
        When the file has no marks.
    """
    begin, end = "<!-- schema: begin -->\n", "<!-- schema: end -->"
    text = path.read_text(encoding="utf-8")
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ContractError("The marks around the schema page are missing.", wanted=f"{begin.strip()} … {end}", where=str(path))
    before, rest = text.split(begin)
    new = before + begin + schema_page() + end + rest.split(end)[1]
    path.write_text(new, encoding="utf-8")
    return new != text

