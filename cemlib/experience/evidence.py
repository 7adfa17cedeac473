"""What an index is computed from: the sums of each KPI by customer (or cell, partner …) and day, bills, and tariff classes. The lake is read here and nowhere else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from cemlib.enrich import PSEUDO_TABLES, enriched, enriched_schema
from cemlib.errors import ParameterError, UnknownNameError
from cemlib.experience.curve import Curve, curve
from cemlib.experience.index import SatisfactionIndex
from cemlib.kpi import Count, Kpi, Mean, evaluate, find_kpi
from cemlib.kpi.selection import alias_columns, parse_instant
from cemlib.kpi.sums import both, sum_name
from cemlib.lake import Snapshot, collect_frame
from cemlib.schema import fields

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["BILL_DAYS", "Evidence", "Grain", "Track", "collect_evidence", "find_grain", "find_window"]

#: What is known of a subscriber, and the column that tells it; the segment is the tariff class.
_OF_SUBSCRIBERS = {"segment_code": "plan_code", "plan_code": "plan_code", "subscriber_kind_code": "subscriber_kind_code", "account_key": "account_key",
                   "fleet_code": "fleet_code"}
#: A bill is compared over whole months of so many days.
BILL_DAYS = 30
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Track:
    """One KPI by unit and day: a row for each pair that has records.

    Attributes
    ----------
    unit, day : ndarray of int
        Row of :attr:`Evidence.keys`, and days since :attr:`Evidence.first_day`.
    num, den, squares : ndarray
        Sums in the KPI's unit; ``squares`` of a mean, None of a share.
    impossible : int
        Values that could not be (a negative time): they are in none of the sums.
    """

    unit: np.ndarray
    day: np.ndarray
    num: np.ndarray
    den: np.ndarray
    squares: np.ndarray | None
    impossible: int = 0


@dataclass(frozen=True)
class Grain:
    """What gets a score: ``key`` is the column that records are grouped by, ``group`` that of subscribers over which the mean is taken."""

    by: str
    key: str
    group: str | None = None


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that a score needs, read once.

    Attributes
    ----------
    grain : Grain
    keys : pandas.Index
        Subscribers, cells, partners …
    first_day : date
        Day 0; before the window as far as memory reaches.
    since, until : int
        The window's first day and the day after its last, counted from ``first_day``.
    tracks : dict of str to Track
        By KPI.
    absent : dict of str to str
        KPIs that cannot be had, and why.
    segments : ndarray of str
        Of each key; empty where not known.
    groups : ndarray of str or None
        What the scores of subscribers are put together by.
    bills : DataFrame or None
        unit, day, amount.
    subscribers : ndarray or None
        Distinct subscribers behind each key, where keys are no subscribers.
    snapshot : Snapshot or None
        The state of the lake.
    """

    grain: Grain
    keys: pd.Index
    first_day: dt.date
    since: int
    until: int
    tracks: Mapping[str, Track]
    absent: Mapping[str, str]
    segments: np.ndarray
    groups: np.ndarray | None = None
    bills: pd.DataFrame | None = None
    subscribers: np.ndarray | None = None
    snapshot: Snapshot | None = None
    lake: Lake | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.keys)

    def date_of(self, day: int) -> dt.date:
        """The date of a day's number."""
        return self.first_day + day * _DAY

    def until_day(self, until: int) -> Evidence:
        """The same evidence with a window that ends earlier: what was known then."""
        return replace(self, until=until)


def find_window(lake: Lake, month: str | None, window: tuple[Any, Any] | None) -> tuple[dt.date, dt.date]:
    """The first day and the day after the last; the last 30 days with records of use by default."""
    if month is not None and window is not None:
        raise ParameterError("A month and a window are given.", todo="Give one of them.")
    if month is not None:
        try:
            start = dt.datetime.strptime(month, "%Y-%m").replace(tzinfo=dt.UTC).date()
        except (TypeError, ValueError):
            raise ParameterError("This is no month.", wanted="YYYY-MM, such as 2026-03", came=repr(month)) from None
        return start, (start + 31 * _DAY).replace(day=1)
    if window is not None:
        if not isinstance(window, (tuple, list)) or len(window) != 2:
            raise ParameterError("A window is a pair of days.", wanted='such as ("2026-03-01", "2026-03-31"), the end exclusive', came=repr(window)[:80])
        since, until = (parse_instant(one, name) for one, name in zip(window, ("since", "until")))
        if since is None or until is None or not since < until:
            raise ParameterError("The window is empty.", wanted="since before until", came=f"{window[0]} … {window[1]}")
        return since.date(), until.date() if until.time() == dt.time() else until.date() + _DAY
    ends = [max(lake.data_files(name)) for name in ("data_session", "voice_call", "message", "media_session") if lake.has(name)]
    end = (max(ends) if ends else dt.date(1970, 1, 31)) + _DAY
    return end - 30 * _DAY, end


def find_grain(by: str, index: SatisfactionIndex) -> Grain:
    """What ``by`` means: subscribers, a property of subscribers, or a column of the records.

    Raises
    ------
    UnknownNameError
        When there is no such column; the nearest are given.

    Examples
    --------
    >>> from cemlib.experience import load_index
    >>> find_grain("segment", load_index())
    Grain(by='segment_code', key='subscriber_key', group='plan_code')
    >>> find_grain("resource_id", load_index()).group is None
    True
    """
    columns = {column for code in index.kpis() for column in enriched_schema(find_kpi(code).table)}
    names = alias_columns([*_OF_SUBSCRIBERS, *sorted(columns - set(_OF_SUBSCRIBERS))])
    if by not in names:
        raise UnknownNameError("column to score by", by, names)
    column = names[by]
    if column in _OF_SUBSCRIBERS:
        return Grain(column, "subscriber_key", _OF_SUBSCRIBERS[column])
    return Grain(column, column)


def collect_evidence(lake: Lake, index: SatisfactionIndex, grain: Grain, window: tuple[dt.date, dt.date], segments: Mapping[str, str] | None = None) -> Evidence:
    """Read what an index needs from the lake, a scan for each table."""
    since, until = window
    first = since - index.memory.reach_days * _DAY
    frames, absent = {}, {}
    for table, codes in _by_table(index).items():
        if grain.key not in enriched_schema(table):
            absent |= dict.fromkeys(codes, f"{table} does not know {grain.key}")
        elif table not in PSEUDO_TABLES and not lake.has(table):
            absent |= dict.fromkeys(codes, f"the lake has no {table}")
        else:
            frames[table] = _read_sums(lake, index, codes, table, grain.key, first, until)
    found = [one[grain.key] for one in frames.values()]
    keys = pd.Index(pd.unique(pd.concat(found)) if found else [], dtype=object, name=grain.key)
    tracks = {}
    for table, frame in frames.items():
        unit = keys.get_indexer(frame[grain.key]).astype(np.int64)
        day = (pd.to_datetime(frame["day"]) - pd.Timestamp(first)).dt.days.to_numpy(np.int64)
        tracks |= {code: _track(frame, index, code, unit, day) for code in _by_table(index)[table]}
    start = (since - first).days
    base = Evidence(grain, keys, first, start, start + (until - since).days, tracks, absent, np.full(len(keys), "", dtype=object), snapshot=lake.snapshot(), lake=lake)
    if grain.key != "subscriber_key":
        return replace(base, subscribers=_count_subscribers(lake, index, grain.key, keys, since, until, frames))
    known = _read_subscribers(lake, keys, until)
    classes = known["plan_code"] if segments is None else pd.Series(segments, dtype=object).reindex(keys)
    classes = classes.fillna("").to_numpy(object)
    groups = None if grain.group is None else classes if grain.by == "segment_code" else known[grain.group].fillna("").to_numpy(object)
    return replace(base, segments=classes, groups=groups, bills=_read_bills(lake, index, keys, since, until, first))


def _by_table(index: SatisfactionIndex) -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    for code in index.kpis():
        tables.setdefault(find_kpi(code).table, []).append(code)
    return tables


def _possible_only(kpi: Kpi, drawn: Curve) -> tuple[Kpi, Kpi | None]:
    """The KPI without values that cannot be, and a count of those."""
    if not isinstance(kpi.part, Mean):
        return kpi, None
    column, (least, most) = nw.col(kpi.part.column), drawn.possible
    # engines take NaN for the largest number, so the upper end refuses it and infinity as well
    inside = (column >= max(least, -1e300)) & (column <= min(most, 1e300))
    part = replace(kpi.part, where=both(kpi.part.where, inside))
    outside = Count(both(kpi.part.where, ~column.is_null(), ~inside))
    return replace(kpi, part=part), replace(kpi, code=f"{kpi.code}_impossible", part=outside)


def _read_sums(lake: Lake, index: SatisfactionIndex, codes: list[str], table: str, key: str, first: dt.date, until: dt.date) -> pd.DataFrame:
    kpis = [one for code in codes for one in _possible_only(find_kpi(code), curve(index.kpis()[code].curve, index.own_curves)) if one is not None]
    # a partner's customers who visit us are not ours: they are no subscribers to be scored
    ours = {"direction_code": ["home", "outbound"]} if key == "subscriber_key" and "direction_code" in enriched_schema(table) else None
    found = evaluate(lake, kpis, by=[key, "day"], where=ours, since=first, until=until, rollups=False).sums()
    return found[found[key].notna()].reset_index(drop=True)


def _track(frame: pd.DataFrame, index: SatisfactionIndex, code: str, unit: np.ndarray, day: np.ndarray) -> Track:
    kpi = find_kpi(code)
    den = frame[sum_name(kpi, "den")].to_numpy(np.float64)
    num = frame[sum_name(kpi, "num")].to_numpy(np.float64)
    squares, impossible = None, 0
    if isinstance(kpi.part, Mean):
        step = _step_of(kpi.part)
        num, squares = num * step, frame[sum_name(kpi, "squares")].to_numpy(np.float64) * step**2
        impossible = int(frame[f"{code}_impossible__num"].sum())
    some = den > 0
    return Track(unit[some].astype(np.int32), day[some].astype(np.int32), num[some], den[some], None if squares is None else squares[some], impossible)


def _step_of(part: Mean) -> float:
    """The step in whose whole numbers a mean adds up its column."""
    declared = fields()[part.column].resolution if part.column in fields() else None
    return part.resolution or declared or 1.0


def _count_subscribers(lake: Lake, index: SatisfactionIndex, key: str, keys: pd.Index, since: dt.date, until: dt.date, frames: Mapping[str, Any]) -> np.ndarray:
    """Distinct subscribers of the table that has most of them: those of several tables are largely the same."""
    most = np.zeros(len(keys))
    for table, codes in _by_table(index).items():
        if table in frames and "subscriber_key" in enriched_schema(table):
            counted = replace(find_kpi(codes[0]), code=f"{table}_any_count", part=Count(), minimum=0, widest=None)
            found = evaluate(lake, counted, by=key, since=since, until=until, subscribers=True, rollups=False).frame.dropna(subset=[key])
            most[keys.get_indexer(found[key])] = np.maximum(most[keys.get_indexer(found[key])], found["subscribers"].to_numpy(float))
    return most


def _read_subscribers(lake: Lake, keys: pd.Index, until: dt.date) -> pd.DataFrame:
    """What is known of each subscriber at the window's end; missing where nothing is."""
    names = sorted(set(_OF_SUBSCRIBERS.values()))
    if not lake.has("subscriber"):
        return pd.DataFrame(index=keys, columns=names, dtype=object)
    at = dt.datetime.combine(until, dt.time())
    rows = collect_frame(lake.frame("subscriber").filter(nw.col("valid_from_at") < at).select("subscriber_key", "valid_from_at", *names))
    rows = rows.sort_values(["subscriber_key", "valid_from_at"]).drop_duplicates("subscriber_key", keep="last").set_index("subscriber_key")
    return rows[names].astype(object).reindex(keys)


def _read_bills(lake: Lake, index: SatisfactionIndex, keys: pd.Index, since: dt.date, until: dt.date, first: dt.date) -> pd.DataFrame | None:
    if not lake.has("bill_line"):
        return None
    begin = min(since, until - BILL_DAYS * _DAY) - index.price.reach_days * _DAY
    rows = enriched(lake, "bill_line", ["subscriber_key", "day_date", "bill_amount"])
    rows = rows.filter((nw.col("day_date") >= begin) & (nw.col("day_date") < until) & ~nw.col("subscriber_key").is_null())
    rows = rows.filter((nw.col("bill_amount") > -1e12) & (nw.col("bill_amount") < 1e12))
    found = collect_frame(rows.group_by("subscriber_key", "day_date").agg(nw.col("bill_amount").sum())).sort_values(["subscriber_key", "day_date"])
    unit = keys.get_indexer(found["subscriber_key"])
    day = (pd.to_datetime(found["day_date"]) - pd.Timestamp(first)).dt.days.to_numpy(np.int64)
    return pd.DataFrame({"unit": unit, "day": day, "amount": found["bill_amount"].to_numpy(np.float64)})[unit >= 0].reset_index(drop=True)
