"""The series that can be put side by side: KPIs by hour or day, counts of what customers say, alarms, and what is in the calendar."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cemlib.errors import UnknownNameError

__all__ = ["DEFAULT", "SERIES", "Source", "find_sources"]


@dataclass(frozen=True)
class Source:
    """One series.

    Attributes
    ----------
    code, title : str
        Its name in addresses and tables, and for readers.
    group : str
        network, roaming, customers, context.
    unit : str
    kpi : str
        The KPI it is; empty where records are counted.
    table : str
        The table whose records are counted, or that the KPI reads.
    where : dict
    at : str
        Column of event time, for counts.
    has_place : bool
        Whether its records know the country in which the customer was served.
    """

    code: str
    title: str
    group: str
    unit: str
    kpi: str = ""
    table: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    at: str = ""
    has_place: bool = False


def _kpi(code: str, title: str, group: str, unit: str, kpi: str, table: str, direction: str = "") -> Source:
    return Source(code, title, group, unit, kpi, table, {"direction": direction} if direction else {}, has_place=direction == "outbound")


#: All series by code.
SERIES: dict[str, Source] = {one.code: one for one in (
    _kpi("data_attempts", "Data sessions at home", "network", "1", "data_session_attempt_count", "data_session", "home"),
    _kpi("data_success", "Data setup success at home", "network", "ratio", "data_session_setup_success_ratio", "data_session", "home"),
    _kpi("data_delay", "Round-trip time at home", "network", "ms", "data_session_rtt_mean", "data_session", "home"),
    _kpi("voice_attempts", "Calls at home", "network", "1", "voice_call_attempt_count", "voice_call", "home"),
    _kpi("voice_success", "Call setup success at home", "network", "ratio", "voice_call_setup_success_ratio", "voice_call", "home"),
    _kpi("sms_success", "SMS delivery at home", "network", "ratio", "sms_delivery_success_ratio", "message", "home"),
    _kpi("roamers_attempts", "Registrations of our roamers", "roaming", "1", "roaming_registration_attempt_count", "registration", "outbound"),
    _kpi("roamers_success", "Registration success of our roamers", "roaming", "ratio", "roaming_registration_success_ratio", "registration", "outbound"),
    _kpi("roamers_rejects", "Rejects of our roamers", "roaming", "1", "roaming_registration_reject_count", "registration", "outbound"),
    _kpi("roamers_delay", "Round-trip time of our roamers", "roaming", "ms", "data_session_rtt_mean", "data_session", "outbound"),
    _kpi("guests_success", "Registration success of guests", "roaming", "ratio", "roaming_registration_success_ratio", "registration", "inbound"),
    _kpi("dissatisfied", "Dissatisfied ratings", "customers", "ratio", "rating_dissatisfied_ratio", "survey_answer"),
    _kpi("ratings", "Ratings given", "customers", "1", "rating_answer_given_count", "survey_answer"),
    Source("tickets", "Tickets", "customers", "1", table="ticket", at="opened_at"),
    Source("contacts", "Contacts with care", "customers", "1", table="interaction", at="occurred_at"),
    Source("posts", "Public posts", "customers", "1", table="social_post", at="occurred_at"),
    Source("alarms", "Alarms", "context", "1", table="alarm", at="opened_at"),
    Source("match", "Match being played", "context", "ratio", table="calendar_event", where={"event_code": "match"}, at="started_at"),
)}
#: What is looked at when nothing is chosen.
DEFAULT = ("data_attempts", "data_success", "data_delay", "voice_attempts", "voice_success", "roamers_attempts", "roamers_success", "guests_success",
           "dissatisfied", "ratings", "tickets", "contacts", "posts", "alarms", "match")


def find_sources(text: str) -> list[Source]:
    """The series that a comma-separated text names; "usual" is the default choice, "all" is every one.

    Raises
    ------
    UnknownNameError
        For a code that does not exist; the nearest are named.

    Examples
    --------
    >>> [one.title for one in find_sources("tickets, alarms")]
    ['Tickets', 'Alarms']
    """
    codes = [one.strip() for one in text.split(",") if one.strip()]
    if codes in ([], ["usual"]):
        return [SERIES[code] for code in DEFAULT]
    if codes == ["all"]:
        return list(SERIES.values())
    for code in codes:
        if code not in SERIES:
            raise UnknownNameError("series", code, SERIES, where="sources")
    return [SERIES[code] for code in dict.fromkeys(codes)]
