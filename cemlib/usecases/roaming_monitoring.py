"""Roaming monitoring and troubleshooting, the minimum view as plain data: which partners are failing our roamers, and why?

Partners are judged by their registrations (or data sessions, calls, messages) against a band that follows from their own past
and from the other partners, never by a bare rate; what was rejected on purpose is no failure; small partners are not ranked.
"""

from __future__ import annotations

import datetime as dt

from cemlib.usecases.roaming.compose import compose_view, empty_view
from cemlib.usecases.roaming.now import feed_delay
from cemlib.usecases.roaming.question import ask, chosen_networks
from cemlib.usecases.roaming.reader import RoamingReader
from cemlib.usecases.roaming.services import SERVICES
from cemlib.usecases.roaming.view import QUESTION, RoamingCard, RoamingView, Selection

__all__ = ["QUESTION", "RoamingCard", "RoamingView", "Selection", "monitor_roaming"]

_TABLES = {"registration": "registration", "data": "data_session", "voice": "voice_call", "sms": "message"}


def monitor_roaming(
    lake, *, direction: str = "outbound", rat: str = "all", service: str = "registration", days: int = 7, until: str | dt.date | None = None,
    country: str = "", partner: str = "", hub: str = "", role: str | None = None,
) -> RoamingView:
    """Compute the view.

    Parameters
    ----------
    lake : Lake
    direction : {"outbound", "inbound"}
        Our SIMs elsewhere, or the partners' SIMs with us.
    rat : {"all", "2g", "3g", "4g", "5g"}
    service : {"registration", "data", "voice", "sms"}
        By what partners are judged.
    days : int
        Length of the period, 1 to 92.
    until : str or date, optional
        End of the period, UTC: a time, or a day that is still in it; by default the end of the service's data, on the full hour.
    country, partner, hub : str
        What the detail is about: an ISO code or name, a PLMN, partner code or name, a hub; by default the worst partner. The tables
        of partners and countries stay whole.
    role : {"manager", "analyst", "care"}, optional
        The settings' by default. A manager sees no figures of groups below the minimum, no pseudonyms and no records.

    Returns
    -------
    RoamingView

    Raises
    ------
    ParameterError
        For a partner, country, hub, direction … that does not exist (the nearest are named), and a period that cannot be.
    """
    table = _TABLES.get(str(service).strip().casefold(), "registration")
    freshness = lake.freshness()
    delay = feed_delay(freshness, table) if len(freshness) else {}
    last = delay["last_event_at"].to_pydatetime(warn=False) if delay else None
    question = ask(direction=direction, rat=rat, service=service, days=days, until=until, country=country, partner=partner, hub=hub, role=role,
                   last_event_at=last)
    reader = RoamingReader(lake, question)
    kind, code, plmns = chosen_networks(question, reader.networks)
    if not delay:
        return empty_view(reader, SERVICES[question.service], delay, f"The lake has no {SERVICES[question.service].events} yet.")
    return compose_view(reader, SERVICES[question.service], (kind, code, plmns), delay)
