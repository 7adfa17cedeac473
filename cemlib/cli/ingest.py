"""``cem ingest``: files of a source system into the lake."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import click

from cemlib.cli.group import CemCommand
from cemlib.cli.names import name_type, source_names
from cemlib.cli.show import as_json, json_option, progress_bar, remark, table

__all__ = ["ingest"]


@click.command(cls=CemCommand, short_help="Take files into the lake.", example="""
    cem ingest roaming_signalling data/incoming
    cem ingest all data/incoming
    cem ingest rating MyCall_2019.csv --mapping trai_mycall --event-time 2019-09-01
    cem ingest speed_test tests.csv --mapping my.yaml --dry-run
    cem ingest speed_test tests.csv --mapping mended.yaml --retry
    cem ingest roaming_signalling --watch /srv/drop
    cem ingest roaming_signalling --watch /srv/drop --once
""")
@click.argument("source", type=name_type("source", lambda: [*source_names(), "all"]))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--mapping", metavar="NAME|FILE", help="How the file is laid out: a mapping that comes with the workbench, or a YAML file.")
@click.option("--event-time", metavar="TIME", help="When it happened, for files whose records do not say (ISO 8601, UTC).")
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@click.option("--retry", is_flag=True, help="After a mapping was mended: read files again that had rejects. With --watch also those in DIR/failed.")
@click.option("--watch", "drop", metavar="DIR", type=click.Path(path_type=Path), help="Take files as they arrive in DIR, until Ctrl-C.")
@click.option("--once", is_flag=True, help="With --watch: take what is there, then end.")
@click.option("--all", "is_all", is_flag=True, help="With --watch: files of every name, not only those of the source.")
@click.option("--settle", type=click.FloatRange(min=0), metavar="S", help="With --watch: a file is complete when it has not changed for S seconds (10).")
@click.option("--interval", type=click.FloatRange(min=0.05), metavar="S", help="With --watch: seconds between two looks (5).")
@json_option
def ingest(source: str, paths: tuple[Path, ...], mapping: str | None, event_time: str | None, dry_run: bool, retry: bool, drop: Path | None,
           once: bool, is_all: bool, settle: float | None, interval: float | None, is_json: bool) -> None:
    """Take the files of SOURCE into the lake; PATHS are files or folders.

    SOURCE all takes one folder with a sub-folder for each source, named as its connector: the sources that others are joined to first, then
    two at a time.

    Each file counts wholly or not at all, and once: a file that was taken before is left out. Rejected records are kept aside with their reason.
    Exit code 1 when a file failed; the others count all the same.

    --retry adds the records that are accepted now; those accepted before stay as they are. A file is refused when the mended mapping would
    read them otherwise (another key or value, or rejected): then put the files into a new lake.

    --watch moves what was taken to DIR/done and what cannot be read to DIR/failed, with the reason beside it. Hidden files and names such as
    .part or .tmp are taken for unfinished; sub-folders are not looked into. While the lake cannot be written, files stay and are tried again.
    Ctrl-C or SIGTERM ends it after the current file, with exit code 0.
    """
    import cemlib
    from cemlib.demo import demo_marker
    from cemlib.errors import CallError
    from cemlib.settings import settings

    if source == "all":
        _take_all(paths, dry_run, is_json, {"--mapping": mapping, "--event-time": event_time, "--retry": retry, "--watch": drop})
        return
    _check_call(paths, drop, dry_run, {"--once": once, "--all": is_all, "--settle": settle is not None, "--interval": interval is not None})
    kind = cemlib.sources.connector(source)
    options = {"mapping": mapping, "event_time": event_time}
    given = {name: value for name, value in options.items() if value is not None}

    def source_for(*of: Path):
        try:
            return kind(*of, **given)
        except TypeError:
            raise CallError(f"The source {source} takes no --{' and no --'.join(name.replace('_', '-') for name in given)}.") from None

    files = source_for(*(paths or (drop,)))
    if demo_marker(settings().lake_path) is not None:
        remark("Note: this is the demo's lake. Set CEM_LAKE to a folder of your own to keep your records apart.")
    if drop is not None:
        _watch(drop, source_for, ("*",) if is_all else tuple(files.file_patterns), once, retry, is_json,
               {name: value for name, value in (("settle_s", settle), ("interval_s", interval)) if value is not None})
        return
    lake = cemlib.open_lake()
    with progress_bar(source, is_quiet=is_json) as bar:
        begun = time.perf_counter()

        def told(event: dict) -> None:
            nonlocal begun
            records, total = event.get("records", 0), event["files"] if event["files"] > 1 else 0
            name = Path(event["file"]).name if "file" in event else ""
            if event["event"] == "file":
                begun = time.perf_counter()
            if event["event"] == "waiting":
                bar(event.get("index", 1) - 1, total, "waits for another ingest to end")
            elif event["event"] == "commit":
                bar(event["index"] - 1, total, f"{records:,} records read, now written · {name}")
            else:
                rate = f" · {records / (time.perf_counter() - begun):,.0f}/s" if records else ""
                text = f"{records:,} records{rate}" if records or event["event"] != "file" else "reads"
                bar(event["index"] - (event["event"] != "done"), total, f"{text} · {name}")

        summary = lake.ingest(files, dry_run=dry_run, progress=told, **({"retry": True} if retry else {}))
    if is_json:
        as_json(summary.to_dict())
    else:
        _tell(summary, dry_run)
    if summary.failed:
        click.get_current_context().exit(1)


def _take_all(paths: tuple[Path, ...], dry_run: bool, is_json: bool, of_one: dict[str, object]) -> None:
    """Every source of a folder."""
    import cemlib
    from cemlib.intake import ingest_folder, plan_folder
    from cemlib.kpi.rollup import keep_rollups
    from cemlib.settings import settings

    if wrong := [name for name, given in of_one.items() if given]:
        raise click.UsageError(f"{' and '.join(wrong)} can only be used with one source.")
    if len(paths) != 1:
        raise click.UsageError("Name one folder, with a sub-folder for each source.")
    codes, unknown = plan_folder(paths[0])
    for name in unknown:
        remark(f"Left out: no connector is named {name}.")
    begun, found = time.perf_counter(), []
    with progress_bar("ingest", is_quiet=is_json) as bar:
        for one in ingest_folder(settings().lake_path, paths[0], dry_run=dry_run, progress=bar):
            found.append(one)
    if not dry_run:
        # derived once, after all sources
        keep_rollups(cemlib.open_lake())
    if is_json:
        as_json([one.to_dict() for one in found])
    else:
        table(["source", "files", "records", "accepted", "rejected", "reasons"],
              [[one.source_code, len(one.files), one.records, one.accepted, one.rejected, ", ".join(f"{reason} {count:,}" for reason, count in one.reasons.items())]
               for one in sorted(found, key=lambda one: codes.index(one.source_code) if one.source_code in codes else 0)])
        records, accepted = sum(one.records for one in found), sum(one.accepted for one in found)
        seconds = time.perf_counter() - begun
        remark(f"{'Would be taken' if dry_run else 'Taken'}: {accepted:,} of {records:,} records; {records - accepted:,} rejected; {seconds:.1f} s")
    failed = [one for summary in found for one in summary.failed]
    for one in failed:
        remark(click.style("Failed: ", fg="red") + f"{one.path}\n  {one.error}")
    if failed:
        click.get_current_context().exit(1)


def _check_call(paths: tuple[Path, ...], drop: Path | None, dry_run: bool, of_watch: dict[str, bool]) -> None:
    if drop is None:
        if not paths:
            raise click.UsageError("Name the files or folders to take, or a folder to --watch.")
        if wrong := [name for name, is_given in of_watch.items() if is_given]:
            raise click.UsageError(f"{' and '.join(wrong)} can only be used with --watch.")
    elif paths or dry_run:
        raise click.UsageError("--watch takes no PATHS: the folder is its own." if paths else "--watch and --dry-run cannot be used together.")


def _watch(folder: Path, source_for: Callable, patterns: tuple[str, ...], once: bool, retry: bool, is_json: bool, given: dict) -> None:
    import cemlib
    from cemlib.cli.watch import WatchTold, ended_by_signals
    from cemlib.lake.drop import FileDrop

    told = WatchTold(folder, is_json)
    drop = told.drop = FileDrop(cemlib.open_lake(), folder, source_for, patterns=patterns, retry=retry, tell=told, **given)
    with ended_by_signals(drop), told.shown():
        is_good = drop.watch(once=once)
    remark(told.summary(drop.totals))
    if once and not is_good:
        click.get_current_context().exit(1)


def _tell(summary, dry_run: bool) -> None:
    rows = [[Path(one.path).name, "checked" if dry_run and one.status in ("ingested", "retried") else one.status, one.records, one.accepted, one.rejected,
             ", ".join(f"{reason} {count:,}" for reason, count in sorted(one.reasons.items(), key=lambda pair: -pair[1]))] for one in summary.files]
    table(["file", "status", "records", "accepted", "rejected", "reasons"], rows)
    already = sum(one.status == "already" for one in summary.files)
    share = summary.rejected / summary.records if summary.records else 0.0
    rate = f", {summary.records / summary.seconds:,.0f} records/s" if summary.records and summary.seconds else ""
    remark(f"{'Would be taken' if dry_run else 'Taken'}: {summary.accepted:,} of {summary.records:,} records; {summary.rejected:,} rejected ({share:.2%}); "
           f"{already} of {len(summary.files)} files were there already; {summary.seconds:.1f} s{rate}")
    if summary.regained:
        remark(f"{'Would be regained' if dry_run else 'Regained'}: {summary.regained:,} records that had been rejected before")
    for one in summary.failed:
        remark(click.style("Failed: ", fg="red") + f"{one.path}\n  {one.error}")
