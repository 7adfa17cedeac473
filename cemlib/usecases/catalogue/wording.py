"""The words of the catalogue: codes as a reader says them, and the sentences that answer the question, computed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.kpi.describe import Description
from cemlib.units import MISSING, format_value, scale_value, shown_unit
from cemlib.usecases.period import ALL

__all__ = ["EXACT", "STANDINGS", "STATE_WORDS", "answer_sentences", "better_label", "fact_words", "figure_words", "period_words", "service_label"]

#: What stands where a figure has no interval, since it was counted.
EXACT = "exact count"
STATE_WORDS = {"ok": "can be judged", "too_few": "too few", "no_data": "no data", "suppressed": "hidden: too few customers", "failed": "could not be computed"}
STANDINGS = {"cited": "standard read", "unverified": "unverified", "own": "own definition"}
_SERVICES = {"sms": "SMS", "iptv": "IPTV", "iot": "NB-IoT", "nbiot": "NB-IoT", "wifi": "Wi-Fi", "idd": "IDD", "sla": "SLA", "volte": "VoLTE"}


def service_label(code: str) -> str:
    """A service as a reader says it.

    Examples
    --------
    >>> service_label("sms"), service_label("speed_test")
    ('SMS', 'speed test')
    """
    return _SERVICES.get(code, code.replace("_", " "))


def better_label(better: str | None) -> str:
    """Which direction is better.

    Examples
    --------
    >>> better_label("higher"), better_label(None)
    ('higher is better', 'neither is better')
    """
    return f"{better} is better" if better else "neither is better"


def unit_words(unit: str) -> str:
    """The unit as a reader sees it; a count says so."""
    return shown_unit(unit) or {"1": "count", "subscriber": "subscribers", "score": "score", "currency": "amount of money"}.get(unit, unit)


def fact_words(told: Description) -> dict[str, str]:
    """What is declared of a KPI, for a reader."""
    return {"Level": told.level, "Unit": unit_words(told.unit), "Direction": better_label(told.better), "Service": service_label(told.service),
            "One record": told.grain, "Standard": told.standard, "Interval": f"95 %, {told.interval}", "Too few": told.too_few, "Version": told.version}


def figure_words(row: Mapping, unit: str) -> tuple[str, str]:
    """A figure and its interval as shown; a figure that cannot be judged is a dash and says why.

    Examples
    --------
    >>> figure_words({"state": "ok", "value": 0.981, "low": 0.979, "high": 0.983}, "ratio")
    ('98.1 %', '97.9 – 98.3')
    >>> figure_words({"state": "ok", "value": 0.00449, "low": 0.0038, "high": 0.0053}, "ratio")
    ('0.45 %', '0.38 – 0.53')
    >>> figure_words({"state": "ok", "value": 62633.25, "low": 57392.6, "high": 67873.9}, "s")
    ('62,633 s', '57,393 – 67,874')
    >>> figure_words({"state": "too_few", "value": 0.5, "low": 0.1, "high": 0.9}, "ratio")
    ('—', 'too few')
    """
    if row["state"] != "ok":
        return MISSING, STATE_WORDS[row["state"]]
    low, high = scale_value(row["low"], unit), scale_value(row["high"], unit)
    if low is None or high is None:
        return format_value(row["value"], unit), EXACT
    decimals = _enough_decimals(high - low, row["value"], unit)
    ends = (format_value(one, unit, with_unit=False, decimals=decimals) for one in (row["low"], row["high"]))
    return format_value(row["value"], unit, decimals=decimals), " – ".join(ends)


def _enough_decimals(width: float, value: float, unit: str) -> int:
    """As many decimals as such a figure has, or more where the interval is so narrow that its ends would look alike."""
    usual = len(format_value(value, unit, with_unit=False).partition(".")[2])
    return max(usual, min(usual + 3, math.ceil(-math.log10(width / 2)))) if width > 0 else usual


def period_words(window: tuple[dt.date, dt.date] | None) -> str:
    """The days of the figures.

    Examples
    --------
    >>> period_words((dt.date(2026, 3, 1), dt.date(2026, 3, 8))), period_words(None)
    ('2026-03-01 to 2026-03-07 UTC', 'no records')
    """
    if window is None:
        return "no records"
    return f"{window[0]} to {window[1] - dt.timedelta(days=1)} UTC"


def answer_sentences(entries: pd.DataFrame, counts: Mapping[str, int], chosen: Mapping[str, str], period: str, near: Sequence[str]) -> list[str]:
    """How many definitions there are, how many have a figure now, and what their standards are worth."""
    rest = [f"{counts[name]} {words}" for name, words in (("too_few", "with too few records"), ("no_data", "with none"), ("suppressed", "hidden for too few customers"),
            ("failed", "not computed")) if counts[name]]
    first = f"**{counts['all']} definitions in {counts['services']} services; {counts['ok']} have a figure now** ({period})"
    first += f", {_listed(rest)}." if rest else "."
    second = (f"{counts['own']} are our own, {counts['cited']} {'follows' if counts['cited'] == 1 else 'follow'} a standard that was read, and "
              f"{counts['unverified']} {'names' if counts['unverified'] == 1 else 'name'} one whose text was not read: marked unverified.")
    return [first, second, *_found_sentence(counts, chosen, near)]


def _found_sentence(counts: Mapping[str, int], chosen: Mapping[str, str], near: Sequence[str]) -> list[str]:
    filters = [name for name in ("service", "level", "standard", "now") if chosen[name] != ALL]
    if not chosen["search"] and not filters:
        return []
    asked = f"“{chosen['search']}”" if chosen["search"] else "the filters"
    asked += " within the filters" if chosen["search"] and filters else ""
    if counts["found"]:
        return [f"{counts['found']} fit {asked}." if counts["found"] > 1 else f"1 fits {asked}."]
    return [f"None fits {asked}." + (f" Did you mean {_listed(near, 'or')}?" if near else "")]


def _listed(parts: Sequence[str], last: str = "and") -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + f" {last} {parts[-1]}"
