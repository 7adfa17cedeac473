"""Ratings by customers: one question, five points."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Ratio

_ANSWER = "answer of one customer to the question call_rating_5 (1 bad … 5 good)"


def _asked():
    return col("question_code") == "call_rating_5"


@kpi(table="survey_answer", unit="1", better=None, title="Ratings", level="KEI", grain=_ANSWER)
def rating_answer_given_count():
    """How many ratings were given.

    >>> work_example(rating_answer_given_count, question_code=["call_rating_5", "call_rating_5", "nps_11"])
    (2, 3, 2)
    """
    return Count(_asked())


@kpi(table="survey_answer", unit="score", better="higher", title="Rating, mean", level="KEI", grain=_ANSWER)
def rating_score_mean():
    """Mean of the ratings, 1 to 5.

    >>> work_example(rating_score_mean, question_code=["call_rating_5"] * 4, score_value=[5.0, 4.0, 1.0, 4.0])
    (14, 4, 3.5)
    """
    return Mean("score_value", where=_asked())


@kpi(table="survey_answer", unit="ratio", better="lower", title="Dissatisfied", level="KEI", grain=_ANSWER)
def rating_dissatisfied_ratio():
    """Ratings of 1 or 2, of all ratings.

    >>> work_example(rating_dissatisfied_ratio, question_code=["call_rating_5"] * 4, score_value=[5.0, 2.0, 1.0, 3.0])
    (2, 4, 0.5)
    """
    return Ratio(num=col("score_value") <= 2, den=_asked() & ~col("score_value").is_null())


@kpi(table="survey_answer", unit="ratio", better="higher", title="Satisfied (top two boxes)", level="KEI", grain=_ANSWER,
     standard="own; top-two-box customer satisfaction as commonly used")
def rating_csat_ratio():
    """Ratings of 4 or 5, of all ratings.

    >>> work_example(rating_csat_ratio, question_code=["call_rating_5"] * 4, score_value=[5.0, 4.0, 1.0, 3.0])
    (2, 4, 0.5)
    """
    return Ratio(num=col("score_value") >= 4, den=_asked() & ~col("score_value").is_null())
