"""Reads the cells of a KPI in two periods, looks for the cause, and evaluates what was found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from math import comb
from typing import Any

import pandas as pd

from cemlib.analysis import RootCauseLocator
from cemlib.enrich import enriched_schema
from cemlib.errors import ParameterError
from cemlib.kpi import evaluate, find_kpi
from cemlib.kpi.interval import bound_ratio
from cemlib.kpi.selection import find_column
from cemlib.privacy import publishable, require_records, suppress_small_groups
from cemlib.usecases.cause.dimensions import choose_dimensions, kind_of
from cemlib.usecases.cause.filters import label_of
from cemlib.usecases.cause.spans import Span, read_comparison, read_span

__all__ = ["CauseReader", "say_pattern"]

_HOUR = dt.timedelta(hours=1)
# leaves times groups of dimensions that are looked through: beyond it patterns are made of fewer dimensions
_MOST_CELLS = 12_000_000
# a column of more values than this names persons or single events rather than places
_MOST_VALUES = 5_000


class CauseReader:
    """Reads the lake for one view."""

    def __init__(self, lake, kpi: str, period: str, against: str, where: Mapping[str, Any], by: Sequence[str], depth: int, role: str | None) -> None:
        self.lake, self.kpi, self.role = lake, find_kpi(kpi), role
        schema = enriched_schema(self.kpi.table)
        self.where = {find_column(name, schema, where=f"where, table {self.kpi.table}"): value for name, value in where.items()}
        self.kind, self.better = kind_of(self.kpi), self.kpi.better
        self.dims, self.depth = choose_dimensions(self.kpi, by), depth
        self.is_chosen = bool(by)
        end = self._end_of_data()
        self.has_data = end is not None
        if end is None:
            return
        self.period = read_span(period, end)
        self.against = read_comparison(against, self.period, end)
        self.cautions: list[str] = []

    def _end_of_data(self) -> dt.datetime | None:
        """The full hour after the last event of the KPI's table, or of any where it is a derived one."""
        freshness = self.lake.freshness()
        if not len(freshness):
            return None
        own = freshness[freshness["table_name"] == self.kpi.table]
        last = (own if len(own) else freshness)["last_event_at"].max()
        if pd.isna(last):
            return None
        last = pd.Timestamp(last).tz_localize(None) if pd.Timestamp(last).tzinfo else pd.Timestamp(last)
        return (last.floor("h") + pd.Timedelta(hours=1)).to_pydatetime(warn=False)

    def evaluate(self, span: Span, by: Sequence[str] = (), more: Mapping[str, Any] | None = None, **settings: Any):
        """The KPI in a span within the filters of the view."""
        return evaluate(self.lake, self.kpi, by=list(by), where=self.where | dict(more or {}), since=span.since, until=span.until, **settings)

    def cells(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The counts by all dimensions in the period and in what it is compared to; dimensions that say nothing are left out."""
        now = self._sums([self.period])
        then = self._sums(self.against)
        kept = []
        for name in self.dims:
            values = pd.concat([now[name], then[name]]).nunique(dropna=False)
            if values > _MOST_VALUES:
                if self.is_chosen:
                    raise ParameterError(f"{name} has {values:,} values in the period.", wanted=f"at most {_MOST_VALUES:,}", todo="Take a coarser column.")
                self.cautions.append(f"{label_of(name)} has {values:,} values and was left out.")
            elif values > 1:
                kept.append(name)
        self.dims = kept
        if not kept:
            return now, then
        frames = [frame.groupby(kept, dropna=False, as_index=False)[["num", "den"]].sum() for frame in (now, then)]
        leaves = len(pd.concat([frame[kept] for frame in frames]).drop_duplicates())
        while self.depth > 1 and leaves * sum(comb(len(kept), size) for size in range(self.depth + 1)) > _MOST_CELLS:
            self.depth -= 1
            self.cautions = [one for one in self.cautions if not one.startswith("Patterns")] + [f"Patterns of at most {self.depth} dimensions were looked at: there are {leaves:,} cells."]
        return frames[0], frames[1]

    def _sums(self, spans: Sequence[Span]) -> pd.DataFrame:
        code = self.kpi.code
        frames = [self.evaluate(span, self.dims).sums() for span in spans]
        found = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
        found = found.rename(columns={f"{code}__num": "num", f"{code}__den": "den"})
        return found[[*self.dims, "num", "den"]]

    def locate(self, now: pd.DataFrame, then: pd.DataFrame) -> RootCauseLocator:
        """Look for the cause."""
        spans = sum((one.length for one in self.against), dt.timedelta()) / self.period.length
        if self.kind == "count":
            # as many as in a period of the same length; the mean of several periods is known better
            then = then.assign(num=then["num"] / spans)
        finder = RootCauseLocator(self.kind, self.depth, base_periods=spans, max_values=_MOST_VALUES)
        return finder.fit(now, then, self.dims, value="num", weight="den" if self.kind == "ratio" else None)

    def totals(self) -> tuple[pd.Series, pd.Series]:
        """The KPI of the whole, now and then."""
        return self._now_and_then({})

    def _now_and_then(self, more: Mapping[str, Any]) -> tuple[pd.Series, pd.Series]:
        now = self.evaluate(self.period, more=more, subscribers=self._counts_people()).frame.iloc[0]
        if len(self.against) == 1:
            return now, self.evaluate(self.against[0], more=more).frame.iloc[0]
        sums = [self.evaluate(one, more=more).frame[["num", "den"]].iloc[0] for one in self.against]
        num, den = (sum(int(one[name] or 0) if pd.notna(one[name]) else 0 for one in sums) for name in ("num", "den"))
        low, high = (float(one[0]) for one in bound_ratio([num], [den])) if den and self.kind == "ratio" else (None, None)
        return now, pd.Series({"num": num, "den": den, "value": num / den if den else None, "low": low, "high": high, "state": "ok" if den else "no_data"})

    def _counts_people(self) -> bool:
        return "subscriber_key" in enriched_schema(self.kpi.table)

    def judge(self, found: RootCauseLocator) -> pd.DataFrame:
        """The figures of each cause as the KPI has them; small groups are hidden from a manager."""
        rows = []
        for one in found.causes_.itertuples():
            now, then = self._now_and_then(one.pattern)
            rows.append({"text": say_pattern(one.pattern), "pattern": one.pattern, "direction": one.direction, "share_explained": one.share_explained, "contribution": one.contribution,
                         "num": now["num"], "den": now["den"], "value": now["value"], "low": now["low"], "high": now["high"], "state": now["state"], "then_value": then["value"],
                         "then_low": then["low"], "then_high": then["high"], "then_den": then["den"], "expected": one.expected, "excess": one.excess, "support": one.support, "p": one.p,
                         "subscribers": now.get("subscribers")})
        columns = ["text", "pattern", "direction", "share_explained", "contribution", "num", "den", "value", "low", "high", "state", "then_value", "then_low", "then_high", "then_den",
                   "expected", "excess", "support", "p", "subscribers"]
        table = pd.DataFrame(rows, columns=columns)
        hidden = [one for one in columns if one not in ("text", "pattern", "direction", "state", "subscribers", "p")]
        return suppress_small_groups(table, self.role, figures=hidden)

    def records(self, pattern: Mapping[str, Any], limit: int | None, failed_only: bool) -> pd.DataFrame:
        """The records of a pattern in the period."""
        require_records(self.role)
        result = self.evaluate(self.period, more=pattern)
        part = "den" if not failed_only or self.better is None else "rest" if self.better == "higher" else "num"
        return publishable(result.rows(limit, part=part), self.role)


def say_pattern(pattern: Mapping[str, Any]) -> str:
    """A pattern in words.

    Examples
    --------
    >>> say_pattern({"hub_code": "TRAMONTANE", "rat_code": None})
    'hub TRAMONTANE, no radio access'
    """
    return ", ".join(f"no {label_of(name)}" if pd.isna(value) else f"{label_of(name)} {value}" for name, value in pattern.items())
