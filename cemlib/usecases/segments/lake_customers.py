"""The customers of the lake in some days, with what they are divided by and how they fare."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable

import narwhals as nw
import pandas as pd

from cemlib.enrich import enriched
from cemlib.lake import collect_frame
from cemlib.settings import settings
from cemlib.usecases.asked import Asked
from cemlib.usecases.kept_fits import keep_fit
from cemlib.usecases.period import read_period
from cemlib.usecases.segments.customer_list import list_customers
from cemlib.usecases.segments.division import Marks
from cemlib.usecases.segments.features import FEATURES, as_measured, as_measured_frame, collect_features
from cemlib.usecases.segments.lake_outcomes import LAKE_OUTCOMES, collect_outcomes
from cemlib.usecases.segments.rule_file import read_rules

__all__ = ["LAKE", "LAST", "LakeCustomers"]

LAKE, LAST = "lake", "last"
_LAST_DAYS = 14
_DAY = dt.timedelta(days=1)
#: The tables without which a feature is not known, and what then is told.
_NEEDS = {"data": "data_session", "sessions": "data_session", "abroad": "data_session", "speed": "data_session", "calls": "voice_call", "messages": "message", "bill": "bill_line"}
_USES = ("data_session", "voice_call", "message")
_ABSENT = {"vip_tier": "the lake has no list of watched customers", "fleet": "the lake knows of no fleet of things", "kind": "the lake has no list of customers",
           "days_abroad": "the lake has no sessions, calls or messages"}
_WORDS = {"kind": ("kind", ""), "vip_tier": ("VIP tier", ""), "fleet": ("fleet of things", ""), "days_abroad": ("days with use abroad", "")}


class LakeCustomers:
    """Customers of the lake.

    Parameters
    ----------
    lake : Lake
    period : str
        ``last`` (14 days), a month, a day or from/to.
    asked : Asked
        By which the period is read.
    """

    study, noun, noun_of_all = LAKE, "mobile customers", "customers and things"
    catalogue, outcomes, has_rules = FEATURES, LAKE_OUTCOMES, True

    def __init__(self, lake, period: str, asked: Asked) -> None:
        self.lake, self.period = lake, period
        self.days = self._days(period, asked)

    def _days(self, period: str, asked: Asked) -> tuple[dt.date, dt.date] | None:
        """The first day and the day after the last; None for a lake without records."""
        bounds = self.lake.event_days()
        if bounds is None:
            return None
        ends = [max(self.lake.data_files(name)) for name in _USES if self.lake.has(name)]
        last = (max(ends) if ends else bounds[1]) + _DAY
        read = None if period == LAST else asked.use(None, read_period, period)
        if read is None:
            self.period = LAST
            return last - _LAST_DAYS * _DAY, last
        return read.first or bounds[0], min(read.until or last, last) if read.first is None or read.first < last else read.until or last

    # what is read is read when it is first asked for

    @functools.cached_property
    def _list(self) -> pd.DataFrame | None:
        return None if self.days is None else list_customers(self.lake, self.days[1])

    @functools.cached_property
    def everyone(self) -> pd.DataFrame:
        """Features of customers and things."""
        return pd.DataFrame() if self.days is None else self._collect(*self.days)

    def _collect(self, since: dt.date, until: dt.date) -> pd.DataFrame:
        if self._list is None:
            return collect_features(self.lake, since, until, None)
        return self._once("features", since, until, self._list.index, lambda: collect_features(self.lake, since, until, self._list.index))

    def _once(self, what: str, since: dt.date, until: dt.date, people: pd.Index, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """What is read of people, a row each, read once for a state of the lake; kept without their keys, in the order in which they are listed."""
        snapshot, causes = self.lake.snapshot(), settings().reference_path / "cause.csv"
        state = [str(self.lake.path), snapshot.versions, snapshot.written_at, causes.read_bytes() if causes.is_file() else None, str(since), str(until), people.to_series()]
        return keep_fit("customers", [what, *state], lambda: read().reset_index(drop=True)).set_axis(people)

    @functools.cached_property
    def features(self) -> pd.DataFrame:
        """Features of customers; things are none."""
        return self._people(self.everyone)

    def _people(self, features: pd.DataFrame) -> pd.DataFrame:
        if self._list is None or "kind" not in self._list:
            return features
        return features[self._list["kind"].reindex(features.index).eq("mobile")]

    @functools.cached_property
    def values(self) -> pd.DataFrame:
        """The outcomes of each customer and thing."""
        bill = next(one for one in FEATURES if one.name == "bill")
        bills = self.everyone["bill"].map(lambda value: as_measured(bill, value), na_action="ignore")
        people = self.everyone.index
        return self._once("outcomes", *self.days, people, lambda: collect_outcomes(self.lake, people, bills, *self.days))

    @functools.cached_property
    def _earlier(self) -> pd.DataFrame | None:
        """Features of everyone in as many days before; None where they were not recorded."""
        since, until = self.days
        if not self.lake.has("data_session") or min(self.lake.data_files("data_session")) > since - (until - since):
            return None
        return self._collect(since - (until - since), since)

    @property
    def earlier(self) -> pd.DataFrame | None:
        """Features of customers in as many days before; None where they were not recorded."""
        return None if self._earlier is None else self._people(self._earlier)

    @functools.cached_property
    def rules(self) -> dict[str, str]:
        """The named sets and their rules."""
        return read_rules()

    @functools.cached_property
    def marks(self) -> Marks:
        """What rules may name."""
        return self._marks(self.everyone, *self.days)

    @functools.cached_property
    def earlier_marks(self) -> Marks | None:
        """What rules may name, of as many days before."""
        since, until = self.days
        return None if self._earlier is None else self._marks(self._earlier, since - (until - since), since)

    def _marks(self, features: pd.DataFrame, since: dt.date, until: dt.date) -> Marks:
        frame = as_measured_frame(features, [one for one in FEATURES if self.lake.has(_NEEDS[one.name])])
        if self._list is not None:
            frame = frame.join(self._list)
        if any(self.lake.has(name) for name in _USES):
            frame["days_abroad"] = self._days_abroad(since, until).reindex(frame.index).fillna(0)
        absent = _ABSENT | {name: f"the lake has no {table.replace('_', ' ')}s" for name, table in _NEEDS.items()}
        return Marks(frame, _WORDS | {one.name: (one.title.partition(",")[0].partition(":")[0], one.unit) for one in FEATURES}, absent)

    def _days_abroad(self, since: dt.date, until: dt.date) -> pd.Series:
        rows = enriched(self.lake, "roamer_use", ["subscriber_key", "day_date", "direction_code"])
        rows = rows.filter(nw.col("direction_code") == "outbound", nw.col("day_date") >= since, nw.col("day_date") < until, ~nw.col("subscriber_key").is_null())
        return collect_frame(rows.group_by("subscriber_key").agg(n=nw.col("day_date").n_unique())).set_index("subscriber_key")["n"].astype(float)

    @functools.cached_property
    def resources(self) -> pd.DataFrame:
        """Where the cells stand."""
        columns = ["resource_id", "latitude_deg", "longitude_deg"]
        return collect_frame(self.lake.frame("resource").select(*columns)) if self.lake.has("resource") else pd.DataFrame(columns=columns)

    # what is told of them

    def periods(self) -> list[tuple[str, str]]:
        """The periods that can be chosen: value and label."""
        days = self.lake.event_days()
        months = [] if days is None else [str(one) for one in pd.period_range(days[0], days[1], freq="M")][::-1]
        found = [(LAST, f"the last {_LAST_DAYS} days"), *((one, read_period(one).label) for one in months)]
        return found if self.period in dict(found) else [*found, (self.period, read_period(self.period).label)]

    @property
    def when(self) -> str:
        """Of which time they are."""
        return "no records" if self.days is None else f"{self.days[0]} to {self.days[1] - _DAY} UTC"

    @property
    def facts(self) -> list[str]:
        """For the evidence line."""
        return [f"snapshot {self.lake.snapshot().id}", self.when]

    @property
    def notes(self) -> list[str]:
        """What is not as wanted."""
        return ["The lake has no records yet."] if self.days is None else []

    @property
    def not_moved(self) -> str:
        """Why it cannot be told who moved."""
        if self.earlier is None:
            return f"The {(self.days[1] - self.days[0]).days} days before were not recorded: it cannot be told who moved."
        return "Of the days before a feature is not known for any customer: it cannot be told who moved."
