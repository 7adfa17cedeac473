"""``cem ingest``: files of a source system into the lake."""

from __future__ import annotations

from pathlib import Path

import click

from cemlib.cli.group import CemCommand
from cemlib.cli.names import name_type, source_names
from cemlib.cli.show import as_json, json_option, progress_bar, remark, table

__all__ = ["ingest"]


@click.command(cls=CemCommand, short_help="Take files into the lake.", example="""
    cem ingest roaming_signalling data/incoming
    cem ingest rating MyCall_2019.csv --mapping trai_mycall --event-time 2019-09-01
    cem ingest speed_test tests.csv --mapping my.yaml --dry-run
""")
@click.argument("source", type=name_type("source", source_names))
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mapping", metavar="NAME|FILE", help="How the file is laid out: a mapping that comes with the workbench, or a YAML file.")
@click.option("--event-time", metavar="TIME", help="When it happened, for files whose records do not say (ISO 8601, UTC).")
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@json_option
def ingest(source: str, paths: tuple[Path, ...], mapping: str | None, event_time: str | None, dry_run: bool, is_json: bool) -> None:
    """Take the files of SOURCE into the lake; PATHS are files or folders.

    Each file counts wholly or not at all, and once: a file that was taken before is left out. Rejected records are kept aside with their reason.
    Exit code 1 when a file failed; the others count all the same.
    """
    import cemlib
    from cemlib.demo import demo_marker
    from cemlib.errors import CallError
    from cemlib.settings import settings

    kind = cemlib.sources.connector(source)
    options = {"mapping": mapping, "event_time": event_time}
    given = {name: value for name, value in options.items() if value is not None}
    try:
        files = kind(*paths, **given)
    except TypeError:
        raise CallError(f"The source {source} takes no --{' and no --'.join(name.replace('_', '-') for name in given)}.") from None
    if demo_marker(settings().lake_path) is not None:
        remark("Note: this is the demo's lake. Set CEM_LAKE to a folder of your own to keep your records apart.")
    lake = cemlib.open_lake()
    with progress_bar(source, is_quiet=is_json) as bar:
        def told(event: dict) -> None:
            if event["event"] == "waiting":
                bar(event["index"] - 1, event["files"], "waits for another ingest to end")
            else:
                bar(event["index"] - (event["event"] != "done"), event["files"], f"{Path(event['file']).name} {event.get('records', 0):,} records")

        summary = lake.ingest(files, dry_run=dry_run, progress=told)
    if is_json:
        as_json(summary.to_dict())
    else:
        _tell(summary, dry_run)
    if summary.failed:
        click.get_current_context().exit(1)


def _tell(summary, dry_run: bool) -> None:
    rows = [[Path(one.path).name, "checked" if dry_run and one.status == "ingested" else one.status, one.records, one.accepted, one.rejected,
             ", ".join(f"{reason} {count:,}" for reason, count in sorted(one.reasons.items(), key=lambda pair: -pair[1]))] for one in summary.files]
    table(["file", "status", "records", "accepted", "rejected", "reasons"], rows)
    already = sum(one.status == "already" for one in summary.files)
    share = summary.rejected / summary.records if summary.records else 0.0
    rate = f", {summary.records / summary.seconds:,.0f} records/s" if summary.records and summary.seconds else ""
    remark(f"{'Would be taken' if dry_run else 'Taken'}: {summary.accepted:,} of {summary.records:,} records; {summary.rejected:,} rejected ({share:.2%}); "
           f"{already} of {len(summary.files)} files were there already; {summary.seconds:.1f} s{rate}")
    for one in summary.failed:
        remark(click.style("Failed: ", fg="red") + f"{one.path}\n  {one.error}")
