"""One run of a notebook, in a folder that is its own until it is done."""

from __future__ import annotations

import datetime
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

from cemlib.errors import ReportError
from cemlib.report.digest import result_hash
from cemlib.report.export import write_csv
from cemlib.report.record import RunRecord, package_versions
from cemlib.report.request import APP_VARIABLES
from cemlib.settings import settings

__all__ = ["Run"]

_START_S = 120
_ERROR_LENGTH = 1000


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Run:
    """One run: execute, collect, render, write.

    Parameters
    ----------
    path : Path
        The notebook.
    values : dict
        Every parameter with its checked value.
    role : str
    formats : tuple of str
        html, pdf, csv.
    place : Path
        The folder of this run alone.
    timeout_s, cell_timeout_s : float
    progress : callable, optional
    """

    def __init__(self, path: Path, values: dict[str, Any], role: str, formats: tuple[str, ...], place: Path, timeout_s: float,
                 cell_timeout_s: float, progress: Callable[[int, int, str], None] | None) -> None:
        self.path, self.values, self.formats, self.place, self.progress = path, values, formats, place, progress
        self.limits = (timeout_s, cell_timeout_s)
        try:
            self.source = nbformat.read(path, as_version=4)
        except Exception as error:
            raise ReportError("The file is not a notebook.", came=str(error).splitlines()[0], where=str(path)) from None
        self.about = dict(self.source.metadata.get("cem", {}))
        self.record = RunRecord(notebook=path.stem, title=str(self.about.get("title", path.stem)), status="ok", parameters=values, role=role,
                                started_at=_now(), versions=package_versions())
        self.session: Any = None
        self.tables: dict[str, Any] = {}

    def go(self) -> RunRecord:
        """Run, render and write; a failure of the notebook is in the record, what is wrong with the machine is raised."""
        started = time.monotonic()
        failed_at = self._execute()
        notebook = self.session.notebook
        self._steps(notebook)
        try:
            self._collect(notebook)
        except ReportError as error:
            if self.record.status == "ok":
                failed_at = self._fail(len(notebook.cells) - 1, "ReportError", str(error), step="publish")
        self._write(notebook, failed_at, started)
        return self.record

    def _execute(self) -> int | None:
        """Execute the cells; the number of the cell that failed, or None."""
        # late: papermill takes a second to import
        import papermill
        from nbclient.exceptions import CellTimeoutError, DeadKernelError
        from papermill.execute import remove_error_markers

        from cemlib.report.engine import ENGINE, Session

        with tempfile.TemporaryDirectory(prefix="cem-kernel-") as private, tempfile.TemporaryFile() as log:
            self.session = Session(settings().home, self._environment(private), log, Path(private), *self.limits, progress=self.progress)
            try:
                papermill.execute_notebook(self.source, None, parameters=self.values, engine_name=ENGINE, kernel_name="python3", language="python",
                                           progress_bar=False, start_timeout=_START_S, session=self.session)
            except papermill.PapermillExecutionError as error:
                # papermill has put two cells of its own into the notebook, which would shift every number
                remove_error_markers(self.session.notebook)
                return self._fail(self.session.cell, error.ename, str(error.evalue))
            except CellTimeoutError:
                limit = f"The time limit of {self.limits[0]:g} s for the report" if self.session.timed_out == "total" else \
                    f"The time limit of {self.limits[1]:g} s for one step"
                return self._fail(self.session.cell, "TimeoutError", f"{limit} was reached.")
            except DeadKernelError:
                log.seek(0)
                said = log.read()[-300:].decode("utf-8", "replace").strip()
                return self._fail(self.session.cell, "DeadKernelError", f"The kernel died, perhaps for want of memory. {said}")
            except RuntimeError as error:
                if self.session.notebook is None or self.session.cell is not None:
                    raise
                log.seek(0)
                said = log.read()[-300:].decode("utf-8", "replace").strip()
                return self._fail(0, "RuntimeError", f"The kernel did not start: {error} {said}")
        skipped = [at for at, cell in enumerate(self.session.notebook.cells)
                   if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None]
        if skipped:
            # papermill takes a cell that leaves with sys.exit(0) for a good end
            return self._fail(skipped[0] - 1, "SystemExit", "The notebook ended itself before its last cell.")
        return None

    def _environment(self, private: str) -> dict[str, str]:
        now = settings()
        kept = {name: value for name, value in os.environ.items() if name not in APP_VARIABLES and not name.startswith("VOILA_")}
        return kept | {
            "CEM_FACE": "report", "CEM_NOTEBOOK": str(self.path), "CEM_ROLE": self.record.role, "CEM_HOME": str(now.home.resolve()),
            "CEM_LAKE": str(now.lake_path.resolve()), "CEM_KEY_FILE": str(now.key_path.resolve()), "CEM_OUT": str(now.out.resolve()),
            # no start-up file and no history of the user who happens to run it; the same order of sets in every run
            "IPYTHONDIR": private, "PYTHONHASHSEED": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }

    def _fail(self, cell: int | None, kind: str, message: str, step: str = "") -> int:
        from cemlib.report.engine import step_title

        cell = 0 if cell is None else cell
        self.record.status = "failed"
        step = step or step_title(self.session.notebook, cell)
        self.record.error = {"step": step, "cell": cell, "kind": kind, "message": message[:_ERROR_LENGTH]}
        return cell

    def keep(self, message: str, kind: str) -> None:
        """Keep what there is of a run that somebody ended."""
        if self.session is None or self.session.notebook is None:
            self.record.status, self.record.error = "failed", {"step": "", "cell": 0, "kind": kind, "message": message}
            self.record.write(self.place)
            return
        self._write(self.session.notebook, self._fail(self.session.cell, kind, message), time.monotonic())

    def _steps(self, notebook: Any) -> None:
        from cemlib.report.engine import step_title

        for at, cell in enumerate(notebook.cells):
            seconds = cell.metadata.get("papermill", {}).get("duration")
            if cell.cell_type == "code" and seconds is not None:
                self.record.steps.append({"step": step_title(notebook, at), "cell": at, "seconds": round(seconds, 3)})
        if self.progress is not None and self.record.status == "ok":
            code = sum(cell.cell_type == "code" for cell in notebook.cells)
            self.progress(code, code, "writing")

    def _collect(self, notebook: Any) -> None:
        """Take what the notebook published."""
        from cemlib.report.publish import RESULT_MIME

        record = self.record
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                content = output.get("data", {}).get(RESULT_MIME)
                if content is None:
                    continue
                for kind, have in (("figures", record.figures), ("tables", self.tables)):
                    for name, value in content[kind].items():
                        if name in have and have[name] != value:
                            raise ReportError(f"The notebook publishes {name!r} twice, and not the same.")
                        have[name] = value
                if content["snapshot"] and record.snapshot and content["snapshot"]["id"] != record.snapshot["id"]:
                    raise ReportError("The notebook mixes figures of two snapshots of the lake.", todo="Open the lake once.")
                record.snapshot = content["snapshot"] or record.snapshot
                record.kpis |= content["kpis"]
        if record.status == "ok":
            snapshot = record.snapshot["id"] if record.snapshot else None
            record.result_hash = result_hash(record.figures, self.tables, record.parameters, snapshot, record.kpis)

    def _write(self, notebook: Any, failed_at: int | None, started: float) -> None:
        record, place = self.record, self.place
        nbformat.write(notebook, place / "executed.ipynb")
        if "csv" in self.formats:
            for name, table in self.tables.items():
                write_csv(place / f"{name}.csv", table)
        # the page tells how long the computing took; the record in the end also what the writing took
        record.seconds = round(time.monotonic() - started, 3)
        if "html" in self.formats or "pdf" in self.formats or failed_at is not None:
            self._write_pages(notebook, failed_at)
        record.ended_at = _now()
        record.seconds = round(time.monotonic() - started, 3)
        record.files = [
            {"name": one.name, "bytes": one.stat().st_size, "sha256": hashlib.sha256(one.read_bytes()).hexdigest()} for one in sorted(place.iterdir())
        ]
        record.write(place)

    def _write_pages(self, notebook: Any, failed_at: int | None) -> None:
        from cemlib.report.render import error_card, print_pdf, render_html

        record, place = self.record, self.place
        facts = {**self.about, **{name: value for name, value in record.to_dict().items() if name not in ("files", "steps", "figures")}}
        failure = None
        if failed_at is not None and record.error is not None:
            failure = (failed_at, error_card(record.error["step"], f"{record.error['kind']}: {record.error['message']}"))
        try:
            page = render_html(notebook, facts, failure)
        except ReportError as error:
            # what was computed is in the executed notebook and the tables; a page that asks other hosts is not written
            record.warnings.append(str(error))
            if record.status == "ok":
                self._fail(len(notebook.cells) - 1, "ReportError", str(error), step="render")
            return
        (place / "report.html").write_text(page, encoding="utf-8")
        if "pdf" in self.formats:
            try:
                print_pdf(place / "report.html", place / "report.pdf")
            except ReportError as error:
                record.warnings.append(str(error))
                record.missing.append("pdf")
