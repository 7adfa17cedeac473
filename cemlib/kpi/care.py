"""Customer care: tickets and contacts, how many for each subscriber, how often again, how long."""

from __future__ import annotations

from narwhals import col

from cemlib.kpi.definition import kpi
from cemlib.kpi.example import work_example as work_example  # for the worked examples below
from cemlib.kpi.parts import Count, Distinct, Mean, Quantile, Ratio, SumRatio

_TICKET, _CONTACT = "ticket", "contact with the customer"
_MONTH = "subscriber x month"
_DAY_S = 86_400.0
#: The days of a month, on average: 365.25 / 12.
_MONTH_DAYS = 30.4375
_AGAIN = "own; the window is a usual one"


@kpi(table="ticket", unit="1", better="lower", title="Tickets", grain=_TICKET)
def care_ticket_opened_count():
    """How many tickets were opened.

    >>> work_example(care_ticket_opened_count, category_code=["coverage", "bill"])
    (2, 2, 2)
    """
    return Count()


@kpi(table="ticket", unit="subscriber", better="lower", title="Customers with a ticket", level="KEI", grain=_TICKET)
def care_ticket_customer_count():
    """Different subscribers of whom a ticket was opened.

    >>> work_example(care_ticket_customer_count, subscriber_key=["a", "a", "b", None])
    (2, 4, 2)
    """
    return Distinct("subscriber_key")


@kpi(table="subscriber_month", unit="1/1000", better="lower", title="Tickets per 1,000 subscribers and month", level="KQI", grain=_MONTH)
def care_ticket_subscriber_rate():
    """Tickets for each 1,000 subscribers and month of 30.4375 days, over the days on which subscriptions were held and the feed ran.

    Two tickets in 1,000 days are 60.875:

    >>> work_example(care_ticket_subscriber_rate, ticket_count=[0, 2, 0, 0], held_days=[250, 250, 250, 250])
    (2, 1000, 60.875)
    """
    return SumRatio("ticket_count", "held_days", errors="linearised", num_resolution=1.0, den_resolution=1.0, scale=1000 * _MONTH_DAYS)


@kpi(table="subscriber_month", unit="1/1000", better="lower", title="Contacts per 1,000 subscribers and month", level="KQI", grain=_MONTH)
def care_contact_subscriber_rate():
    """Contacts for each 1,000 subscribers and month of 30.4375 days.

    >>> work_example(care_contact_subscriber_rate, contact_count=[1, 3, 0, 0], held_days=[250, 250, 250, 250])
    (4, 1000, 121.75)
    """
    return SumRatio("contact_count", "held_days", errors="linearised", num_resolution=1.0, den_resolution=1.0, scale=1000 * _MONTH_DAYS)


@kpi(table="ticket", unit="ratio", better="lower", title="Repeated tickets (within 30 days)", level="KQI", grain=_TICKET, standard=_AGAIN)
def care_ticket_repeat_ratio():
    """Tickets that follow another of the same subscriber and category within 30 days, of all whose subscriber is known.

    The first of somebody (empty) and one after 40 days are no repeats:

    >>> work_example(care_ticket_repeat_ratio, subscriber_key=["a", "a", "b", "b", None], since_previous_s=[None, 86400.0, None, 40 * 86400.0, None])
    (1, 4, 0.25)
    """
    return Ratio(num=col("since_previous_s") <= 30 * _DAY_S, den=~col("subscriber_key").is_null())


@kpi(table="ticket", unit="s", better="lower", title="Time to solve a ticket, mean", level="KQI", grain=_TICKET)
def care_ticket_solve_mean():
    """Mean time from opening to closing, of the tickets that were closed.

    >>> work_example(care_ticket_solve_mean, duration_s=[3600.0, 7200.0, None])
    (10800, 2, 5400)
    """
    return Mean("duration_s", resolution=1.0)


@kpi(table="ticket", unit="s", better="lower", title="Time to solve a ticket, median", level="KQI", grain=_TICKET)
def care_ticket_solve_median():
    """The time within which half of the closed tickets were solved.

    >>> work_example(care_ticket_solve_median, duration_s=[3600.0, 7200.0, 900000.0])
    (None, 3, 7200)
    """
    return Quantile("duration_s", 0.5)


@kpi(table="interaction", unit="1", better=None, title="Contacts", grain=_CONTACT)
def care_contact_made_count():
    """How many contacts there were.

    >>> work_example(care_contact_made_count, channel_code=["phone", "chat"])
    (2, 2, 2)
    """
    return Count()


@kpi(table="interaction", unit="ratio", better="lower", title="Repeated contacts (within 7 days)", level="KQI", grain=_CONTACT, standard=_AGAIN)
def care_contact_repeat_ratio():
    """Contacts that follow another of the same subscriber and category within 7 days, of all whose subscriber is known.

    >>> work_example(care_contact_repeat_ratio, subscriber_key=["a", "a", "b"], since_previous_s=[None, 86400.0, None])
    (1, 3, 0.333333)
    """
    return Ratio(num=col("since_previous_s") <= 7 * _DAY_S, den=~col("subscriber_key").is_null())
