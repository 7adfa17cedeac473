"""The words of the view: rules in measured units, and the sentences that answer the question, computed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.usecases.segments.features import FEATURES, Feature, as_measured
from cemlib.usecases.segments.outcomes import Outcome

__all__ = ["answer_sentences", "measured_rule", "measured_text", "named_sentences", "plain_rule"]

_CLAUSE = re.compile(r"(\w+) (at most|above) (-?[\d.]+(?:e[+-]?\d+)?)(?: and at most (-?[\d.]+(?:e[+-]?\d+)?))?")


def measured_text(value: float) -> str:
    """A number with as many places as tell something.

    Examples
    --------
    >>> measured_text(0.1234), measured_text(12.345), measured_text(1234.5), measured_text(-0.0001)
    ('0.12', '12.3', '1,234', '0.00')
    """
    size = abs(value)
    text = f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
    return text.lstrip("-") if not text.strip("-0.") else text


def measured_rule(rule: str, catalogue: Sequence[Feature] = FEATURES) -> str:
    """A rule with limits as they are measured, in place of logarithms.

    Examples
    --------
    >>> measured_rule("data above 2.398, abroad at most 1.792")
    'data above 10.0 MB a day, abroad at most 5.00 % of sessions'
    """
    by_name = {one.name: one for one in catalogue}

    def translated(found: re.Match) -> str:
        one = by_name.get(found[1])
        if one is None:
            return found[0]
        low, high = measured_text(as_measured(one, float(found[3]))), found[4]
        upper = f" and at most {measured_text(as_measured(one, float(high)))}" if high else ""
        return f"{one.name} {found[2]} {low}{upper} {one.unit}".rstrip()

    return _CLAUSE.sub(translated, rule)


def plain_rule(rule: str, words: Mapping[str, tuple[str, str]]) -> str:
    """The rule of a named set in plain words.

    Parameters
    ----------
    rule : str
        As :class:`cemlib.analysis.NamedSegments` tells it, with the limits that were learnt.
    words : mapping of str to (title, unit)

    Examples
    --------
    >>> words = {"data": ("data volume", "MB a day"), "calls": ("calls", "a day"), "tier": ("VIP tier", "")}
    >>> plain_rule("data in the top 5 % (data > 34.52)", words)
    'data volume in the top 5 % (above 34.5 MB a day)'
    >>> plain_rule("data <= 0 and calls >= 2", words), plain_rule("tier is given", words)
    ('data volume at most 0 MB a day and calls at least 2 a day', 'VIP tier is given')
    """
    return " and ".join(_plain_condition(one, words) for one in rule.split(" and "))


_SIGNS = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}
_LIMIT = re.compile(r"(?:\w+ )?(>=|<=|>|<) *(-?[\d.]+(?:e[+-]?\d+)?)")


def _plain_condition(condition: str, words: Mapping[str, tuple[str, str]]) -> str:
    name, _, rest = condition.strip().partition(" ")
    title, unit = words.get(name, (name, ""))

    def limit(found: re.Match) -> str:
        value = float(found[2])
        return f"{_SIGNS[found[1]]} {value:g} {unit}".rstrip() if value == round(value) else f"{_SIGNS[found[1]]} {measured_text(value)} {unit}".rstrip()

    return f"{title} {_LIMIT.sub(limit, rest)}"


def answer_sentences(segments: pd.DataFrame, noun: str, is_stable: bool, stability: float | None, kept: Mapping[str, float], counts: Mapping[str, int],
                     outcomes: Sequence[Outcome]) -> list[str]:
    """The question's answer: how many segments, which is worst off, and who moves."""
    if counts["groups"] == 1:
        first = f"**No stable segments**: in behaviour and expectation the {noun} are one group."
    elif segments.empty:
        first = f"**{counts['groups']} segments** of {counts['in_segments']:,} {noun}; each is too small to be shown."
    else:
        largest = segments.iloc[0]
        how = f"found again in each half of the customers (adjusted Rand index {stability:.2f}, the median of three divisions)" if is_stable and stability is not None else "which are not found again in each half of the customers"
        first = f"**{counts['groups']} segments** of {counts['in_segments']:,} {noun}, {how}; the largest is “{largest['segment']}” with {100 * largest['share_ratio']:.0f} %."
    return [first, *_worst(segments, outcomes), *_stayed(kept)]


def named_sentences(segments: pd.DataFrame, noun: str, others: str, counts: Mapping[str, int], untold: Sequence[str], kept: Mapping[str, float], outcomes: Sequence[Outcome]) -> list[str]:
    """The answer of named sets: how many are in one, which is worst off, and what cannot be told."""
    shown = segments[(segments["segment"] != others) & (segments["subscribers"] > 0)]
    first = f"**{counts['groups']} named sets** hold {counts['in_sets']:,} of {counts['customers']:,} {noun}" if counts["in_sets"] is not None else f"**{counts['groups']} named sets**"
    first += f"; the largest shown is “{shown.iloc[0]['segment']}” with {int(shown.iloc[0]['subscribers']):,}." if len(shown) else "."
    left_out = [f"{len(untold)} more cannot be told from this data."] if untold else []
    return [first, *_worst(segments, outcomes), *_stayed(kept, "set"), *left_out]


def _stayed(kept: Mapping[str, float], what: str = "segment") -> list[str]:
    if not kept.get("n"):
        return []
    return [f"{100 * kept['value']:.0f} % (95 % {100 * kept['low']:.0f} – {100 * kept['high']:.0f}) of {int(kept['n']):,} customers were in the same {what} in the days before."]


def _worst(segments: pd.DataFrame, outcomes: Sequence[Outcome]) -> list[str]:
    """Which segment fares worst by the first outcome that has a good direction, where its interval does not overlap that of the best."""
    judged = next((one for one in outcomes if one.better), None)
    if judged is None:
        return []
    name, unit = judged.name, f" {judged.unit}".replace(" %", "\u2009%") if judged.unit else ""
    shown = segments[(segments[f"{name}_state"] == "ok") & segments[name].notna()]
    if len(shown) < 2:
        return []
    order = shown.sort_values(name, ascending=judged.better > 0)
    worst, best = order.iloc[0], order.iloc[-1]
    if worst[f"{name}_low"] <= best[f"{name}_high"] and best[f"{name}_low"] <= worst[f"{name}_high"]:
        return [f"{judged.title} does not differ by more than chance: the 95 % intervals of the worst and the best overlap."]
    low, high = (f"{worst[f'{name}{end}']:.{judged.digits}f}" for end in ("_low", "_high"))
    return [f"{judged.title} is worst in “{worst['segment']}” with {worst[name]:.{judged.digits}f}{unit} (95 % {low} – {high}), best in “{best['segment']}” with {best[name]:.{judged.digits}f}."]
