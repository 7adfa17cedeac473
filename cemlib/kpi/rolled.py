"""Whether a question can be answered from rollups with the same figures as from the records, and the frame that does it.

Every reason against is found before anything is read; where there is one, the records are read.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw

from cemlib.enrich.facts import Added, Joins, added_columns, select_sql
from cemlib.kpi.definition import Kpi
from cemlib.kpi.rollup import CUBES, Segment, covers_day, read_segments, rolled_kpis, rollup_folder, segment_sql
from cemlib.kpi.sums import record_parts, sum_name
from cemlib.lake.zones import find_changes
from cemlib.schema import table

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["Question", "RolledRows", "read_rollups"]

_FINE = ("minute5_at", "minute15_at")
_EPOCH = dt.datetime(1970, 1, 1)


@dataclass(frozen=True)
class Question:
    """What is asked of one scan.

    Attributes
    ----------
    fact : str
    kpis : sequence of Kpi
    by : sequence of str
        The columns of the groups, in the order of the result.
    conditions : collection of str
        The columns of the conditions.
    window : str
        event or overlap.
    since, until : datetime or None
        UTC without zone.
    zone : ZoneInfo or None
    subscribers : bool
    """

    fact: str
    kpis: Sequence[Kpi]
    by: Sequence[str]
    conditions: Collection[str]
    window: str
    since: dt.datetime | None
    until: dt.datetime | None
    zone: zoneinfo.ZoneInfo | None
    subscribers: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the groups and the conditions."""
        return tuple(dict.fromkeys([*self.by, *self.conditions]))


@dataclass(frozen=True)
class RolledRows:
    """Rows of rollups, and how near they are to the cells that are asked for.

    Attributes
    ----------
    frame : narwhals.LazyFrame
        With the sums of :func:`cemlib.kpi.sums.sum_name`.
    is_whole : bool
        Each row should be a cell of its own: nothing is left to add up.
    is_ordered : bool
        The rows should come in the order of the cells.
    """

    frame: nw.LazyFrame
    is_whole: bool
    is_ordered: bool


def read_rollups(lake: Lake, asked: Question) -> RolledRows | str:
    """The rows of rollups that answer a question, the window applied; or why not."""
    reason = _general_reason(lake, asked)
    if reason:
        return reason
    reasons = []
    for step in (3600, 300):
        reason = _time_reason(lake, asked, step)
        if reason:
            reasons.append(reason)
            continue
        # a cube with fewer columns has fewer rows
        for cube, dimensions in sorted(CUBES[asked.fact].items(), key=lambda one: len(one[1])):
            found = _read_cube(lake, asked, cube, dimensions, step)
            if not isinstance(found, str):
                return found
            reasons.append(found)
    return "; ".join(dict.fromkeys(reasons))


def _general_reason(lake: Lake, asked: Question) -> str:
    if asked.fact not in CUBES:
        return f"{asked.fact} has no rollups"
    if lake.engine != "duckdb":
        return f"rollups are read by DuckDB alone, not by {lake.engine}"
    if not rollup_folder(lake, asked.fact).is_dir():
        return f"no rollups of {asked.fact} were made"
    if asked.subscribers:
        return "subscribers are counted in the records alone"
    known = rolled_kpis(asked.fact)
    # a KPI of the same name that someone made has other parts
    other = [one.code for one in asked.kpis if one.code not in known or known[one.code].part is not one.part]
    if other:
        return f"{', '.join(other)}: not additive, or not of the record alone"
    return "the window is one of overlap" if asked.window != "event" else ""


def _time_reason(lake: Lake, asked: Question, step: int) -> str:
    """Why buckets of a length cannot answer: they must not be cut by the window, by the asked buckets or by the zone's."""
    size = dt.timedelta(seconds=step)
    cut = [str(one) for one in (asked.since, asked.until) if one is not None and (one - _EPOCH) % size]
    if cut:
        return f"the window ends within {step // 60} minutes: {', '.join(cut)}"
    if step > 300 and any(one in _FINE for one in asked.columns):
        return "buckets shorter than an hour are asked for"
    if asked.zone is not None:
        first, last = lake.event_days() or (dt.date(1970, 1, 1), dt.date(1970, 1, 1))
        for begins, offset in find_changes(asked.zone, first, last):
            if offset % step or (begins is not None and (begins - _EPOCH) % size):
                return f"{asked.zone.key} is not a multiple of {step // 60} minutes from UTC"
    return ""


def _read_cube(lake: Lake, asked: Question, cube: str, dimensions: tuple[str, ...], step: int) -> RolledRows | str:
    segments = _true_segments(lake, asked, cube)
    if isinstance(segments, str):
        return segments
    own = {"minute5_at", "event_date", *dimensions}
    buckets = {name: Added(sql, "") for name, sql in lake.bucket_sql("f.minute5_at", asked.zone and asked.zone.key).items()}
    added = {name: one for name, one in (added_columns(table(asked.fact)) | buckets).items() if name not in dimensions}
    sums = [sum_name(one, part) for one in asked.kpis for part in record_parts(one)]
    # the joins are those of the fact: one that needs more than the cube has is found out by what the text reads
    joins = Joins(lake, "minute5_at", table(asked.fact).columns, asked.fact)
    text = select_sql("rolled", [*dict.fromkeys(asked.columns), *sums], added, joins)
    lost = sorted(set(re.findall(r"\bf\.(\w+)", text)) - own - set(sums))
    if lost:
        return f"the rollup {cube} has no {', '.join(lost)}"
    for relation in re.findall(r"JOIN (enrich_(?:network|device|steering)) AS", text):
        aligned = lake.bucket_sql("from_at")["hour_at" if step == 3600 else "minute5_at"]
        ((cut,),) = lake.query(f"SELECT count(*) FROM {relation} WHERE from_at <> {aligned}").fetchall()  # noqa: S608
        if cut:
            return f"rows of {relation.removeprefix('enrich_')} begin or end within {step // 60} minutes"
    limits = [f"minute5_at {sign} TIMESTAMP '{one}'" for sign, one in ((">=", asked.since), ("<", asked.until)) if one is not None]
    rows = segment_sql(lake, asked.fact, cube, segments, step)
    rolled = f"(SELECT * FROM ({rows}) AS r" + (f" WHERE {' AND '.join(limits)}" if limits else "") + ")"  # noqa: S608
    frame = nw.from_native(lake.query(text.replace("FROM rolled AS f", f"FROM {rolled} AS f", 1)))
    # as the rows of a segment are written: the bucket, then the columns of the cube
    kept = ("hour_at" if step == 3600 else "minute5_at", *dimensions)
    is_whole = set(kept) <= set(asked.by) and len({day for one in segments for day in one.days}) == sum(len(one.days) for one in segments)
    return RolledRows(frame, is_whole, is_whole and len(segments) == 1 and tuple(asked.by) == kept)


def _true_segments(lake: Lake, asked: Question, cube: str) -> list[Segment] | str:
    """The segments for the days of the window, each cut to the days for which it is true; or why they do not do."""
    first = None if asked.since is None else asked.since.date()
    last = None if asked.until is None else (asked.until - dt.timedelta(microseconds=1)).date()
    files = {day.isoformat(): names for day, names in lake.data_files(asked.fact).items()
             if (first is None or day >= first) and (last is None or day <= last)}
    segments = read_segments(lake, asked.fact, cube)
    lost = [day for day, names in files.items() if not covers_day(segments, day, names)]
    if lost or not files:
        return f"the rollup {cube} does not cover {', '.join(lost[:3]) + (' …' if len(lost) > 3 else '') or 'any day of the window'}"
    cut = [Segment(one.name, {day: names for day, names in one.days.items() if day in files and names <= files[day]}) for one in segments]
    return [one for one in cut if one.days]
