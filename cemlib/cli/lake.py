"""``cem lake``: what is in the lake, how fresh it is, and what was rejected."""

from __future__ import annotations

import click

from cemlib.cli.group import CemGroup
from cemlib.cli.show import as_json, json_option, remark, table

__all__ = ["lake"]


def _records(frame) -> list[dict]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def _frame(frame, is_json: bool) -> None:
    if is_json:
        as_json(_records(frame))
    else:
        table(list(frame.columns), frame.astype(object).where(frame.notna(), None).to_numpy().tolist())


@click.group(cls=CemGroup)
def lake() -> None:
    """Look into the lake (CEM_LAKE; default data/lake)."""


@lake.command(short_help="Show the tables and the snapshot.", example="""
    cem lake status
    cem lake status --json
""")
@json_option
def status(is_json: bool) -> None:
    """Show the tables with their records and versions, and the snapshot."""
    import cemlib

    found = cemlib.open_lake().status()
    if is_json:
        as_json(found)
        return
    click.echo(f"{found['path']}  snapshot {found['snapshot']['id']}")
    click.echo(f"{found['files']:,} files, {found['records']:,} records: {found['accepted']:,} accepted, {found['rejected']:,} rejected")
    columns = ("table", "records", "version", "files", "bytes", "first_day", "last_day")
    table(columns, [[one[name] for name in columns] for one in found["tables"]])
    if found["writer"]:
        remark(f"An ingest is running: {found['writer']}")
    if found["unfinished"]:
        remark("An ingest ended before it was done; what it left is undone by the next one. Readers see the state before it.")

@lake.command(short_help="Show the last event and the delay per source.", example="cem lake freshness")
@json_option
def freshness(is_json: bool) -> None:
    """Show per source the last event, when it was received, and the usual delay in seconds."""
    import cemlib

    _frame(cemlib.open_lake().freshness(), is_json)


@lake.command(short_help="Show what was rejected, and why.", example="""
    cem lake rejects
    cem lake rejects --source roaming_signalling --json
""")
@click.option("--source", help="Of this source alone.")
@json_option
def rejects(source: str | None, is_json: bool) -> None:
    """Show how many records were rejected, by file and reason. Their text stays in the encrypted quarantine."""
    import cemlib
    from cemlib.errors import UnknownNameError

    found = cemlib.open_lake().rejects()
    if source is not None:
        known = {*found["source_code"], *cemlib.sources.catalogue()}
        if source not in known:
            raise UnknownNameError("source", source, known)
        found = found[found["source_code"] == source]
    _frame(found, is_json)
