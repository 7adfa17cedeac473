"""What ``cem ingest --watch`` shows: a live line in a terminal, lines with the time (UTC) in a log, JSON lines for a program."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cemlib.cli.show import plain

if TYPE_CHECKING:
    from cemlib.lake.drop import FileDrop

__all__ = ["WatchTold", "ended_by_signals"]


def _line(text: str) -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}"


class WatchTold:
    """Shows what a file drop tells; the files on stdout, all else on stderr.

    Parameters
    ----------
    folder : Path
    is_json : bool
        A JSON object for each file, in a line of its own.
    """

    def __init__(self, folder: Path, is_json: bool) -> None:
        self._folder, self._is_json, self._status = folder, is_json, None
        self.drop: FileDrop | None = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The live line, where stderr is a terminal."""
        if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            yield
            return
        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner

        self._status = Spinner("dots", self._text(f"waits for files in {self._folder}"))
        # what goes to a pipe must not be drawn into the terminal's line
        with Live(self._status, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()):
            yield
        self._status = None

    def _text(self, now: str) -> Any:
        from rich.text import Text

        totals = self.drop.totals if self.drop else {}
        counts = [f"{totals[one]:,} {word}" for one, word in _WORDS.items() if totals.get(one)]
        return Text(" · ".join([now, *counts]), no_wrap=True, overflow="ellipsis")

    def _live(self, now: str) -> None:
        if self._status is not None:
            self._status.update(text=self._text(now))

    def __call__(self, event: dict) -> None:
        """Show one event."""
        kind, name = event["event"], Path(event.get("file", "")).name
        if kind == "file" and "moved_to" in event:
            self._show_file(event)
        elif kind in ("file", "records", "commit"):
            self._live(f"{'writes' if kind == 'commit' else 'reads'} {name} {event.get('records', 0):,} records")
            return
        elif kind in _REMARKS:
            click.echo(_line(_REMARKS[kind](name, event)), err=True)
        if kind in ("locked", "waiting"):
            self._live("waits for another ingest to end")
        else:
            self._live(f"waits for files in {self._folder}")

    def _show_file(self, event: dict) -> None:
        place = Path(event["moved_to"])
        if self._is_json:
            told = {name: value for name, value in event.items() if name not in ("event", "path")}
            click.echo(json.dumps(plain({"file": Path(event["path"]).name, **told}), ensure_ascii=False, allow_nan=False))
            return
        name = Path(event["path"]).name
        words = [f"{event['status']} {name}"]
        if event["status"] in ("ingested", "retried"):
            words.append(f"{event['accepted']:,} of {event['records']:,} records accepted, {event['rejected']:,} rejected"
                         + (": " + ", ".join(f"{reason} {count:,}" for reason, count in event["reasons"].items()) if event["reasons"] else ""))
            words.append(f"{event['seconds']:.1f} s")
        if event["status"] == "retried":
            words.append(f"{event['regained']:,} regained")
        words.append(f"-> {place.parent.name}/{place.name}")
        click.echo(_line("  ".join(words)))
        if event["error"]:
            click.echo("\n".join("    " + line for line in event["error"].splitlines()), err=True)

    def summary(self, totals: dict[str, int]) -> str:
        """The last line."""
        counts = ", ".join(f"{totals[one]:,} {word}" for one, word in _WORDS.items() if totals.get(one)) or "no file came"
        return _line(f"ended: {counts}")


_WORDS = {"ingested": "taken", "retried": "retried", "already": "there already", "failed": "failed", "accepted": "records accepted",
          "rejected": "rejected"}
_REMARKS: dict[str, Callable[[str, dict], str]] = {
    "left": lambda name, event: f"left alone: {name} ({event['reason']})",
    "changed": lambda name, event: f"not complete yet: {name}",
    "gone": lambda name, event: f"gone before it was read: {name}",
    "lake": lambda name, event: f"{event['error']} Next try in {event['wait_s']:.0f} s; the files stay where they are.\n    "
                                + str(event["came"]).replace("\n", "\n    "),
    "locked": lambda name, event: f"waits: process {event['holder']['pid']} on {event['holder']['host']} writes into the lake",
    "waiting": lambda name, event: f"waits: process {event['holder']['pid']} on {event['holder']['host']} writes into the lake",
}


@contextmanager
def ended_by_signals(drop: FileDrop) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the watch after the current file; the second one ends it at once, and nothing of that file counts."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, _: Any) -> None:
        drop.stop()
        signal.signal(number, before[number])

    for one in before:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
