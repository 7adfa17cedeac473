"""The tables that KPIs are computed from: the enriched facts, and four that are derived from them."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import narwhals as nw

from cemlib.enrich.care import CONTACTS, subscriber_month_columns, subscriber_month_sql
from cemlib.enrich.episodes import episode_columns, episode_sql
from cemlib.enrich.facts import fact_columns, fact_sql
from cemlib.enrich.presence import roamer_day_columns, roamer_day_sql, use_columns, use_sql
from cemlib.enrich.windows import Windows, windows
from cemlib.errors import KpiError, UnknownNameError
from cemlib.schema import tables

if TYPE_CHECKING:
    from cemlib.lake import Lake

__all__ = ["PSEUDO_TABLES", "enriched", "enriched_schema", "event_columns", "registration_episode"]

_TYPES = {"string": nw.String(), "int64": nw.Int64(), "float64": nw.Float64(), "bool": nw.Boolean(), "timestamp": nw.Datetime("us"),
          "date": nw.Date()}

#: Derived tables: grain and event time.
PSEUDO_TABLES = {
    "registration_episode": ("episode of registration tries of one subscriber in one country", "first_attempted_at"),
    "roamer_day": ("subscriber x day x visited PLMN", "day_at"),
    "roamer_use": ("data session, call leg or message of a roamer", "used_at"),
    "subscriber_month": ("subscriber x month", "month_at"),
}


def event_columns(name: str) -> tuple[str, str | None]:
    """The event time of a table, and the end of its interval where it has one.

    Examples
    --------
    >>> event_columns("attachment"), event_columns("roamer_day")
    (('started_at', 'ended_at'), ('day_at', None))
    """
    if name in PSEUDO_TABLES:
        return PSEUDO_TABLES[name][1], None
    facts = {one.name: one for one in tables().values() if one.kind == "fact"}
    if name not in facts:
        raise UnknownNameError("table of events", name, [*facts, *PSEUDO_TABLES])
    return str(facts[name].event_at), "ended_at" if "ended_at" in facts[name].columns else None


def enriched_schema(name: str, time_zone: str | None = None) -> nw.Schema:
    """The columns of an enriched table and their types, known without reading anything; ``local_date`` needs a time zone.

    Raises
    ------
    UnknownNameError
        When there is no such table.

    Examples
    --------
    >>> enriched_schema("registration_episode")["attempts"]
    Int64
    """
    return nw.Schema({column: _TYPES[kind] for column, kind in _column_types(name, time_zone is not None).items()})


@functools.cache
def _column_types(name: str, is_local: bool = False) -> dict[str, str]:
    event_columns(name)
    derived = {"registration_episode": episode_columns, "roamer_day": roamer_day_columns, "roamer_use": use_columns,
               "subscriber_month": subscriber_month_columns}
    own = derived[name]() if name in derived else fact_columns(name)
    return own | {"local_date": "date"} if is_local else own


def enriched(lake: Lake, name: str, columns: Collection[str] | None = None, settings: Windows | None = None,
             time_zone: str | None = None, relation: str | None = None) -> nw.LazyFrame:
    """A fact, or a derived table, with what is known about it.

    A fact is not computed in advance: it is read with the joins that the asked columns need. What is dear to find (episodes, inferred
    steering, the days of roamers) is made once for each snapshot and then shared.

    Parameters
    ----------
    lake : Lake
    name : str
        A canonical fact table, or one of :data:`PSEUDO_TABLES`.
    columns : collection of str, optional
        The columns that are needed, of :func:`enriched_schema`; all by default.
    settings : Windows, optional
        Gap of episodes and window of inferred steering; the environment's by default.
    time_zone : str, optional
        An IANA name: the buckets are of its local time (minute5_at, minute15_at and hour_at are the UTC instants at which the local
        buckets begin), and ``local_date`` is there.
    relation : str, optional
        A view of some records of a fact (:meth:`cemlib.lake.Lake.show_part`) to read in place of all.

    Returns
    -------
    narwhals.LazyFrame
        As many records as the fact has. Which columns are added: :func:`cemlib.enrich.facts.fact_sql`.

    Raises
    ------
    UnknownNameError
        When there is no such table, column or time zone.
    KpiError
        For the days of roamers, and the months of subscribers, in local time: they are those of UTC.
    """
    known = _column_types(name, time_zone is not None)
    if time_zone is not None and name in ("roamer_day", "subscriber_month"):
        what = "The days of roamers are UTC days" if name == "roamer_day" else "The months of subscribers are UTC months"
        raise KpiError(f"{what}; they cannot be told in another time zone.", came=time_zone, todo="Evaluate this KPI without time_zone.")
    columns = list(known) if columns is None else columns
    for column in columns:
        if column not in known:
            raise UnknownNameError("column", column, known, where=f"table {name}")
    own = windows() if settings is None else settings
    if name == "registration_episode":
        sql = episode_sql(lake, own.episode_gap_min, own.steering_min, columns, time_zone)
    elif name == "roamer_day":
        sql = roamer_day_sql(lake, own.steering_min, columns)
    elif name == "subscriber_month":
        sql = subscriber_month_sql(lake, lambda fact: fact_sql(lake, fact, own.steering_min, ("subscriber_key", CONTACTS[fact])), columns)
    elif name == "roamer_use":
        sql = use_sql(lake, own.steering_min, columns, time_zone)
    else:
        sql = fact_sql(lake, name, own.steering_min, columns, time_zone, relation)
    return nw.from_native(lake.query(sql))


def registration_episode(lake: Lake, gap_min: int | None = None) -> nw.LazyFrame:
    """The registration episodes with another gap than the setting's.

    Raises
    ------
    KpiError
        When the lake has no registrations.
    """
    if not lake.has("registration"):
        raise KpiError("There are no registrations to make episodes of.", todo="Ingest a signalling feed.")
    own = windows()
    return enriched(lake, "registration_episode", settings=own if gap_min is None else replace(own, episode_gap_min=gap_min))
