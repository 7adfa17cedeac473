"""The index held against what customers say and do: four groups of those who answered, and the honesty card as a reader may see it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cemlib.experience import ExperienceScores, HonestyCard, find_quadrants
from cemlib.experience.outcomes import question_limit, read_surveys
from cemlib.privacy import may_see_records, suppress_small_groups
from cemlib.settings import settings

__all__ = ["MEANINGS", "Groups", "read_checks", "read_fifths", "sort_into_groups"]

#: What to do about each group of :data:`cemlib.experience.quadrants.GROUPS`.
MEANINGS = {
    "unhappy_explained": "mend what costs most",
    "unhappy_otherwise": "what was measured is good: ask, look at tickets and bills",
    "content_regardless": "patient so far: mend before it is said",
    "content_explained": "nothing to do",
}
#: Questions about satisfaction, the best to judge by first, and what they are called.
_QUESTIONS = {"nps_11": "recommendation 0 – 10", "csat_5": "satisfaction 1 – 5", "call_rating_5": "call rating 1 – 5", "ces_7": "ease 1 – 7"}


@dataclass(frozen=True)
class Groups:
    """Survey against index.

    Attributes
    ----------
    question : str
        The question that most customers answered; empty where nobody did.
    words : str
        What it is, and when an answer counts as unhappy.
    score_limit : float
        A score below this counts as poor: the median of those who answered.
    frame : DataFrame
        group, title, meaning, subscribers, share with low and high, is_suppressed.
    """

    question: str
    words: str
    score_limit: float
    frame: pd.DataFrame


def sort_into_groups(lake, scores: ExperienceScores, role: str | None = None) -> Groups:
    """Sort the customers who answered a survey in the window into the four groups.

    Parameters
    ----------
    lake : Lake
    scores : ExperienceScores
        By subscriber_key.
    role : str, optional
        From a manager, groups of few customers are hidden.
    """
    evidence = scores.evidence
    answers = read_surveys(lake, evidence.date_of(evidence.since), evidence.date_of(evidence.until))
    people = answers[answers["question_code"].isin(_QUESTIONS)]["question_code"].value_counts()
    if people.empty:
        return Groups("", "", float("nan"), pd.DataFrame())
    # of two questions that as many customers answered, the one that stands first
    question = max(people.index, key=lambda code: (people[code], -list(_QUESTIONS).index(code)))
    found = find_quadrants(scores, question, surveys=answers[answers["question_code"] == question])
    frame = found.frame.drop(columns=["score", "answer"])
    frame.insert(2, "meaning", frame["group"].map(MEANINGS))
    shown = suppress_small_groups(frame, role, figures=["share", "low", "high"], total_shown=True)
    return Groups(question, f"{_QUESTIONS[question]}, unhappy up to {question_limit(question):g}", found.score_limit, shown)


def read_checks(card: HonestyCard, role: str | None = None) -> pd.DataFrame:
    """The checks of the card as a table: of all customers first, then by segment.

    Returns
    -------
    DataFrame
        outcome, title, segment, customers, unhappy, state, is_better (null where not known), sentence, then the figures of
        :class:`cemlib.experience.honesty.OutcomeCheck`. From a manager, counts of few customers are hidden, and so is the sentence that names them.
    """
    rows = []
    for one in (*card.checks, *card.by_segment):
        rows.append({"outcome": one.outcome, "title": one.title, "segment": one.segment, "customers": one.customers, "unhappy": one.unhappy, "state": one.state,
                     "is_better": one.is_better, "sentence": one.sentence, **one.figures})
    columns = ["outcome", "title", "segment", "customers", "unhappy", "state", "is_better", "sentence"]
    frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
    if may_see_records(role) or frame.empty:
        return frame
    # where either side is small, the one tells the other
    k = settings().minimum_group
    few = frame[["customers", "unhappy"]].assign(rest=frame["customers"] - frame["unhappy"]).apply(lambda side: side.between(1, k - 1)).any(axis=1)
    frame["unhappy"] = frame["unhappy"].astype("float64").mask(few)
    frame["customers"] = frame["customers"].astype("float64").mask(few)
    frame["sentence"] = frame["sentence"].mask(few, frame["title"] + ": too few customers to be shown.")
    return frame


def read_fifths(card: HonestyCard, role: str | None = None) -> pd.DataFrame:
    """How many were unhappy among each fifth of the customers by score, for the outcome with most unhappy customers.

    Returns
    -------
    DataFrame
        title, score (mean), customers, share with low and high, is_suppressed; empty where there is no check.
    """
    judged = [one for one in card.checks if one.state == "ok"]
    if not judged:
        return pd.DataFrame(columns=["title", "score", "customers", "share", "low", "high", "is_suppressed"])
    one = max(judged, key=lambda check: check.unhappy)
    frame = one.groups.assign(title=one.title)
    bad = (frame["share"] * frame["customers"]).round()
    # hidden where either the unhappy or the others are few
    frame["_least"] = pd.concat([bad.where(bad > 0), (frame["customers"] - bad).where(lambda rest: rest > 0)], axis=1).min(axis=1)
    return suppress_small_groups(frame, role, subscribers="_least", figures=["share", "low", "high"], total_shown=True).drop(columns="_least")
