"""How the customers of the lake fare: index, recommendation, bill, churn and tickets."""

from __future__ import annotations

import datetime as dt

import narwhals as nw
import pandas as pd

from cemlib.enrich import enriched
from cemlib.errors import CemError
from cemlib.experience import score_experience
from cemlib.lake import collect_frame
from cemlib.usecases.segments.outcomes import Outcome

__all__ = ["LAKE_OUTCOMES", "collect_outcomes"]

LAKE_OUTCOMES = (Outcome("index", "Index", "of 100", 1, "mean", 1), Outcome("nps", "NPS", "points", 0, "nps", 1), Outcome("bill", "Bill", "in its currency", 2),
                 Outcome("churn", "Left", "%", 1, "share", -1), Outcome("tickets", "Tickets", "per 1,000", 0, "count", -1))


def collect_outcomes(lake, people: pd.Index, bills: pd.Series, since: dt.date, until: dt.date) -> pd.DataFrame:
    """What came out for each customer.

    Parameters
    ----------
    lake : Lake
    people : Index
    bills : Series
        Mean bill by customer.
    since, until : date
        The first day, and the day after the last.

    Returns
    -------
    DataFrame
        Indexed by ``subscriber_key``: ``index`` (0 … 100, null without a score), ``nps`` (last answer 0 … 10, null without one), ``bill``, ``churn`` (1: the
        customer left from the first day on) and ``tickets``; the last two null where the lake has no list of them.
    """
    made = pd.DataFrame(index=people)
    made["index"] = _scores(lake, since, until).reindex(people)
    made["nps"] = _answers(lake, since, until).reindex(people)
    made["bill"] = bills.reindex(people)
    left = _count(lake, "subscription_event", since, None, event_code="churn").reindex(people).fillna(0) > 0
    made["churn"] = left.astype(float) if lake.has("subscription_event") else float("nan")
    made["tickets"] = _count(lake, "ticket", since, until).reindex(people).fillna(0) if lake.has("ticket") else float("nan")
    return made


def _scores(lake, since: dt.date, until: dt.date) -> pd.Series:
    """The index of each customer; empty where the lake has nothing to score by."""
    try:
        frame = score_experience(lake, "subscriber_key", window=(since.isoformat(), until.isoformat())).frame
    except CemError:
        return pd.Series(dtype=float)
    return frame.set_index("subscriber_key")["score"].astype(float).round(6)


def _answers(lake, since: dt.date, until: dt.date) -> pd.Series:
    if not lake.has("survey_answer"):
        return pd.Series(dtype=float)
    rows = enriched(lake, "survey_answer", ["subscriber_key", "day_date", "occurred_at", "question_code", "score_value"])
    rows = rows.filter(nw.col("question_code") == "nps_11", nw.col("day_date") >= since, nw.col("day_date") < until, ~nw.col("subscriber_key").is_null())
    found = collect_frame(rows.select("subscriber_key", "occurred_at", "score_value")).sort_values(["subscriber_key", "occurred_at", "score_value"])
    return found.drop_duplicates("subscriber_key", keep="last").set_index("subscriber_key")["score_value"].astype(float)


def _count(lake, table: str, since: dt.date, until: dt.date | None, **where: str) -> pd.Series:
    if not lake.has(table):
        return pd.Series(dtype=float)
    rows = enriched(lake, table, ["subscriber_key", "day_date", *where])
    conditions = [nw.col("day_date") >= since, ~nw.col("subscriber_key").is_null(), *(nw.col(name) == value for name, value in where.items())]
    conditions += [nw.col("day_date") < until] if until is not None else []
    found = collect_frame(rows.filter(*conditions).group_by("subscriber_key").agg(n=nw.len()))
    return found.set_index("subscriber_key")["n"].astype(float)
