"""Reads the lake once for one view, and keeps the way from each figure to its records."""

from __future__ import annotations

import datetime as dt
import json
import weakref
from collections.abc import Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from cemlib.enrich import enriched, enriched_schema, event_columns
from cemlib.kpi import KpiResult, evaluate, find_kpi
from cemlib.kpi.columns import read_columns
from cemlib.kpi.selection import name_conditions, within_window
from cemlib.kpi.sums import denominator_of, numerator_of
from cemlib.lake import collect_frame
from cemlib.settings import settings
from cemlib.usecases.roaming.question import Question

__all__ = ["RoamingReader", "read_country_names", "read_networks"]

# lake -> snapshot and scope -> what was evaluated, as frames: a KpiResult would keep its lake alive
_KEPT: weakref.WeakKeyDictionary[Any, dict[tuple, dict]] = weakref.WeakKeyDictionary()
_MOST_KEPT = 8

_NETWORK = ["plmn", "partner_code", "partner_name", "network_name", "hub", "country", "country_name"]


def read_country_names() -> dict[str, str]:
    """Names of countries by ISO code; empty where the reference table is not there."""
    path = settings().reference_path / "countries.geojson"
    if not path.is_file():
        return {}
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    return {one["properties"]["code"]: one["properties"]["name"] for one in features}


def read_networks(lake, until: dt.datetime) -> pd.DataFrame:
    """The partner networks as they are known at the end of the period, one row a PLMN."""
    frame = collect_frame(lake.frame("network")) if lake.has("network") else pd.DataFrame()
    if frame.empty:
        return pd.DataFrame(columns=_NETWORK, dtype=object)
    # the newest row that holds by then; one that begins later is better than none
    frame = frame.assign(late=frame["valid_from_at"] >= until).sort_values(["late", "valid_from_at"], ascending=[True, False], kind="stable")
    frame = frame.drop_duplicates("plmn_code").sort_values("plmn_code")
    names = read_country_names()
    text = frame[["plmn_code", "partner_code", "partner_name", "network_name", "hub_code", "country_code"]].astype(object)
    text.columns = _NETWORK[:-1]
    for name in ("partner_name", "network_name"):
        text[name] = text[name].where(text[name].notna(), text["plmn"])
    text["partner_code"] = text["partner_code"].where(text["partner_code"].notna(), text["plmn"])
    return text.assign(country_name=text["country"].map(names).fillna(text["country"])).reset_index(drop=True)


class RoamingReader:
    """The figures of one view, each evaluated once.

    Parameters
    ----------
    lake : Lake
    question : Question
    """

    def __init__(self, lake, question: Question) -> None:
        self.lake, self.question = lake, question
        self.networks = read_networks(lake, question.until)
        self._results: dict[tuple, KpiResult] = {}
        # a click on another partner asks for the same figures again: they are kept for as long as the lake and its snapshot are
        scope = (lake.snapshot().id, question.direction, question.rat, question.since, question.until)
        kept = _KEPT.setdefault(lake, {})
        if any(one[0] != scope[0] for one in kept) or (scope not in kept and len(kept) >= _MOST_KEPT):
            kept.clear()
        self._frames: dict[tuple, pd.DataFrame] = kept.setdefault(scope, {})

    def measure(self, kpis: str | Sequence[str], by: Sequence[str] = (), *, where: dict | None = None, since: dt.datetime | None = None,
                until: dt.datetime | None = None, subscribers: bool = False) -> KpiResult:
        """Evaluate KPIs under the view's own conditions (direction, radio access, period), narrowed further by ``where``."""
        key = self._key(kpis, by, where=where, since=since, until=until, subscribers=subscribers)
        kpis, since, until = key[0], key[3], key[4]
        if key not in self._results:
            known = enriched_schema(find_kpi(kpis[0]).table)
            shared = {name: value for name, value in self.question.where.items() if name in known}
            self._results[key] = evaluate(self.lake, list(kpis), by=list(by), where=shared | (where or {}), since=since, until=until,
                                          subscribers=subscribers)
        return self._results[key]

    def frame(self, kpis: str | Sequence[str], by: Sequence[str] = (), **more: Any) -> pd.DataFrame:
        """The rows of :meth:`measure`, as plain pandas types."""
        key = ("figures", *self._key(kpis, by, **more))
        if key not in self._frames:
            found = self.measure(kpis, by, **more).to_pandas()
            for name in by:
                if name not in ("hour", "day", "minute15"):
                    found[name] = found[name].astype(object).where(found[name].notna(), None)
            self._frames[key] = found
        return self._frames[key].copy()

    def _key(self, kpis, by=(), *, where=None, since=None, until=None, subscribers=False) -> tuple:
        kpis = (kpis,) if isinstance(kpis, str) else tuple(kpis)
        wanted = tuple(sorted(((name, repr(value)) for name, value in (where or {}).items())))
        return kpis, tuple(by), wanted, since or self.question.since, until or self.question.until, subscribers

    def has(self, table: str) -> bool:
        """Whether a canonical table holds data."""
        return self.lake.has(table)

    def within(self, plmns: frozenset[str]) -> dict:
        """The condition for some of the networks; none when it is all of them."""
        return {} if plmns >= frozenset(self.networks["plmn"]) else {"partner_plmn_code": sorted(plmns)}

    def failures(self, kpi: str, by: Sequence[str], *, where: dict | None = None, since: dt.datetime | None = None,
                 until: dt.datetime | None = None) -> pd.DataFrame:
        """How many records of a ratio's denominator are not in its numerator, by columns: by…, rejects.

        One count for every service, whether its KPIs split by cause or not; ``KpiResult.rows(part="rest")`` gives the records.
        """
        key = ("failures", *self._key(kpi, by, where=where, since=since, until=until))
        if key in self._frames:
            return self._frames[key]
        present = [name for name in by if name in self.columns(find_kpi(kpi).table)]
        frame = self._failed(kpi, present, where, since, until)
        found = collect_frame(frame.group_by(*present).agg(nw.len().alias("rejects")))
        for name in by:
            if name not in present:
                found[name] = None
            elif not name.endswith("_at"):
                found[name] = found[name].astype(object).where(found[name].notna(), None)
        self._frames[key] = found[[*by, "rejects"]].sort_values([*present], kind="stable", na_position="last").reset_index(drop=True)
        return self._frames[key]

    def _failed(self, kpi: str, columns: Sequence[str], where: dict | None, since: dt.datetime | None,
                until: dt.datetime | None) -> nw.LazyFrame:
        one = find_kpi(kpi)
        schema = enriched_schema(one.table)
        given = {name: value for name, value in self.question.where.items() if name in schema} | (where or {})
        start, _ = event_columns(one.table)
        inside = nw.when(numerator_of(one)).then(nw.lit(True)).otherwise(nw.lit(False))
        named = name_conditions(given, schema, one.table)
        conditions = [*named.values(), denominator_of(one), ~inside,
                      *within_window(since or self.question.since, until or self.question.until, start)]
        frame = enriched(self.lake, one.table, {start, *columns, *named, *read_columns(one)})
        for condition in conditions:
            if condition is not None:
                frame = frame.filter(condition)
        return frame

    def failing_roamers(self, kpi: str, by: str = "partner_plmn_code") -> pd.DataFrame:
        """Failures in the period by a column (as ``partner_plmn``) and roamer: partner_plmn, subscriber_key, rejects."""
        key = ("roamers", kpi, by)
        if key not in self._frames:
            found = self._failed(kpi, (by, "subscriber_key"), None, None, None).group_by(by, "subscriber_key").agg(nw.len().alias("rejects"))
            found = collect_frame(found).dropna(subset=[by, "subscriber_key"])
            self._frames[key] = found.astype({by: object, "subscriber_key": object}).rename(columns={by: "partner_plmn"})
        return self._frames[key]

    def failed_records(self, kpi: str, columns: Sequence[str], *, where: dict | None = None, since: dt.datetime | None = None) -> pd.DataFrame:
        """Some columns of the failed records until the end of the period."""
        found = collect_frame(self._failed(kpi, columns, where, since, None).select(*columns))
        return found.assign(**{name: found[name].astype(object).where(found[name].notna(), None) for name in columns if not name.endswith("_at")})

    def columns(self, table: str) -> frozenset[str]:
        """The columns of an enriched table."""
        return frozenset(enriched_schema(table))

    def attempts(self, kpi: str) -> pd.DataFrame:
        """Trials and successes of every network by hour over the past and the period: partner_plmn, hour, num, den."""
        found = self.frame(kpi, ["partner_plmn", "hour"], since=self.question.history_since)
        found = found[found["partner_plmn"].notna() & (found["den"] > 0)]
        return found[["partner_plmn", "hour", "num", "den"]].astype({"num": float, "den": float}).reset_index(drop=True)

    def records(self, table: str, columns: Sequence[str], *, where: dict, since: dt.datetime, until: dt.datetime) -> pd.DataFrame:
        """Some columns of the records of a table under the view's conditions."""
        conditions, start = name_conditions(self.question.where | where, enriched_schema(table), table), event_columns(table)[0]
        frame = enriched(self.lake, table, {start, *columns, *conditions})
        for condition in [*conditions.values(), *within_window(since, until, start)]:
            frame = frame.filter(condition)
        return collect_frame(frame.select(*columns))
