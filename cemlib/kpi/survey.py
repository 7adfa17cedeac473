"""Surveys: net promoter, satisfaction and effort.

``nps_11`` asks 0 … 10 how likely one is to recommend, ``csat_5`` 1 … 5 how satisfied one is, ``ces_7`` 1 … 7 how easy it was.
The net promoter score is 100 (promoters - detractors); its interval is adjusted Wald (:func:`cemlib.kpi.interval.bound_net_share`).
"""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, NetShare, Ratio

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


@kpi(table="survey_answer", unit="point", better="higher", title="Net promoter score (NPS)", level="KEI", grain=_ANSWER, standard=_NPS)
def survey_nps_score():
    """Promoters (9 and 10) less detractors (0 to 6), of all answers to the question nps_11, in points of 100.

    Two promoters, one passive, one detractor: 25 points.

    >>> work_example(survey_nps_score, question_code=["nps_11"] * 4 + ["csat_5"], score_value=[10.0, 9.0, 7.0, 3.0, 1.0])
    (1, 4, 0.25)
    """
    return NetShare(up=col("score_value") >= 9, down=col("score_value") <= 6, den=_answered("nps_11"))


@kpi(table="survey_answer", unit="1", better=None, title="Survey answers", level="KEI", grain=_ANSWER)
def survey_answer_given_count():
    """How many answers to any question were given.

    >>> work_example(survey_answer_given_count, score_value=[10.0, None])
    (1, 2, 1)
    """
    return Count(~col("score_value").is_null())


@kpi(table="survey_answer", unit="score", better="higher", title="Customer satisfaction, mean", level="KEI", grain=_ANSWER)
def survey_csat_mean():
    """Mean answer to the question csat_5, 1 to 5.

    >>> work_example(survey_csat_mean, question_code=["csat_5"] * 2 + ["nps_11"], score_value=[5.0, 2.0, 10.0])
    (7, 2, 3.5)
    """
    return Mean("score_value", where=col("question_code") == "csat_5")


@kpi(table="survey_answer", unit="ratio", better="lower", title="Dissatisfied customers (lowest two boxes)", level="KEI", grain=_ANSWER,
     standard="own; bottom-two-box customer satisfaction as commonly used")
def survey_csat_low_ratio():
    """Answers of 1 or 2, of all answers to the question csat_5.

    >>> work_example(survey_csat_low_ratio, question_code=["csat_5"] * 4, score_value=[5.0, 2.0, 1.0, 3.0])
    (2, 4, 0.5)
    """
    return Ratio(num=col("score_value") <= 2, den=_answered("csat_5"))


@kpi(table="survey_answer", unit="ratio", better="lower", title="High effort (1 to 3 of 7)", level="KEI", grain=_ANSWER)
def survey_ces_hard_ratio():
    """Answers of 1 to 3, of all answers to the question ces_7: it was hard.

    >>> work_example(survey_ces_hard_ratio, question_code=["ces_7"] * 4, score_value=[7.0, 3.0, 1.0, 4.0])
    (2, 4, 0.5)
    """
    return Ratio(num=col("score_value") <= 3, den=_answered("ces_7"))
