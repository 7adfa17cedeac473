"""Surveys: net promoter, satisfaction and effort. The net promoter score itself is a difference of two of these shares.

``nps_11`` asks 0 … 10 how likely one is to recommend, ``csat_5`` 1 … 5 how satisfied one is, ``ces_7`` 1 … 7 how easy it was.
The score is 100 (promoters - detractors); its interval is :func:`cemlib.kpi.interval.bound_net_share` on the parts of both shares.
"""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Mean, Ratio

_ANSWER = "answer of one customer to one question"
_NPS = "own; net promoter classes as commonly used (0 to 6, 7 and 8, 9 and 10)"


def _answered(question: str):
    return (col("question_code") == question) & ~col("score_value").is_null()


@kpi(table="survey_answer", unit="ratio", better="higher", title="Promoters (9 or 10 of 10)", level="KEI", grain=_ANSWER, standard=_NPS)
def survey_nps_promoter_ratio():
    """Answers of 9 or 10, of all answers to the question nps_11.

    >>> work_example(survey_nps_promoter_ratio, question_code=["nps_11"] * 4 + ["csat_5"], score_value=[10.0, 8.0, 3.0, None, 5.0])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("score_value") >= 9, den=_answered("nps_11"))


@kpi(table="survey_answer", unit="ratio", better="lower", title="Detractors (0 to 6 of 10)", level="KEI", grain=_ANSWER, standard=_NPS)
def survey_nps_detractor_ratio():
    """Answers of 0 to 6, of all answers to the question nps_11.

    >>> work_example(survey_nps_detractor_ratio, question_code=["nps_11"] * 4, score_value=[10.0, 7.0, 6.0, 0.0])
    (2, 4, 0.5)
    """
    return Ratio(num=col("score_value") <= 6, den=_answered("nps_11"))


@kpi(table="survey_answer", unit="ratio", better="higher", title="Satisfied customers (top two boxes)", level="KEI", grain=_ANSWER,
     standard="own; top-two-box customer satisfaction as commonly used")
def survey_csat_ratio():
    """Answers of 4 or 5, of all answers to the question csat_5.

    >>> work_example(survey_csat_ratio, question_code=["csat_5"] * 4, score_value=[5.0, 4.0, 3.0, 1.0])
    (2, 4, 0.5)
    """
    return Ratio(num=col("score_value") >= 4, den=_answered("csat_5"))


@kpi(table="survey_answer", unit="score", better="higher", title="Customer effort score, mean", level="KEI", grain=_ANSWER,
     standard="own; customer effort score as commonly used (1 hard … 7 easy)")
def survey_ces_mean():
    """Mean answer to the question ces_7: how easy it was to get it solved.

    >>> work_example(survey_ces_mean, question_code=["ces_7"] * 3 + ["csat_5"], score_value=[7.0, 5.0, 3.0, 1.0])
    (15, 3, 5)
    """
    return Mean("score_value", where=col("question_code") == "ces_7")
