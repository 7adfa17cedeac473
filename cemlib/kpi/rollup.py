"""Rollups: the additive parts of KPIs, summed over five minutes and over hours by the columns that are asked for most.

They are derived data in the lake's folder ``rollups/``, made anew at any time from the tables, and kept after each ingest: only files
that no rollup covers yet are read. A segment says which data files of which days it sums up. Data files never change, so it is
true for every snapshot that holds all of them: :mod:`cemlib.kpi.rolled` uses it where the files of a day are covered exactly once.
Sums are of whole numbers (counts, steps of a resolution), so a figure from rollups is not nearly but exactly that from records.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw

from cemlib.enrich import enriched
from cemlib.enrich.facts import added_columns
from cemlib.errors import CallError
from cemlib.kpi.catalogue import catalogue
from cemlib.kpi.columns import read_columns
from cemlib.kpi.definition import Kpi
from cemlib.kpi.sums import record_parts, sum_name
from cemlib.lake.manifest import replace_file
from cemlib.schema import SCHEMA_VERSION, table
from cemlib.settings import settings

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = [
    "CUBES",
    "LEAST_RECORDS",
    "STEPS",
    "Segment",
    "drop_rollups",
    "keep_rollups",
    "read_segments",
    "refresh_rollups",
    "rolled_kpis",
    "rollup_folder",
    "rollup_status",
]

_ROAMING = ("direction_code", "visited_plmn_code", "home_plmn_code", "rat_code")
#: The columns by which each fact is summed up: fact -> name of the cube -> columns. Another cube is one more line here.
CUBES: dict[str, dict[str, tuple[str, ...]]] = {
    "data_session": {"cell": ("resource_id", "service_code"), "partner": (*_ROAMING, "service_code")},
    "registration": {"partner": (*_ROAMING, "procedure_code", "protocol_code", "cause_vendor_code", "cause_code")},
    "voice_call": {"partner": (*_ROAMING, "leg_code", "protocol_code", "cause_code")},
    "message": {"partner": (*_ROAMING, "service_code", "protocol_code", "cause_code")},
    "probe_test": {"partner": (*_ROAMING, "service_code", "step_code", "observation_code")},
}
#: The seconds of a bucket, and the ending of its file.
STEPS = {3600: "hour", 300: "minute5"}
#: A fact with fewer records is quick enough without.
LEAST_RECORDS = 1_000_000
# more segments than this are summed into one
_MOST_SEGMENTS = 12
_LAYOUT = 2
# readers that opened an index read its files soon
_SPARED_S = 3600


@dataclass(frozen=True)
class Segment:
    """The sums over some data files: the name of its two Parquet files, and the covered files of each day."""

    name: str
    days: Mapping[str, frozenset[str]] = field(repr=False)


def rollup_folder(lake: Lake, fact: str) -> Path:
    """Where the rollups of a fact lie."""
    return lake.path / "rollups" / fact


def rolled_kpis(fact: str) -> dict[str, Kpi]:
    """The KPIs of a fact whose parts are rolled up: additive ones that read nothing but the record itself and the cause table.

    Those of a user's own are computed from the records: adding one must not make all rollups anew.
    """
    added = added_columns(table(fact))
    alone = {name for name, one in added.items() if set(one.joins) <= {"cause"}} | (set(table(fact).columns) - set(added))
    return {code: one for code, one in catalogue().items()
            if one.table == fact and one.is_built_in and one.part.additive and one.window == "event" and read_columns(one) <= alone}


def define_rollup(fact: str, cube: str) -> str:
    """A hash of all that the sums depend on beside the records: columns, KPIs, cause table, schema."""
    kpis = [(code, one.version, repr(one.part)) for code, one in rolled_kpis(fact).items()]
    rules = hashlib.sha256((settings().reference_path / "cause.csv").read_bytes()).hexdigest()
    text = json.dumps([_LAYOUT, SCHEMA_VERSION, fact, CUBES[fact][cube], sorted(STEPS), kpis, rules])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_segments(lake: Lake, fact: str, cube: str) -> list[Segment]:
    """The segments of a cube as its index names them; none where there is no index, or KPIs have been defined otherwise since."""
    held = _read_index(rollup_folder(lake, fact) / f"{cube}.json")
    if held.get("definition") != define_rollup(fact, cube):
        return []
    return [Segment(one["name"], {day: frozenset(files) for day, files in one["days"].items()}) for one in held["segments"]]


def _read_index(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        # derived data: what cannot be read is made anew
        return {}


def refresh_rollups(lake: Lake, least_records: int | None = None) -> dict[str, int]:
    """Bring the rollups up to the lake's snapshot; returns how many data files were read for each fact.

    Only data files that no segment covers are read. What a crash leaves is a file that no index names; it is removed later.

    Parameters
    ----------
    lake : Lake
    least_records : int, optional
        Facts with fewer records get none; default :data:`LEAST_RECORDS`.

    Raises
    ------
    CallError
        For a lake that was opened in the past.
    """
    if lake.is_past:
        raise CallError("The rollups of a lake that was opened in the past are not made.", where=str(lake.path), todo="Open it without at=.")
    read: dict[str, int] = {}
    for fact, cubes in CUBES.items():
        if lake.records(fact) < max(1, LEAST_RECORDS if least_records is None else least_records):
            continue
        files = {day.isoformat(): names for day, names in lake.data_files(fact).items()}
        for cube in cubes:
            read[fact] = read.get(fact, 0) + _refresh_cube(lake, fact, cube, files)
        _remove_orphans(rollup_folder(lake, fact), list(cubes))
    return read


def _refresh_cube(lake: Lake, fact: str, cube: str, files: Mapping[str, frozenset[str]]) -> int:
    folder, known = rollup_folder(lake, fact), read_segments(lake, fact, cube)
    # of each segment the days that still are what they were
    kept = [Segment(one.name, {day: names for day, names in one.days.items() if names <= files.get(day, frozenset())}) for one in known]
    kept = [one for one in kept if one.days and all((folder / _file(cube, one.name, step)).exists() for step in STEPS)]
    covered = {day: frozenset().union(*(one.days.get(day, frozenset()) for one in kept)) for day in files}
    missing = {day: names - covered[day] for day, names in files.items() if names - covered[day]}
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        source = lake.show_part(fact, [name for names in missing.values() for name in names])
        kept.append(Segment(_write_sums(lake, fact, cube, source), missing))
    if len(kept) > _MOST_SEGMENTS:
        kept = [Segment(_write_merged(lake, fact, cube, kept), files)]
    if kept != known:
        text = {"definition": define_rollup(fact, cube), "snapshot": lake.snapshot().id,
                "segments": [{"name": one.name, "days": {day: sorted(names) for day, names in one.days.items()}} for one in kept]}
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / f"{cube}.json", json.dumps(text))
    return sum(len(names) for names in missing.values())


def _file(cube: str, name: str, step: int) -> str:
    return f"{cube}-{name}.{STEPS[step]}.parquet"


def segment_sql(lake: Lake, fact: str, cube: str, segments: list[Segment], step: int) -> str:
    """The SQL of the rows of segments, of the days for which each is true."""
    parts = []
    for one in segments:
        # ISO dates, put in by this module alone
        days = ", ".join(f"DATE '{day}'" for day in sorted(one.days))
        path = rollup_folder(lake, fact) / _file(cube, one.name, step)
        parts.append(f"SELECT * FROM {lake.parquet_sql(path)} WHERE event_date IN ({days})")  # noqa: S608
    return " UNION ALL ".join(parts)


def _write_sums(lake: Lake, fact: str, cube: str, source: str) -> str:
    kpis, dimensions = list(rolled_kpis(fact).values()), CUBES[fact][cube]
    wanted = {"event_date", "minute5_at", *dimensions, *(column for one in kpis for column in read_columns(one))}
    frame = enriched(lake, fact, sorted(wanted), relation=source)
    sums = {sum_name(one, part): expression for one in kpis for part, expression in record_parts(one).items()}
    rows = frame.with_columns(*[expression.alias(name) for name, expression in sums.items()])
    grouped = rows.group_by("event_date", "minute5_at", *dimensions).agg(*[nw.col(name).sum().cast(nw.Int64) for name in sums])
    return _write_steps(lake, fact, cube, grouped.sort("event_date", "minute5_at", *dimensions, nulls_last=True))


def _write_merged(lake: Lake, fact: str, cube: str, segments: list[Segment]) -> str:
    return _write_steps(lake, fact, cube, nw.from_native(lake.query(_sum_sql(fact, cube, segment_sql(lake, fact, cube, segments, 300), 300))))


def _sum_sql(fact: str, cube: str, rows: str, step: int) -> str:
    at = "minute5_at" if step == 300 else "date_trunc('hour', minute5_at)"
    dimensions = ", ".join(CUBES[fact][cube])
    sums = [sum_name(one, part) for one in rolled_kpis(fact).values() for part in record_parts(one)]
    shown = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in sums)
    return (f"SELECT event_date, {at} AS minute5_at, {dimensions}, {shown} FROM ({rows}) AS r "  # noqa: S608
            f"GROUP BY event_date, {at}, {dimensions} ORDER BY event_date, {at}, {dimensions}")


def _write_steps(lake: Lake, fact: str, cube: str, frame: nw.LazyFrame) -> str:
    """Write the five-minute sums, and from them the hours; each file appears under its name when it is whole."""
    folder, name = rollup_folder(lake, fact), uuid.uuid4().hex[:16]
    for step in (300, 3600):
        path = folder / _file(cube, name, step)
        fresh = path.with_suffix(".new")
        if step == 3600:
            rows = f"SELECT * FROM {lake.parquet_sql(folder / _file(cube, name, 300))}"  # noqa: S608
            frame = nw.from_native(lake.query(_sum_sql(fact, cube, rows, step)))
        frame.sink_parquet(fresh)
        os.replace(fresh, path)
    return name


def _remove_orphans(folder: Path, cubes: list[str]) -> None:
    """Remove files that no index names, when no reader can be about to read them any more."""
    named = {_file(cube, one["name"], step) for cube in cubes for one in _read_index(folder / f"{cube}.json").get("segments", []) for step in STEPS}
    for path in [*folder.glob("*.parquet"), *folder.glob("*.new")]:
        if path.name not in named and time.time() - path.stat().st_mtime > _SPARED_S:
            path.unlink(missing_ok=True)


def keep_rollups(lake: Lake) -> None:
    """Refresh after an ingest. What goes wrong is kept for :func:`rollup_status`; figures then come from the records."""
    note = lake.path / "rollups" / "failed.json"
    try:
        refresh_rollups(lake)
        note.unlink(missing_ok=True)
    except Exception as error:
        # whatever it is, the ingest is done, and nothing depends on rollups
        if (lake.path / "rollups").is_dir():
            replace_file(note, json.dumps({"at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "error": f"{type(error).__name__}: {error}"}))


def drop_rollups(lake: Lake) -> None:
    """Remove all rollups; figures come from the records until they are made again."""
    for fact in CUBES:
        folder = rollup_folder(lake, fact)
        # the indexes first: no reader finds a name whose file is gone
        for path in [*folder.glob("*.json"), *folder.glob("*.parquet"), *folder.glob("*.new")]:
            path.unlink(missing_ok=True)


def rollup_status(lake: Lake) -> list[dict[str, Any]]:
    """How the rollups stand: fact, cube, its columns, segments, bytes, days, and days that are covered at this snapshot."""
    found = []
    failed = _read_index(lake.path / "rollups" / "failed.json").get("error", "")
    for fact, cubes in CUBES.items():
        files = {day.isoformat(): names for day, names in lake.data_files(fact).items()}
        for cube, dimensions in cubes.items():
            segments = read_segments(lake, fact, cube)
            paths = [rollup_folder(lake, fact) / _file(cube, one.name, step) for one in segments for step in STEPS]
            covered = [day for day, names in files.items() if covers_day(segments, day, names)]
            if files or segments:
                found.append({"table": fact, "cube": cube, "columns": list(dimensions), "segments": len(segments),
                              "bytes": sum(one.stat().st_size for one in paths if one.exists()), "days": len(files),
                              "days_covered": len(covered), "failed": failed})
    return found


def covers_day(segments: list[Segment], day: str, files: frozenset[str]) -> bool:
    """Whether the segments that are true for a day cover each of its data files exactly once."""
    true = [one.days[day] for one in segments if day in one.days and one.days[day] <= files]
    return sum(map(len, true)) == len(files) and frozenset().union(*true) == files
