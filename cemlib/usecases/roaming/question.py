"""What is asked: the parameters of the view, checked against what the lake knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from cemlib.errors import ParameterError, nearest_names
from cemlib.kpi.selection import parse_instant
from cemlib.settings import ROLES, settings
from cemlib.usecases.roaming.services import SERVICES

__all__ = ["Question", "ask", "chosen_networks"]

DIRECTIONS = ("outbound", "inbound")
RATS = ("all", "2g", "3g", "4g", "5g")
HISTORY = dt.timedelta(days=35)
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Question:
    """The parameters of a view, checked.

    Attributes
    ----------
    direction, rat, service : str
    since, until : datetime
        The period, UTC, ``since <= t < until``, on whole hours.
    history_since : datetime
        From when the past is read for what is to be expected.
    country, partner, hub : str
        As asked; empty: not narrowed.
    role : str
    """

    direction: str
    rat: str
    service: str
    since: dt.datetime
    until: dt.datetime
    history_since: dt.datetime
    country: str
    partner: str
    hub: str
    role: str

    @property
    def where(self) -> dict:
        """The conditions on records that all figures share."""
        return {"direction_code": self.direction} | ({} if self.rat == "all" else {"rat_code": self.rat})


def one_of(name: str, value: str, choices: Iterable[str]) -> str:
    """The choice that a text means, whatever its case.

    Raises
    ------
    ParameterError
        Naming the nearest choices.
    """
    choices = [str(one) for one in choices]
    folded = {one.casefold(): one for one in choices}
    found = folded.get(str(value).strip().casefold())
    if found is None:
        near = nearest_names(value, choices)
        todo = "Did you mean " + " or ".join(map(repr, near)) + "?" if near else (
            "Choose one of: " + ", ".join(choices[:25]) + (" …" if len(choices) > 25 else "") if choices else "The lake knows none yet.")
        raise ParameterError(f"There is no {name} {value!r}.", came=repr(value), todo=todo)
    return found


def ask(*, direction: str, rat: str, service: str, days: int, until: str | dt.date | None, country: str, partner: str, hub: str,
        role: str | None, last_event_at: dt.datetime | None) -> Question:
    """Check the parameters and work out the period.

    Raises
    ------
    ParameterError
        For a value that is not a choice, a period outside 1 … 92 days, or a time that cannot be read.
    """
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= 92:
        raise ParameterError("days is the length of the period.", wanted="a whole number from 1 to 92", came=repr(days))
    end = parse_instant(until or None, "until")
    if (isinstance(until, dt.date) and not isinstance(until, dt.datetime)) or (isinstance(until, str) and len(until.strip()) == 10):
        end += dt.timedelta(days=1)  # a date means that the day is in the period
    if end is None:
        end = (last_event_at or dt.datetime(1970, 1, 2)) + dt.timedelta(microseconds=1)
    # on whole hours, so that hourly bins fill the period exactly
    floor = end.replace(minute=0, second=0, microsecond=0)
    end = floor if floor == end else floor + HOUR
    since = end - dt.timedelta(days=days)
    return Question(
        direction=one_of("direction", direction, DIRECTIONS), rat=one_of("rat", rat, RATS), service=one_of("service", service, SERVICES),
        since=since, until=end, history_since=min(end - HISTORY, since), country=str(country or "").strip(), partner=str(partner or "").strip(),
        hub=str(hub or "").strip(), role=one_of("role", role or settings().role, ROLES),
    )


def chosen_networks(question: Question, networks: pd.DataFrame) -> tuple[str, str, frozenset[str]]:
    """The networks that a country, partner or hub of the question means.

    Parameters
    ----------
    question : Question
    networks : DataFrame
        plmn, partner_code, partner_name, hub, country, country_name.

    Returns
    -------
    kind, code, plmns
        kind is "partner", "country", "hub" or "" (nothing chosen).

    Raises
    ------
    ParameterError
        For one that no network has, naming the nearest; or a partner that is not in the country or on the hub asked for.
    """
    kind, code, chosen = "", "", frozenset(networks["plmn"])
    for name, columns in (("hub", ("hub",)), ("country", ("country", "country_name")), ("partner", ("plmn", "partner_code", "network_name", "partner_name"))):
        asked = getattr(question, name)
        if not asked:
            continue
        choices = pd.unique(networks[list(columns)].stack())
        found = one_of(name, asked, choices)
        plmns = frozenset(networks.loc[(networks[list(columns)] == found).any(axis=1), "plmn"])
        if not plmns & chosen:
            raise ParameterError(f"The {name} {found!r} is not among the networks of the {kind} {code!r}.",
                                 todo=f"Leave out {kind} or {name}.")
        kind, code, chosen = name, found, plmns & chosen
    return kind, code, chosen
