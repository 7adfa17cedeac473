"""The demo job: the demo operator's files, its lake and its reports, built once and found again.

A marker (``demo.json``) in the incoming folder and in the lake says what was built there. A folder that holds something else has
no marker and is never written to, and ``fresh`` removes marked folders only.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cemlib.errors import CallError, IngestError
from cemlib.settings import settings

__all__ = ["REPORTS", "SCENARIO", "DemoRecord", "build_demo", "demo_marker", "what_fresh_removes"]

#: What happens to the demo's operator.
SCENARIO = "demo"
#: The notebooks that the demo runs as reports: those that answer a question. Together they take some 150 s of one core, the lake some 110 s.
REPORTS = ("roaming_monitoring", "mobile_insights", "satisfaction_index", "segment_explorer", "whatif_satisfaction", "root_cause", "correlation_of_sources")
_MARKER = "demo.json"
# a file costs the lake a tenth of a second whatever is in it, and who tries the demo waits for a thousand of them
_FILE_DAYS = 5
#: Called with the stage (files, ingest, reports), what is done, what there is in all, and a word on it.
Progress = Callable[[str, float, float, str], None]


@dataclass
class DemoRecord:
    """What a call of :func:`build_demo` found and did.

    Attributes
    ----------
    subscribers, days, seed : int
    files : str
        ``"written"`` or ``"already"``; so is ``lake``.
    lake : str
    records, accepted, rejected : int
        Of the ingest of this call; 0 where the lake was there already.
    reasons : dict of str to int
        Rejected records by reason.
    reports : list of dict
        notebook, state (written, already, failed, missing), out, seconds, message.
    seconds : dict of str to float
        By stage.
    warnings : list of str
    """

    subscribers: int
    days: int
    seed: int
    files: str = "already"
    lake: str = "already"
    records: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The reports that failed."""
        return [one for one in self.reports if one["state"] == "failed"]

    def to_dict(self) -> dict[str, Any]:
        """The record as plain values."""
        return asdict(self)


def demo_marker(folder: Path) -> dict[str, Any] | None:
    """What the demo built in a folder; None where it built nothing."""
    try:
        found = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _mark(folder: Path, plan: dict[str, int], is_complete: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / (_MARKER + ".part")
    part.write_text(json.dumps({**plan, "complete": is_complete}) + "\n", encoding="utf-8")
    part.replace(folder / _MARKER)


def _is_empty(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def what_fresh_removes(home: Path | None = None) -> list[Path]:
    """The folders that the demo built and would build anew; others are not named."""
    return [folder for folder in (_incoming(home), settings().lake_path) if demo_marker(folder) is not None]


def _incoming(home: Path | None) -> Path:
    return (home or settings().home) / "data" / "incoming"


def _check(folder: Path, plan: dict[str, int], what: str) -> bool:
    """Whether the folder is complete already; refuse one that is not the demo's, or is that of another demo."""
    found = demo_marker(folder)
    if found is None:
        if _is_empty(folder):
            return False
        raise CallError(f"The {what} holds something that the demo did not write; nothing was added to it.", where=str(folder),
                        todo="Set CEM_HOME or CEM_LAKE to another place for the demo, or move this one away.")
    built = {name: found.get(name) for name in plan}
    if built != plan:
        raise CallError(f"The {what} holds another demo.", wanted=_words(plan), came=_words(built), where=str(folder),
                        todo="Call with these numbers, or with --fresh to build it anew.")
    return bool(found.get("complete"))


def _words(plan: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in plan.items())


def _check_sources(lake: Any, codes: Iterable[str]) -> None:
    """Refuse a lake into which somebody has put other sources."""
    held = set(lake.freshness()["source_code"].dropna())
    other = sorted(held - set(codes))
    if other:
        raise CallError("The lake holds other sources than the demo's; nothing was added to it.", came=", ".join(other), where=str(settings().lake_path),
                        todo="Set CEM_LAKE to another place for the demo.")


def build_demo(
    home: Path | None = None, *, subscribers: int = 20_000, days: int = 30, seed: int = 1, reports: bool = True,
    to: Iterable[str] | None = None, fresh: bool = False, progress: Progress | None = None,
) -> DemoRecord:
    """Write the demo operator's files, ingest them, and run the reports; what is there already is left as it is.

    Parameters
    ----------
    home : Path, optional
        The folder whose data/incoming takes the files (default: the project's). The lake and the reports are where the settings say.
    subscribers, days, seed : int
        The size of the operator, and the seed from which it is made: the same three give the same files.
    reports : bool
        Run the reports as well.
    to : iterable of str, optional
        Their formats; html and csv by default, and pdf where there is a Chromium.
    fresh : bool
        Remove what the demo built before and build it anew.
    progress : callable, optional
        Called with (stage, done, in all, text).

    Returns
    -------
    DemoRecord

    Raises
    ------
    CallError
        When a folder holds something that the demo did not write, or another demo.
    IngestError
        When a file of the demo could not be taken in.
    """
    tell = progress or (lambda stage, done, total, text: None)
    plan = {"subscribers": subscribers, "days": days, "seed": seed}
    record = DemoRecord(**plan)
    incoming, lake_path = _incoming(home), settings().lake_path
    if fresh:
        from cemlib.lake import forget_fits

        for folder in what_fresh_removes(home):
            shutil.rmtree(folder)
            if folder == lake_path:
                forget_fits(lake_path)
    has_files, has_lake = _check(incoming, plan, "incoming folder"), _check(lake_path, plan, "lake")
    started = time.monotonic()
    if not has_files:
        _write_files(incoming, plan, tell)
        record.files = "written"
    record.seconds["files"] = round(time.monotonic() - started, 2)
    started = time.monotonic()
    if not has_lake:
        _fill_lake(incoming, lake_path, plan, record, tell)
        record.lake = "written"
    record.seconds["ingest"] = round(time.monotonic() - started, 2)
    if reports:
        started = time.monotonic()
        _run_reports(record, to, tell)
        record.seconds["reports"] = round(time.monotonic() - started, 2)
    return record


def _write_files(incoming: Path, plan: dict[str, int], tell: Progress) -> None:
    from cemlib.twin.play import play_scenario
    from cemlib.twin.scenario import load_scenario

    _mark(incoming, plan, False)
    play_scenario(load_scenario(SCENARIO), incoming, **plan, jobs=2, force=True, file_days=_FILE_DAYS, progress=lambda feed, done, total: tell("files", done, total, feed))
    _mark(incoming, plan, True)


def _fill_lake(incoming: Path, lake_path: Path, plan: dict[str, int], record: DemoRecord, tell: Progress) -> None:
    import cemlib
    from cemlib.intake import ingest_folder
    from cemlib.kpi.rollup import keep_rollups

    _mark(lake_path, plan, False)
    codes = {path.name for path in incoming.iterdir() if path.is_dir()}
    _check_sources(cemlib.open_lake(lake_path), codes | {one(incoming).code for code, one in cemlib.sources.catalogue().items() if code in codes})
    for found in ingest_folder(lake_path, incoming, progress=lambda done, total, text: tell("ingest", done, total, text)):
        if found.failed:
            worst = found.failed[0]
            raise IngestError(f"{len(found.failed)} of the demo's files could not be taken in.", came=worst.error, where=worst.path)
        record.records += found.records
        record.accepted += found.accepted
        record.rejected += found.rejected
        for reason, number in found.reasons.items():
            record.reasons[reason] = record.reasons.get(reason, 0) + number
    keep_rollups(cemlib.open_lake(lake_path))
    _mark(lake_path, plan, True)


def _run_reports(record: DemoRecord, to: Iterable[str] | None, tell: Progress) -> None:
    """Run the reports side by side: most of the time each waits for its own kernel."""
    import cemlib
    from cemlib.report.engine import stop_all
    from cemlib.report.render import HOW_TO_GET_PDF, find_chromium
    from cemlib.report.request import notebook_names

    if to is None:
        has_chromium = find_chromium() is not None
        to = ("html", "csv", "pdf") if has_chromium else ("html", "csv")
        if not has_chromium:
            record.warnings.append(HOW_TO_GET_PDF)
    formats = tuple(to)
    snapshot = cemlib.open_lake().snapshot().id
    known = notebook_names()
    record.reports += [{"notebook": name, "state": "missing", "out": "", "seconds": 0.0, "message": "no such notebook"} for name in REPORTS if name not in known]
    names = [name for name in REPORTS if name in known]
    shares = dict.fromkeys(names, 0.0)

    def run(name: str) -> dict[str, Any]:
        def told(done: int, total: int, text: str) -> None:
            shares[name] = done / max(total, 1)
            tell("reports", sum(shares.values()), len(names), f"{name}: {text}")

        return _run_one(name, formats, snapshot, told, record.warnings)

    with ThreadPoolExecutor(max_workers=2) as pool:
        try:
            record.reports += list(pool.map(run, names))
        except BaseException:
            # an interrupt reaches this thread alone: without their kernels the others end too
            stop_all()
            raise


def _run_one(name: str, formats: tuple[str, ...], snapshot: str, progress: Callable[[int, int, str], None], warnings: list[str]) -> dict[str, Any]:
    import cemlib

    out = settings().out / name
    found = _finished(out, formats, snapshot)
    if found is not None:
        return {"notebook": name, "state": "already", "out": str(out), "seconds": 0.0, "message": ""}
    started = time.monotonic()
    try:
        run = cemlib.run_report(name, to=formats, progress=progress)
    except cemlib.CemError as error:
        message = getattr(error, "came", "") or str(error)
        return {"notebook": name, "state": "failed", "out": getattr(error, "where", ""), "seconds": round(time.monotonic() - started, 2),
                "message": message.splitlines()[0]}
    warnings += run.warnings
    return {"notebook": name, "state": "written", "out": str(run.out), "seconds": run.seconds, "message": ""}


def _finished(out: Path, formats: tuple[str, ...], snapshot: str) -> dict[str, Any] | None:
    """The record of a report of this snapshot in these formats, where there is one."""
    try:
        found = json.loads((out / "run.json").read_text(encoding="utf-8"))
        names = {one["name"] for one in found["files"]}
        is_same = found["status"] == "ok" and (found["snapshot"] or {}).get("id") == snapshot
    except (OSError, ValueError, KeyError, TypeError):
        return None
    has_all = all(any(name.endswith("." + one) for name in names) for one in formats)
    return found if is_same and has_all and all((out / name).is_file() for name in names) else None
