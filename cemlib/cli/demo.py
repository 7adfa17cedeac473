"""``cem demo``: the demo operator from nothing to the portal."""

from __future__ import annotations

import click

from cemlib.cli.group import CemCommand
from cemlib.cli.serve import serve_portal
from cemlib.cli.show import as_json, json_option, progress_bar, remark

__all__ = ["demo"]

_TITLES = {"files": "Writing the demo operator's files", "ingest": "Filling the lake", "reports": "Running the reports"}


@click.command(cls=CemCommand, short_help="Build the demo operator and serve it.", example="""
    cem demo
    cem demo --no-serve
    cem demo --subscribers 2000 --days 7 --fresh
""")
@click.option("--subscribers", type=click.IntRange(100, 40_000), default=20_000, show_default=True, help="Customers of the operator.")
@click.option("--days", type=click.IntRange(2, 60), default=30, show_default=True, help="Days of records.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed makes the same operator.")
@click.option("--serve/--no-serve", default=True, help="Serve the portal at the end.")
@click.option("--reports/--no-reports", default=True, help="Run the reports.")
@click.option("--port", type=click.IntRange(1, 65535), default=8866, show_default=True, help="Port of the portal.")
@click.option("--fresh", is_flag=True, help="Remove what the demo built before and build it anew.")
@click.option("--yes", is_flag=True, help="Do not ask before removing.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed and built, and do nothing.")
@json_option
def demo(subscribers: int, days: int, seed: int, serve: bool, reports: bool, port: int, fresh: bool, yes: bool, dry_run: bool,
         is_json: bool) -> None:
    """Build the demo operator's lake, run its reports to out/, and serve the portal.

    The operator is invented, and so are its troubles: see whether the workbench finds them. What is there already is used again. A lake or an
    incoming folder that holds something else is never touched.
    """
    from cemlib.demo import build_demo, what_fresh_removes
    from cemlib.settings import settings

    removed = [str(one) for one in what_fresh_removes()] if fresh else []
    for one in removed:
        remark(f"{'Would remove' if dry_run else 'Removes'}: {one}")
    if dry_run:
        remark(f"Would build: {subscribers:,} subscribers, {days} days, seed {seed}, into {settings().lake_path}")
        return
    if removed and not yes:
        click.confirm("Remove these and build the demo anew?", abort=True, err=True)
    remark(f"The demo operator: {subscribers:,} subscribers, {days} days, seed {seed}")
    with progress_bar("", is_quiet=is_json) as bar:
        last = ""

        def told(stage: str, done: float, total: float, text: str) -> None:
            nonlocal last
            if stage != last:
                last = stage
                remark(f"{_TITLES[stage]} …")
            bar(done, total, text)

        record = build_demo(subscribers=subscribers, days=days, seed=seed, reports=reports, fresh=fresh, progress=told)
    if is_json:
        as_json(record.to_dict())
    else:
        _tell(record)
    if record.failed:
        click.get_current_context().exit(1)
    if serve and not is_json:
        serve_portal(port=port, role="manager")


def _tell(record) -> None:
    """Say what was found and done."""
    if record.files == "already" and record.lake == "already":
        remark("Files and lake are there already.")
    else:
        bad = ", ".join(f"{count:,} {reason}" for reason, count in sorted(record.reasons.items(), key=lambda one: -one[1]))
        if record.lake == "written":
            remark(f"Lake: {record.accepted:,} records accepted, {record.rejected:,} rejected ({bad or 'none'}) in {record.seconds['ingest']:.0f} s")
    for one in record.reports:
        if one["state"] in ("written", "already"):
            note = "is there already" if one["state"] == "already" else f"{one['seconds']:.1f} s"
            click.echo(f"{one['out']}/report.html  ({note})")
        else:
            remark(click.style("Failed: ", fg="red") + f"{one['notebook']}: {one['message']}" + (f" ({one['out']})" if one["out"] else ""))
    for text in dict.fromkeys(record.warnings):
        remark(text)
