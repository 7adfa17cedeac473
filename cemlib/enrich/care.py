"""Contacts with customers: which one follows another, and how many there are for each subscriber and month."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["CONTACTS", "previous_contact", "subscriber_month_columns", "subscriber_month_sql"]

#: The facts in which a customer turns to us, and their event times.
CONTACTS = {"ticket": "opened_at", "interaction": "occurred_at"}

_PREVIOUS = """
SELECT record_id, round((epoch_us({at}) - epoch_us(lag({at}) OVER (PARTITION BY subscriber_key, category_code ORDER BY {at}, record_id))) / 1e3) / 1e3
       AS since_previous_s
FROM ({fact}) AS t WHERE subscriber_key IS NOT NULL
"""

# Tickets and contacts are counted over the days on which their feeds had any, and so are the days of a subscriber. A subscriber with
# several rows in a month (another plan) is one, with the last plan; rows that overlap do not make a month longer.
_MONTHS = """
WITH contacts AS ({contacts}),
span AS (SELECT min(CAST(contacted_at AS DATE)) AS first_day, max(CAST(contacted_at AS DATE)) AS last_day FROM contacts),
listed AS (SELECT days_between(first_day, last_day) AS days FROM span WHERE first_day IS NOT NULL),
days AS (SELECT explode(days) AS day_date FROM listed),
months AS (
    SELECT CAST(date_trunc('month', day_date) AS DATE) AS month_date, CAST(min(day_date) AS TIMESTAMP) AS from_at,
           CAST(max(day_date) AS TIMESTAMP) + INTERVAL 1 DAY AS until_at
    FROM days GROUP BY CAST(date_trunc('month', day_date) AS DATE)
),
held AS (
    SELECT s.subscriber_key, m.month_date, s.subscriber_kind_code, coalesce(s.plan_code, '') AS plan_code, s.valid_from_at, m.from_at, m.until_at,
           epoch_us(least(coalesce(s.valid_to_at, m.until_at), m.until_at)) - epoch_us(greatest(s.valid_from_at, m.from_at)) AS held_us
    FROM subscriber AS s JOIN months AS m ON s.valid_from_at < m.until_at AND (s.valid_to_at IS NULL OR s.valid_to_at > m.from_at)
    WHERE s.status_code <> 'ended' AND s.subscriber_kind_code <> 'inbound_roamer'
),
subscribers AS (
    SELECT subscriber_key, month_date, max_by(subscriber_kind_code, valid_from_at) AS subscriber_kind_code,
           nullif(max_by(plan_code, valid_from_at), '') AS plan_code,
           least(CAST(round(sum(held_us) / 864e8) AS BIGINT), CAST(round(max(epoch_us(until_at) - epoch_us(from_at)) / 864e8) AS BIGINT)) AS held_days
    FROM held GROUP BY subscriber_key, month_date
),
counted AS (
    SELECT subscriber_key, CAST(date_trunc('month', CAST(contacted_at AS DATE)) AS DATE) AS month_date, CAST(sum(is_ticket) AS BIGINT) AS tickets,
           CAST(sum(1 - is_ticket) AS BIGINT) AS contacts
    FROM contacts WHERE subscriber_key IS NOT NULL GROUP BY subscriber_key, CAST(date_trunc('month', CAST(contacted_at AS DATE)) AS DATE)
)
SELECT s.subscriber_key, CAST(s.month_date AS TIMESTAMP) AS month_at, s.month_date, s.month_date AS event_date, s.month_date AS day_date,
       s.subscriber_kind_code, s.plan_code, s.held_days, coalesce(c.tickets, 0) AS ticket_count, coalesce(c.contacts, 0) AS contact_count
FROM subscribers AS s LEFT JOIN counted AS c ON c.subscriber_key = s.subscriber_key AND c.month_date = s.month_date
"""
_COLUMNS = {"subscriber_key": "string", "month_at": "timestamp", "month_date": "date", "event_date": "date", "day_date": "date",
            "subscriber_kind_code": "string", "plan_code": "string", "held_days": "int64", "ticket_count": "int64", "contact_count": "int64"}


def previous_contact(lake: Lake, name: str, find_contacts: Callable[[], str]) -> str:
    """record_id -> seconds since the same subscriber's contact before, of the same category; each record once. Returns the relation's name."""
    relation = f"enrich_previous_{name}"
    if not lake.is_materialized(relation):
        lake.materialize(relation, _PREVIOUS.format(fact=find_contacts(), at=CONTACTS[name]))
    return relation


def subscriber_month_columns() -> dict[str, str]:
    """Every column of a subscriber's month and its type."""
    return dict(_COLUMNS)


def subscriber_month_sql(lake: Lake, find_contacts: Callable[[str], str], columns: Collection[str] | None = None) -> str:
    """The SQL of subscriber x month with tickets and contacts, found once for each snapshot.

    ``held_days``: the days of the month on which the subscription was held and the feeds of contacts ran. A ticket of somebody who is not in
    the table of subscribers counts nowhere. Cardinality of the join to the counts: one-to-one. ``find_contacts`` gives the SQL of a fact of
    :data:`CONTACTS` with subscriber and event time.
    """
    name = "enrich_subscriber_month"
    if not lake.is_materialized(name):
        contacts = " UNION ALL ".join(f"SELECT subscriber_key, {at} AS contacted_at, {int(fact == 'ticket')} AS is_ticket FROM ({find_contacts(fact)}) AS t"
                                      for fact, at in CONTACTS.items())
        lake.materialize(name, _MONTHS.format(contacts=contacts))
    return f"SELECT {', '.join(f'f.{one}' for one in (_COLUMNS if columns is None else columns))} FROM {name} AS f"
