"""The words of the view: rules in measured units, and the sentences that answer the question, computed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from cemlib.usecases.segments.features import FEATURES, as_measured

__all__ = ["answer_sentences", "measured_rule", "measured_text"]

_BY_NAME = {one.name: one for one in FEATURES}
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


def measured_rule(rule: str) -> str:
    """A rule with limits as they are measured, in place of logarithms.

    Examples
    --------
    >>> measured_rule("data above 2.398, abroad at most 1.792")
    'data above 10.0 MB a day, abroad at most 5.00 % of sessions'
    """
    def translated(found: re.Match) -> str:
        one = _BY_NAME.get(found[1])
        if one is None:
            return found[0]
        low, high = measured_text(as_measured(one, float(found[3]))), found[4]
        upper = f" and at most {measured_text(as_measured(one, float(high)))}" if high else ""
        return f"{one.name} {found[2]} {low}{upper} {one.unit}"

    return _CLAUSE.sub(translated, rule)


def answer_sentences(segments: pd.DataFrame, is_stable: bool, stability: float | None, kept: Mapping[str, float], counts: Mapping[str, int]) -> list[str]:
    """The question's answer: how many segments, which is worst off, and who moves."""
    if segments.empty:
        return ["There are too few customers to look for segments."]
    if len(segments) == 1:
        first = "**No stable segments**: in behaviour and expectation the customers are one group."
    else:
        largest = segments.iloc[0]
        how = f"found again in each half of the customers (agreement {stability:.2f})" if is_stable and stability is not None else "which are not found again in each half of the customers"
        first = f"**{len(segments)} segments** of {counts['in_segments']:,} mobile customers, {how}; the largest is “{largest['segment']}” with {100 * largest['share_ratio']:.0f} %."
    sentences = [first, *_worst(segments)]
    if kept.get("n"):
        sentences.append(f"{100 * kept['value']:.0f} % (95 % {100 * kept['low']:.0f} – {100 * kept['high']:.0f}) of {int(kept['n']):,} customers were in the same segment in the days before.")
    return sentences


def _worst(segments: pd.DataFrame) -> Sequence[str]:
    """Which segment has the lowest index, where its interval lies below that of another."""
    shown = segments[(segments["index_state"] == "ok") & segments["index"].notna()]
    if len(shown) < 2:
        return []
    low = shown.sort_values("index").iloc[0]
    others = shown[shown["segment"] != low["segment"]]
    best = others.sort_values("index").iloc[-1]
    if low["index_high"] >= best["index_low"]:
        return ["Their satisfaction does not differ by more than chance: the intervals of the index overlap."]
    return [f"Least satisfied is “{low['segment']}” with an index of {low['index']:.1f} (95 % {low['index_low']:.1f} – {low['index_high']:.1f}), "
            f"most “{best['segment']}” with {best['index']:.1f}."]
