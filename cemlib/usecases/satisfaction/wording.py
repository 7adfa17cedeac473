"""The words of the view: parts of a score as a reader says them, and the sentences that answer the question, computed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.experience import SatisfactionIndex
from cemlib.kpi import find_kpi
from cemlib.units import MISSING, format_value

__all__ = ["BAND_WORDS", "FACET_WORDS", "answer_sentences", "headline_check", "honest_sentences", "points_text", "score_text", "service_label", "term_label", "weight_label"]

FACET_WORDS = {"quality": "had", "expectation": "against expectation", "memory": "remembered", "price": "the bill against the usual one"}
BAND_WORDS = {"unhappy": "unhappy", "between": "between", "content": "content"}
_TITLES = {"quality": "What was had", "expectation": "Against expectation", "memory": "What is remembered", "price": "Price"}
_SERVICES = {"sms": "SMS", "iptv": "IPTV", "iot": "NB-IoT"}


def service_label(code: str) -> str:
    """A service as a reader says it.

    Examples
    --------
    >>> service_label("data"), service_label("sms")
    ('data', 'SMS')
    """
    return _SERVICES.get(code, code.replace("_", " "))


def term_label(term: str) -> str:
    """A term of a score, such as ``memory:sms_delivery_mean``, as a reader says it.

    Examples
    --------
    >>> term_label("memory:sms_delivery_success_ratio"), term_label("price")
    ('Message delivery, remembered', 'The bill against the usual one')
    """
    facet, _, code = term.partition(":")
    return f"{find_kpi(code).title}, {FACET_WORDS[facet]}" if code else FACET_WORDS[facet].capitalize()


def weight_label(name: str) -> str:
    """What a slider moves.

    Examples
    --------
    >>> weight_label("memory"), weight_label("voice")
    ('What is remembered', 'Voice')
    """
    label = _TITLES.get(name) or service_label(name)
    return label[0].upper() + label[1:]


def score_text(value: float | None) -> str:
    """A score, or a dash.

    Examples
    --------
    >>> score_text(78.31), score_text(None)
    ('78.3', '—')
    """
    return MISSING if value is None or math.isnan(value) else f"{value:.1f}"


def points_text(value: float | None) -> str:
    """Points with their sign.

    Examples
    --------
    >>> points_text(1.234), points_text(-0.04), points_text(-2.0)
    ('+1.2', '0.0', '−2.0')
    """
    if value is None or math.isnan(value):
        return MISSING
    text = f"{abs(value):.1f}"
    return text if float(text) == 0 else ("+" if value > 0 else "−") + text


def answer_sentences(index: SatisfactionIndex, mean: Mapping[str, float], bands: pd.DataFrame, counts: Mapping[str, int], drivers: pd.DataFrame, honest: Sequence[str]) -> list[str]:
    """How content customers are; what costs most; whether the index is any good."""
    if not mean["n"]:
        return ["No customer has enough records for a score."]
    share = bands.set_index("band")["share_ratio"]
    limits, n = index.thresholds, f"{mean['n']:,} customers"
    told = [f"{format_value(share[band], 'ratio', decimals=decimals)} {words}" for band, decimals, words in
            (("content", 0, f"content (index {limits.content:g} or more)"), ("unhappy", 1, f"unhappy (below {limits.unhappy:g})")) if not math.isnan(share[band])]
    # a share that is hidden is not named; that it is hidden is said where it would stand
    lead = f"**{told[0].replace(' content', f' of {n} are content', 1).replace(' unhappy', f' of {n} are unhappy', 1)}{f' and {told[1]}' if len(told) > 1 else ''}**; the" if told else f"{n} have a score; the"
    first = f"{lead} mean is {score_text(mean['value'])} of 100 (95 % {score_text(mean['low'])} – {score_text(mean['high'])})"
    few = counts["too_few"] + counts["missing_service"] + counts["no_data"]
    first += f". {few:,} have too few records for a score." if few else "."
    return [first, *_cost_sentence(drivers), *honest]


def headline_check(checks: pd.DataFrame) -> pd.Series | None:
    """The check over all customers that is told first: the one with most unhappy customers; None where none can be judged."""
    judged = checks[(checks["segment"] == "") & (checks["state"] == "ok")]
    return None if judged.empty else judged.loc[judged["unhappy"].astype(float).idxmax()]


def honest_sentences(checks: pd.DataFrame) -> list[str]:
    """Whether the index is any good, in one sentence."""
    one = headline_check(checks)
    return [] if one is None else [f"Afterwards, {one['sentence']}"]


def _cost_sentence(drivers: pd.DataFrame) -> list[str]:
    costly = drivers[drivers["low"] > 0].head(3)
    if costly.empty:
        return ["Nothing costs points for certain against what is usual."]
    parts = [f"{_lower(term_label(one.term))} ({one.lost:.1f} points{' on average' if place == 0 else ''})" for place, one in enumerate(costly.itertuples())]
    return [f"Against what is usual, most is lost by {parts[0] if len(parts) == 1 else ', '.join(parts[:-1]) + ' and ' + parts[-1]}."]


def _lower(text: str) -> str:
    """A label within a sentence; abbreviations stay as they are."""
    return text if text[:2].isupper() else text[0].lower() + text[1:]
