"""Public posts: what is said, as the connector judged it."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Ratio

_POST = "public post"
_NEGATIVE = -0.3


@kpi(table="social_post", unit="1", better=None, title="Public posts", level="KEI", grain=_POST)
def social_post_seen_count():
    """How many posts were seen.

    >>> work_example(social_post_seen_count, sentiment_value=[0.5, None])
    (2, 2, 2)
    """
    return Count()


@kpi(table="social_post", unit="score", better="higher", title="Sentiment, mean", level="KEI", grain=_POST)
def social_sentiment_score_mean():
    """Mean sentiment, -1 to 1. People who post are no sample of customers.

    >>> work_example(social_sentiment_score_mean, sentiment_value=[0.5, -1.0, None])
    (-0.5, 2, -0.25)
    """
    return Mean("sentiment_value")


@kpi(table="social_post", unit="ratio", better="lower", title="Negative posts", level="KEI", grain=_POST)
def social_sentiment_negative_ratio():
    """Posts with a sentiment below -0.3, of all that were judged; the limit is our own judgement.

    >>> work_example(social_sentiment_negative_ratio, sentiment_value=[0.5, -1.0, -0.3, None])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("sentiment_value") < _NEGATIVE, den=~col("sentiment_value").is_null())
