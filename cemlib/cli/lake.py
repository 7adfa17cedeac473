"""``cem lake``: what is in the lake, how fresh it is, what was rejected, which states can be read, and its upkeep."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from cemlib.cli.group import CemGroup
from cemlib.cli.names import name_type, table_names
from cemlib.cli.show import as_json, json_option, progress_bar, remark, table

__all__ = ["at_option", "lake"]

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}


def at_option(function: Callable) -> Callable:
    """Add ``--at`` to a command that reads."""
    return click.option("--at", metavar="SNAPSHOT|TIME", help="Read the past: an id of `cem lake snapshots`, or an instant (ISO 8601, UTC).")(function)


class _Duration(click.ParamType):
    name = "duration"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> timedelta:
        """A text such as 90d as a duration."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d+)(s|min|h|d)", value.strip())
        if found is None or len(found[1]) > 7:
            self.fail(f"{value!r} is not a duration such as 90d, 24h, 30min or 0s.", parameter, context)
        return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def _records(frame) -> list[dict]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def _frame(frame, is_json: bool) -> None:
    if is_json:
        as_json(_records(frame))
    else:
        table(list(frame.columns), frame.astype(object).where(frame.notna(), None).to_numpy().tolist())


def _size(count: float) -> str:
    """Bytes for a reader.

    Examples
    --------
    >>> _size(999), _size(1_500_000), _size(98_000_000_000)
    ('999 B', '1.5 MB', '98 GB')
    """
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 999.5 or unit == "TB":
            break
        count /= 1000
    return f"{count:.3g} {unit}" if unit != "B" else f"{count:.0f} B"


def _length(seconds: float | None) -> str | None:
    """Seconds for a reader.

    Examples
    --------
    >>> _length(45), _length(600), _length(7200), _length(3 * 86400)
    ('45 s', '10 min', '2 h', '3 d')
    """
    if seconds is None or seconds != seconds:
        return None
    for unit, size in reversed(_UNITS.items()):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.2g} s"


def _ago(instant: str | None, now: datetime) -> str:
    if not instant or instant == "?":
        return "never"
    found = datetime.fromisoformat(instant)
    age = (now - (found if found.tzinfo else found.replace(tzinfo=UTC))).total_seconds()
    return f"{_length(age)} ago" if age >= 0 else f"in {_length(-age)}"


@click.group(cls=CemGroup)
def lake() -> None:
    """Look into the lake and keep it (CEM_LAKE)."""


@lake.command(short_help="Show how the lake stands: tables, sources, rejects, writer.", example="""
    cem lake status
    cem lake status --at 2026-03-01T06:00 --json
""")
@at_option
@json_option
def status(at: str | None, is_json: bool) -> None:
    """Show the tables with their records and versions, each source with its last event and its delay, what was rejected, who writes now, and
    what a crash left.
    """
    import cemlib
    from cemlib.kpi.rollup import rollup_status

    opened = cemlib.open_lake(at=at)
    found = opened.status()
    if is_json:
        as_json(found)
        return
    now = datetime.fromisoformat(found["at"])
    snapshot = found["snapshot"]
    click.echo(f"{found['path']}  snapshot {snapshot['id']}, written {_ago(snapshot['written_at'], now)}")
    click.echo(f"{found['files']:,} files, the last one {_ago(found['last_ingest_at'], now)}; {found['records']:,} records: "
               f"{found['accepted']:,} accepted, {found['rejected']:,} rejected")
    if found["tables"]:
        click.echo("")
        table(["table", "records", "version", "files", "size", "first day", "last day"], [
            [one["table"], one["records"], one["version"], one["files"], _size(one["bytes"]), one["first_day"], one["last_day"]]
            for one in found["tables"]])
    if found["sources"]:
        click.echo("")
        table(["source", "table", "records", "last event", "age", "last receipt", "delay p50", "p95"], [
            [one["source_code"], one["table_name"], one["records"], one["last_event_at"][:19], _ago(one["last_event_at"], now),
             one["last_received_at"][:19], _length(one["delay_p50_s"]), _length(one["delay_p95_s"])] for one in found["sources"]])
    if found["rejects"]:
        click.echo("")
        table(["source", "rejected for", "records"], [[one["source_code"], one["reason_code"], one["records"]] for one in found["rejects"]])
    covered = [one for one in rollup_status(opened) if one["segments"]]
    if covered:
        click.echo("\nrollups: " + ", ".join(f"{one['table']} by {one['cube']} ({one['days_covered']} of {one['days']} days)" for one in covered))
    if found["writer"]:
        remark(f"A writer is at work: process {found['writer']['pid']} on {found['writer']['host']} since {found['writer']['since']}")
    if found["unfinished_change"]:
        left = found["unfinished_change"]
        remark(f"A change ({left['event']}, {_ago(left['at'], now)}) ended before it was done; what it left is undone by the next writer. "
               "Readers see the state before it.")


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


@lake.command(short_help="List the states of the lake that can be read.", example="""
    cem lake snapshots
    cem lake status --at 2f1c09aa77b1
""")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The newest so many; JSON has all.")
@json_option
def snapshots(limit: int, is_json: bool) -> None:
    """List the states that the lake went through, newest last: what to give to --at and to open_lake(at=...)."""
    import cemlib

    found = cemlib.open_lake().snapshots()
    if is_json:
        as_json(_records(found))
        return
    shown = found.tail(limit)
    table(["snapshot", "written at (UTC)", "event", "file", "records", "tables", ""], [
        [one["id"], one["written_at"].isoformat(timespec="seconds"), one["event"], one["file_name"], one["records"], one["tables"],
         "readable" if one["is_readable"] else "vacuumed"] for one in _records(shown)])
    if len(found) > limit:
        remark(f"{len(found) - limit:,} older states: --limit {len(found)} or --json shows them.")


@lake.command(short_help="Merge small files, order closed days by subscriber.", example="""
    cem lake optimize
    cem lake optimize registration data_session --closed-after 6h --dry-run
""")
@click.argument("tables", nargs=-1, type=name_type("table", table_names))
@click.option("--closed-after", type=_Duration(), default="24h", show_default=True, help="A day without newcomers for so long is closed and gets ordered.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@json_option
def optimize(tables: tuple[str, ...], closed_after: timedelta, dry_run: bool, is_json: bool) -> None:
    """Make TABLES (default: all) quicker to read. What is read from them stays the same: it is counted and hashed before and after.

    A late record in an ordered day is welcome; the next run orders the day again. Other writers get their turn in between.
    """
    import cemlib

    with progress_bar("optimize", is_quiet=is_json) as bar:
        def told(event: dict) -> None:
            days = event["days"]
            span = f" {days[0]}" + (f" … {days[-1]}" if len(days) > 1 else "") if days else ""
            bar(event.get("done", 0), event["total"], "waits for another writer" if event["event"] == "waiting" else f"{event['table']}{span}")

        found = cemlib.open_lake().optimize(*tables, closed_after=closed_after, dry_run=dry_run, progress=told)
    if is_json:
        as_json(found.to_dict())
        return
    if found.portions:
        names = sorted({(one.table, one.reason) for one in found.portions})
        table(["table", "why", "days", "files", "records", "size"], [
            [name, {"order": "order by subscriber", "compact": "many small files"}[reason], sum(one.day is not None for one in group),
             sum(one.files for one in group), sum(one.records for one in group), _size(sum(one.bytes for one in group))]
            for name, reason in names for group in [[one for one in found.portions if (one.table, one.reason) == (name, reason)]]])
    if not found.portions:
        remark("Nothing to do.")
    elif not dry_run:
        remark(f"{found.records:,} records in {found.files_before:,} files ({_size(found.bytes_before)}) are now in {found.files_after:,} "
               f"({_size(found.bytes_after)}); {found.seconds:.1f} s")
    if found.skipped:
        remark(f"{len(found.skipped)} changed meanwhile and wait for the next run.")
    if found.open_days:
        remark(f"{found.open_days:,} days had newcomers within {_length(closed_after.total_seconds())} and are not ordered yet (--closed-after).")


@lake.command(short_help="Remove files that no kept state needs.", example="""
    cem lake vacuum --keep 90d --dry-run
    cem lake vacuum --keep 90d --yes
""")
@click.option("--keep", type=_Duration(), default="90d", show_default=True, help="Every state within this time can be read afterwards; at most 400d.")
@click.option("--records", "record_folders", multiple=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="A further folder of reports, whose run records name snapshots to keep. CEM_OUT is always looked into.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be removed.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@json_option
def vacuum(keep: timedelta, record_folders: tuple[Path, ...], dry_run: bool, is_sure: bool, is_json: bool) -> None:
    """Remove data files that no state needs which is still to be read: the newest state, all within the time to keep, and the snapshots that
    run records name are kept. What was removed cannot be brought back. The fits that are kept beside the lake go as well: they are made again when they are asked for.
    """
    import cemlib
    from cemlib.report.record import recorded_snapshots
    from cemlib.settings import settings

    spare = [one for folder in {settings().out, *record_folders} for one in recorded_snapshots(folder)]
    opened = cemlib.open_lake()
    if not dry_run and not is_sure:
        plan = opened.vacuum(keep, spare=spare, dry_run=True)
        if plan.files or plan.unreadable:
            _tell_vacuum(plan)
            click.confirm("Remove them?", abort=True, err=True)
    found = opened.vacuum(keep, spare=spare, dry_run=dry_run)
    if is_json:
        as_json(found.to_dict())
        return
    if dry_run:
        for one in found.files:
            click.echo(f"{one['path']}  {_size(one['bytes'])}  {one['reason']}")
    _tell_vacuum(found, is_done=not dry_run)


def _tell_vacuum(found, is_done: bool = False) -> None:
    if found.fits:
        remark(f"{found.fits:,} fits that are kept beside the lake {'were' if is_done else 'would be'} removed; they are made again when they are asked for.")
    if not found.files and not found.unreadable:
        remark("Nothing to remove." if not found.fits else "Nothing to remove of the lake.")
        return
    remark(f"{len(found.files):,} files, {_size(found.bytes)}" + (" were removed" if is_done else " would be removed")
           + "".join(f"; {name}: {one['files']:,}" for name, one in sorted(found.tables.items())))
    if found.unreadable:
        first, last = found.unreadable[0], found.unreadable[-1]
        remark(f"{len(found.unreadable):,} states can {'no longer' if is_done else 'then no longer'} be read: {first['id']} ({first['written_at'][:19]}) "
               f"… {last['id']} ({last['written_at'][:19]})")
    if found.spared:
        remark(f"Kept for run records: {', '.join(found.spared)}")
    remark(f"The oldest state that can be read is {found.oldest['id']} ({found.oldest['written_at'][:19]}).")


@lake.command(short_help="Show the rollups, or make them.", example="""
    cem lake rollups
    cem lake rollups --refresh
    cem lake rollups --rebuild
""")
@click.option("--refresh", is_flag=True, help="Sum up what no rollup covers yet; an ingest does the same.")
@click.option("--rebuild", is_flag=True, help="Remove all and make them anew.")
@json_option
def rollups(refresh: bool, rebuild: bool, is_json: bool) -> None:
    """Show the sums over five minutes and hours that quick figures come from: by table, their columns, and the days they cover.

    They are derived from the tables and may be removed at any time; a figure is the same with and without them.
    """
    import cemlib
    from cemlib.kpi.rollup import drop_rollups, refresh_rollups, rollup_status

    opened = cemlib.open_lake()
    if rebuild:
        drop_rollups(opened)
    if rebuild or refresh:
        refresh_rollups(opened)
    found = rollup_status(opened)
    if is_json:
        as_json(found)
        return
    columns = ("table", "cube", "segments", "bytes", "days", "days_covered", "columns")
    table(columns, [[", ".join(one[name]) if name == "columns" else one[name] for name in columns] for one in found])
    if found and found[0]["failed"]:
        remark(f"After the last ingest they could not be made: {found[0]['failed']}. Figures come from the records.")
