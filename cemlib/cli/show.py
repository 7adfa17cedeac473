"""What a command shows: tables and JSON on stdout, progress and remarks on stderr.

Colours and bars appear on a terminal only, and never where ``NO_COLOR`` is set; a pipe gets plain text.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

__all__ = ["as_json", "json_option", "plain", "progress_bar", "remark", "table"]

MISSING = "–"


def json_option(function: Callable) -> Callable:
    """Add ``--json`` to a command."""
    return click.option("--json", "is_json", is_flag=True, help="Write JSON to stdout.")(function)


def remark(text: str) -> None:
    """Say something about the work, on stderr."""
    click.echo(text, err=True)


def plain(value: Any) -> Any:
    """A value as JSON has it: missing is null, instants are ISO 8601."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (datetime.datetime, datetime.date)):
        # NaT is a datetime that equals nothing, not even itself
        return value.isoformat() if value == value else None
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    return None if type(value).__name__ in ("NAType", "NaTType") else str(value)


def as_json(value: Any) -> None:
    """Write JSON to stdout."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def _text(value: Any) -> str:
    value = plain(value)
    if value is None or value == "":
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "") -> None:
    """Write a table to stdout: ruled on a terminal, aligned plain text in a pipe."""
    texts = [[_text(one) for one in row] for row in rows]
    numeric = [bool(rows) and all(one is None or (_is_number(one)) for one in column) for column in zip(*rows, strict=True)] or [False] * len(columns)
    if sys.stdout.isatty():
        from rich import box
        from rich.console import Console
        from rich.table import Table

        shown = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
        for name, is_right in zip(columns, numeric, strict=True):
            shown.add_column(name, justify="right" if is_right else "left", overflow="fold")
        for row in texts:
            shown.add_row(*(one.replace("[", "\\[") for one in row))
        Console().print(shown)
        return
    widths = [max([len(name), *(len(row[at]) for row in texts)]) for at, name in enumerate(columns)]
    if title:
        click.echo(title)
    for row in [list(columns), *texts]:
        cells = [one.rjust(width) if is_right else one.ljust(width) for one, width, is_right in zip(row, widths, numeric, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _is_number(value: Any) -> bool:
    value = plain(value)
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


@contextmanager
def progress_bar(title: str, *, is_quiet: bool = False) -> Iterator[Callable[[float, float, str], None]]:
    """A progress bar on stderr while something takes long; nothing where stderr is no terminal.

    Yields
    ------
    callable
        ``tell(done, total, text)``; a total of 0 means that it is not known.
    """
    if is_quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda done, total, text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(),
               TextColumn("{task.fields[text]}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, text="")

        def tell(done: float, total: float, text: str = "") -> None:
            bar.update(task, completed=done, total=total or None, text=text[:60])

        yield tell
