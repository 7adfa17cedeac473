"""The group of commands, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

import click

from cemlib.errors import CemError, UnknownNameError

__all__ = ["CemCommand", "CemGroup", "Terminated", "cem"]

INTERRUPTED, TERMINATED = 130, 143


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM)."""


def _debug_option() -> click.Option:
    def remember(context: click.Context, _: click.Parameter, value: bool) -> None:
        context.find_root().meta["debug"] = value or context.find_root().meta.get("debug", False)

    return click.Option(["--debug"], is_flag=True, expose_value=False, is_eager=True, callback=remember,
                        help="Show the traceback of an error.")


class CemCommand(click.Command):
    """A command with ``--debug``, and with its examples shown as they are written."""

    def __init__(self, *args: Any, example: str = "", **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.example = example
        self.params.append(_debug_option())

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        if self.example:
            with formatter.section("Examples"):
                for line in self.example.strip().splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line.strip()}\n")


class CemGroup(click.Group):
    """Commands whose errors are told in plain words, and whose misspelt names get the nearest ones."""

    command_class = CemCommand
    group_class = type

    def resolve_command(self, context: click.Context, args: list[str]) -> Any:
        """Find the command; an unknown one is told with the nearest."""
        if args and not args[0].startswith("-") and self.get_command(context, args[0]) is None:
            raise UnknownNameError("command", args[0], self.list_commands(context))
        return super().resolve_command(context, args)

    def list_commands(self, context: click.Context) -> list[str]:
        """The commands in the order of the work, not of the alphabet."""
        return list(self.commands)

    def main(self, args: Any = None, prog_name: str | None = None, complete_var: str | None = None, standalone_mode: bool = True,
             **extra: Any) -> Any:
        """Run, and end with the exit code of what happened."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        arguments = sys.argv[1:] if args is None else list(args)
        is_debug = "--debug" in arguments or os.environ.get("CEM_DEBUG", "") not in ("", "0")
        try:
            result = super().main(arguments, prog_name, complete_var, standalone_mode=False, **extra)
            code = result if isinstance(result, int) else 0
        except BaseException as error:
            if isinstance(error, SystemExit):
                raise
            code = tell(error, is_debug)
        sys.exit(code)


def tell(error: BaseException, is_debug: bool) -> int:
    """Say on stderr what went wrong; the exit code."""
    if is_debug and not isinstance(error, (click.ClickException, click.Abort)):
        traceback.print_exception(error)
    if isinstance(error, click.ClickException):
        error.show()
        return 2 if isinstance(error, click.UsageError) else error.exit_code
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        cause = error if isinstance(error, KeyboardInterrupt) else error.__cause__
        is_interrupt = isinstance(cause, KeyboardInterrupt)
        click.echo("Interrupted." if is_interrupt else "Not done.", err=True)
        return 1 if not is_interrupt else TERMINATED if isinstance(cause, Terminated) else INTERRUPTED
    if isinstance(error, CemError):
        first, *rest = str(error).splitlines()
        click.echo("\n".join([click.style("Error: ", fg="red", bold=True) + first, *rest]), err=True)
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        # the reader, such as head, has seen enough; the interpreter must not flush into it again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    words = " ".join(str(error).split())
    hint = "" if is_debug else " Call again with --debug for the traceback."
    click.echo(f"Error: {type(error).__name__}: {words[:300]}{'' if words.endswith('.') else '.'}{hint}", err=True)
    return 1


CemGroup.group_class = CemGroup


@click.group(cls=CemGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="cem-workbench", prog_name="cem")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
def cem() -> None:
    """An open Customer Experience Management workbench: sources in, lake, KPIs, notebooks as apps and reports.

    \b
    Start with:   cem demo
    Then:         cem report roaming_monitoring --to html,csv
                  cem kpi eval roaming_registration_success_ratio --by partner
    """


def _fill() -> None:
    """Put the commands into the group."""
    from cemlib.cli import (
        completion,
        demo,
        grade,
        index,
        ingest,
        kpi,
        lake,
        report,
        reveal,
        rotate,
        serve,
        sources,
        twin,
    )

    for command in (demo.demo, sources.sources, ingest.ingest, lake.lake, kpi.kpi, index.index, report.report, serve.apps, serve.lab, reveal.reveal, reveal.erase, twin.twin, grade.grade,
                    completion.completion):
        cem.add_command(command)
    lake.lake.add_command(rotate.rotate_key)


_fill()
