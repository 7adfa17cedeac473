"""The command ``cem``: every job of the workbench from a terminal or a schedule.

Exit codes: 0 good, 1 the job failed, 2 the call was wrong, 130 interrupted, 143 ended by a supervisor.
"""

from __future__ import annotations

import signal
from typing import Any

from cemlib.cli.group import CemGroup, Terminated, cem

__all__ = ["CemGroup", "cem", "main"]


def _terminate(*_: Any) -> None:
    raise Terminated


def main() -> None:
    """Run the command and end the process."""
    # a supervisor's end is taken like Ctrl-C: kernels are ended, what was computed is kept
    signal.signal(signal.SIGTERM, _terminate)
    cem.main()
