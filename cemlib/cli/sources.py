"""``cem sources``: the connectors and how they read a file."""

from __future__ import annotations

import click

from cemlib.cli.group import CemGroup
from cemlib.cli.names import name_type, source_names
from cemlib.cli.show import as_json, json_option, table

__all__ = ["sources"]


@click.group(cls=CemGroup)
def sources() -> None:
    """The source systems that can be read."""


@sources.command("list", short_help="List the connectors.", example="cem sources list")
@json_option
def list_sources(is_json: bool) -> None:
    """List the connectors: what each reads, and the canonical tables that it feeds."""
    from cemlib import sources as package

    rows = []
    for code, kind in sorted(package.catalogue().items()):
        mapping = _own_mapping(kind)
        title = mapping.title if mapping else getattr(kind, "title", "")
        rows.append([code, title, ", ".join(kind.default_tables)])
    if is_json:
        as_json([{"source": code, "title": title, "tables": tables.split(", ")} for code, title, tables in rows])
    else:
        table(["source", "reads", "tables"], rows)


@sources.command(short_help="Show how a connector reads a file.", example="""
    cem sources show rating
    cem sources show rating --mapping my.yaml
    cem sources show rating --yaml > my.yaml
""")
@click.argument("name", type=name_type("source", source_names))
@click.option("--mapping", "given", metavar="NAME|FILE", help="Show this mapping in place of the connector's own.")
@click.option("--yaml", "is_yaml", is_flag=True, help="Print the mapping file, to copy and change.")
@json_option
def show(name: str, given: str | None, is_yaml: bool, is_json: bool) -> None:
    """Show how NAME reads a file: each column of theirs, the column of ours that it fills, and the unit."""
    from cemlib import sources as package
    from cemlib.errors import SourceError

    kind = package.connector(name)
    mapping = package.load_mapping(given) if given else _own_mapping(kind)
    if mapping is None:
        raise SourceError(f"The connector {name} reads its format without a mapping.")
    if is_yaml:
        from pathlib import Path

        place = Path(given) if given and given.endswith((".yaml", ".yml")) else Path(package.__file__).parent / "mappings" / f"{given or kind.mapping_name}.yaml"
        click.echo(place.read_text(encoding="utf-8"), nl=False)
        return
    from cemlib.schema import fields

    rows = [[theirs, ours, fields()[ours].unit, ("pseudonym of it: " if ours == one.to and one.identifier else "") + fields()[ours].meaning]
            for theirs, cells in mapping.columns.items() for one in cells for ours in ([one.to] if one.to else []) + list(one.facts)]
    if is_json:
        as_json({"source": name, "title": mapping.title, "tables": list(mapping.tables), "ignored": list(mapping.ignore),
                 "columns": [dict(zip(("theirs", "ours", "unit", "meaning"), row, strict=True)) for row in rows]})
        return
    table(["theirs", "ours", "unit", "meaning"], rows, title=f"{mapping.title} -> {', '.join(mapping.tables)}")
    if mapping.ignore:
        click.echo("dropped: " + ", ".join(mapping.ignore))


def _own_mapping(kind: type):
    """The mapping that a connector has, or None where it reads its format otherwise."""
    from cemlib import sources as package

    name = getattr(kind, "mapping_name", "")
    return package.load_mapping(name) if name else None
