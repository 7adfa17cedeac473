"""What is known of each mobile customer in some days: what they do, what they pay and what they are used to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from cemlib.enrich import enriched
from cemlib.lake import collect_frame

__all__ = ["FEATURES", "Feature", "as_measured", "as_measured_frame", "collect_features", "count_columns"]

_OURS = ["home", "outbound"]
#: A bill comes once a month: those of so many days before the end are looked at.
_BILL_DAYS = 95
#: Figures of the last places of a float depend on the order of the records; what is published must not.
_DIGITS = 6


@dataclass(frozen=True)
class Feature:
    """One feature of a customer.

    Attributes
    ----------
    name : str
        In the words of segment names and rules.
    block : str
        ``behaviour`` or ``expectation``.
    unit : str
        What the shown value is in.
    title : str
    is_log : bool
        Whether the logarithm of (1 + value) is what is compared: one more of little is more than one more of much.
    """

    name: str
    block: str
    unit: str
    title: str
    is_log: bool = True


FEATURES = (
    Feature("data", "behaviour", "MB a day", "data volume, down and up"),
    Feature("sessions", "behaviour", "a day", "data sessions"),
    Feature("calls", "behaviour", "a day", "calls"),
    Feature("messages", "behaviour", "a day", "text messages"),
    Feature("abroad", "behaviour", "% of sessions", "data sessions in other networks"),
    Feature("bill", "expectation", "in its currency", "mean bill of the last 95 days"),
    Feature("speed", "expectation", "Mbit/s", "mean download rate: what one is used to"),
)


def collect_features(lake, since: dt.date, until: dt.date, people: pd.Index | None) -> pd.DataFrame:
    """Features of each customer, a row each.

    Parameters
    ----------
    lake : Lake
    since, until : date
        The first day and the day after the last, UTC.
    people : Index or None
        Whose; None: of all who have data sessions.

    Returns
    -------
    DataFrame
        Indexed by ``subscriber_key``; a column for each of :data:`FEATURES`, logarithms where they are compared. Who did nothing has 0 of it; a
        bill or a rate that is not known is null. ``resource_id``: where the customer had most data sessions.
    """
    days = (until - since).days
    data = _by_customer(lake, "data_session", since, until, _data_sums())
    made = pd.DataFrame(index=people if people is not None else data.index)
    data = data.reindex(made.index)
    made["data"] = data["bytes"].fillna(0) / 1e6 / days
    made["sessions"] = data["records"].fillna(0) / days
    for name, table in (("calls", "voice_call"), ("messages", "message")):
        counted = _by_customer(lake, table, since, until, {"records": nw.len()})
        made[name] = counted["records"].reindex(made.index).fillna(0) / days
    made["abroad"] = (100 * data["abroad"] / data["records"]).fillna(0)
    made["bill"] = _bills(lake, until).reindex(made.index)
    made["speed"] = data["rate"]
    for one in FEATURES:
        made[one.name] = (np.log1p(made[one.name].astype(float)) if one.is_log else made[one.name].astype(float)).round(_DIGITS)
    made["resource_id"] = _home_cell(lake, since, until).reindex(made.index)
    return made


def as_measured(feature: Feature, value: float) -> float:
    """A feature's value as it is shown.

    Examples
    --------
    >>> round(as_measured(FEATURES[0], 2.397895), 3)
    10.0
    """
    return float(np.expm1(value)) if feature.is_log else float(value)


def as_measured_frame(features: pd.DataFrame, catalogue: Sequence[Feature]) -> pd.DataFrame:
    """All features as they are shown."""
    return pd.DataFrame({one.name: np.expm1(features[one.name]) if one.is_log else features[one.name] for one in catalogue}, index=features.index).round(_DIGITS)


def count_columns(features: pd.DataFrame, catalogue: Sequence[Feature] = FEATURES) -> tuple[list[Feature], list[Feature]]:
    """Which features tell customers apart, and which are the same (or unknown) for nearly all."""
    told, flat = [], []
    for one in catalogue:
        values = features[one.name].dropna()
        (told if len(values) >= 0.5 * len(features) and values.nunique() > 2 else flat).append(one)
    return told, flat


def _data_sums() -> dict[str, nw.Expr]:
    return {"records": nw.len(), "bytes": nw.col("volume").sum(), "abroad": nw.col("is_abroad").sum(), "rate": nw.col("throughput_down_mbps").mean()}


def _within(lake, table: str, since: dt.date, until: dt.date, columns: list[str]) -> nw.LazyFrame:
    frame = enriched(lake, table, ["subscriber_key", "day_date", "direction_code", *columns])
    return frame.filter(nw.col("day_date") >= since, nw.col("day_date") < until, nw.col("direction_code").is_in(_OURS), ~nw.col("subscriber_key").is_null())


def _by_customer(lake, table: str, since: dt.date, until: dt.date, sums: dict[str, nw.Expr]) -> pd.DataFrame:
    """Sums over a customer's records."""
    if not lake.has(table):
        return pd.DataFrame(columns=list(sums), index=pd.Index([], name="subscriber_key"), dtype=float)
    is_data = table == "data_session"
    rows = _within(lake, table, since, until, ["volume_down_bytes", "volume_up_bytes", "throughput_down_mbps"] if is_data else [])
    if is_data:
        rows = rows.with_columns(volume=nw.col("volume_down_bytes").fill_null(0) + nw.col("volume_up_bytes").fill_null(0),
                                 is_abroad=nw.when(nw.col("direction_code") == "outbound").then(nw.lit(1)).otherwise(nw.lit(0)))
    found = collect_frame(rows.group_by("subscriber_key").agg(**sums))
    return found.set_index("subscriber_key").astype(float).sort_index()


def _bills(lake, until: dt.date) -> pd.Series:
    """The mean of each customer's bills, a bill being all lines of a day."""
    if not lake.has("bill_line"):
        return pd.Series(dtype=float)
    rows = enriched(lake, "bill_line", ["subscriber_key", "day_date", "bill_amount"])
    rows = rows.filter(nw.col("day_date") >= until - dt.timedelta(days=_BILL_DAYS), nw.col("day_date") < until, ~nw.col("subscriber_key").is_null())
    found = collect_frame(rows.group_by("subscriber_key", "day_date").agg(nw.col("bill_amount").sum()))
    return found.groupby("subscriber_key")["bill_amount"].mean().astype(float)


def _home_cell(lake, since: dt.date, until: dt.date) -> pd.Series:
    """The cell in which a customer had most data sessions; of two with as many, the first by name."""
    if not lake.has("data_session"):
        return pd.Series(dtype=object)
    rows = _within(lake, "data_session", since, until, ["resource_id"]).filter(~nw.col("resource_id").is_null())
    found = collect_frame(rows.group_by("subscriber_key", "resource_id").agg(n=nw.len()))
    found = found.sort_values(["subscriber_key", "n", "resource_id"], ascending=[True, False, True]).drop_duplicates("subscriber_key")
    return found.set_index("subscriber_key")["resource_id"]
