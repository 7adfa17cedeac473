"""evaluate(): KPIs of the lake, grouped, with their intervals, and the records behind every figure."""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from cemlib.enrich import PSEUDO_TABLES, enriched, enriched_schema, event_columns
from cemlib.errors import KpiError, ParameterError, UnknownNameError
from cemlib.kpi.catalogue import find_kpi
from cemlib.kpi.columns import read_columns
from cemlib.kpi.definition import Kpi
from cemlib.kpi.figures import FIGURES
from cemlib.kpi.in_memory import evaluate_frame, listed, split_columns
from cemlib.kpi.measure import Cells, measure
from cemlib.kpi.rolled import Question, RolledRows, read_rollups
from cemlib.kpi.selection import find_column, name_conditions, parse_instant, within_days, within_window
from cemlib.kpi.sums import both, denominator_of, numerator_of
from cemlib.lake import collect_frame, find_zone

if TYPE_CHECKING:
    from cemlib.lake import Lake, Snapshot

__all__ = ["KpiResult", "evaluate"]

_PARTS = ("den", "num", "rest")
# what tells records of one instant apart, so that they come in the same order on every engine
_TIES = ("record_id", "source_code", "use_code", "episode_id", "subscriber_key", "visited_plmn_code", "direction_code")


@dataclass(frozen=True)
class KpiResult:
    """The figures of some KPIs, and the way back to the records behind them.

    Attributes
    ----------
    kpis : tuple of Kpi
    by : tuple of str
        As they were asked for.
    where : dict
    since, until : datetime or None
        UTC without zone; ``until`` is exclusive.
    time_zone : str or None
        The zone of the buckets and of what the caller gave without a zone; None is UTC. Instants of the frame are in this zone.
    snapshot : Snapshot
        The state of the lake that was read.
    versions : dict
        KPI code to its version.
    source : str
        records, rollups, or both: where the figures come from. They are the same.
    """

    kpis: tuple[Kpi, ...]
    by: tuple[str, ...]
    where: dict[str, Any]
    since: dt.datetime | None
    until: dt.datetime | None
    time_zone: str | None
    snapshot: Snapshot
    versions: dict[str, str]
    source: str
    _lake: Lake = field(repr=False)
    _cells: tuple[Cells, ...] = field(repr=False, compare=False)

    @property
    def lake(self) -> Lake:
        """The lake that was read."""
        return self._lake

    @functools.cached_property
    def frame(self) -> pd.DataFrame:
        """The figures: the ``by`` columns, then kpi_code, num, den, value, low, high, state ("ok", "too_few", "no_data") and, where
        asked for, subscribers; a missing figure is null. The intervals are worked out when this is first asked for.
        """
        results = [one.figures() for one in self._cells]
        frame = pd.concat(results, ignore_index=True) if len(results) > 1 else results[0]
        order = frame["kpi_code"].map({one.code: place for place, one in enumerate(self.kpis)})
        return _zoned(frame.iloc[order.argsort(kind="stable")].reset_index(drop=True), self._cells[0], self.time_zone)

    def sums(self) -> pd.DataFrame:
        """What additive KPIs add up, before anything is divided: the ``by`` columns, then ``<kpi>__num``, ``<kpi>__den`` and, of a mean,
        ``<kpi>__squares`` in steps of its column's resolution; one row a cell. Sums over cells are the sums of the larger cell.

        Raises
        ------
        KpiError
            When the KPIs count the records of several tables: their cells are not the same.

        Examples
        --------
        >>> from cemlib.lake import open_lake
        >>> evaluate(open_lake("no-lake-here-yet"), "sms_delivery_success_ratio").sums().iloc[0].to_dict()
        {'sms_delivery_success_ratio__den': 0.0, 'sms_delivery_success_ratio__num': 0.0}
        """
        if len(self._cells) > 1:
            raise KpiError("KPIs of several scans have no common cells.", came=", ".join(self.versions), todo="Evaluate the KPIs of each table apart.")
        return _zoned(self._cells[0].sums(), self._cells[0], self.time_zone)

    def to_pandas(self) -> pd.DataFrame:
        """A copy of the figures."""
        return self.frame.copy()

    def to_dict(self) -> dict[str, Any]:
        """The result as plain data: what was asked, of which snapshot, and the rows (missing figures are None)."""
        rows = self.frame.astype(object).where(self.frame.notna(), None).to_dict("records")
        zone = None if self.time_zone is None else find_zone(self.time_zone)
        since, until = (one if one is None or zone is None else one.replace(tzinfo=dt.UTC).astimezone(zone) for one in (self.since, self.until))
        return {"kpis": list(self.versions), "by": list(self.by), "since": since, "until": until, "time_zone": self.time_zone or "UTC",
                "snapshot": self.snapshot.id, "versions": dict(self.versions), "source": self.source, "rows": rows}

    def value(self, kpi: str | None = None, **cell: Any) -> float | None:
        """One figure; None where it is missing.

        Raises
        ------
        KpiError
            When the cell is not exactly one row.
        """
        found = self.frame[self.frame["kpi_code"] == self._one(kpi).code]
        for name, wanted in cell.items():
            column = found[find_column(name, self.by, where="by")]
            if isinstance(column.dtype, pd.DatetimeTZDtype):
                # a time without a zone is the result's local time
                instant = parse_instant(wanted, name, find_zone(self.time_zone))
                wanted = pd.NaT if instant is None else pd.Timestamp(instant, tz="UTC")
            found = found[column.isna() if pd.isna(wanted) else column == wanted]
        if len(found) != 1:
            raise KpiError("The cell is not one row of the result.", wanted="1 row", came=f"{len(found)} rows", where=str(cell))
        value = found["value"].iloc[0]
        return None if pd.isna(value) else float(value)

    def rows(self, limit: int | None = None, *, kpi: str | None = None, part: str = "den", **cell: Any) -> pd.DataFrame:
        """The enriched records behind a cell, in the order of their event time.

        Parameters
        ----------
        limit : int, optional
            The first so many.
        kpi : str, optional
            Which KPI of the result; not needed when there is one.
        part : {"den", "num", "rest"}
            The records of the denominator, those of the numerator, or those of the denominator that are not in the numerator.
        **cell
            Values of ``by`` names; a name left out takes all its values. None is the cell of the missing value.

        Returns
        -------
        pandas.DataFrame
            :meth:`recompute` gives the figure from the records of the denominator.

        Raises
        ------
        KpiError
            When the lake has moved on to another snapshot since.
        UnknownNameError
            When a name is no column of the table.
        """
        if part not in _PARTS:
            raise ParameterError("There is no such part of a figure.", wanted=", ".join(_PARTS), came=repr(part))
        if self._lake.snapshot().id != self.snapshot.id:
            raise KpiError("The lake has moved on since these figures were made.", wanted=f"snapshot {self.snapshot.id}",
                           came=f"snapshot {self._lake.snapshot().id}", todo="Evaluate again.")
        one = self._one(kpi)
        frame = enriched(self._lake, one.table, time_zone=self.time_zone)
        schema, zone = enriched_schema(one.table, self.time_zone), None if self.time_zone is None else find_zone(self.time_zone)
        conditions = [name_conditions(given, schema, one.table, zone) for given in (self.where, cell)]
        aside = split_columns(one)
        common = [condition for given in conditions for column, condition in given.items() if column not in aside]
        split = [condition for given in conditions for column, condition in given.items() if column in aside]
        den, num = denominator_of(one), both(numerator_of(one), *split)
        inside = nw.when(nw.lit(True) if num is None else num).then(nw.lit(True)).otherwise(nw.lit(False))
        wanted = {"den": den, "num": num, "rest": both(den, ~inside)}[part]
        start, end = event_columns(one.table)
        window = within_window(self.since, self.until, start, end if one.window == "overlap" else None)
        for condition in [*common, *window, *([] if wanted is None else [wanted])]:
            frame = frame.filter(condition)
        frame = frame.sort(*[name for name in (start, *_TIES) if name in schema])
        return collect_frame(frame if limit is None else frame.head(limit))

    def recompute(self, rows: pd.DataFrame, kpi: str | None = None, **cell: Any) -> pd.Series:
        """The figure that a set of records gives: kpi_code, num, den, value, low, high, state.

        ``cell`` is needed only for a KPI whose denominator spreads over the causes: it names the cause of the numerator.
        """
        one = self._one(kpi)
        aside = {name: wanted for name, wanted in (self.where | cell).items()
                 if find_column(name, (*rows.columns, *split_columns(one))) in split_columns(one)}
        return evaluate_frame(rows, one, numerator=aside).iloc[0]

    def _one(self, code: str | None) -> Kpi:
        if code is None:
            if len(self.kpis) > 1:
                raise ParameterError("The result has several KPIs: say which.", wanted=", ".join(self.versions))
            return self.kpis[0]
        found = next((one for one in self.kpis if one.code == code), None)
        if found is None:
            raise UnknownNameError("KPI of this result", code, self.versions)
        return found


def evaluate(
    lake: Lake,
    kpis: str | Kpi | Sequence[str | Kpi],
    by: str | Sequence[str] = (),
    where: Mapping[str, Any] | None = None,
    since: str | dt.date | dt.datetime | None = None,
    until: str | dt.date | dt.datetime | None = None,
    subscribers: bool = False,
    engine: str | None = None,
    *,
    time_zone: str | None = None,
    rollups: bool | None = None,
) -> KpiResult:
    """Compute KPIs from the lake: one scan for all KPIs of a table.

    Parameters
    ----------
    lake : Lake
    kpis : str, Kpi or list of them
        Codes of the catalogue; ``find_kpi(code).with_limits(...)`` sets other limits of "too few".
    by : str or list of str
        Columns of the enriched table, or short names: minute5, minute15, hour, day, week (its Monday), month, weekday_hour (0 is Monday
        0 h), partner, partner_plmn, country, hub, rat, cause … Empty: one row for all, even when there is no record (den 0, value null).
    where : dict, optional
        Column to value, list of values, or (operator, value); None is null.
    since, until : str, date or datetime, optional
        The window of event time, ``since <= t < until``, UTC; a date alone is the start of that day. With a time zone both are local,
        unless they carry an offset of their own.
    subscribers : bool
        Add the distinct subscribers of each denominator.
    engine : str, optional
        Compute this on another engine than the lake's, as :func:`cemlib.lake.open_lake` takes it; the figures are the same.
    time_zone : str, optional
        An IANA name, as Europe/Warsaw. The buckets are then of local time: a day has 23 or 25 hours when the clocks change, and the hour
        that they show twice is two rows. Instants in the result carry the zone; ``local_date`` is the local day.
    rollups : bool, optional
        By default rollups are used where they give provably the same figures. False: never; True: an error where they cannot be used.

    Returns
    -------
    KpiResult

    Raises
    ------
    UnknownNameError
        For a KPI, a column or a time zone that does not exist; the nearest are named.
    ParameterError
        For a window or condition that makes no sense.
    KpiError
        With ``rollups=True``, when rollups cannot answer; it says why.
    """
    chosen = list({one.code: one for one in map(find_kpi, listed(kpis))}.values())
    names = list(dict.fromkeys([by] if isinstance(by, str) else by))
    zone = None if time_zone is None else find_zone(time_zone)
    first, last = parse_instant(since, "since", zone), parse_instant(until, "until", zone)
    if not chosen:
        raise ParameterError("No KPI is named.", wanted="at least one code of the catalogue")
    if first is not None and last is not None and first >= last:
        raise ParameterError("The window is empty.", wanted="since before until", came=f"{first} … {last}")
    lake = lake if engine is None else lake.on(engine)
    scans: dict[tuple, list[Kpi]] = {}
    for one in chosen:
        # KPIs share a scan when they count the same records
        scans.setdefault((one.table, one.window, split_columns(one)), []).append(one)
    results = [_scan(lake, table, window, across, some, names, where, first, last, subscribers, zone, rollups)
               for (table, window, across), some in scans.items()]
    sources = {source for _, source in results}
    return KpiResult(kpis=tuple(chosen), by=tuple(names), where=dict(where or {}), since=first, until=last,
                     time_zone=time_zone, snapshot=lake.snapshot(), versions={one.code: one.version for one in chosen},
                     source=sources.pop() if len(sources) == 1 else "both", _lake=lake, _cells=tuple(one for one, _ in results))


def _zoned(frame: pd.DataFrame, cells: Cells, time_zone: str | None) -> pd.DataFrame:
    """The instants among the ``by`` columns in the zone that was asked for."""
    if time_zone is not None:
        for name, column in zip(cells.by, cells.keys.values()):
            if column.endswith("_at"):
                frame[name] = frame[name].astype("datetime64[us]").dt.tz_localize("UTC").dt.tz_convert(find_zone(time_zone))
    return frame


def _scan(
    lake: Lake, table: str, window: str, across: frozenset[str], kpis: list[Kpi], names: list[str],
    where: Mapping[str, Any] | None, since: dt.datetime | None, until: dt.datetime | None, subscribers: bool,
    zone: zoneinfo.ZoneInfo | None, rollups: bool | None,
) -> tuple[Cells, str]:
    time_zone = None if zone is None else zone.key
    schema = enriched_schema(table, time_zone)
    if "local_date" in {*names, *(where or {})} and zone is None:
        raise ParameterError("A local date needs a time zone.", wanted="time_zone, such as Europe/Warsaw", where=f"table {table}")
    by = {name: find_column(name, schema, where=f"by, table {table}") for name in names}
    taken = set(by) & {*FIGURES, "subscribers"}
    if taken:
        raise ParameterError("A column of by has the name of a figure.", came=", ".join(sorted(taken)))
    if subscribers and "subscriber_key" not in schema:
        raise KpiError("The table has no subscribers to count.", where=table)
    conditions = name_conditions(where, schema, table, zone)
    found: RolledRows | str = "rollups=False"
    if rollups is not False:
        found = read_rollups(lake, Question(table, kpis, list(by.values()), list(conditions), window, since, until, zone, subscribers))
    rolled = None if isinstance(found, str) else found
    if rollups and rolled is None:
        raise KpiError("Rollups cannot answer this with the same figures.", came=str(found), where=", ".join(one.code for one in kpis),
                       todo="Leave rollups out, then the records are read where they must be; `cem lake rollups` makes what is missing.")
    if rolled is None:
        frame = _scan_records(lake, table, window, kpis, [*by.values(), *conditions], since, until, subscribers, time_zone)
    else:
        frame = rolled.frame
    for column, condition in conditions.items():
        if column not in across:
            frame = frame.filter(condition)
    split = [condition for column, condition in conditions.items() if column in across]
    cells = measure(frame, kpis, by, subscribers=subscribers, extra=both(*split), across=across & set(by.values()), rolled=rolled is not None,
                    whole=rolled is not None and rolled.is_whole, ordered=rolled is not None and rolled.is_ordered)
    return cells, "records" if rolled is None else "rollups"


def _scan_records(
    lake: Lake, table: str, window: str, kpis: list[Kpi], columns: Sequence[str], since: dt.datetime | None, until: dt.datetime | None,
    subscribers: bool, time_zone: str | None,
) -> nw.LazyFrame:
    """The records of the window, with the columns that are needed."""
    start, end = event_columns(table)
    limits = within_window(since, until, start, end if window == "overlap" else None)
    if table not in PSEUDO_TABLES:
        # the same window by day spares the files of the other days
        limits += within_days(None if window == "overlap" else since, until)
    asked = {start, "event_date", *columns, *(column for one in kpis for column in read_columns(one)),
             *([end] if window == "overlap" else []), *(["subscriber_key"] if subscribers else [])}
    frame = enriched(lake, table, [column for column in enriched_schema(table, time_zone) if column in asked], time_zone=time_zone)
    for condition in limits:
        frame = frame.filter(condition)
    return frame
