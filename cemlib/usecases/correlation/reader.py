"""Reads the series of the lake by hour or day, and the records behind one bin of one of them."""

from __future__ import annotations

import datetime as dt

import narwhals as nw
import numpy as np
import pandas as pd

from cemlib.enrich import enriched
from cemlib.errors import PrivacyError
from cemlib.kpi import evaluate
from cemlib.lake import collect_frame
from cemlib.privacy import may_see_records, publishable, require_records
from cemlib.settings import settings
from cemlib.usecases.correlation.catalogue import Source

__all__ = ["Reader"]

GRAINS = {"hour": "1h", "day": "1D"}


class Reader:
    """Reads the lake for one view.

    Parameters
    ----------
    lake : Lake
    sources : list of Source
    grain : "hour" or "day"
    place : str
        Country code of the visited network, or "all"; series that do not know it are taken whole.
    since, until : datetime or None
        UTC, whole days.
    role : str, optional
    """

    def __init__(self, lake, sources: list[Source], grain: str, place: str, since: dt.datetime | None, until: dt.datetime | None, role: str | None = None) -> None:
        self.lake, self.grain, self.place, self.since, self.until, self.role = lake, grain, place, since, until, role
        self.sources = [one for one in sources if lake.has(one.table)]
        self.absent = [one for one in sources if one not in self.sources]

    def read(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The series side by side (``at`` and a column each), and the same with what a manager may not see left out."""
        found, people = {}, {}
        kpis: dict[tuple, list[Source]] = {}
        for one in self.sources:
            if one.kpi:
                kpis.setdefault((one.table, tuple(self._where(one).items())), []).append(one)
        for group in kpis.values():
            frame = self._evaluate([one.kpi for one in group], self._where(group[0]), by=[self.grain]).to_pandas()
            for one in group:
                rows = frame[frame["kpi_code"] == one.kpi].set_index(self.grain)
                found[one.code] = rows["value"]
                people[one.code] = rows["subscribers"] if "subscribers" in rows else rows["den"]
        clock = self._clock(found)
        for one in self.sources:
            if not one.kpi:
                found[one.code], people[one.code] = self._counted(one, clock)
        table, shown = pd.DataFrame(index=clock), pd.DataFrame(index=clock)
        smallest = 0 if may_see_records(self.role) else settings().minimum_group
        for one in self.sources:
            values, sizes = (_utc(part[one.code]).reindex(clock) for part in (found, people))
            table[one.code] = values.astype(float)
            shown[one.code] = table[one.code].where(sizes.isna() | (sizes == 0) | (sizes >= smallest))
        return (part.reset_index(names="at") for part in (table, shown))

    def _where(self, one: Source) -> dict:
        return {**one.where, **({"country": self.place} if self.place != "all" and one.has_place else {})}

    def _evaluate(self, kpis: list[str], where: dict, by: list[str] | None = None, since=None, until=None):
        is_hidden = not may_see_records(self.role)
        return evaluate(self.lake, kpis, by=by or [], where=where, since=since or self.since, until=until or self.until, subscribers=is_hidden)

    def _clock(self, found: dict[str, pd.Series]) -> pd.DatetimeIndex:
        """Every bin of the period: from the first to the last that a KPI has, without the last day when it is not over."""
        indices = [_utc(one).index for one in found.values() if len(one)]
        if not indices:
            first, last = self.since, self.until
            if first is None or last is None:
                return pd.DatetimeIndex([], tz="UTC", name="at")
            return pd.date_range(pd.Timestamp(first, tz="UTC"), pd.Timestamp(last, tz="UTC"), freq=GRAINS[self.grain], inclusive="left")
        # a record with a clock gone wrong makes no period: bins count from where half of the series have something
        counts = pd.Series(1, index=np.concatenate([one.tz_localize(None) for one in indices])).groupby(level=0).sum()
        usual = counts.index[counts >= max(len(indices) / 2, 1)]
        return pd.date_range(pd.Timestamp(usual.min()).tz_localize("UTC"), pd.Timestamp(usual.max()).tz_localize("UTC"), freq=GRAINS[self.grain])

    def _counted(self, one: Source, clock: pd.DatetimeIndex) -> tuple[pd.Series, pd.Series]:
        """Records of each bin; a bin without any is 0 where the source has records on that day or before and after it."""
        bin_ = pd.Timedelta(GRAINS[self.grain])
        if one.table == "calendar_event":
            frame = collect_frame(self.lake.frame(one.table).filter(*[nw.col(name) == value for name, value in one.where.items()]).select("started_at", "ended_at"))
            shares = pd.Series(0.0, index=clock)
            for begin, end in zip(pd.to_datetime(frame["started_at"], utc=True), pd.to_datetime(frame["ended_at"], utc=True)):
                overlap = np.minimum(clock + bin_, end) - np.maximum(clock, begin)
                shares += np.clip(overlap / bin_, 0, 1)
            return shares.clip(upper=1), pd.Series(np.nan, index=clock)
        columns = self.lake.frame(one.table).collect_schema().names()
        taken = [one.at, *(["subscriber_key"] if "subscriber_key" in columns else [])]
        frame = collect_frame(self.lake.frame(one.table).select(*taken))
        begin = pd.to_datetime(frame[one.at], utc=True).dt.floor(bin_)
        counts = begin.value_counts().reindex(clock, fill_value=0).astype(float)
        # before its first and after its last record the source may not have been there
        day = pd.Timedelta("1D")
        inside = (clock >= begin.min().floor(day)) & (clock < begin.max().floor(day) + day) if len(begin) else np.zeros(len(clock), bool)
        people = frame.groupby(begin)["subscriber_key"].nunique().reindex(clock) if "subscriber_key" in frame else pd.Series(np.nan, index=clock)
        return counts.where(inside), people

    def records(self, one: Source, at: pd.Timestamp, limit: int) -> pd.DataFrame:
        """The records of one bin.

        Raises
        ------
        PrivacyError
            For a manager.
        """
        require_records(self.role)
        since, until = (moment.tz_convert("UTC").tz_localize(None).to_pydatetime() for moment in (at, at + pd.Timedelta(GRAINS[self.grain])))
        if one.kpi:
            rows = self._evaluate([one.kpi], self._where(one), since=since, until=until).rows(limit=limit)
        elif one.table == "calendar_event":
            frame = self.lake.frame(one.table).filter(nw.col("started_at") < until, nw.col("ended_at") > since, *[nw.col(name) == value for name, value in one.where.items()])
            rows = collect_frame(frame.head(limit))
        else:
            frame = enriched(self.lake, one.table).filter(nw.col(one.at) >= since, nw.col(one.at) < until)
            rows = collect_frame(frame.sort(one.at, "record_id").head(limit))
        return publishable(rows, self.role)

    def places(self) -> list[tuple[str, str]]:
        """The countries in which our customers roam, the busiest first; empty where nothing is loaded."""
        if not self.lake.has("registration"):
            return []
        rows = evaluate(self.lake, "roaming_registration_attempt_count", by=["country"], where={"direction": "outbound"}, subscribers=True).to_pandas()
        rows = rows[rows["country"].notna() & (rows["subscribers"] >= settings().minimum_group)].sort_values("value", ascending=False).head(20)
        return [(str(one), str(one)) for one in rows["country"]]

    def may_see(self) -> bool:
        """Whether the reader may open records."""
        try:
            require_records(self.role)
        except PrivacyError:
            return False
        return True


def _utc(series: pd.Series) -> pd.Series:
    index = pd.to_datetime(series.index)
    return series.set_axis(index.tz_localize("UTC") if index.tz is None else index.tz_convert("UTC"))
