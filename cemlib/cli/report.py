"""``cem report``: a notebook as HTML, PDF and CSV."""

from __future__ import annotations

from pathlib import Path

import click

from cemlib.cli.group import CemCommand
from cemlib.cli.names import name_type, notebook_names, pairs
from cemlib.cli.show import as_json, json_option, progress_bar, remark, table

__all__ = ["report"]


class _ParameterName(click.ParamType):
    """``name=value``; the shell completes the names of the notebook's parameters."""

    name = "name=value"

    def shell_complete(self, context: click.Context, parameter: click.Parameter, incomplete: str) -> list:
        """The notebook's parameter names, and the choices of one that has them."""
        from click.shell_completion import CompletionItem

        from cemlib.errors import CemError
        from cemlib.report.parameters import format_value, read_parameters
        from cemlib.report.request import find_notebook

        # while -p still lacks its value, click has not come to give the argument its name
        notebook = context.params.get("notebook") or next(iter(context.args), "")
        try:
            declared = read_parameters(find_notebook(notebook))
        except CemError:
            return []
        words = [f"{one.name}={format_value(choice)}" for one in declared for choice in one.choices]
        words += [f"{one.name}=" for one in declared if not one.choices]
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


@click.command(cls=CemCommand, short_help="Run a notebook as HTML, PDF and CSV.", example="""
    cem report roaming_monitoring --to html,csv
    cem report roaming_monitoring -p partner=99901 -p days=30 --to html,pdf,csv --out reports
    cem report roaming_monitoring --parameters
""")
@click.argument("notebook", type=name_type("notebook", notebook_names), required=False)
@click.option("-p", "--parameter", "given", type=_ParameterName(), multiple=True, help="A value for the notebook's parameters cell.")
@click.option("--to", default="html,csv", show_default=True, metavar="LIST", help="html, pdf, csv, joined by commas.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="The folder of the reports. [default: CEM_OUT, else out]")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0, min_open=True), default=900, show_default=True, metavar="SECONDS",
              help="Time that the whole run may take.")
@click.option("--role", type=click.Choice(["manager", "analyst", "care"]), help="As whom it runs. [default: CEM_ROLE, else manager]")
@click.option("--parameters", "is_listing", is_flag=True, help="List the notebook's parameters and run nothing.")
@json_option
def report(notebook: str | None, given: tuple[str, ...], to: str, out: Path | None, timeout_s: float, role: str | None, is_listing: bool,
           is_json: bool) -> None:
    """Run NOTEBOOK from top to bottom and write the report; without NOTEBOOK, list them.

    A repeated run replaces the report in one step. An unknown or ill-typed parameter is refused before anything runs (exit code 2). When the run fails
    (exit code 1), the last good report stays, and what had been computed goes to a folder beside it that ends in .failed.
    """
    if notebook is None:
        _list_notebooks(is_json)
        return
    from cemlib.report.request import find_notebook

    path = find_notebook(notebook)
    if is_listing:
        _list_parameters(path, is_json)
        return
    from cemlib.errors import ReportError
    from cemlib.report.runner import run_report

    try:
        with progress_bar(path.stem, is_quiet=is_json) as tell:
            record = run_report(path, out=out, to=to, timeout_s=timeout_s, role=role, progress=tell, parameters=pairs(given, "-p"))
    except ReportError as error:
        failed = getattr(error, "record", None)
        if is_json and failed is not None:
            as_json({"out": str(failed.out), **failed.to_dict()})
        raise
    if is_json:
        as_json({"out": str(record.out), **record.to_dict()})
    else:
        for one in record.files:
            if one["name"] != "executed.ipynb":
                click.echo(str(record.out / one["name"]))
        snapshot = f", snapshot {record.snapshot['id']}" if record.snapshot else ""
        remark(f"{record.title}: {len(record.figures)} figures in {record.seconds:.1f} s{snapshot}, result {record.result_hash[:12]}")
    for one in record.warnings:
        remark(click.style("Warning: ", fg="yellow") + one)
    if record.missing:
        # a schedule that asked for a PDF must be able to see that there is none
        click.get_current_context().exit(1)


def _list_notebooks(is_json: bool) -> None:
    import json

    from cemlib.report.request import find_notebook

    rows = []
    for name in notebook_names():
        about = json.loads(find_notebook(name).read_text(encoding="utf-8")).get("metadata", {}).get("cem", {})
        rows.append([name, about.get("question", "")])
    if is_json:
        as_json([{"notebook": name, "question": question} for name, question in rows])
    else:
        table(["notebook", "question"], rows)


def _list_parameters(path: Path, is_json: bool) -> None:
    from dataclasses import asdict

    from cemlib.report.parameters import format_value, read_parameters

    declared = read_parameters(path)
    if is_json:
        as_json([asdict(one) for one in declared])
    else:
        table(["parameter", "default", "takes", "meaning"], [[one.name, format_value(one.default), one.wanted, one.meaning] for one in declared])
