"""The 2x2 view: what customers say against what the index says, four named groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cemlib.errors import CallError, ParameterError, UnknownNameError
from cemlib.experience.outcomes import question_limit, read_surveys
from cemlib.kpi.interval import bound_ratio

if TYPE_CHECKING:
    from cemlib.experience.scoring import ExperienceScores

__all__ = ["GROUPS", "Quadrants", "find_quadrants"]

#: Name of a group to its title: what is said, then what the index says.
GROUPS = {
    "unhappy_explained": "Unhappy, and what they had was poor",
    "unhappy_otherwise": "Unhappy for another reason",
    "content_regardless": "Content though what they had was poor",
    "content_explained": "Content, and what they had was good",
}


@dataclass(frozen=True, eq=False)
class Quadrants:
    """Customers who answered, in four groups.

    Attributes
    ----------
    question : str
    answer_limit : float
        An answer up to this is unhappy.
    score_limit : float
        A score below this is poor.
    frame : DataFrame
        A row for each of :data:`GROUPS`: group, title, subscribers, share, low, high (Wilson), mean score and answer; null means that nobody is in it.
    customers : DataFrame
        subscriber_key, score, answer, group.
    """

    question: str
    answer_limit: float
    score_limit: float
    frame: pd.DataFrame = field(repr=False)
    customers: pd.DataFrame = field(repr=False)


def find_quadrants(scores: ExperienceScores, question: str = "nps_11", *, surveys: pd.DataFrame | None = None, score_limit: float | None = None) -> Quadrants:
    """Put those who answered into the four groups.

    Parameters
    ----------
    scores : ExperienceScores
        Of single customers.
    question : str
    surveys : DataFrame, optional
        ``subscriber_key`` and ``score_value``; the lake's answers within the window by default.
    score_limit : float, optional
        Half of those who answered lie below by default (their median), so that the groups compare customers with each other.

    Raises
    ------
    CallError
        For scores of something else than customers.
    UnknownNameError
        For a question whose scale is not known, or a column that is not there.
    """
    if scores.by != "subscriber_key":
        raise CallError("Answers are given by customers.", wanted='scores by "subscriber_key"', came=scores.by)
    limit = question_limit(question)
    if surveys is None:
        evidence = scores.evidence
        if evidence.lake is None:
            raise CallError("There is no lake to read answers from.", todo="Give surveys=.")
        rows = read_surveys(evidence.lake, evidence.date_of(evidence.since), evidence.date_of(evidence.until))
        surveys = rows[rows["question_code"] == question]
    for name in ("subscriber_key", "score_value"):
        if name not in surveys:
            raise UnknownNameError("column among the answers", name, surveys.columns)
    answers = surveys.groupby("subscriber_key")["score_value"].mean().astype(float)
    found = pd.DataFrame({"subscriber_key": scores.keys, "score": scores.weighed.score, "answer": answers.reindex(scores.keys).to_numpy()}).dropna().reset_index(drop=True)
    if score_limit is not None and not 0 <= score_limit <= 100:
        raise ParameterError("The limit of the score is off its scale.", wanted="0 … 100", came=str(score_limit))
    split = float(found["score"].median()) if score_limit is None and len(found) else float(score_limit or 0.0)
    unhappy, poor = found["answer"] <= limit, found["score"] < split
    names = list(GROUPS)
    found["group"] = np.select([unhappy & poor, unhappy & ~poor, ~unhappy & poor], names[:3], names[3])
    table = found.groupby("group").agg(subscribers=("score", "size"), score=("score", "mean"), answer=("answer", "mean")).reindex(names)
    table["subscribers"] = table["subscribers"].fillna(0).astype(int)
    total = len(found)
    table["share"] = table["subscribers"] / total if total else np.nan
    table["low"], table["high"] = bound_ratio(table["subscribers"], np.full(len(table), total))
    frame = table.reset_index().assign(title=list(GROUPS.values()))[["group", "title", "subscribers", "share", "low", "high", "score", "answer"]]
    return Quadrants(question, limit, split, frame, found)
