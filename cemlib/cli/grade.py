"""``cem grade``: how well the analyses find what is planted."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cemlib.cli.group import CemCommand
from cemlib.cli.names import name_type
from cemlib.cli.show import as_json, json_option, progress_bar, remark, table

__all__ = ["grade"]


def _grading_names() -> list[str]:
    from cemlib.twin.grade import GRADINGS

    return list(GRADINGS)


@click.command(cls=CemCommand, short_help="Grade the analyses on planted truths.", example="""
    cem grade --list
    cem grade --seed 4711
    cem grade --seed 4711 --only partners --runs 10 --json
    cem grade --seed 4711 --quick
    cem grade --seed 4711 --self-check
""")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="From which the cases are drawn; another seed draws others.")
@click.option("--only", multiple=True, type=name_type("grading", _grading_names), metavar="NAME", help="This grading alone; may be given again.")
@click.option("--runs", type=click.IntRange(1, 1000), default=3, show_default=True, help="Cases with an effect of each scenario, and as many without.")
@click.option("--subscribers", type=click.IntRange(500, 120_000), default=6000, show_default=True, help="Customers of each operator.")
@click.option("--days", type=click.IntRange(14, 120), default=21, show_default=True, help="Days of records.")
@click.option("--quick", is_flag=True, help="One run of each, on small operators.")
@click.option("--self-check", is_flag=True, help="Grade broken analyses instead: each must score badly.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the marks as JSON to this file too.")
@click.option("--list", "is_list", is_flag=True, help="List the gradings and do nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would be graded, on how many operators, and do nothing.")
@json_option
def grade(seed: int, only: tuple[str, ...], runs: int, subscribers: int, days: int, quick: bool, self_check: bool, out: Path | None, is_list: bool,
          dry_run: bool, is_json: bool) -> None:
    """Draw operators from a seed, plant a trouble in each or none, and see what the analyses say.

    Names are dealt anew in each operator, the analyses run where the twin cannot be imported, and cases without any effect count as much as those
    with one. An operator of the default size takes about half a minute. Exit code 1 when a mark is missed; an analysis that is not there yet is told
    and is no failure.
    """
    from cemlib.twin.grade import GRADINGS
    from cemlib.twin.grade import grade as run
    from cemlib.twin.grade.run import check_itself

    if is_list:
        rows = [[one.name, one.title, ", ".join(one.cases) or ("numbers" if one.mutations else "not there yet"), f"cemlib.{one.needs}"] for one in GRADINGS.values()]
        if is_json:
            as_json([{"name": one.name, "title": one.title, "scenarios": list(one.cases), "needs": one.needs} for one in GRADINGS.values()])
        else:
            table(["grading", "question", "scenarios", "analysis"], rows)
        return
    if quick:
        runs, subscribers, days = 1, min(subscribers, 4000), min(days, 16)
    names = list(only) or [one.name for one in GRADINGS.values() if one.mutations or not self_check]
    operators = sum(2 * runs * len(GRADINGS[name].cases) * (len(GRADINGS[name].mutations) if self_check else 1) for name in names)
    if dry_run:
        remark(f"Would grade {', '.join(names)} on {operators} operators of {subscribers:,} customers and {days} days, seed {seed}")
        return
    with progress_bar("Grading", is_quiet=is_json) as bar:
        if self_check:
            found = check_itself(seed, names, runs=1, subscribers=subscribers, days=days, progress=bar)
        else:
            sheet = run(seed, names, runs=runs, subscribers=subscribers, days=days, progress=bar)
    if self_check:
        rows = [{"grading": name, "mutation": mutation, "scores_badly": is_bad} for (name, mutation), is_bad in found.items()]
        if is_json:
            as_json(rows)
        else:
            table(["grading", "broken analysis", "scores badly"], [[one["grading"], one["mutation"], "yes" if one["scores_badly"] else "NO"] for one in rows])
        if not all(found.values()):
            click.get_current_context().exit(1)
        return
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(sheet.to_dict(), indent=1) + "\n", encoding="utf-8")
    if is_json:
        as_json(sheet.to_dict())
    else:
        verdict = {True: "met", False: "missed", None: ""}
        table(["grading", "what", "value", "low", "high", "cases", "wanted", ""],
              [[one.grading, one.name if one.value is not None or not one.note else f"{one.name}: {one.note}", *(_text(each) for each in (one.value, one.low, one.high)),
                one.cases, one.wanted, verdict[one.is_met]] for one in sheet.marks])
        remark(f"{len(sheet.missed)} missed, {len(sheet.absent)} not there or without a case; seed {seed}, {sheet.seconds:.0f} s")
    if sheet.missed:
        click.get_current_context().exit(1)


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
