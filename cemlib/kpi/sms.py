"""Short messages."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Mean, Quantile, Ratio

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


@kpi(table="message", unit="ratio", better="higher", title="Message delivery by the network", grain=_MESSAGE,
     standard="own; a phone that was off or full is no fault of the network")
def sms_delivery_network_ratio():
    """Messages that were delivered, of all that the network could deliver: those that failed at the user are left out.

    >>> work_example(sms_delivery_network_ratio, is_success=[True, True, False, False], area_code=[None, None, "user", "routing"])
    (2, 3, 0.666667)
    """
    by_user = (col("area_code") == "user") & ~col("area_code").is_null()
    return Ratio(num=col("is_success"), den=~by_user)


@kpi(table="message", unit="ratio", better="higher", title="Messages in time (within 30 s)", level="KQI", grain=_MESSAGE)
def sms_delivery_timely_ratio():
    """Messages that were delivered within 30 s, of all submitted; the limit is our own judgement.

    >>> work_example(sms_delivery_timely_ratio, delivery_s=[2.0, 30.0, 31.0, None])
    (2, 4, 0.5)
    """
    return Ratio(num=col("delivery_s") <= 30.0)


@kpi(table="message", unit="s", better="lower", title="Message delivery time, 95 % quantile", level="KQI", grain=_MESSAGE)
def sms_delivery_p95():
    """The delivery time that one message of twenty exceeds.

    Of 0, 1 … 20 s:

    >>> work_example(sms_delivery_p95, is_success=[True] * 21, delivery_s=[float(one) for one in range(21)])
    (None, 21, 19)
    """
    return Quantile("delivery_s", 0.95, where=col("is_success"))
