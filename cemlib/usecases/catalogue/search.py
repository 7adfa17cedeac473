"""Words of the catalogue: those that were meant where nothing was found, and what a definition's standard is worth."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cemlib.errors import nearest_names
from cemlib.kpi import Kpi

__all__ = ["standing_of", "suggest_words"]

_WORD = re.compile(r"\w+")


def suggest_words(known: Mapping[str, Kpi], words: str) -> list[str]:
    """Words of codes and titles that are written almost as the ones asked for.

    Examples
    --------
    >>> from cemlib.kpi import catalogue
    >>> suggest_words(catalogue(), "delivry of SMS")
    ['delivery']
    """
    vocabulary = {word for code, one in known.items() for word in _words(code.replace("_", " ") + " " + one.title)}
    found = [near for asked in _words(words) if asked not in vocabulary for near in nearest_names(asked, vocabulary, 1)]
    return list(dict.fromkeys(found))


def standing_of(one: Kpi) -> str:
    """Whether a definition is our own, cites a text that was read, or one that was not.

    Examples
    --------
    >>> from cemlib.kpi import find_kpi
    >>> standing_of(find_kpi("sms_message_attempt_count")), standing_of(find_kpi("sms_delivery_success_ratio"))
    ('own', 'unverified')
    """
    if not one.is_verified:
        return "unverified"
    return "own" if one.standard.casefold().startswith("own") else "cited"


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
