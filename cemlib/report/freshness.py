"""Until when the lake has data, in words for the bar above every app.

The server of the apps must hold nothing of the lake, so what has to be read is read in a process of its own, once per state
of the lake: ``python -m cemlib.report.freshness`` prints the time of the newest event.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["Freshness", "in_words", "last_event"]

#: the newest event may be this old before the page says that the data is stale
STALE_S = 26 * 3600.0


def in_words(last: datetime | None, now: datetime) -> dict[str, str]:
    """Say until when there is data.

    Parameters
    ----------
    last : datetime or None
        The newest event, UTC.
    now : datetime

    Returns
    -------
    dict
        ``text``, ``more`` (how far behind) and ``kind`` (class of the mark: empty, " is-stale", " is-unknown").

    Examples
    --------
    >>> in_words(datetime(2026, 3, 30, 23, 59, tzinfo=UTC), datetime(2026, 3, 31, 0, 3, tzinfo=UTC))
    {'text': 'data to 30 Mar 23:59 UTC', 'more': '4 min behind', 'kind': ''}
    >>> in_words(None, datetime(2026, 3, 31, tzinfo=UTC))["text"]
    'no data yet'
    """
    if last is None:
        return {"text": "no data yet", "more": "", "kind": " is-unknown"}
    behind = (now - last).total_seconds()
    year = "" if abs(behind) < 180 * 86400 else f" {last.year}"
    text = f"data to {last.day} {last:%b}{year} {last:%H:%M} UTC"
    return {"text": text, "more": f"{_length(behind)} behind" if behind > 0 else "", "kind": " is-stale" if behind > STALE_S else ""}


def _length(seconds: float) -> str:
    for size, word in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {word}"
    return "1 min"


def last_event(lake_path: Path) -> datetime | None:
    """The newest event in the lake, UTC; None in an empty one."""
    import pandas as pd

    from cemlib.lake import open_lake

    times = open_lake(lake_path).freshness()["last_event_at"].dropna()
    return None if times.empty else pd.Timestamp(times.max()).tz_localize("UTC").to_pydatetime()


class Freshness:
    """What the bar says, asked for anew when the lake's manifest has changed."""

    def __init__(self, lake_path: Path) -> None:
        self._path, self._seen, self._last = lake_path, None, None
        self._failed = False
        self._lock = asyncio.Lock()

    async def words(self) -> dict[str, str]:
        """Say until when there is data, as the lake stands now."""
        async with self._lock:
            state = self._state()
            if state != self._seen:
                self._last, self._failed = await self._ask() if state else (None, False)
                self._seen = state
        if self._failed:
            return {"text": "the lake cannot be read", "more": "", "kind": " is-stale"}
        return in_words(self._last, datetime.now(UTC))

    def _state(self) -> tuple | None:
        try:
            about = (self._path / "manifest.json").stat()
        except OSError:
            return None
        return about.st_mtime_ns, about.st_size, about.st_ino

    async def _ask(self) -> tuple[datetime | None, bool]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cemlib.report.freshness", str(self._path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            text = (await asyncio.wait_for(process.communicate(), 60))[0].decode().strip()
        except TimeoutError:
            process.kill()
            return None, True
        return (datetime.fromisoformat(text) if text else None), process.returncode != 0


if __name__ == "__main__":
    found = last_event(Path(sys.argv[1]))
    print(found.isoformat() if found else "")
