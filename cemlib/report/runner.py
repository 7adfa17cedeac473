"""Run a notebook as a report: strict parameters, a time limit, every output in one folder, and a record of the run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from cemlib.errors import CallError, ParameterError, ReportError, UnknownNameError
from cemlib.report.digest import parameter_digest
from cemlib.report.parameters import parse_parameters, read_parameters
from cemlib.report.place import replace_folder, staging_folder
from cemlib.report.record import RunRecord
from cemlib.report.request import find_notebook
from cemlib.report.run import Run
from cemlib.settings import ROLES, settings

__all__ = ["FORMATS", "report_folder", "run_report"]

#: What a report can be written as.
FORMATS = ("html", "pdf", "csv")


def report_folder(notebook: str, parameters: dict[str, Any], defaults: dict[str, Any], root: Path) -> Path:
    """The folder of a report: the notebook's name, and a digest of the parameters that are not at their default.

    Examples
    --------
    >>> report_folder("roaming", {"days": 7}, {"days": 7}, Path("out")).as_posix()
    'out/roaming'
    """
    changed = {name: value for name, value in parameters.items() if value != defaults[name]}
    return root / (f"{notebook}_{parameter_digest(changed)}" if changed else notebook)


def run_report(
    notebook: str | Path,
    *,
    out: str | Path | None = None,
    to: str | Iterable[str] = ("html", "csv"),
    timeout_s: float = 900.0,
    cell_timeout_s: float = 600.0,
    role: str | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    parameters: Mapping[str, Any] | None = None,
    **values: Any,
) -> RunRecord:
    """Run a notebook from top to bottom and write the report, its tables and the record of the run.

    The files (report.html, report.pdf, a CSV for each published table, executed.ipynb, run.json) come into
    ``<out>/<notebook>``, with a digest behind it where parameters differ from their defaults. A repeated run replaces the folder in one step. When
    the run fails, the folder stays as it was, and what had been computed goes to ``<folder>.failed``.

    Parameters
    ----------
    notebook : str or Path
        A path, or a name in the project's notebooks folder.
    out : str or Path, optional
        The folder of the reports (default: ``CEM_OUT``, else out).
    to : str or iterable of str
        html, pdf, csv.
    timeout_s : float
        Seconds that the whole notebook may take.
    cell_timeout_s : float
        Seconds that one cell may take.
    role : str, optional
        As whom it runs: manager, analyst or care (default: ``CEM_ROLE``, else manager).
    progress : callable, optional
        Called with (steps done, steps in all, title) before each step and at the end.
    parameters : mapping, optional
        Values for the notebook's parameters cell; texts are parsed.
    **values
        The same, as keywords.

    Returns
    -------
    RunRecord

    Raises
    ------
    CallError
        When the notebook, a parameter, a format or the role is unknown, or a value does not fit; nothing was run.
    ReportError
        When the run failed; ``where`` names the folder with what was computed.

    Examples
    --------
    >>> run_report("roaming_monitoring", timeout_s=0)
    Traceback (most recent call last):
        ...
    cemlib.errors.ParameterError: A time limit must be above 0 seconds.
      came: 0
    """
    formats = _formats(to)
    for limit in (timeout_s, cell_timeout_s):
        if not limit > 0:
            raise ParameterError("A time limit must be above 0 seconds.", came=str(limit))
    role = role or os.environ.get("CEM_ROLE") or "manager"
    if role not in ROLES:
        raise UnknownNameError("role", role, ROLES)
    path = find_notebook(notebook)
    declared = read_parameters(path)
    checked = parse_parameters(declared, {**(parameters or {}), **values}, where=path.name)
    root = Path(out) if out is not None else settings().out
    folder = report_folder(path.stem, checked, {one.name: one.default for one in declared}, root)
    with staging_folder(root) as place:
        run = Run(path, checked, role, formats, place, timeout_s, cell_timeout_s, progress)
        try:
            record = run.go()
        except KeyboardInterrupt:
            run.keep("The run was interrupted.", "KeyboardInterrupt")
            with contextlib.suppress(ReportError):
                _put(place, folder, run.record)
            raise
        return _put(place, folder, record)


def _put(place: Path, folder: Path, record: RunRecord) -> RunRecord:
    """Move the finished folder to where readers look, and tell of a failure."""
    failed = folder.with_name(folder.name + ".failed")
    record.out = folder if record.status == "ok" else failed
    replace_folder(place, record.out)
    if record.status == "ok":
        with contextlib.suppress(OSError):
            for one in failed.iterdir():
                one.unlink()
            failed.rmdir()
        return record
    error = record.error or {}
    failure = ReportError(f"The report {record.notebook} failed in step {error.get('step', '')!r}.", came=str(error.get("message", "")),
                          where=str(record.out), todo="report.html there has what was computed, executed.ipynb the traceback.")
    failure.record = record
    raise failure


def _formats(to: str | Iterable[str]) -> tuple[str, ...]:
    names = [one.strip() for one in to.split(",")] if isinstance(to, str) else list(to)
    for name in names:
        if name not in FORMATS:
            raise UnknownNameError("report format", name, FORMATS)
    if not names:
        raise CallError("No report format was given.", wanted=", ".join(FORMATS))
    return tuple(dict.fromkeys(names))
