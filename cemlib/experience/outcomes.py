"""What customers said and did: surveys, tickets, churn. An index is held against them; it never reads them for a score."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd

from cemlib.enrich import enriched
from cemlib.errors import UnknownNameError
from cemlib.lake import collect_frame

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["QUESTIONS", "Outcome", "question_limit", "read_outcomes", "read_surveys"]

#: Question to the highest answer that counts as unhappy. NPS: its detractors; the others: the lower answers of their scale (own).
QUESTIONS = {"nps_11": 6.0, "csat_5": 2.0, "ces_7": 3.0, "call_rating_5": 2.0, "price_fairness_5": 2.0}
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Outcome:
    """One thing that customers said or did in a time.

    Attributes
    ----------
    name, title : str
    unhappy : ndarray of float
        1 or 0 for each customer, NaN where not known (no answer).
    content : ndarray of float
        More is better: the answer, or how little of it was done; NaN where not known.
    """

    name: str
    title: str
    unhappy: np.ndarray
    content: np.ndarray


def question_limit(question: str) -> float:
    """The highest answer that counts as unhappy.

    Raises
    ------
    UnknownNameError
        For a question whose scale is not known.

    Examples
    --------
    >>> question_limit("nps_11")
    6.0
    """
    if question not in QUESTIONS:
        raise UnknownNameError("question of a survey", question, QUESTIONS)
    return QUESTIONS[question]


def read_surveys(lake: Lake, since: dt.date, until: dt.date) -> pd.DataFrame:
    """The mean answer of each customer to each question: subscriber_key, question_code, score_value, answers, last_date."""
    columns = ["subscriber_key", "question_code", "score_value", "answers", "last_date"]
    if not lake.has("survey_answer"):
        return pd.DataFrame(columns=columns)
    rows = enriched(lake, "survey_answer", ["subscriber_key", "day_date", "question_code", "score_value"])
    rows = rows.filter((nw.col("day_date") >= since) & (nw.col("day_date") < until) & ~nw.col("subscriber_key").is_null() & ~nw.col("score_value").is_null())
    found = collect_frame(rows.group_by("subscriber_key", "question_code").agg(
        nw.col("score_value").mean().alias("score_value"), nw.len().alias("answers"), nw.col("day_date").max().alias("last_date")))
    return found[columns].sort_values(["subscriber_key", "question_code"], ignore_index=True)


def _count_days(lake: Lake, table: str, since: dt.date, until: dt.date, where: nw.Expr | None = None) -> pd.DataFrame:
    rows = enriched(lake, table, ["subscriber_key", "day_date", *(["event_code"] if table == "subscription_event" else [])])
    rows = rows.filter((nw.col("day_date") >= since) & (nw.col("day_date") < until) & ~nw.col("subscriber_key").is_null())
    rows = rows if where is None else rows.filter(where)
    return collect_frame(rows.group_by("subscriber_key").agg(nw.len().alias("count"), nw.col("day_date").max().alias("last_date")))


def read_outcomes(lake: Lake, keys: pd.Index, since: dt.date, until: dt.date) -> tuple[list[Outcome], dt.date | None]:
    """What the customers said and did from a day on and before another, and the last day on which somebody did.

    Parameters
    ----------
    lake : Lake
    keys : pandas.Index
        Subscribers.
    since, until : date
    """
    found, days = [], []
    surveys = read_surveys(lake, since, until)
    for question, rows in surveys.groupby("question_code", sort=True):
        if question in QUESTIONS:
            answer = rows.set_index("subscriber_key")["score_value"].astype(float).reindex(keys).to_numpy()
            unhappy = np.where(np.isnan(answer), np.nan, answer <= QUESTIONS[question])
            found.append(Outcome(f"survey:{question}", f"answers to {question}", unhappy, answer))
            days.append(pd.Timestamp(rows["last_date"].max()).date())
    for table, name, title, where in (("ticket", "tickets", "tickets opened", None), ("subscription_event", "churn", "customers who left", nw.col("event_code") == "churn")):
        if not lake.has(table):
            continue
        rows = _count_days(lake, table, since, until, where)
        count = rows.set_index("subscriber_key")["count"].astype(float).reindex(keys).fillna(0).to_numpy()
        found.append(Outcome(name, title, (count > 0).astype(float), -count))
        days += [pd.Timestamp(rows["last_date"].max()).date()] if len(rows) else []
    return found, max(days, default=None)
