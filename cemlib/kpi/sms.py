"""Short messages."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Ratio

_MESSAGE = "message"


@kpi(table="message", unit="1", better=None, title="Messages", grain=_MESSAGE)
def sms_message_attempt_count():
    """How many messages were submitted.

    >>> work_example(sms_message_attempt_count, is_success=[True, False])
    (2, 2, 2)
    """
    return Count()


@kpi(table="message", unit="ratio", better="higher", title="Message delivery", grain=_MESSAGE,
     standard="ETSI TS 102 250-2 SMS end-to-end failure ratio, its complement (formula from memory, unverified)")
def sms_delivery_success_ratio():
    """Messages that were delivered, of all submitted; a message to a phone that was off counts as not delivered.

    >>> work_example(sms_delivery_success_ratio, is_success=[True, True, True, False])
    (3, 4, 0.75)
    """
    return Ratio(num=col("is_success"))


@kpi(table="message", unit="s", better="lower", title="Message delivery time, mean", grain=_MESSAGE,
     standard="ETSI TS 102 250-2 SMS end-to-end delivery time (formula from memory, unverified)")
def sms_delivery_mean():
    """Mean time from submission to delivery of the messages that were delivered.

    >>> work_example(sms_delivery_mean, is_success=[True, True, False], delivery_s=[2.0, 4.0, None])
    (6, 2, 3)
    """
    return Mean("delivery_s", where=col("is_success"), resolution=0.001)
