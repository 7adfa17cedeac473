"""How the customers of each segment fare: index, recommendation, bill, churn and tickets, each with its interval."""

from __future__ import annotations

import datetime as dt

import narwhals as nw
import numpy as np
import pandas as pd

from cemlib.enrich import enriched
from cemlib.errors import CemError
from cemlib.experience import score_experience
from cemlib.kpi.interval import bound_count, bound_mean, bound_net_share, bound_ratio
from cemlib.lake import collect_frame

__all__ = ["OUTCOMES", "collect_outcomes", "measure_segments"]

#: What is told of a segment: column, title, unit, decimals.
OUTCOMES = (("index", "Index", "of 100", 1), ("nps", "NPS", "points", 0), ("bill", "Bill", "in its currency", 2), ("churn", "Left", "%", 1), ("tickets", "Tickets", "per 1,000", 0))
#: Fewer answers or customers than this say too little.
_LEAST = 30


def collect_outcomes(lake, people: pd.Index, since: dt.date, until: dt.date) -> pd.DataFrame:
    """What came out for each customer.

    Returns
    -------
    DataFrame
        Indexed by ``subscriber_key``: ``index`` (0 … 100, null without a score), ``nps`` (last answer 0 … 10, null without one), ``tickets`` and
        ``left`` (whether the customer left from the first day on).
    """
    made = pd.DataFrame(index=people)
    made["index"] = _scores(lake, since, until).reindex(people)
    made["nps"] = _answers(lake, since, until).reindex(people)
    made["tickets"] = _count(lake, "ticket", since, until).reindex(people).fillna(0)
    made["left"] = _count(lake, "subscription_event", since, None, event_code="churn").reindex(people).fillna(0) > 0
    return made


def measure_segments(labels: pd.Series, bills: pd.Series, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Each segment's outcomes.

    Parameters
    ----------
    labels : Series
        Segment by customer; missing for who is in none.
    bills : Series
        Mean bill by customer.
    outcomes : DataFrame
        See :func:`collect_outcomes`.

    Returns
    -------
    DataFrame
        ``segment``, ``subscribers``, ``share_ratio``, and of each of :data:`OUTCOMES` ``<name>``, ``<name>_low``, ``<name>_high``, ``<name>_n``;
        null where nobody of the segment has it, the largest segment first.
    """
    known = labels.dropna()
    rows = []
    for segment, members in known.groupby(known).groups.items():
        mine = outcomes.loc[members]
        row = {"segment": segment, "subscribers": len(members), "share_ratio": len(members) / len(known)}
        answers = mine["nps"].dropna()
        up, down = int((answers >= 9).sum()), int((answers <= 6).sum())
        nps = (np.nan, np.nan, np.nan) if answers.empty else (100 * (up - down) / len(answers), *(100 * one for one in bound_net_share([up], [down], [len(answers)])))
        left, tickets = int(mine["left"].sum()), float(mine["tickets"].sum())
        told = {"index": (*_mean(mine["index"]), mine["index"].notna().sum()), "nps": (*nps, len(answers)),
                "bill": (*_mean(bills.reindex(members)), bills.reindex(members).notna().sum()),
                "churn": (100 * left / len(members), *(100 * one for one in bound_ratio([left], [len(members)])), len(members)),
                "tickets": (1000 * tickets / len(members), *(1000 / len(members) * one for one in bound_count([tickets])), len(members))}
        for name, (value, low, high, n) in told.items():
            row |= {name: float(value), f"{name}_low": float(np.squeeze(low)), f"{name}_high": float(np.squeeze(high)), f"{name}_n": int(n)}
        rows.append(row)
    found = pd.DataFrame(rows).sort_values(["subscribers", "segment"], ascending=[False, True], ignore_index=True)
    for name, *_ in OUTCOMES:
        found[f"{name}_state"] = np.where(found[f"{name}_n"] == 0, "no_data", np.where(found[f"{name}_n"] < _LEAST, "too_few", "ok"))
    return found


def _mean(values: pd.Series) -> tuple[float, float, float]:
    values = values.dropna().astype(float)
    if values.empty:
        return np.nan, np.nan, np.nan
    low, high = bound_mean([values.sum()], [(values**2).sum()], [len(values)])
    return float(values.mean()), float(low[0]), float(high[0])


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
