"""``cem twin``: the files of an invented operator to whom something happens, and the truth about it."""

from __future__ import annotations

from pathlib import Path

import click

from cemlib.cli.group import CemCommand
from cemlib.cli.names import name_type
from cemlib.cli.show import as_json, json_option, progress_bar, remark, table

__all__ = ["twin"]


def _scenario_names() -> list[str]:
    from cemlib.twin.scenario import scenario_names

    return [*scenario_names(), "all"]


@click.command(cls=CemCommand, short_help="Write an invented operator's files, with planted truths.", example="""
    cem twin --list
    cem twin --out raw --truth truth --scenario cell_outage
    cem twin --out raw --truth truth --subscribers 100000 --days 90 --scenario calm
    cem twin --out raw --truth truth --subscribers 2000 --scenario all
""")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the files; each feed gets a folder below it.")
@click.option("--truth", type=click.Path(path_type=Path), help="Folder for what is true, outside of --out: no analysis may read it.")
@click.option("--scenario", type=name_type("scenario", _scenario_names), default="calm", show_default=True, metavar="NAME|FILE|all",
              help="What happens: a name, a YAML file, or all of them, each with its no-effect twin in a folder of its own.")
@click.option("--subscribers", type=click.IntRange(100, 120_000), default=20_000, show_default=True, help="Customers of the operator.")
@click.option("--days", type=click.IntRange(2, 120), default=30, show_default=True, help="Days of records.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed makes the same operator.")
@click.option("--bad-rate", type=click.FloatRange(0, 0.2), default=0.002, show_default=True, help="Share of bad records.")
@click.option("--no-effect", is_flag=True, help="Write the no-effect twin: the same interventions with zero effect.")
@click.option("--jobs", type=click.IntRange(1, 16), default=2, show_default=True, help="Processes; the files are the same for any number.")
@click.option("--list", "is_list", is_flag=True, help="List the scenarios and do nothing.")
@click.option("--force", is_flag=True, help="Write into folders that are not empty.")
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be written, and write nothing.")
@json_option
def twin(out: Path | None, truth: Path | None, scenario: str, subscribers: int, days: int, seed: int, bad_rate: float, no_effect: bool, jobs: int,
         is_list: bool, force: bool, dry_run: bool, is_json: bool) -> None:
    """Write what the systems of an invented operator write while a scenario happens to it.

    Everything is drawn from the seed: the same call writes the same bytes on every machine. A folder that is not empty is never written to without
    --force.
    """
    from cemlib.errors import CallError
    from cemlib.twin.operator import check_truth_place
    from cemlib.twin.play import check_empty, play_scenario
    from cemlib.twin.scenario import load_scenario, scenario_names

    if is_list:
        _tell_scenarios(is_json)
        return
    if out is None:
        raise CallError("It is not said where to write.", wanted="--out FOLDER")
    plays = []
    for name in scenario_names() if scenario == "all" else [scenario]:
        one = load_scenario(name)
        if scenario == "all" and days < one.min_days:
            remark(f"Left out: {one.name} needs {one.min_days} days.")
            continue
        one.plan(subscribers=subscribers, days=days, seed=seed, bad_rate=bad_rate)
        for effects in ((True, False) if scenario == "all" else (not no_effect,)):
            place = f"{one.name}{'' if effects else '.no_effect'}" if scenario == "all" else ""
            plays.append((one, effects, out / place, truth / place if truth else None))
    for _, _, folder, told in plays:
        check_truth_place(told, folder)
        for each in (folder, told):
            if each is not None and not force:
                check_empty(each)
    check_truth_place(truth, out)
    if dry_run:
        for one, effects, folder, _ in plays:
            remark(f"Would write: {one.name}{'' if effects else ' (no effect)'}, {subscribers:,} subscribers, {days} days, seed {seed}, into {folder}")
        return
    written = []
    with progress_bar("Writing the operator's files", is_quiet=is_json) as bar:
        for number, (one, effects, folder, told) in enumerate(plays):
            def tell(what: str, done: int, total: int, number: int = number, name: str = one.name) -> None:
                bar(number + done / max(total, 1), len(plays), f"{name}: {what}" if len(plays) > 1 else what)

            made = play_scenario(one, folder, truth=told, seed=seed, subscribers=subscribers, days=days, bad_rate=bad_rate, effects=effects, jobs=jobs,
                                 force=force, progress=tell)
            written.append({"scenario": one.name, "effects": effects, **made.to_dict()})
    if is_json:
        as_json(written)
        return
    table(["scenario", "twin", "feeds", "records", "MB", "s", "folder"],
          [[one["scenario"], "factual" if one["effects"] else "no effect", len(one["feeds"]), one["records"], one["bytes"] / 1e6, one["seconds"], one["folder"]]
           for one in written])


def _tell_scenarios(is_json: bool) -> None:
    from cemlib.twin.scenario import load_scenario, scenario_names

    found = [load_scenario(name) for name in scenario_names()]
    if is_json:
        as_json([{"name": one.name, "kind": one.kind, "title": one.title, "question": one.question, "min_days": one.min_days, "domains": one.domains} for one in found])
        return
    table(["scenario", "kind", "days", "what happens", "question"], [[one.name, one.kind, one.min_days, one.title, one.question] for one in found])
